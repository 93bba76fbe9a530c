"""
Every way into the kernel: GRUB on BIOS, GRUB on UEFI, QEMU's PVH; the processors that are refused; and the
tool that makes the image.

The line that boot_main() prints shows that the loader's structures were understood: the command line as it
was given, a memory map, the boot archive as a module. How the kernel goes on from there is for other tests.
"""
import os
import re
import subprocess

import pytest

import qemu

WORDS = "x=$y;{z} last=1"  # characters that GRUB's shell would like to have for itself
BANNER = r"^boot: started by (.+): (\d+) memory ranges, (\d+) modules, command line: (.*)$"


def boot_until(run, pattern, append="", /, **machine):
    """Boots, ends the guest at the first line that matches, and returns the match."""
    found = []

    def on_line(process, line):
        match = re.search(pattern, line)
        if match:
            found.append(match)
        return match is not None

    result = run(append, on_line=on_line, **machine)
    assert found, f"{result.verdict}: {result.reason}"
    return found[0]


@pytest.mark.parametrize("way, loader", [("kernel", "PVH"), ("iso", "GRUB"), ("uefi", "GRUB")])
def test_reaches_the_kernel(boot, way, loader):
    banner = boot_until(boot, BANNER, WORDS, boot=way, timeout=180)
    assert banner[1].startswith(loader)
    assert int(banner[2]) >= 3
    assert int(banner[3]) == 1
    assert banner[4].endswith(WORDS)


@pytest.mark.parametrize("way", ["kernel", "iso"])
def test_without_an_archive(boot, way):
    banner = boot_until(boot, BANNER, boot=way, initrd="", timeout=120)
    assert int(banner[3]) == 0


@pytest.mark.parametrize("cpu, reason", [
    ("qemu64,-lm", r"no 64-bit long mode \(CPUID 80000001H EDX\.29\)"),
    ("qemu64,-nx", r"no NX, no-execute pages \(CPUID 80000001H EDX\.20\)"),
])
def test_refuses_a_processor(boot, cpu, reason):
    boot_until(boot, "cannot start: this processor has " + reason, boot="kernel", timeout=60, extra=["-cpu", cpu])


def mkiso(*args, **environment):
    return subprocess.run([os.path.join(qemu.ROOT, "tools/mkiso"), *args], text=True, capture_output=True, check=False,
                          env={**os.environ, **environment})


def test_mkiso_refuses(tmp_path):
    out = tmp_path / "out.iso"
    kernel, archive = qemu.KERNEL, tmp_path / "archive"
    archive.write_bytes(b"")
    empty = tmp_path / "grub"
    empty.mkdir()
    cases = [
        (["one"], {}, "usage:"),
        ([tmp_path / "none", archive, "", out], {}, "no kernel at"),
        ([kernel, tmp_path / "none", "", out], {}, "no archive at"),
        ([archive, archive, "", out], {}, "no multiboot2 header"),
        ([kernel, archive, 'a="b"', out], {}, "may not hold quotes"),
        ([kernel, archive, "", out], {"GRUB_DIR": str(empty)}, "apt-get install grub-pc-bin"),
    ]
    for args, environment, message in cases:
        done = mkiso(*map(str, args), **environment)
        assert done.returncode == 1 and message in done.stderr, (args, done.stderr)
        assert not out.exists()
