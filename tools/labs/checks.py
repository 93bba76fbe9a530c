"""Runs a lab's checks on a workspace. Each kind has a function that returns what did not hold, as a list of reasons.

A result counts only if it is there by name: for each kind it is known beforehand which tests are to be run, from the
pristine sources, and one that is missing is one that failed. Reasons hold nothing that differs between two runs.
"""
import dataclasses
import os
import re
import shlex
import shutil
import sys
import xml.etree.ElementTree

import ktap
import qemu
from labs.workspace import BuildFailed

ICOUNT = 4
HOST_LIMIT, MODEL_LIMIT, TOOL_LIMIT, BOOT_LIMIT = 600, 1800, 1200, 3600  # host seconds, against what hangs; generous
BOOT_CPU_LIMIT = 300  # seconds of QEMU's processor time: the same on a loaded host
OUTPUT_LIMIT = 4 << 20  # bytes that a guest may print
RESULTS = "build/grade-results"  # in the workspace


@dataclasses.dataclass
class Outcome:
    check: object
    reasons: list  # none: it passed
    reproduce: str

    @property
    def passed(self):
        return not self.reasons

    @property
    def score(self):
        return self.check.points if self.passed else 0


class Runner:
    """Runs checks on one submission; what several of them need is run once."""

    def __init__(self, workspace, nonce):
        self.workspace, self.nonce, self.cache = workspace, nonce, {}
        qemu.LOGS = workspace.path("build/logs")

    def run(self, check):
        try:
            reasons, reproduce = getattr(self, check.kind)(check.how)
        except BuildFailed as error:
            reasons, reproduce = [str(error)], reproduce_line(check, None)
        return Outcome(check, reasons, reproduce)

    def once(self, key, function):
        if key not in self.cache:
            try:
                self.cache[key] = function()
            except BuildFailed as error:
                self.cache[key] = error
        if isinstance(self.cache[key], BuildFailed):
            raise self.cache[key]
        return self.cache[key]

    # --- rung 1 ---

    def host(self, how):
        expected = how["only"] or host_tests(self.source(how["test"]))
        passed, trouble = self.once(("host", how["test"]), lambda: self.run_host(how["test"]))
        reasons = [f"{name} {'failed' if name in passed else 'was not run'}" for name in expected if not passed.get(name)]
        return (reasons and trouble + reasons), f"tools/host-tests --only {how['test']}"

    def source(self, path):
        return self.workspace.pristine[path].data.decode()

    def run_host(self, test):
        """({function: whether it passed under every strategy}, reasons of the whole program)"""
        status, output = self.workspace.run(["tools/host-tests", "--build", "--only", test])
        if status != 0:
            raise BuildFailed("does not build: " + first_error(output))
        results = self.workspace.path(RESULTS, self.nonce)
        os.makedirs(results, exist_ok=True)
        # The code under test does not know this name, and what it might print is not looked at.
        pattern = os.path.join(results, os.path.basename(test) + "-%g.xml")
        status, _ = self.workspace.run([self.workspace.path("build/host", test.removesuffix(".c"))], HOST_LIMIT,
                                       sanitized=True, CMOCKA_MESSAGE_OUTPUT="xml", CMOCKA_XML_FILE=pattern)
        passed = {}
        for name in sorted(os.listdir(results)):
            if name.startswith(os.path.basename(test) + "-"):
                read_cmocka(os.path.join(results, name), passed)
        shutil.rmtree(results)
        trouble = [] if status == 0 else ["the program hangs"] if status is None else [f"the program ended with status {status}"]
        return passed if status is not None else {}, trouble

    def model(self, how):
        lines = {}
        for prefix in how["only"]:
            lines |= self.once(("model", prefix, how["full"]), lambda p=prefix: self.run_model(p, how["full"]))
        reasons = [f"{name}: {text}" for name, text in lines.items() if text]
        if not lines:
            reasons = ["no check of the model has such a name"]
        return reasons, reproduce_line_model(how)

    def run_model(self, prefix, full):
        """{name of each check that is to be run: what is wrong with it, or ''}"""
        status, output = self.workspace.run(["tools/pgmodel/run", "--list"], MODEL_LIMIT)
        if status != 0:
            raise BuildFailed("does not build: " + first_error(output))
        names = [n for n in re.findall(r"^check\t(\S+)\t", output, re.M) if n.startswith(prefix)]
        command = ["tools/pgmodel/run", "--lines", "--only", prefix] + (["--full"] if full else [])
        _, output = self.workspace.run(command, MODEL_LIMIT)
        found = {name: (ok, verdict, expected, why.strip()) for ok, name, verdict, expected, why in re.findall(
            r"^(ok|not ok) (\S+)  (\w+), expected: (\w+), \d+ states, \d+ steps, \d+ shared, [\d.]+ s  ?(.*)$", output, re.M)}
        return {name: model_reason(found.get(name)) for name in names}

    # --- rungs 2 and 3 ---

    def ktest(self, how):
        expected = ktests(self.workspace.pristine, how["filter"], how["skip"], how["debug"])
        if not expected:
            return ["no in-kernel test has such a name"], reproduce_line_ktest(how, how["seeds"][0])
        for seed in how["seeds"]:
            key = ("ktest", seed, tuple((k, str(v)) for k, v in how.items() if k != "seeds"))
            reasons = self.once(key, lambda s=seed: self.run_ktest(how, s, expected))
            if reasons:
                return [f"seed {seed}: {r}" for r in reasons], reproduce_line_ktest(how, seed)
        return [], reproduce_line_ktest(how, how["seeds"][0])

    def boot_machine(self, how, append, expect, build, initrd):
        machine = qemu.Machine(kernel=self.workspace.kernel(build), initrd=initrd, smp=how["cpus"], icount=ICOUNT, levels=how["levels"],
                               deadline=how["deadline"], append=f"nonce={self.nonce} {append}", dimms=[qemu.DIMM] if how.get("dimm") else [])
        result = qemu.run(machine, expect, BOOT_LIMIT, log=self.workspace.path("build/logs", f"grade-{len(self.cache)}.log"),
                          cpu_limit=BOOT_CPU_LIMIT, output_limit=OUTPUT_LIMIT)
        if result.verdict == "pass" and f"# verdict: success {self.nonce}" not in result.lines:
            result.verdict, result.reason = "crash", "the machine ended with the code of success, but it was not the kernel that ended it"
        return result

    def run_ktest(self, how, seed, expected):
        """Reasons."""
        result = self.boot_machine(how, ktest_options(how, seed), "^# ktest: ", "debug" if how["debug"] else "release", None)
        parsed = ktap.parse_ktap(result.lines)
        proven = {m[1] for m in (re.fullmatch(rf"ok \d+ (\S+) # nonce={self.nonce}", line) for line in result.lines) if m}
        parsed.passed = [name for name in parsed.passed if name in proven]
        reasons = [f"{name} failed" for name in expected if name in parsed.failed]
        reasons += [f"{name} was skipped" for name in expected if name in parsed.skipped]
        if result.verdict not in ("pass", "fail"):
            reasons.append(ended(result) + (f" in {parsed.running}" if parsed.running else ""))
        missing = [n for n in expected if n not in parsed.passed + parsed.failed + parsed.skipped and n != parsed.running]
        if missing:
            reasons.append(f"{len(missing)} tests were not run: {', '.join(missing[:3])}{' ...' if missing[3:] else ''}")
        if not reasons and (result.verdict != "pass" or parsed.complaints):
            reasons = [*parsed.complaints, result.reason]
        return reasons

    def boot(self, how):
        for seed in how["seeds"]:
            key = ("boot", seed, tuple((k, str(v)) for k, v in how.items() if k not in ("seeds", "expect")))
            result = self.once(key, lambda s=seed: self.boot_machine(how, boot_options(how, s), None, "debug" if how["debug"] else "release",
                                                                    self.workspace.archive()))
            if result.verdict != "pass":
                return [f"seed {seed}: {ended(result)}"], reproduce_line_boot(how, seed)
            if not result.find(how["expect"]):
                return [f"seed {seed}: no line matches {how['expect']!r}"], reproduce_line_boot(how, seed)
        return [], reproduce_line_boot(how, how["seeds"][0])

    # --- whatever else ---

    def tool(self, how):
        for build in how["builds"]:
            self.workspace.kernel(build)
        if how["builds"]:
            self.workspace.archive()
        status, output = self.workspace.run([sys.executable, how["script"], *how["args"]], TOOL_LIMIT)
        last = (output.strip().splitlines() or ["it said nothing"])[-1][:300]
        return [] if status == 0 else [last], shlex.join([how["script"], *how["args"]])


# --- what is expected, from the pristine sources -------------------------------------------------------

def host_tests(text):
    """Test functions that a cmocka program registers."""
    return sorted(set(re.findall(r'\b(?:cmocka_unit_test\w*|EACH\w*|UNDER)\(\s*(?:"[^"]*",\s*)?(\w+)', text)))


def ktests(files, wanted, skip, debug):
    """Names of the in-kernel tests that filter and skip select, as kernel/base/ktest.c does."""
    names = [f"{suite}.{name}" for path, file in files.items() if path.endswith("_ktest.c") and (debug or not path.endswith("_forced_ktest.c"))
             for suite, name in re.findall(r"^KTEST\((\w+), (\w+)\)", file.data.decode(), re.M)]
    return sorted(n for n in names if starts(n, wanted) and not starts(n, skip))


def starts(name, prefixes):
    return any(p and name.startswith(p) for p in prefixes.split(","))


# --- reading results ------------------------------------------------------------------------------------

def read_cmocka(path, passed):
    """Adds {function: passed} of one XML file: a test that is run under several strategies passes when all do."""
    try:
        cases = list(xml.etree.ElementTree.parse(path).iter("testcase"))
    except (OSError, xml.etree.ElementTree.ParseError):
        return
    for case in cases:
        name = case.get("name", "").rpartition(": ")[2]
        passed[name] = passed.get(name, True) and len(case) == 0


def model_reason(found):
    if found is None:
        return "was not run"
    ok, verdict, expected, why = found
    return "" if ok == "ok" else f"{verdict}, and not {expected}" + (f": {why}" if why else "")


def first_error(output):
    lines = [line for line in output.splitlines() if re.search(r"\berror\b|undefined reference", line)]
    return (lines or output.strip().splitlines() or ["no output"])[0].strip()[:300]


def ended(result):
    """How a machine ended that should not have ended so."""
    panic = result.find(r"(?i)^.*\bpanic\b.*$") if result.verdict == "panic" else None
    return panic[0][:200] if panic else result.reason


# --- command lines ---------------------------------------------------------------------------------------

def ktest_options(how, seed):
    more = [f"{key}={how[key]}" for key in ("filter", "skip", "sched", "maxcpus") if how[key]]
    return " ".join(["ktest=1", *more, f"pgsync={how['pgsync']}", "pgctl=1", f"seed={seed}", "idle=poll"])


def boot_options(how, seed):
    return f"idle=poll seed={seed} " + how["command"].replace("{seed}", str(seed))


def reproduce_line_model(how):
    return " && ".join(f"make pgmodel ONLY={prefix}" + (" FULL=1" if how["full"] else "") for prefix in how["only"])


def reproduce_line_ktest(how, seed):
    words = ["make ktest"] + (["DEBUG=1"] if how["debug"] else []) + [f"NCPU={how['cpus']}", f"ICOUNT={ICOUNT}", f"SEED={seed}"]
    words += [f"PGSYNC={how['pgsync']}"] if how["pgsync"] != "walk" else []
    words += [f"LEVELS={how['levels']}"] if how["levels"] != 4 else []
    words += [] if how["dimm"] else ["DIMM=none"]
    words += [f"APPEND=maxcpus={how['maxcpus']}"] if how["maxcpus"] else []
    words += [f"{name}={how[key]}" for name, key in (("SCHED", "sched"), ("FILTER", "filter"), ("SKIP", "skip")) if how[key]]
    return " ".join(words)


def reproduce_line_boot(how, seed):
    kernel = "build/debug/freewalk.elf" if how["debug"] else "build/freewalk.elf"
    return f"make all{' DEBUG=1' if how['debug'] else ''} && " + shlex.join(
        ["tools/qemu.py", "--kernel", kernel, "--smp", str(how["cpus"]), "--levels", str(how["levels"]), "--icount", str(ICOUNT),
         "--deadline", str(how["deadline"]), "--append", boot_options(how, seed), "--expect", how["expect"]])


def reproduce_line(check, seed):
    """For a check that could not be run."""
    how = check.how
    seed = seed or how.get("seeds", [1])[0]
    return {"host": lambda: f"tools/host-tests --only {how['test']}", "model": lambda: reproduce_line_model(how),
            "ktest": lambda: reproduce_line_ktest(how, seed), "boot": lambda: reproduce_line_boot(how, seed),
            "tool": lambda: shlex.join([how["script"], *how["args"]])}[check.kind]()
