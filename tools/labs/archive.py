"""A submission that is an archive: the lab's files out of a tar or zip, of which nothing is unpacked to disk.

The wanted paths may stand at the top, or all below one directory. A link, an absolute path, `..`, a path that is there twice, and an
archive that is larger than any submission can be are refused.
"""
import fnmatch
import os
import stat
import tarfile
import zipfile

from labs.submission import MAX_BYTES, MAX_FILES, Refused, checked

SUFFIXES = (".tar.gz", ".tgz", ".tar", ".tar.xz", ".tar.bz2", ".zip")
MAX_MEMBERS, MAX_TOTAL = 50000, 1 << 30


def members_of_tar(path):
    """Yields (name, "file", "link" or other, bytes, read function) in a stream: nothing is looked at twice."""
    with tarfile.open(path, "r|*") as archive:
        for m in archive:
            kind = "file" if m.isreg() else "link" if m.issym() or m.islnk() else "directory" if m.isdir() else "device"
            yield m.name, kind, m.size, lambda m=m: archive.extractfile(m).read(MAX_BYTES + 1)


def members_of_zip(path):
    with zipfile.ZipFile(path) as archive:
        for m in archive.infolist():
            mode = m.external_attr >> 16
            kind = "directory" if m.is_dir() else "link" if stat.S_ISLNK(mode) else "file"
            if m.flag_bits & 1:
                raise Refused(f"{m.filename}: is encrypted")

            def read(m=m):
                with archive.open(m) as f:
                    return f.read(MAX_BYTES + 1)
            yield m.filename, kind, m.file_size, read


def wanted(name, patterns):
    """The path that a member stands for, at the top or below one directory, or None."""
    for path in (name, name.partition("/")[2]):
        for pattern in patterns:
            if os.path.dirname(path) == os.path.dirname(pattern) and fnmatch.fnmatchcase(os.path.basename(path), os.path.basename(pattern)):
                return path
    return None


def gather(members, patterns):
    files, count, total = {}, 0, 0
    for name, kind, size, read in members:
        count, total = count + 1, total + size
        if count > MAX_MEMBERS or total > MAX_TOTAL:
            raise Refused(f"the archive has more than {MAX_MEMBERS} members, or {MAX_TOTAL >> 20} MiB")
        if name.startswith("/") or ".." in name.split("/"):
            raise Refused(f"{name}: an archive's paths are relative, and without `..`")
        path = wanted(name.removeprefix("./"), patterns)
        if path is None or kind == "directory":
            continue
        if kind != "file":
            raise Refused(f"{path}: is a {kind}")
        if path in files:
            raise Refused(f"{path}: is there twice")
        files[path] = checked(path, read())
    return files


def collect(path, patterns):
    """{path: contents} of all that the patterns name. Raises Refused; a path without stars must be there."""
    members = members_of_zip if path.endswith(".zip") else members_of_tar
    try:
        files = gather(members(path), patterns)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        raise Refused(f"the archive cannot be read: {error}") from None
    for pattern in patterns:
        if "*" not in pattern and pattern not in files:
            raise Refused(f"{pattern}: is missing")
    if len(files) > len(patterns) + MAX_FILES:
        raise Refused(f"{len(files)} files: more than a lab's files and {MAX_FILES} of your own")
    return files
