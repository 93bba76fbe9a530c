/* See names.h. The order of the checks is Linux's, for each decides which error is seen. */
#include "user/rootfs/names.h"

#include <errno.h>
#include <stdio.h>

/* Whether a name can be made there. */
static long may_make(const struct walk *w, bool directory)
{
	if (w->last != LAST_NAME || w->inode)
		return -EEXIST;
	if (w->slash && !directory)
		return -ENOENT;
	return dir_is_gone(w->dir) ? -ENOENT : 0;
}

/* *made: without a reference, it has its name. */
static long make(const struct walk *w, uint32_t mode, uint64_t rdev, const char *target,
		 struct inode **made)
{
	struct inode *i = inode_new(w->dir, mode, rdev, target);
	long ret;

	if (!i)
		return -ENOSPC;
	ret = dir_add(w->dir, w->name, w->length, i);
	inode_put(i);
	*made = ret ? NULL : i;
	return ret;
}

bool name_may_be(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFIFO:
	case S_IFSOCK:
	case S_IFCHR:
	case S_IFBLK:
		return true;
	default:
		return false;
	}
}

long name_make(const struct walk *w, uint32_t mode, uint64_t rdev)
{
	struct inode *made;
	long ret = may_make(w, S_ISDIR(mode));

	return ret ? ret : make(w, mode & (S_IFMT | 07777), rdev, NULL, &made);
}

long name_create(const struct walk *w, uint32_t mode, struct inode **made)
{
	if (dir_is_gone(w->dir))
		return -ENOENT;
	return make(w, S_IFREG | (mode & 07777), 0, NULL, made);
}

long name_symlink(const struct walk *w, const char *target)
{
	struct inode *made;
	long ret = may_make(w, false);

	return ret ? ret : make(w, S_IFLNK | 0777, 0, target, &made);
}

long name_link(struct inode *inode, const struct walk *w)
{
	long ret = may_make(w, false);

	if (ret)
		return ret;
	if (is_dir(inode))
		return -EPERM;
	if (!inode->nlink)
		return -ENOENT;
	ret = dir_add(w->dir, w->name, w->length, inode);
	if (!ret)
		inode_touch(inode, TIME_CHANGE);
	return ret;
}

long name_unlink(const struct walk *w)
{
	if (w->last != LAST_NAME)
		return -EISDIR;
	if (!w->inode)
		return -ENOENT;
	if (is_dir(w->inode))
		return -EISDIR;
	if (w->slash)
		return -ENOTDIR;
	if (w->inode->mount >= 0)
		return -EBUSY;
	dir_remove(w->entry);
	return 0;
}

long name_rmdir(const struct walk *w)
{
	static const long of_last[] = {
		[LAST_START] = -EBUSY, [LAST_DOT] = -EINVAL, [LAST_DOTDOT] = -ENOTEMPTY};

	if (w->last != LAST_NAME)
		return of_last[w->last];
	if (!w->inode)
		return -ENOENT;
	if (!is_dir(w->inode))
		return -ENOTDIR;
	if (w->inode->mount >= 0)
		return -EBUSY;
	if (w->inode->directory.nr_names)
		return -ENOTEMPTY;
	dir_remove(w->entry);
	return 0;
}

/* What the names themselves forbid. */
static long check_names(const struct walk *from, const struct walk *to, unsigned int flags)
{
	bool exchange = flags & NAME_EXCHANGE;

	if (from->last != LAST_NAME)
		return -EBUSY;
	if (to->last != LAST_NAME)
		return flags & NAME_NOREPLACE ? -EEXIST : -EBUSY;
	if (!from->inode || dir_is_gone(to->dir))
		return -ENOENT;
	if (flags & NAME_NOREPLACE && to->inode)
		return -EEXIST;
	if (exchange && !to->inode)
		return -ENOENT;
	if (exchange && !is_dir(to->inode) && to->slash)
		return -ENOTDIR;
	if (!is_dir(from->inode) && (from->slash || (!exchange && to->slash)))
		return -ENOTDIR;
	return 0;
}

/* What would tear the tree apart, or lose something. */
static long check_inodes(const struct walk *from, const struct walk *to, bool exchange)
{
	if (is_dir(from->inode) && dir_is_inside(to->dir, from->inode))
		return -EINVAL;
	if (to->inode && is_dir(to->inode) && dir_is_inside(from->dir, to->inode))
		return exchange ? -EINVAL : -ENOTEMPTY;
	if (from->inode == to->inode)
		return 0;
	if (to->inode && !exchange) {
		if (is_dir(from->inode) && !is_dir(to->inode))
			return -ENOTDIR;
		if (!is_dir(from->inode) && is_dir(to->inode))
			return -EISDIR;
	}
	if (from->inode->mount >= 0 || (to->inode && to->inode->mount >= 0))
		return -EBUSY;
	if (!exchange && to->inode && is_dir(to->inode) && to->inode->directory.nr_names)
		return -ENOTEMPTY;
	return 0;
}

bool name_may_rename(unsigned int flags)
{
	return !(flags & ~(NAME_NOREPLACE | NAME_EXCHANGE)) &&
	       flags != (NAME_NOREPLACE | NAME_EXCHANGE);
}

long name_rename(const struct walk *from, const struct walk *to, unsigned int flags)
{
	bool exchange = flags & NAME_EXCHANGE;
	long ret = check_names(from, to, flags);

	if (!ret)
		ret = check_inodes(from, to, exchange);
	/* Two names of one file: nothing is to be done. */
	if (ret || from->inode == to->inode)
		return ret;
	if (exchange)
		dir_exchange(from->entry, to->entry);
	else
		ret = dir_move(from->entry, to->dir, to->name, to->length, to->entry);
	return ret;
}
