"""tools/pgmodel: its tables, its printed interleavings, and that it sees what is missing."""
import os
import re
import subprocess

import conftest
import pytest

RUN = os.path.join(conftest.ROOT, "tools/pgmodel/run")

# The table of the protocol's litmus tests: broken under neither memory model, under TSO alone, under both.
HOLD = "F4 F6 E1 E2 E3 P2 P3 V2 G3 G4 N2 H1".split()
NEED_TSO = "F1 F2 F3 F5 F9 H2 H3".split()
BROKEN = "F7 F8 R1 P1 G1 V1 R2 G2 G5 N1 H4".split()
# What x86 allows and SC does not; everything else in the table is allowed by both or by none.
ONLY_TSO = {"SB", "SB+wmb+mb", "n6"}
NEVER = {"SB+mb+mb", "SB+xchg+mb", "MP", "LB", "2+2W", "IRIW", "add+lock-prefix", "add+lock"}


def run(*options):
    """Returns (exit status, output)."""
    done = subprocess.run([RUN, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
    return done.returncode, done.stdout


def checks(output):
    """{name: (ok, verdict, states)} of the lines that are one a check."""
    found = re.findall(r"^(ok|not ok) (\S+)  (\w+), expected: \w+, (\d+) states", output, re.M)
    return {name: (ok == "ok", verdict, int(states)) for ok, name, verdict, states in found}


def failed(output):
    return {name for name, (ok, _, _) in checks(output).items() if not ok}


@pytest.fixture(scope="module")
def default_set():
    status, output = run("--lines")
    assert status == 0, output[-2000:]
    return checks(output)


def verdicts(found, group, name):
    return tuple(found[f"{group}.{name}.{model}"][1] for model in ("sc", "tso"))


def test_the_explorer_knows_x86(default_set):
    names = {name.split(".")[1] for name in default_set if name.startswith("engine.")}
    for name in names:
        expected = ("holds", "broken") if name in ONLY_TSO else ("holds", "holds") if name in NEVER else ("broken", "broken")
        assert verdicts(default_set, "engine", name) == expected, name
    assert names >= ONLY_TSO | NEVER | {"add", "ABBA", "use-after-free"}


def test_litmus_table(default_set):
    names = {name.split(".")[1] for name in default_set if name.startswith("litmus.")}
    assert names == {*HOLD, *NEED_TSO, *BROKEN}
    for rows, expected in ((HOLD, ("holds", "holds")), (NEED_TSO, ("holds", "broken")), (BROKEN, ("broken", "broken"))):
        for name in rows:
            assert verdicts(default_set, "litmus", name) == expected, name


def test_scenarios(default_set):
    """The four strategies that claim to be complete hold everywhere; walk-v2 and none are broken where they must be."""
    scenarios = {name.split(".")[1] for name in default_set if name.startswith("model.")} - {"change"}
    shootdown = {name for name in scenarios if name.startswith("shoot_")}
    assert shootdown >= {"shoot_load", "shoot_lazy", "shoot_two", "shoot_table"}
    for scenario in shootdown:
        assert verdicts(default_set, "model", f"{scenario}.walk") == ("holds", "holds"), scenario
    scenarios -= shootdown
    assert scenarios >= {"fork_grow", "fork2_grow2", "exec_grow2", "exit_grow", "lazy_grow", "lazy_exit", "pin_grow", "same_slot", "piggyback"}
    for scenario in scenarios:
        for strategy in ("walk", "list", "fault", "prealloc", "loadwalk"):
            assert verdicts(default_set, "model", f"{scenario}.{strategy}") == ("holds", "holds"), (scenario, strategy)
        assert verdicts(default_set, "model", f"{scenario}.none") == ("broken", "broken"), scenario
    for scenario in ("fork_grow", "fork_new", "fork2_grow2"):
        assert verdicts(default_set, "model", f"{scenario}.walk-v2") == ("holds", "broken"), "I1"
    for scenario in ("exit_grow", "lazy_grow", "lazy_self", "lazy_exit", "pin_grow"):
        assert verdicts(default_set, "model", f"{scenario}.walk-v2") == ("broken", "broken"), "I13 to I15"


def test_all_orders_are_explored(default_set):
    """Two forks and two growths meet in many states; a search that stops early would tell them apart no more."""
    assert default_set["model.fork2_grow2.walk.tso"][2] > 10000
    assert default_set["litmus.F4.tso"][2] >= 5


def test_reductions_change_no_verdict():
    """Every access a choice point, or only those that need be: the same verdicts, by far more states."""
    for group in ("engine.", "litmus.", "model.lazy_grow."):
        _, reduced = run("--lines", "--only", group)
        _, whole = run("--lines", "--only", group, "--no-reduction")
        reduced, whole = checks(reduced), checks(whole)
        assert {n: c[1] for n, c in reduced.items()} == {n: c[1] for n, c in whole.items()}
        assert sum(c[2] for c in whole.values()) > 2 * sum(c[2] for c in reduced.values())


def line_with(path, text):
    """`path:line` of the only line that holds the text."""
    with open(os.path.join(conftest.ROOT, path), encoding="utf-8") as f:
        numbers = [n for n, line in enumerate(f, 1) if text in line]
    assert len(numbers) == 1, f"{path}: {text!r} stands in {numbers}"
    return f"{path}:{numbers[0]}"


def test_an_interleaving_names_both_sides():
    """The series' second version under TSO: the late copy reads before the publication is seen, and the walk after it."""
    status, output = run("--show", "model.fork_grow.walk-v2.tso")
    assert status == 0
    steps = re.split(r"(?m)^ +(?=\d+  CPU )", output)[1:]
    assert [int(s.split()[0]) for s in steps] == list(range(1, len(steps) + 1))
    copy = next(s for s in steps if line_with("mm/pgsync/walk_v2.c", "copy_kernel_half(root);") in s)
    assert copy.split()[1:4] == ["CPU", "0", "fork"]
    publish = next(s for s in steps if "in its store buffer" in s and "kernel/task_table.c" in s and "CPU 0 fork" in s)
    drain = next(s for s in steps if "drained: " in s and "kernel/task_table.c" in s)
    walk = next(s for s in steps if line_with("mm/pgsync/walk_v2.c", "for_each_task_root(fill_slot, &slot);") in s)
    assert walk.split()[1:4] == ["CPU", "1", "grow"]
    assert steps.index(publish) < steps.index(copy) < steps.index(walk) < steps.index(drain)
    assert "store reference slot 403" in output
    assert re.search(r"Wrong: .*slot 403", output)
    assert "Again: tools/pgmodel/run --show model.fork_grow.walk-v2.tso" in output


@pytest.mark.parametrize("mutant, seen", [
    ("fork_wmb", {"model.fork2_grow2.walk.tso"}),
    ("grow_fence", {"model.fork_grow.walk.tso", "model.pin_grow.loadwalk.tso"}),
    ("load_fence", {"model.pin_grow.walk.tso", "model.pin_grow.loadwalk.tso"}),
    ("walk_no_loaded", {"model.lazy_grow.walk.sc", "model.lazy_self.walk.sc"}),
    ("walk_no_rcu", {"model.exit_grow.walk.sc"}),
    ("load_forgets_left", {"model.lazy_exit.walk.sc", "model.exec_grow.loadwalk.sc"}),
    ("resume_fence", {"model.shoot_lazy.walk.tso"}),
    ("tables_spare_lazy", {"model.shoot_table.walk.sc"}),
])
def test_what_is_missing_is_seen(mutant, seen):
    status, output = run("--mutant", mutant, "--only", "model.")
    assert status == 1
    missing = failed(output)
    assert seen <= missing
    if "fence" in mutant or mutant == "fork_wmb":
        assert not [name for name in missing if name.endswith(".sc")], "no order of SC can show a missing fence"


def test_a_changed_slot_is_refused_and_without_refusal_wrong():
    _, refused = run("--lines", "--only", "model.change.")
    assert refused.count("assertion failed: slot_same(old, entry)") == 2
    _, wrong = run("--mutant", "slot_value", "--only", "model.change.")
    assert "assertion" not in wrong
    assert wrong.count("leads to one table in") == 2


def test_unknown_names_are_refused():
    status, output = run("--show", "model.fork_grow.wlak.tso")
    assert status == 2 and "no check of that name" in output
    status, output = run("--mutant", "no_such_mutant", "--only", "engine.SB.")
    assert status == 2 and "no_such_mutant" in output
