"""Mutants: the table is complete, those that are quick are seen by their tests, and the tool does not pass what is wrong."""
import os
import subprocess

import conftest
import pytest


def mutants(*arguments, **options):
    done = subprocess.run(["tools/mutants", *arguments], cwd=conftest.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **options)
    return done.returncode, done.stdout


def test_table_sources_and_tests_name_each_other():
    status, text = mutants("--check")
    assert status == 0, text


def test_an_unknown_mutant_is_told_the_known_ones():
    status, text = mutants("no_such_mutant")
    assert status == 1 and "not in tools/mutants.tsv: no_such_mutant; known: " in text and "fork_wmb" in text


def test_the_quick_ones_are_seen():
    status, text = mutants("--subset")
    assert status == 0, text


@pytest.fixture
def table(tmp_path):
    """table(change): the real table with `change` applied to the row of walk_no_loaded, in a file of its own."""
    def write(change):
        with open(os.path.join(conftest.ROOT, "tools/mutants.tsv"), encoding="utf-8") as f:
            lines = [change(line) if line.startswith("walk_no_loaded\t") else line for line in f]
        path = tmp_path / "mutants.tsv"
        path.write_text("".join(lines))
        return str(path)
    return write


def test_a_mutant_that_its_test_does_not_see_is_a_failure(table):
    name = "pgsync.clean_roots_have_nothing_missing"
    path = table(lambda line: "\t".join(name if i == 3 else cell for i, cell in enumerate(line.split("\t"))))
    status, text = mutants("--table", path, "walk_no_loaded")
    assert status == 1 and f"not seen by {name}" in text


def test_a_mutant_that_other_tests_see_too_is_a_failure(table):
    path = table(lambda line: "\t".join(cell.split(",")[0] if i == 3 else cell for i, cell in enumerate(line.split("\t"))))
    status, text = mutants("--table", path, "walk_no_loaded")
    assert status == 1 and "also seen by" in text
