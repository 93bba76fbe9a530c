"""Reads labs/labN/lab.toml and says what in it is wrong. labs/README.md has the format."""
import dataclasses
import os
import re
import tomllib

# Keys of each kind of check: name -> default, or None where it must be given. A type is that of the default.
KINDS = {
    "host": {"test": None, "only": []},
    "model": {"only": None, "full": False},
    "ktest": {"filter": None, "skip": "", "cpus": 4, "seeds": [1], "pgsync": "walk", "sched": "", "debug": True, "levels": 4,
              "dimm": False, "maxcpus": 0, "deadline": 60},
    "boot": {"command": None, "expect": None, "cpus": 4, "seeds": [1], "debug": False, "levels": 4, "deadline": 60},
    "tool": {"script": None, "args": [], "builds": ["release"]},
}
SHORT = {"host": "test", "tool": "script"}  # the key that a string alone stands for
LISTS = {("model", "only")}  # given, and a list
FIELDS = {"id": str, "points": int, "about": str, "invariants": list, "rung": int}


class BadLab(Exception):
    """A lab.toml that breaks the format: `path: what`."""


@dataclasses.dataclass
class Check:
    id: str
    points: int
    about: str
    invariants: list
    rung: int
    kind: str  # a key of KINDS
    how: dict  # every key of KINDS[kind]


@dataclasses.dataclass
class Lab:
    number: int
    title: str
    hours: str
    files: list  # paths and globs
    symbols: list
    headers: list
    instructions: list
    checks: list

    @property
    def points(self):
        return sum(c.points for c in self.checks)


def numbers(root):
    """The labs that exist in the tree, in their order."""
    found = (re.fullmatch(r"lab(\d)", name) for name in os.listdir(os.path.join(root, "labs")))
    return sorted(int(m[1]) for m in found if m and os.path.exists(os.path.join(root, "labs", m[0], "lab.toml")))


def read(root, number):
    """The lab. Raises BadLab."""
    path = f"labs/lab{number}/lab.toml"
    try:
        with open(os.path.join(root, path), "rb") as f:
            table = tomllib.load(f)
    except (OSError, ValueError) as error:
        raise BadLab(f"{path}: {error}") from None
    try:
        return parse(number, table)
    except ValueError as error:
        raise BadLab(f"{path}: {error}") from None


def parse(number, table):
    """The lab of a parsed lab.toml. Raises ValueError."""
    known = {"title": str, "hours": str, "files": list, "symbols": list, "headers": list, "instructions": list, "check": list}
    for key, value in table.items():
        require(key in known, f"unknown key `{key}`")
        require(isinstance(value, known[key]), f"`{key}` is not a {known[key].__name__}")
    for key in ("title", "hours", "files", "check"):
        require(key in table, f"`{key}` is missing")
    for pattern in table["files"]:
        require(isinstance(pattern, str) and path_ok(pattern), f"`files`: {pattern!r} is not a path from the root")
    checks = [parse_check(c) for c in table["check"]]
    ids = [c.id for c in checks]
    require(len(ids) == len(set(ids)), f"a check's id stands twice: {', '.join(sorted({i for i in ids if ids.count(i) > 1}))}")
    lab = Lab(number, table["title"], table["hours"], table["files"], table.get("symbols", []), table.get("headers", []),
              table.get("instructions", []), checks)
    require(lab.points == 100, f"the points add up to {lab.points}, not 100")
    return lab


def parse_check(table):
    name = table.get("id", "(no id)")
    for key, type_ in FIELDS.items():
        require(isinstance(table.get(key), type_), f"check {name}: `{key}` is missing, or not a {type_.__name__}")
    require(re.fullmatch(r"[a-z0-9-]+", name), f"check {name}: an id has a to z, digits and hyphens")
    require(table["points"] > 0, f"check {name}: no points")
    require(table["rung"] in (1, 2, 3), f"check {name}: only rungs 1 to 3 are graded")
    kinds = [k for k in table if k not in FIELDS]
    require(len(kinds) == 1 and kinds[0] in KINDS, f"check {name}: exactly one of {', '.join(KINDS)}; it has {', '.join(kinds) or 'none'}")
    return Check(*(table[f] for f in FIELDS), kinds[0], parse_how(name, kinds[0], table[kinds[0]]))


def parse_how(name, kind, value):
    if isinstance(value, str) and kind in SHORT:
        value = {SHORT[kind]: value}
    require(isinstance(value, dict), f"check {name}: `{kind}` is not a table")
    how = {}
    for key, default in KINDS[kind].items():
        type_ = list if (kind, key) in LISTS else str if default is None else type(default)
        require(key in value or default is not None, f"check {name}: {kind} has no `{key}`")
        how[key] = value.get(key, default)
        require(type(how[key]) is type_, f"check {name}: {kind}'s `{key}` is not a {type_.__name__}")
    unknown = set(value) - set(KINDS[kind])
    require(not unknown, f"check {name}: {kind} has no key {', '.join(sorted(unknown))}")
    require(how.get("seeds") != [], f"check {name}: no seeds")
    return how


def path_ok(path):
    """Whether it names something below the root, and can name nothing else."""
    return bool(path) and not path.startswith("/") and not {"", ".", ".."} & set(path.split("/"))


def require(condition, complaint):
    if not condition:
        raise ValueError(complaint)
