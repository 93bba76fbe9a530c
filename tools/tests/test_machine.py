"""The machine handle: whoever init gives it to has the machine, and nobody else."""
import pytest


def test_rights_by_handles(ktap):
    passed = ktap("pgctl=1 -- machine /bin/abitest only=machine", smp=4).passed
    assert "machine.each_boot_file_once" in passed and "machine.init_keeps_it_for_itself" not in passed


def test_init_keeps_it(ktap):
    assert ktap("pgctl=1 -- /bin/abitest only=machine").passed == ["machine.init_keeps_it_for_itself"]


@pytest.mark.parametrize("verdict", ["success", "failure"])
def test_who_has_it_ends_the_machine(boot, verdict):
    """Without pgctl=1: nobody else can."""
    result = boot(f"-- machine /bin/abitest only=poweroff.{verdict}", smp=2)
    assert result.find(f"^freewalk: {verdict}$")
    assert (result.verdict == "pass") == (verdict == "success")
