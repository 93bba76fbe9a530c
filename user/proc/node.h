/*
 * The tree: which files there are, by what name, and who makes their text.
 *
 * A node says all about a file: what it is, and of which process. There is no node for what has no such process; a
 * process that ends afterwards is -ESRCH when its files are read.
 */
#ifndef USER_PROC_NODE_H
#define USER_PROC_NODE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "user/proc/text.h"

enum dir { DIR_NONE, DIR_ROOT, DIR_PROCESS, DIR_TASKS, DIR_THREAD, DIR_SYS, DIR_SYS_KERNEL };

struct node;

/* Adds the text of a file, or where a symbolic link leads. 0 or -errno. gather.h. */
typedef long (*node_maker)(struct text *t, const struct node *node);

struct node_type {
	const char *name;
	unsigned int parents; /* in which directories: bits of enum dir */
	mode_t mode;
	enum dir dir; /* if it is one itself */
	node_maker make;
};

struct node {
	const struct node_type *type;
	int pid, tid; /* of a process; of one of its threads, or 0 */
};

/* Who asks: where `self` leads. */
struct asker {
	int pid, tid;
};

extern const struct node node_root;

/* Whether a process is there; with tid, whether it has that thread. gather.c. */
bool node_exists(int pid, int tid);
/* The numbers of processes, or with pid of its threads, from `first` on, ascending; how many. gather.c. */
unsigned int node_numbers(int pid, int first, int32_t *numbers, unsigned int room);

/* How a path is walked: a symbolic link at its end is meant itself. */
#define NODE_NOFOLLOW 1
/* Besides 0 and -errno. */
#define NODE_AWAY 1

/*
 * From `start` along `path`. 0: *node; NODE_AWAY: it leaves the tree, *rest is the path from the process's root on,
 * and stays until the next walk. -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG.
 */
long node_walk(const struct node *start, const char *path, unsigned int how,
	       const struct asker *asker, struct node *node, const char **rest);

/* Adds where a symbolic link leads. 0 or -errno. */
long node_link(const struct node *link, const struct asker *asker, struct text *t);

/* A name in a directory, and where to go on for the next one. */
struct node_entry {
	char name[32];
	struct node node;
	uint64_t next;
};

/*
 * At most `room` of those at or behind `position`, which is 0 at first; how many. 0: there are no more. Numbers above
 * `highest` are left out: else who lists while others fork would never come to an end.
 */
unsigned int node_list(const struct node *dir, uint64_t position, int highest,
		       struct node_entry *entries, unsigned int room);

/* No two nodes have the same. */
uint64_t node_number(const struct node *node);

/* The absolute path of a directory, if the tree is mounted at /proc. */
void node_path(const struct node *dir, char *path, size_t room);

static inline bool node_is_dir(const struct node *node)
{
	return S_ISDIR(node->type->mode);
}

#endif
