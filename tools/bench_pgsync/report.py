"""The text table and the rows of the CSV file, from what runs.py measured and model.py made of it."""
from bench_pgsync import sharing

ROOT_AIM = 700  # instructions of a root's life
LINUX_ROOT = 1_925 + 74  # Linux 6.1 in the same QEMU: 2.7 % of its fork
NEAR = 0.05  # `walk` to `prealloc`
SHOWN_CPUS = (1, 16, 64, 256, 1024, 4096)


def slots_filled(figure):
    work = figure["costs"]["workload"]
    return work["late_syncs"], work["fault_syncs"], work["missing"]


def root_total(figure):
    return sum(figure["costs"]["root"][key] for key in ("alloc", "late_copy", "free"))


def fork_share(figure):
    return root_total(figure) / figure["costs"]["fork"]


def extra_pages(figures, strategy):
    """Pages gone at boot that `none` still has; None without `none` in the run."""
    if "none" not in figures:
        return None
    return figures["none"]["costs"]["memory"]["free_pages"] - figures[strategy]["costs"]["memory"]["free_pages"]


def root_bytes(figure, strategy):
    """Of struct mm_root: what this strategy alone needs."""
    memory = figure["costs"]["memory"]
    return {"list": memory["list_node"], "walk": memory["generation"], "loadwalk": memory["generation"]}.get(strategy, 0)


def number(value, form=",.0f"):
    return "-" if value is None else format(value, form)


class Table:
    """Rows of one figure for each strategy."""

    def __init__(self, figures):
        self.figures = figures
        self.lines = [f"{'':46}" + "".join(f"{name:>11}" for name in figures)]

    def head(self, text):
        self.lines += ["", text]

    def row(self, label, value, form=",.0f"):
        """value(strategy, figure)."""
        cells = (number(value(strategy, figure), form) for strategy, figure in self.figures.items())
        self.lines.append(f"  {label:44}" + "".join(f"{cell:>11}" for cell in cells))


def against(figures, key):
    """value(strategy, figure): cost `key` less than that of prealloc."""
    base = figures["prealloc"]["costs"][key] if "prealloc" in figures else None
    return lambda _, figure: None if base is None else figure["costs"][key] - base


def grown(point):
    return point["ticks"] if point["growths"] else None


def cost_rows(table, figures):
    table.head("Instructions, one CPU (a root's life: pgd_alloc, late copy, pgd_free; warm)")
    for key in ("alloc", "late_copy", "free"):
        table.row(key.replace("_", " "), lambda _, figure, key=key: figure["costs"]["root"][key])
    table.row("a root's life", lambda _, figure: root_total(figure))
    table.row("fork + exit + wait", lambda _, figure: figure["costs"]["fork"])
    table.row("a root's share of it, %", lambda _, figure: 100 * fork_share(figure), ".1f")
    table.row("fork + exit + wait, more than prealloc", against(figures, "fork"), "+,.0f")
    table.row("two context switches", lambda _, figure: figure["costs"]["switches"])
    table.row("one switch, more than prealloc", lambda s, figure: half(against(figures, "switches")(s, figure)), "+,.1f")


def half(value):
    return None if value is None else value / 2


def growth_rows(table, figures):
    table.head("Instructions of one growth (-: nothing ever grows)")
    first = next(iter(figures.values()))
    for at, point in enumerate(first["costs"]["growth"]):
        table.row(f"{point['tasks']:,} sleeping processes, 1 CPU",
                  lambda _, figure, at=at: grown(figure["costs"]["growth"][at]))
    for cpus in sorted(first["growth"])[1:]:
        table.row(f"64 sleeping processes, {cpus} CPUs", lambda _, figure, cpus=cpus: grown(figure["growth"][cpus]))
    table.row("slots found missing by the audit after it", lambda _, figure: figure["costs"]["missing"])


def repair_rows(table, figures):
    table.head(f"Late repairs: {next(iter(figures.values()))['costs']['workload']['touches']} touches of new slots by old processes")
    for at, label in enumerate(("slots filled when a root is loaded", "slots filled by the fault handler", "missing: WRONG")):
        table.row(label, lambda _, figure, at=at: slots_filled(figure)[at])


def memory_rows(table, figures):
    table.head("Memory")
    table.row("pages taken for good, more than none", lambda strategy, _: extra_pages(figures, strategy))
    table.row("bytes of each root that it alone needs", lambda strategy, figure: root_bytes(figure, strategy))


def sharing_rows(table):
    for window, what in ((sharing.ROOT_LIFE, "a root's life"), (sharing.FORK, "fork + exit + wait")):
        table.head(f"Counted in {what}, 4 CPUs at once, average")
        for key, label in (("instructions", "instructions"), ("locked", "locked operations"), ("fences", "full barriers")):
            table.row(label, lambda _, figure, key=key: getattr(figure["windows"][window], key), ",.1f")
        table.row("shared lines written, of the roots", lambda _, figure: figure["windows"][window].written(True), ",.2f")
        table.row("shared lines written, others", lambda _, figure: figure["windows"][window].written(False), ",.2f")


def fork_rows(table, figures, spread, rounds):
    table.head("Instructions for one fork + exit + wait, a loop on each CPU, all CPUs together")
    for cpus in next(iter(figures.values()))["forks"]:
        table.row(f"{cpus} CPUs", lambda _, figure, cpus=cpus: figure["forks"][cpus])
    table.head(f"Forks for a second of host CPU time, 64 CPUs, multi-threaded emulation: ratio to prealloc, {rounds} rounds")
    for at, label in ((1, "median"), (0, "lowest"), (2, "highest")):
        table.row(label, lambda strategy, _, at=at: spread[strategy][at] if strategy in spread else None, ".2f")


def model_rows(table, networks, speedups):
    for which, what in ((0, "if the roots alone were shared"), (1, "with all that the kernel shares")):
        table.head(f"MODEL, {what}: throughput in units of one CPU")
        table.row("longest service at one station, cycles", lambda s, _, w=which: longest(networks[s][w])[1])
        for cpus in SHOWN_CPUS:
            table.row(f"{cpus:,} CPUs", lambda s, _, w=which, n=cpus: speedups[w][s][n - 1], ",.1f")


def longest(network):
    """(name, cycles) of the station that saturates first."""
    return max(network.stations.items(), key=lambda item: item[1], default=("none", 0.0))


def verdict(good):
    return "reached" if good else "NOT reached"


def conclusions(figures, networks, speedups):
    """Sentences: what was expected, and whether it is so."""
    lines = [""]
    correct = {name: figure for name, figure in figures.items() if name not in ("none", "walk-v2")}
    dearest = max(correct, key=lambda name: root_total(figures[name]), default=None)
    if dearest:
        life = root_total(figures[dearest])
        lines.append(f"A root's life, at most {ROOT_AIM} instructions: {verdict(life <= ROOT_AIM)} ({dearest} {life}; "
                     f"Linux 6.1: {LINUX_ROOT:,}, 2.7 % of its fork; here {100 * fork_share(figures[dearest]):.1f} %).")
    if {"walk", "prealloc"} <= set(figures):
        ratio = figures["walk"]["costs"]["fork"] / figures["prealloc"]["costs"]["fork"]
        lines.append(f"walk within {NEAR:.0%} of prealloc on fork: {verdict(abs(ratio - 1) <= NEAR)} ({ratio - 1:+.1%}).")
    for which, what in ((0, "the roots alone"), (1, "the whole fork")):
        limits = {name: networks[name][which].alone / longest(networks[name][which])[1] for name in figures
                  if longest(networks[name][which])[1]}
        text = ", ".join(f"{name} {limit:,.0f} ({longest(networks[name][which])[0]})" for name, limit in limits.items())
        lines.append(f"Model, {what}: throughput ends at that of so many CPUs: {text or 'nowhere'}; "
                     f"no end: {', '.join(name for name in figures if name not in limits) or 'none of them'}.")
    return lines


def table(figures, networks, speedups, spread, rounds):
    result = Table(figures)
    cost_rows(result, figures)
    growth_rows(result, figures)
    repair_rows(result, figures)
    memory_rows(result, figures)
    sharing_rows(result)
    fork_rows(result, figures, spread, rounds)
    model_rows(result, networks, speedups)
    return result.lines + conclusions(figures, networks, speedups)


def rows(figures, networks, speedups, counted, ratios):
    """strategy, figure, parameter, value, unit, kind (measured, counted, model)."""
    for strategy, figure in figures.items():
        costs = figure["costs"]
        for key in ("alloc", "late_copy", "free", "mean"):
            yield strategy, f"root {key}", "", costs["root"][key], "instructions", "measured"
        yield strategy, "fork", "", costs["fork"], "instructions", "measured"
        yield strategy, "two switches", "", costs["switches"], "instructions", "measured"
        for point in costs["growth"]:
            yield strategy, "growth", f"tasks={point['tasks']} cpus=1", grown(point), "instructions", "measured"
        for cpus, point in figure["growth"].items():
            yield strategy, "growth", f"tasks={point['tasks']} cpus={cpus}", grown(point), "instructions", "measured"
        yield strategy, "missing after growth", "", costs["missing"], "slots", "counted"
        for key, value in costs["workload"].items():
            yield strategy, f"workload {key}", "", value, "slots", "counted"
        for key, value in costs["memory"].items():
            yield strategy, f"memory {key}", "", value, "pages" if key == "free_pages" else "bytes", "measured"
        for window, what in ((sharing.ROOT_LIFE, "root"), (sharing.FORK, "fork")):
            seen = figure["windows"][window]
            for key in ("instructions", "locked", "fences"):
                yield strategy, f"counted {key}", what, round(getattr(seen, key), 3), "a pass", "counted"
            for of_roots in (True, False):
                yield (strategy, f"shared lines written, {'roots' if of_roots else 'others'}", what,
                       round(seen.written(of_roots), 3), "a pass", "counted")
        for cpus, cost in figure["forks"].items():
            yield strategy, "fork, all CPUs", f"cpus={cpus}", round(cost), "instructions", "counted"
        for cpus, value in counted[strategy]:
            yield strategy, "speed-up", f"cpus={cpus}", round(value, 3), "one CPU", "counted"
        for at, value in enumerate(ratios.get(strategy, [])):
            yield strategy, "forks for host CPU time, 64 CPUs", f"round={at + 1}", round(value, 3), "prealloc", "measured"
        for which, what in ((0, "roots alone"), (1, "whole fork")):
            for name, cycles in sorted(networks[strategy][which].stations.items()):
                if cycles < 1:
                    continue  # hundreds of hash buckets, each met seldom
                yield strategy, f"station {name}", what, round(cycles, 1), "cycles", "model"
            values = speedups[which][strategy]
            for cpus in [2**power for power in range(13)]:
                yield strategy, f"speed-up, {what}", f"cpus={cpus}", round(values[cpus - 1], 3), "one CPU", "model"
