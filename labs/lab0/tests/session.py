#!/usr/bin/python3
"""The grader of lab 0: what is right is asked of the kernel that was built, in gdb, on a live machine. Nothing is recorded here.

    labs/lab0/tests/session.py CHECK        one of those below, from the root of the tree
    exit 0: it holds; 1: it does not, and the last line says why

Answers are compared with what gdb and the kernel's own symbols say. The script is loaded into a session and asked about addresses
that follow from its text, so that a table of results would have to be a right one; beside each answer stands that of
`fw walk`, or of an expression that the script has no part in.
"""
import hashlib
import os
import random
import re
import sys
import tomllib

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tools/tests")]

import gdb_session  # noqa: E402 (its path is set above)

ANSWERS, SCRIPT = "labs/lab0/answers.toml", "labs/lab0/slot.gdb"
# What handouts, answers.toml and this file agree on.
ADDRESS, ENTRY = 0xffffc98765432abc, 0x80000000064001e3
KERNEL_TEXT = 0xffffffff80000000  # linker.ld
NONE = "pgsync=none pgctl=1 -- /bin/pgstress ops=10"
TO_EXECVE = ["thbreak kernel_execve", "continue"]
# No shell, no Python, no files: all that reading a table takes.
COMMANDS = {"define", "end", "set", "print", "p", "printf", "output", "echo", "x", "if", "else", "while"}


class Wrong(Exception):
    """What the last line says."""


def require(condition, complaint):
    if not condition:
        raise Wrong(complaint)


# --- what a machine says ---

def ask(commands, smp=1):
    """{command: its lines}, of one session."""
    said = gdb_session.session(commands, smp=smp, append=NONE)
    return {name: lines for name, lines in said.pairs}


def number(said, expression):
    """Of the answer to `print/x EXPRESSION`."""
    lines = said[f"print/x {expression}"]
    found = re.match(r"\$\d+ = (0x[0-9a-f]+)", lines[0] if lines else "")
    require(found, f"gdb cannot say {expression}: {' '.join(lines)[:100]}")
    return int(found[1], 16)


def values(*expressions):
    return [f"print/x {e}" for e in expressions]


def slot(address):
    return address >> 39 & 511


# --- answers ---

def answers(table):
    with open(ANSWERS, "rb") as f:
        try:
            found = tomllib.load(f)
        except ValueError as error:
            raise Wrong(f"{ANSWERS}: {error}") from None
    require(isinstance(found.get(table), dict), f"{ANSWERS}: there is no table [{table}]")
    return found[table]


def compare(table, right):
    """Every answer of the table; the complaint names the first that is wrong, and not the right one."""
    given = answers(table)
    for name, value in right.items():
        require(name in given, f"{ANSWERS}: [{table}] {name} is missing")
        require(type(given[name]) is type(value) and given[name] == value, f"{ANSWERS}: [{table}] {name} is not {given[name]}")


def slots():
    places = {"kernel_text": "(unsigned long)&kmain", "direct_map": "page_layout.page_offset", "vmalloc": "page_layout.vmalloc_start",
              "page_array": "page_layout.vmemmap_start", "kernel_stacks": "$rsp"}
    said = ask(TO_EXECVE + values(*places.values()))
    compare("slots", {name: slot(number(said, place)) for name, place in places.items()})


def address():
    right = {f"level{level}": ADDRESS >> 12 + 9 * (level - 1) & 511 for level in (4, 3, 2, 1)}
    compare("address", right | {"offset_4k": ADDRESS % (4 << 10), "offset_2m": ADDRESS % (2 << 20)})


def entry():
    # SDM vol. 3A, table 4-18: an entry of level 2 that maps a page.
    compare("entry", {"physical": ENTRY & 0xfffffffe00000, "bytes": 2 << 20, "writable": bool(ENTRY & 2), "user": bool(ENTRY & 4),
                      "executable": not ENTRY >> 63, "global": bool(ENTRY & 1 << 8)})


def machine():
    online = [f"cpu_online_mask[{word}]" for word in range(4)]
    reference = [f"swapper_pg_dir[{s}]" for s in range(256, 512)]
    each_pc = "thread apply all -q print/x $pc"
    said = ask([each_pc] + TO_EXECVE + values(*online, *reference), smp=64)
    at_kmain = [int(pc, 16) for pc in re.findall(r"= (0x[0-9a-f]+)", " ".join(said[each_pc]))]
    require(len(at_kmain) == 64, f"{len(at_kmain)} of 64 CPUs answer")
    present = [s for s in range(256, 512) if number(said, f"swapper_pg_dir[{s}]") & 1]
    # One CPU: the task that grows stays where it is until it has grown.
    after = ask(["thbreak kroot_install", "continue", "set $grown = slot", "finish"] + values("$grown") + ["fw rootdiff ref 1"])
    differ = re.match(r"(\d+) of 256 kernel slots differ", after["fw rootdiff ref 1"][-1])
    require(differ, "fw rootdiff does not say how many slots differ")
    compare("machine", {"kernel_cpus_at_kmain": sum(pc >= KERNEL_TEXT for pc in at_kmain),
                        "online_at_execve": sum(number(said, word).bit_count() for word in online), "present": present,
                        "grown": number(after, "$grown"), "missing": int(differ[1])})


# --- the script ---

def script():
    """Its text. Refuses what could do anything but read the machine."""
    with open(SCRIPT, encoding="utf-8") as f:
        text = f.read()
    for n, line in enumerate(text.splitlines(), 1):
        words = re.findall(r"\S+", line)
        if not words or words[0].startswith("#"):
            continue
        require(re.split(r"[/(]", words[0])[0] in COMMANDS, f"{SCRIPT}:{n}: `{words[0]}` is not among the commands that it may use")
        require("$_" not in line, f"{SCRIPT}:{n}: the functions and variables of gdb itself are not for this script")
        require(words[0] != "set" or len(words) > 1 and re.match(r"\$[a-z]\w*$", words[1]), f"{SCRIPT}:{n}: set $name = value, and nothing else")
    return text


def pseudo_random(text):
    return random.Random(hashlib.sha256(text.encode()).digest())


def answer(said, command):
    """What a command of the script has printed: one line."""
    lines = [line for line in said[command] if line.strip()]
    require(len(lines) == 1, f"`{command}` prints {len(lines)} lines" + (f": {lines[0][:80]}" if lines else ""))
    return lines[0].strip()


def script_slot():
    text = script()
    chance = pseudo_random(text)
    anywhere = [hex(chance.randrange(256) << 39 | chance.randrange(1 << 39)) for _ in range(4)]
    anywhere += [hex(0xffff << 48 | chance.randrange(256, 512) << 39 | chance.randrange(1 << 39)) for _ in range(4)]
    places = ["kmain", "&swapper_pg_dir", "page_layout.vmalloc_start", "page_layout.page_offset", "$rsp", "0", "~0ul", *anywhere]
    numbers = ["(unsigned long)(" + place + ")" for place in places]
    tables = [273, 402, 468, 508, 511, chance.randrange(274, 401)]
    said = ask(TO_EXECVE + [f"source {SCRIPT}"] + values(*numbers, *(f"swapper_pg_dir[{t}]" for t in tables))
               + [f"slot-of {p}" for p in places] + [f"next-table {t}" for t in tables])
    for place, expression in zip(places, numbers):
        right = str(slot(number(said, expression)))
        require(answer(said, f"slot-of {place}") == right, f"`slot-of {place}` prints {answer(said, f'slot-of {place}')}")
    for t in tables:
        right = hex(number(said, f"swapper_pg_dir[{t}]") & 0xffffffffff000)
        got = answer(said, f"next-table {t}")
        require(got in (right, "0") if right == "0x0" else got == right, f"`next-table {t}` prints {got}")


def script_walk():
    text = script()
    chance = pseudo_random(text)
    # Of the direct map, the kernel, its stacks, the page array; nothing below a slot, no slot, a user's.
    places = ["kmain", "&swapper_pg_dir", "$rsp", "page_layout.vmemmap_start+64", "page_layout.vmalloc_start", "0x400000", "0xffff800000001000"]
    places += [f"page_layout.page_offset+{chance.randrange(1 << 29):#x}" for _ in range(6)]
    places += [f"kmain+{chance.randrange(4096)}", f"page_layout.page_offset+{(700 << 30) + chance.randrange(1 << 30):#x}"]
    said = ask(TO_EXECVE + [f"source {SCRIPT}"] + [c for p in places for c in (f"fw walk {p} ref", f"phys-of {p}")])
    for place in places:
        walked = re.search(r"^physical (0x[0-9a-f]+),|^(nothing) is mapped", "\n".join(said[f"fw walk {place} ref"]), re.M)
        require(walked, f"fw walk {place} says nothing")
        got = answer(said, f"phys-of {place}")
        require(got == (walked[1] or "none"), f"`phys-of {place}` prints {got}")


CHECKS = {"slots": slots, "address": address, "entry": entry, "machine": machine, "script-slot": script_slot, "script-walk": script_walk}


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in CHECKS:
        sys.exit(f"usage: labs/lab0/tests/session.py {'|'.join(CHECKS)}")
    os.chdir(ROOT)
    try:
        CHECKS[sys.argv[1]]()
    except (Wrong, AssertionError, OSError, KeyError) as error:
        print(f"{error}")
        return 1
    print("as it should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
