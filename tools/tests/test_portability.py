"""What a student's machine is told: containers, editors, the build server's workflow, hosts that are no x86-64.

Checked as far as one machine without a registry of images allows: that the files are well-formed, that what they name is there, that
a debugger attaches by the very arguments of .vscode, that the cross tools and the emulator of an arm64 host do the work here. Images are
not built, and the workflow is not run.
"""
import json
import os
import re
import shutil
import socket
import subprocess

import pytest
import yaml
from conftest import ROOT, make


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def run(command, **environment):
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300)


# --- containers ---

def instructions(text):
    """[(instruction, arguments)] of a Dockerfile; a comment between continued lines is not one of ours."""
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", text))
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in joined.split("\n") if line.strip()]


def test_dockerfile():
    steps = instructions(read("Dockerfile"))
    known = {"ARG", "FROM", "COPY", "RUN", "USER", "WORKDIR", "CMD"}
    assert {name for name, _ in steps} <= known
    arguments = dict(a.split("=", 1) for name, a in steps if name == "ARG")
    date = re.fullmatch(r"bookworm-(\d{8})-slim", arguments["DEBIAN"])
    assert date and arguments["SNAPSHOT"] == date.group(1) + "T000000Z", "image and packages of one day"
    assert [a for name, a in steps if name == "FROM"] == ["debian:${DEBIAN}"]
    ignored = read(".dockerignore").split()
    for source in (a.split()[0] for name, a in steps if name == "COPY"):
        assert os.path.exists(os.path.join(ROOT, source)) and f"!{source}" in ignored
    for name, script in steps:
        if name == "RUN":
            assert subprocess.run(["sh", "-n", "-c", script], check=False).returncode == 0
    assert any("tools/setup all" in a for name, a in steps if name == "RUN")


def test_setup_all_is_every_profile():
    table = run(["tools/setup", "--table"]).stdout
    packages = {line.split("|")[2] for line in table.strip().split("\n")}
    done = run(["tools/setup", "all"], PATH="/nowhere:/usr/bin", SETUP="no")
    missing = set(re.search(r"--no-install-recommends (.*)", done.stdout).group(1).split()) if done.returncode else set()
    assert missing <= packages


def test_devcontainer():
    told = json.loads(read(".devcontainer/devcontainer.json"))
    build = told["build"]
    assert os.path.samefile(os.path.join(ROOT, ".devcontainer", build["dockerfile"]), os.path.join(ROOT, "Dockerfile"))
    assert os.path.samefile(os.path.join(ROOT, ".devcontainer", build["context"]), ROOT)
    assert f"useradd --create-home --shell /bin/bash --uid 1000 {told['remoteUser']}" in read("Dockerfile")
    assert run(["make", "-n", *told["postCreateCommand"].split()[1:]]).returncode == 0


# --- hosts that are no x86-64 ---

def test_setup_of_an_arm64_host(tmp_path):
    """Where nothing is installed: the cross compiler, and amd64's packages of what only an x86-64 program reads."""
    for name in ("bash", "tr", "cat", "sed", "cut", "sort", "uname"):
        (tmp_path / name).symlink_to(shutil.which(name))
    done = run(["tools/setup", "run"], PATH=str(tmp_path), SETUP="no", FREEWALK_HOST="aarch64")
    lines = done.stdout.strip().split("\n")
    assert done.returncode == 1 and "dpkg --add-architecture amd64" in lines[-2]
    wanted = set(lines[-1].split())
    assert {"gcc-x86-64-linux-gnu", "binutils-x86-64-linux-gnu", "musl-tools:amd64", "qemu-system-x86"} <= wanted
    assert {"binutils", "musl-tools", "grub-pc-bin", "grub-efi-amd64-bin"}.isdisjoint(wanted)


def test_user_programs_are_made_by_the_cross_compiler(tmp_path):
    """Debian's musl-gcc calls the compiler by its prefix, which on an arm64 host is the cross compiler."""
    seen = tmp_path / "seen"
    fake = tmp_path / "x86_64-linux-gnu-gcc"
    fake.write_text(f'#!/bin/sh\necho "$@" >{seen}\n')
    fake.chmod(0o755)
    assert run(["musl-gcc", "-static", "a.c"], PATH=f"{tmp_path}:{os.environ['PATH']}").returncode == 0
    assert "-static a.c -specs" in seen.read_text()


@pytest.mark.more
def test_pgmodel_by_emulation():
    done = run(["tools/pgmodel/run", "--only", "litmus.F"], FREEWALK_HOST="aarch64")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^  F1 .* holds .* broken", done.stdout, re.M)


# --- editors ---

def test_compile_commands(tmp_path):
    database = tmp_path / "compile_commands.json"
    done = run(["tools/compile-commands", str(database)])
    assert done.returncode == 0, done.stdout
    entries = {entry["file"]: entry for entry in json.loads(database.read_text())}
    for path in ("mm/pgsync/walk.c", "kernel/racepoint.c", "user/init/init.c", "mm/pgsync/tests/pgsync_test.c", "tools/pgmodel/explore.c",
                 "arch/x86/tests/guard_entry_forced_ktest.c"):
        assert os.path.exists(os.path.join(ROOT, path)), path
        assert path in entries, path
        assert entries[path]["arguments"][-2:] == ["-c", path]
    clangd = shutil.which("clangd")
    if not clangd:
        pytest.skip("no clangd to try them with")
    for path in ("mm/pgsync/walk.c", "kernel/racepoint.c", "user/init/init.c", "user/pgstress/crew.c", "mm/pgsync/tests/pgsync_test.c"):
        done = run([clangd, f"--check={path}", f"--compile-commands-dir={tmp_path}"])
        assert done.returncode == 0, done.stdout[-2000:]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def in_workspace(text):
    return text.replace("${workspaceFolder}", ROOT)


def test_the_editor_attaches():
    """The task starts the machine, and gdb's machine interface is told what the editor tells it."""
    launch = json.loads(read(".vscode/launch.json"))["configurations"][0]
    tasks = {task["label"]: task for task in json.loads(read(".vscode/tasks.json"))["tasks"]}
    task = tasks[launch["preLaunchTask"]]
    assert task["dependsOn"] in tasks and tasks["build"]["command"] == "make"
    port = launch["miDebuggerServerAddress"].removeprefix("localhost:")
    arguments = task["args"]
    assert arguments[arguments.index("--port") + 1] == port
    free = free_port()
    server = subprocess.Popen([in_workspace(task["command"]), *[free if a == port else a for a in arguments]], cwd=ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        background = task["problemMatcher"]["background"]
        assert re.search(background["beginsPattern"], server.stdout.readline())
        assert re.search(background["endsPattern"], server.stdout.readline())
        commands = [in_workspace(c["text"]) for c in launch["setupCommands"]]
        told = [f"-file-exec-and-symbols {in_workspace(launch['program'])}", *commands, f"-target-select remote localhost:{free}",
                "-break-insert -t -h kmain", "-exec-continue"]
        done = subprocess.run(["gdb", "--interpreter=mi2", "-nx", "-q"], cwd=ROOT, input="\n".join(told) + "\n", text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        assert "^error" not in done.stdout, done.stdout[-3000:]
        assert '^connected' in done.stdout
        assert re.search(r'\*stopped,.*func="kmain"', done.stdout), done.stdout[-3000:]
    finally:
        server.terminate()
        server.wait(30)


def test_tasks_are_targets_of_make():
    targets = read("Makefile")
    for task in json.loads(read(".vscode/tasks.json"))["tasks"]:
        if task["command"] == "make":
            assert all(re.search(rf"^{goal}:", targets, re.M) for goal in task["args"]), task


def test_serve_says_that_the_port_is_taken():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = run(["tools/gdb/serve", "--port", str(other.getsockname()[1])])
    assert done.returncode == 1 and "already" in done.stdout


# --- the build server's workflow ---

def test_workflow():
    told = yaml.safe_load(read(".github/workflows/test.yml"))
    job = told["jobs"]["test"]
    rows = {row["image"]: row["qemu"] for row in job["strategy"]["matrix"]["include"]}
    assert rows == {"debian:12": "7.2", "ubuntu:24.04": "8.2", "debian:13": "10.0"}
    assert all(f"| {qemu} |" in read("docs/portability.md") for qemu in rows.values())
    assert True in told or "on" in told  # YAML 1.1 reads `on` as true
    for step in job["steps"]:
        assert ("run" in step) != ("uses" in step)
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"])
        for goal in re.findall(r"^make (\w+)", step.get("run", "")):
            assert re.search(rf"^{goal}:", read("Makefile"), re.M), goal
    assert "make test" in [step.get("run") for step in job["steps"]]


def test_help_names_the_editor():
    assert any("compile_commands" in line for line in make("help")[1])
