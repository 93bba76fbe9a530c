/* Shared by the in-kernel tests of mm: see check_ktest.h. */
#include "mm/tests/check_ktest.h"

#include "arch/cpu.h"
#include "arch/smp.h"
#include "kernel/base/ktest.h"
#include "kernel/drain.h"
#include "kernel/workers.h"
#include "mm/buddy.h"
#include "mm/huge.h"
#include "mm/pgtable.h"
#include "mm/slab.h"
#include "mm/vma.h"

u64 drained_pages(void)
{
	drain_all();
	return nr_free_pages();
}

u64 live_objects(void)
{
	struct kmem_cache *cache;
	u64 n = 0;

	for (unsigned int i = 0; (cache = kmem_cache_by_number(i)) != NULL; i++)
		n += kmem_cache_inuse(cache);
	return n;
}

u64 next_random(u64 *state)
{
	u64 x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dUL;
}

void *boxes[NR_BOXES];

void *exchange(unsigned int i, void *thing)
{
	return atomic_xchg(&boxes[i % NR_BOXES], thing);
}

static struct {
	void (*fn)(u64 *random);
	u64 seed;
	u32 arrived; /* A */
} job;

static void run_job(void *arg)
{
	u64 random = (job.seed + cpu_id()) * 0x9e3779b97f4a7c15UL | 1;

	(void)arg;
	/* Together, so that the windows overlap. */
	(void)atomic_add_return(&job.arrived, 1);
	while (READ_ONCE(job.arrived) < cpus_online())
		cpu_relax();
	job.fn(&random);
}

void on_all_cpus(void (*fn)(u64 *random))
{
	job.fn = fn;
	job.seed = ktest_random();
	WRITE_ONCE(job.arrived, 0);
	run_on_each_cpu(run_job, NULL);
}

pte_t entry_of(struct mm_struct *mm, unsigned long va)
{
	unsigned int level;
	const pte_t *entry = pt_leaf(mm->root->pgd, va, &level);

	return entry ? *entry : 0;
}

long map_fixed(struct mm_struct *mm, unsigned long va, unsigned long pages, unsigned long prot)
{
	return do_mmap(mm, va, pages * PAGE_SIZE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED);
}

/* --- soundness --- */

/* Checks the subtree, *at going through the list; returns the largest gap in it. */
static unsigned long expect_tree(const struct avl_node *node, const struct list_head **at)
{
	unsigned long largest, right;
	const struct vma *vma;

	if (!node)
		return 0;
	largest = expect_tree(node->left, at);
	vma = container_of(node, struct vma, tree);
	KTEST_EXPECT(*at == &vma->node);
	*at = (*at)->next;
	right = expect_tree(node->right, at);
	largest = MAX(vma->gap, MAX(largest, right));
	KTEST_EXPECT_EQ(vma->max_gap, largest);
	return largest;
}

static void expect_sorted(struct mm_struct *mm)
{
	const struct list_head *at = mm->vmas.next;
	const struct vma *vma, *prev = NULL;
	unsigned int n = 0;

	list_for_each_entry (vma, &mm->vmas, node) {
		unsigned long low = prev ? prev->end : MMAP_MIN_ADDR, high = vma_start_gap(vma);

		KTEST_EXPECT(vma->start < vma->end && vma->end <= USER_END);
		KTEST_EXPECT(IS_ALIGNED(vma->start | vma->end, PAGE_SIZE));
		if (prev)
			KTEST_EXPECT(prev->end <= vma->start);
		KTEST_EXPECT_EQ(vma->gap, high > low ? high - low : 0);
		prev = vma;
		n++;
	}
	KTEST_EXPECT_EQ(mm->nr_vmas, n);
	expect_tree(mm->vma_tree.top, &at);
	KTEST_EXPECT(at == &mm->vmas);
}

/* Each page of it has a reference, and where it is writable one only. */
static void expect_sound_counts(pte_t e, unsigned int pages, bool alone)
{
	const struct page *page = phys_to_page(pte_phys(e));

	for (unsigned int i = 0; i < pages; i++)
		KTEST_EXPECT(alone ? page[i].refcount == 1 : page[i].refcount > 0);
	if (pages > 1)
		KTEST_EXPECT(alone ? page->huge_count == 1 : page->huge_count > 0);
}

static void expect_sound_leaf(struct mm_struct *mm, unsigned long va, pte_t e, unsigned int pages)
{
	const struct vma *vma = find_vma(mm, va);

	KTEST_EXPECT(vma && vma->start <= va && va + pages * PAGE_SIZE <= vma->end);
	if (!vma)
		return;
	if (pages > 1)
		KTEST_EXPECT(pages == HUGE_PAGES && vma->huge && vma->own_pages && !vma->obj);
	if (vma->flags & (VMA_READ | VMA_WRITE | VMA_EXEC)) {
		KTEST_EXPECT_EQ(e & (PTE_P | PTE_U | PTE_NONE), PTE_P | PTE_U);
		KTEST_EXPECT(!(e & PTE_W) || (vma->flags & VMA_WRITE));
		KTEST_EXPECT((e & PTE_NX) || (vma->flags & VMA_EXEC));
	} else {
		KTEST_EXPECT_EQ(e & (PTE_P | PTE_NONE), PTE_NONE);
	}
	if (e & PTE_SPECIAL)
		KTEST_EXPECT(vma->obj || is_zero_page(phys_to_page(pte_phys(e))));
	else
		/* A private page that two spaces have is writable in neither. */
		expect_sound_counts(e, pages, (e & PTE_W) && !(vma->flags & VMA_SHARED));
}

/* Returns the pages below `table`; a device's are not counted. */
static u64 expect_sound_table(struct mm_struct *mm, pte_t *table, unsigned int level,
			      unsigned long base)
{
	unsigned int present = 0;
	u64 pages = 0;

	for (unsigned int i = 0; i < (level == PT_ROOT_LEVEL ? ROOT_KERNEL : PT_ENTRIES); i++) {
		unsigned long va = base + i * pt_span(level);

		if (!pte_present(table[i]))
			continue;
		present++;
		if (pte_leaf(table[i], level)) {
			expect_sound_leaf(mm, va, table[i],
					  (unsigned int)(pt_span(level) / PAGE_SIZE));
			if (!(table[i] & PTE_DEVICE))
				pages += pt_span(level) / PAGE_SIZE;
		} else {
			KTEST_EXPECT(table[i] & PTE_U);
			pages += expect_sound_table(mm, pte_table(table[i]), level - 1, va);
		}
	}
	if (level < PT_ROOT_LEVEL)
		KTEST_EXPECT_EQ(virt_to_page(table)->pt_count, present);
	return pages;
}

void expect_sound_mm(struct mm_struct *mm)
{
	mutex_lock(&mm->mmap_lock);
	expect_sorted(mm);
	KTEST_EXPECT_EQ(expect_sound_table(mm, mm->root->pgd, PT_ROOT_LEVEL, 0), mm->resident);
	mutex_unlock(&mm->mmap_lock);
}
