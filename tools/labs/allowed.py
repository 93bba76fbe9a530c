"""What a lab's submitted files may contain: labs/labN/objects, made from the reference, and the comparison with it.

A starter has the list and not the reference, so it is a file of the tree; tools/grade renews it when it grades the reference, and a test
requires that it is up to date.
"""
import glob
import importlib.machinery
import importlib.util
import os
import re

from labs import guards
from labs.workspace import KERNELS, BuildFailed

OWN = r"(?:pgsync_)?own_\w+"  # what files of the student's own may define for the others
HEADER = """# What is made of this lab's files may contain: tools/labs/guards.py. Renewed by `make grade` in the reference tree.
"""


def path(number):
    return f"labs/lab{number}/objects"


def read(files, number):
    """The list in a tree of files, as a set; None if there is none."""
    if path(number) not in files:
        return None
    return {line for line in files[path(number)].data.decode().splitlines() if line and not line.startswith("#")}


def text(found):
    return HEADER + "".join(f"{fact}\n" for fact in sorted(found))


def builds(lab):
    """Which builds the lab's checks use: "release", "debug", "model", "host"."""
    found = set()
    for check in lab.checks:
        if check.kind in ("ktest", "boot"):
            found.add("debug" if check.how["debug"] else "release")
        else:
            found |= set(check.how["builds"]) if check.kind == "tool" else {check.kind}
    return sorted(found)


def touched(workspace, directory, names):
    """Objects below a directory of the workspace that were made of one of the files, headers too."""
    found = []
    for depend in sorted(glob.glob(os.path.join(workspace.path(directory), "**/*.d"), recursive=True)):
        with open(depend, encoding="utf-8") as f:
            used = set(re.sub(r"[\\:]", " ", f.read()).split())
        if not used.isdisjoint(names) and os.path.exists(depend[:-2] + ".o"):
            found.append(depend[:-2] + ".o")
    return found


def objects(workspace, lab, build, names):
    """The objects of a build that the files are in, made. Raises BuildFailed."""
    if build == "host":
        return host_objects(workspace, lab, names)
    if build == "model":
        directory, how = "build/pgmodel/plain", ["-f", "tools/pgmodel/Makefile", "OUT=build/pgmodel/plain"]
        compiled = set(workspace.make(*how, "world").split())
    else:
        directory, how = os.path.join(os.path.dirname(KERNELS[build]), "obj"), ["DEBUG=1"] if build == "debug" else []
        compiled = names
    if all(name.endswith(".c") for name in names):
        goals = [f"{directory}/{name}.o" for name in sorted(names & compiled)]
        if goals:
            workspace.make(*how, *goals)
        return [workspace.path(goal) for goal in goals]
    workspace.make(*how, *([] if build == "model" else [KERNELS[build]]))
    return touched(workspace, directory, names)


def host_objects(workspace, lab, names):
    """Host tests are linked from sources in one go; here their sources are compiled alone, with the same flags."""
    host, found = host_tests(), []
    for test in sorted({check.how["test"] for check in lab.checks if check.kind == "host"}):
        sources, flags = host.plan(workspace.path(test))
        for source in (s for s in sources if s in names):
            out = f"build/grade-host/{os.path.basename(test)}/{source}.o"
            os.makedirs(os.path.dirname(workspace.path(out)), exist_ok=True)
            status, output = workspace.run(["gcc", *host.CFLAGS, *flags, "-c", source, "-o", out])
            if status != 0:
                raise BuildFailed(f"{test} does not build: {output.strip().splitlines()[0][:300]}")
            found.append(workspace.path(out))
    return found


def host_tests():
    """tools/host-tests as a module: it owns the flags."""
    script = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "host-tests")
    loader = importlib.machinery.SourceFileLoader("host_tests", script)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("host_tests", loader))
    loader.exec_module(module)
    return module


def facts(workspace, lab, names):
    """guards.facts() of every build that can be made."""
    found = set()
    for build in builds(lab):
        try:
            found |= guards.facts(objects(workspace, lab, build, names))
        except BuildFailed:
            continue  # the checks that need it will say so
    return found


def learn(workspace, lab, submitted):
    """What the reference's files contain. Raises BuildFailed if one of its builds cannot be made."""
    found = set()
    for name, data in submitted.items():
        found |= guards.includes(data.decode()) if name.endswith((".c", ".h")) else set()
    for build in builds(lab):
        found |= guards.facts(objects(workspace, lab, build, set(submitted)))
    return found


def findings(workspace, lab, submitted, allowed):
    """Yields what the submission contains and may not: `path: what`. First the sources; objects only if those are clean."""
    allowed = allowed | {f"symbol {s}" for s in lab.symbols} | {f'include "{h}"' for h in lab.headers}
    allowed |= {f"instruction {i}" for i in lab.instructions}
    clean = True
    for name, data in submitted.items():
        for finding in guards.source_findings(name, data.decode(), allowed) if name.endswith((".c", ".h")) else ():
            clean = False
            yield f"{name}: {finding}"
    if clean:
        for finding in guards.object_findings(facts(workspace, lab, set(submitted)), allowed, OWN):
            yield f"{', '.join(submitted)}: {finding}"
