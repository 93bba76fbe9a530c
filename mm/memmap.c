/*
 * Builds the page array. A section is the RAM that 2 MiB of the array describe; a section that has
 * any RAM gets its 2 MiB. In it, a 4 MiB block that is free as a whole needs only its first struct
 * page: the buddy allocator initialises the others on first use. All other blocks are zeroed here,
 * which makes their pages PAGE_NONE with no reference: not RAM, or taken before the allocator
 * existed.
 */
#include "mm/memmap.h"

#include "arch/mmu.h"
#include "kernel/base/kasan.h"
#include "kernel/base/printk.h"
#include "mm/buddy.h"
#include "mm/memblock.h"
#include "mm/page.h"
#include "mm/pagezero.h"
#include "mm/zone.h"

#define MAX_SECTIONS (MEMBLOCK_PHYS_MAX / PAGE_SIZE / SECTION_PAGES)

/* Bit n: section n has its part of the array. 64 TiB in sections of 128 MiB: 64 KiB. Boot's RAM. */
static unsigned long *section_map;
static u64 nr_sections;

static bool section_present(u64 section)
{
	return section < nr_sections && (section_map[section / 64] >> (section % 64) & 1);
}

bool pfn_has_page(u64 pfn)
{
	return section_present(pfn / SECTION_PAGES);
}

static void map_section(u64 section)
{
	void *mem = early_alloc_raw(MEMMAP_UNIT, MEMMAP_UNIT);
	unsigned long va = (unsigned long)pfn_to_page(section * SECTION_PAGES);

	ASSERT_MSG(IS_ALIGNED(va, MEMMAP_UNIT), "section %llu va %#lx", (unsigned long long)section,
		   va);
	arch_map_early(va, virt_to_phys(mem), MEMMAP_UNIT, PROT_KERNEL_RW);
	section_map[section / 64] |= 1UL << (section % 64);
}

static void map_array(void)
{
	struct phys_range r;

	nr_sections = (memblock_end() / PAGE_SIZE + SECTION_PAGES - 1) / SECTION_PAGES;
	ASSERT_MSG(nr_sections <= MAX_SECTIONS, "%llu", (unsigned long long)nr_sections);
	section_map = early_alloc((nr_sections + 63) / 64 * 8, 8);
	for (unsigned int i = 0; memblock_ram(i, &r); i++) {
		u64 first = (r.start >> PAGE_SHIFT) / SECTION_PAGES;
		u64 last = ((r.end - 1) >> PAGE_SHIFT) / SECTION_PAGES;

		for (u64 s = first; s <= last; s++)
			if (!section_present(s))
				map_section(s);
	}
}

void memmap_zero_block(u64 pfn)
{
	char *p = (char *)pfn_to_page(pfn);

	for (size_t done = 0; done < MAX_ORDER_PAGES * sizeof(struct page); done += PAGE_SIZE)
		clear_page(p + done);
}

/* Zeroes the struct pages of each block that is not free as a whole. Both walks ascend. */
static void init_array(void)
{
	struct phys_range r = {0, 0};
	unsigned int i = 0;
	bool more = memblock_free(i, &r);

	for (u64 pfn = 0; pfn < nr_sections * SECTION_PAGES; pfn += MAX_ORDER_PAGES) {
		phys_addr_t start = pfn << PAGE_SHIFT;
		phys_addr_t end = start + MAX_ORDER_PAGES * PAGE_SIZE;

		if (!pfn_has_page(pfn))
			continue;
		while (more && r.end < end)
			more = memblock_free(++i, &r);
		if (!more || r.start > start)
			memmap_zero_block(pfn);
	}
}

void memmap_release(u64 pfn, u64 end)
{
	while (pfn < end) {
		unsigned int order = pfn ? (unsigned int)__builtin_ctzll(pfn) : MAX_ORDER;

		order = MIN(order, MAX_ORDER);
		while (pfn + (1u << order) > end)
			order--;
		/* Before: as soon as it is added it may be somebody's. */
		kasan_poison(page_address(pfn_to_page(pfn)), PAGE_SIZE << order, KASAN_PAGE_FREE);
		zone_add_block(pfn, order, order == MAX_ORDER);
		pfn += 1u << order;
	}
}

void mm_floor_init(void)
{
	struct phys_range r;

	map_array();
	memblock_close();
	init_array();
	zone_init_boot(nr_sections * SECTION_PAGES);
	for (unsigned int i = 0; memblock_free(i, &r); i++)
		memmap_release(r.start >> PAGE_SHIFT, r.end >> PAGE_SHIFT);
	printk("memory: %llu MiB of RAM, %llu MiB free\n",
	       (unsigned long long)memblock_ram_bytes() >> 20,
	       (unsigned long long)nr_free_pages() * PAGE_SIZE >> 20);
}
