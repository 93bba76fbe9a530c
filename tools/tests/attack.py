"""For the tests of the grader: the reference tree in a workspace, and submissions that are attacks on the grader.

The lab is the tests' own, so that they do not depend on what labs/lab4 grades.
"""
import os

import conftest
from labs import allowed, tree
from labs import lab as lab_file
from labs.workspace import Workspace

FILE = "mm/pgsync/walk.c"
INSIDE = "static void walk_init_late(struct mm_root *root)\n{\n"
CHECKS = [
    {"id": "ktest", "ktest": {"filter": "guard.i01_growth,guard.i02", "deadline": 20}},
    {"id": "host", "host": "mm/pgsync/tests/pgsync_test.c"},
    {"id": "model", "model": {"only": ["model.fork2_grow2.walk."]}},
    {"id": "boot", "boot": {"command": "pgctl=1 -- /bin/tiny", "expect": "^freewalk: success", "debug": True, "cpus": 1, "deadline": 20}},
]


class Lab4:
    """The reference with walk.c as what is handed in, and the list of what its objects contain."""

    def __init__(self):
        checks = [{"points": 25, "about": "a", "invariants": [], "rung": 1, **check} for check in CHECKS]
        self.lab = lab_file.parse(4, {"title": "T", "hours": "1", "files": [FILE], "check": checks})
        self.workspace = Workspace(os.path.join(conftest.ROOT, "build/grade/attacks"), tree.tracked(conftest.ROOT),
                                   warnings_are_errors=os.environ.get("CI") == "true")
        self.workspace.seed(conftest.ROOT)
        self.source = self.workspace.pristine[FILE].data.decode()
        self.workspace.fill({})
        self.permitted = allowed.learn(self.workspace, self.lab, {FILE: self.source.encode()})

    def attacked(self, outside, inside):
        """The submission: the reference with these lines before the function of the late copy, and at its beginning."""
        assert self.source.count(INSIDE) == 1
        return {FILE: (self.source.replace(INSIDE, f"{outside}\n{INSIDE}\t{inside}\n")).encode()}

    def findings(self, outside, inside):
        files = self.attacked(outside, inside)
        self.workspace.fill(files)
        return [f.removeprefix(f"{FILE}: ") for f in allowed.findings(self.workspace, self.lab, files, self.permitted)]


def listed(facts):
    """labs/labN/objects with these."""
    return tree.File(allowed.text(facts).encode())
