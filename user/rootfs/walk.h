/*
 * From a path to what it names, as Linux resolves one: ".", "..", symbolic links, doubled and trailing slashes, mount
 * points. No permissions: every process is root.
 */
#ifndef USER_ROOTFS_WALK_H
#define USER_ROOTFS_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "user/rootfs/tree.h"

/* How. */
#define WALK_FOLLOW                                                                                \
	1 /* a symbolic link at the end is followed; one with a slash behind it always is */
#define WALK_STAY 2 /* a mount point at the end is meant itself */
#define WALK_CREATE                                                                                \
	8 /* a name at the end with a slash behind it is no link that is followed: nothing can be made there */
#define WALK_NAME                                                                                  \
	6 /* the name at the end is meant itself, link or mount point, with a slash or without */

/* Besides 0 and -errno. */
#define WALK_AWAY 1

enum walk_last {
	LAST_NAME,
	LAST_START, /* the path has no name in it: what it begins at, or the root */
	LAST_DOT,
	LAST_DOTDOT,
};

struct walk {
	struct inode *inode; /* what the path names; NULL: `dir` has no such name */
	enum walk_last last;
	/* Of LAST_NAME. The name stays until the message that it came with has been answered. */
	struct inode *dir;
	const char *name;
	uint32_t length;
	struct entry *entry; /* NULL: there is none */
	bool slash;          /* behind the last name, or behind a link's that led to it */
	/* WALK_AWAY: it goes on at this connection, with that path. It stays until the next walk. */
	int away;
	const char *rest;
};

/*
 * From `start`, which need not be a directory for an empty path. 0, whether there is such a name or not; WALK_AWAY;
 * -ENOENT, -ENOTDIR, -ENAMETOOLONG, -ELOOP. Nothing in it is referenced.
 */
long walk_path(struct walk *w, struct inode *start, const char *path, unsigned int how);

#endif
