"""A machine with nothing to do costs the host about nothing, with 64 CPUs too."""
import os
import time

import conftest
import qemu

SHELL = os.path.join(conftest.ROOT, "build/shell.cpio")
WINDOW = 5  # host seconds
MOST = 0.15  # of one host processor: 64 CPUs with 100 ticks a second each would take a whole one


def test_64_idle_cpus_cost_about_no_host_cpu(boot):
    """With all servers, of which none polls, and a program that sleeps."""
    used = []

    def measure(process, line):
        if "all is quiet" not in line:
            return False
        time.sleep(1)
        before = qemu.cpu_seconds(process)
        time.sleep(WINDOW)
        used.append((qemu.cpu_seconds(process) - before) / WINDOW)
        return True

    result = boot("-- @servers /bin/sh /test/quiet.sh", smp=64, on_line=measure, timeout=120, initrd=SHELL)
    assert used, f"the guest never became idle: {result.reason}"
    print(f"idle: {used[0]:.3f} of one host processor")
    assert used[0] < MOST
