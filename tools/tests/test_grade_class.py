"""A class: archives, the sandbox, what the summaries say, and one small class from start to end."""
import csv
import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import zipfile

import conftest
import pytest
from labs import archive, classroom, page, report, sandbox, starter
from labs import lab as lab_file
from labs.submission import Refused

FILE = "mm/pgsync/walk.c"
GRADE = os.path.join(conftest.ROOT, "tools/grade")
REFERENCE = not os.path.exists(os.path.join(conftest.ROOT, starter.STATEMENT))


# --- archives -----------------------------------------------------------------------------------------------

def tar(path, *members):
    """Members: (name, contents), or (name, contents, link target)."""
    with tarfile.open(path, "w:gz") as out:
        for name, data, *link in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if link:
                info.type, info.linkname, info.size = link[0], link[1], 0
            out.addfile(info, io.BytesIO(data))
    return str(path)


def collect(path):
    return archive.collect(path, [FILE, "mm/pgsync/own_*.c"])


@pytest.mark.parametrize("top", ["", "lab4/", "./"])
def test_a_tar_is_looked_through(tmp_path, top):
    path = tar(tmp_path / "s.tar.gz", (f"{top}Makefile", b"evil:"), (top + FILE, b"int x;"), (f"{top}mm/pgsync/own_a.c", b"int y;"),
               (f"{top}mm/pgsync/deep/own_b.c", b""))
    assert collect(path) == {FILE: b"int x;", "mm/pgsync/own_a.c": b"int y;"}


def test_a_zip_is_looked_through(tmp_path):
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as out:
        out.writestr("lab4/" + FILE, "int x;")
        out.writestr("lab4/Makefile", "evil:")
    assert collect(str(tmp_path / "s.zip")) == {FILE: b"int x;"}


@pytest.mark.parametrize("members, complaint", [
    ([("README", b"")], f"{FILE}: is missing"),
    ([(FILE, b"", tarfile.SYMTYPE, "/etc/passwd")], f"{FILE}: is a link"),
    ([(FILE, b"", tarfile.LNKTYPE, "README")], f"{FILE}: is a link"),
    ([(FILE, b"", tarfile.FIFOTYPE, "")], f"{FILE}: is a device"),
    ([(FILE, b"x" * 300000)], f"{FILE}: is larger than 256 KiB"),
    ([(FILE, b"\xff")], f"{FILE}: is not UTF-8 at byte 0"),
    ([(FILE, b"a"), ("lab4/" + FILE, b"b")], f"{FILE}: is there twice"),
    ([("/etc/passwd", b"a")], "/etc/passwd: an archive's paths are relative, and without `..`"),
    ([(FILE, b"a"), ("a/../../b", b"a")], "a/../../b: an archive's paths are relative, and without `..`"),
])
def test_bad_tars_are_refused(tmp_path, members, complaint):
    with pytest.raises(Refused) as error:
        collect(tar(tmp_path / "s.tar.gz", *members))
    assert str(error.value) == complaint


def test_bad_zips_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as out:
        link = zipfile.ZipInfo(FILE)
        link.external_attr = 0o120777 << 16
        out.writestr(link, "/etc/passwd")
    with pytest.raises(Refused, match="is a link"):
        collect(str(tmp_path / "s.zip"))


@pytest.mark.parametrize("name", ["s.zip", "s.tar.gz"])
def test_what_is_no_archive(tmp_path, name):
    (tmp_path / name).write_bytes(b"no archive at all" * 100)
    with pytest.raises(Refused, match="the archive cannot be read"):
        collect(str(tmp_path / name))


def test_an_archive_that_is_cut_short(tmp_path):
    whole = tar(tmp_path / "s.tar.gz", (FILE, os.urandom(100000).hex().encode()))
    with open(whole, "r+b") as f:
        f.truncate(5000)
    with pytest.raises(Refused, match="the archive cannot be read"):
        collect(whole)


def test_an_archive_that_unpacks_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_TOTAL", 1 << 20)
    with pytest.raises(Refused, match="the archive has more than"):
        collect(tar(tmp_path / "s.tar.gz", ("zeros", bytes(2 << 20)), (FILE, b"")))


def test_the_submissions_of_a_class(tmp_path):
    for name in ("anna", "bert.d"):
        (tmp_path / name).mkdir()
    for name in ("carla.tar.gz", "dora.zip", "notes.txt", ".hidden"):
        (tmp_path / name).write_text("")
    assert list(classroom.members(str(tmp_path))) == ["anna", "bert.d", "carla", "dora"]
    (tmp_path / "anna.zip").write_text("")
    with pytest.raises(starter.Refused, match="two submissions of anna"):
        classroom.members(str(tmp_path))


# --- the sandbox ----------------------------------------------------------------------------------------------

@pytest.fixture
def boxed():
    """run(program, read_only, writable): (exit status, output) of a Python program in the sandbox."""
    try:
        sandbox.require()
    except sandbox.Unavailable as error:
        pytest.skip(str(error))

    def run(program, read_only, writable, tmp_path):
        log = str(tmp_path / "log")
        status = sandbox.run(sandbox.command(["/usr/bin/python3", "-c", program], read_only, writable, "/"), log)
        with open(log, encoding="utf-8") as f:
            return status, f.read()
    return run


def test_what_a_submission_sees(boxed, tmp_path):
    for name in ("kit", "mine", "work", "other"):
        (tmp_path / name).mkdir()
    program = f"""
import os, socket
print("root", sorted(set(os.listdir("/")) - {{"bin", "sbin", "lib", "lib32", "lib64", "libx32"}}))
print("other", os.path.exists({str(tmp_path / 'other')!r}), os.path.exists({conftest.ROOT!r}))
for place in ("kit", "submission", "work", "usr"):
    try:
        open(f"/{{place}}/new", "w").close()
        print(place, "written")
    except OSError:
        print(place, "refused")
try:
    socket.create_connection(("127.0.0.1", {listening().getsockname()[1]}), 2)
    print("network")
except OSError:
    print("no network", [name for _, name in socket.if_nameindex()])
print("processes", len([p for p in os.listdir("/proc") if p.isdigit()]) <= 2, "environment", "SECRET" in os.environ)
"""
    os.environ["SECRET"] = "x"
    status, output = boxed(program, {"/kit": str(tmp_path / "kit"), "/submission": str(tmp_path / "mine")}, {"/work": str(tmp_path / "work")}, tmp_path)
    del os.environ["SECRET"]
    assert status == 0, output
    assert output.splitlines() == [
        "root ['dev', 'etc', 'kit', 'proc', 'submission', 'tmp', 'usr', 'work']", "other False False", "kit refused", "submission refused",
        "work written", "usr refused", "no network ['lo']", "processes True environment False"]


def listening():
    """A server on this host's loopback, which is not the sandbox's; kept until the tests end."""

    listening.server = socket.create_server(("127.0.0.1", 0))
    return listening.server


def test_memory_is_limited(boxed, tmp_path):
    status, output = boxed("bytearray(16 << 30)", {}, {}, tmp_path)
    assert status == 1 and "MemoryError" in output


def test_processor_time_is_limited(boxed, tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "PROCESSOR", 1)
    assert boxed("while True: pass", {}, {}, tmp_path)[0] not in (0, None)


def test_files_are_limited(boxed, tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "FILE", 1 << 20)
    status, output = boxed("open('/tmp/f', 'wb').write(bytes(2 << 20))", {}, {}, tmp_path)
    assert status != 0 and "File too large" in output


def test_what_sleeps_for_ever_is_ended(boxed, tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "WALL", 2)
    assert boxed("import time; time.sleep(1000)", {}, {}, tmp_path)[0] is None


def test_a_machine_without_name_spaces_is_told(monkeypatch):
    monkeypatch.setattr(sandbox, "command", lambda *_: ["sh", "-c", "echo no permission; exit 1"])
    with pytest.raises(sandbox.Unavailable, match="cannot make its name spaces here: no permission"):
        sandbox.require()
    monkeypatch.setattr(sandbox, "command", lambda *_: ["no-such-command"])
    with pytest.raises(sandbox.Unavailable, match="tools/setup grade"):
        sandbox.require()


# --- summaries --------------------------------------------------------------------------------------------------

def a_result(reason):
    check = {"id": "c", "points": 100, "about": "a", "invariants": [], "rung": 1, "host": "t.c"}
    lab = lab_file.parse(4, {"title": "<T>", "hours": "1", "files": ["a.c"], "check": [check]})
    outcome = classroom.grading.checks.Outcome(lab.checks[0], [reason], "make")
    return lab, report.results(lab, [outcome], "n", "d", reason, "none")


def test_the_page_holds_names_as_text_only():
    evil = '<script>alert("x")</script>\x1b[2J&'
    lab, result = a_result(evil)
    text = page.summary(lab, {evil: result, "nobody": None})
    assert "<script" not in text and "\x1b" not in text and text.count("&lt;script&gt;alert(&quot;x&quot;)") == 3
    assert "&lt;T&gt;" in text and "not in a sandbox" in text and "no result" in text
    assert "src=" not in text and "href=" not in text


def test_a_name_is_no_formula(tmp_path):
    lab, result = a_result("x")
    classroom.summarise(str(tmp_path), lab, {"=1+1": result, "b,\"": None})
    with open(tmp_path / "summary.csv", encoding="utf-8", newline="") as f:
        assert list(csv.reader(f)) == [["name", "score", "c", "sandbox", "refused"], ["'=1+1", "0", "0", "none", "x"], ["b,\"", "no result"]]


# --- from start to end -----------------------------------------------------------------------------------------

def grade_class(directory, out, *options):
    done = subprocess.run([GRADE, "--lab", "4", "--class", str(directory), "--out", str(out), *options], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=3000)
    print(done.stdout[-3000:])
    return done.returncode, done.stdout


@pytest.mark.more
@pytest.mark.skipif(not REFERENCE, reason="a class is graded from the reference tree")
def test_a_class(tmp_path):
    """One who has the reference, one with an archive that lacks the file, one with a link and a name that is markup; then again."""
    lab, students = lab_file.read(conftest.ROOT, 4), tmp_path / "class"
    for name in ("anna <b>", "bert"):
        for path in lab.files:
            (students / name / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(os.path.join(conftest.ROOT, path), students / name / path)
    (students / "bert" / lab.files[0]).unlink()
    (students / "bert" / lab.files[0]).symlink_to(os.path.join(conftest.ROOT, lab.files[0]))
    tar(students / "carla.tar.gz", ("README", b""))
    available = True
    try:
        sandbox.require()
    except sandbox.Unavailable:
        available = False
        assert grade_class(students, tmp_path / "refused")[0] == 2
    options = ["--jobs", "2", "--bar", *([] if available else ["--no-sandbox"])]
    status, output = grade_class(students, tmp_path / "out", *options)
    assert status == 0 and "3 submissions, 3 to be graded" in output and "100%" in output
    results = {name: json.loads((tmp_path / "out/results" / name / "results.json").read_text()) for name in ("anna <b>", "bert", "carla")}
    assert {name: r["score"] for name, r in results.items()} == {"anna <b>": 100, "bert": 0, "carla": 0}
    assert {r["sandbox"] for r in results.values()} == {"bwrap" if available else "none"}
    assert "is a symbolic link" in results["bert"]["refused"] and "is missing" in results["carla"]["refused"]
    assert "anna &lt;b&gt;" in (tmp_path / "out/summary.html").read_text()
    assert len((tmp_path / "out/joblog").read_text().splitlines()) == 4
    assert not os.listdir(tmp_path / "out/work")
    # Interrupted before bert was done: the others are not graded again.
    (tmp_path / "out/results/bert/results.json").unlink()
    status, output = grade_class(students, tmp_path / "out", "--no-sandbox")
    assert status == 0 and "3 submissions, 1 to be graded" in output
    assert json.loads((tmp_path / "out/results/bert/results.json").read_text())["sandbox"] == "none"
    assert json.loads((tmp_path / "out/results/carla/results.json").read_text())["nonce"] == results["carla"]["nonce"]
    # Another tree's results would not compare.
    (tmp_path / "out/kit/Makefile").write_text("other")
    status, output = grade_class(students, tmp_path / "out")
    assert status == 2
