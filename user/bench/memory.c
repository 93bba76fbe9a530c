/*
 * What memory costs: the first touch of a page, of 2 MiB in pages of either size, removing pages, a fork
 * of a process that has many.
 *
 * What is mapped for a measurement is mapped, touched or removed outside of it, so that each
 * figure is of one thing.
 */
#include <sys/mman.h>

#include "kernel/abi/pgctl.h"
#include "user/bench/bench.h"
#include "user/lib/rawsys.h"

#define PAGE       4096ul
#define PAGES      64
#define MANY_PAGES 512
#define HUGE_PAGES 512 /* that make a huge one */

static char *area; /* what a measurement has mapped, or NULL */
static char *two_mib;

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

/* 2 MiB that begin where a huge page may, fresh; `huge`: with the wish for one. */
static bool map_two_mib(bool huge)
{
	if (area && !unmap(area, 2 * HUGE_PAGES))
		return false;
	area = map(2 * HUGE_PAGES);
	two_mib = (char *)(((uintptr_t)area + HUGE_PAGES * PAGE - 1) & -(HUGE_PAGES * PAGE));
	return area && (!huge || raw_syscall3(SYS_madvise, (uintptr_t)two_mib, HUGE_PAGES * PAGE,
					      MADV_HUGEPAGE) == 0);
}

static bool map_small(void)
{
	return map_two_mib(false);
}

static bool map_huge(void)
{
	return map_two_mib(true);
}

static bool touch_two_mib(void)
{
	touch(two_mib, HUGE_PAGES);
	return true;
}

/* The same touches, of one page and of 512. */
static int report_two_mib(unsigned int n)
{
	int failed = report_prepared("touch_2_mib_huge", map_huge, touch_two_mib, 1, n);

	failed += report_prepared("touch_2_mib_small", map_small, touch_two_mib, 1, n);
	failed += !unmap(area, 2 * HUGE_PAGES);
	area = NULL;
	return failed;
}

static long range; /* of kernel memory, one page */

static bool make_range(void)
{
	range = raw_syscall4(SYS_pgctl, PGCTL_GROW, PAGE, 0, 0);
	return range >= 0;
}

static bool free_range(void)
{
	return raw_syscall4(SYS_pgctl, PGCTL_FREE, (uintptr_t)range, 0, 0) == 0;
}

/*
 * Kernel memory, vmalloc and vfree, where pgctl is allowed. The mean has a share of the flush that
 * many calls of vfree wait for; the minimum has none.
 */
static int report_kernel_memory(unsigned int n)
{
	if (!make_range())
		return 0;
	return !free_range() + report_prepared("vfree", make_range, free_range, 1, n);
}

int bench_memory(unsigned int n)
{
	int failed = report("map_touch_unmap", map_touch_unmap, n, "instructions");

	failed += report_prepared("page_fault", map_area, touch_area, PAGES, n);
	failed += !unmap_area();
	failed += report_prepared("munmap_64_pages", map_and_touch_area, unmap_area, 1, n);
	failed += report_two_mib(n / 10 + 1);
	failed += report_kernel_memory(n);
	return failed + report_fork_many(n);
}
