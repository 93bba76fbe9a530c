/*
 * What memory costs: the first touch of a page, removing pages, a fork of a process that has many.
 *
 * What is mapped for a measurement is mapped, touched or removed outside of it, so that each
 * figure is of one thing.
 */
#include <sys/mman.h>

#include "user/bench/bench.h"
#include "user/lib/rawsys.h"

#define PAGE       4096ul
#define PAGES      64
#define MANY_PAGES 512

static char *area; /* of PAGES pages, or NULL */

static char *map(size_t pages)
{
	long at = raw_syscall6(SYS_mmap, 0, pages * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at < 0 && at > -4096 ? NULL : (char *)at;
}

static bool unmap(char *at, size_t pages)
{
	return raw_syscall2(SYS_munmap, (uintptr_t)at, pages * PAGE) == 0;
}

static void touch(char *at, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		*(volatile char *)(at + i * PAGE) = 1;
}

static bool map_touch_unmap(void)
{
	char *at = map(1);

	if (!at)
		return false;
	touch(at, 1);
	return unmap(at, 1);
}

/* Fresh memory in place of what the measurement before has left. */
static bool map_area(void)
{
	if (area && !unmap(area, PAGES))
		return false;
	area = map(PAGES);
	return area;
}

static bool touch_area(void)
{
	touch(area, PAGES);
	return true;
}

static bool map_and_touch_area(void)
{
	area = map(PAGES);
	if (area)
		touch(area, PAGES);
	return area;
}

static bool unmap_area(void)
{
	char *at = area;

	area = NULL;
	return unmap(at, PAGES);
}

static int report_fork_many(unsigned int n)
{
	char *at = map(MANY_PAGES);
	int failed;

	if (!at)
		return 1;
	touch(at, MANY_PAGES);
	failed = report("fork_exit_wait_512_pages", fork_exit_wait, n, "instructions");
	return failed + !unmap(at, MANY_PAGES);
}

int bench_memory(unsigned int n)
{
	int failed = report("map_touch_unmap", map_touch_unmap, n, "instructions");

	failed += report_prepared("page_fault", map_area, touch_area, PAGES, n);
	failed += !unmap_area();
	failed += report_prepared("munmap_64_pages", map_and_touch_area, unmap_area, 1, n);
	return failed + report_fork_many(n);
}
