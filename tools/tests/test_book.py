"""The book as HTML: every page is there, every link leads somewhere, nothing is asked of a network, figures are drawn."""
import html.parser
import json
import os
import re
import shutil
import subprocess

import pytest
import pages
from conftest import ROOT

OUT = "build/book-test"


class Elements(html.parser.HTMLParser):
    """Ids, and what href and src name, of one page; elements that are not closed are an error."""
    VOID = {"meta", "link", "input", "br", "img", "hr", "col"}

    def __init__(self, text):
        super().__init__()
        self.ids, self.named, self.open, self.figures = set(), [], [], 0
        self.feed(text)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids.add(attrs.get("id"))
        self.named += [attrs[a] for a in ("href", "src", "xlink:href") if a in attrs]
        self.figures += tag == "figure"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.ids.add(dict(attrs).get("id"))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"{self.getpos()}: </{tag}> closes {self.open[-3:]}"
        self.open.pop()


@pytest.fixture(scope="module")
def book():
    """{file name: Elements} of the book, made once."""
    for tool in ("pandoc", "dot"):
        if not shutil.which(tool):
            pytest.fail(f"no {tool}: tools/setup book")
    done = subprocess.run(["tools/book", "--out", OUT], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    made = {}
    for name in os.listdir(os.path.join(ROOT, OUT)):
        if name.endswith(".html"):
            with open(os.path.join(ROOT, OUT, name), encoding="utf-8") as f:
                made[name] = Elements(f.read())
    yield made
    shutil.rmtree(os.path.join(ROOT, OUT))


def test_every_page_is_made(book):
    assert len(book) == len(pages.book(ROOT)) > 10
    assert "index.html" in book


def test_every_link_leads_somewhere(book):
    names = set(os.listdir(os.path.join(ROOT, OUT)))
    for page, elements in book.items():
        for target in elements.named:
            if target.startswith("data:image/png;base64,"):  # a screenshot, in the page itself
                continue
            assert not re.match(r"[a-z]+:|//", target) or target.startswith("https://"), f"{page}: {target}"
            if target.startswith("https://"):
                continue
            name, _, anchor = target.partition("#")
            assert name in names or not name, f"{page}: {target}"
            assert not anchor or anchor in book[name or page].ids, f"{page}: {target}"


def test_nothing_is_loaded_from_elsewhere(book):
    for name in os.listdir(os.path.join(ROOT, OUT)):
        with open(os.path.join(ROOT, OUT, name), encoding="utf-8") as f:
            assert not re.search(r'\bsrc="(?:https?:)?//|@import|url\(|<link[^>]*https?:', f.read()), name


def test_figures_are_in_the_pages(book):
    for path in pages.book(ROOT):
        page = pages.load(ROOT, path)
        name = "index.html" if path == pages.CONTENTS else page.html
        assert book[name].figures == sum(link.image for link in page.links), path


def test_the_index_has_every_section(book):
    with open(os.path.join(ROOT, OUT, "search.js"), encoding="utf-8") as f:
        entries = json.loads(f.read().removeprefix("window.bookIndex = ").removesuffix(";\n"))
    sections = {(entry[0], entry[1]) for entry in entries}
    for path in pages.book(ROOT):
        page = pages.load(ROOT, path)
        name = "index.html" if path == pages.CONTENTS else page.html
        assert {(name, heading.anchor) for heading in page.headings if heading.anchor} <= sections, path


def test_the_search_finds(book):
    """In a browser, when there is one: a search by the address, and no complaint of the page's script."""
    browser = shutil.which("chromium")
    if not browser:
        pytest.skip("no chromium")
    address = "file://" + os.path.join(ROOT, OUT, "index.html") + "?q=store+buffer"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--virtual-time-budget=5000",
               "--enable-logging=stderr", f"--user-data-dir={os.path.join(ROOT, 'build/pytest-browser')}"]
    done = subprocess.run([browser, *options, "--dump-dom", address],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    results = re.search(r'<div id="results"[^>]*>(.*?)</div>', done.stdout, re.S)
    assert results and results.group(1).count("<a ") > 2, done.stdout[:2000]
    assert "CONSOLE" not in done.stderr, done.stderr
