"""docs/gdb.md: the session on the page is run, and must say what the page says; the kernel's own auditor agrees."""
import os
import re

import gdb_page
import pytest
import qemu


@pytest.fixture(scope="module")
def ran():
    with open(gdb_page.path(), encoding="utf-8") as file:
        text = file.read()
    pairs, _ = gdb_page.run(text)
    with open(os.path.join(qemu.LOGS, "gdb-serial.log"), encoding="utf-8", errors="replace") as log:
        return text, pairs, log.read()


def test_the_page_shows_what_gdb_says(ran):
    text, pairs, _ = ran
    shown = gdb_page.comparable(text).splitlines()
    said = gdb_page.comparable(gdb_page.written(text, pairs)).splitlines()
    assert said == shown, "if it is right, `tools/tests/gdb_page.py --write` puts it on the page"


def test_the_update_is_lost_and_the_kernel_says_so_too(ran):
    text, pairs, log = ran
    roots = [lines for command, lines in pairs if command == "fw roots"]
    assert re.search(r" READY +1 +1 +no +- +MISSING 256 \(unused\)$", roots[-1][-2])
    assert "expected audit_now().missing == 0: 1 (0x1)" in log
    assert re.search(r"^not ok 1 guard\.i01_walk_v2_finds", log, re.M)
