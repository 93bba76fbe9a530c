/* Rights of kernel pages: see set_memory.h. */
#include "mm/set_memory.h"

#include "arch/mmu.h"
#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/racepoint.h"
#include "kernel/base/spinlock.h"
#include "kernel/base/string.h"
#include "mm/pgtable.h"

static struct spinlock attr_lock = SPINLOCK_INIT(attr);
/* Tables that stand in the place of a large page, by page->lru, the youngest first. attr_lock. */
static LIST_HEAD(split_tables);

/* The level of the entry that the table hangs from: kept while it is on the list. attr_lock. */
static unsigned long *split_level(struct page *table)
{
	return &table->owner[1];
}

/*
 * Replaces a large page by a table that says the same. attr_lock held.
 *
 * The table is complete, then one store of 64 bits: a CPU that walks at this moment finds the old
 * translation or an equal new one. Stores of ordinary memory stay in order on x86, and the hardware
 * walker reads what the caches hold, so the release is all it takes (litmus N1, N2).
 */
static int split(pte_t *entry, unsigned int level)
{
	struct page *page = pt_table_alloc();
	pte_t large = READ_ONCE(*entry), *table, next;
	/* Small bits of the address: PAT, which nothing here uses. */
	phys_addr_t pa = ALIGN_DOWN(pte_phys(large), pt_span(level));
	/* In a 4 KiB entry the bit of PTE_PS means something else. */
	u64 prot = (large & ~PTE_PHYS_MASK) & ~(level == 2 ? PTE_PS : 0);

	if (!page)
		return -ENOMEM;
	ASSERT_MSG(level > 1 && level < PT_ROOT_LEVEL, "level %u", level);
	table = page_address(page);
	next = pte_make(page_to_phys(page), PTE_KERNEL_TABLE);
	if (MUTANT(set_memory_split_early))
		WRITE_ONCE(*entry, next);
	RACE_POINT(split_filling);
	for (unsigned int i = 0; i < PT_ENTRIES; i++)
		table[i] = pte_make(pa + i * pt_span(level - 1), prot);
	smp_store_release(entry, next);
	*split_level(page) = level;
	list_add(&page->lru, &split_tables);
	return 0;
}

/* The 4 KiB entry of a kernel page, or NULL: no memory for a split. attr_lock held. */
static pte_t *small_entry(unsigned long va)
{
	for (unsigned int level = PT_ROOT_LEVEL - 1; level > 1; level--) {
		pte_t *entry = pt_walk(swapper_pg_dir, va, level, false);

		ASSERT_MSG(entry && pte_present(*entry), "%#lx is not mapped", va);
		if (pte_leaf(*entry, level) && split(entry, level))
			return NULL;
	}
	return pt_walk(swapper_pg_dir, va, 1, false);
}

struct change {
	pte_t set, clear;
};

/*
 * The dirty bit goes with the right to write: set without it, it would mark a shadow stack (SDM vol.
 * 3A, 4.6); clear with it, the processor would have to write the entry.
 */
static const struct change make_ro = {.clear = PTE_W | PTE_D};
static const struct change make_rw = {.set = PTE_W | PTE_D};
static const struct change make_nx = {.set = PTE_NX};
static const struct change make_x = {.clear = PTE_NX};

static pte_t changed(pte_t e, const struct change *c)
{
	return (e | c->set) & ~c->clear;
}

/* Whether it may be had: everything that can fail. attr_lock held. */
static int check_page(unsigned long va, const struct change *c)
{
	pte_t *entry = small_entry(va), after;

	if (!entry)
		return -ENOMEM;
	after = changed(READ_ONCE(*entry), c);
	return (after & PTE_W) && !(after & PTE_NX) && !MUTANT(set_memory_allows_wx) ? -EPERM : 0;
}

/* Without the flush. */
static int change_rights(unsigned long va, unsigned int n, const struct change *c)
{
	int ret = 0;

	ASSERT_MSG(va >= PAGE_OFFSET && IS_ALIGNED(va, PAGE_SIZE), "va %#lx", va);
	spin_lock(&attr_lock);
	for (unsigned int i = 0; i < n && !ret; i++)
		ret = check_page(va + i * PAGE_SIZE, c);
	for (unsigned int i = 0; i < n && !ret; i++) {
		pte_t *entry = small_entry(va + i * PAGE_SIZE);

		WRITE_ONCE(*entry, changed(READ_ONCE(*entry), c));
	}
	spin_unlock(&attr_lock);
	return ret;
}

int set_memory_write(unsigned long va, unsigned int n, bool writable)
{
	return change_rights(va, n, writable ? &make_rw : &make_ro);
}

static int set_memory(unsigned long va, unsigned int n, const struct change *c)
{
	int ret = change_rights(va, n, c);

	/* Also after a failure: sizes may have changed. Lazy CPUs are not spared (I35). */
	if (MUTANT(set_memory_no_flush))
		tlb_flush_all_local();
	else
		tlb_flush_kernel_all();
	return ret;
}

int set_memory_ro(unsigned long va, unsigned int n)
{
	return set_memory(va, n, &make_ro);
}

int set_memory_rw(unsigned long va, unsigned int n)
{
	return set_memory(va, n, &make_rw);
}

int set_memory_nx(unsigned long va, unsigned int n)
{
	return set_memory(va, n, &make_nx);
}

int set_memory_x(unsigned long va, unsigned int n)
{
	return set_memory(va, n, &make_x);
}

/* Whether the table says what one large page would. */
static bool is_uniform(const pte_t *table, unsigned int level)
{
	pte_t first = READ_ONCE(table[0]);

	/* A table below lacks PTE_G: only leaves of the direct map have it. */
	if (!(first & PTE_G))
		return false;
	for (unsigned int i = 1; i < PT_ENTRIES; i++)
		if (!pte_same(READ_ONCE(table[i]), first + i * pt_span(level - 1)))
			return false;
	return true;
}

/* Puts the large page back. attr_lock held; the table may be freed after a flush. */
static void merge(struct page *page)
{
	unsigned int level = (unsigned int)*split_level(page);
	pte_t first = *(const pte_t *)page_address(page);
	pte_t *entry =
		pt_walk(swapper_pg_dir, (unsigned long)phys_to_virt(pte_phys(first)), level, false);

	ASSERT_MSG(entry && pte_phys(*entry) == page_to_phys(page),
		   "table %#lx is not in its place", (unsigned long)page_to_phys(page));
	WRITE_ONCE(*entry, first | PTE_PS);
	*split_level(page) = 0;
}

void set_memory_tidy(void)
{
	struct page *page, *next;
	LIST_HEAD(dead);

	spin_lock(&attr_lock);
	/* The youngest first: a 2 MiB page is whole again before its 1 GiB page is looked at. */
	list_for_each_entry_safe (page, next, &split_tables, lru) {
		if (!is_uniform(page_address(page), (unsigned int)*split_level(page)))
			continue;
		merge(page);
		list_del(&page->lru);
		list_add_tail(&page->lru, &dead);
	}
	spin_unlock(&attr_lock);
	if (list_empty(&dead))
		return;
	/* Any CPU's paging-structure caches may lead to the tables (I35). */
	tlb_flush_kernel_all();
	list_for_each_entry_safe (page, next, &dead, lru) {
		memset(page_address(page), 0, PAGE_SIZE);
		pt_table_free(page);
	}
}

/* --- W^X --- */

static void count_wx(const struct pt_leaf_view *leaf, void *arg)
{
	struct wx_audit *audit = arg;

	audit->leaves++;
	if (!(leaf->rights & PTE_W) || (leaf->rights & PTE_NX))
		return;
	if (!audit->found++)
		audit->first = leaf->va;
}

struct wx_audit set_memory_audit(void)
{
	struct wx_audit audit = {0};

	pt_walk_kernel(count_wx, &audit);
	return audit;
}

void set_memory_assert_wx(void)
{
	struct wx_audit audit = set_memory_audit();

	if (audit.found)
		panic("%llu kernel mappings are writable and executable, the first at %#lx",
		      (unsigned long long)audit.found, audit.first);
}
