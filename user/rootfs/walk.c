/*
 * See walk.h.
 *
 * What is still to be resolved is a stack of texts: the rest of the path, and above it the target of each symbolic
 * link that has something behind it. Nothing is copied. A text that is kept below another is never empty, so that a
 * name is the path's last if nothing but slashes is behind it and nothing is kept.
 */
#include "user/rootfs/walk.h"

#include <errno.h>
#include <string.h>

#include "kernel/abi/fs.h"

struct texts {
	const char *now; /* without leading slashes */
	const char *kept[FS_LINKS_MAX];
	unsigned int nr_kept, nr_links;
};

static const char *skip_slashes(const char *s)
{
	while (*s == '/')
		s++;
	return s;
}

static bool is_end(const struct texts *t)
{
	return !*t->now && !t->nr_kept;
}

/* The next name; NULL: there is none. */
static const char *next_name(struct texts *t, uint32_t *length, bool *slash)
{
	const char *name, *end;

	if (!*t->now && t->nr_kept)
		t->now = t->kept[--t->nr_kept];
	if (!*t->now)
		return NULL;
	name = t->now;
	end = name + strcspn(name, "/");
	t->now = skip_slashes(end);
	*length = (uint32_t)(end - name);
	*slash = *end == '/';
	return name;
}

/* Goes on with the target of a link. */
static long follow(struct texts *t, const char *target, struct inode **dir)
{
	if (t->nr_links++ >= FS_LINKS_MAX)
		return -ELOOP;
	if (*t->now)
		t->kept[t->nr_kept++] = t->now;
	if (*target == '/')
		*dir = tree_root;
	t->now = skip_slashes(target);
	return 0;
}

/* All that is left, as one path. */
static long leave(struct walk *w, const struct texts *t, int mount)
{
	static char joined[FS_PATH_MAX];
	size_t n = strlen(t->now);

	w->away = mount;
	w->rest = t->now;
	if (!t->nr_kept)
		return WALK_AWAY;
	memcpy(joined, t->now, n);
	for (unsigned int i = t->nr_kept; i-- > 0;) {
		size_t length = strlen(t->kept[i]);

		if (n + 1 + length >= sizeof(joined))
			return -ENAMETOOLONG;
		if (n && joined[n - 1] != '/')
			joined[n++] = '/';
		memcpy(joined + n, t->kept[i], length);
		n += length;
	}
	joined[n] = 0;
	w->rest = joined;
	return WALK_AWAY;
}

/* What the path ends with is no name. */
static void end_at(struct walk *w, struct inode *inode, enum walk_last last)
{
	w->inode = inode;
	w->last = last;
}

static enum walk_last kind_of(const char *name, uint32_t length)
{
	if (name[0] != '.' || length > 2)
		return LAST_NAME;
	if (length == 1)
		return LAST_DOT;
	return name[1] == '.' ? LAST_DOTDOT : LAST_NAME;
}

/* Whether the name that was found at the end is what is asked for. */
static bool is_meant(const struct walk *w, unsigned int how)
{
	if (!w->inode || !S_ISLNK(w->inode->mode))
		return true;
	if ((how & WALK_NAME) == WALK_NAME)
		return true;
	return w->slash ? how & WALK_CREATE : !(how & WALK_FOLLOW);
}

#define STEP_END 2

/* One name, looked up in *dir, which goes where it leads. 0: go on; STEP_END: it was the last; or as walk_path(). */
static long step(struct walk *w, struct texts *t, struct inode **dir, unsigned int how)
{
	struct entry *e = dir_find(*dir, w->name, w->length);
	bool end = is_end(t);

	w->dir = *dir;
	w->entry = e;
	w->inode = e ? e->inode : NULL;
	w->last = LAST_NAME;
	if (e && e->inode->mount >= 0 && !(end && how & WALK_STAY))
		return leave(w, t, e->inode->mount);
	if (end && is_meant(w, how))
		return STEP_END;
	if (!e)
		return -ENOENT;
	if (S_ISLNK(e->inode->mode))
		return follow(t, e->inode->target, dir);
	if (!is_dir(e->inode))
		return -ENOTDIR;
	*dir = e->inode;
	return 0;
}

long walk_path(struct walk *w, struct inode *start, const char *path, unsigned int how)
{
	struct texts t = {.now = skip_slashes(path)};
	struct inode *dir = start;
	bool slash;
	long ret;

	*w = (struct walk){.away = -1};
	end_at(w, start, LAST_START);
	while ((w->name = next_name(&t, &w->length, &slash))) {
		enum walk_last kind = kind_of(w->name, w->length);

		if (!is_dir(dir))
			return -ENOTDIR;
		if (kind == LAST_NAME) {
			if (w->length > FS_NAME_MAX)
				return -ENAMETOOLONG;
			w->slash |= is_end(&t) && slash;
			ret = step(w, &t, &dir, how);
			if (ret)
				return ret == STEP_END ? 0 : ret;
			/* Unless there is more: the link that led here was to "/". */
			end_at(w, dir, LAST_START);
			continue;
		}
		if (kind == LAST_DOTDOT)
			dir = dir->directory.parent;
		end_at(w, dir, kind);
	}
	return 0;
}
