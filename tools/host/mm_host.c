/*
 * See mm_host.h. Memory is reserved with mmap and no access, so that a struct page without RAM
 * behind it faults; arch_map_early() opens its part of the array and fills it with garbage, as raw
 * memory may be.
 */
#include "tools/host/mm_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "arch/mmu.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/spinlock.h"
#include "mm/memblock.h"
#include "mm/memmap.h"
#include "mm/page.h"
#include "mm/pagezero.h"

#define GARBAGE 0xa5

unsigned long host_page_offset;
unsigned long host_vmemmap;
u64 mm_host_array_bytes;

/* One CPU: whoever waits would wait for ever. */
__attribute__((weak)) void spin_lock_slow(struct spinlock *lock)
{
	panic("deadlock on spin lock %p, owner %u", (void *)lock, lock->owner);
}

void mm_host_check_panic(const char *text, const char *file, int line)
{
	preempt_count = PREEMPT_NO_RESCHED;
	if (!strstr(host_panic_message, text))
		fail_msg("%s:%d: panic \"%s\", expected \"%s\"", file, line, host_panic_message,
			 text);
}

static unsigned long reserve(u64 bytes, int prot, u64 align)
{
	char *p =
		mmap(NULL, bytes + align, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return ALIGN_UP((unsigned long)p, align);
}

void mm_host_create(u64 bytes)
{
	host_page_offset = reserve(bytes, PROT_READ | PROT_WRITE, MiB(4));
	host_vmemmap = reserve(bytes / PAGE_SIZE * sizeof(struct page) + MiB(2), PROT_NONE, MiB(2));
}

void arch_map_early(unsigned long va, phys_addr_t pa, u64 bytes, u64 prot)
{
	(void)prot;
	assert_true(IS_ALIGNED(va, MiB(2)) && IS_ALIGNED(pa, MiB(2)) && IS_ALIGNED(bytes, MiB(2)));
	assert_true(mprotect((void *)va, bytes, PROT_READ | PROT_WRITE) == 0);
	memset((void *)va, GARBAGE, bytes);
	mm_host_array_bytes += bytes;
}

void clear_page(void *page)
{
	assert_true(IS_ALIGNED((unsigned long)page, PAGE_SIZE));
	memset(page, 0, PAGE_SIZE);
}

void mm_host_add_range(struct boot_info *info, phys_addr_t start, u64 size, enum boot_mem_type type)
{
	assert_true(info->nr_ranges < BOOT_MAX_RANGES);
	info->ranges[info->nr_ranges++] = (struct boot_mem_range){start, size, type};
}

void mm_host_boot(const struct boot_info *info)
{
	memblock_limit = MEMBLOCK_PHYS_MAX;
	memblock_init(info);
	mm_floor_init();
}

u64 mm_host_random(void)
{
	static u64 s = 0x9e3779b97f4a7c15;

	s ^= s >> 12;
	s ^= s << 25;
	s ^= s >> 27;
	return s * 0x2545f4914f6cdd1d;
}

u32 mm_host_below(u32 n)
{
	return (u32)((mm_host_random() >> 32) * n >> 32);
}
