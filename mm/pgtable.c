/* The one page-table walker: see pgtable.h. */
#include "mm/pgtable.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "kernel/base/atomic.h"
#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/percpu.h"
#include "kernel/base/preempt.h"
#include "mm/buddy.h"
#include "mm/pgsync/pgsync.h"

/* Table pages come back empty, because every entry was cleared one by one: keep some so. */
#define TABLE_CACHE 64

struct table_cache {
	unsigned int n;
	struct page *pages[TABLE_CACHE];
};

static DEFINE_PER_CPU(struct table_cache, table_cache);
static DEFINE_PER_CPU(u64, table_pages); /* taken by this CPU, less those given back by it */

struct page *pt_table_alloc(void)
{
	struct table_cache *cache;
	struct page *page = NULL;

	preempt_disable();
	cache = this_cpu_ptr(&table_cache);
	if (likely(cache->n))
		page = cache->pages[--cache->n];
	preempt_enable();
	if (likely(page))
		return page;
	page = alloc_page(GFP_KERNEL | GFP_ZERO);
	if (!page)
		return NULL;
	page->pt_count = 0;
	this_cpu_inc(table_pages);
	return page;
}

static void table_page_free(struct page *page)
{
	this_cpu_dec(table_pages);
	free_page(page);
}

u64 pt_pages(void)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu (cpu)
		sum += READ_ONCE(per_cpu(table_pages, cpu));
	return sum;
}

void pt_table_free(struct page *page)
{
	struct table_cache *cache;

	ASSERT_MSG(page->pt_count == 0, "page table %#lx still maps %u entries",
		   (unsigned long)page_to_phys(page), page->pt_count);
	preempt_disable();
	cache = this_cpu_ptr(&table_cache);
	if (likely(cache->n < TABLE_CACHE)) {
		cache->pages[cache->n++] = page;
		page = NULL;
	}
	preempt_enable();
	if (unlikely(page))
		table_page_free(page);
}

void pt_cache_drain(void)
{
	for (;;) {
		struct table_cache *cache;
		struct page *page = NULL;

		preempt_disable();
		cache = this_cpu_ptr(&table_cache);
		if (cache->n)
			page = cache->pages[--cache->n];
		preempt_enable();
		if (!page)
			return;
		table_page_free(page);
	}
}

static struct page *table_page(const pte_t *entry)
{
	return virt_to_page((void *)((unsigned long)entry & PAGE_MASK));
}

void pt_set(pte_t *entry, pte_t value)
{
	ASSERT(pte_present(value));
	if (!pte_present(*entry))
		table_page(entry)->pt_count++;
	WRITE_ONCE(*entry, value);
}

void pt_clear(pte_t *entry)
{
	ASSERT(pte_present(*entry));
	table_page(entry)->pt_count--;
	WRITE_ONCE(*entry, 0);
}

void pt_count_add(const pte_t *entry, int n)
{
	table_page(entry)->pt_count += (u32)n;
}

/* Tables of root slots in the kernel half, for mm/pgsync: see its header. */
phys_addr_t root_table_alloc(void)
{
	struct page *page = pt_table_alloc();

	return page ? page_to_phys(page) : 0;
}

void root_table_free(phys_addr_t table)
{
	pt_table_free(phys_to_page(table));
}

/*
 * Kernel half: two mappers may meet here, and the first one wins. Root slots are mm/pgsync's:
 * kroot_populate() comes first.
 */
static noinline bool grow_kernel_table(pte_t *entry, unsigned int level, unsigned long va)
{
	struct page *page = pt_table_alloc();

	if (!page)
		return false;
	ASSERT_MSG(level != PT_ROOT_LEVEL, "va %#lx: its root slot is not there", va);
	if (atomic_cmpxchg(entry, (pte_t)0, pte_make(page_to_phys(page), PTE_KERNEL_TABLE)))
		pt_table_free(page);
	return true;
}

/* Puts a new table under an empty entry. */
static bool grow_table(pte_t *entry, unsigned int level, unsigned long va)
{
	struct page *page;

	if (unlikely(va >= USER_END))
		return grow_kernel_table(entry, level, va);
	page = pt_table_alloc();
	if (!page)
		return false;
	/* After the zeroes that are in it: a processor may walk it from now on. */
	smp_store_release(entry, pte_make(page_to_phys(page), PTE_USER_TABLE));
	if (level != PT_ROOT_LEVEL)
		table_page(entry)->pt_count++;
	return true;
}

/* The table under `entry`, which is in a table at `level`; NULL as pt_walk() says. */
static __always_inline pte_t *step_down(pte_t *entry, unsigned int level, unsigned long va,
					bool create)
{
	pte_t e = READ_ONCE(*entry);

	if (unlikely(!pte_present(e))) {
		if (!create || !grow_table(entry, level, va))
			return NULL;
		e = READ_ONCE(*entry);
	} else if (unlikely(pte_leaf(e, level))) {
		return NULL;
	}
	return pte_table(e);
}

pte_t *pt_walk(pte_t *root, unsigned long va, unsigned int level, bool create)
{
	pte_t *table = root;

	/* Unrolled, for the shifts to be constants: this is the kernel's most travelled way. */
#pragma GCC unroll 5
	for (unsigned int l = PT_ROOT_LEVEL_MAX; l >= 1; l--) {
		pte_t *entry;

		if (l > PT_ROOT_LEVEL)
			continue;
		entry = &table[pt_index(va, l)];
		if (l == level)
			return entry;
		table = step_down(entry, l, va, create);
		if (!table)
			return NULL;
	}
	return NULL;
}

bool kernel_maps(unsigned long va)
{
	const pte_t *table = swapper_pg_dir;

	for (unsigned int level = PT_ROOT_LEVEL;; level--) {
		pte_t e = READ_ONCE(table[pt_index(va, level)]);

		if (!pte_present(e) || pte_leaf(e, level))
			return pte_present(e);
		table = pte_table(e);
	}
}

/*
 * Fills path[level] with the entry for `va` in the table at each level, from the root down as far as
 * there are tables. Returns the lowest level reached: 1, or that of an entry that has no table below.
 */
static unsigned int descend(pte_t *root, unsigned long va, pte_t **path)
{
	pte_t *table = root;

#pragma GCC unroll 5
	for (unsigned int level = PT_ROOT_LEVEL_MAX; level > 1; level--) {
		pte_t *entry, e;

		if (level > PT_ROOT_LEVEL)
			continue;
		entry = &table[pt_index(va, level)];
		e = *entry;
		path[level] = entry;
		if (!pte_present(e) || pte_leaf(e, level))
			return level;
		table = pte_table(e);
	}
	path[1] = &table[pt_index(va, 1)];
	return 1;
}

pte_t *pt_leaf(pte_t *root, unsigned long va, unsigned int *level)
{
	pte_t *path[PT_ROOT_LEVEL_MAX + 1];

	*level = descend(root, va, path);
	return pte_present(*path[*level]) ? path[*level] : NULL;
}

static void visit_large(pte_t *entry, unsigned long va, bool whole, const struct pt_range_ops *ops,
			void *arg)
{
	ASSERT_MSG(whole, "a part of the large page at %#lx, %#lx", va, (unsigned long)*entry);
	ops->leaf(entry, va, arg);
}

static void visit_entries(pte_t *entry, unsigned int n, unsigned long va,
			  const struct pt_range_ops *ops, void *arg)
{
	if (likely(ops->entries)) {
		ops->entries(entry, n, va, arg);
		return;
	}
	for (unsigned int i = 0; i < n; i++)
		if (pte_present(entry[i]))
			ops->leaf(&entry[i], va + i * PAGE_SIZE, arg);
}

/* Of the tables on the path, from that at `level` up, those that are empty. */
static void tell_empty(pte_t **path, unsigned int level, const struct pt_range_ops *ops, void *arg)
{
	for (; level < PT_ROOT_LEVEL && table_page(path[level])->pt_count == 0; level++)
		ops->table_empty(path[level + 1], level + 1, arg);
}

void pt_walk_range(pte_t *root, unsigned long start, unsigned long end,
		   const struct pt_range_ops *ops, void *arg)
{
	pte_t *path[PT_ROOT_LEVEL_MAX + 1];

	ASSERT_MSG(start < end && end <= USER_END, "[%#lx, %#lx)", start, end);
	/* A bottom table at once, or whatever one entry spans under which there is none. */
	for (unsigned long va = start, next; va < end; va = next) {
		unsigned int level = descend(root, va, path);
		unsigned long span = pt_span(MAX(level, 2u));

		next = MIN(ALIGN_DOWN(va, span) + span, end);
		if (level == 1)
			visit_entries(path[1], (unsigned int)((next - va) >> PAGE_SHIFT), va, ops,
				      arg);
		else if (pte_present(*path[level]))
			visit_large(path[level], va, next - va == pt_span(level), ops, arg);
		if (ops->table_empty)
			tell_empty(path, level, ops, arg);
	}
}

/* The first `n` entries of a table at `level`; `present` of the table's entries are. */
static void count_tables(const pte_t *table, unsigned int level, unsigned int n, u32 present,
			 struct pt_counts *counts)
{
	counts->tables++;
	for (unsigned int i = 0; level > 1 && i < n && present; i++) {
		pte_t e = table[i];

		if (!pte_present(e))
			continue;
		present--;
		if (pte_leaf(e, level))
			counts->large++;
		else
			count_tables(pte_table(e), level - 1, PT_ENTRIES,
				     virt_to_page(pte_table(e))->pt_count, counts);
	}
}

struct pt_counts pt_count_user(const pte_t *root)
{
	struct pt_counts counts = {0};

	/* A root does not count its entries. */
	count_tables(root, PT_ROOT_LEVEL, ROOT_KERNEL, ROOT_KERNEL, &counts);
	return counts;
}

struct kernel_walk {
	void (*fn)(const struct pt_leaf_view *leaf, void *arg);
	void *arg;
};

/* The rights of a leaf are what all levels leave of its own (SDM vol. 3A, 4.6). */
static pte_t rights_below(pte_t above, pte_t e)
{
	return (above & e & PTE_W) | ((above | e) & (PTE_NX | PTE_U));
}

static void walk_kernel_table(const pte_t *table, unsigned int level, unsigned long base,
			      pte_t above, const struct kernel_walk *w)
{
	for (unsigned int i = level == PT_ROOT_LEVEL ? ROOT_KERNEL : 0; i < PT_ENTRIES; i++) {
		pte_t e = READ_ONCE(table[i]);
		struct pt_leaf_view leaf = {.va = base + i * pt_span(level), .level = level};

		if (!pte_present(e))
			continue;
		leaf.entry = e;
		leaf.rights = rights_below(above, e);
		if (pte_leaf(e, level))
			w->fn(&leaf, w->arg);
		else
			walk_kernel_table(pte_table(e), level - 1, leaf.va, leaf.rights, w);
	}
}

void pt_walk_kernel(void (*fn)(const struct pt_leaf_view *leaf, void *arg), void *arg)
{
	const struct kernel_walk w = {fn, arg};

	/* Slot 0 as if it were in the kernel half. */
	walk_kernel_table(swapper_pg_dir, PT_ROOT_LEVEL, root_slot_va(0), PTE_W, &w);
}

/* The root slots, which growth gives to all roots. */
static int kmap_begin(unsigned long va, unsigned int n)
{
	/* Every time, not only when a table is made: another grower may still be walking (I24). */
	int ret = kroot_populate(va, va + n * PAGE_SIZE);

	ASSERT_MSG(IS_ALIGNED(va, PAGE_SIZE), "va %#lx", va);
	if (ret)
		return ret;
	/* No flush: none to present is seen without (I34). */
	if (MUTANT(grow_flushes) && irqs_enabled())
		tlb_flush_kernel_all();
	return 0;
}

/* Page i of a mapping from `va` on. On failure none of it stays. */
static int kmap_one(unsigned long va, unsigned int i, pte_t value)
{
	unsigned long at = va + i * PAGE_SIZE;
	pte_t *entry = pt_walk(swapper_pg_dir, at, 1, true);

	if (!entry) {
		kunmap_pages(va, i);
		return -ENOMEM;
	}
	if (!MUTANT(map_tests_reference))
		ASSERT(kroot_ready(root_slot(at)));
	ASSERT_MSG(!pte_present(*entry), "va %#lx maps %#lx", at, (unsigned long)*entry);
	WRITE_ONCE(*entry, value);
	return 0;
}

int kmap_pages(unsigned long va, struct page **pages, unsigned int n)
{
	int ret = kmap_begin(va, n);

	for (unsigned int i = 0; !ret && i < n; i++)
		ret = kmap_one(va, i, pte_make(page_to_phys(pages[i]), PROT_KERNEL_RW));
	return ret;
}

int kmap_phys(unsigned long va, phys_addr_t pa, unsigned int n, u64 prot)
{
	int ret = kmap_begin(va, n);

	for (unsigned int i = 0; !ret && i < n; i++)
		ret = kmap_one(va, i, pte_make(pa + i * PAGE_SIZE, prot));
	return ret;
}

void kunmap_pages(unsigned long va, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		pte_t *entry = pt_walk(swapper_pg_dir, va + i * PAGE_SIZE, 1, false);

		ASSERT_MSG(entry && pte_present(*entry), "va %#lx is not mapped",
			   va + i * PAGE_SIZE);
		WRITE_ONCE(*entry, 0);
	}
}

static void free_table(pte_t *table, unsigned int level);

/* Frees the tables below. */
static void empty_table(pte_t *table, unsigned int level)
{
	for (unsigned int i = 0; i < PT_ENTRIES; i++) {
		if (!pte_present(table[i]))
			continue;
		ASSERT_MSG(level > 1, "entry %u of a table to be freed still maps %#lx", i,
			   (unsigned long)table[i]);
		free_table(pte_table(table[i]), level - 1);
		table[i] = 0;
	}
}

static void free_table(pte_t *table, unsigned int level)
{
	empty_table(table, level);
	pt_table_free(virt_to_page(table));
}

void pt_free_slot_tables(unsigned int slot, phys_addr_t table)
{
	pte_t *entries = phys_to_virt(table);

	if (kroot_ready(slot))
		empty_table(entries, PT_ROOT_LEVEL - 1);
	else
		free_table(entries, PT_ROOT_LEVEL - 1);
}
