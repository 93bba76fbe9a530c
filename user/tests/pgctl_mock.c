/*
 * Stands in for the kernel's pgctl when pgstress is tried on Linux (linked with --wrap=pgctl;
 * user-test in Makefile.inc).
 *
 * Models what pgstress can see: range numbers, fresh slots that run out, reset refused while ranges
 * live, statistics. MOCK= in the environment chooses a fault: `missing` (a touch of the third
 * growth misses), `leak` (pages go with each free). It proves nothing about the kernel, only that
 * pgstress drives pgctl rightly and judges what it is told.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user/lib/freewalk.h"

#define RANGES 64
#define SLOTS  12

/* The linker's names for --wrap. */
long __wrap_pgctl(unsigned int op, unsigned long a, unsigned long b, struct pgctl_stats *out);

static struct {
	atomic_flag lock;
	unsigned int pages[RANGES]; /* 0: free number */
	struct pgctl_stats stats;
} * mock;

static long grow(unsigned long bytes, unsigned long kind)
{
	unsigned int need = kind == 2 ? 2 : 1;
	int id = 0;

	if (mock->stats.slots_free < need)
		return -ENOSPC;
	while (mock->pages[id])
		id++;
	mock->pages[id] = bytes / PAGE_SIZE;
	mock->stats.slots_free -= need;
	mock->stats.slots_present += need;
	mock->stats.growths += need;
	mock->stats.ranges_grown++;
	mock->stats.free_pages -= mock->pages[id];
	return id;
}

static long touch_range(unsigned long id)
{
	if (id >= RANGES || !mock->pages[id])
		return -ENOENT;
	mock->stats.touches += mock->pages[id];
	if (mock->stats.growths < 3 || strcmp(getenv("MOCK") ? getenv("MOCK") : "", "missing") != 0)
		return 0;
	mock->stats.missing++;
	mock->stats.first_missing_slot = 405;
	mock->stats.first_missing_va = 0xffffca8000000000;
	mock->stats.first_missing_pid = getpid();
	return 1;
}

static long free_range(unsigned long id)
{
	if (id >= RANGES || !mock->pages[id])
		return -ENOENT;
	if (!getenv("MOCK") || strcmp(getenv("MOCK"), "leak") != 0)
		mock->stats.free_pages += mock->pages[id];
	mock->pages[id] = 0;
	return 0;
}

static long reset(void)
{
	long emptied = mock->stats.slots_present;

	for (int i = 0; i < RANGES; i++) {
		if (mock->pages[i])
			return -EBUSY;
	}
	mock->stats.slots_free = SLOTS;
	mock->stats.slots_present = 0;
	return emptied;
}

static long perform(unsigned int op, unsigned long a, unsigned long b, struct pgctl_stats *out)
{
	switch (op) {
	case PGCTL_STATS:
		*out = mock->stats;
		return 0;
	case PGCTL_GROW:
		return grow(a, b);
	case PGCTL_TOUCH:
	case PGCTL_TOUCH_KTHREADS:
		return touch_range(a);
	case PGCTL_FREE:
		return free_range(a);
	case PGCTL_AUDIT:
		mock->stats.audits++;
		return 0;
	case PGCTL_RESET:
		return reset();
	case PGCTL_DRAIN:
		return 0;
	case PGCTL_PIN:
		return 1;
	default:
		return -EINVAL;
	}
}

static void create(void)
{
	mock = mmap(NULL, sizeof(*mock), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mock->stats.slots_free = SLOTS;
	mock->stats.free_pages = 100000;
	mock->stats.forks = 1;
	strcpy(mock->stats.strategy, "mock");
}

long __wrap_pgctl(unsigned int op, unsigned long a, unsigned long b, struct pgctl_stats *out)
{
	long ret;

	if (!mock)
		create();
	while (atomic_flag_test_and_set(&mock->lock))
		usleep(1);
	if (op == PGCTL_STATS)
		mock->stats.forks++;
	ret = perform(op, a, b, out);
	atomic_flag_clear(&mock->lock);
	return ret;
}
