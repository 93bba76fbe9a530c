"""What the system tests share: the fixtures boot(), boot_ok() and ktap() over tools/qemu.py."""
import os
import re
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
sys.dont_write_bytecode = True

import qemu  # noqa: E402 (its path is set above)
from ktap import parse_ktap  # noqa: E402

# The line on which a guest that did all its work ends, by what it was asked to do.
STRESS_PASS = r"^PGSTRESS: PASS"


def pytest_configure(config):
    config.addinivalue_line("markers", "more: takes long; for `make test-all`, and not for `make test`")


def make(*arguments):
    """
    Runs make as a person would; returns (exit status, lines). CI stays: other flags of the compiler would build all again.
    """
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "--no-print-directory", *arguments], cwd=ROOT, env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=300)
    print(done.stdout[-4000:])
    return done.returncode, done.stdout.strip().splitlines()


@pytest.fixture
def boot(request):
    """
    boot(append, smp=1, expect=None, timeout=300, **machine): boots and returns qemu.Result. The log is named after
    the test; when the test fails, pytest shows QEMU's command line and the guest's last lines.
    """
    for kernel, command in ((qemu.KERNEL, "make all"), (qemu.DEBUG_KERNEL, "make all DEBUG=1")):
        if not os.path.exists(kernel):
            pytest.fail(f"{os.path.relpath(kernel, ROOT)} is missing: run `{command}`")
    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    count = 0

    def run(append="", smp=1, expect=None, timeout=300, on_line=None, **machine):
        nonlocal count
        count += 1
        log = os.path.join(qemu.LOGS, f"{name}-{count}.log")
        result = qemu.run(qemu.Machine(append=append, smp=smp, **machine), expect, timeout, log=log, on_line=on_line)
        print(f"\n$ {append!r} on {smp} CPUs: {result.verdict}: {result.reason} ({result.seconds:.1f} s, {result.log})")
        print("\n".join(result.lines[-40:]))
        return result
    return run


@pytest.fixture
def boot_ok(boot):
    """boot() that also requires success."""
    def run(append="", smp=1, **options):
        result = boot(append, smp, **options)
        assert result.verdict == "pass", f"{result.verdict}: {result.reason}"
        return result
    return run


@pytest.fixture
def ktap(boot):
    """
    ktap(append, smp): boots a guest that prints KTAP, requires that every test in it passed, returns the parse.
    For in-kernel tests the machine has a DIMM, as for `make ktest`.
    """
    def run(append, smp=1, **options):
        if "ktest=1" in append:
            options.setdefault("dimms", [qemu.DIMM])
        result = boot(append, smp, **options)
        parsed = parse_ktap(result.lines)
        assert not parsed.failed, f"failed: {parsed.failed}"
        assert not parsed.complaints, parsed.complaints
        assert parsed.passed
        assert result.verdict == "pass", f"{result.verdict}: {result.reason}"
        return parsed
    return run
