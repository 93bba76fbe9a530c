/* See open.h. */
#include "user/rootfs/open.h"

#include <errno.h>
#include <stdlib.h>

#include "user/rootfs/device.h"
#include "user/rootfs/names.h"

/* What open(2) itself is told, and no description remembers. */
#define FLAGS_OF_OPEN  (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)
#define FLAGS_OF_PATH  (O_PATH | O_DIRECTORY | O_NOFOLLOW)
#define FLAG_LARGEFILE 0100000 /* Linux sets it for every process with 64 bits */
#define NONE           UINT32_MAX

static struct open *table;
static uint32_t nr_slots, nr_open, first_free;

/* --- the table --- */

static bool grow(void)
{
	uint32_t room = nr_slots ? nr_slots * 2 : 64;
	struct open *new = room > OPEN_MAX ? NULL : realloc(table, room * sizeof(*table));

	if (!new)
		return false;
	table = new;
	for (uint32_t i = room; i-- > nr_slots; first_free = i)
		table[i] = (struct open){.index = i, .next_free = first_free};
	nr_slots = room;
	return true;
}

static struct open *open_new(struct inode *i, uint32_t flags)
{
	struct open *file;

	if (first_free == NONE && !grow())
		return NULL;
	file = &table[first_free];
	first_free = file->next_free;
	file->inode = i;
	inode_get(i);
	file->offset = file->limit = 0;
	file->flags = flags;
	file->uses++;
	nr_open++;
	return file;
}

uint64_t open_cookie(const struct open *file)
{
	return file->index | (uint64_t)file->uses << 32;
}

/* The root is the first in the table, and stands there for cookie 0. */
struct open *open_find(uint64_t cookie)
{
	uint32_t index = (uint32_t)cookie;

	if (index >= nr_slots || !table[index].inode)
		return NULL;
	return index == 0 || table[index].uses == cookie >> 32 ? &table[index] : NULL;
}

void open_close(uint64_t cookie)
{
	struct open *file = open_find(cookie);
	struct inode *i;

	if (!file || file->index == 0)
		return;
	i = file->inode;
	file->inode = NULL;
	file->next_free = first_free;
	first_free = file->index;
	nr_open--;
	inode_put(i);
}

uint32_t open_count(void)
{
	return nr_open;
}

long open_init(void)
{
	free(table);
	table = NULL;
	nr_slots = nr_open = 0;
	first_free = NONE;
	return open_new(tree_root, O_RDONLY | O_DIRECTORY | FLAG_LARGEFILE) ? 0 : -ENOMEM;
}

/* --- open(2) --- */

static bool creates(uint32_t flags)
{
	return flags & O_CREAT && !(flags & O_PATH);
}

static bool is_nameless(uint32_t flags)
{
	return !(flags & O_PATH) && (flags & O_TMPFILE) == O_TMPFILE;
}

long open_walk(struct walk *w, struct inode *start, const char *path, uint32_t flags)
{
	bool exclusive = creates(flags) && flags & O_EXCL;
	unsigned int how = creates(flags) ? WALK_CREATE : 0;

	if (is_nameless(flags) && (flags & O_ACCMODE) == O_RDONLY)
		return -EINVAL;
	if (!(flags & O_NOFOLLOW) && !exclusive)
		how |= WALK_FOLLOW;
	return walk_path(w, start, path, how);
}

/* What kind of file may be opened how. */
static long may_open(const struct inode *i, uint32_t flags)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;

	if (S_ISLNK(i->mode))
		return -ELOOP;
	if (is_dir(i))
		return writes ? -EISDIR : 0;
	if (S_ISCHR(i->mode) && device_exists(i->rdev))
		return 0;
	return S_ISREG(i->mode) ? 0 : -ENXIO;
}

/* O_TMPFILE: a file without a name, in the directory. */
static long open_nameless(struct inode *dir, uint32_t flags, uint32_t mode, struct open **file)
{
	struct inode *i;

	if (!is_dir(dir))
		return -ENOTDIR;
	i = inode_new(dir, S_IFREG | (mode & 07777), 0, NULL);
	if (!i)
		return -ENOSPC;
	*file = open_new(i, (flags & ~(uint32_t)FLAGS_OF_OPEN) | FLAG_LARGEFILE);
	inode_put(i);
	return *file ? 0 : -ENFILE;
}

static long truncate_opened(struct inode *i)
{
	long ret = content_resize(&i->content, 0);

	inode_touch(i, TIME_MODIFY | TIME_CHANGE);
	return ret;
}

/* The file that is there, or is made. */
static long find_or_create(const struct walk *w, uint32_t flags, uint32_t mode,
			   struct inode **inode, bool *created)
{
	*inode = w->inode;
	*created = false;
	if (creates(flags) && w->last == LAST_NAME && w->slash)
		return -EISDIR;
	if (!w->inode && !creates(flags))
		return -ENOENT;
	if (w->inode) {
		if (creates(flags) && flags & O_EXCL)
			return -EEXIST;
		return creates(flags) && is_dir(w->inode) ? -EISDIR : 0;
	}
	*created = true;
	return name_create(w, mode, inode);
}

long open_walked(const struct walk *w, uint32_t flags, uint32_t mode, struct open **file)
{
	struct inode *i;
	bool created;
	long ret;

	if (is_nameless(flags))
		return w->inode ? open_nameless(w->inode, flags, mode, file) : -ENOENT;
	ret = find_or_create(w, flags, mode, &i, &created);
	if (ret)
		return ret;
	if ((flags & O_DIRECTORY || w->slash) && !is_dir(i))
		return -ENOTDIR;
	if (flags & O_PATH)
		flags &= FLAGS_OF_PATH;
	else
		ret = may_open(i, flags);
	if (!ret && flags & O_TRUNC && S_ISREG(i->mode) && !created)
		ret = truncate_opened(i);
	if (ret)
		return ret;
	flags &= ~(uint32_t)FLAGS_OF_OPEN;
	*file = open_new(i, flags & O_PATH ? flags : flags | FLAG_LARGEFILE);
	return *file ? 0 : -ENFILE;
}
