/*
 * See pool.h.
 *
 * The pages are one stretch of address space, with a bit for each that is taken. What is given back singly is kept
 * and taken again first: a small file that comes and goes costs no page fault. A stretch of pages goes back to
 * the kernel at once.
 */
#include "user/rootfs/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define KEPT_MAX     256 /* pages */
#define KEPT_STRETCH 8   /* a longer one is not kept */

static struct {
	uint64_t limit, used; /* bytes */
	char *memory;
	uint64_t *taken;         /* a bit a page */
	uint32_t nr_pages;       /* page numbers are 1 to nr_pages */
	uint32_t next;           /* where the search goes on: an index, from 0 */
	uint32_t kept[KEPT_MAX]; /* indexes, taken, with old contents */
	uint32_t nr_kept;
} pool;

int pool_init(uint64_t bytes)
{
	uint32_t nr = (uint32_t)(bytes / POOL_PAGE);
	uint64_t words = nr / 64 + 1;
	char *memory;

	if (pool.memory)
		munmap(pool.memory, (size_t)pool.nr_pages * POOL_PAGE);
	free(pool.taken);
	memset(&pool, 0, sizeof(pool));
	memory = mmap(NULL, (size_t)nr * POOL_PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	pool.taken = calloc(words, sizeof(*pool.taken));
	if (memory == MAP_FAILED || !pool.taken)
		return -ENOMEM;
	pool.memory = memory;
	pool.nr_pages = nr;
	pool.limit = bytes;
	/* The bits behind the last page are never free. */
	pool.taken[words - 1] = ~0ull << (nr % 64);
	return 0;
}

bool pool_charge(uint64_t bytes)
{
	if (bytes > pool.limit - pool.used)
		return false;
	pool.used += bytes;
	return true;
}

void pool_release(uint64_t bytes)
{
	pool.used -= bytes;
}

uint64_t pool_limit(void)
{
	return pool.limit;
}

uint64_t pool_used(void)
{
	return pool.used;
}

char *page_at(uint32_t page)
{
	return pool.memory + (size_t)(page - 1) * POOL_PAGE;
}

/* The first free page from `from` on, an index; the limit has said that there is one somewhere. */
static uint32_t find_free(uint32_t from)
{
	uint32_t words = pool.nr_pages / 64 + 1, word = from / 64;
	uint64_t open = ~pool.taken[word] & ~0ull << from % 64;

	while (!open) {
		word = word + 1 < words ? word + 1 : 0;
		open = ~pool.taken[word];
	}
	return word * 64 + (uint32_t)__builtin_ctzll(open);
}

uint32_t page_take(void)
{
	uint32_t index;

	if (!pool_charge(POOL_PAGE))
		return 0;
	if (pool.nr_kept) {
		index = pool.kept[--pool.nr_kept];
		memset(page_at(index + 1), 0, POOL_PAGE);
		return index + 1;
	}
	index = find_free(pool.next);
	pool.taken[index / 64] |= 1ull << index % 64;
	pool.next = index + 1 < pool.nr_pages ? index + 1 : 0;
	return index + 1;
}

void page_give(uint32_t page, uint32_t n)
{
	pool_release((uint64_t)n * POOL_PAGE);
	if (n <= KEPT_STRETCH && pool.nr_kept + n <= KEPT_MAX) {
		/* The first is on top. */
		while (n-- > 0)
			pool.kept[pool.nr_kept++] = page - 1 + n;
		return;
	}
	madvise(page_at(page), (size_t)n * POOL_PAGE, MADV_DONTNEED);
	for (uint32_t i = page - 1; i < page - 1 + n; i++)
		pool.taken[i / 64] &= ~(1ull << i % 64);
}
