"""Takes a lab's files out of a submission, and nothing else, without trusting its directory.

collect() walks to each path one component at a time and follows no link; what is no plain file, too large, or no text of
UTF-8 is refused with a reason. A submission with a refused or missing file is not graded in part.
"""
import errno
import fnmatch
import os
import stat

MAX_BYTES = 256 << 10  # a file; the longest in the tree has 40 KiB
MAX_FILES = 20  # that match the globs of a lab


class Refused(Exception):
    """The submission cannot be graded: `path: why`."""


def open_below(root, path):
    """A descriptor of root/path in which no component is a link. Raises OSError."""
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        *directories, name = path.split("/")
        for directory in directories:
            below = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = below
        # Not blocking: a FIFO would wait for its writer.
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
    finally:
        os.close(at)


def read_file(root, path):
    """The contents. Raises Refused."""
    try:
        fd = open_below(root, path)
    except OSError as error:
        why = {errno.ENOENT: "is missing", errno.ELOOP: "is a symbolic link", errno.ENOTDIR: "is below a symbolic link or a file"}
        raise Refused(f"{path}: {why.get(error.errno, os.strerror(error.errno))}") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Refused(f"{path}: is not a plain file")
    with open(fd, "rb") as f:
        return checked(path, f.read(MAX_BYTES + 1))


def checked(path, data):
    """The data of a text file of sensible size. Raises Refused."""
    if len(data) > MAX_BYTES:
        raise Refused(f"{path}: is larger than {MAX_BYTES >> 10} KiB")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Refused(f"{path}: is not UTF-8 at byte {error.start}") from None
    if "\0" in text:
        raise Refused(f"{path}: has a null byte")
    return data


def matching(root, pattern):
    """Paths of the submission that a glob names; it may have stars in its last component only."""
    directory = os.path.dirname(pattern)
    try:
        names = os.listdir(os.path.join(root, directory))
    except OSError:
        return []
    return sorted(f"{directory}/{name}" for name in names if fnmatch.fnmatchcase(name, os.path.basename(pattern)))


def top(directory, patterns):
    """The directory that the patterns are below: this one, or the only one in it, as unpacking an archive leaves it."""
    entries = [e for e in os.scandir(directory) if not e.name.startswith(".")]
    if len(entries) == 1 and entries[0].is_dir(follow_symlinks=False) and not any(p.startswith(entries[0].name + "/") for p in patterns):
        return entries[0].path
    return directory


def collect(root, patterns):
    """{path: contents} of all that the patterns name. Raises Refused; a path without stars must be there."""
    paths = []
    for pattern in patterns:
        paths += matching(root, pattern) if "*" in pattern else [pattern]
    if len(paths) > len(patterns) + MAX_FILES:
        raise Refused(f"{len(paths)} files: more than a lab's files and {MAX_FILES} of your own")
    return {path: read_file(root, path) for path in paths}
