"""Freewalk's gdb commands: one module a family. tools/gdb/freewalk.py loads them.

	command.py	what every command shares: errors in one line, completion, the shape of help
	kernel.py	reading the kernel: variables, per-CPU variables, lists, enums, constants of its headers
	paging.py	page tables: entries, walks; fw walk
	roots.py	root tables: fw roots, fw rootdiff, fw slots
	session.py	connecting, user programs: fw connect, fw program, fw user, fw first-user
	cpus.py		fw cpus

Rules. A command reads, and leaves the machine and the user's choice of thread and frame as they were, unless its help
says otherwise. What it does not know it says; it never guesses.
"""
