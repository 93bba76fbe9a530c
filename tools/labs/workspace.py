"""The directory that a submission is built in: the pristine tree, with the submission's files in it, and make's results.

It is kept, so that the next grade compiles only what differs. Objects are never taken from a submission.
"""
import os
import re
import resource
import shutil
import subprocess

from labs import tree

MAKE_LIMIT = 1800  # host seconds, against a compiler that hangs
SANITIZED_MEMORY = 2048  # MiB
SEEDS = ["build/obj", "build/debug/obj", "build/user", "build/pgmodel/plain"]
KERNELS = {"release": "build/freewalk.elf", "debug": "build/debug/freewalk.elf"}


def unlimited():
    """In the child."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


class BuildFailed(Exception):
    """Says why in one line."""


class Workspace:
    def __init__(self, root, pristine, jobs=2, warnings_are_errors=False):
        self.root, self.pristine, self.jobs = os.path.abspath(root), pristine, jobs
        self.ci = "true" if warnings_are_errors else "false"

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def fill(self, submitted):
        """Makes the tree the pristine one with these files, {path: bytes}, put over it."""
        files = self.pristine | {name: tree.File(data) for name, data in submitted.items()}
        tree.put(self.root, files)

    def seed(self, root):
        """
        Before the first fill(): takes what was built in the tree at `root`, which saves a minute. A file that is the same there gets its
        time of change from there, so that make compiles what was made of others.
        """
        if os.path.exists(self.root):
            return
        tree.put(self.root, self.pristine)
        for name, file in self.pristine.items():
            tree.take_time(os.path.join(root, name), self.path(name), file)
        for directory in SEEDS:
            if os.path.isdir(os.path.join(root, directory)):
                shutil.copytree(os.path.join(root, directory), self.path(directory), symlinks=True)

    def run(self, command, timeout=MAKE_LIMIT, sanitized=False, **variables):
        """
        (exit status, output) of a command in the tree; its make is not part of ours. `sanitized`: AddressSanitizer reserves
        more address space than a sandbox gives, and limits the memory itself.
        """
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k not in ("MFLAGS", "MUTANT", "DEBUG", "OUT")}
        if sanitized:
            environment["ASAN_OPTIONS"] = f"hard_rss_limit_mb={SANITIZED_MEMORY}"
        environment |= {"LC_ALL": "C.UTF-8", "SETUP": "no", "CI": self.ci} | variables
        try:
            done = subprocess.run(command, cwd=self.root, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, errors="replace", timeout=timeout,
                                  preexec_fn=unlimited if sanitized else None)
        except subprocess.TimeoutExpired:
            return None, f"{command[0]} does not end"
        return done.returncode, done.stdout

    def make(self, *goals):
        """make's output. Raises BuildFailed with the compiler's first complaint."""
        status, output = self.run(["make", "--no-print-directory", "-s", f"JOBS={self.jobs}", "SETUP=no", f"CI={self.ci}", *goals])
        if status != 0:
            raise BuildFailed(complaint(output, self.root))
        return output

    def kernel(self, build):
        """Path of that kernel, made."""
        self.make(*(["DEBUG=1"] if build == "debug" else []), KERNELS[build])
        return self.path(KERNELS[build])

    def archive(self):
        self.make("build/initramfs.cpio")
        return self.path("build/initramfs.cpio")


def complaint(output, root):
    """The first error of a compiler or linker, without this machine's paths."""
    lines = output.replace(root + "/", "").splitlines()
    errors = [line for line in lines if re.search(r"\berror\b|undefined reference|multiple definition|Error \d", line)]
    return "does not build: " + (errors or lines or ["no output"])[0].strip()[:300]
