/*
 * The tree of files: inodes, and directories of names.
 *
 *	inode_new(), inode_get(), inode_put()	an inode lives while it has a name or a reference
 *	dir_find(), dir_add(), dir_remove(), dir_move(), dir_exchange()		names
 *	dir_next()				the names in a directory, one after the other
 *
 * This is what there is, and keeps the counts of links and the times of directories right; walk.h resolves
 * paths, names.h decides what may be done. One thread, one tree.
 */
#ifndef USER_ROOTFS_TREE_H
#define USER_ROOTFS_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "user/rootfs/content.h"

struct slot {
	uint64_t position;
	struct entry *entry; /* NULL: it was removed */
};

/* The position of a name is never another one's; they are those of getdents64(2). */
struct directory {
	struct inode *parent; /* a reference; of the root: itself, and none */
	struct entry *name;   /* in the parent; NULL: the root, or it was removed */
	struct slot *slots;   /* by position */
	uint32_t room, nr_slots, nr_names;
	uint64_t next; /* the position of the next name that comes */
};

struct inode {
	uint64_t ino;
	uint32_t mode, uid, gid;
	uint32_t
		nlink; /* names; of a directory 2 and one for each directory in it, 0 if it was removed */
	uint32_t refs; /* besides names */
	int mount;     /* the connection that is asked in its place; -1: none */
	uint64_t rdev;
	struct timespec atime, mtime, ctime;
	union {
		struct content content;
		struct directory directory;
		char *target; /* of a symbolic link */
	};
};

struct entry {
	struct entry *next; /* in the hash table */
	struct inode *dir, *inode;
	uint64_t position;
	uint32_t hash;
	uint8_t length;
	char name[]; /* with a NUL */
};

/* "." is at 0, ".." at 1; they are no entries. */
#define DIR_FIRST 2

extern struct inode *tree_root;

/* An empty root directory; pool_init() comes first. 0 or -ENOMEM. */
long tree_init(void);
/* How many there are. */
uint64_t tree_inodes(void);

static inline bool is_dir(const struct inode *i)
{
	return S_ISDIR(i->mode);
}

/*
 * An inode with a reference and without a name. `dir` is where it is to have one: a directory's "..", and whose group
 * it gets if that has S_ISGID. target: a symbolic link's, is copied. NULL: over the pool's limit.
 */
struct inode *inode_new(struct inode *dir, uint32_t mode, uint64_t rdev, const char *target);
void inode_put(struct inode *i);

static inline void inode_get(struct inode *i)
{
	i->refs++;
}

#define TIME_ACCESS 1
#define TIME_MODIFY 2
#define TIME_CHANGE 4
/* Sets these of its times to now. */
void inode_touch(struct inode *i, unsigned int which);
/* It was read: Linux's relatime, without the rule about a day. */
void inode_was_read(struct inode *i);
void inode_stat(const struct inode *i, struct stat *st);

/* NULL: no such name. */
struct entry *dir_find(const struct inode *dir, const char *name, uint32_t length);
/* `inode` gets a name that `dir` has not; of FS_NAME_MAX bytes at most. 0 or -ENOSPC. */
long dir_add(struct inode *dir, const char *name, uint32_t length, struct inode *inode);
/* The name is gone. A directory must be empty. */
void dir_remove(struct entry *e);
/* What `e` names gets another name in its place: `over`'s, whose inode loses it, or if that is NULL a new one. */
long dir_move(struct entry *e, struct inode *dir, const char *name, uint32_t length,
	      struct entry *over);
/* Each names what the other has named. */
void dir_exchange(struct entry *a, struct entry *b);
/* The first name at `position` or behind it; NULL: there is none. */
struct entry *dir_next(const struct inode *dir, uint64_t position);

/* Whether `dir` is `other`, or lies in it at any depth. */
bool dir_is_inside(const struct inode *dir, const struct inode *other);
/* Its path from the root on, with a NUL, at the end of the buffer: where it begins; NULL: no room. */
char *dir_path(const struct inode *dir, char *buffer, uint64_t bytes);

/* It was removed, and only who has it open knows it. */
static inline bool dir_is_gone(const struct inode *dir)
{
	return dir->nlink == 0;
}

#endif
