"""init and its servers: start lists good and bad, servers that die."""
import os
import shutil
import subprocess

import conftest
import pytest
import qemu

PLAIN_ROOT = os.path.join(conftest.ROOT, "build/user/root")
SHELL_ROOT = os.path.join(conftest.ROOT, "build/user/shell")
SHELL = os.path.join(conftest.ROOT, "build/shell.cpio")

ROOTFS = "server rootfs /sbin/rootfs\n root\n essential\n boot\n"


@pytest.fixture
def archive(tmp_path):
    """archive(files, root): a boot archive like that of `root`, with these files too ({path: text}); returns its path."""
    def make(files, root=PLAIN_ROOT):
        tree = tmp_path / "root"
        shutil.copytree(root, tree, symlinks=True)
        for path, text in files.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text)
        names = subprocess.run(["find", ".", "-mindepth", "1"], cwd=tree, capture_output=True, check=True).stdout
        image = tmp_path / "boot.cpio"
        with open(image, "wb") as f:
            subprocess.run(["cpio", "-o", "-H", "newc", "-R", "0:0", "--quiet"], cwd=tree, input=names, stdout=f, check=True)
        return str(image)
    return make


@pytest.mark.parametrize("text,complaint", [
    ("server a\n", r"init: /etc/init/bad: line 1: server wants a name and a program"),
    (ROOTFS + " mount tmp\n", r"init: /etc/init/bad: line 5: no absolute path: tmp"),
    ("# nothing\n\n\x00server", r"init: /bin/tiny exited with 0"),
    (ROOTFS + "server a /bin/tiny\n mount /nowhere/at/all\n", r"init: a: /nowhere/at/all: No such file or directory"),
    ("server a /bin/tiny\n ioports 0xffff 5\n", r"init: a: ioports: Invalid argument"),
], ids=["name", "path", "nul", "mount", "ports"])
def test_a_bad_list_is_named(boot, archive, text, complaint):
    result = boot("-- @bad /bin/tiny", initrd=archive({"etc/init/bad": text}))
    assert result.find(complaint)
    assert result.verdict == ("pass" if "tiny" in complaint else "fail")


def test_no_list(boot):
    result = boot("-- @nothing /bin/tiny")
    assert result.verdict == "fail" and result.find("init: there is no /etc/init/nothing")


def test_a_server_that_dies_again_and_again_is_given_up(boot_ok, archive):
    """The others go on: the program runs, and what it asks the dead one for is an error."""
    text = ROOTFS + "server bad /bin/tiny\n mount /dev/pipe\n"
    result = boot_ok("-- @list /bin/busybox sleep 2", smp=2, initrd=archive({"etc/init/list": text}, SHELL_ROOT))
    assert sum("init: bad exited with 0" in line for line in result.lines) == 6
    assert result.find("init: bad died 6 times within 10 s: given up")


def test_nothing_works_without_an_essential_one(boot, archive):
    result = boot("-- @list /bin/pgstress duration=100", smp=2,
                  initrd=archive({"etc/init/list": "server a /bin/tiny\n essential\n"}))
    assert result.verdict == "fail"
    assert result.find("init: nothing works without a")


def test_a_server_that_cannot_be_executed(boot_ok, archive):
    text = ROOTFS + "server bad /bin/nothing\n"
    result = boot_ok("-- @list /bin/busybox sleep 2", smp=2, initrd=archive({"etc/init/list": text}, SHELL_ROOT))
    assert result.find("init: cannot execute /bin/nothing: No such file or directory")
    assert result.find("init: bad died 6 times within 10 s: given up")


def test_files_are_asked_for_by_many_and_in_no_sense(boot_ok):
    result = boot_ok("pgctl=1 -- @servers /bin/abitest only=tree", smp=4, expect="^ABITEST: PASS")
    assert result.find(r"^# abitest: pass:4 fail:0 skip:0")


def test_killed_under_load_they_lose_nothing(boot_ok):
    result = boot_ok("-- @servers /bin/sh /test/killer.sh 5", smp=4, initrd=SHELL)
    for server in "pipe", "console":
        assert sum(f"init: {server} was killed by signal 9" in line for line in result.lines) == 5
    assert not result.find("worker .: ")
    assert result.find("killer: 6 of 6 are done after 5 rounds")
