"""A person at the guest's serial line: boots a machine whose serial port is a pseudo-terminal, types, and reads what comes.

    with Terminal(Machine(append="-- @servers /bin/sh"), log="build/logs/session.log") as t:
        t.expect(r"\\$ ")
        t.type("echo hello\\r")
        t.expect(r"hello\\r\\n")

What has been matched is gone; the next expect() begins behind it. Patterns are regular expressions on text whose ends of line
are \\r\\n, as on any terminal; a dot matches those too, for lines of the kernel's log may come between. A pattern that does not come in time is an AssertionError that shows what came instead.
"""
import os
import re
import select
import subprocess
import time
import tty

import qemu

PATIENCE = 40  # host seconds, against hangs: a loaded host is slow, not wrong


class Terminal:
    def __init__(self, machine, log):
        self.machine = machine
        self.log_path = log
        self.text = ""  # what has come and was not matched yet

    def __enter__(self):
        os.makedirs(os.path.dirname(os.path.abspath(self.log_path)), exist_ok=True)
        self.log = open(self.log_path, "wb")
        self.master, slave = os.openpty()
        tty.setraw(slave)
        args, self.scratch = qemu.command(self.machine, serial=os.ttyname(slave))
        self.log.write(("$ " + " ".join(map(qemu.quote, args)) + "\n").encode())
        self.process = qemu.spawn(args, stdout=subprocess.DEVNULL, stderr=self.log)
        # It stays open here: while QEMU has not opened it yet, and when it has closed it, there is an end to read from.
        self.slave = slave
        return self

    def __exit__(self, *_):
        qemu.stop(self.process)
        os.close(self.master)
        os.close(self.slave)
        self.log.close()
        for path in self.scratch:
            if os.path.exists(path):
                os.unlink(path)

    def type(self, keys):
        """Types all of `keys`, as fast as the line takes them."""
        data = keys.encode()
        while data:
            data = data[os.write(self.master, data):]

    def _read(self, seconds):
        """Whether something came within that time."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        piece = os.read(self.master, 65536)
        self.log.write(piece)
        self.log.flush()
        self.text += piece.decode("utf-8", "replace")
        return True

    def expect(self, pattern, patience=PATIENCE):
        """Waits for `pattern`; returns the match, and drops the text up to its end."""
        end = time.monotonic() + patience
        while not (match := re.search(pattern, self.text, re.S)):
            if time.monotonic() >= end:
                raise AssertionError(f"no {pattern!r} within {patience} s, but:\n{self.text[-2000:]!r}")
            self._read(0.2)
        self.text = self.text[match.end():]
        return match

    def wait(self, patience=PATIENCE):
        """Waits for the machine's end; QEMU's exit status (qemu.EXIT_SUCCESS, ...)."""
        end = time.monotonic() + patience
        while self.process.poll() is None:
            if time.monotonic() >= end:
                raise AssertionError(f"the machine does not end; last:\n{self.text[-2000:]!r}")
            self._read(0.2)
        while self._read(0):
            pass
        return self.process.returncode
