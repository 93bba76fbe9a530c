"""Starters: which files of the reference a lab's starter has, how they are cut, and the way back.

plan() is pure: reference files in, starter files and what was removed out. build() writes the repository and, beside it, the
removed parts; restore() makes the reference of both. The grader's pristine copy is a plan() too, or the first
commit of a starter. The page for who teaches is in none, nor is what leads there in the other pages: a row or an item that has the link.
"""
import json
import os
import re

import pages
from labs import lab as lab_file
from labs import markers, tree, wrong

STATEMENT = "labs/STARTER"
WHO = {"GIT_AUTHOR_NAME": "Freewalk", "GIT_AUTHOR_EMAIL": "freewalk@localhost", "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z"}
WHO |= {key.replace("AUTHOR", "COMMITTER"): value for key, value in WHO.items()}
FOR_TEACHERS = {"docs/instructor.md"}  # what goes wrong in each lab, and the question that helps
OF_A_LAB = re.compile(r"labs/lab(\d+)/(.*)")


class Refused(Exception):
    """What was asked for cannot be done; says why."""


def belongs(name, lab):
    """Whether a starter for that lab has the file at all."""
    match = OF_A_LAB.fullmatch(name)
    if name in FOR_TEACHERS:
        return False
    return not match or (int(match[1]) <= lab and not match[2].startswith("wrong/"))


def plan(files, lab):
    """(starter's files, removed). `removed`: {"files": {path: text}, "edits": {path: edits of markers.cut()}}"""
    kept, removed = {}, {"lab": lab, "files": {}, "edits": {}}
    for name, file in files.items():
        if not belongs(name, lab):
            removed["files"][name] = [file.executable, file.data.decode("latin-1")]
            continue
        text = as_text(file)
        if text is not None:
            text, edits = unlinked(name, text) if name.endswith(".md") else markers.cut(name, text, lab)
            if edits:
                removed["edits"][name] = edits
                file = tree.File(text.encode(), file.executable)
        kept[name] = file
    statement = {"lab": lab, "reference": tree.digest(files), "digest": tree.digest(kept)}
    kept[STATEMENT] = tree.File((json.dumps(statement, indent=1) + "\n").encode())
    return kept, removed


def links_to_teachers(name, text):
    """Numbers of the lines, from 1 on, of a page that lead to one which no starter has."""
    page = pages.parse(name, text)
    return {link.line for link in page.links if page.target(link.target)[0] in FOR_TEACHERS}


def unlinked(name, text):
    """(a page as starters have it, edits as markers.cut() returns them): each line that leads to a page for teachers is taken out."""
    lines, out, edits, gone = text.split("\n"), [], [], links_to_teachers(name, text)
    for number, line in enumerate(lines, 1):
        if number in gone:
            edits.append([len(out), 0, [line]])
        else:
            out.append(line)
    return "\n".join(out), edits


def torn(name, text):
    """Yields what is wrong with a page's links to pages for teachers: what is taken out must be a row or an item, whole and alone."""
    lines = [*text.split("\n"), ""]
    for number in sorted(links_to_teachers(name, text) if name not in FOR_TEACHERS else ()):
        line, following = lines[number - 1:number + 1]
        if not line.startswith("|") and not (pages.ITEM.match(line) and (not following or pages.ITEM.match(following))):
            yield f"{name}:{number}: leads to a page that no starter has: the line is taken out, so it must be a table's row or a whole item of a list"


def as_text(file):
    try:
        return file.data.decode()
    except UnicodeDecodeError:
        return None


def restored(kept, removed):
    """The reference's files, of a starter's and what was removed from it."""
    files = {name: file for name, file in kept.items() if name != STATEMENT}
    for name, edits in removed["edits"].items():
        files[name] = tree.File(markers.restore(files[name].data.decode(), edits).encode(), files[name].executable)
    for name, (executable, text) in removed["files"].items():
        files[name] = tree.File(text.encode("latin-1"), executable)
    return files


def check(root):
    """Yields what is wrong with markers and lab.toml files of a checkout: `path:line: what`."""
    files, labs = tree.tracked(root), {}
    for number in lab_file.numbers(root):
        try:
            labs[number] = lab_file.read(root, number)
        except lab_file.BadLab as error:
            yield str(error)
            continue
        yield from wrong.check(root, labs[number], files)
        if f"labs/lab{number}/objects" not in files:
            yield f"labs/lab{number}/objects is not there: `make grade LAB={number}` writes it, and it belongs to the lab"
    for name, file in files.items():
        text = as_text(file)
        if text is not None and name.endswith(".md"):
            yield from torn(name, text)
        try:
            found = markers.regions(name, text.split("\n")) if text is not None else []
        except markers.BadMarker as error:
            yield str(error)
            continue
        for r in found:
            if r.lab in labs and name not in labs[r.lab].files:
                yield f"{name}:{r.begin + 1}: a region of lab {r.lab}, but its lab.toml does not name this file: nobody could hand it in"
            if r.lab not in labs:
                yield f"{name}:{r.begin + 1}: a region of lab {r.lab}, and there is no labs/lab{r.lab}/lab.toml"


def refuse_unusable(root, lab, out):
    if os.path.exists(os.path.join(root, STATEMENT)):
        raise Refused("this is a starter itself: starters are cut from the reference tree")
    if lab not in lab_file.numbers(root):
        raise Refused(f"there is no lab {lab}; there are {', '.join(map(str, lab_file.numbers(root)))}")
    if os.path.exists(out) and (not os.path.isdir(out) or os.listdir(out)):
        raise Refused(f"{out} exists and is not an empty directory")
    complaints = list(check(root))
    if complaints:
        raise Refused("\n".join(complaints))


def build(root, lab, out):
    """Writes the starter repository and `out`.removed; returns its commit. Raises Refused."""
    refuse_unusable(root, lab, out)
    kept, removed = plan(tree.tracked(root), lab)
    tree.put(out, kept)
    tree.git(out, "init", "-q", "-b", "main")
    tree.git(out, "-c", "core.hooksPath=/dev/null", "add", "-A", "-f")
    tree.git(out, "-c", "core.hooksPath=/dev/null", "commit", "-q", "--no-gpg-sign", "-m", f"Lab {lab}: {lab_file.read(root, lab).title}", **WHO)
    with open(out.rstrip("/") + ".removed", "w", encoding="utf-8") as f:
        json.dump(removed, f, indent=1)
    return tree.git(out, "rev-parse", "HEAD").decode().strip()


def first_commit(root):
    """The files of a starter as it was handed out, whatever was changed since. Raises Refused."""
    roots = tree.git(root, "rev-list", "--max-parents=0", "HEAD").decode().split()
    if len(roots) != 1:
        raise Refused(f"the history has {len(roots)} beginnings: a starter has one")
    files = {}
    for entry in tree.git(root, "ls-tree", "-r", "-z", roots[0]).decode().split("\0"):
        if entry:
            mode, _, rest = entry.split(" ", 2)
            blob, name = rest.split("\t", 1)
            files[name] = (blob, mode == "100755")
    contents = read_blobs(root, [blob for blob, _ in files.values()])
    files = {name: tree.File(data, executable) for (name, (_, executable)), data in zip(files.items(), contents)}
    return verified(files, "the first commit")


def verified(files, where):
    """(files, number of the lab) if they are a whole starter. Raises Refused."""
    statement = json.loads(files[STATEMENT].data) if STATEMENT in files else {}
    if statement.get("digest") != tree.digest({n: f for n, f in files.items() if n != STATEMENT}):
        raise Refused(f"{where} is not that of a starter: its files are not those that {STATEMENT} was made of")
    return files, statement["lab"]


def read_blobs(root, blobs):
    output, contents, at = tree.git(root, "cat-file", "--batch", stdin="\n".join(blobs).encode()), [], 0
    for _ in blobs:
        end = output.index(b"\n", at)
        size = int(output[at:end].split()[2])
        contents.append(output[end + 1:end + 1 + size])
        at = end + 1 + size + 1
    return contents


def read_removed(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)
