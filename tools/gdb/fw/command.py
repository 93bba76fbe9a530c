"""What every `fw` command shares.

A command is a subclass of Command with `name`, a docstring that `help fw NAME` prints (a first line that is a
sentence; then Usage, what it prints, Example, Reads: test_gdb.py requires these), and run(arguments). It may
have choices(before), the completions of the next argument after those typed before. A command that only reads, which
is the rule, runs with the boot CPU chosen if the chosen one has no page tables yet; `reads = False` is for the others.
"""
import contextlib

import gdb

from fw import kernel


@contextlib.contextmanager
def plain_errors():
    """gdb's own exceptions, which would be shown as Python's, become one line."""
    try:
        yield
    except gdb.MemoryError as error:
        raise gdb.GdbError(f"{error} (not mapped on this CPU, or not yet)") from None
    except gdb.error as error:
        raise gdb.GdbError(str(error)) from None


class Command(gdb.Command):
    name = ""
    counts = (0, 0)  # of arguments, at least and at most
    reads = True

    def __init__(self):
        super().__init__(f"fw {self.name}", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        words = gdb.string_to_argv(argument)
        if not self.counts[0] <= len(words) <= self.counts[1]:
            raise gdb.GdbError(self.usage())
        with plain_errors():
            if not self.reads:
                self.run(words)
                return
            kernel.need_machine()
            with kernel.paged_cpu():
                self.run(words)

    def usage(self):
        return next(line.strip() for line in self.__doc__.splitlines() if line.startswith("Usage:"))

    def run(self, words):
        raise NotImplementedError

    def choices(self, before):
        return []

    def complete(self, text, word):
        """gdb takes `-` and `/` for the ends of words; here only blanks are. What it has of the word is not repeated."""
        *before, typed = text.split(" ")
        with contextlib.suppress(gdb.error, gdb.GdbError):
            return [choice[len(typed) - len(word):] for choice in self.choices(list(filter(None, before)))
                    if choice.startswith(typed)]
        return []


def table(rows, gaps="  "):
    """Prints rows of texts with their columns aligned; a last column is not padded."""
    rows = [list(map(str, row)) for row in rows]
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows)))]
    for row in rows:
        print(gaps.join([cell.ljust(width) for cell, width in zip(row[:-1], widths)] + row[-1:]).rstrip())
