"""Comment markers in a text: finds the regions of labs, and cuts them.

A region is `// lab 4: begin`, the reference, `// lab 4: starter`, the starter's text in comments, `// lab 4: end`, each alone
on its line. labs/README.md has the rules. cut() returns the text of a starter together with the edits that lead back from it: nothing else
in the tools knows what a marker looks like. Paths and numbers in complaints are those of the reference.
"""
import dataclasses
import re

LABS = range(7)
SIGNS = {".c": "//", ".h": "//", ".S": "//", ".asm": ";"}
MARKER = re.compile(r"[ \t]*(//|#|;) lab (\d+): (begin|starter|end)")
# What was meant to be one: a comment that says nothing but `lab X: word`.
NEARLY = re.compile(r"\s*(//|#|;|/\*)\s*lab\b\s*\w*\s*:?\s*(begin|starter|end|start|stop)\b.{0,3}")


class BadMarker(Exception):
    """A marker that is not where it may be: `path:line: what is wrong`."""


@dataclasses.dataclass
class Region:
    """Lines [begin, end] of a text, counted from zero, markers included."""

    lab: int
    begin: int
    starter: int | None
    end: int
    text: list[str]  # of the starter


def sign(path):
    """The comment sign of that file, or None where no markers are looked for."""
    if path.endswith(".md") or path.endswith(".patch"):
        return None
    return next((s for suffix, s in SIGNS.items() if path.endswith(suffix)), "#")


def uncomment(line, mark, where):
    match = re.fullmatch(rf"([ \t]*){re.escape(mark)}(?: (.*))?", line)
    if not match:
        raise BadMarker(f"{where}: between `starter` and `end` there are only lines that begin with `{mark} `")
    return match[1] + match[2] if match[2] else ""


def regions(path, lines):
    """The regions of a file in their order. Raises BadMarker."""
    mark, found, open_, starter = sign(path), [], None, None
    if mark is None:
        return found
    for number, line in enumerate(lines):
        where = f"{path}:{number + 1}"
        match = MARKER.fullmatch(line)
        if not match:
            if NEARLY.fullmatch(line):
                raise BadMarker(f"{where}: nearly a marker; it reads `{mark} lab N: begin`, `starter` or `end`")
            if starter is not None:
                starter[1].append(uncomment(line, mark, where))
            continue
        lab, word = int(match[2]), match[3]
        if match[1] != mark:
            raise BadMarker(f"{where}: a marker in this file begins with `{mark}`")
        if lab not in LABS:
            raise BadMarker(f"{where}: there is no lab {lab}, only {LABS.start} to {LABS.stop - 1}")
        if word == "begin":
            if open_:
                raise BadMarker(f"{where}: regions do not nest: lab {open_[0]} began in line {open_[1] + 1}")
            open_ = (lab, number)
            continue
        if not open_:
            raise BadMarker(f"{where}: `{word}` of lab {lab} without `begin`")
        if lab != open_[0]:
            raise BadMarker(f"{where}: `{word}` of lab {lab}, but lab {open_[0]} began in line {open_[1] + 1}")
        if word == "starter":
            if starter:
                raise BadMarker(f"{where}: a second `starter`; the first is in line {starter[0] + 1}")
            starter = (number, [])
        else:
            at, text = starter or (None, [])
            found.append(Region(lab, open_[1], at, number, text))
            open_ = starter = None
    if open_:
        raise BadMarker(f"{path}:{open_[1] + 1}: lab {open_[0]} begins here and does not end")
    return found


def cut(path, text, lab):
    """
    (the text of a starter for that lab, edits). An edit is [line, count, replacement lines]: in the starter, `count` lines
    from `line` on stand for the replacement in the reference.
    """
    lines, out, edits, at = text.split("\n"), [], [], 0
    for r in regions(path, lines):
        out += lines[at:r.begin]
        if r.lab >= lab:
            piece = [lines[r.begin], *r.text, lines[r.end]]
        else:
            piece = lines[r.begin + 1:r.end if r.starter is None else r.starter]
        edits.append([len(out), len(piece), lines[r.begin:r.end + 1]])
        out += piece
        at = r.end + 1
    return "\n".join(out + lines[at:]), edits


def restore(text, edits):
    """The reference's text, from a starter's and the edits that cut() returned."""
    lines, out, at = text.split("\n"), [], 0
    for line, count, replacement in edits:
        out += lines[at:line] + replacement
        at = line + count
    return "\n".join(out + lines[at:])
