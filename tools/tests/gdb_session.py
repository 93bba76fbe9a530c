"""Runs gdb on a fresh guest, as `make gdb` does, and keeps what each command said.

	said = session(["fw roots", "fw walk main"], smp=2)
	said["fw roots"]		the lines of that command; of the n-th one: said.all("fw roots")[n]
	said.text			everything
"""
import os
import re
import subprocess

import qemu

PROGRAM = os.path.join(qemu.ROOT, "tools/gdb/session")
COMMANDS = os.path.join(qemu.ROOT, "tools/gdb/freewalk.py")
MARK = "@@ "


class Said:
    def __init__(self, text):
        self.text = text
        pieces = re.split(f"^{MARK}(.*)\n", text, flags=re.M)
        self.pairs = list(zip(pieces[1::2], (piece.splitlines() for piece in pieces[2::2])))

    def all(self, command):
        return [lines for name, lines in self.pairs if name == command]

    def __getitem__(self, command):
        found = self.all(command)
        assert len(found) == 1, f"{command}: {len(found)} times"
        return found[0]


def arguments(commands):
    """gdb's arguments: each command behind a mark. An error in one does not keep the next from being run."""
    words = []
    for command in commands:
        quoted = command.replace("\\", "\\\\").replace('"', '\\"')
        words += ["-ex", f"echo {MARK}{quoted}\\n", "-ex", command]
    return words


def session(commands, smp=2, append="pgctl=1 -- /bin/pgstress ops=10", kernel=qemu.KERNEL, levels=4, options=()):
    done = subprocess.run([PROGRAM, "--kernel", kernel, "--smp", str(smp), "--levels", str(levels), "--append", append,
                           "--batch", *options, "--", *arguments(commands)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, timeout=180)
    print(done.stdout)
    assert "Python" not in done.stdout, "an error of the commands themselves"
    return Said(done.stdout.partition("[Inferior 1 (")[0])


def without_machine(commands, *files):
    """gdb alone: without a machine, and without symbols unless files are given."""
    done = subprocess.run(["gdb", "-q", "-nx", "-batch", "-x", COMMANDS, *arguments(commands), *files],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    print(done.stdout)
    assert "Python" not in done.stdout, "an error of the commands themselves"
    return Said(done.stdout)


def columns(lines):
    """The rows of a table of `fw`, each a dictionary by the headings of its first line."""
    heads = [(m.start(), m[0]) for m in re.finditer(r"\S+( \S+)*", lines[0])]
    ends = [start for start, _ in heads[1:]] + [None]
    return [{name: line[start:end].strip() for (start, name), end in zip(heads, ends)} for line in lines[1:]]
