/* Kernel mappings by large pages: see kmap_large.h. */
#include "mm/kmap_large.h"

#include "arch/mmu.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "mm/pgsync/pgsync.h"
#include "mm/pgtable.h"

/* The largest page that maps `va`, as a level, or 0: none does. Small pages are not expected. */
static unsigned int leaf_level(unsigned long va)
{
	for (unsigned int level = PT_ROOT_LEVEL - 1; level > 1; level--) {
		pte_t *entry = pt_walk(swapper_pg_dir, va, level, false);

		if (!entry || !pte_present(READ_ONCE(*entry)))
			return 0;
		if (pte_leaf(*entry, level))
			return level;
	}
	BUG("%#lx is mapped by small pages", va);
}

static int map_one(unsigned long va, phys_addr_t pa, unsigned int level)
{
	pte_t *entry = pt_walk(swapper_pg_dir, va, level, true);

	/* NULL also where a larger page is mapped. */
	if (!entry)
		return kernel_maps(va) ? -EEXIST : -ENOMEM;
	if (pte_present(READ_ONCE(*entry)))
		return -EEXIST;
	ASSERT(kroot_ready(root_slot(va)));
	WRITE_ONCE(*entry, pte_make(pa, PROT_KERNEL_RW | PTE_PS));
	return 0;
}

static void clear_leaves(unsigned long va, u64 bytes)
{
	for (u64 done = 0; done < bytes;) {
		unsigned int level = leaf_level(va + done);

		ASSERT_MSG(level && IS_ALIGNED(va + done, pt_span(level)),
			   "%#lx: a page of level %u", va + (unsigned long)done, level);
		WRITE_ONCE(*pt_walk(swapper_pg_dir, va + done, level, false), 0);
		done += pt_span(level);
	}
}

static bool is_empty(const pte_t *table)
{
	for (unsigned int i = 0; i < PT_ENTRIES; i++)
		if (table[i])
			return false;
	return true;
}

/*
 * Takes the empty tables of the range out of the tables above them, the lowest ones first. What hangs
 * from a root slot stays there: other roots have the slot, and CPUs may be copying it (I20).
 */
static void unlink_tables(unsigned long va, u64 bytes, struct list_head *tables)
{
	for (unsigned int level = 3; level < PT_ROOT_LEVEL; level++) {
		unsigned long first = ALIGN_DOWN(va, pt_span(level));

		for (unsigned long at = first; at - first < va + bytes - first;
		     at += pt_span(level)) {
			pte_t *entry = pt_walk(swapper_pg_dir, at, level, false);
			pte_t *table;

			if (!entry || !pte_present(*entry) || pte_leaf(*entry, level))
				continue;
			table = pte_table(*entry);
			if (!is_empty(table))
				continue;
			WRITE_ONCE(*entry, 0);
			list_add_tail(&virt_to_page(table)->lru, tables);
		}
	}
}

int kmap_large(unsigned long va, phys_addr_t pa, u64 bytes)
{
	int ret = kroot_populate(va, va + bytes);
	u64 done = 0;
	LIST_HEAD(tables);

	ASSERT_MSG(bytes && IS_ALIGNED(va | pa | bytes, pt_span(2)), "%#lx -> %#llx, %#llx bytes",
		   va, (unsigned long long)pa, (unsigned long long)bytes);
	while (!ret && done < bytes) {
		unsigned int level = arch_leaf_level(va + done, pa + done, bytes - done);

		ret = map_one(va + done, pa + done, level);
		if (!ret)
			done += pt_span(level);
	}
	if (!ret)
		return 0;
	clear_leaves(va, done);
	/* Those for the entry that failed, too. */
	unlink_tables(va, MIN(done + pt_span(2), bytes), &tables);
	tlb_flush_kernel_all();
	kmap_large_free_tables(&tables);
	return ret;
}

void kunmap_large(unsigned long va, u64 bytes, struct list_head *tables)
{
	clear_leaves(va, bytes);
	unlink_tables(va, bytes, tables);
}

void kmap_large_free_tables(struct list_head *tables)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, tables, lru) {
		list_del(&page->lru);
		pt_table_free(page);
	}
}
