"""The pages of the book as tools/book, tools/check-links and the test of the commands read them.

The book is docs/README.md's list of links, in order: a heading of the second level there is a part, each list item that begins with a
link is a page. So the list is read by a person on the web, and by nobody else's format.

The handouts of the labs, labs/labN/README.md, follow the page labs/README.md, as many as there are: a starter has not all of them. Pages
of docs/ that the list does not name come last.

What of Markdown is understood: headings, links, images, fenced blocks, code spans. Anchors are made as GitHub and pandoc's
reader `gfm` make them.
"""
import dataclasses
import glob
import os
import re

import check_lib

CONTENTS = "docs/README.md"
LABS = "labs/README.md"
PART = re.compile(r"^## (.+)$")
ITEM = re.compile(r"^(?:[-*]|\d+\.) \[([^\]]+)\]\(([^)#]+)\)")
FENCE = re.compile(r"^( *)(`{3,}|~{3,})\s*(.*)$")
HEADING = re.compile(r"^(#{1,6}) (.+?)\s*#*$")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")


@dataclasses.dataclass
class Heading:
    level: int
    text: str
    anchor: str
    line: int


@dataclasses.dataclass
class Block:
    """A fenced block: its info string, the line of its fence, its lines."""
    info: str
    line: int
    lines: list


@dataclasses.dataclass
class Link:
    target: str
    line: int
    image: bool


@dataclasses.dataclass
class Page:
    """One Markdown file. `path` is relative to the root of the tree."""
    path: str
    text: str
    headings: list
    links: list
    blocks: list

    @property
    def title(self):
        return self.headings[0].text if self.headings else self.path

    @property
    def html(self):
        """The name of its page in the book; a README.md is named after its directory."""
        directory, name = os.path.split(self.path)
        if name != "README.md":
            return name.removesuffix(".md") + ".html"
        return f"{os.path.basename(directory)}.html" if directory else "freewalk.html"

    def target(self, link):
        """(path, anchor) that a relative link means: the path from the root of the tree."""
        path, _, anchor = link.partition("#")
        return (os.path.normpath(os.path.join(os.path.dirname(self.path), path)) if path else self.path), anchor


def plain(markdown):
    """The text of a heading without its marks."""
    return re.sub(r"[`*]|(?<!\w)_|_(?!\w)", "", LINK.sub(r"\2", markdown))


def anchor_of(heading, taken):
    """GitHub's rule: lower case, only letters, digits, `-` and `_` stay, blanks become `-`; a second one gets a number."""
    anchor = re.sub(r"[^\w\- ]", "", plain(heading).lower()).replace(" ", "-")
    count = taken.get(anchor, 0)
    taken[anchor] = count + 1
    return f"{anchor}-{count}" if count else anchor


def parse(path, text):
    page = Page(path, text, [], [], [])
    taken, fence = {}, None
    for number, line in enumerate(text.split("\n"), 1):
        mark = FENCE.match(line)
        if fence:
            if mark and mark.group(2).startswith(fence) and not mark.group(3):
                fence = None
            else:
                page.blocks[-1].lines.append(line)
            continue
        if mark:
            fence = mark.group(2)
            page.blocks.append(Block(mark.group(3).strip(), number, []))
            continue
        if line.startswith("    ") and not line.lstrip().startswith(("- ", "* ")):
            continue
        heading = HEADING.match(line)
        if heading:
            page.headings.append(Heading(len(heading.group(1)), plain(heading.group(2)), anchor_of(heading.group(2), taken), number))
        for link in LINK.finditer(re.sub(r"`[^`]*`", lambda span: "`" + "x" * (len(span.group(0)) - 2) + "`", line)):
            page.links.append(Link(link.group(3), number, bool(link.group(1))))
    return page


def load(root, path):
    return parse(path, check_lib.read(root, path))


def contents(root):
    """[(part or None, [(path of a page, short title)])] of the book, in order; docs/README.md itself is the first page."""
    parts = [(None, [(CONTENTS, "The book")])]
    for line in check_lib.read(root, CONTENTS).split("\n"):
        part, item = PART.match(line), ITEM.match(line)
        if part:
            parts.append((plain(part.group(1)), []))
        elif item:
            path = os.path.normpath(os.path.join(os.path.dirname(CONTENTS), item.group(2)))
            parts[-1][1].append((path, plain(item.group(1))))
            if path == LABS:
                parts[-1][1].extend((handout, load(root, handout).title) for handout in handouts(root))
    listed = {path for _, pages in parts for path, _ in pages}
    others = [path for path in check_lib.files(root, (".md",)) if path.startswith("docs/") and path not in listed]
    return parts + ([("More", [(path, load(root, path).title) for path in others])] if others else [])


def handouts(root):
    """The paths of the labs' handouts."""
    return sorted(os.path.relpath(path, root) for path in glob.glob(os.path.join(root, "labs/lab*/README.md")))


def book(root):
    """The paths of the book's pages, in order."""
    return [path for _, listed in contents(root) for path, _ in listed]


def markdown(root):
    """All Markdown files of the tree, the labs' too."""
    labs = [LABS] if os.path.exists(os.path.join(root, LABS)) else []
    return sorted({*check_lib.files(root, (".md",)), *labs, *handouts(root)})


# --- consoles: what a page tells its reader to type ---

CONSOLE_WORDS = {
    "long": "takes more than a few seconds: only `make test-all` runs it",
    "fails": "the commands end with another status than 0",
    "interactive": "not run: it asks for somebody at a terminal, for another window, or for another machine",
}


@dataclasses.dataclass
class Command:
    """A line `$ command` of a console, and the answer that is shown below it, if any."""
    path: str
    line: int
    words: frozenset
    text: str
    answer: list


def commands(page):
    """
    The commands of a page's consoles, those of interactive ones too. A line that ends with a backslash goes on in the next one; what
    follows a # is said to the reader.
    """
    found = []
    for block in page.blocks:
        kind, *words = block.info.split() or [""]
        if kind != "console":
            continue
        goes_on = False
        for number, line in enumerate(block.lines, block.line + 1):
            if goes_on:
                found[-1].text += "\n" + line.removeprefix("> ")
            elif line.startswith("$ "):
                found.append(Command(page.path, number, frozenset(words), re.sub(r"\s+# .*$", "", line[2:]), []))
            elif found and found[-1].line > block.line:
                found[-1].answer.append(line)
            goes_on = (goes_on or line.startswith("$ ")) and line.endswith("\\")
    return found


def answers(shown, output):
    """Whether `output` is what is shown: `...` in a line is any text, on a line of its own any lines; runs of blanks are equal."""
    parts = []
    for line in shown:
        if line.strip() == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            words = re.sub(r"\s+", " ", line.strip()).split("...")
            parts.append(".*".join(re.escape(word) for word in words) + r"\n")
    text = "".join(re.sub(r"[^\S\n]+", " ", line.strip()) + "\n" for line in output.strip("\n").split("\n"))
    return bool(re.fullmatch("".join(parts), text))
