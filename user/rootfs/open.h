/*
 * Open files: what a connection's cookie names. Cookie 0 is the root directory, which is always open.
 *
 * A cookie is the index of an open file, and how often that index has been used: one that is no longer good is
 * recognised.
 */
#ifndef USER_ROOTFS_OPEN_H
#define USER_ROOTFS_OPEN_H

#include <fcntl.h>

#include "user/rootfs/walk.h"

#define OPEN_MAX 65536

struct open {
	struct inode *inode; /* a reference; NULL: free */
	uint64_t offset;     /* of a directory: the position of the next name */
	uint64_t
		limit; /* of a directory: names from this position on have come since it was begun */
	uint32_t flags; /* O_*, as F_GETFL has them */
	uint32_t uses;  /* of this index */
	uint32_t index;
	uint32_t next_free;
};

/* After tree_init(). 0 or -ENOMEM. */
long open_init(void);

/*
 * open(2) of what open_walk() has found; `mode` without the umask. The open file in *file, with cookie
 * open_cookie(); or -errno. -ENFILE: OPEN_MAX are.
 */
long open_walked(const struct walk *w, uint32_t flags, uint32_t mode, struct open **file);
/* The walk that open(2) with these flags takes; as walk_path(). */
long open_walk(struct walk *w, struct inode *start, const char *path, uint32_t flags);

uint64_t open_cookie(const struct open *file);
/* NULL: no such cookie. */
struct open *open_find(uint64_t cookie);
/* The connection is gone. */
void open_close(uint64_t cookie);
/* How many there are, the root among them. */
uint32_t open_count(void);

static inline bool open_reads(const struct open *file)
{
	return !(file->flags & O_PATH) && (file->flags & O_ACCMODE) != O_WRONLY;
}

static inline bool open_writes(const struct open *file)
{
	return !(file->flags & O_PATH) && (file->flags & O_ACCMODE) != O_RDONLY;
}

#endif
