/*
 * A root's life: pgd_alloc(), the copy of the kernel half, pgd_free().
 *
 * Root pages are cached per CPU and come out of the cache as clean as they went in, so neither
 * call zeroes a page: pgd_free() takes out the few slots that are there. No lock is taken and no
 * cache line that another CPU writes is touched, unless a cache runs empty or full.
 */
#include "mm/pgsync/strategy.h"

#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/trace.h"

#define ROOT_CACHE 32

struct root_cache {
	unsigned int n;
	struct mm_root *roots[ROOT_CACHE];
};

static DEFINE_PER_CPU(struct root_cache, root_cache);

static struct spinlock registry_lock = SPINLOCK_INIT(registry_lock);
static LIST_HEAD(registry);

bool slot_same(pte_t a, pte_t b)
{
	return MUTANT(compare_raw) ? a == b : pte_same(a, b);
}

bool set_root_slot(pte_t *pgd, unsigned int slot, pte_t entry)
{
	pte_t *at = &pgd[slot];
	pte_t old = READ_ONCE(*at);

	if (pte_present(old) && !MUTANT(slot_value)) {
		ASSERT_MSG(slot_same(old, entry), "slot %u holds %#lx, offered %#lx", slot,
			   (unsigned long)old, (unsigned long)entry);
		return false;
	}
	WRITE_ONCE(*at, entry);
	return true;
}

/*
 * One load of the reference, and never a store of "none": growth may just have filled the slot
 * (I3).
 */
static bool copy_slot(struct mm_root *root, unsigned int slot)
{
	pte_t entry = READ_ONCE(swapper_pg_dir[slot]);

	RACE_POINT(copy_loaded);
	if (MUTANT(copy_whole)) {
		WRITE_ONCE(root->pgd[slot], entry);
		return true;
	}
	return set_root_slot(root->pgd, slot, entry);
}

unsigned int copy_kernel_half(struct mm_root *root)
{
	// lab 5: begin
	/* Before the copy, and recorded after it: growth in between is copied again (litmus G3). */
	u64 gen = smp_load_acquire(&pgd_gen);
	// lab 5: end
	unsigned int stored = 0;

	TRACE(copy_begin, root->pgd, READ_ONCE(pgd_gen));
	/* A reset of slots waits until nobody is between the load and the store of copy_slot(). */
	ASSERT(preempt_depth() != 0);
	if (MUTANT(cache_keeps_copy) && root->state == ROOT_NEW && root->gen)
		return 0;
	for (unsigned int w = 0; w < KERNEL_WORDS; w++) {
		unsigned long bits = MUTANT(copy_whole) ? ~0UL : READ_ONCE(pgd_present[w]);

		TRACE(copy_word, (u64)root->pgd | w, bits);
		for (; bits; bits &= bits - 1)
			stored += copy_slot(root, present_slot(w, bits));
	}
	TRACE_RACE_POINT(copy_done, root->pgd, stored);
	// lab 5: begin
	if (MUTANT(gen_after_copy))
		gen = READ_ONCE(pgd_gen);
	WRITE_ONCE(root->gen, gen);
	// lab 5: starter
	// WRITE_ONCE(root->gen, READ_ONCE(pgd_gen));
	// lab 5: end
	return stored;
}

void copy_kernel_half_late(struct mm_root *root)
{
	preempt_disable();
	copy_kernel_half(root);
	preempt_enable();
}

void clear_kernel_half(struct mm_root *root)
{
	/* What that mutant wrote must not be in the page's next life as well. */
	if (MUTANT(slot_index))
		WRITE_ONCE(root->pgd[0], 0);
	for (unsigned int w = 0; w < KERNEL_WORDS; w++) {
		unsigned long bits = MUTANT(zero_late) ? ~0UL : READ_ONCE(pgd_present[w]);

		for (; bits; bits &= bits - 1)
			WRITE_ONCE(root->pgd[present_slot(w, bits)], 0);
	}
}

/* A root that waits in a cache does not grow: it must not look as if it had (I18). */
static bool half_stays(void)
{
	return strategy->constant_half || MUTANT(cache_keeps_copy);
}

static struct mm_root *root_create(void)
{
	struct mm_root *root = root_object_alloc();

	if (!root)
		return NULL;
	root->pgd = root_page_alloc();
	if (!root->pgd) {
		root_object_free(root);
		return NULL;
	}
	root->class = ROOT_TRACKED;
	root->life = root->gen = root->pin_round = 0;
	root->pinned = false;
	root->state = ROOT_FREE;
	list_init(&root->pgd_list);
	spin_lock(&registry_lock);
	list_add_tail(&root->registry, &registry);
	spin_unlock(&registry_lock);
	return root;
}

static void root_release_rcu(struct rcu_head *head)
{
	struct mm_root *root = container_of(head, struct mm_root, rcu);

	// lab 5: begin
	if (!MUTANT(root_page_at_once))
		root_page_free(root->pgd);
	// lab 5: end
	root_object_free(root);
}

static void root_destroy(struct mm_root *root)
{
	spin_lock(&registry_lock);
	list_del_rcu(&root->registry);
	spin_unlock(&registry_lock);
	// lab 5: begin
	/* Its page too waits for the grace period: a grower may be about to store into it (I9). */
	if (MUTANT(root_page_at_once))
		root_page_free(root->pgd);
	// lab 5: starter
	// root_page_free(root->pgd);
	// lab 5: end
	/* A grower or the auditor may still hold it: they are RCU readers (I9). */
	call_rcu(&root->rcu, root_release_rcu);
}

/*
 * A root begins or ends. With preemption off no CPU is stopped between the question and the store:
 * while all roots are pinned there are neither more nor fewer of them.
 */
static void set_life(struct mm_root *root, enum root_state state)
{
	preempt_disable();
	ASSERT_MSG(!roots_pinned, "root %p changes to state %u while all are pinned", (void *)root,
		   state);
	WRITE_ONCE(root->state, state);
	preempt_enable();
}

struct mm_root *pgd_alloc(void)
{
	struct root_cache *cache;
	struct mm_root *root = NULL;

	preempt_disable();
	cache = this_cpu_ptr(&root_cache);
	if (likely(cache->n))
		root = cache->roots[--cache->n];
	preempt_enable();
	if (unlikely(!root)) {
		root = root_create();
		if (!root)
			return NULL;
	}
	ASSERT(root->state == ROOT_FREE);
	root->life++;
	if (!half_stays())
		root->gen = 0;
	set_life(root, ROOT_NEW);
	TRACE_RACE_POINT(root_new, root->pgd, root->life);
	if (strategy->alloc)
		strategy->alloc(root);
	return root;
}

void pgd_free(struct mm_root *root)
{
	struct root_cache *cache;

	ASSERT(root->class == ROOT_TRACKED && root->state != ROOT_FREE);
	/*
	 * First the state: from here on the strategy may forget the root, and its slots go. The auditor
	 * looks at the state again when it misses one (partner: smp_rmb() in audit_slot()).
	 */
	set_life(root, ROOT_FREE);
	TRACE(root_free, root->pgd, root->life);
	smp_wmb();
	if (strategy->free)
		strategy->free(root);
	if (!half_stays())
		clear_kernel_half(root);

	preempt_disable();
	cache = this_cpu_ptr(&root_cache);
	if (likely(cache->n < ROOT_CACHE)) {
		cache->roots[cache->n++] = root;
		root = NULL;
	}
	preempt_enable();
	if (unlikely(root))
		root_destroy(root);
}

void root_cache_drain(void)
{
	for (;;) {
		struct root_cache *cache;
		struct mm_root *root = NULL;

		preempt_disable();
		cache = this_cpu_ptr(&root_cache);
		if (cache->n)
			root = cache->roots[--cache->n];
		preempt_enable();
		if (!root)
			return;
		root_destroy(root);
	}
}

void for_each_registered_root(void (*visit)(struct mm_root *root, void *arg), void *arg)
{
	struct mm_root *root;

	ASSERT(rcu_read_lock_held());
	list_for_each_entry_rcu (root, &registry, registry)
		visit(root, arg);
}
