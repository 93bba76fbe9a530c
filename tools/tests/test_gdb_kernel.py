"""The families of fw that look at tasks, memory, locks, RCU, messages, traces: one debug machine with its servers, at
kmain and in the middle of a growth, each answer against the kernel's own counters; and one release machine."""
import re

import pytest
import qemu
from gdb_session import columns, session

SERVERS = {"rootfs", "pipe", "console", "proc"}
EARLY = ("fw tasks", "fw locks", "fw rcu", "fw ports", "fw vmalloc", "fw trace", "fw task 1", "fw vmas 1")


@pytest.fixture(scope="module")
def debug():
    return session([
        *EARLY, "fw stop-at", "fw stop-at nosuch", "fw stop-at walk_found 7", "complete fw stop-at walk_f",
        "fw stop-at walk_found", "continue", "delete", "bt 3", "print $_thread",
        "fw tasks", "fw locks", "fw rcu", "fw ports", "fw ports 1", "fw vmas 1", "fw vmalloc", "fw trace 200",
        "print $fw_task(1)->mm->nr_vmas", "print 'mm/vmalloc.c'::live_pages", "print *(unsigned *)arg",
        "print pgd_lock", "print swapper_pg_dir[273]", "print swapper_root", "print $fw_task(1)->mm->vmas",
        "print *$fw_task(1)", "print *$fw_task(1)->mm",
        "print $fw_cpus(cpu_online_mask)", "print $fw_per_cpu(\"cpu_rq\", 1).cpu", "complete fw vmas 1",
        "fw task 5", "bt", "fw task -", "frame", "fw task 2", "bt", "stepi", "bt 1",
        "fw task 99999", "fw vmas 2", "fw vmas x", "fw ports x",
    ], kernel=qemu.DEBUG_KERNEL, append="trace=1 pgctl=1 -- @servers /bin/pgstress ops=10")


def test_at_kmain_each_says_what_there_is_or_not_yet(debug):
    not_yet = {command: debug.all(command)[0] for command in EARLY}
    for command in ("fw tasks", "fw ports", "fw task 1", "fw vmas 1"):
        assert not_yet[command] == ["not yet: there is no task table (task_init())"]
    assert not_yet["fw locks"][-1].startswith("0 spin locks and 0 mutexes")
    assert not_yet["fw vmalloc"] == ["0 ranges, 0 pages in use"]
    assert not_yet["fw rcu"][0] == "gp.seq 0: no grace period; new readers take pair 0"
    assert not_yet["fw trace"][0].startswith("nothing is traced: start with `make gdb APPEND=trace=1`")


def test_race_points_are_listed_completed_and_stopped_at(debug):
    listed = {row["point"]: row["at"] for row in columns(debug["fw stop-at"])}
    assert re.match(r"mm/pgsync/walk\.c:\d+$", listed["walk_found"])
    assert {"copy_loaded", "grow_stored", "fork_published"} <= set(listed)
    assert debug["fw stop-at nosuch"] == ["there is no race point nosuch (fw stop-at lists them)"]
    assert debug["fw stop-at walk_found 7"] == ["there is no CPU 7"]
    assert debug["complete fw stop-at walk_f"] == ["fw stop-at walk_found"]
    assert re.match(rf"#0 .*fill_slot .* at {listed['walk_found']}$", debug["bt 3"][0])


def tasks(lines):
    return {row["name"]: row for row in columns(lines[:-1])}


def cpu(debug):
    return int(debug["print $_thread"][0].split("= ")[1]) - 1


def test_tasks(debug):
    found = tasks(debug.all("fw tasks")[1])
    assert SERVERS | {"init", "worker/0", "worker/1"} <= set(found)
    assert found["init"]["pid"] == "1" and found["worker/0"]["mm"] == "-"
    waiting = {found[name]["waits in"] for name in SERVERS}
    assert any(re.match(r"ipc_\w+: \w+, a message on port 0x[0-9a-f]+$", what) for what in waiting)
    assert "worker" in {found["worker/0"]["waits in"], found["worker/1"]["waits in"]}
    states = [row["state"] for row in columns(debug.all("fw tasks")[1][:-1])]
    assert states.count(f"on CPU {cpu(debug)}") == 1


def test_the_grower_holds_its_lock_and_reads(debug):
    lock = next(line for line in debug.all("fw locks")[1] if line.startswith("pgd_lock (mm/pgsync/pgsync.c)"))
    assert re.search(rf" pgd_lock +CPU {cpu(debug)}, .* kroot_install \(mm/pgsync/pgsync\.c\)", lock)
    assert debug["print pgd_lock"][0].endswith(f"= held by CPU {cpu(debug)}")
    assert any("is in a read section, depth 1, pair" in line for line in debug.all("fw rcu")[1])
    sections = re.match(r"open read sections: (\d+) in pair 0, (\d+) in pair 1",
                        next(line for line in debug.all("fw rcu")[1] if line.startswith("open")))
    assert int(sections[1]) + int(sections[2]) >= 1


def number(lines):
    return int(re.search(r"= (\d+)$", lines[0])[1])


def test_memory_adds_up_to_the_kernels_counters(debug):
    mappings = debug.all("fw vmas 1")[1]
    assert re.match(rf"init \(1\): {number(debug['print $fw_task(1)->mm->nr_vmas'])} mappings, ", mappings[-1])
    assert any(re.match(r"0x401000-0x[0-9a-f]+ +\d+ +r-xp +object 0x", line) for line in mappings)
    pages = number(debug["print 'mm/vmalloc.c'::live_pages"])
    assert debug.all("fw vmalloc")[1][-1].endswith(f" {pages} pages in use")
    assert debug["fw vmas 2"] == ["task 2 (worker/0) has no address space: a kernel thread, or exited"]
    assert debug["fw vmas x"] == ["Usage: fw vmas PID"]


def test_ports_and_handles(debug):
    rows = columns(debug.all("fw ports")[1][:-1])
    owners = " ".join(row["owner"] for row in rows)
    assert all(f"{name} (" in owners for name in SERVERS)
    assert any(row["receiving"] != "-" for row in rows)
    kinds = [line.split()[1] for line in debug["fw ports 1"][1:-1]]
    assert kinds.count("port") == len(rows), "init keeps every server's port"


def test_the_trace_ends_with_what_the_grower_did(debug):
    """Other CPUs go on for a moment when one has stopped."""
    events = debug["fw trace 200"]
    last = [line for line in events[1:-1] if line.split()[1] == str(cpu(debug))][-1]
    assert re.search(rf"walk_found +root=0x[0-9a-f]+ .*, slot={number(debug['print *(unsigned *)arg'])}$", last)
    assert events[-1] == f"{len(events) - 2} events" and len(events) - 2 <= 200
    ticks = [int(line.split()[0]) for line in events[1:-1]]
    assert ticks == sorted(ticks) and ticks[0] == 0


def test_printers(debug):
    assert re.search(r"= frame 0x[0-9a-f]+000  P W A", debug["print swapper_pg_dir[273]"][0])
    assert "REFERENCE root, READY, generation 0, table 0x" in debug["print swapper_root"][0]
    count = number(debug["print $fw_task(1)->mm->nr_vmas"])
    assert debug["print $fw_task(1)->mm->vmas"][0].endswith(f"= {count} other nodes")
    assert re.search(r"= init \(1\), [A-Z]+, CPU \d+ = \{work = ", debug["print *$fw_task(1)"][0])
    assert f"= address space, {count} mappings, " in debug["print *$fw_task(1)->mm"][0]


def test_functions_in_expressions_and_completion_of_pids(debug):
    assert debug["print $fw_cpus(cpu_online_mask)"][0].endswith('= "0-1"')
    assert debug["print $fw_per_cpu(\"cpu_rq\", 1).cpu"][0].endswith("= 1")
    assert "fw vmas 1" in debug["complete fw vmas 1"]


def test_a_sleeping_task_is_shown_and_nothing_changes(debug):
    """
    A server that nobody asks for anything; init may just be falling asleep. It is shown on the CPU that has its memory, and
    that one may stand anywhere, in what is inline in a function too.
    """
    assert debug["fw task 5"][0].startswith("pipe (5), ")
    first = int(re.match(r"its stack is shown from frame (\d+) on", debug["fw task 5"][1])[1])
    shown, kthread = debug.all("bt")
    functions = [m[1] for m in (re.match(r"#\d+ +(?:0x[0-9a-f]+ in )?(<[^>]*>|\w+)", line) for line in shown) if m]
    assert functions[first] == "switch_stacks" and "schedule" in functions
    call = next(i for i, function in enumerate(functions) if function.startswith("<system call "))
    assert re.match(r"<system call \d+ \(\w+\)>$", functions[call])
    # Behind that the program's own functions, if a CPU has its memory.
    assert functions[call + 1] == "<user mode of pipe (5)>" or functions[-1] == "main"
    assert debug["frame"][0].split(" (")[0] == shown[0].split(" (")[0], "the CPU's own frame again"
    assert "kthread_start" in kthread[-1]
    assert "kthread_start" not in debug["bt 1"][0] and "switch_stacks" not in debug["bt 1"][0], "a step moves the CPU, not the task that was shown"
    assert debug["fw task 99999"] == ["there is no task 99999 (fw tasks lists them)"]


def test_who_spins_for_a_lock_is_seen():
    """
    Two growers of one slot: the in-kernel test holds the first one inside of the lock. CPU 0, which would let it go on
    when it has seen the second one arrive, and CPU 2, which holds the lock, stand while CPU 1 goes from there to the lock.
    """
    said = session(["fw stop-at grow_waits 1", "continue", "delete", "set scheduler-locking on",
                    "thbreak *spin_lock_slow if $rdi == (long)&pgd_lock", "continue", "fw locks"], smp=3,
                   kernel=qemu.DEBUG_KERNEL, append="ktest=1 filter=guard.i23_of_two_growers")
    lock = next(line for line in said["fw locks"] if line.startswith("pgd_lock "))
    assert re.search(r" CPU 2, actor \(\d+\) +kroot_install \(mm/pgsync/pgsync\.c\) +CPU 1$", lock)


def test_a_cpu_in_assembly_can_be_chosen():
    """Where gdb speaks of types in another way: every command says what it says where the CPU is in C."""
    commands = [*EARLY, "fw cpus", "fw roots", "fw slots", "fw walk kmain", "fw rootdiff 0 1", "fw stop-at", "printf \"%d\\n\", $fw_task(1)->pid"]
    said = session(["fw stop-at walk_found", "continue", "set language asm", *commands, "set language c", *commands],
                   kernel=qemu.DEBUG_KERNEL, append="trace=1 pgctl=1 -- @servers /bin/pgstress ops=10")
    for command in commands:
        in_asm, in_c = said.all(command)
        assert in_asm == in_c and len(in_c) > 0, command


@pytest.fixture(scope="module")
def release():
    return session(["thread 2", "fw walk kmain", "fw slots", "fw roots", "fw cpus", "thread 1",
                    "thbreak fill_slot", "continue", "fw locks", "fw stop-at", "fw trace", "fw tasks", "fw rcu",
                    "fw vmas 1", "fw vmalloc"], smp=2)


def test_a_cpu_that_was_not_started_has_no_page_tables_and_the_boot_cpu_is_asked(release):
    assert "that CPU 0 has loaded, 4 levels" in release["fw walk kmain"][0]
    assert release["fw slots"][-1] == "0 present, 0 ready, 0 from birth"
    assert release["fw roots"][0].startswith("not yet: ")
    assert re.match(r"\* CPU +1 +- +0x", release["fw cpus"][1]), "the choice is as before"


def test_the_release_build_says_what_it_cannot_know(release):
    assert release["fw stop-at"] == ["the release build has no race points: `make gdb DEBUG=1`"]
    assert release["fw locks"][-1].endswith("; the debug build knows locks inside of objects too, and where they were taken")
    assert any(line.startswith("pgd_lock (mm/pgsync/pgsync.c)  -      CPU ") for line in release["fw locks"])
    assert release["fw trace"][0].startswith("nothing is traced")
    assert "init" in tasks(release["fw tasks"])
