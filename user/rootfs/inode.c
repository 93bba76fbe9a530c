/* Inodes: see tree.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "user/rootfs/kernel.h"
#include "user/rootfs/pool.h"
#include "user/rootfs/tree.h"

#define DEVICE makedev(0, 1) /* st_dev: other servers have others */
/* What Linux's tmpfs says of a directory: so many bytes a name. */
#define NAME_BYTES 20

struct inode *tree_root;
static uint64_t nr_inodes, last_ino;

/* What it costs without contents. */
static uint64_t inode_bytes(const char *target)
{
	return sizeof(struct inode) + (target ? strlen(target) + 1 : 0);
}

static void init_kind(struct inode *i, struct inode *dir, char *target)
{
	switch (i->mode & S_IFMT) {
	case S_IFREG:
		content_init(&i->content);
		break;
	case S_IFDIR:
		i->nlink = 2;
		i->directory.next = DIR_FIRST;
		i->directory.parent = dir ? dir : i;
		if (dir)
			inode_get(dir);
		break;
	case S_IFLNK:
		i->target = target;
		break;
	}
}

struct inode *inode_new(struct inode *dir, uint32_t mode, uint64_t rdev, const char *target)
{
	struct inode *i;
	char *copy;

	if (!pool_charge(inode_bytes(target)))
		return NULL;
	i = calloc(1, sizeof(*i));
	copy = target ? strdup(target) : NULL;
	if (!i || (target && !copy)) {
		free(i);
		free(copy);
		pool_release(inode_bytes(target));
		return NULL;
	}
	i->ino = ++last_ino;
	i->mode = mode;
	i->rdev = rdev;
	i->refs = 1;
	i->mount = -1;
	if (dir && dir->mode & S_ISGID) {
		i->gid = dir->gid;
		i->mode |= S_ISDIR(mode) ? S_ISGID : 0;
	}
	init_kind(i, dir, copy);
	inode_touch(i, TIME_ACCESS | TIME_MODIFY | TIME_CHANGE);
	nr_inodes++;
	return i;
}

static bool has_name(const struct inode *i)
{
	return is_dir(i) ? i->directory.name || i == tree_root : i->nlink > 0;
}

static void inode_free(struct inode *i)
{
	pool_release(inode_bytes(S_ISLNK(i->mode) ? i->target : NULL));
	if (S_ISREG(i->mode))
		content_clear(&i->content);
	if (S_ISLNK(i->mode))
		free(i->target);
	if (is_dir(i)) {
		pool_release(i->directory.room * sizeof(*i->directory.slots));
		free(i->directory.slots);
	}
	free(i);
	nr_inodes--;
}

/* A removed directory may be the last that knew its parent, however deep they lie. */
void inode_put(struct inode *i)
{
	while (--i->refs == 0 && !has_name(i)) {
		struct inode *parent = is_dir(i) ? i->directory.parent : NULL;

		inode_free(i);
		if (!parent)
			break;
		i = parent;
	}
}

void inode_touch(struct inode *i, unsigned int which)
{
	struct timespec now;

	time_now(&now);
	if (which & TIME_ACCESS)
		i->atime = now;
	if (which & TIME_MODIFY)
		i->mtime = now;
	if (which & TIME_CHANGE)
		i->ctime = now;
}

static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

void inode_was_read(struct inode *i)
{
	if (!is_later(&i->atime, &i->mtime) || !is_later(&i->atime, &i->ctime))
		inode_touch(i, TIME_ACCESS);
}

static uint64_t size_of(const struct inode *i)
{
	if (S_ISREG(i->mode))
		return i->content.size;
	if (S_ISLNK(i->mode))
		return strlen(i->target);
	return is_dir(i) ? (i->directory.nr_names + 2) * NAME_BYTES : 0;
}

void inode_stat(const struct inode *i, struct stat *st)
{
	*st = (struct stat){
		.st_dev = DEVICE,
		.st_ino = i->ino,
		.st_nlink = i->nlink,
		.st_mode = i->mode,
		.st_uid = i->uid,
		.st_gid = i->gid,
		.st_rdev = i->rdev,
		.st_size = (off_t)size_of(i),
		.st_blksize = POOL_PAGE,
		.st_blocks = S_ISREG(i->mode) ? (blkcnt_t)content_blocks(&i->content) : 0,
		.st_atim = i->atime,
		.st_mtim = i->mtime,
		.st_ctim = i->ctime,
	};
}

uint64_t tree_inodes(void)
{
	return nr_inodes;
}

long tree_init(void)
{
	tree_root = inode_new(NULL, S_IFDIR | 0755, 0, NULL);
	return tree_root ? 0 : -ENOMEM;
}
