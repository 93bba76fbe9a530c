"""What submitted code may do at all. It is linked with the tests that judge it, so it must not be able to speak in their place.

Looked at before anything is run: the source (source_findings), and the objects that came of it (object_findings), in each build
that the lab's checks use. What the reference's own objects contain is allowed; labs/labN/objects has the list, which learn() makes:

    symbol NAME        an object refers to it             section NAME       an object has it
    defines NAME       an object defines it, for others   instruction WORD   privileged, or a jump to a computed address
    include PATH       a file includes it

The limits of this are told in docs/grading.md.
"""
import re
import subprocess

import check_lib

FORBIDDEN = {"asm", "__asm", "__asm__", "_Pragma", "__attribute__", "__attribute", "__builtin_frame_address", "__builtin_return_address",
             "__builtin_setjmp", "__builtin_longjmp", "__builtin_eh_return", "__builtin_return", "__builtin_apply", "__builtin_apply_args",
             "__section", "__naked", "__used", "__has_include", "__has_embed"}
DIRECTIVES = {"include", "define", "undef", "if", "ifdef", "ifndef", "elif", "else", "endif", "error"}
# What the compiler itself may call or add, and what can only end in failure.
ALWAYS = {"symbol panic", "symbol memcpy", "symbol memset", "symbol memmove", "symbol memcmp", "symbol _GLOBAL_OFFSET_TABLE_"}
SANITIZER = re.compile(r"symbol __(asan|ubsan|tsan)_\w+$|defines __odr_asan\.")
USUAL = re.compile(r"\.(text|rodata|data|bss)(\.|$)|\.eh_frame$|\.note\.gnu\.property$")
USUAL_OF_SANITIZER = re.compile(USUAL.pattern + r"|\.(init|fini)_array(\.\d+)?$|\.asan_globals$|asan_globals$")
PRIVILEGED = re.compile(r"(in|ins[bwlq]?|out|outs[bwlq]?|in[bwl]|out[bwl]|hlt|cli|sti|clts|lmsw|[ls][gil]dtq?|ltr|str|lldt|wrmsr|rdmsr|rdpmc|"
                        r"iretq?|iretw|lret\w*|ljmp\w*|lcall\w*|sysretq?|sysretl|sysexit\w*|syscall|sysenter|int3?|into|invd|wbinvd|invlpg|invpcid|"
                        r"swapgs|xsetbv|xrstors?\w*|vm\w+|monitor|mwait|[rw]r[fg]sbase|pushf\w*|popf\w*|retf\w*|stac|clac|rsm|cpuid|rdtscp?)$")
IMAGE = range(0xffffffff80100000, 0xffffffff80800000)  # linker.ld


# --- the source -----------------------------------------------------------------------------------------

def plain(text):
    """C without comments, line splices and digraphs; strings keep their contents."""
    text = re.sub(r"\\[ \t]*\n", "", text)
    return check_lib.strip_comments(text, strings=False).replace("%:", "#")


def source_findings(path, text, allowed):
    """Yields what in a file is not allowed: "line N: what"."""
    code = plain(text)
    for m in re.finditer(r"^[ \t]*#[ \t]*(\w*)[ \t]*(.*)$", code, re.M):
        where = f"line {check_lib.line_of(code, m.start())}"
        if m[1] not in DIRECTIVES:
            yield f"{where}: the directive #{m[1]} is not allowed"
        elif m[1] == "include" and f"include {m[2].strip()}" not in allowed:
            yield f"{where}: may not include {m[2].strip()}"
        elif m[1] == "define" and "#" in m[2]:
            yield f"{where}: a macro that makes words of other words (#, ##)"
    bare = check_lib.strip_comments(code)
    for m in re.finditer(r"[A-Za-z_]\w*|\[\[|\\u", bare):
        if m[0] in FORBIDDEN or m[0] in ("[[", "\\u"):
            yield f"line {check_lib.line_of(bare, m.start())}: `{m[0]}` is not allowed"


def includes(text):
    """The `include` facts of a file."""
    return {f"include {name.strip()}" for name in re.findall(r"^[ \t]*#[ \t]*include[ \t]*(.*)$", plain(text), re.M)}


# --- the objects ------------------------------------------------------------------------------------------

def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace").stdout


def facts(objects):
    """What the objects contain: lines as in labs/labN/objects, without what any object may."""
    found = set()
    for path in objects:
        found |= symbols(path) | sections(path) | instructions(path)
    return {f for f in found - ALWAYS if not SANITIZER.match(f)}


def symbols(path):
    found = set()
    for line in output("nm", "-P", path).splitlines():
        name, kind = line.split()[:2]
        if kind in "Uvw":
            found.add(f"symbol {name}")
        elif kind.isupper() or kind in "ui":
            found.add(f"defines {name}")
    return found


def sections(path):
    """Those that are loaded, besides the usual ones. AddressSanitizer registers globals by a constructor of its own."""
    loaded = re.findall(r"^\s*\d+ (\S+)\s+0*[1-9a-f][0-9a-f]* .*\bALLOC\b", output("objdump", "-hw", path), re.M)
    usual = USUAL_OF_SANITIZER if re.search("__[at]san_", output("nm", path)) else USUAL
    return {f"section {name}" for name in loaded if not usual.match(name)}


def instructions(path):
    """Privileged instructions, jumps and calls to computed addresses, and constants that are addresses in the kernel's image."""
    found, lines = set(), output("objdump", "-dr", "--no-show-raw-insn", path).splitlines()
    for line, following in zip(lines, [*lines[1:], ""]):
        m = re.match(r"\s*[0-9a-f]+:\t(?:(?:notrack|bnd|lock|rep\w*|data16|cs|ds|es|ss|gs|fs) +)*(\w+)\s*([^#<]*)", line)
        if not m or m[1].startswith("R_X86"):
            continue
        word, operands = m[1], m[2].strip()
        relocated = "R_X86_64" in following
        if PRIVILEGED.match(word):
            found.add(f"instruction {word}")
        elif word.startswith("mov") and re.search(r"%(cr|db|dr)\d|%[cdefgs]s$|,%[cdefgs]s(?![:\w])", operands):
            # Into which general register is the compiler's choice; a per-CPU variable is %gs: with an address, and no segment register is written.
            plain = re.sub(r"%(r\d+[bwd]?|[re]?[abcd]x|[re]?[sd]i|[re]?[bs]p)\b", "%reg", operands)
            found.add(f"instruction {word} {re.sub(r'[^%a-z0-9,]', '', plain)}")
        elif word in ("call", "jmp", "callq", "jmpq") and operands.startswith("*") and not (relocated and ".rodata" in following and word[0] == "j"):
            found.add(f"instruction {word.rstrip('q')} *")
        if not relocated and any(int(c, 16) & (1 << 64) - 1 in IMAGE for c in re.findall(r"(?<!-)0x([0-9a-f]{8,16})\b", operands)):
            found.add("instruction an address in the kernel's image")
    return found


def object_findings(found, allowed, own):
    """Yields what facts() found and is not allowed. `own`: a pattern of names that new files may define."""
    if "instruction call *" in allowed:
        allowed = allowed | {"instruction jmp *"}  # the same call, as the last thing that a function does
    told = {"symbol": "may not refer to", "defines": "may not define", "section": "may not have the section", "instruction": "may not contain"}
    for fact in sorted(found - allowed):
        kind, _, name = fact.partition(" ")
        if not (kind in ("defines", "symbol") and re.fullmatch(own, name)):
            yield f"{told[kind]} {name}"
