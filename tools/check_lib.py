"""What the checkers tools/check-* share: which files there are, C text without comments, the way to report.

A checker is a function check(root) that yields (path, line number, message). main() runs it over the tree, or over
the directory given as its argument (the tests of the checkers plant a violation there). Exit: 0 clean, 1 findings.
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIP = {".git", "build", "__pycache__", ".pytest_cache"}
SKIP_AT_ROOT = {"labs"}  # tools/mklab --check looks at them
CONTRACT = "arch/x86/include"  # code names what is below by arch/...
SOURCE = (".c", ".h", ".asm", ".S", ".py", ".ld", ".inc")


def files(root, suffixes=None):
    """Paths relative to `root`, sorted. `suffixes` None: every text file, scripts without a suffix too."""
    found = []
    for base, directories, names in os.walk(root):
        directories[:] = [d for d in directories if d not in SKIP and not (base == root and d in SKIP_AT_ROOT)]
        for name in names:
            path = os.path.relpath(os.path.join(base, name), root)
            if suffixes is None or name.endswith(suffixes):
                found.append(path)
    return sorted(found)


def source_files(root):
    """What the map of the code lists: C, assembly, Python, linker scripts, make files, and scripts without a suffix."""
    return [p for p in files(root) if p.endswith(SOURCE) or
            ("." not in os.path.basename(p) and (os.path.basename(p) == "Makefile" or is_script(root, p)))]


def is_script(root, path):
    with open(os.path.join(root, path), "rb") as f:
        return f.read(2) == b"#!"


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def strip_comments(text, strings=True):
    """C text with comments blanked (and string contents, when asked); offsets and lines stay what they were."""
    def blank(match):
        token = match.group(0)
        if token.startswith("/"):
            return re.sub(r"[^\n]", " ", token)
        return token[0] + " " * (len(token) - 2) + token[0] if strings else token
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def kernel_sources(root):
    """{path: text without comments} of the kernel's C files and headers, its own tests included."""
    return {path: strip_comments(read(root, path), strings=False) for path in files(root, (".c", ".h"))
            if path.startswith(("arch/", "boot/", "kernel/", "mm/")) and ("/tests/" not in path or path.endswith("_ktest.c"))}


def included(texts, text):
    """The paths, of those in `texts`, that `text` includes."""
    for name in re.findall(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', text, re.M):
        yield from (path for path in (name, "arch/x86/include/" + name) if path in texts)


def mutated(root, mutant):
    """The kernel's .c files that contain MUTANT(mutant) or include a header that does, directly or by way of others."""
    texts = kernel_sources(root)
    found = {path for path, text in texts.items() if re.search(rf"\bMUTANT\({mutant}\)", text)}
    more = found
    while more:
        more = {path for path, text in texts.items() if path not in found and not found.isdisjoint(included(texts, text))}
        found = found | more
    return sorted(path for path in found if path.endswith(".c"))


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def main(name, check):
    root = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    findings = 0
    for path, line, message in check(root):
        print(f"{path}:{line}: {message}")
        findings += 1
    if findings:
        print(f"{name}: {findings} finding{'s' if findings > 1 else ''}")
    sys.exit(1 if findings else 0)
