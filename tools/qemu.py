#!/usr/bin/python3
"""The one owner of the QEMU command line: boots Freewalk, watches it, and judges how it ended.

As a program:   tools/qemu.py --kernel --smp 8 --append 'ktest=1' --expect 'regular expression'
As a library:   result = run(Machine(smp=8, append="ktest=1"), expect="...")

A guest succeeds only when it says so twice: QEMU's exit status is the one that isa-debug-exit makes
of the kernel's success code, AND a line on the serial port matches `expect`. Everything else has a name:

    verdict   exit   what happened
    pass      0      both
    fail      1      the guest said failure, or success without its line
              2      wrong usage, nothing was booted
    panic     3      the guest said that it panicked
    crash     4      triple fault, unexpected power-off, signal, no output at all, or without end
    hang      5      the host's safety timeout, or limit of processor time; deadlines that judge the guest are
                     the guest's own, in virtual time (Machine.deadline)

What it does not do: interpret the guest's report (conftest.py), build the kernel (Makefile).
"""
import argparse
import contextlib
import ctypes
import dataclasses
import os
import re
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KERNEL = os.path.join(ROOT, "build/freewalk.elf")
DEBUG_KERNEL = os.path.join(ROOT, "build/debug/freewalk.elf")
INITRAMFS = os.path.join(ROOT, "build/initramfs.cpio")
LOGS = os.path.join(ROOT, "build/logs")

# isa-debug-exit ends QEMU with (code << 1) | 1. The kernel writes 0x10, 0x11 or 0x12.
EXIT_SUCCESS = 0x10 << 1 | 1
EXIT_FAILURE = 0x11 << 1 | 1
EXIT_PANIC = 0x12 << 1 | 1

EXIT_CODE = {"pass": 0, "fail": 1, "panic": 3, "crash": 4, "hang": 5}

# Firmware images by what distributions call them: (code, variables).
FIRMWARE = [
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
]

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1  # linux/prctl.h

# QEMU's emulated CPUs have 40 bits of physical address: what is above the memory must end below 1 TiB.
SLOTS_END = "768G"

# One that needs a slot of its own in the root tables, for who wants just some DIMM: at 512 GiB.
DIMM = "128M@0x8000000000"

ESCAPES = re.compile(r"\x1b(\[[0-9;?=]*[A-Za-z]|[()][A-Z0-9]|[=>78cM])|[\x00-\x08\x0b-\x1f]")


@dataclasses.dataclass
class Machine:
    """What to boot, on what. Paths are the host's; `mem` is in QEMU's notation."""

    boot: str = "kernel"  # kernel (PVH, no loader), iso (GRUB on BIOS), uefi (GRUB on OVMF)
    kernel: str = KERNEL
    initrd: str | None = INITRAMFS
    iso: str | None = None  # made from kernel, initrd and append when it is None
    append: str = ""
    smp: int = 1
    mem: str = "1G"
    levels: int = 4  # of page tables: the kernel takes five where the processor has them
    slots: int = 0  # for DIMMs, between the memory above 4 GiB and SLOTS_END
    dimms: list[str] = dataclasses.field(default_factory=list)  # plugged in at power-on: size@address
    memory_file: str | None = None  # the guest's memory, for who reads it when QEMU has ended (tools/trace); its owner removes it
    qmp: str | None = None  # path of a socket for QEMU's monitor (qmp.py)
    icount: int | None = None  # shift: 2**shift ns of virtual time an instruction; deterministic
    deadline: int | None = None  # seconds of virtual time after which the guest gives up
    extra: list[str] = dataclasses.field(default_factory=list)  # more QEMU arguments

    def cmdline(self):
        """The kernel command line. Options precede what the caller gave: what follows `--` is init's."""
        own = "debugexit=1"
        if self.icount is not None:
            own += f" icount={self.icount}"  # for the line that reproduces a failure
        if self.deadline is not None:
            own += f" deadline={self.deadline}"
        return f"{own} {self.append}".strip()


@dataclasses.dataclass
class Result:
    verdict: str  # a key of EXIT_CODE
    reason: str  # one sentence
    status: int | None  # QEMU's exit status; negative: signal
    lines: list[str]
    seconds: float  # host time
    user_seconds: float  # host CPU time that QEMU used
    log: str

    @property
    def text(self):
        return "\n".join(self.lines)

    def find(self, pattern):
        """The first match of `pattern` in a line, or None."""
        return next((m for m in (re.search(pattern, line) for line in self.lines) if m), None)


def make_iso(path, append, kernel=KERNEL, initrd=INITRAMFS):
    """Writes the bootable image with this kernel command line in its GRUB menu."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    command = [os.path.join(ROOT, "tools/mkiso"), kernel, initrd, append, path]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(f"tools/mkiso failed:\n{done.stdout}")


def accelerator(machine):
    if machine.icount is not None:
        return ["-accel", "tcg,thread=single", "-icount", f"shift={machine.icount},sleep=off",
                "-rtc", "base=2020-01-01,clock=vm"]
    if os.environ.get("KVM") == "1" and os.access("/dev/kvm", os.R_OK | os.W_OK):
        return ["-accel", "kvm"]
    return ["-accel", "tcg,thread=multi"]


def firmware(scratch):
    """Flash arguments for OVMF; the variables are a private copy in `scratch`."""
    for code, variables in FIRMWARE:
        if os.path.exists(code) and os.path.exists(variables):
            copy = os.path.join(scratch, f"ovmf-vars-{os.getpid()}-{time.monotonic_ns()}.fd")
            shutil.copy(variables, copy)
            return ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={code}",
                    "-drive", f"if=pflash,format=raw,unit=1,file={copy}"], copy
    raise RuntimeError("no OVMF firmware in /usr/share/OVMF: run `make doctor`")


def memory(machine):
    """Boot's memory, slots for more of it, and the DIMMs that are in slots at power-on."""
    slots = max(machine.slots, len(machine.dimms))
    args = ["-m", machine.mem + (f",slots={slots},maxmem={SLOTS_END}" if slots else "")]
    if machine.memory_file:
        args += ["-object", f"memory-backend-file,id=ram,size={machine.mem},mem-path={machine.memory_file},share=on", "-machine", "memory-backend=ram"]
    for i, dimm in enumerate(machine.dimms):
        size, _, addr = dimm.partition("@")
        args += ["-object", f"memory-backend-ram,id=mem{i},size={size}",
                 "-device", f"pc-dimm,id=dimm{i},memdev=mem{i},addr={addr}"]
    return args


def command(machine, serial="stdio"):
    """Returns (QEMU's argument list, temporary files to remove afterwards)."""
    args = ["qemu-system-x86_64", "-machine", "pc", "-cpu", f"max,la57={'on' if machine.levels == 5 else 'off'}", *accelerator(machine),
            "-smp", str(machine.smp), *memory(machine), "-display", "none", "-nic", "none",
            "-serial", serial, "-monitor", "none", "-no-reboot",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
    scratch = []
    if machine.boot == "kernel":
        args += ["-kernel", machine.kernel, "-append", machine.cmdline()]
        if machine.initrd:
            args += ["-initrd", machine.initrd]
    elif machine.boot in ("iso", "uefi"):
        os.makedirs(LOGS, exist_ok=True)
        image = machine.iso
        if image is None:
            image = os.path.join(LOGS, f"boot-{os.getpid()}-{time.monotonic_ns()}.iso")
            make_iso(image, machine.cmdline(), machine.kernel, machine.initrd)
            scratch.append(image)
        args += ["-cdrom", image, "-boot", "d"]
        if machine.boot == "uefi":
            flash, copy = firmware(LOGS)
            args += flash
            scratch.append(copy)
    else:
        raise ValueError(f"unknown way to boot: {machine.boot}")
    if machine.qmp:
        args += ["-qmp", f"unix:{machine.qmp},server=on,wait=off"]
        scratch.append(machine.qmp)
    return args + machine.extra, scratch


def die_with_parent():
    """In the child: a QEMU never outlives the thread that watches it, however that ends."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(args, cpu_limit=None, **kwargs):
    """`cpu_limit`: seconds of processor time, after which SIGXCPU ends it."""
    def prepare():
        die_with_parent()
        if cpu_limit is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_limit, cpu_limit + 10))
    return subprocess.Popen(args, stdin=subprocess.DEVNULL, preexec_fn=prepare, **kwargs)


def stop(process):
    """Ends a process that we started and collects it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclasses.dataclass
class Cut:
    """The host ended the guest: "hang" or "flood"."""

    why: str


def read_lines(process, deadline, limit=None):
    """Yields the guest's lines as they come, cleaned; a Cut when `deadline` (monotonic) is over or there were more than `limit` bytes."""
    pending, seen = b"", 0
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                if pending:
                    yield clean(pending)
                yield Cut("hang")
                return
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                if pending:
                    yield clean(pending)
                return
            seen += len(piece)
            if limit is not None and seen > limit:
                yield Cut("flood")
                return
            *whole, pending = (pending + piece).split(b"\n")
            for line in whole:
                yield clean(line)


def clean(raw):
    """Text without the carriage returns and terminal escapes of loader and firmware."""
    return ESCAPES.sub("", raw.decode("utf-8", "replace")).rstrip()


def judge(status, cut, lines, expect):
    """Returns (verdict, reason). `cut`: a Cut, or None."""
    if cut and cut.why == "flood":
        return "crash", "output without end"
    if cut:
        return "hang", "no end within the host's safety timeout"
    if status == -signal.SIGXCPU:
        return "hang", "no end within the limit of processor time"
    if status == EXIT_PANIC:
        return "panic", "the guest panicked"
    if status == EXIT_FAILURE:
        return "fail", "the guest reported failure"
    if status == EXIT_SUCCESS:
        if expect is None or any(re.search(expect, line) for line in lines):
            return "pass", "the guest's exit code and its own line say success"
        return "fail", f"the guest's exit code says success, but no line matches {expect!r}"
    if status < 0:
        return "crash", f"QEMU was ended by signal {-status}"
    if not any(line for line in lines):
        return "crash", f"QEMU ended with status {status} and the guest printed nothing"
    if status == 0:
        return "crash", "QEMU ended with status 0: a triple fault, or a power-off nobody asked for"
    return "crash", f"QEMU ended with the unexpected status {status}"


def cpu_seconds(process):
    """Host CPU seconds that a running process has used."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii", errors="replace") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(machine, expect=None, timeout=300, echo=None, log=None, on_line=None, cpu_limit=None, output_limit=None):
    """
    Boots, waits for the end, returns a Result. `expect`: see the top; None: the exit code alone decides.
    `timeout`: host seconds, generous, only against hangs. `echo`: called with each line. `on_line(process, line)`:
    for tests that measure QEMU itself; returns True to end the guest now (the verdict is then a hang). `cpu_limit`: seconds of
    QEMU's processor time, which a loaded host does not make longer; `output_limit`: bytes; for guests that are not trusted.
    """
    args, scratch = command(machine)
    os.makedirs(LOGS, exist_ok=True)
    log = log or os.path.join(LOGS, f"qemu-{os.getpid()}-{time.monotonic_ns()}.log")
    os.makedirs(os.path.dirname(os.path.abspath(log)), exist_ok=True)
    lines, cut, used = [], None, 0.0
    begin = time.monotonic()
    before = os.times()
    process = spawn(args, cpu_limit, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        with open(log, "w", encoding="utf-8") as out:
            out.write("$ " + " ".join(map(quote, args)) + "\n")
            for line in read_lines(process, begin + timeout, output_limit):
                if isinstance(line, Cut) or (on_line and on_line(process, line)):
                    cut = line if isinstance(line, Cut) else Cut("hang")
                    break
                lines.append(line)
                out.write(line + "\n")
                out.flush()
                if echo:
                    echo(line)
            if cut:
                used = cpu_seconds(process)
                stop(process)
            status = process.wait()
            verdict, reason = judge(status, cut, lines, expect)
            out.write(f"== {verdict}: {reason} (QEMU status {status})\n")
    finally:
        stop(process)
        for path in scratch:
            with contextlib.suppress(FileNotFoundError):  # QEMU may remove its socket itself
                os.unlink(path)
    after = os.times()
    used = used or after.children_user + after.children_system - before.children_user - before.children_system
    return Result(verdict, reason, status, lines, time.monotonic() - begin, used, log)


def quote(arg):
    return arg if re.fullmatch(r"[\w@%+=:,./-]+", arg) else "'" + arg.replace("'", "'\\''") + "'"


def parse(argv):
    parser = argparse.ArgumentParser(description="Boots Freewalk in QEMU and judges how it ended.",
                                     epilog="exit: 0 pass, 1 fail, 2 usage, 3 panic, 4 crash, 5 hang")
    parser.add_argument("--kernel", nargs="?", const=KERNEL, default=KERNEL, metavar="ELF",
                        help="the kernel; booted by PVH, without a loader, unless an image is asked for")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--iso", metavar="FILE", help="make FILE with GRUB and boot it on BIOS")
    how.add_argument("--uefi", metavar="FILE", help="make FILE with GRUB and boot it on UEFI")
    how.add_argument("--make-iso", metavar="FILE", help="only make FILE")
    parser.add_argument("--initrd", default=INITRAMFS, metavar="FILE", help="boot module; '' for none")
    parser.add_argument("--append", default="", metavar="TEXT", help="kernel command line; after -- come init's arguments")
    parser.add_argument("--smp", type=int, default=1, metavar="N")
    parser.add_argument("--mem", default="1G", metavar="SIZE")
    parser.add_argument("--levels", type=int, choices=(4, 5), default=4, help="of page tables (default: 4)")
    parser.add_argument("--dimm", action="append", default=[], metavar="SIZE@ADDRESS",
                        help="memory in a slot, for example 128M@0x8000000000; several times")
    parser.add_argument("--slots", type=int, default=0, metavar="N", help="slots for DIMMs, at least those of --dimm")
    parser.add_argument("--memory-file", metavar="FILE", help="keep the guest's memory in FILE, which stays when QEMU ends")
    parser.add_argument("--qmp", metavar="SOCKET", help="QEMU's monitor (QMP) at this path")
    parser.add_argument("--icount", type=int, metavar="SHIFT", help="deterministic: 2^SHIFT ns an instruction")
    parser.add_argument("--deadline", type=int, metavar="SECONDS", help="of virtual time, kept by the guest")
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS", help="of host time, against hangs")
    parser.add_argument("--expect", metavar="REGEX", help="a line that a successful guest prints")
    parser.add_argument("--log", metavar="FILE", help="default: a new file in build/logs/")
    parser.add_argument("--title", default="QEMU", metavar="WORD", help="opens the last line")
    parser.add_argument("--print", action="store_true", dest="show", help="print QEMU's command line, boot nothing")
    args = parser.parse_args(argv)
    if not 1 <= args.smp <= 255:
        parser.error("--smp: 1 to 255 (the xAPIC addresses no more)")
    for path in filter(None, [args.kernel, args.initrd]):
        if not os.path.exists(path):
            parser.error(f"{path} does not exist: run `make all`")
    return args


def main(argv):
    args = parse(argv)
    image = args.iso or args.uefi or args.make_iso
    machine = Machine(boot="uefi" if args.uefi else "iso" if image else "kernel", kernel=args.kernel,
                      initrd=args.initrd or None, append=args.append, smp=args.smp, mem=args.mem, levels=args.levels,
                      slots=args.slots, dimms=args.dimm, memory_file=args.memory_file, qmp=args.qmp,
                      icount=args.icount, deadline=args.deadline, iso=image)
    if image:
        make_iso(image, machine.cmdline(), machine.kernel, machine.initrd)
    if args.make_iso:
        return 0
    if args.show:
        print(" ".join(map(quote, command(machine)[0])))
        return 0
    print(f"Booting {args.smp} CPUs ({machine.boot}): {machine.cmdline()}", flush=True)
    result = run(machine, args.expect, args.timeout, echo=lambda line: print(line, flush=True), log=args.log)
    if result.verdict == "pass":
        print(f"{args.title}: PASS")
    else:
        print(f"{args.title}: FAIL: {result.verdict}: {result.reason}; log: {os.path.relpath(result.log)}")
    return EXIT_CODE[result.verdict]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except RuntimeError as error:
        sys.exit(f"tools/qemu.py: {error}")
