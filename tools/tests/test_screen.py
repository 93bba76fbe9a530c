"""The console's screen: what is in VGA text memory, and on the framebuffer that UEFI has, read back by its font."""
import os
import subprocess
import time

import pytest

import qemu
from qmp import Qmp
from terminal import Terminal

SHELL_ARCHIVE = os.path.join(qemu.ROOT, "build/shell.cpio")
WIDTH, HEIGHT = 8, 16


def font():
    """{16 bytes: character} of what tools/mkfont makes, the printable ASCII of it."""
    text = subprocess.run([os.path.join(qemu.ROOT, "tools/mkfont")], stdout=subprocess.PIPE, text=True, check=True).stdout
    glyphs = {}
    for line in text.splitlines():
        if line.startswith("\t{0x00"):
            code, _, rows = line.strip("\t{},").partition(", {")
            glyphs.setdefault(bytes(int(row, 16) for row in rows.split(",")), chr(int(code, 16)))
    return glyphs


def read_text_memory(qmp, path):
    """25 lines, as code page 437 has them."""
    qmp.command("pmemsave", val=0xb8000, size=25 * 160, filename=path)
    with open(path, "rb") as f:
        cells = f.read()
    return [cells[row * 160:(row + 1) * 160:2].decode("cp437").rstrip() for row in range(25)]


def read_framebuffer(qmp, path):
    """The lines that the font recognises on the screen."""
    qmp.command("screendump", filename=path)
    with open(path, "rb") as f:
        kind, size, _, pixels = f.read().split(b"\n", 3)
    assert kind == b"P6"
    width, height = map(int, size.split())
    glyphs = font()
    lit = [any(pixels[i:i + 3]) for i in range(0, width * height * 3, 3)]

    def cell(row, column):
        lines = []
        for y in range(row * HEIGHT, (row + 1) * HEIGHT):
            start = y * width + column * WIDTH
            lines.append(sum(0x80 >> x for x in range(WIDTH) if lit[start + x]))
        return glyphs.get(bytes(lines), "?")
    return ["".join(cell(row, column) for column in range(width // WIDTH)).rstrip() for row in range(height // HEIGHT)]


def show(tmp_path, request, how, read):
    socket = str(tmp_path / "qmp")
    machine = qemu.Machine(boot=how, append="-- @servers /bin/dash -i", initrd=SHELL_ARCHIVE, smp=2, qmp=socket)
    with Terminal(machine, os.path.join(qemu.LOGS, f"{request.node.name}.log")) as t:
        t.expect(r"# ")
        t.type("printf '\\033[2J\\033[5;10Hin row five\\033[31mred\\033[m\\033[7;1H'; echo seven\r")
        t.expect(r"in row five.*seven\r\n# ")
        with Qmp(socket) as qmp:
            for _ in range(50):
                lines = read(qmp, str(tmp_path / "screen"))
                if lines[6] == "seven" and lines[7].startswith("#"):
                    break
                time.sleep(0.1)
    assert lines[4] == " " * 9 + "in row fivered"
    assert lines[6] == "seven"
    assert not any(lines[:4] + lines[5:6] + lines[8:])


def test_vga_text(tmp_path, request):
    show(tmp_path, request, "iso", read_text_memory)


@pytest.mark.more
def test_framebuffer(tmp_path, request):
    show(tmp_path, request, "uefi", read_framebuffer)
