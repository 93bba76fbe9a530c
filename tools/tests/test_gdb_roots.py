"""fw roots, fw rootdiff, fw slots, fw walk: what they say of a live machine, against what the kernel itself says.

One machine has four levels, the release build and the strategy `none`, so that slots are missing; the other one five
levels, the debug build and `walk`, and is stopped in the middle of a growth.
"""
import re

import pytest
import qemu
from gdb_session import columns, session

def numbers(text):
    """The slots of "402,404-405 (vmalloc), 468 (page array)"."""
    found = []
    for part in re.findall(r"(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*) \(", text):
        for run in part.split(","):
            first, _, last = run.partition("-")
            found += range(int(first), int(last or first) + 1)
    return found


def roots(lines):
    """The rows of fw roots' table."""
    start = next(i for i, line in enumerate(lines) if line.startswith("root "))
    return columns(lines[start:-1])


def value(lines):
    return int(re.search(r"= (-?\d+)", lines[0])[1])


@pytest.fixture(scope="module")
def early_and_missing():
    """`none`: at kmain, then at the end of the audit that follows a growth."""
    return session([
        "fw roots", "fw slots", "fw walk kmain", "fw rootdiff ref cpu0", "fw rootdiff ref 1", "fw rootdiff ref 0x1234",
        "fw walk 0x1000000000000000", "fw walk nosuch", "fw walk kmain cpu7",
        "thbreak kroot_install", "continue", "set $slot = slot", "print $slot", "finish",
        # The audit is done, its lock is still held, so that nothing changes.
        "thbreak for_each_registered_root", "continue", "set $audit = (struct pgsync_audit *)arg", "bt 2",
        "thbreak rcu_read_unlock", "continue",
        "fw roots -a", "print $audit->roots", "print $audit->missing", "print $audit->lagging", "print $audit->stray",
        "fw slots", "fw rootdiff ref 1", "fw walk (($slot|~511ul)<<39) 1", "fw walk (($slot|~511ul)<<39) ref",
        "fw walk page_layout.page_offset+0x12345678",
    ], smp=1, append="pgsync=none pgctl=1 -- /bin/pgstress ops=10")


def test_at_kmain_there_is_a_layout_and_no_root_yet(early_and_missing):
    said = early_and_missing
    assert said["fw roots"] == ["not yet: the kernel has not chosen its strategy (pgsync_init()); fw walk works"]
    early = said.all("fw slots")[0]
    assert early[0].startswith("not yet: the strategy is not chosen")
    assert early[-1] == "0 present, 0 ready, 0 from birth"
    assert said.all("fw rootdiff ref 1")[0] == ["not yet: there is no task table (task_init())"]
    boot = said["fw rootdiff ref cpu0"]
    assert boot[3].startswith("273   direct map    none  table 0x") and boot[-1] == "2 of 256 kernel slots differ"
    walked = said["fw walk kmain"]
    assert "4 levels" in walked[0]
    assert re.match(r"level 4  slot 511 \(kernel image\) +at 0x[0-9a-f]+  0x[0-9a-f]{16}  table 0x[0-9a-f]+  P W A", walked[1])


def test_wrong_addresses_and_roots_are_one_line(early_and_missing):
    said = early_and_missing
    assert said["fw rootdiff ref 0x1234"] == [
        "0x1234 is no root: neither a struct mm_root nor a root table (fw roots lists them)"]
    assert said["fw walk 0x1000000000000000"][1].startswith("not canonical: bits 63 to 47")
    assert said["fw walk nosuch"] == ["No symbol \"nosuch\" in current context."]
    assert said["fw walk kmain cpu7"] == ["there is no CPU 7"]


def test_roots_and_missing_slots_are_those_of_the_kernels_auditor(early_and_missing):
    said = early_and_missing
    assert "pgsync_audit" in said["bt 2"][1]
    slot = value(said["print $slot"])
    live = [row for row in roots(said["fw roots -a"]) if row["class"] == "TRACKED" and row["state"] == "READY"]
    assert len(live) == value(said["print $audit->roots"])
    missing = [numbers(row["missing slots"]) for row in live if row["missing slots"].startswith("MISSING")]
    assert sum(map(len, missing)) == value(said["print $audit->missing"]) > 0
    assert all(slot in found for found in missing)
    assert value(said["print $audit->lagging"]) == value(said["print $audit->stray"]) == 0
    running = [row for row in live if row["CPUs"] == "0"]
    assert len(running) == 1 and re.match(r"\w+ \(\d+\)$", running[0]["owner"])
    reference = roots(said["fw roots -a"])[0]
    assert (reference["class"], reference["owner"], reference["missing slots"]) == ("REFERENCE", "the reference", "-")


def test_the_difference_and_the_walk_name_the_missing_slot(early_and_missing):
    said = early_and_missing
    slot = value(said["print $slot"])
    differing = said.all("fw rootdiff ref 1")[1]
    assert re.match(rf"{slot} +vmalloc +table 0x[0-9a-f]+  P W A +none$", differing[3])
    assert differing[-1] == "1 of 256 kernel slots differs"
    walked = said["fw walk (($slot|~511ul)<<39) 1"]
    assert f"slot {slot} (vmalloc)" in walked[1] and walked[2] == "nothing is mapped: no entry at level 4"
    assert walked[3].startswith(f"a MISSING SLOT: the reference root has {slot}: table 0x")
    found = said["fw walk (($slot|~511ul)<<39) ref"]
    assert found[0].endswith("in the reference root, 4 levels")
    assert " table 0x" in found[1] and found[2].startswith("level 3  slot 0 ")
    line = next(line for line in said.all("fw slots")[1] if re.match(rf"{slot}\b", line))
    assert line.split()[2:] == ["vmalloc", "present", "ready", "-"]


def test_huge_pages_end_the_walk(early_and_missing):
    walked = early_and_missing["fw walk page_layout.page_offset+0x12345678"]
    assert re.match(r"level [23] .* P W A D PS G NX$", walked[-2])
    assert re.match(r"physical 0x12345678, in a page of (2 MiB|1 GiB); ", walked[-1])


def words(lines):
    return lines[0].split(":")[1].split()


def test_user_addresses(growing):
    walked = growing["fw walk main"]
    assert "slot 0 (user half)" in walked[1] and " U " in walked[-2]
    assert re.match(r"physical 0x[0-9a-f]+, in a page of 4 KiB; struct page 0x[0-9a-f]+: 1 references, ", walked[-1])
    assert words(growing["x/2gx main"]) == words(growing["x/2gx page_layout.page_offset + $physical"])


@pytest.fixture(scope="module")
def growing():
    """Five levels: in the middle of the first growth; when every root has the slot; and when it may be used."""
    return session([
        "fw walk kmain", "fw slots", "fw walk 0x00ffffffffffffff", "fw walk 0x0100000000000000",
        "thbreak sync_global_pgds", "continue", "set $slot = slot", "print $slot",
        "fw slots", "fw roots", "fw rootdiff ref 1", "finish", "fw roots", "fw slots",
        "frame function kroot_install", "finish", "fw slots",
        "fw first-user", "fw walk main", "x/2gx main", "x/2gx page_layout.page_offset + $physical",
    ], smp=2, kernel=qemu.DEBUG_KERNEL, levels=5)


def test_a_growth_seen_half_done(growing):
    said = growing
    slot = value(said["print $slot"])
    before, during, everywhere, after = said.all("fw slots")
    assert before[-1] == "0 present, 0 ready, 0 from birth"
    line = next(line for line in during if re.match(rf"{slot}\b", line))
    assert line.split()[2:] == ["vmalloc", "present", "-", "-"]
    assert during[-1].endswith(f"; being grown: {slot} (vmalloc)")
    assert everywhere[-1] == during[-1]
    assert any(re.match(rf"{slot}\b.* present  ready +-$", line) for line in after)
    half, done = said.all("fw roots")
    lacking = [row for row in roots(half) if slot in numbers(row["missing slots"])]
    assert lacking and all(row["class"] == "TRACKED" for row in lacking)
    assert re.match(rf"{slot} +vmalloc +table 0x[0-9a-f]+  P W A +none$", said["fw rootdiff ref 1"][3])
    assert not any(row["missing slots"].startswith("MISSING") for row in roots(done))


def test_five_levels(growing):
    said = growing
    assert "5 levels" in said["fw walk kmain"][0]
    assert re.match(r"level 5  slot 511 \(kernel stacks and image\)", said["fw walk kmain"][1])
    assert "not canonical" not in said["fw walk 0x00ffffffffffffff"][1]
    assert said["fw walk 0x0100000000000000"][1].startswith("not canonical: bits 63 to 56")
