/*
 * The shadow: where there is any, and what is written into it.
 *
 * Its root slots are there from birth, as boot maps something in each (kasan_map_boot()); what is
 * added later lies below them. What is covered stays so, but for memory that is pulled out.
 */
#include "arch/machine.h"
#include "arch/mmu.h"
#include "arch/page.h"
#include "kernel/base/atomic.h"
#include "kernel/base/bitops.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"
#include "mm/buddy.h"
#include "mm/kasan/kasan.h"
#include "mm/kmap_large.h"
#include "mm/memblock.h"
#include "mm/pgtable.h"

/* linker.ld */
extern char _kernel_start[], _kernel_end[];

/* RAM with a shadow, in the direct map: below the hole under 4 GiB, and above it. */
static unsigned long low_bytes, high_bytes;

/* Memory that was added, in the direct map; the caller's lock (mm/hotplug.c). No bytes: not in use. */
#define HOT_MAX 8

static struct {
	unsigned long start;
	u64 bytes;
} hot[HOT_MAX];

/* Kernel stacks: a place has one page of shadow (kernel/kstack.c: 32 KiB). */
#define PLACE_SIZE (PAGE_SIZE << KASAN_SHIFT)
#define PLACES     (1UL << 20)

static DECLARE_BITMAP(place_covered, PLACES);
static u32 nr_places; /* covered; atomic */

static bool started;

static inline bool stack_covered(unsigned long place)
{
	return place < PLACES && test_bit((unsigned int)place, place_covered);
}

static inline bool hot_covered(unsigned long addr)
{
	for (unsigned int i = 0; i < HOT_MAX; i++)
		if (addr - hot[i].start < READ_ONCE(hot[i].bytes))
			return true;
	return false;
}

bool kasan_covered(unsigned long addr)
{
	unsigned long pa = addr - PAGE_OFFSET;

	if (addr - (unsigned long)_kernel_start < (unsigned long)(_kernel_end - _kernel_start))
		return true;
	if (pa < low_bytes || pa - GiB(4) < high_bytes)
		return true;
	if (addr - KSTACK_START < KSTACK_AREA)
		return stack_covered((addr - KSTACK_START) / PLACE_SIZE);
	return addr >= PAGE_OFFSET && addr < VMALLOC_START && hot_covered(addr);
}

static inline bool usable(unsigned long addr)
{
	s8 n = (s8)*shadow_of(addr);

	return n == 0 || (s8)(addr % GRANULE) < n;
}

/* The range is covered as a whole when its first byte is: memory with and without shadow do not touch. */
static unsigned long first_bad(unsigned long addr, size_t bytes)
{
	unsigned long at = addr, end = addr + bytes;

	while (at < end) {
		if (!usable(at))
			return at;
		/* All before the granule's last byte is usable when that is. */
		at = usable(at | (GRANULE - 1)) ? ALIGN_DOWN(at, GRANULE) + GRANULE : at + 1;
	}
	return 0;
}

unsigned long kasan_first_bad(unsigned long addr, size_t bytes)
{
	if (unlikely(!READ_ONCE(started)) || !kasan_covered(addr))
		return 0;
	/* In one granule, which almost all are. */
	if (likely(addr / GRANULE == (addr + bytes - 1) / GRANULE) &&
	    likely(usable(addr + bytes - 1)))
		return 0;
	return first_bad(addr, bytes);
}

static void fill(unsigned long addr, size_t bytes, u8 value)
{
	u8 *shadow = shadow_of(addr);

	for (size_t i = 0; i < bytes / GRANULE;) {
		if (IS_ALIGNED((unsigned long)(shadow + i), 8) && bytes / GRANULE - i >= 8) {
			*(u64 *)(void *)(shadow + i) = value * 0x0101010101010101UL;
			i += 8;
		} else {
			shadow[i++] = value;
		}
	}
}

void kasan_poison_range(unsigned long addr, size_t bytes, enum kasan_why why)
{
	if (!started || !kasan_covered(addr))
		return;
	ASSERT_MSG(IS_ALIGNED(addr | bytes, GRANULE), "%#lx, %zu bytes", addr, bytes);
	fill(addr, bytes, (u8)why);
}

void kasan_unpoison_range(unsigned long addr, size_t bytes)
{
	if (!started || !kasan_covered(addr))
		return;
	ASSERT_MSG(IS_ALIGNED(addr, GRANULE), "%#lx, %zu bytes", addr, bytes);
	fill(addr, ALIGN_DOWN(bytes, GRANULE), 0);
	if (bytes % GRANULE)
		*shadow_of(addr + bytes) = (u8)(bytes % GRANULE);
}

/* --- boot's memory --- */

/* Maps zeroed shadow for the range, which begins and ends where a large page of shadow does. */
static void map_shadow(unsigned long start, u64 bytes)
{
	const u64 unit = pt_span(2);

	ASSERT_MSG(IS_ALIGNED(kasan_shadow(start), unit), "%#lx", start);
	for (u64 done = 0; done < bytes >> KASAN_SHIFT; done += unit)
		arch_map_early(kasan_shadow(start) + done, virt_to_phys(early_alloc(unit, unit)),
			       unit, PROT_KERNEL_RW);
}

void kasan_map_boot(void)
{
	phys_addr_t end = memblock_end();

	low_bytes = MIN(end, GiB(4));
	high_bytes = end - low_bytes;
	map_shadow(PAGE_OFFSET, low_bytes);
	map_shadow(PAGE_OFFSET + GiB(4), high_bytes);
	map_shadow(KERNEL_VMA, (u64)(_kernel_end - (char *)KERNEL_VMA));
}

/* --- memory that is added --- */

int kasan_hot_add(unsigned long start, u64 bytes, phys_addr_t shadow)
{
	unsigned int i = 0;
	int ret;

	while (i < HOT_MAX && hot[i].bytes)
		i++;
	if (i == HOT_MAX)
		return -ENOSPC;
	ret = kmap_large(kasan_shadow(start), shadow, bytes >> KASAN_SHIFT);
	if (ret)
		return ret;
	memset(shadow_of(start), 0, bytes >> KASAN_SHIFT);
	hot[i].start = start;
	/* The shadow before the range: a CPU that sees the range looks into the shadow. */
	smp_store_release(&hot[i].bytes, bytes);
	return 0;
}

void kasan_hot_remove(unsigned long start, u64 bytes, struct list_head *tables)
{
	unsigned int i = 0;

	while (hot[i].start != start || hot[i].bytes != bytes)
		ASSERT_MSG(++i < HOT_MAX, "%#lx, %#llx bytes", start, (unsigned long long)bytes);
	WRITE_ONCE(hot[i].bytes, 0);
	kunmap_large(kasan_shadow(start), bytes >> KASAN_SHIFT, tables);
}

/* --- kernel stacks --- */

bool kasan_stack_make(unsigned long top, size_t bytes)
{
	unsigned long place = (top - 1 - KSTACK_START) / PLACE_SIZE;
	struct page *page;

	ASSERT_MSG(2 * bytes == PLACE_SIZE && place < PLACES, "top %#lx, %zu bytes", top, bytes);
	/* Since a stack could not be mapped here. A place is one caller's at a time. */
	if (stack_covered(place))
		return true;
	page = alloc_page(GFP_KERNEL | GFP_ZERO);
	if (!page)
		return false;
	if (kmap_pages(kasan_shadow(top - 2 * bytes), &page, 1)) {
		free_page(page);
		return false;
	}
	atomic_inc(&nr_places);
	set_bit((unsigned int)place, place_covered);
	return true;
}

struct page *kasan_stack_unmake(unsigned long top)
{
	unsigned long place = (top - 1 - KSTACK_START) / PLACE_SIZE;
	unsigned long shadow = kasan_shadow(KSTACK_START + place * PLACE_SIZE);
	struct page *page = phys_to_page(pte_phys(*pt_walk(swapper_pg_dir, shadow, 1, false)));

	ASSERT_MSG(stack_covered(place), "top %#lx", top);
	clear_bit((unsigned int)place, place_covered);
	atomic_add_return(&nr_places, -1u);
	kunmap_pages(shadow, 1);
	return page;
}

u64 kasan_stack_shadow_pages(void)
{
	return READ_ONCE(nr_places);
}

/* --- the beginning --- */

void kasan_stop(void)
{
	WRITE_ONCE(started, false);
}

/* linker.ld: each registers the globals of one source file. */
extern void (*const __init_array_start[])(void), (*const __init_array_end[])(void);

void kasan_start(void)
{
	started = true;
	for (void (*const *f)(void) = __init_array_start; f < __init_array_end; f++)
		(*f)();
}
