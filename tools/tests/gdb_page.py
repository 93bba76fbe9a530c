#!/usr/bin/python3
"""The session on docs/gdb.md, run: `tools/tests/gdb_page.py --write` puts what gdb says now under each (gdb) line.

The page is the script: the lines that begin with "(gdb) " in its fenced blocks, in their order, are what is typed.
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True

import qemu  # noqa: E402 (its path is set above)
from gdb_session import session  # noqa: E402

PAGE = "docs/gdb.md"
APPEND = "pgsync=walk-v2 ktest=1 filter=guard.i01_walk_v2 sched_deadline=3600000"
PROMPT = "(gdb) "
END = "continue"  # the test's end, which is not on the page


def path():
    return f"{qemu.ROOT}/{PAGE}"


def blocks(text):
    """The page in pieces: text, block, text ...; a block is what stands between its fences."""
    return re.split(r"^```\n(.*?)^```\n", text, flags=re.M | re.S)


def commands(text):
    return [line.removeprefix(PROMPT) for block in blocks(text)[1::2] for line in block.splitlines()
            if line.startswith(PROMPT)]


def noise(line):
    return not line or line.startswith(("[Switching to", "Hardware assisted breakpoint"))


def run(text):
    """(command, what gdb said) for each command of the page, in order; and what the machine did in the end."""
    said = session([*commands(text), "delete", END], smp=3, kernel=qemu.DEBUG_KERNEL, append=APPEND)
    pairs = [(command, [line.rstrip() for line in lines if not noise(line)]) for command, lines in said.pairs]
    return pairs[:-2], said


def written(text, pairs):
    """The page with what was said."""
    pieces, pairs = blocks(text), iter(pairs)
    for i in range(1, len(pieces), 2):
        lines = []
        for line in pieces[i].splitlines():
            if line.startswith(PROMPT):
                lines += [line, *next(pairs)[1]]
        pieces[i] = "```\n" + "\n".join(lines) + "\n```\n"
    return "".join(pieces)


def comparable(text):
    """Without what another build changes: addresses, line numbers, the quoted source line."""
    text = re.sub(r"0x[0-9a-f]{4,}", "0x", text)
    text = re.sub(r"(\.(?:c|h|asm)):\d+", r"\1", text)
    text = re.sub(r"^\d+\t.*\n", "", text, flags=re.M)
    text = re.sub(r"^#\d+ +(0x in )?", "# ", text, flags=re.M)
    return re.sub(r" {2,}", "  ", text)


def main():
    with open(path(), encoding="utf-8") as file:
        text = file.read()
    new = written(text, run(text)[0])
    if "--write" in sys.argv[1:]:
        with open(path(), "w", encoding="utf-8") as file:
            file.write(new)
        return 0
    print(new)
    return 0 if comparable(new) == comparable(text) else 1


if __name__ == "__main__":
    sys.exit(main())
