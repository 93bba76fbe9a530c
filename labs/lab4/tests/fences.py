#!/usr/bin/python3
"""Lab 4: are the two full barriers what the protocol rests on? Exit: 0 yes; 1 no, and the last line says why.

The student's files as they are must hold in tools/pgmodel. Then one of them at a time is compiled with every full
barrier weakened to a write barrier: under x86-TSO, and only there, the model must find the root that misses the slot. If it
does not, something else than the barrier keeps the two sides apart, a lock for example; or the barrier stands in a place
where it orders nothing.
"""
import os
import re
import secrets
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tools"))

import toolchain  # noqa: E402 (its path is set above)

WEAK = "labs/lab4/tests/weak_fence.h"
SCENARIO = "model.fork2_grow2.walk."
SIDES = {"mm/pgsync/walk.c": "the new root's side", "mm/pgsync/pgsync.c": "growth's side"}


class Broken(Exception):
    """Why the check fails."""


def verdicts(weakened):
    """{"sc": "holds" or "broken", "tso": ...} with the full barriers of one file weakened, or of none."""
    out = f"build/pgmodel/fences-{os.path.basename(weakened) if weakened else 'whole'}"
    flags = [f"FLAGS_{weakened}=-include {WEAK}"] if weakened else []
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MUTANT"}
    made = subprocess.run(["make", "-s", "-j2", "-f", "tools/pgmodel/Makefile", f"OUT={out}", *flags], cwd=ROOT, env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if made.returncode:
        raise Broken(f"does not build: {made.stdout.strip().splitlines()[-1][:200]}")
    # Its status says whether all was as expected, which is not the question here. A line of its own begins with the word.
    nonce = secrets.token_hex(16)
    command = toolchain.run([f"{out}/pgmodel", "--brief", "--only", SCENARIO, "--nonce", nonce])
    found = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return dict(re.findall(rf"^{nonce}(?:not )?ok\t{re.escape(SCENARIO)}(sc|tso)\t(\w+)\t", found.stdout, re.M))


def require(weakened, expected, what):
    found = verdicts(weakened)
    print(f"{what}: " + ", ".join(f"{model} {verdict}" for model, verdict in found.items()))
    if found != expected:
        raise Broken(f"{what}: expected " + ", ".join(f"{model} {verdict}" for model, verdict in expected.items())
                     + "; found " + (", ".join(f"{model} {verdict}" for model, verdict in found.items()) or "nothing"))


def main():
    try:
        require(None, {"sc": "holds", "tso": "holds"}, "as handed in")
        for side, name in SIDES.items():
            require(side, {"sc": "holds", "tso": "broken"}, f"a write barrier on {name} ({side})")
    except Broken as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
