/*
 * The start list: which servers there are and what each is given. A text, one thing a line:
 *
 *	# a comment
 *	server NAME PROGRAM ARGUMENTS...
 *		root			its port's cookie 0 is the root directory, for all that follow
 *		essential		nothing works without it: its death ends the machine
 *		mount PATH [COOKIE]	the connection with that cookie (0) is mounted there
 *		state BYTES		memory that outlives it: K and M may follow the number
 *		ioports FIRST COUNT	the right to these ports
 *		irq GSI			the right to this interrupt
 *		screen			what there is to show text on
 *		boot			the files of the boot archive
 *		processes		what there is to know about processes
 *
 * Lines that begin with a blank belong to the server above. The order is that of the start.
 */
#ifndef USER_INIT_LIST_H
#define USER_INIT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIST_SERVERS_MAX 16
#define LIST_MOUNTS_MAX  4
#define LIST_ARGS_MAX    8

struct mount_at {
	const char *path;
	uint64_t cookie;
};

struct server_line {
	const char *name;
	const char *argv[LIST_ARGS_MAX + 1]; /* [0]: the program */
	unsigned int argc, nr_mounts;
	struct mount_at mounts[LIST_MOUNTS_MAX];
	bool root, essential, screen, boot, processes, irq_wanted;
	uint64_t state, ioport_first, ioport_count, irq;
};

struct start_list {
	struct server_line servers[LIST_SERVERS_MAX];
	unsigned int n;
	char error[160]; /* "line 7: ...", when list_parse() says so */
};

/* Cuts `text`, which ends with a NUL and stays, into words. 0, or -1 with list->error. */
int list_parse(struct start_list *list, char *text);

#endif
