/*
 * What is open of the console: names, cookies, flags. See console.h.
 *
 * A cookie is a name (of a connection that is mounted), or an open description: name, flags when it was opened,
 * and its place in the table that has the flags as they are now. Should the table be lost, the cookies have what
 * matters.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "user/console/console.h"

#define KEPT_FLAGS  (O_ACCMODE | O_APPEND | O_NONBLOCK | 0100000 /* O_LARGEFILE, of the kernel */)
#define SETTABLE    (O_APPEND | O_NONBLOCK)
#define GENERATIONS 0xffffff

/* Bits 0 to 3 the name, 4 to 15 the place in the table + 1, 16 to 31 the flags, 32 to 55 the generation. */
static uint64_t cookie_of(unsigned int name, unsigned int slot, const struct open *o)
{
	return name | (slot + 1) << 4 | (uint64_t)o->flags << 16 | (uint64_t)o->generation << 32;
}

static unsigned int name_of(uint64_t cookie)
{
	return cookie & 0xf;
}

static unsigned int slot_of(uint64_t cookie)
{
	return (unsigned int)(cookie >> 4 & 0xfff) - 1;
}

static struct open opened_as(uint64_t cookie)
{
	return (struct open){cookie >> 32 & GENERATIONS, cookie >> 16 & 0xffff};
}

/* Its place in the table, where it is put again if the table has lost it; NULL: a name, or the place is another's. */
static struct open *find(struct console *c, uint64_t cookie)
{
	struct open as = opened_as(cookie), *o;

	if (slot_of(cookie) >= CONSOLE_OPENS)
		return NULL;
	o = &c->state->opens[slot_of(cookie)];
	if (!o->generation)
		*o = as;
	return o->generation == as.generation ? o : NULL;
}

unsigned int console_flags(struct console *c, uint64_t cookie)
{
	const struct open *o = find(c, cookie);

	if (slot_of(cookie) >= CONSOLE_OPENS)
		return O_PATH;
	return o ? o->flags : opened_as(cookie).flags;
}

void console_closed(struct console *c, uint64_t cookie)
{
	struct open *o = find(c, cookie);
	unsigned int kept = 0;

	if (o)
		o->generation = 0;
	for (unsigned int i = 0; i < c->nr_polls; i++)
		if (c->polls[i].cookie != cookie)
			c->polls[kept++] = c->polls[i];
	c->nr_polls = kept;
}

/* A free place, or NULL. */
static struct open *new_open(struct console *c, unsigned int flags)
{
	for (unsigned int i = 0; i < CONSOLE_OPENS; i++)
		if (!c->state->opens[i].generation) {
			c->state->generation = c->state->generation % GENERATIONS + 1;
			c->state->opens[i] =
				(struct open){c->state->generation, flags & KEPT_FLAGS};
			return &c->state->opens[i];
		}
	return NULL;
}

/* The terminal is no directory: 0, or -errno of a path that leads on. */
static long check_path(const struct fs_request *r)
{
	return r->path_bytes || name_of(r->cookie) >= CONSOLE_NAMES ? -ENOTDIR : 0;
}

static long open_name(struct fs_request *r, unsigned int name, unsigned int flags)
{
	struct console *c = console_of(r);
	struct client client;
	struct open *o;
	long ret = jobs_client(r, &client);

	if (ret)
		return ret;
	jobs_hang_up_dead(c);
	if (name == CONSOLE_TTY && !jobs_controls(c, &client))
		return -ENXIO;
	o = new_open(c, flags);
	if (!o)
		return -ENFILE;
	ret = fs_give_connection(r, cookie_of(name, (unsigned int)(o - c->state->opens), o));
	if (ret) {
		o->generation = 0;
		return ret;
	}
	if (name == CONSOLE_SERIAL && !(flags & O_NOCTTY))
		(void)jobs_acquire(c, &client);
	return 0;
}

long console_open(struct fs_request *r)
{
	unsigned int flags = (unsigned int)r->arg[0];
	long ret = check_path(r);

	if (ret)
		return ret;
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	return open_name(r, name_of(r->cookie), flags);
}

long console_access(struct fs_request *r)
{
	long ret = check_path(r);

	return ret ? ret : r->arg[0] & 1 /* X_OK */ ? -EACCES : 0;
}

long console_stat(struct fs_request *r)
{
	static const struct {
		unsigned int mode, major, minor;
	} devices[CONSOLE_NAMES] = {
		[CONSOLE_CONSOLE] = {0600, 5, 1},
		[CONSOLE_TTY] = {0666, 5, 0},
		[CONSOLE_SERIAL] = {0620, 4, 64},
	};
	static struct stat answer; /* laid out as the kernel's */
	unsigned int name = name_of(r->cookie);

	if (check_path(r))
		return -ENOTDIR;
	memset(&answer, 0, sizeof(answer));
	answer.st_ino = name;
	answer.st_nlink = 1;
	answer.st_mode = S_IFCHR | devices[name].mode;
	answer.st_rdev = makedev(devices[name].major, devices[name].minor);
	answer.st_blksize = 1024;
	r->reply = &answer;
	r->reply_bytes = sizeof(answer);
	return 0;
}

long console_getfl(struct fs_request *r)
{
	return console_flags(console_of(r), r->cookie);
}

long console_setfl(struct fs_request *r)
{
	struct open *o = find(console_of(r), r->cookie);

	if (!o)
		return -EBADF;
	o->flags = (o->flags & ~SETTABLE) | ((uint32_t)r->arg[0] & SETTABLE);
	return 0;
}
