"""A tree of files in memory: {path: File}. What a checkout tracks, what a starter has, and how the two are written and compared."""
import dataclasses
import hashlib
import os
import shutil
import subprocess


@dataclasses.dataclass(frozen=True)
class File:
    data: bytes
    executable: bool = False


def git(root, *arguments, stdin=b"", **variables):
    """git's output. Nothing of the user's own configuration takes part that could change a commit."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-c", "core.autocrlf=false", "-c", f"safe.directory={os.path.abspath(root)}", *arguments]
    return subprocess.run(command, cwd=root, check=True, input=stdin, stdout=subprocess.PIPE, env=environment | variables).stdout


def tracked(root):
    """The tracked files of a checkout, as they are in it now. Raises OSError if one is missing, ValueError if one is a link."""
    files = {}
    for name in git(root, "ls-files", "-z").decode().split("\0"):
        if not name:
            continue
        path = os.path.join(root, name)
        if os.path.islink(path):
            raise ValueError(f"{name} is a symbolic link: the course has none")
        with open(path, "rb") as f:
            files[name] = File(f.read(), bool(os.fstat(f.fileno()).st_mode & 0o100))
    return files


def stored(root, skip=("build", ".git")):
    """All files below a directory but for what is in `skip` at its top."""
    files = {}
    for base, below, names in os.walk(root):
        below[:] = [d for d in below if base != root or d not in skip]
        for name in names:
            path = os.path.join(base, name)
            with open(path, "rb") as f:
                files[os.path.relpath(path, root)] = File(f.read(), bool(os.fstat(f.fileno()).st_mode & 0o100))
    return files


def dirty(root):
    """Tracked paths that differ from the last commit."""
    return [line[3:] for line in git(root, "status", "--porcelain", "--untracked-files=no").decode().splitlines()]


def digest(files):
    """One number for all names, contents and modes."""
    sums = (f"{'x' if f.executable else '-'} {hashlib.sha256(f.data).hexdigest()} {name}\n" for name, f in sorted(files.items()))
    return hashlib.sha256("".join(sums).encode()).hexdigest()


def write(root, name, file):
    """Writes one file unless it is there as it should be: its time of change is what make goes by. True: written."""
    path = os.path.join(root, name)
    if not os.path.islink(path) and os.path.isfile(path):
        with open(path, "rb") as f:
            if f.read() == file.data and bool(os.fstat(f.fileno()).st_mode & 0o100) == file.executable:
                return False
    os.makedirs(os.path.dirname(path), exist_ok=True)
    remove(path)
    with open(path, "wb") as f:
        f.write(file.data)
    os.chmod(path, 0o755 if file.executable else 0o644)
    return True


def take_time(source, target, file):
    """The target's time of change becomes the source's, if that holds the same as `file`."""
    if os.path.isfile(source) and not os.path.islink(source):
        with open(source, "rb") as f:
            if f.read() == file.data:
                status = os.fstat(f.fileno())
                os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def remove(path):
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    elif os.path.isdir(path):
        shutil.rmtree(path)


def put(root, files, keep=("build", ".git")):
    """Makes the directory equal to `files`, but for what is in `keep` at its top. Only what differs is touched."""
    os.makedirs(root, exist_ok=True)
    directories = {""} | {d for name in files for d in parents(name)}
    for base, below, names in os.walk(root):
        here = os.path.relpath(base, root) + "/" if base != root else ""
        below[:] = [d for d in below if here or d not in keep]
        for name in [n for n in names if here + n not in files] + [d for d in below if here + d not in directories]:
            remove(os.path.join(base, name))
        below[:] = [d for d in below if here + d in directories]
    return [name for name, file in files.items() if write(root, name, file)]


def parents(name):
    parts = name.split("/")[:-1]
    return ["/".join(parts[:i + 1]) for i in range(len(parts))]
