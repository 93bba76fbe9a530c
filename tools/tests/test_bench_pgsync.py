"""The comparison of the strategies: that every figure is there, that counts are in the order that the strategies' code says,
that what is counted from outside agrees with what the guest reads from its clock, and that the model is solved rightly."""
import csv
import math
import subprocess
import xml.etree.ElementTree

import pytest
from conftest import ROOT

from bench_pgsync import model, report, runs, sharing

STRATEGIES = ["walk", "walk-v2", "list", "fault", "prealloc", "loadwalk", "none"]


@pytest.fixture(scope="module")
def costs():
    """costs(strategy), measured once."""
    found = {}
    return lambda strategy: found.get(strategy) or found.setdefault(strategy, runs.costs(strategy, n=20))


@pytest.fixture(scope="module")
def windows():
    """windows(strategy), counted once."""
    found, symbols = {}, sharing.Symbols()
    return lambda strategy: found.get(strategy) or found.setdefault(strategy, runs.counted(strategy, symbols, n=50))


# --- what is measured ---

@pytest.mark.parametrize("strategy", STRATEGIES)
def test_costs_of_a_strategy(costs, strategy):
    found = costs(strategy)
    root, work = found["root"], found["workload"]
    assert 0 < report.root_total({"costs": found}) <= report.ROOT_AIM
    assert root["mean"] < 1.1 * report.root_total({"costs": found})
    assert report.root_total({"costs": found}) < found["fork"]
    assert found["switches"] > 0
    filled = (work["late_syncs"], work["fault_syncs"], work["missing"])
    every = work["touches"]
    assert every == 64
    # Only these repair late, and each of them every slot of every old process exactly once.
    assert filled == {"loadwalk": (every, 0, 0), "fault": (0, every, 0), "none": (0, 0, every)}.get(strategy, (0, 0, 0))
    assert (found["missing"] == 0) == (strategy != "none")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_growth_visits_whom_the_strategy_visits(costs, strategy):
    points = {point["tasks"]: point for point in costs(strategy)["growth"]}
    assert sorted(points) == [1, 64, 512, 2048]
    few, many = points[64], points[2048]
    if strategy == "prealloc":
        assert not any(point["growths"] for point in points.values())
        return
    assert all(point["growths"] == 5 for point in points.values())
    more = many["visits"] - few["visits"]
    if strategy in ("walk", "walk-v2", "list"):
        assert more == 2048 - 64
        assert many["ticks"] > few["ticks"] + more  # at least an instruction for each
    else:
        assert more == 0 and few["visits"] == (strategy == "loadwalk")
        assert many["ticks"] == few["ticks"]


def test_memory(costs):
    pages = {strategy: costs(strategy)["memory"]["free_pages"] for strategy in STRATEGIES}
    assert len({pages[strategy] for strategy in STRATEGIES if strategy != "prealloc"}) == 1
    assert 200 < pages["none"] - pages["prealloc"] <= 256


def test_a_root_is_a_small_part_of_a_fork(costs):
    walk, prealloc = costs("walk"), costs("prealloc")
    assert 1 < walk["fork"] / prealloc["fork"] < 1 + report.NEAR
    # Each switch of `walk` has a barrier and a comparison more.
    assert 0 < walk["switches"] - prealloc["switches"] < 40


# --- what is counted from outside ---

def test_locks_and_shared_lines_of_a_root(windows):
    walk, listed = windows("walk")[sharing.ROOT_LIFE], windows("list")[sharing.ROOT_LIFE]
    assert (walk.locked, walk.fences, walk.written()) == (0, 1, 0)
    assert listed.locked >= walk.locked + 2
    assert listed.fences == 0
    assert {line.name for line in listed.lines.values()} >= {"pgd_lock", "pgd_list"}
    lock = next(line for line in listed.lines.values() if line.name == "pgd_lock")
    assert lock.taken == 2 and lock.held > 100  # the copy is made under it
    assert listed.written(of_roots=True) == listed.written() >= 3


def test_a_fork_shares_lines_of_roots_with_list_alone(windows):
    assert windows("walk")[sharing.FORK].written(of_roots=True) == 0
    assert windows("list")[sharing.FORK].written(of_roots=True) >= 2
    # Everything else of the kernel: there is such a thing, or the method sees nothing.
    assert windows("walk")[sharing.FORK].written(of_roots=False) > 0


def test_the_count_repeats_and_agrees_with_the_clock(costs, windows):
    again, _ = runs.count("walk", "/bin/pgbench marked n=50", 4)
    assert sharing.read(again, sharing.Symbols()) == windows("walk")
    clock, count = report.root_total({"costs": costs("walk")}), windows("walk")[sharing.ROOT_LIFE].instructions
    assert abs(clock / count - 1) < 0.05


def test_the_clock_counts_the_grower_alone():
    path, result = runs.count("walk", "/bin/pgbench growth tasks=16", 8)
    window = sharing.read(path, sharing.Symbols())[sharing.GROWTH]
    clock = runs.fields(result.lines, "growth")[0]["mean"]
    assert clock > 5000 and abs(window.instructions - clock) < 20


# --- the reader of counts ---

class Names:
    """Stands in for the kernel's symbols: a lock of the roots at 0x1000, all else unnamed."""

    of_roots = {"pgd_lock"}

    @staticmethod
    def find(address):
        return ("pgd_lock", 0) if address == 0x1000 else (None, 0)


def test_reader(tmp_path):
    path = tmp_path / "counts"
    path.write_text("\n".join([
        "window 2 cpu 0 passes 10 instructions 1000 locked 20 fences 10",
        "window 2 cpu 1 passes 10 instructions 3000 locked 40 fences 0",
        "line 2 paddr 0x1000 vaddr 0x1000 pc 0x1 cpu 0 touched 10 written 10 locked 20 under 0 inside 0",
        "lock 2 paddr 0x1000 vaddr 0x1000 cpu 0 taken 20 held 500",
        "line 2 paddr 0x1000 vaddr 0x1000 pc 0x1 cpu 1 touched 10 written 10 locked 20 under 0 inside 0",
        "lock 2 paddr 0x1000 vaddr 0x1000 cpu 1 taken 20 held 500",
        # Touched under the lock; CPU 1 only reads.
        "line 2 paddr 0x2000 vaddr 0x2000 pc 0x1 cpu 0 touched 10 written 10 locked 0 under 0x1004 inside 10",
        "line 2 paddr 0x2000 vaddr 0x2000 pc 0x1 cpu 1 touched 10 written 0 locked 0 under 0x1004 inside 9",
        # Read by both, and written by one alone: not shared.
        "line 2 paddr 0x3000 vaddr 0x3000 pc 0x1 cpu 0 touched 10 written 0 locked 0 under 0 inside 0",
        "line 2 paddr 0x3000 vaddr 0x3000 pc 0x1 cpu 1 touched 10 written 0 locked 0 under 0 inside 0",
        "line 2 paddr 0x4000 vaddr 0x4000 pc 0x1 cpu 0 touched 10 written 10 locked 0 under 0 inside 0",
    ]) + "\n", encoding="ascii")
    window = sharing.read(path, Names())[2]
    assert (window.instructions, window.locked, window.fences) == (200, 3, 0.5)
    assert sorted(window.lines) == [0x1000 >> 6, 0x2000 >> 6]
    lock, data = window.lines[0x1000 >> 6], window.lines[0x2000 >> 6]
    assert (lock.name, lock.of_roots, lock.taken, lock.held) == ("pgd_lock", True, 2, 50)
    assert (data.touched, data.written, data.under, data.of_roots) == (1, 0.5, 0x1000 >> 6, False)
    assert window.written() == 1.5 and window.written(of_roots=True) == 1

    # The lock serves while it is held, is taken twice, and fetches the line that is touched under it.
    think, stations = model.split(window)[True]
    assert think == 0
    assert stations == {"pgd_lock": 50 * model.CYCLES_PER_INSTRUCTION
                        + 2 * (model.CYCLES_LOCKED + model.CYCLES_TRANSFER) + model.CYCLES_TRANSFER}
    assert model.own_work(window) == 150 * model.CYCLES_PER_INSTRUCTION + 1.5 * model.CYCLES_LOCKED


# --- the model ---

def test_model_by_hand():
    # think 4, demands 1 and 2: 1/(4+3), then queues 1/7, 2/7, and so on, in fractions on paper.
    assert model.throughput(4, [1, 2], 3) == pytest.approx([1 / 7, 7 / 27, 81 / 233])


def test_model_without_stations_is_linear():
    assert model.throughput(5, [], 4) == pytest.approx([1 / 5, 2 / 5, 3 / 5, 4 / 5])


def test_model_of_one_station_is_the_machine_repairman():
    think, demand, n = 10.0, 2.0, 12
    idle = 1 / sum(math.factorial(n) / math.factorial(n - k) * (demand / think)**k for k in range(n + 1))
    assert model.throughput(think, [demand], n)[-1] == pytest.approx((1 - idle) / demand)


def test_model_of_balanced_stations():
    assert model.throughput(0, [3, 3, 3], 7)[-1] == pytest.approx(7 / ((7 + 3 - 1) * 3))


def test_speedup_ends_where_the_longest_station_is_always_busy():
    values = model.speedup(model.Network(think=900, stations={"lock": 90, "line": 10, "rare": 1e-6}), 1000)
    assert values[0] == pytest.approx(1)
    assert values[-1] == pytest.approx(1000 / 90, rel=1e-3)
    assert all(low <= high + 1e-9 for low, high in zip(values, values[1:]))


# --- the whole ---

def bench(*arguments):
    return subprocess.run(["tools/bench-pgsync", *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=300)


def test_table_and_csv_have_every_figure(tmp_path):
    out = tmp_path / "figures"
    done = bench("--strategies", "list loadwalk", "--n", "20", "--rounds", "0", "--fork-cpus", "1,2", "--out", str(out))
    assert done.returncode == 0, done.stdout
    with open(f"{out}.csv", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    figures = {strategy: {(row["figure"], row["parameter"]) for row in rows
                          if row["strategy"] == strategy and not row["figure"].startswith("station ")}
               for strategy in ("list", "loadwalk")}
    assert figures["list"] == figures["loadwalk"] and len(figures["list"]) > 50
    predicted = {row["strategy"]: float(row["value"]) for row in rows
                 if (row["figure"], row["parameter"]) == ("speed-up, roots alone", "cpus=4096")}
    assert predicted["list"] < 100 and predicted["loadwalk"] > 4000
    assert "a root's life" in done.stdout and "MODEL" in done.stdout


def test_plot(tmp_path):
    pytest.importorskip("matplotlib", reason="python3-matplotlib is not installed; only `make bench-pgsync` needs it")
    from bench_pgsync import plot
    growths = [{"tasks": tasks, "ticks": 100 * tasks, "growths": 5} for tasks in (1, 64, 512, 2048)]
    figures = {strategy: {"costs": {"root": {"alloc": 10, "late_copy": 20, "free": 30}, "growth": growths},
                          "growth": {cpus: growths[1] for cpus in (1, 8, 64)}} for strategy in STRATEGIES}
    lines = {strategy: [1.0, 1.9, 2.7] for strategy in STRATEGIES}
    files = []
    for name in ("first.svg", "second.svg"):
        plot.draw(tmp_path / name, figures, 700, (lines, lines), {"walk": [(1, 1.0)]}, {"walk": (0.9, 1.0, 1.1)}, 5)
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]
    text = " ".join(xml.etree.ElementTree.fromstring(files[0]).itertext())
    assert text.count("MODEL") == 2 and all(strategy in text for strategy in STRATEGIES)


def test_unknown_strategy_is_refused():
    done = bench("--strategies", "walk wlak")
    assert done.returncode == 2 and "wlak" in done.stdout and "loadwalk" in done.stdout
