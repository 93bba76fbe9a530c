"""Freewalk's gdb commands: one module a family. tools/gdb/freewalk.py loads them.

	command.py	what every command shares: errors in one line, completion, the shape of help
	kernel.py	reading the kernel: variables, per-CPU variables, lists, enums, constants of its headers
	session.py	connecting, user programs
	roots.py	root tables; paging.py: entries and walks; layout.py: what a slot is for; rootname.py: which root is meant
	taskcommands.py	tasks; tasks.py: the task table; stacks.py: a sleeping task's stack; taskframes.py: the same for gdb
	frames.py	backtraces through the entry code; cause.py: interrupts, exceptions and system calls by name
	memory.py locks.py rcu.py ports.py trace.py racepoints.py cpus.py	a command or two each
	printers.py	how `print` shows the kernel's types; functions.py: $fw_current() and others

Rules. A command reads, and leaves the machine and the user's choice of thread and frame as they were, unless its help
says otherwise. What it does not know it says; it never guesses.
"""
