"""The sandbox of one submission of a class: bubblewrap, and limits that the kernel keeps.

What runs inside sees /usr, the kit (the pristine tree with what was built of it), its own submission, and two directories of its own
that it may write. No network, no other process, no other submission, not the reference.
"""
import os
import resource
import subprocess

MEMORY = 8 << 30  # bytes of address space; programs under AddressSanitizer have a limit of their own (checks.py)
PROCESSOR = 1800  # seconds, each process
FILE = 1 << 30  # bytes, each file
WALL = 3 * 3600  # seconds, against what sleeps for ever


class Unavailable(Exception):
    """This machine cannot make it; says why."""


def limit():
    """In the child."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR, PROCESSOR + 10))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
    # The hard limit stays: what needs more address space than memory says so itself.
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


def system():
    """Arguments that give /usr and what refers to it, and nothing that is this machine's own."""
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        if os.path.islink(f"/{name}"):
            arguments += ["--symlink", os.readlink(f"/{name}"), f"/{name}"]
        elif os.path.isdir(f"/{name}"):
            arguments += ["--ro-bind", f"/{name}", f"/{name}"]
    for path in ("/etc/alternatives", "/etc/ld.so.cache"):
        arguments += ["--ro-bind-try", path, path]
    return arguments + ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]


def command(inside, read_only, writable, directory):
    """bwrap's command line. `read_only`, `writable`: {path inside: path outside}"""
    arguments = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--setenv", "PATH", "/usr/bin:/bin",
                 "--setenv", "LC_ALL", "C.UTF-8", "--setenv", "HOME", "/tmp", *system()]
    for target, source in read_only.items():
        arguments += ["--ro-bind", source, target]
    for target, source in writable.items():
        arguments += ["--bind", source, target]
    return [*arguments, "--chdir", directory, "--", *inside]


def require():
    """Raises Unavailable unless a sandbox can be made here."""
    try:
        done = subprocess.run(command(["/usr/bin/true"], {}, {}, "/"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError:
        raise Unavailable("bwrap is not installed: tools/setup grade") from None
    if done.returncode:
        raise Unavailable(f"bwrap cannot make its name spaces here: {done.stdout.strip()}")


def run(arguments, log):
    """Exit status of a command under the limits, its words in the file `log`; None if it had to be ended."""
    with open(log, "w", encoding="utf-8") as out:
        try:
            return subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, preexec_fn=limit, timeout=WALL).returncode
        except subprocess.TimeoutExpired:
            return None
