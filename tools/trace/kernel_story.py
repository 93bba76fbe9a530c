"""Makes a Story (story.py) of what the kernel's rings say (rings.py).

The two questions that the protocol is about are answered here, for each growth and each root that is in the making at
the same time, or lacks the slot afterwards (mm/pgsync/walk.c has the argument):

    did the root's copy see the reference slot?     an arrow from growth's store to the copy's load
    did growth's search see the root?               an arrow from the publication to the visit, or to the search's end

One yes is enough. Two times no is the bug, unless a later load or a fault makes up for it.

An event comes after what it tells of, and how long after, nobody knows: its CPU may have stood still in between. So a root
counts as missed only if it was in use for certain: a CPU went on running on it, or its task had not begun to leave it.
"""
import dataclasses
import math

from story import FIRST_SLOT, Arrow, Finding, Mark, Root, Span, Story

PAGE = 4096
REFERENCE = "swapper_pg_dir"

# Begin, end: what a span is made of. The events of one task, in this order.
SPANS = {
    "late_fence": ("late_begin", "barrier", "barrier"),
    "copy_done": ("copy_begin", "copy", "late copy"),
    "grow_checked": ("grow_waits", "wait", "waits for pgd_lock"),
    "grow_gen": ("grow_checked", "store", "store slot, generation"),
    "grow_stored": ("grow_gen", "barrier", "barrier"),
    "walk_done": ("grow_stored", "walk", "walk the tasks"),
    "grow_synced": ("walk_done", "walk", "look at loaded roots"),
    "race_go": ("race_wait", "wait", "waits at a race point"),
    "sys_exit": ("sys_enter", "call", "system call"),
}
MARKS = {
    "fork_published": "publish", "exec_published": "publish", "walk_found": "visit", "loaded_found": "visit",
    "grow_ready": "ready", "late_end": "ready", "root_loaded": "load", "root_new": "note", "exit_begun": "end", "exec_begun": "end",
    "exit_unpublished": "end", "root_dead": "end", "root_free": "end", "load_behind": "note", "fault_filled": "visit",
    "fault_missing": "miss", "audit_missing": "miss", "slots_reset": "note", "mark": "note", "task_name": None,
}
# Who leaves roots behind on purpose, and repairs them when they are loaded, or touched.
UNTIL_LOADED, UNTIL_TOUCHED = {"loadwalk"}, {"fault"}


@dataclasses.dataclass(eq=False)
class Life:
    """A root from root_new to root_dead, with the events that the two questions are about."""

    root: Root
    table: int
    new: object
    published: object = None
    words: dict = dataclasses.field(default_factory=dict)  # word: the event of its last read
    end: object = None  # late_end: it may be loaded from here on
    leaving: object = None  # exit_begun, exec_begun: from here on the task walk may not find it any more
    left: object = None  # exit_unpublished: nor does it
    loads: list = dataclasses.field(default_factory=list)  # when its loads began
    dead: object = None
    copies: list = dataclasses.field(default_factory=list)  # copy_word events, of repairs too


@dataclasses.dataclass(eq=False)
class Growth:
    slot: int
    store: object  # grow_slot
    found: dict = dataclasses.field(default_factory=dict)  # table: the visit
    searched: object = None  # the end of the search
    lacking: list = dataclasses.field(default_factory=list)  # (life, its exit if that is why)
    lives: list = dataclasses.field(default_factory=list)  # of the roots that were alive when it was ready
    loaded: dict = dataclasses.field(default_factory=dict)  # cpu: the table that it had loaded then, until it is certain
    running: set = dataclasses.field(default_factory=set)  # tables that CPUs went on running on
    ready: object = None
    gone: float = math.inf  # a test has emptied the slot


def bits(word, value):
    return [FIRST_SLOT + 64 * word + i for i in range(64) if value >> i & 1]


class Maker:
    def __init__(self, recording, strategy):
        self.recording, self.strategy = recording, strategy
        self.story = Story("", "", "µs", [f"CPU {cpu}" for cpu in range(recording.cpus)])
        self.names = {0: "idle", 1: "init"}  # pid: name
        self.open = {}  # (pid or cpu, begin): event
        self.lives, self.by_table, self.growths, self.growing = [], {}, [], {}
        self.loaded = {}  # cpu: table
        self.uncertain = []  # growths that wait for the next event of some CPUs
        self.running = {}  # cpu: (pid, since)
        self.reference = Root(REFERENCE, 0, "reference")
        self.uses = []  # (fault_missing or audit_missing, Life)

    # --- events, in their order ---

    def who(self, pid):
        return f"{self.names[pid]} {pid}" if pid in self.names else f"pid {pid}"

    def root_name(self, table):
        life = self.by_table.get(table)
        return life.root.name if life else f"root {table & 0xffffffff:x}"

    def describe(self, e):
        """The two numbers of an event, as a person would say them."""
        name = e.name
        if name == "copy_word":
            return f"{self.root_name(e.a & -PAGE)}: sees slots {' '.join(map(str, bits(e.a % PAGE, e.b))) or 'none'}"
        if name == "fork_published":
            return f"{self.root_name(e.a)}, child {e.b}"
        if name in ("walk_found", "loaded_found", "fault_filled", "fault_missing", "audit_missing"):
            return f"{self.root_name(e.a)}, slot {e.b}"
        if name.startswith("grow_"):
            return f"slot {e.a}" if name == "grow_slot" else f"slot {e.a}, generation {e.b}"
        if name == "walk_done":
            return f"slot {e.a}, generation {e.b}"
        if name in ("load_begun", "root_loaded", "late_end", "copy_begin", "load_behind"):
            return f"{self.root_name(e.a)}, generation {e.b}"
        if name == "late_fence":
            return f"{self.root_name(e.a)}, {'full barrier' if e.b else 'write barrier only'}"
        if name == "switched":
            return f"to {self.who(e.pid)}, from {self.who(e.a)}"
        if name in ("race_wait", "race_go"):
            return self.recording.strings.get(e.a, "?")
        if name.startswith("sys_"):
            return f"call {e.a}, {'argument' if name == 'sys_enter' else 'result'} {e.b if e.b < 1 << 63 else e.b - (1 << 64)}"
        if name.startswith("rcu_"):
            return f"grace period {e.a}"
        if name == "slots_reset":
            return f"slots {e.a} to {e.a + e.b - 1} are emptied"
        if name == "task_name":
            return self.names.get(e.pid, "")
        if name == "mark":
            return f"{e.a:#x}, {e.b:#x}"
        return f"{self.root_name(e.a)}"

    def make(self):
        last = self.recording.events[-1].time if self.recording.events else 0
        for e in self.recording.events:
            self.settle(e)
            handler = getattr(self, "on_" + e.name, None)
            if handler:
                handler(e)
            self.pair(e)
            if MARKS.get(e.name):
                self.story.marks.append(Mark(e.cpu, e.time, MARKS[e.name], e.name, self.describe(e)))
            self.story.events.append([e.time, e.cpu, self.who(e.pid), e.name, self.describe(e)])
        for cpu, (pid, since) in self.running.items():
            self.task_span(cpu, pid, since, last)
        self.answer()
        self.story.roots = [self.reference, *(life.root for life in self.lives)]
        lost = sum(self.recording.lost)
        if lost:
            self.story.notes.append(f"{lost} older events were overwritten: trace_events= makes the rings longer.")
        return self.story

    def settle(self, e):
        """Whether this CPU still had the root that it had loaded when a slot became ready: perhaps not, if it was loading another."""
        for g in self.uncertain:
            table = g.loaded.pop(e.cpu, None)
            if table and e.name != "root_loaded":
                g.running.add(table)
        self.uncertain = [g for g in self.uncertain if g.loaded]

    def pair(self, e):
        """A span ends with this event, or one may begin."""
        if e.name in SPANS:
            begin, kind, name = SPANS[e.name]
            b = self.open.pop((e.pid, begin), None)
            if b and b.cpu == e.cpu and b.time <= e.time:
                if kind == "barrier" and e.name == "late_fence" and not e.b:
                    name = "write barrier"
                text = self.describe(e)
                self.story.spans.append(Span(e.cpu, b.time, e.time, kind, name, text))
        self.open[e.pid, e.name] = e

    def task_span(self, cpu, pid, start, end):
        if pid or pid in self.names and self.names[pid] != "idle":
            self.story.spans.append(Span(cpu, start, end, "task", self.who(pid)))

    def on_switched(self, e):
        pid, since = self.running.get(e.cpu, (e.a, self.recording.events[0].time))
        self.task_span(e.cpu, pid, since, e.time)
        self.running[e.cpu] = (e.pid, e.time)

    def on_task_name(self, e):
        self.names[e.pid] = (e.a.to_bytes(8, "little") + e.b.to_bytes(8, "little")).split(b"\0")[0].decode("ascii", "replace")

    def on_root_new(self, e):
        # Before it is published its owner is not known yet: the task that makes it.
        life = Life(Root(f"root {len(self.lives) + 1}", e.time, f"of {self.who(e.pid)}"), e.a, e)
        self.lives.append(life)
        self.by_table[e.a] = life

    def on_fork_published(self, e):
        if e.pid in self.names:
            self.names.setdefault(e.b, self.names[e.pid])
        life = self.by_table.get(e.a)
        if life and not life.published:
            life.published = e
            life.root.owner = self.who(e.b)

    def on_exec_published(self, e):
        life = self.by_table.get(e.a)
        if life and not life.published:
            life.published = e
            life.root.owner = self.who(e.pid)

    def on_copy_word(self, e):
        life = self.by_table.get(e.a & -PAGE)
        for slot in bits(e.a % PAGE, e.b):
            self.reference.fill(self.reference.born, slot, "boot")
            if life:
                life.root.fill(e.time, slot, "load" if life.end else "copy")
        if life:
            life.copies.append(e)
            life.words.setdefault(e.a % PAGE, e)

    def on_late_end(self, e):
        if e.a in self.by_table:
            self.by_table[e.a].end = e

    def on_exit_begun(self, e):
        if e.a in self.by_table:
            self.by_table[e.a].leaving = e

    on_exec_begun = on_exit_begun

    def on_exit_unpublished(self, e):
        if e.a in self.by_table:
            self.by_table[e.a].left = e

    def on_load_begun(self, e):
        if e.a in self.by_table:
            self.by_table[e.a].loads.append(e.time)

    def on_root_loaded(self, e):
        self.loaded[e.cpu] = e.a

    def on_root_dead(self, e):
        life = self.by_table.get(e.a)
        if life:
            life.dead, life.root.dead = e, e.time

    def on_root_free(self, e):
        life = self.by_table.pop(e.a, None)
        if life and not life.dead:
            life.dead, life.root.dead = e, e.time

    def on_grow_slot(self, e):
        g = Growth(e.a, e)
        self.growths.append(g)
        self.growing[e.pid] = g
        self.reference.fill(e.time, e.a, "growth")

    def visit(self, e):
        g, life = self.growing.get(e.pid), self.by_table.get(e.a)
        if g and life:
            g.found.setdefault(e.a, e)
            life.root.fill(e.time, e.b, "walk")

    on_walk_found = on_loaded_found = visit

    def on_walk_done(self, e):
        if e.pid in self.growing:
            self.growing[e.pid].searched = e

    on_grow_synced = on_walk_done

    def on_grow_ready(self, e):
        g = self.growing.pop(e.pid, None)
        if g:
            g.ready = e
            g.searched = g.searched or e
            g.lives = list(self.by_table.values())
            g.loaded = {cpu: table for cpu, table in self.loaded.items() if cpu != e.cpu}
            g.running.add(self.loaded.get(e.cpu))
            self.uncertain.append(g)

    def on_fault_filled(self, e):
        life = self.by_table.get(e.a)
        if life:
            life.root.fill(e.time, e.b, "fault")

    def on_fault_missing(self, e):
        self.uses.append((e, self.by_table.get(e.a)))

    on_audit_missing = on_fault_missing

    def on_slots_reset(self, e):
        for g in self.growths:
            if e.a <= g.slot < e.a + e.b:
                g.gone = min(g.gone, e.time)
        for root in [self.reference, *(life.root for life in self.by_table.values())]:
            for slot in range(e.a, e.a + e.b):
                root.empty(e.time, slot)

    # --- the two questions ---

    def answer(self):
        for g in self.growths:
            for life in g.lives:
                self.answer_for(g, life)
            if g.lacking:
                self.report(g)
        for e, life in self.uses:
            who = "a fault" if e.name == "fault_missing" else "the auditor"
            text = f"{who} finds that {life.root.name if life else 'a root'} lacks slot {e.b}"
            self.story.findings.append(Finding("missed", e.time, e.time, text))
        self.story.findings.sort(key=lambda f: (f.kind != "missed", f.end - f.start if f.kind != "missed" else f.start))

    def answer_for(self, g, life):
        begin, end = g.store.time, g.ready.time
        if not life.published or life.published.time >= end or (life.dead and life.dead.time <= end):
            return
        # The late copy overlaps with the growth, from the publication on.
        racing = not life.end or life.end.time >= begin
        visit = g.found.get(life.table)
        read = life.words.get((g.slot - FIRST_SLOT) // 64)
        saw = read and bool(read.b >> (g.slot - FIRST_SLOT) % 64 & 1)
        if racing and read:
            covered = saw or visit
            self.arrow("seen" if saw else "unseen" if covered else "missed", g.store, read,
                       f"{life.root.name}'s copy {'sees' if saw else 'does not see'} slot {g.slot}")
            self.arrow("seen" if visit else "unseen" if covered else "missed", life.published, visit or g.searched,
                       f"growth's search {'sees' if visit else 'does not see'} {life.root.name}")
            if covered:
                how = "its copy and the search both see the other" if saw and visit else \
                    "its copy sees the slot" if saw else "the search finds it"
                first = min(begin, life.published.time)
                self.story.findings.append(Finding("race", first, max(end, (life.end or read).time),
                                                   f"slot {g.slot} and {life.root.name} ({life.root.owner}): {how}"))
        if not (visit or saw) and life.end and life.end.time <= end:
            self.lacks(g, life)

    def may_be_behind(self, g, life):
        if self.strategy in UNTIL_TOUCHED:
            return True
        if life.table in g.running or any(g.ready.time < time < g.gone for time in life.loads):
            return False
        return self.strategy in UNTIL_LOADED or bool(life.leaving and life.leaving.time < g.ready.time)

    def lacks(self, g, life):
        """The slot is ready, the root may be loaded, and has not got it."""
        later = next((e for e in life.copies if e.time > g.store.time and (e.a % PAGE) == (g.slot - FIRST_SLOT) // 64
                      and e.b >> (g.slot - FIRST_SLOT) % 64 & 1), None)
        if later:
            self.arrow("seen", g.store, later, f"{life.root.name} gets slot {g.slot} when it is loaded")
        elif not self.may_be_behind(g, life):
            left = life.left if life.left and life.left.time < g.searched.time else None
            life.root.missing.append((g.ready.time, g.slot))
            self.arrow("missed", left or life.published, g.searched, f"growth's search does not see {life.root.name}")
            g.lacking.append((life, left))

    def report(self, g):
        """One finding for a growth, however many roots lack its slot."""
        names = [f"{life.root.name} ({life.root.owner})" for life, _ in g.lacking]
        first = min([g.store.time, *(left.time for _, left in g.lacking if left)])
        who = f"{names[0]} lacks" if len(names) == 1 else f"{', '.join(names[:3])}{' and others' if len(names) > 3 else ''} lack"
        why = ": its task has given it up, and still runs on it" if len(names) == 1 and g.lacking[0][1] else ""
        text = f"{who} slot {g.slot}, which is ready{why}"
        self.story.marks.append(Mark(g.ready.cpu, g.ready.time, "miss", "missed", text))
        self.story.findings.append(Finding("missed", first, g.ready.time, text))

    def arrow(self, kind, start, end, text):
        self.story.arrows.append(Arrow(kind, start.cpu, start.time, end.cpu, end.time, text))


def make(recording, strategy, title, about):
    story = Maker(recording, strategy).make()
    story.title, story.about = title, about
    return story
