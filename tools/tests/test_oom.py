"""More memory asked for than there is: one process is killed, by name, and the machine is as it was before."""
import os
import re
import shutil
import subprocess

import conftest
import pytest

KILLED = r"^out of memory: killed (\d+) \((\S+)\), (\d+) pages$"


def overcommit(boot_ok, way, cpus, mem):
    """Boots user/oom, which says what it requires; returns who was killed: the pages that each had."""
    result = boot_ok(f"pgctl=1 idle=poll userfaults=1 -- /bin/oom {way}", smp=cpus, mem=mem, icount=4, expect="^OOM: PASS")
    killed = [re.match(KILLED, line) for line in result.lines]
    assert all(m[2] == "oom" for m in killed if m)
    return [int(m[3]) for m in killed if m]


@pytest.mark.parametrize("cpus, mem", [(1, 64), (4, 64), (64, 128)])
def test_the_hog_dies_and_no_bystander(boot_ok, cpus, mem):
    pages = overcommit(boot_ok, "hog", cpus, f"{mem}M")
    assert len(pages) == 1 and pages[0] > mem * 256 * 3 / 4


@pytest.mark.parametrize("way", ["shared", "tables", "threads"])
def test_the_hog_dies_whatever_it_takes(boot_ok, way):
    """Memory that is shared, page tables, many threads of one process."""
    assert len(overcommit(boot_ok, way, 4, "64M")) == 1


def test_the_server_of_files_is_spared(boot_ok):
    """It has half of the memory when a program asks for more than the other half, which is less."""
    result = boot_ok("pgctl=1 idle=poll -- @servers /bin/oom files", smp=2, mem="64M", icount=4, expect="^OOM: PASS")
    killed = [m for m in (re.match(KILLED, line) for line in result.lines) if m]
    assert len(killed) == 1 and killed[0][2] == "oom"


def test_the_victim_dies_in_its_sleep(boot_ok):
    """It sleeps for ever on half of the memory; who needed some of that gets it."""
    assert len(overcommit(boot_ok, "sleeper", 4, "64M")) == 1


def test_a_call_says_that_there_is_no_memory(boot_ok):
    """Threads are made until there is no memory for their kernel stacks: nobody is killed."""
    assert overcommit(boot_ok, "stacks", 4, "64M") == []


def test_what_is_cached_comes_back_first(boot_ok):
    """All memory has become kernel stacks, which are kept; a call and a page fault get it without a death."""
    assert overcommit(boot_ok, "cached", 4, "64M") == []


@pytest.mark.parametrize("cpus, mem", [(1, "64M"), (4, "64M"), pytest.param(64, "128M", marks=pytest.mark.more)])
def test_a_fork_bomb(boot_ok, cpus, mem):
    assert overcommit(boot_ok, "bomb", cpus, mem)


@pytest.mark.parametrize("cpus, mem", [(4, "64M"), pytest.param(64, "128M", marks=pytest.mark.more)])
def test_as_many_live_as_find_room(boot_ok, cpus, mem):
    """Two processes for each CPU want half as much again as there is: no more die than must."""
    processes = max(8, 2 * cpus)
    killed = overcommit(boot_ok, "many", cpus, mem)
    assert processes / 4 <= len(killed) <= processes / 2


def test_on_real_threads_of_the_host(boot_ok):
    """Without -icount: CPUs that really run side by side."""
    result = boot_ok("pgctl=1 userfaults=1 -- /bin/oom threads", smp=4, mem="64M", expect="^OOM: PASS")
    assert result.find(KILLED)


@pytest.fixture
def as_process_1(tmp_path):
    """A boot archive in which user/oom is init."""
    (tmp_path / "bin").mkdir()
    shutil.copy(os.path.join(conftest.ROOT, "build/user/bin/oom"), tmp_path / "bin/init")
    archive = tmp_path / "initramfs.cpio"
    with open(archive, "wb") as f:
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input=b"bin\nbin/init\n", stdout=f, cwd=tmp_path, check=True)
    return str(archive)


def test_process_1_is_spared_although_it_has_most(boot_ok, as_process_1):
    result = boot_ok("pgctl=1 idle=poll -- parent", mem="64M", icount=4, initrd=as_process_1, expect="^OOM: PASS")
    assert [m[2] for m in (re.match(KILLED, line) for line in result.lines) if m] == ["init"]


def test_process_1_alone_is_too_big(boot, as_process_1):
    """Nobody is there who could be killed: a panic that says so, and who has the memory."""
    result = boot("pgctl=1 idle=poll -- alone", mem="64M", icount=4, initrd=as_process_1)
    assert result.verdict == "panic"
    found = result.find(r"out of memory, and no process is left to be killed: (\d+) of (\d+) pages are free, process 1 has (\d+)")
    assert found and int(found[1]) < 128 and int(found[3]) > int(found[2]) / 2
    assert result.find(r"^slab task_struct +\d+ objects")
