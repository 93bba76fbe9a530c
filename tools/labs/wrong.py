"""Known-wrong solutions, labs/labN/wrong/*.patch: what each says it is, and the submission that it makes of the reference.

    Why: what is wrong, and what would happen
    Fails: check-id check-id check-id?

and a unified diff against the reference tree that touches only what the lab's `files` name. A check with `?` behind it
may fail and need not.
"""
import dataclasses
import fnmatch
import glob
import os
import re
import subprocess
import tempfile

from labs import tree


SEEDED = 3  # the rung of checks whose schedules are drawn from seeds: what one of them meets, another build's may miss


class BadPatch(Exception):
    """`path: what is wrong`."""


@dataclasses.dataclass
class Wrong:
    path: str  # from the root
    why: str
    fails: list  # ids of checks that must fail
    may_fail: list  # ids of those that may, besides
    diff: str

    @property
    def name(self):
        return os.path.basename(self.path).removesuffix(".patch")


def paths(root, number):
    return sorted(os.path.relpath(p, root) for p in glob.glob(os.path.join(root, f"labs/lab{number}/wrong/*.patch")))


def read(root, path, lab):
    """Raises BadPatch."""
    with open(os.path.join(root, path), encoding="utf-8") as f:
        text = f.read()
    head, found, diff = re.split(r"(?m)^(?=diff --git |--- )", text, maxsplit=1)[0], re.search(r"(?m)^(diff --git |--- )", text), ""
    if found:
        diff = text[found.start():]
    why = re.search(r"(?ms)^Why: (.*?)(?=^\w+:|\Z)", head)
    fails = re.search(r"(?m)^Fails: (.+)$", head)
    if not why or not fails or not diff:
        raise BadPatch(f"{path}: `Why: ...`, `Fails: ...`, then a diff")
    named = fails[1].split()
    wrong = Wrong(path, " ".join(why[1].split()), [n for n in named if not n.endswith("?")], [n[:-1] for n in named if n.endswith("?")], diff)
    check_names(wrong, lab)
    touched = set(re.findall(r"(?m)^(?:---|\+\+\+) [ab]/(\S+)", diff))
    foreign = sorted(t for t in touched if not any(fnmatch.fnmatchcase(t, pattern) for pattern in lab.files))
    if foreign or not touched:
        raise BadPatch(f"{path}: touches {', '.join(foreign) or 'nothing'}: only what is handed in can be wrong")
    return wrong


def check_names(wrong, lab):
    """That a grade can refute what the patch says of the lab's checks. Raises BadPatch."""
    rungs = {c.id: c.rung for c in lab.checks}
    unknown = sorted({*wrong.fails, *wrong.may_fail} - set(rungs))
    if unknown:
        raise BadPatch(f"{wrong.path}: lab {lab.number} has no check {', '.join(unknown)}")
    if not wrong.fails:
        raise BadPatch(f"{wrong.path}: names no check that must fail")
    certain = [name for name in wrong.may_fail if rungs[name] != SEEDED]
    if certain:
        raise BadPatch(f"{wrong.path}: {', '.join(certain)} fails or not, whatever the seed: `?` is for checks of rung {SEEDED}")


def apply(wrong, files, lab):
    """The submission, {path: bytes}, of the reference's files and the patch. Raises BadPatch if it does not apply."""
    with tempfile.TemporaryDirectory() as directory:
        named = {name: f for name, f in files.items() if any(fnmatch.fnmatchcase(name, pattern) for pattern in lab.files)}
        tree.put(directory, named)
        done = subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], cwd=directory, input=wrong.diff, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ | {"GIT_CEILING_DIRECTORIES": os.path.dirname(directory)})
        if done.returncode:
            raise BadPatch(f"{wrong.path}: does not apply: {done.stdout.strip().splitlines()[0]}")
        found = {}
        for base, _, names in os.walk(directory):
            for name in names:
                path = os.path.join(base, name)
                with open(path, "rb") as f:
                    found[os.path.relpath(path, directory)] = f.read()
        return found


def check(root, lab, files):
    """Yields what is wrong with the lab's patches."""
    for path in paths(root, lab.number):
        try:
            apply(read(root, path, lab), files, lab)
        except BadPatch as error:
            yield str(error)
