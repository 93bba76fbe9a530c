"""A class: many submissions graded in parallel, each in its sandbox, and the summary of all.

    OUT/kit/                 the starter's files with what was built of them, once; what each grade starts from
    OUT/results/NAME/        results.json and its other forms, log.txt
    OUT/joblog               GNU parallel's
    OUT/summary.csv, .html

grade_class() prepares the kit and starts GNU parallel, which starts `tools/grade --member NAME` for each submission that has no
results yet: what was interrupted goes on where it was. One member is one call of member().
"""
import csv
import json
import os
import shutil
import subprocess
import sys

from labs import allowed, archive, grading, page, report, sandbox, starter, tree
from labs import lab as lab_file
from labs.workspace import BuildFailed, Workspace

TOOLS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def members(directory):
    """{name: path} of the submissions. Raises starter.Refused if two have one name."""
    found = {}
    for entry in sorted(os.listdir(directory)):
        path = os.path.join(directory, entry)
        suffix = next((s for s in archive.SUFFIXES if entry.endswith(s)), None)
        if entry.startswith(".") or not (os.path.isdir(path) or suffix):
            continue
        name = entry.removesuffix(suffix or "")
        if name in found:
            raise starter.Refused(f"{directory} has two submissions of {name}")
        found[name] = path
    if not found:
        raise starter.Refused(f"{directory} has no submissions: a directory or an archive for each")
    return found


def prepare(root, number, kit, jobs):
    """Writes the kit unless it is there; another tree's kit is not used. Raises starter.Refused, BuildFailed."""
    files = grading.pristine(root, number)
    if os.path.exists(kit):
        if starter_files(kit) != files:
            raise starter.Refused(f"{kit} was made of another tree: results would not compare. Give another --out")
        return
    lab = lab_file.read(root, number)
    workspace = Workspace(kit + ".new", files, jobs)
    workspace.fill({})
    for build in allowed.builds(lab):
        make = {"release": lambda: workspace.kernel("release"), "debug": lambda: workspace.kernel("debug"), "host": lambda: None,
                "model": lambda: workspace.make("-f", "tools/pgmodel/Makefile", "OUT=build/pgmodel/plain")}
        make[build]()
    if any(c.kind in ("boot", "tool") for c in lab.checks):
        workspace.archive()
    os.rename(kit + ".new", kit)


def starter_files(directory):
    """The starter whose files these are, verified by the statement in it. Raises starter.Refused."""
    files = tree.stored(directory)
    return starter.verified(files, directory)[0]


# --- one submission --------------------------------------------------------------------------------------

def member(out, number, name, path, boxed):
    """Grades one submission. Returns 0 when there is a result, whatever it is."""
    results, work, kit = os.path.join(out, "results", name), os.path.join(out, "work", name), os.path.join(out, "kit")
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(results, exist_ok=True)
    shutil.copytree(kit, work)
    if boxed:
        suffix = next(s for s in archive.SUFFIXES if path.endswith(s)) if os.path.isfile(path) else ""
        inside = {"/kit": kit, f"/submission{suffix}": path}
        command = sandbox.command(grade_command("/kit", number, f"/submission{suffix}", "/work", "/out", "bwrap"), inside,
                                  {"/work": work, "/out": results}, "/work")
    else:
        command = grade_command(kit, number, path, work, results, "none")
    status = sandbox.run(command, os.path.join(results, "log.txt"))
    shutil.rmtree(work, ignore_errors=True)
    if read(out, name) is None:
        print(f"{name}: no result (status {status}); {results}/log.txt", file=sys.stderr)
        return 1
    return 0


def grade_command(kit, number, path, work, results, boxed):
    return ["/usr/bin/python3", f"{kit}/tools/grade", "--lab", str(number), "--kit", kit, "--submission", path, "--workspace", work,
            "--out", results, "--jobs", "1", "--sandbox", boxed]


# --- all of them ------------------------------------------------------------------------------------------

def parallel(out, number, names, paths, options):
    """Runs GNU parallel over the members. Returns its exit status: the number of those without result."""
    if not shutil.which("parallel"):
        raise starter.Refused("GNU parallel is not installed: tools/setup grade")
    command = ["parallel", "--will-cite", "--null", "--link", "--jobs", str(options.jobs), "--joblog", os.path.join(out, "joblog"),
               *(["--bar"] if sys.stderr.isatty() or options.bar else []), *(w for login in options.sshlogin for w in ("--sshlogin", login)),
               os.path.join(TOOLS, "grade"), "--lab", str(number), "--out", out, *([] if options.boxed else ["--no-sandbox"]),
               "--member", "{1}", "--submission", "{2}"]
    todo = [os.path.join(out, name) for name in ("names", "paths")]
    for file, words in zip(todo, (names, paths)):
        with open(file, "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write("".join(word + "\0" for word in words))
    return subprocess.run([*command, "::::", todo[0], "::::", todo[1]]).returncode


def grade_class(root, number, directory, out, options):
    """Grades all that have no result yet, and writes the summary. Returns the results by name; None: there is none."""
    if options.boxed:
        sandbox.require()
    found = members(directory)
    os.makedirs(out, exist_ok=True)
    prepare(root, number, os.path.join(out, "kit"), os.cpu_count() or 1)
    todo = [name for name in found if read(out, name) is None]
    print(f"{len(found)} submissions, {len(todo)} to be graded")
    if todo:
        parallel(out, number, todo, [os.path.abspath(found[name]) for name in todo], options)
    results = {name: read(out, name) for name in found}
    summarise(out, lab_file.read(root, number), results)
    return results


def read(out, name):
    try:
        with open(os.path.join(out, "results", name, "results.json"), encoding="utf-8") as f:
            return json.load(f)
    except (OSError, ValueError):
        return None


def summarise(out, lab, results):
    with open(os.path.join(out, "summary.csv"), "w", encoding="utf-8", errors="replace", newline="") as f:
        table = csv.writer(f)
        table.writerow(["name", "score", *(c.id for c in lab.checks), "sandbox", "refused"])
        for name, r in results.items():
            row = [r["score"], *(c["score"] for c in r["checks"]), r["sandbox"], r["refused"] or ""] if r else ["no result"]
            table.writerow([page.cell(name), *row])
    with open(os.path.join(out, "summary.html"), "w", encoding="utf-8", errors="replace") as f:
        f.write(page.summary(lab, results))
