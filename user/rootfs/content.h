/*
 * What is in a regular file.
 *
 * It is kept in one of three ways, and goes from one to the next by itself:
 *
 *	boot file	a memory object of the kernel's, which nobody may write to
 *	pages		of the pool; a hole has none. What is written begins so, and a boot file becomes so
 *			when it is written to
 *	object		a memory object of its own, since somebody has mapped the file: then all see the same pages
 *
 * Bytes behind the end are zero wherever somebody could see them. Errors are -errno: -ENOSPC: over the pool's limit,
 * -EFBIG, -ENOMEM: no address space, or no handle.
 */
#ifndef USER_ROOTFS_CONTENT_H
#define USER_ROOTFS_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

#define CONTENT_MAX (1ull << 30) /* bytes */

struct content {
	uint64_t size;   /* bytes */
	char *map;       /* of the object; NULL: not yet */
	uint32_t *pages; /* their numbers, 0: a hole; &first if there is one at most */
	uint32_t room;   /* of pages[] */
	uint32_t first;
	uint32_t nr_pages; /* that are counted for it */
	uint32_t end;      /* of the object, in pages */
	int object;        /* a handle; -1: it is in pages */
	bool boot;         /* the object is the kernel's */
};

/* An empty file. */
void content_init(struct content *c);
/* A boot file: the handle is the content's from now on. */
void content_init_boot(struct content *c, int object, uint64_t size);
/* Empty again: all that it had is given back. */
void content_clear(struct content *c);

/* How long it is; what is behind an end that moves on is zero. */
long content_resize(struct content *c, uint64_t size);

/*
 * *piece: the file's bytes at `offset`, which is before its end, as many of them as lie in one place. Returns their
 * number, `bytes` at most. They stay until the content is changed.
 */
long content_read(struct content *c, uint64_t offset, uint64_t bytes, const char **piece);

/*
 * *piece: where bytes for `offset` can be written to, as many as lie in one place; their number. offset + bytes is
 * CONTENT_MAX at most. What is written behind the end is followed by content_keep().
 */
long content_write(struct content *c, uint64_t offset, uint64_t bytes, char **piece);
/* Content has been written up to `written` at most, and is the file's up to `size`; it gets no shorter. */
void content_keep(struct content *c, uint64_t size, uint64_t written);

/* A boot file's bytes become the content's own, in pages; its handle is closed. */
long content_own(struct content *c);

/*
 * A new handle of a memory object whose page n is the file's, to be given away; or -errno. Not `writable`, it may be a
 * boot file's, which does not see what is written to the file later.
 */
long content_object(struct content *c, bool writable);

/* The next byte from `offset` on that is in a hole, or in none; at most the end, which is one. */
uint64_t content_find(const struct content *c, uint64_t offset, bool hole);

/* Memory that it has, in units of 512 bytes. */
uint64_t content_blocks(const struct content *c);

#endif
