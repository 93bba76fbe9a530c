/* The page array of added memory: see page_array.h. */
#include "mm/page_array.h"

#include "arch/mmu.h"
#include "kernel/base/kasan.h"
#include "kernel/base/mutant.h"
#include "kernel/base/racepoint.h"
#include "mm/buddy.h"
#include "mm/kmap_large.h"
#include "mm/memmap.h"

/*
 * The blocks in which the array itself lies. All others are free as a whole, and the page allocator
 * initialises them when it first uses them.
 */
static void init_struct_pages(u64 pfn, u64 pages)
{
	u64 own = (page_array_bytes(pages) + kasan_memory_bytes(pages << PAGE_SHIFT)) >> PAGE_SHIFT;

	RACE_POINT(hotadd_array);
	for (u64 done = 0; done < own; done += MAX_ORDER_PAGES)
		memmap_zero_block(pfn + done);
}

int page_array_add(u64 pfn, u64 pages, phys_addr_t backing)
{
	int ret;

	ASSERT_MSG(pages && IS_ALIGNED(pfn | pages, SECTION_PAGES), "pfn %#llx, %#llx pages",
		   (unsigned long long)pfn, (unsigned long long)pages);
	if (MUTANT(hotadd_touches_first))
		init_struct_pages(pfn, pages);
	ret = kmap_large((unsigned long)pfn_to_page(pfn), backing, page_array_bytes(pages));
	/* Not before: no root but the reference might have the array's slot yet (I25). */
	if (!ret && !MUTANT(hotadd_touches_first))
		init_struct_pages(pfn, pages);
	return ret;
}

void page_array_unmap(u64 pfn, u64 pages, struct list_head *tables)
{
	kunmap_large((unsigned long)pfn_to_page(pfn), page_array_bytes(pages), tables);
}

void page_array_remove(u64 pfn, u64 pages)
{
	LIST_HEAD(tables);

	page_array_unmap(pfn, pages, &tables);
	tlb_flush_kernel_all();
	kmap_large_free_tables(&tables);
}
