#!/usr/bin/python3
"""QEMU's monitor: QMP over a socket (Machine.qmp of qemu.py). Protocol: QEMU, docs/interop/qmp-spec.

    with Qmp(path) as qmp:
        qmp.command("device_del", id="dimm0")
        event = qmp.event("DEVICE_DELETED", "MEM_UNPLUG_ERROR")

As a program, while a guest runs that was started with `--slots 4 --qmp SOCKET`:

    tools/qmp.py SOCKET plug NAME SIZE ADDRESS      for example: plug dimm0 256M 0x8000000000
    tools/qmp.py SOCKET pull NAME
"""
import json
import socket
import sys
import time

UNITS = {"M": 1 << 20, "G": 1 << 30}


class Qmp:
    """One connection. Events are kept until somebody asks for them."""

    def __init__(self, path, timeout=600):
        self.events = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.file = self.socket.makefile("rw", encoding="utf-8")
        self.read()  # the greeting
        self.command("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def read(self):
        line = self.file.readline()
        if not line:
            raise RuntimeError("QEMU has closed its monitor")
        return json.loads(line)

    def command(self, name, **arguments):
        """The result; an error of QEMU's is a RuntimeError with its words."""
        self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = self.read()
            if "event" in answer:
                self.events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"{name}: {answer['error']['desc']}")
            else:
                return answer["return"]

    def event(self, *names, timeout=600):
        """The next event of one of these names, kept or new; others stay."""
        limit = time.monotonic() + timeout
        while time.monotonic() < limit:
            for event in self.events:
                if event["event"] in names:
                    self.events.remove(event)
                    return event
            answer = self.read()
            if "event" in answer:
                self.events.append(answer)
        raise RuntimeError(f"no event {names}")

    def plug(self, name, size, addr):
        """A DIMM of `size` bytes at physical address `addr`."""
        self.command("object-add", **{"qom-type": "memory-backend-ram", "id": f"{name}-memory", "size": size})
        self.command("device_add", driver="pc-dimm", id=name, memdev=f"{name}-memory", addr=addr)

    def pull(self, name):
        """Asks the guest for the DIMM. True when it has given it back; False: it has refused."""
        self.command("device_del", id=name)
        while True:
            event = self.event("DEVICE_DELETED", "ACPI_DEVICE_OST")
            if event["event"] == "DEVICE_DELETED" and event["data"].get("device") == name:
                self.command("object-del", id=f"{name}-memory")
                return True
            info = event["data"].get("info", {})
            if info.get("source") == 3 and info.get("status"):
                return False


def size_of(text):
    return int(text[:-1], 0) * UNITS[text[-1]] if text[-1:] in UNITS else int(text, 0)


def main(argv):
    if len(argv) == 5 and argv[1] == "plug":
        with Qmp(argv[0]) as qmp:
            qmp.plug(argv[2], size_of(argv[3]), int(argv[4], 0))
        return 0
    if len(argv) == 3 and argv[1] == "pull":
        with Qmp(argv[0]) as qmp:
            gone = qmp.pull(argv[2])
        print("removed" if gone else "refused: see the guest's log")
        return 0 if gone else 1
    print("usage: tools/qmp.py SOCKET plug NAME SIZE ADDRESS | SOCKET pull NAME", file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (RuntimeError, OSError) as error:
        sys.exit(f"tools/qmp.py: {error}")
