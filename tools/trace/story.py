"""What the page and the Chrome trace show: spans, marks, arrows, and the kernel slots of each root over time.

A Story is made of the kernel's rings (kernel_story.py) or of an interleaving that pgmodel has found (model_story.py);
chrome.py and page.py write it down, and need not know where it comes from.

Kinds of spans, marks and arrows are few, because each is a colour and a line of the legend:

    spans    copy      a new root's late copy, and its copy at a load     barrier  a full barrier, of either side
             store     growth: reference slot and generation              walk     growth: the search for roots
             wait      for a lock, or at a race point                     task     who runs
             call      a system call                                      rcu      a grace period
    marks    publish   a root can be found from here on                   visit    growth stores into a root
             ready     a slot, or a root, may be used                     load     a root is loaded
             end       a root is given up                                 miss     somebody lacks a slot
             note      anything else
    arrows   seen      from a store to the load that saw it
             unseen    ... that did not, but somebody else made up for it
             missed    ... that did not, and nobody has
"""
import dataclasses

FIRST_SLOT, SLOTS = 256, 256


@dataclasses.dataclass
class Span:
    lane: int
    start: float
    end: float
    kind: str
    name: str
    text: str = ""


@dataclasses.dataclass
class Mark:
    lane: int
    time: float
    kind: str
    name: str
    text: str = ""


@dataclasses.dataclass
class Arrow:
    kind: str
    lane: int
    time: float
    to_lane: int
    to_time: float
    text: str


class Root:
    """One life of a root. `fills`: (time, slot, how); a negative slot is one that was emptied."""

    def __init__(self, name, born, owner=""):
        self.name, self.born, self.owner, self.dead = name, born, owner, None
        self.fills, self.missing = [], []  # missing: (time, slot)
        self.present = set()

    def fill(self, time, slot, how):
        if slot not in self.present:
            self.present.add(slot)
            self.fills.append((time, slot, how))

    def empty(self, time, slot):
        if slot in self.present:
            self.present.remove(slot)
            self.fills.append((time, -slot, "reset"))


@dataclasses.dataclass
class Finding:
    """Something to look at first: shown as a list, and a place to jump to."""

    kind: str  # missed, or race: an overlap that went well
    start: float
    end: float
    text: str


@dataclasses.dataclass
class Story:
    title: str
    about: str
    unit: str  # of time: "µs" or "step"
    lanes: list  # names
    spans: list = dataclasses.field(default_factory=list)
    marks: list = dataclasses.field(default_factory=list)
    arrows: list = dataclasses.field(default_factory=list)
    roots: list = dataclasses.field(default_factory=list)  # of Root, the reference first
    findings: list = dataclasses.field(default_factory=list)
    events: list = dataclasses.field(default_factory=list)  # [time, lane, who, name, text], for the table
    notes: list = dataclasses.field(default_factory=list)  # sentences: what is lost, what came of it

    def focus(self):
        """(start, end) of what is worth looking at first."""
        best = next((f for f in self.findings if f.kind == "missed"), None) or next(iter(self.findings), None)
        times = [e[0] for e in self.events]
        first, last = (min(times), max(times)) if times else (0, 1)
        start, end = (best.start, best.end) if best else (first, last)
        margin = max(end - start, (last - first) / 1e5) * 0.15
        return max(first, start - margin), min(last, end + margin)

    def data(self):
        """For the page: rows in place of objects, since there are many."""
        return {
            "title": self.title, "about": self.about, "unit": self.unit, "lanes": self.lanes, "notes": self.notes,
            "spans": [dataclasses.astuple(s) for s in self.spans],
            "marks": [dataclasses.astuple(m) for m in self.marks],
            "arrows": [dataclasses.astuple(a) for a in self.arrows],
            "findings": [dataclasses.astuple(f) for f in self.findings],
            "roots": [{"name": r.name, "owner": r.owner, "born": r.born, "dead": r.dead, "fills": r.fills, "missing": r.missing}
                      for r in self.roots],
            "events": self.events, "focus": self.focus(), "first_slot": FIRST_SLOT, "slots": SLOTS,
        }
