"""The page of `make trace`, in a browser: what it draws is what was found, it works by keyboard, in the light and in the dark.

`TRACE_PICTURES=rewrite make test K=pictures` writes docs/images/trace-*.png anew.
"""
import json
import os
import re
import struct
import sys

import pytest
from browser import Browser
from conftest import ROOT, make

sys.path.insert(0, os.path.join(ROOT, "tools/trace"))
import chrome  # noqa: E402 (its path is set above)
import page  # noqa: E402
from story import Finding, Mark, Root, Span, Story  # noqa: E402

COUNTEREXAMPLE = "model.fork_grow.walk-v2.tso"
OUT = os.path.join(ROOT, "build/trace")
PICTURES = {"trace-model.png": (1360, 900), "trace-walk-v2.png": (1200, 1000)}


@pytest.fixture(scope="module")
def browser():
    with Browser() as running:
        yield running


def traced(tmp_path_factory, name, *arguments):
    """(page, Chrome trace) of `make trace`."""
    status, lines = make("trace", *arguments)
    assert status == 0, lines[-3:]
    to = tmp_path_factory.mktemp(name)
    for suffix in ("html", "json"):
        os.rename(os.path.join(OUT, f"trace.{suffix}"), to / f"trace.{suffix}")
    with open(to / "trace.json", encoding="utf-8") as f:
        return str(to / "trace.html"), json.load(f)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return traced(tmp_path_factory, "model", f"SHOW={COUNTEREXAMPLE}")


@pytest.fixture(scope="module")
def stress(tmp_path_factory):
    return traced(tmp_path_factory, "stress")


@pytest.fixture(scope="module")
def exiting(tmp_path_factory):
    return traced(tmp_path_factory, "exiting", "DEBUG=1", "PGSYNC=walk-v2", "FILTER=guard.i13_an_exiting_task")


@pytest.fixture(scope="module")
def forced(tmp_path_factory):
    return traced(tmp_path_factory, "forced", "DEBUG=1", "FILTER=guard.i02_a_root_made_before")


def told(browser, name, where="chart"):
    return float(browser.run("return document.getElementById(arguments[0]).dataset[arguments[1]]", where, name))


def colours(browser, x, y):
    """The warning colour, and the colour of a point of the slots' canvas."""
    return browser.run("""
        const c = document.getElementById("slots-canvas"), r = window.devicePixelRatio;
        const p = c.getContext("2d").getImageData(arguments[0] * r, arguments[1] * r, 1, 1).data;
        const css = getComputedStyle(document.documentElement).getPropertyValue("--missed").trim();
        return [css, "#" + [...p].slice(0, 3).map((v) => v.toString(16).padStart(2, "0")).join("")];""", x, y)


def missing_cell(browser):
    """The middle of the first missing slot on the canvas."""
    return browser.run("""
        const i = strip.rows.findIndex((r) => missingAt(r, times[state.cursor]).length);
        const slot = missingAt(strip.rows[i], times[state.cursor])[0];
        return [LABEL + (slot - D.first_slot) * strip.cell + 1, (i + 1) * ROW + ROW / 2];""")


# --- what is drawn ---


def test_a_counterexample(browser, model):
    """Store buffering as a picture: both decisive loads come too early, and root A lacks slot 403."""
    path, document = model
    browser.open(path)
    assert browser.run("return document.title").startswith(COUNTEREXAMPLE)
    assert "faults: the root in its CR3 lacks it" in browser.run("return document.querySelector('#findings .missed').textContent")
    flows = [e for e in document["traceEvents"] if e["ph"] == "s"]
    assert told(browser, "arrows") == len(flows) >= 5
    assert told(browser, "missed") == sum(e["cat"] == "missed" for e in flows) == 2
    assert told(browser, "missing", "slots") == 1
    css, pixel = colours(browser, *missing_cell(browser))
    assert pixel == css, "the missing slot is not in the warning colour"
    assert not browser.complaints()


def test_a_stress_of_walk(browser, stress):
    """Nothing is missed, and roots that were in the making during a growth are listed."""
    path, document = stress
    browser.open(path)
    assert not any(e.get("cat") in ("missed", "miss") for e in document["traceEvents"])
    assert browser.run("return document.querySelectorAll('#findings .race').length") > 0
    assert told(browser, "arrows") >= 2 and told(browser, "missed") == told(browser, "missing", "slots") == 0
    assert not browser.complaints()


def test_a_run_of_walk_v2(browser, exiting):
    """The series as posted loses a root in which an exiting task still runs (I13)."""
    path, _ = exiting
    browser.open(path)
    first = browser.run("return document.querySelector('#findings button').textContent")
    root, slot = re.match(r"(root \d+) .* lacks slot (\d+), which is ready: its task has given it up", first).groups()
    assert told(browser, "missed") >= 1 and told(browser, "missing", "slots") >= 1
    assert f"{root} lacks slot {slot}" in browser.run("return document.getElementById('cursor-text').textContent")
    css, pixel = colours(browser, *missing_cell(browser))
    assert pixel == css
    assert not browser.complaints()


def test_a_forced_schedule(browser, forced):
    """Growth waits between store and search while a root is made: both sides see each other, so two arrows, none missed."""
    path, document = forced
    browser.open(path)
    names = {e["name"] for e in document["traceEvents"] if e["ph"] == "X"}
    assert {"waits at a race point", "late copy", "walk the tasks"} <= names
    assert told(browser, "arrows") == 2 and told(browser, "missed") == 0
    assert "its copy and the search both see the other" in browser.run("return document.querySelector('#findings .race').textContent")
    assert told(browser, "missing", "slots") == 0
    assert not browser.complaints()


# --- by keyboard ---


def test_keys(browser, stress):
    browser.open(stress[0])

    def view():
        return told(browser, "end") - told(browser, "start")
    before = view()
    browser.press("+")
    assert view() == pytest.approx(before / 2)
    browser.press("-")
    assert view() == pytest.approx(before)
    start = told(browser, "start")
    browser.press("Shift", "ArrowRight")
    assert told(browser, "start") == pytest.approx(start + before / 4)
    at = told(browser, "cursor")
    browser.press("ArrowRight")
    assert told(browser, "cursor") == at + 1
    browser.press("ArrowLeft")
    assert told(browser, "cursor") == at
    browser.press("0")
    assert view() > 100 * before
    browser.press("n")
    assert view() < 100 * before
    assert browser.run("return document.querySelectorAll('#findings [aria-current=true]').length") == 1
    browser.press("?")
    assert browser.run("return document.getElementById('help').open")
    browser.press("Escape")
    assert not browser.run("return document.getElementById('help').open")
    assert not browser.complaints()


def test_search(browser, stress):
    """Every word must be there; Enter goes from match to match, and shows it."""
    browser.open(stress[0])
    browser.press("f")
    browser.press("/")
    browser.type("grow_ready CPU")
    browser.until("return state.matches && /^\\d/.test(document.getElementById('matches').textContent) && state.query === 'grow_ready cpu'")
    rows = browser.run("return [...document.querySelectorAll('#events tbody tr')].map((r) => r.cells[3].textContent)")
    assert rows and set(rows) == {"grow_ready"}
    seen = set()
    for _ in range(2):
        browser.press("Enter")
        cursor = told(browser, "cursor")
        assert browser.run("return D.events[arguments[0]][3]", cursor) == "grow_ready"
        assert told(browser, "start") <= browser.run("return times[arguments[0]]", cursor) <= told(browser, "end")
        seen.add(cursor)
    assert len(seen) == 2
    browser.press("Escape")
    assert browser.run("return document.activeElement.id") == "chart"


# --- light, dark, names, and nothing from elsewhere ---


def luminance(browser):
    return sum(browser.run("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")[:3])


def test_light_and_dark(browser, model):
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    browser.open(model[0])
    assert luminance(browser) < 150
    css, pixel = colours(browser, *missing_cell(browser))
    assert pixel == css
    browser.press("d")
    assert luminance(browser) > 600
    assert colours(browser, *missing_cell(browser))[0] != css
    browser.devtools("Emulation.setEmulatedMedia", features=[])
    browser.open(model[0])
    assert luminance(browser) > 600
    assert not browser.complaints()


def test_everything_has_a_name(browser, model):
    """As a screen reader sees it."""
    browser.open(model[0])
    nodes = browser.devtools("Accessibility.getFullAXTree")["nodes"]
    named = {}
    for node in nodes:
        role = node.get("role", {}).get("value")
        if not node.get("ignored"):
            named.setdefault(role, []).append(node.get("name", {}).get("value", ""))
    for role in ("button", "searchbox", "application", "table", "image"):
        assert named.get(role), f"there is no {role}"
        assert all(named[role]), f"a {role} has no name: {named[role]}"


def test_nothing_comes_from_elsewhere(browser, model):
    browser.open(model[0])
    assert browser.run("return performance.getEntriesByType('resource').map((r) => r.name).filter((n) => !n.startsWith('data:'))") == []
    assert browser.run("return document.querySelector('meta[http-equiv=Content-Security-Policy]').content").startswith("default-src 'none'")


@pytest.mark.parametrize("many", [20_000, pytest.param(100_000, marks=pytest.mark.more)])
def test_many_events(browser, tmp_path, many):
    """The table has a page of them, the chart what can be seen; one event in the middle is found."""
    story = Story("Many events", "made up", "µs", [f"CPU {n}" for n in range(64)])
    for n in range(many):
        story.events.append([n * 1.0, n % 64, f"pid {n % 500}", "mark", f"number {n} </script>"])
        story.spans.append(Span(n % 64, n * 1.0, n + 0.5, "copy", "late copy"))
        story.marks.append(Mark(n % 64, n * 1.0, "visit", "mark"))
    story.roots.append(Root("swapper_pg_dir", 0))
    story.findings.append(Finding("race", 0, many - 1, "all of it"))
    page.write(story, tmp_path / "many.html")
    browser.open(tmp_path / "many.html")
    assert browser.run("return document.querySelectorAll('#events tbody tr').length") == 50
    drawn = browser.run("return Math.max(...chart.getOption().series.map((s) => s.data.length))")
    assert 1000 < drawn < 12_000
    browser.press("/")
    browser.type(f"number {many // 2 + 1} ")
    browser.until("return state.matches?.length === 1")
    browser.press("Enter")
    assert told(browser, "cursor") == many // 2 + 1
    assert not browser.complaints()


# --- the Chrome trace ---


@pytest.mark.parametrize("which", ["model", "stress", "forced", "exiting"])
def test_the_chrome_trace_is_in_its_documented_form(which, request):
    """Trace Event Format: what each phase must have, and flows whose two ends are there and in order."""
    document = request.getfixturevalue(which)[1]
    flows = {}
    for e in document["traceEvents"]:
        assert isinstance(e["name"], str) and isinstance(e["pid"], int)
        if e["ph"] == "M":
            assert e["name"] in ("process_name", "thread_name", "thread_sort_index") and e["args"]
            continue
        assert isinstance(e["tid"], int) and isinstance(e["ts"], (int, float)) and e["cat"]
        if e["ph"] == "X":
            assert e["dur"] >= 0
        elif e["ph"] == "i":
            assert e["s"] == "t"
        else:
            assert e["ph"] in ("s", "f")
            flows.setdefault(e["id"], []).append(e)
    assert flows
    for start, end in flows.values():
        assert (start["ph"], end["ph"], end["bp"]) == ("s", "f", "e") and start["ts"] <= end["ts"]
        assert (start["cat"], start["name"]) == (end["cat"], end["name"])


def test_an_arrow_backwards_becomes_a_flow_forwards():
    story = Story("t", "a", "step", ["A", "B"])
    story.arrows.append(chrome_arrow(time=6, to_time=3))
    ends = [e for e in chrome.events(story) if e["ph"] in "sf"]
    assert [(e["ph"], e["ts"], e["tid"]) for e in ends] == [("s", 3, 1), ("f", 6, 0)]


def chrome_arrow(time, to_time):
    from story import Arrow
    return Arrow("missed", 0, time, 1, to_time, "text")


# --- the pictures in the documentation ---


@pytest.mark.parametrize("name, which", [("trace-model.png", "model"), ("trace-walk-v2.png", "exiting")])
def test_pictures(browser, name, which, request):
    """They are of this page, not too large, and can be made again. Fonts differ between machines: not compared point by point."""
    where = os.path.join(ROOT, "docs/images", name)
    browser.open(request.getfixturevalue(which)[0])
    picture = browser.screenshot(*PICTURES[name])
    if os.environ.get("TRACE_PICTURES") == "rewrite":
        os.makedirs(os.path.dirname(where), exist_ok=True)
        with open(where, "wb") as f:
            f.write(picture)
    with open(where, "rb") as f:
        kept = f.read()
    assert kept[:8] == picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", kept[16:24]) == struct.unpack(">II", picture[16:24]), "make them anew: TRACE_PICTURES=rewrite"
    assert len(kept) < 200_000


def test_what_cannot_be_drawn_is_said():
    status, lines = make("trace", "SHOW=model.fork_grow.walk.tso")
    assert status != 0 and any("pgmodel has no interleaving to show" in line for line in lines)
