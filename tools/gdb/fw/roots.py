"""Root tables: fw roots, fw rootdiff, fw slots.

They say what the auditor (mm/pgsync/audit.c) says, from outside and at any moment: also while a growth is half done.
"""
import dataclasses

import gdb

from fw import kernel, layout, paging, rootname, tasks
from fw.command import Command, table

STATE = ("enum root_state", "ROOT_")
CLASS = ("enum root_class", "ROOT_")


def need_strategy():
    if not int(kernel.variable("strategy")):
        kernel.not_yet("the kernel has not chosen its strategy (pgsync_init()); fw walk works")


def kernel_half(address):
    """The 256 kernel entries of the table at `address`, by slot."""
    half = paging.entries_of(address, layout.FIRST_KERNEL, layout.SLOTS - layout.FIRST_KERNEL)
    return dict(enumerate(half, layout.FIRST_KERNEL))


def slot_bits(name):
    """The slots whose bits are set in one of pgsync.c's bitmaps."""
    bits = kernel.variable(name, "mm/pgsync/pgsync.c")
    first, last = bits.type.range()
    return {layout.FIRST_KERNEL + 64 * word + bit for word in range(first, last + 1) for bit in range(64)
            if int(bits[word]) >> bit & 1}


def named(slots):
    """Slots by number and area: "402-404 (vmalloc), 510 (unused)"."""
    by_area = {}
    for slot in sorted(slots):
        by_area.setdefault(layout.area_of(slot), []).append(slot)
    return ", ".join(f"{kernel.ranges(numbers)} ({area})" for area, numbers in by_area.items())


def loads():
    """Address of a struct mm_root to the CPUs that have loaded it, are about to, or are just leaving it."""
    found = {}
    for cpu in kernel.cpus():
        loaded, coming = (int(kernel.per_cpu(name, cpu)) for name in ("cpu_loaded_root", "cpu_next_root"))
        if coming == loaded:
            found.setdefault(loaded, []).append(str(cpu))
        else:
            found.setdefault(coming, []).append(f"{cpu} (loading)")
            found.setdefault(loaded, []).append(f"{cpu} (leaving)")
    return found


@dataclasses.dataclass
class Judgement:
    """One root against the reference."""
    missing: list
    stray: list

    def text(self, root, loaded):
        state = kernel.enum_name(root["state"], *STATE)
        if state not in ("NEW", "READY"):
            return "-"
        parts = []
        if self.missing:
            parts.append(self.excuse(root, state, loaded))
        if self.stray:
            parts.append(f"stray, not in the reference: {named(self.stray)}")
        return "; ".join(parts) or "-"

    def excuse(self, root, state, loaded):
        """A missing slot need not be a fault: the strategy may fill it later (audit_slot())."""
        chosen = kernel.variable("strategy")
        behind = int(root["gen"]) != int(kernel.variable("pgd_gen"))
        if state == "NEW":
            return f"{len(self.missing)} until its late copy is done: {named(self.missing)}"
        if chosen["repairs_faults"]:
            return f"{named(self.missing)}, until the first fault there"
        if chosen["syncs_at_load"] and not loaded and behind:
            return f"{named(self.missing)}, until it is loaded"
        return f"MISSING {named(self.missing)}"


def judge(half, reference):
    return Judgement([s for s in half if paging.present(reference[s]) and not paging.present(half[s])],
                     [s for s in half if paging.present(half[s]) and not paging.present(reference[s])])


class Roots(Command):
    """List every root table, and which kernel slots it lacks.

Usage: fw roots [-a]

First the reference root and the strategy, then a line a root: the address of its struct mm_root, the processes that
have it, state, life (how often the object has been allocated), generation of its last copy, whether it is pinned, the
CPUs that have loaded it, and the slots that the reference has and it has not. A slot that the strategy will fill by
itself is not shouted. Free roots, which wait in a CPU's cache, are only counted; -a lists them too.

Example: fw roots
Reads: the registry of mm/pgsync/root.c, each root's 256 kernel slots, the task table, cpu_loaded_root and
cpu_next_root of each CPU. Takes no lock: what you see may be half done. Changes nothing."""
    name = "roots"
    counts = (0, 1)

    def choices(self, before):
        return ["-a"]

    def run(self, words):
        if words not in ([], ["-a"]):
            raise gdb.GdbError(self.usage())
        need_strategy()
        self.show(bool(words))

    def show(self, everything):
        reference = kernel_half(rootname.reference_table())
        loaded, owners = loads(), tasks.owners()
        roots = list(rootname.registered())
        free = [root for root in roots if kernel.enum_name(root["state"], *STATE) == "FREE"]
        there = [s for s in reference if paging.present(reference[s])]
        swapper = kernel.variable("swapper_root")
        print(f"strategy {kernel.variable('strategy')['name'].string()}, generation {int(kernel.variable('pgd_gen'))}, "
              f"{len(there)} slots present in the reference root: {named(there)}")
        if kernel.variable("roots_pinned"):
            print("all roots are pinned: their tables are read-only")
        rows = [("root", "owner", "class", "state", "life", "gen", "pinned", "CPUs", "missing slots"),
                self.row(swapper, "the reference", loaded, None)]
        rows += [self.row(root, owners.get(int(root.address), "no process"), loaded,
                          judge(kernel_half(int(root["pgd"])), reference))
                 for root in roots if everything or kernel.enum_name(root["state"], *STATE) != "FREE"]
        table(rows)
        print(f"{len(roots)} roots, {len(free)} of them free")

    @staticmethod
    def row(root, owner, loaded, judgement):
        address = int(root.address)
        cpus = loaded.get(address, [])
        return (f"{address:#x}", owner, kernel.enum_name(root["class"], *CLASS), kernel.enum_name(root["state"], *STATE),
                int(root["life"]), int(root["gen"]), "yes" if root["pinned"] else "no", ",".join(cpus) or "-",
                judgement.text(root, bool(cpus)) if judgement else "-")


class RootDiff(Command):
    """Compare the kernel halves of two root tables.

Usage: fw rootdiff A B

A and B name roots as for `fw walk`: `ref`, `cpuN`, a pid, or an address. Prints a line for each of the 256 kernel
slots that differs, with what each root has there. A difference in the accessed bit alone is none. The user halves are
each process's own and are not compared.

Example: fw rootdiff ref 12
Reads: both tables through the direct map. Changes nothing."""
    name = "rootdiff"
    counts = (2, 2)

    def choices(self, before):
        return rootname.words()

    def run(self, words):
        layout.need_direct_map()
        a, b = map(rootname.find, words)
        first, second = kernel_half(a.table), kernel_half(b.table)
        level = layout.levels()
        rows = [(s, layout.area_of(s), paging.describe(first[s], level), paging.describe(second[s], level))
                for s in first if not paging.same(first[s], second[s])]
        print(f"A: {a.label}\nB: {b.label}")
        if rows:
            table([("slot", "area", "A", "B"), *rows])
        print(f"{len(rows)} of {len(first)} kernel slots differ" if len(rows) != 1 else
              f"1 of {len(first)} kernel slots differs")


class Slots(Command):
    """Show the 256 kernel slots: what each is for, and how far it has come.

Usage: fw slots

Slots with the same answers are one line. `present`: the reference root has it. `ready`: every root has it, and it may
be used (kroot_ready()). `birth`: every root has had it since it was made (kroot_from_birth()). A slot that is present
and not ready is being grown at this moment.

Example: fw slots
Reads: swapper_pg_dir, pgd_ready, pgd_birth. Changes nothing."""
    name = "slots"

    def run(self, words):
        layout.need_direct_map()
        reference = kernel_half(rootname.reference_table())
        ready, birth = slot_bits("pgd_ready"), slot_bits("pgd_birth")
        if not int(kernel.variable("strategy")):
            print("not yet: the strategy is not chosen (pgsync_init()), so no slot is ready")
        runs = []
        for slot, entry in reference.items():
            what = (layout.area_of(slot), "present" if paging.present(entry) else "-", "ready" if slot in ready else "-",
                    "birth" if slot in birth else "-")
            if runs and runs[-1][0] == what:
                runs[-1][1].append(slot)
            else:
                runs.append((what, [slot]))
        table([("slots", "from", "area", "present", "ready", "birth")] +
              [(kernel.ranges(slots), f"{layout.slot_address(slots[0]):#x}", *what) for what, slots in runs])
        growing = [s for s in reference if paging.present(reference[s]) and s not in ready]
        print(f"{sum(map(paging.present, reference.values()))} present, {len(ready)} ready, {len(birth)} from birth"
              + (f"; being grown: {named(growing)}" if growing and int(kernel.variable("strategy")) else ""))
