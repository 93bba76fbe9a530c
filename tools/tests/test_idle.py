"""A machine with nothing to do costs the host about nothing, with 64 CPUs too."""
import re
import time

import qemu

WINDOW = 5  # host seconds
MOST = 0.15  # of one host processor: 64 CPUs with 100 ticks a second each would take a whole one


def test_64_idle_cpus_cost_about_no_host_cpu(boot):
    """Without pgctl=1 init cannot end the machine: when its program has exited, everything sleeps."""
    used = []

    def measure(process, line):
        if not re.search("cannot end the machine", line):
            return False
        time.sleep(1)
        before = qemu.cpu_seconds(process)
        time.sleep(WINDOW)
        used.append((qemu.cpu_seconds(process) - before) / WINDOW)
        return True

    result = boot("-- /bin/tiny", smp=64, on_line=measure, timeout=120)
    assert used, f"the guest never became idle: {result.reason}"
    print(f"idle: {used[0]:.3f} of one host processor")
    assert used[0] < MOST
