/* See content.h. */
#include "user/rootfs/content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user/rootfs/kernel.h"
#include "user/rootfs/pool.h"

#define CONTENT_PAGES (CONTENT_MAX / POOL_PAGE)
#define MIN(a, b)     ((a) < (b) ? (a) : (b))

static const char zeroes[POOL_PAGE];

static uint32_t pages_for(uint64_t bytes)
{
	return (uint32_t)((bytes + POOL_PAGE - 1) / POOL_PAGE);
}

void content_init(struct content *c)
{
	*c = (struct content){.object = -1};
}

void content_init_boot(struct content *c, int object, uint64_t size)
{
	*c = (struct content){.object = object, .size = size, .boot = true};
}

/* --- pages --- */

static uint32_t page_of(const struct content *c, uint64_t index)
{
	return index < c->room ? c->pages[index] : 0;
}

/* How much of pages[] is counted. */
static uint64_t array_bytes(uint32_t room)
{
	return room > 1 ? room * sizeof(uint32_t) : 0;
}

static long make_room(struct content *c, uint32_t index)
{
	uint32_t room = c->room * 2 > index ? c->room * 2 : index + 1;
	uint32_t *pages;

	if (index == 0) {
		c->pages = &c->first;
		c->room = 1;
		return 0;
	}
	if (!pool_charge(array_bytes(room) - array_bytes(c->room)))
		return -ENOSPC;
	pages = realloc(c->room > 1 ? c->pages : NULL, room * sizeof(*pages));
	if (!pages) {
		pool_release(array_bytes(room) - array_bytes(c->room));
		return -ENOSPC;
	}
	if (c->room == 1)
		pages[0] = c->first;
	memset(pages + c->room, 0, (room - c->room) * sizeof(*pages));
	c->pages = pages;
	c->room = room;
	return 0;
}

static void free_room(struct content *c)
{
	pool_release(array_bytes(c->room));
	if (c->room > 1)
		free(c->pages);
	c->pages = NULL;
	c->room = 0;
}

/* Page `index`, made if there is none; or -ENOSPC. */
static long make_page(struct content *c, uint32_t index)
{
	if (index >= c->room && make_room(c, index))
		return -ENOSPC;
	if (!c->pages[index]) {
		c->pages[index] = page_take();
		if (!c->pages[index])
			return -ENOSPC;
		c->nr_pages++;
	}
	return c->pages[index];
}

/* The last pages first, as page_give() likes it, in stretches. */
static void drop_pages(struct content *c, uint32_t from)
{
	uint32_t index = c->room, first, n;

	while (index > from) {
		first = c->pages[--index];
		if (!first)
			continue;
		c->pages[index] = 0;
		for (n = 1; index > from && first > 1 && c->pages[index - 1] == first - 1; n++) {
			c->pages[--index] = 0;
			first--;
		}
		page_give(first, n);
		c->nr_pages -= n;
	}
}

/* --- objects --- */

static uint64_t map_bytes(const struct content *c)
{
	return c->boot ? (uint64_t)pages_for(c->size) * POOL_PAGE : CONTENT_MAX;
}

static long map_object(struct content *c)
{
	void *at;

	if (c->map)
		return 0;
	at = mmap(NULL, map_bytes(c), c->boot ? PROT_READ : PROT_READ | PROT_WRITE,
		  c->boot ? MAP_PRIVATE : MAP_SHARED, c->object, 0);
	if (at == MAP_FAILED)
		return -ENOMEM;
	c->map = at;
	return 0;
}

/*
 * So many bytes of the object can be touched. Its pages are counted, whether they are there or not, and stay so when it
 * gets shorter: they are not given back.
 */
static long set_end(struct content *c, uint64_t bytes)
{
	uint32_t pages = pages_for(bytes);

	if (pages > c->nr_pages) {
		if (!pool_charge((uint64_t)(pages - c->nr_pages) * POOL_PAGE))
			return -ENOSPC;
		c->nr_pages = pages;
	}
	if (pages != c->end)
		object_set_end(c->object, bytes);
	c->end = pages;
	return 0;
}

void content_clear(struct content *c)
{
	if (c->object < 0) {
		drop_pages(c, 0);
		free_room(c);
	} else {
		if (c->map)
			munmap(c->map, map_bytes(c));
		close(c->object);
		pool_release((uint64_t)c->nr_pages * POOL_PAGE);
	}
	content_init(c);
}

/* --- what lies between two offsets --- */

/* Becomes zero; it is, or is about to be, behind the end. */
static void cut(struct content *c, uint64_t from, uint64_t to)
{
	uint32_t page;

	if (c->object >= 0) {
		if (c->map && from < to)
			memset(c->map + from, 0, to - from);
		/* Nothing more is to be counted. */
		(void)set_end(c, from);
		return;
	}
	drop_pages(c, pages_for(from));
	page = from % POOL_PAGE ? page_of(c, from / POOL_PAGE) : 0;
	if (page)
		memset(page_at(page) + from % POOL_PAGE, 0, POOL_PAGE - from % POOL_PAGE);
}

void content_keep(struct content *c, uint64_t size, uint64_t written)
{
	if (size > c->size)
		c->size = size;
	if (written > c->size)
		cut(c, c->size, written);
}

/* `from` becomes `to`, another content that has the same bytes. */
static void replace(struct content *from, const struct content *to)
{
	content_clear(from);
	*from = *to;
	if (to->pages == &to->first)
		from->pages = &from->first;
}

/* What is no hole. */
static long copy(struct content *from, struct content *to)
{
	const char *old;
	char *new;

	for (uint64_t at = content_find(from, 0, false); at < from->size;
	     at = content_find(from, at, false)) {
		long n = content_read(from, at, from->size - at, &old);

		if (n > 0)
			n = content_write(to, at, (uint64_t)n, &new);
		if (n < 0)
			return n;
		memcpy(new, old, (size_t)n);
		at += (uint64_t)n;
	}
	return 0;
}

/* A copy in `to`, which is empty, takes the content's place. */
static long move(struct content *c, struct content *to)
{
	long ret = copy(c, to);

	if (!ret && c->size)
		ret = content_resize(to, c->size);
	if (ret)
		content_clear(to);
	else
		replace(c, to);
	return ret;
}

long content_own(struct content *c)
{
	struct content pages;

	content_init(&pages);
	return c->boot ? move(c, &pages) : 0;
}

/* --- the calls --- */

long content_resize(struct content *c, uint64_t size)
{
	long ret = 0;

	if (size == 0) {
		content_clear(c);
		return 0;
	}
	if (size > CONTENT_MAX)
		return -EFBIG;
	if (c->boot && size != c->size)
		ret = content_own(c);
	if (!ret && c->object >= 0 && !c->boot && size > c->size)
		ret = set_end(c, size);
	if (ret)
		return ret;
	if (size < c->size)
		cut(c, size, c->size);
	c->size = size;
	return 0;
}

long content_read(struct content *c, uint64_t offset, uint64_t bytes, const char **piece)
{
	uint64_t index = offset / POOL_PAGE, have = POOL_PAGE - offset % POOL_PAGE;
	uint32_t page;

	bytes = MIN(bytes, c->size - offset);
	if (c->object >= 0) {
		long ret = map_object(c);

		*piece = c->map + offset;
		return ret ? ret : (long)bytes;
	}
	page = page_of(c, index);
	*piece = (page ? page_at(page) : zeroes) + offset % POOL_PAGE;
	while (page && have < bytes && page_of(c, ++index) == ++page)
		have += POOL_PAGE;
	return (long)MIN(have, bytes);
}

/* For content_write() into an object. */
static long write_object(struct content *c, uint64_t offset, uint64_t bytes, char **piece)
{
	uint64_t end = offset + bytes > c->size ? offset + bytes : c->size;
	long ret = set_end(c, end);

	if (!ret)
		ret = map_object(c);
	*piece = c->map + offset;
	return ret ? ret : (long)bytes;
}

long content_write(struct content *c, uint64_t offset, uint64_t bytes, char **piece)
{
	uint32_t index = (uint32_t)(offset / POOL_PAGE);
	uint64_t have = POOL_PAGE - offset % POOL_PAGE;
	long page, next, ret;

	ret = content_own(c);
	if (ret)
		return ret;
	if (c->object >= 0)
		return write_object(c, offset, bytes, piece);
	page = make_page(c, index);
	if (page < 0)
		return page;
	*piece = page_at((uint32_t)page) + offset % POOL_PAGE;
	while (have < bytes) {
		next = make_page(c, ++index);
		if (next != ++page)
			break;
		have += POOL_PAGE;
	}
	return (long)MIN(have, bytes);
}

/* From pages, or a boot file's object, to one of its own. */
static long to_object(struct content *c)
{
	struct content own;

	content_init(&own);
	own.object = object_create(CONTENT_MAX);
	if (own.object < 0)
		return own.object;
	own.end = CONTENT_PAGES;
	(void)set_end(&own, 0);
	return move(c, &own);
}

long content_object(struct content *c, bool writable)
{
	long ret = 0;

	if (c->object < 0 || (c->boot && writable))
		ret = to_object(c);
	return ret ? ret : object_view(c->object, !writable);
}

uint64_t content_find(const struct content *c, uint64_t offset, bool hole)
{
	uint64_t index = offset / POOL_PAGE;

	if (c->object >= 0)
		return hole ? c->size : MIN(offset, c->size);
	while (index < c->room && !page_of(c, index) != hole)
		index++;
	if (index >= c->room && !hole)
		return c->size;
	return MIN(index == offset / POOL_PAGE ? offset : index * POOL_PAGE, c->size);
}

uint64_t content_blocks(const struct content *c)
{
	return (uint64_t)(c->boot ? pages_for(c->size) : c->nr_pages) * (POOL_PAGE / 512);
}
