"""/proc, as programs read it: those of user/tests, and busybox's ps, top and free."""
import os
import re

import pytest
import qemu

SHELL = os.path.join(qemu.ROOT, "build/shell.cpio")


@pytest.mark.parametrize("cpus", [1, 4])
def test_files(boot_ok, cpus):
    """init's own lines may get in between: success is abitest's exit code."""
    result = boot_ok("pgctl=1 userfaults=0 -- @servers /bin/abitest only=proc", smp=cpus)
    assert sum(line.startswith("ok ") for line in result.lines) >= 12


def run(boot_ok, command):
    return [line.rstrip() for line in boot_ok(f"-- @servers {command}", smp=4, initrd=SHELL).lines]


def test_ps(boot_ok):
    rows = [re.match(r" *(\d+) root +(\S.*)$", line) for line in run(boot_ok, "/bin/busybox ps")]
    commands = {int(row[1]): row[2] for row in rows if row}
    assert commands[1].startswith("/bin/init @servers")
    assert "/bin/busybox ps" in commands.values()
    assert any(command.startswith("/sbin/rootfs ") for command in commands.values())
    assert any(re.fullmatch(r"\[worker/\d+\]", command) for command in commands.values())


def test_top_and_free(boot_ok):
    lines = run(boot_ok, "/bin/busybox top -bn1")
    assert any(re.match(r"Mem: \d+K used, \d+K free", line) for line in lines)
    assert any(re.match(r" *1 +0 root +S ", line) for line in lines)
    memory = [re.match(r"Mem: +(\d+) +(\d+) +(\d+) ", line) for line in run(boot_ok, "/bin/busybox free")]
    total, used, free = map(int, next(m for m in memory if m).groups())
    assert total > free > 0 and used < total


def test_maps_of_init(boot_ok):
    maps = [re.match(r"[0-9a-f]+-[0-9a-f]+ [r-][w-][x-][ps] [0-9a-f]+ 00:00 \d+ *(.*)$", line)
            for line in run(boot_ok, "/bin/busybox cat /proc/1/maps")]
    names = {m[1] for m in maps if m}
    assert {"/bin/init", "[stack]"} <= names


def test_page_tables(boot_ok):
    """A line for each root, with as many marks as the reference has slots."""
    lines = run(boot_ok, "/bin/busybox cat /proc/pgsync")
    strips = [re.match(r" *(\d+|-) (.{15}) (init|live|borrowed|dead|unowned) +0x\w+ .* ([#o.!]+)$", line) for line in lines]
    strips = [s for s in strips if s]
    assert {"init", "live"} <= {s[3] for s in strips}
    assert {"(reference)", "init", "proc", "busybox"} <= {s[2].strip() for s in strips}
    assert len({len(s[4]) for s in strips}) == 1
    assert all(set(s[4]) == {"#"} for s in strips if s[3] in ("init", "live"))
