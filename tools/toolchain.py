#!/usr/bin/python3
"""Programs for x86-64, on a host of any kind: which tool reads or makes them, and how one is run.

On an x86-64 host they are the host's own. On another one, an arm64 laptop, they are made by Debian's cross compiler and run by QEMU's user
emulation. FREEWALK_HOST=aarch64 in the environment plays such a host, for tests.

    tools/toolchain.py TOOL         prints the name of the tool: gcc, nm, strip, ...
    tools/toolchain.py run COMMAND  runs an x86-64 program of Linux
"""
import os
import shutil
import sys

PREFIXES = ("x86_64-elf-", "x86_64-linux-gnu-")
EMULATOR = "qemu-x86_64-static"


def is_x86_64():
    return (os.environ.get("FREEWALK_HOST") or os.uname().machine) == "x86_64"


def tool(name, prefixes=PREFIXES):
    """The tool for x86-64, with its prefix; on an x86-64 host also the one without."""
    for prefix in (os.environ.get("CROSS", ""), *prefixes, *([""] if is_x86_64() else [])):
        if shutil.which(prefix + name):
            return prefix + name
    sys.exit(f"tools/toolchain.py: no {name} for x86-64 (tools/setup build)")


def run(command):
    """The command line that runs an x86-64 program of Linux."""
    return command if is_x86_64() else [EMULATOR, *command]


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if sys.argv[1] == "run":
        command = run(sys.argv[2:])
        os.execvp(command[0], command)
    print(tool(sys.argv[1]))
