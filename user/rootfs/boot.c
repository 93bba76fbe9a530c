/* See boot.h. */
#include "user/rootfs/boot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/abi/fs.h"
#include "user/rootfs/names.h"

/* Contents that are no program's and not long are copied: a process has only so many handles. */
#define COPIED_BYTES 16384
#define HANDLES_MAX  512

/* A file that may have more names. */
struct several {
	struct several *next;
	uint64_t id;
	struct inode *inode; /* it has a name */
};

static struct several *several;
static unsigned int nr_handles;

/* The directory that `length` bytes of the path lead to is there afterwards. */
static long make_directory(const char *path, size_t length)
{
	static char part[FS_PATH_MAX];
	struct walk w;
	long ret;

	memcpy(part, path, length);
	part[length] = 0;
	ret = walk_path(&w, tree_root, part, WALK_NAME);
	return ret || w.inode ? ret : name_make(&w, S_IFDIR | 0755, 0);
}

/* Where the file's name goes. */
static long find_place(const char *name, struct walk *w)
{
	const char *slash = name;
	long ret;

	if (strlen(name) >= FS_PATH_MAX)
		return -ENAMETOOLONG;
	while ((slash = strchr(slash, '/'))) {
		ret = make_directory(name, (size_t)(slash - name));
		if (ret)
			return ret;
		slash++;
	}
	return walk_path(w, tree_root, name, WALK_NAME);
}

/* The inode that has this file already; NULL: it is the first of its names. */
static struct inode *other_name(const struct boot_file *file)
{
	struct several *s = several;

	while (s && s->id != file->id)
		s = s->next;
	return s && file->id ? s->inode : NULL;
}

static long remember(const struct boot_file *file, struct inode *i)
{
	struct several *s;

	if (!file->id)
		return 0;
	s = malloc(sizeof(*s));
	if (!s)
		return -ENOSPC;
	*s = (struct several){several, file->id, i};
	several = s;
	return 0;
}

/* The handle becomes the inode's. */
static long fill(struct inode *i, struct boot_file *file)
{
	if (file->memory < 0 || !file->size)
		return 0;
	content_init_boot(&i->content, file->memory, file->size);
	file->memory = -1;
	if (file->size <= COPIED_BYTES && !(file->mode & 0111))
		return content_own(&i->content);
	return ++nr_handles > HANDLES_MAX ? content_own(&i->content) : 0;
}

static void set_owner(struct inode *i, const struct boot_file *file)
{
	i->mode = (i->mode & S_IFMT) | (S_ISLNK(i->mode) ? 0777 : file->mode & 07777);
	i->uid = file->uid;
	i->gid = file->gid;
	i->atime = i->mtime = i->ctime = (struct timespec){.tv_sec = file->mtime};
}

static long add_new(const struct walk *w, struct boot_file *file, struct inode **i)
{
	long ret;

	if (S_ISLNK(file->mode))
		ret = file->target && *file->target ? name_symlink(w, file->target) : -EINVAL;
	else
		ret = name_may_be(file->mode) ? name_make(w, file->mode, file->rdev) : -EINVAL;
	if (ret)
		return ret;
	*i = dir_find(w->dir, w->name, w->length)->inode;
	if (S_ISREG(file->mode))
		ret = fill(*i, file);
	return ret ? ret : remember(file, *i);
}

static long add(struct boot_file *file)
{
	struct inode *i = other_name(file);
	struct walk w;
	long ret = find_place(file->name, &w);

	if (ret)
		return ret;
	if (i)
		return name_link(i, &w);
	i = w.inode;
	/* It was made for a file in it, or is the root. */
	if (i && !(is_dir(i) && S_ISDIR(file->mode)))
		return -EEXIST;
	if (!i)
		ret = add_new(&w, file, &i);
	if (!ret)
		set_owner(i, file);
	return ret;
}

long boot_add(const struct boot_file *file)
{
	struct boot_file left = *file;
	long ret = add(&left);

	if (left.memory >= 0)
		close(left.memory);
	return ret;
}

/* --- what must be there --- */

/* Numbers below 256, as in st_rdev. */
#define DEVICE(name_, mode_, major_, minor_)                                                       \
	{                                                                                          \
		.name = (name_), .mode = S_IFCHR | (mode_), .rdev = (major_) << 8 | (minor_),      \
	}
#define DIRECTORY(name_, mode_)                                                                    \
	{                                                                                          \
		.name = (name_), .mode = S_IFDIR | (mode_),                                        \
	}
#define LINK(name_, target_)                                                                       \
	{                                                                                          \
		.name = (name_), .mode = S_IFLNK | 0777, .target = (target_),                      \
	}

/* Other servers are mounted at /proc, /dev/pipe, /dev/console and /dev/tty. */
static const struct boot_file needed[] = {
	DIRECTORY("dev", 0755),
	DIRECTORY("etc", 0755),
	DIRECTORY("proc", 0555),
	DIRECTORY("root", 0700),
	DIRECTORY("tmp", 01777),
	DEVICE("dev/null", 0666, 1, 3),
	DEVICE("dev/zero", 0666, 1, 5),
	DEVICE("dev/full", 0666, 1, 7),
	DEVICE("dev/random", 0666, 1, 8),
	DEVICE("dev/urandom", 0666, 1, 9),
	DEVICE("dev/tty", 0666, 5, 0),
	DEVICE("dev/console", 0600, 5, 1),
	DIRECTORY("dev/pipe", 0755),
	LINK("dev/fd", "/proc/self/fd"),
	LINK("dev/stdin", "/proc/self/fd/0"),
	LINK("dev/stdout", "/proc/self/fd/1"),
	LINK("dev/stderr", "/proc/self/fd/2"),
};

static long add_needed(const struct boot_file *wanted)
{
	struct timespec now = tree_root->ctime;
	struct boot_file file = *wanted;
	struct walk w;
	long ret = walk_path(&w, tree_root, file.name, WALK_NAME);

	if (ret || w.inode)
		return ret;
	file.memory = -1;
	file.mtime = (uint32_t)now.tv_sec;
	return boot_add(&file);
}

long boot_finish(void)
{
	struct several *s;
	long ret = 0;

	while ((s = several)) {
		several = s->next;
		free(s);
	}
	for (size_t i = 0; !ret && i < sizeof(needed) / sizeof(needed[0]); i++)
		ret = add_needed(&needed[i]);
	return ret;
}
