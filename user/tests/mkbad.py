#!/usr/bin/python3
"""Makes malformed programs for abitest from a good one:  mkbad.py <good ELF> <directory>

Each file is the good program with one thing wrong, named after it, so that execve has one reason to refuse.
abitest (badelf.c) holds the list of what each must give.
"""
import os
import struct
import sys

EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
PHDR = struct.Struct("<IIQQQQQQ")
EHDR_FIELDS = ("ident type machine version entry phoff shoff flags ehsize phentsize phnum shentsize shnum "
               "shstrndx").split()
PHDR_FIELDS = "type flags offset vaddr paddr filesz memsz align".split()
KERNEL = 0xFFFFFFFF80000000
NON_CANONICAL = 0x0100000000000000  # with 48 bits of address and with 57


def read(good):
    header = dict(zip(EHDR_FIELDS, EHDR.unpack_from(good)))
    segments = [dict(zip(PHDR_FIELDS, PHDR.unpack_from(good, header["phoff"] + i * PHDR.size)))
                for i in range(header["phnum"])]
    return header, segments


def changed(good, header=None, **segment):
    """The good program with header fields, and fields of one segment, replaced. `at`: which segment."""
    data = bytearray(good)
    ehdr, phdrs = read(good)
    ehdr.update(header or {})
    if segment:
        phdrs[segment.pop("at")].update(segment)
    EHDR.pack_into(data, 0, *(ehdr[f] for f in EHDR_FIELDS))
    for i, phdr in enumerate(phdrs):
        PHDR.pack_into(data, EHDR.size + i * PHDR.size, *(phdr[f] for f in PHDR_FIELDS))
    return bytes(data)


def make(good):
    """{name: bytes}. Segment 0 is text, 1 is data (user/lib/tiny.ld)."""
    header, segments = read(good)
    text, data = segments[0], segments[1]
    ident = bytearray(header["ident"])

    def with_ident(index, value):
        return changed(good, {"ident": bytes(ident[:index]) + bytes([value]) + bytes(ident[index + 1:])})

    return {
        "empty": b"",
        "one-byte": b"\x7f",
        "truncated-header": good[:EHDR.size - 8],
        "truncated-phdrs": good[:EHDR.size + PHDR.size // 2],
        "truncated-segment": good[:data["offset"] + 16],
        "bad-magic": b"\x7fEXE" + good[4:],
        "class-32": with_ident(4, 1),
        "big-endian": with_ident(5, 2),
        "wrong-machine": changed(good, {"machine": 183}),
        "wrong-type": changed(good, {"type": 1}),
        "no-segments": changed(good, {"phnum": 0}),
        "phentsize": changed(good, {"phentsize": PHDR.size - 8}),
        "phnum-huge": changed(good, {"phnum": 0xFFFF}),
        "phoff-past-end": changed(good, {"phoff": len(good) + 4096}),
        "phoff-wraps": changed(good, {"phoff": 2**64 - 32}),
        "entry-kernel": changed(good, {"entry": KERNEL}),
        "entry-nowhere": changed(good, {"entry": 0x10}),
        "segment-kernel": changed(good, at=1, vaddr=KERNEL),
        "segment-non-canonical": changed(good, at=1, vaddr=NON_CANONICAL),
        "segment-into-kernel": changed(good, at=1, vaddr=0x00FFFFFFFFFFF000, memsz=0x10000),
        "segment-wraps": changed(good, at=1, memsz=2**64 - 4096),
        "segment-overlap": changed(good, at=1, vaddr=text["vaddr"]),
        "filesz-over-memsz": changed(good, at=1, memsz=data["filesz"] - 1),
        "offset-past-end": changed(good, at=1, offset=2**40),
        "offset-wraps": changed(good, at=1, offset=2**64 - 4096),
        "offset-misaligned": changed(good, at=1, offset=data["offset"] + 8),
        "noexec": good,
    }


def main():
    with open(sys.argv[1], "rb") as f:
        good = f.read()
    for name, content in make(good).items():
        with open(os.path.join(sys.argv[2], name), "wb") as f:
            f.write(content)


if __name__ == "__main__":
    main()
