/*
 * The one page-table walker.
 *
 * A table is reached through its root; `level` counts from 1 (4 KiB entries) to PT_ROOT_LEVEL. Each
 * table page of the user half counts its present entries (page->pt_count), so an emptied table is
 * known without looking through it, and a freed one is all zero.
 *
 * User half: under the mm's mmap_lock. Kernel half: any number of mappers at once, each on
 * addresses of its own.
 */
#ifndef MM_PGTABLE_H
#define MM_PGTABLE_H

#include "arch/pgtable.h"
#include "mm/page.h"

/*
 * The entry for `va` in the table at `level`, or NULL: a table on the way is missing and `create`
 * is false or memory is short, or a large page is mapped above that level. A root slot of
 * the kernel half must be there: kroot_populate().
 */
pte_t *pt_walk(pte_t *root, unsigned long va, unsigned int level, bool create);

/*
 * The entry that maps `va`, in whatever table (*level gets its level), or NULL: nothing does.
 */
pte_t *pt_leaf(pte_t *root, unsigned long va, unsigned int *level);

/* User entries, keeping the count of their table. pt_clear(): the caller flushes. */
void pt_set(pte_t *entry, pte_t value);
void pt_clear(pte_t *entry);
/*
 * For who stores into many entries of one table itself, with WRITE_ONCE(): so many more are
 * present now than before, or fewer.
 */
void pt_count_add(const pte_t *entry, int n);

struct pt_range_ops {
	/* Each present leaf. One above the bottom tables must lie in the range as a whole. */
	void (*leaf)(pte_t *entry, unsigned long va, void *arg);
	/*
	 * In place of leaf() for what lies in one bottom table: `n` neighbouring entries, present or
	 * not, the first of them for `va`. NULL: leaf() is called. Large leaves go to leaf() always.
	 */
	void (*entries)(pte_t *entry, unsigned int n, unsigned long va, void *arg);
	/*
	 * The table under `entry` (which is in a table at `level`) has become empty. NULL: not
	 * asked.
	 */
	void (*table_empty)(pte_t *entry, unsigned int level, void *arg);
};

/* Visits what is present in [start, end) of a user half. */
void pt_walk_range(pte_t *root, unsigned long start, unsigned long end,
		   const struct pt_range_ops *ops, void *arg);

struct pt_counts {
	u64 tables; /* pages, the root included */
	u64 large;  /* entries at level 2 that map a page */
};

/* What a user half consists of. Nobody changes it meanwhile: mmap_lock held. */
struct pt_counts pt_count_user(const pte_t *root);

/*
 * Pages that page tables below the root have taken from the page allocator, in use or kept for the next ones.
 */
u64 pt_pages(void);

/* A mapping of the kernel half: one entry, of any size. */
struct pt_leaf_view {
	unsigned long va;
	unsigned int level;
	pte_t entry;
	pte_t rights; /* what all levels make of it: PTE_W written, PTE_NX not executed, PTE_U the user's */
};

/*
 * Visits each leaf below the kernel half of the reference root, lowest address first. Mappings may
 * come and go meanwhile, tables not.
 */
void pt_walk_kernel(void (*fn)(const struct pt_leaf_view *leaf, void *arg), void *arg);

/*
 * A zeroed table page or NULL; and back, empty. pt_cache_drain(): this CPU's cached ones to the
 * page allocator.
 */
struct page *pt_table_alloc(void);
void pt_table_free(struct page *page);
void pt_cache_drain(void);

/*
 * Kernel half: maps n pages at `va` (page aligned), read-write, no execute. Tables are allocated; a
 * missing root slot is installed and ready in every root on return. May sleep. -ENOMEM, or -EBUSY
 * (roots are pinned, and a slot is missing): nothing stays mapped (tables and slots may stay, I20,
 * I26).
 */
int kmap_pages(unsigned long va, struct page **pages, unsigned int n);

/* The same for n pages of physical address from `pa` on, which need no struct page. */
int kmap_phys(unsigned long va, phys_addr_t pa, unsigned int n, u64 prot);

/* Clears the entries. No flush, no table is freed: the caller flushes before it reuses anything. */
void kunmap_pages(unsigned long va, unsigned int n);

/*
 * Reset only: frees the tables of a root slot that pgsync_reset_slots() has told, which must map
 * nothing; the top one of them stays if the slot still has it.
 */
void pt_free_slot_tables(unsigned int slot, phys_addr_t table);

#endif
