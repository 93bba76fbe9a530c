/*
 * Removing user pages: clear, flush, free, in batches.
 *
 * A page or table may be freed only when no CPU can reach it through a stale translation, so they
 * are gathered first. In an address space that nobody has loaded there is nothing stale, and they
 * go at once.
 */
#include "mm/tlb.h"
#include "mm/unmap.h"

#include "kernel/base/panic.h"
#include "mm/huge.h"
#include "mm/pgtable.h"

#define GATHER 48

struct gather {
	struct mm_struct *mm;
	bool dead;  /* loaded nowhere */
	bool stale; /* an entry was cleared that a CPU may still have, counted or not */
	unsigned long start, end;
	unsigned int nr_pages, nr_huge, nr_tables;
	struct page *pages[GATHER];
	struct page *huge[GATHER]; /* first pages */
	struct page *tables[GATHER];
};

static void gather_flush(struct gather *g)
{
	if (!g->dead && g->nr_tables)
		tlb_flush_tables(g->mm, g->start, g->end);
	else if (!g->dead && g->stale)
		tlb_flush_mm(g->mm, g->start, g->end);
	g->stale = false;
	for (unsigned int i = 0; i < g->nr_pages; i++)
		put_page(g->pages[i]);
	for (unsigned int i = 0; i < g->nr_huge; i++)
		huge_put(g->huge[i]);
	for (unsigned int i = 0; i < g->nr_tables; i++)
		pt_table_free(g->tables[i]);
	g->nr_pages = g->nr_huge = g->nr_tables = 0;
}

static void gather_page(struct gather *g, struct page *page)
{
	if (g->dead) {
		put_page(page);
		return;
	}
	if (g->nr_pages == GATHER)
		gather_flush(g);
	g->pages[g->nr_pages++] = page;
}

static void unmap_entries(pte_t *entry, unsigned int n, unsigned long va, void *arg)
{
	struct gather *g = arg;
	int cleared = 0;

	(void)va;
	for (unsigned int i = 0; i < n; i++) {
		pte_t e = entry[i];

		if (!pte_present(e))
			continue;
		WRITE_ONCE(entry[i], 0);
		g->stale = true;
		cleared++;
		if (!(e & PTE_SPECIAL))
			gather_page(g, phys_to_page(pte_phys(e)));
		else if (unlikely(e & PTE_DEVICE))
			g->mm->resident++; /* was not counted */
	}
	pt_count_add(entry, -cleared);
	g->mm->resident -= (unsigned long)cleared;
}

static void unmap_huge(pte_t *entry, unsigned long va, void *arg)
{
	struct gather *g = arg;
	struct page *head = phys_to_page(pte_phys(*entry));

	(void)va;
	pt_clear(entry);
	g->stale = true;
	g->mm->resident -= HUGE_PAGES;
	if (g->dead) {
		huge_put(head);
		return;
	}
	if (g->nr_huge == GATHER)
		gather_flush(g);
	g->huge[g->nr_huge++] = head;
}

static void unmap_table(pte_t *entry, unsigned int level, void *arg)
{
	struct gather *g = arg;
	struct page *table = phys_to_page(pte_phys(*entry));

	if (level == PT_ROOT_LEVEL)
		WRITE_ONCE(*entry, 0);
	else
		pt_clear(entry);
	if (g->dead) {
		pt_table_free(table);
		return;
	}
	if (g->nr_tables == GATHER)
		gather_flush(g);
	g->tables[g->nr_tables++] = table;
}

static const struct pt_range_ops unmap_ops = {
	.entries = unmap_entries,
	.leaf = unmap_huge,
	.table_empty = unmap_table,
};

static void unmap_range(struct mm_struct *mm, unsigned long start, unsigned long end, bool dead)
{
	struct gather g;

	g.mm = mm;
	g.dead = dead;
	g.stale = false;
	g.start = start;
	g.end = end;
	g.nr_pages = g.nr_huge = g.nr_tables = 0;
	pt_walk_range(mm->root->pgd, start, end, &unmap_ops, &g);
	gather_flush(&g);
}

void unmap_pages(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	mm->resident_peak = MAX(mm->resident_peak, mm->resident);
	unmap_range(mm, start, end, false);
}

void unmap_pages_dead(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	unmap_range(mm, start, end, true);
}
