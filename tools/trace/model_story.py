"""Makes a Story (story.py) of an interleaving that pgmodel has found (tools/pgmodel/run --show NAME --json FILE).

Time is the number of the step. A store that waits in its CPU's store buffer is drawn as long as it waits; an arrow goes
from a store to the loads of the same place on other CPUs: those that saw it, and those that came before it was in memory.
"""
import re

from story import Arrow, Finding, Mark, Root, Span, Story

# Functions that are a phase of the protocol: the outermost one that is known names it.
PHASES = {
    "publish_task": ("publish", "publish_task()"), "exec_mmap": ("publish", "exec_mmap()"), "copy_kernel_half": ("copy", "late copy"),
    "copy_at_load": ("copy", "copy at the load"), "for_each_task_root": ("walk", "walk the tasks"), "sync_global_pgds": ("walk", "walk the tasks"),
    "sync_loaded_roots": ("walk", "look at loaded roots"), "list_sync": ("walk", "walk the list"), "kroot_install": ("store", "kroot_install()"),
    "set_root_slot": ("store", "kroot_install()"), "leave_mm": ("end", "leave_mm()"), "switch_mm": ("load", "load the root"),
}
STEP = re.compile(r"^(?P<verb>load|store|LOCKed|drained:|lock|full barrier|wait for|free)? ?(?P<place>.*?)(?: (?P<sign>=|->) (?P<value>.*?))?"
                  r"(?P<buffered> {3}\(in its store buffer.*\))?$")
# What a missed load of means that one side has not seen the other.
DECISIVE = re.compile(r"^(pgd_present|task_table|reference slot|.*\bmm$|.*cpu_next_root|.*cpu_loaded_root|pgd_list)")


class Step:
    def __init__(self, number, row, lane):
        match = STEP.match(row["what"])
        self.number, self.lane = number, lane
        self.verb = (match["verb"] or "").rstrip(":")
        self.place, self.value = match["place"], match["value"] or ""
        self.buffered = bool(match["buffered"])
        self.row, self.drained = row, None
        self.text = re.sub(r" {3}\(in its store buffer.*\)", "", row["what"])

    @property
    def visible(self):
        """When others can see what it stores; None: never."""
        return self.drained if self.buffered else self.number

    @property
    def stores(self):
        return self.verb in ("store", "LOCKed")

    def phase(self):
        return next((PHASES[f] for f in self.row["functions"] if f in PHASES), None)


def read_steps(found):
    lanes = sorted({row["cpu"] for row in found["steps"]})
    steps = [Step(number, row, lanes.index(row["cpu"])) for number, row in enumerate(found["steps"], 1)]
    for step in steps:
        if step.verb == "drained":
            waiting = next((s for s in steps if s.buffered and s.drained is None and (s.lane, s.place) == (step.lane, step.place)), None)
            if waiting:
                waiting.drained = step.number
    return lanes, steps


def phase_spans(story, steps):
    for lane in range(len(story.lanes)):
        own = [s for s in steps if s.lane == lane and s.verb != "drained"]
        begin = 0
        for i, step in enumerate(own):
            if i + 1 < len(own) and own[i + 1].phase() == step.phase():
                continue
            if step.phase():
                kind, name = step.phase()
                story.spans.append(Span(lane, own[begin].number, step.number + 1, kind, name))
            begin = i + 1


def step_spans(story, steps):
    for s in steps:
        where = f"{s.row['place']}  {s.row['source']}"
        story.spans.append(Span(s.lane, s.number + 0.04, s.number + 0.96, "barrier" if s.verb == "full barrier" else "step", s.text, where))
        if s.buffered:
            end = (s.drained or len(steps)) + 0.5
            story.spans.append(Span(s.lane, s.number + 0.5, end, "buffer", "in its store buffer", f"{s.place} = {s.value}"))
        story.events.append([s.number, s.lane, s.row["functions"][0] + "()", s.verb or "note", f"{s.text}   {s.row['place']}"])


def arrows(story, steps):
    """The last store that a load saw, and the first one that it came too early for."""
    for load in (s for s in steps if s.verb == "load"):
        others = [s for s in steps if s.stores and s.place == load.place and s.lane != load.lane]
        seen = [s for s in others if s.visible and s.visible < load.number]
        early = [s for s in others if not s.visible or s.visible > load.number]
        if seen:
            add_arrow(story, "seen", max(seen, key=lambda s: s.visible), load, "sees")
        if early:
            kind = "missed" if DECISIVE.match(load.place) else "unseen"
            add_arrow(story, kind, min(early, key=lambda s: s.visible or len(steps)), load, "does not see")


def add_arrow(story, kind, store, load, verb):
    name = [story.lanes[s.lane] for s in (load, store)]
    story.arrows.append(Arrow(kind, store.lane, store.number + 0.5, load.lane, load.number + 0.5,
                              f"{name[0]} {verb} what {name[1]} stores: {store.place} = {store.value}"))


def numbers(value):
    return [int(n) for n in re.findall(r"\d+", value)] if value.startswith("slots") else []


def add_roots(story, steps, wrong):
    """The reference, and the roots that are named: A, B."""
    reference = Root("swapper_pg_dir", 0, "reference")
    names = sorted({m for s in steps for m in re.findall(r"\broot ([A-Z])\b", s.text)})
    roots = {name: Root(f"root {name}", 0) for name in names}
    stored = {int(m[1]) for s in steps for m in [re.match(r"reference slot (\d+)", s.place)] if m and s.stores}
    for s in steps:
        for slot in numbers(s.value) if s.place == "pgd_present" else []:
            if slot not in stored:
                reference.fill(0, slot, "boot")
    for s in steps:
        at = re.match(r"(reference|root ([A-Z])) slot (\d+)", s.place)
        if at and (s.stores or s.verb == "drained") and s.value != "0" and not s.buffered:
            (roots[at[2]] if at[2] else reference).fill(s.number, int(at[3]), "walk" if at[2] else "growth")
        if s.verb == "load" and s.place == "pgd_present" and "copy_kernel_half" in s.row["functions"]:
            root = copied_root(roots, steps, s)
            for slot in numbers(s.value) if root else []:
                root.fill(s.number, slot, "copy")
    story.roots = [reference, *roots.values()]
    slot = re.search(r"slot (\d+)", wrong)
    for root in roots.values():
        if slot and int(slot[1]) in stored and any(s.text.startswith(f"load {root.name} slot {slot[1]} -> 0") for s in steps):
            root.missing.append((max(s.number for s in steps if s.place == f"reference slot {slot[1]}" and s.stores), int(slot[1])))


def copied_root(roots, steps, copy):
    """The root that the copy is for: the one that its CPU speaks of next, or the only one."""
    later = (re.search(r"\broot ([A-Z])\b", s.text) for s in steps if s.lane == copy.lane and s.number >= copy.number)
    name = next((m[1] for m in later if m), None)
    return roots.get(name) or (next(iter(roots.values())) if len(roots) == 1 else None)


def make(found):
    lanes, steps = read_steps(found)
    memory = "x86-TSO" if found["name"].endswith(".tso") else "sequential consistency"
    story = Story(found["name"], f"{found['about']}; {memory}", "step", lanes)
    phase_spans(story, steps)
    step_spans(story, steps)
    arrows(story, steps)
    add_roots(story, steps, found["wrong"])
    last = steps[-1]
    story.marks.append(Mark(last.lane, last.number + 0.5, "miss", "wrong", found["wrong"]))
    story.findings.append(Finding("missed", 1, last.number + 1, found["wrong"]))
    return story
