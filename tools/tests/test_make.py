"""What a person types: `make run`, for its exit status and its last line, through GRUB on BIOS; `make shell`."""
from conftest import make


def test_run_passes():
    status, lines = make("run", "NCPU=4", "DURATION=2", "SEED=3")
    assert status == 0
    assert lines[-1] == "RUN: PASS"
    assert any(line.startswith("PGSTRESS: PASS") for line in lines)


def test_run_fails_without_propagation():
    status, lines = make("run", "NCPU=4", "DURATION=2", "PGSYNC=none")
    assert status != 0
    assert lines[-2].startswith("RUN: FAIL") or lines[-1].startswith("RUN: FAIL")
    assert "RUN: PASS" not in lines


def test_help_is_the_default():
    status, lines = make()
    assert status == 0 and any(line.startswith("make test") for line in lines)
