/*
 * Growth and loading: what every strategy has in common.
 *
 * The order in kroot_install() is the protocol. Reference slot, then generation, then a full
 * barrier, then the search for roots; and on the other side a root becomes findable, then a full
 * barrier, then it copies. Whichever side comes second sees the other (store buffering, I1 and I2).
 */
#include "mm/pgsync/load.h"

#include "arch/smp.h"
#include "kernel/base/bitops.h"
#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/string.h"
#include "kernel/base/trace.h"

/* Linker set: PGSYNC_STRATEGY(). The names are those that ld gives to a section that no script places. */
extern const struct pgsync_strategy *const __start_pgsync_strategies[];
extern const struct pgsync_strategy *const __stop_pgsync_strategies[];

const struct pgsync_strategy *strategy;
bool pgsync_syncs_at_load;

struct spinlock pgd_lock = SPINLOCK_INIT(pgd_lock);
u64 pgd_gen = 1;
unsigned long pgd_present[KERNEL_WORDS];
bool roots_pinned;
static unsigned long pgd_ready[KERNEL_WORDS]; /* pgd_lock; acquire */
static unsigned long pgd_birth[KERNEL_WORDS]; /* constant after pgsync_init() */
static bool booted;                           /* constant after pgsync_init() */

DEFINE_PER_CPU(struct mm_root *, cpu_next_root);
DEFINE_PER_CPU(struct mm_root *, cpu_loaded_root);
DEFINE_PER_CPU(struct pgsync_stats, pgsync_cpu_stats);

struct mm_root swapper_root = {
	.state = ROOT_READY,
	.class = ROOT_REFERENCE,
};

/* --- slots as bits --- */

static bool slot_bit(const unsigned long *bits, unsigned int slot)
{
	ASSERT_MSG(slot >= ROOT_KERNEL && slot < ROOT_SLOTS, "slot %u", slot);
	return smp_load_acquire(&bits[BIT_WORD_INDEX(slot - ROOT_KERNEL)]) &
	       BIT_IN_WORD(slot - ROOT_KERNEL);
}

/* Release: who sees the bit sees what was stored before. pgd_lock held, or boot. */
static void set_slot_bit(unsigned long *bits, unsigned int slot)
{
	unsigned long *word = &bits[BIT_WORD_INDEX(slot - ROOT_KERNEL)];

	smp_store_release(word, *word | BIT_IN_WORD(slot - ROOT_KERNEL));
}

bool kroot_ready(unsigned int slot)
{
	/* Acquire: pairs with the release in kroot_install(). */
	return slot_bit(pgd_ready, slot);
}

bool kroot_from_birth(unsigned int slot)
{
	return slot_bit(pgd_birth, slot);
}

void pgsync_forget_slot(unsigned int slot)
{
	__clear_bit(slot - ROOT_KERNEL, pgd_present);
	__clear_bit(slot - ROOT_KERNEL, pgd_ready);
}

/* --- boot --- */

static const struct pgsync_strategy *find_strategy(const char *name)
{
	const struct pgsync_strategy *const *s = __start_pgsync_strategies;

	for (; s < __stop_pgsync_strategies; s++)
		if (strcmp((*s)->name, name) == 0)
			return *s;
	return NULL;
}

static __noreturn void unknown_strategy(const char *name)
{
	const struct pgsync_strategy *const *s = __start_pgsync_strategies;
	char known[160];
	size_t n = 0;

	for (; s < __stop_pgsync_strategies && n < sizeof(known); s++)
		n += (size_t)snprintf(known + n, sizeof(known) - n, " %s", (*s)->name);
	panic("pgsync=%s is not a strategy; known:%s", name, known);
}

void pgsync_init(const char *name)
{
	ASSERT(!strategy);
	strategy = find_strategy(name ? name : PGSYNC_DEFAULT);
	if (!strategy)
		unknown_strategy(name);
	pgsync_syncs_at_load = strategy->syncs_at_load;
	swapper_root.pgd = arch_reference_root();
	booted = false;
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++) {
		if (!pte_present(swapper_pg_dir[slot]))
			continue;
		set_slot_bit(pgd_present, slot);
		set_slot_bit(pgd_ready, slot);
	}
	if (strategy->init)
		strategy->init();
	for (unsigned int w = 0; w < KERNEL_WORDS; w++)
		pgd_birth[w] = pgd_ready[w];
	booted = true;
}

const char *pgsync_name(void)
{
	return strategy->name;
}

bool pgsync_exit_keeps_root(void)
{
	return strategy->exit_keeps_root;
}

/* --- growth --- */

/* Waits for other growers with interrupts on: one of them may want an answer from us (I32). */
static unsigned long growth_begin(unsigned int slot)
{
	unsigned long flags = 0;

	ASSERT_MSG(irqs_enabled() || !booted, "growth with interrupts off");
	if (MUTANT(grow_irqsave))
		flags = irq_save();
	TRACE_RACE_POINT(grow_waits, slot, READ_ONCE(pgd_gen));
	if (MUTANT(grow_unlocked))
		preempt_disable();
	else
		spin_lock(&pgd_lock);
	return flags;
}

static void growth_end(unsigned long flags)
{
	if (MUTANT(grow_unlocked))
		preempt_enable();
	else
		spin_unlock(&pgd_lock);
	if (MUTANT(grow_irqsave))
		irq_restore(flags);
}

/* The steps of the protocol, in their order. pgd_lock held. */
static void publish_slot_locked(unsigned int slot, pte_t entry)
{
	set_root_slot(swapper_pg_dir, slot, entry);
	TRACE(grow_slot, slot, entry);
	/* The bit after the slot: who sees the bit sees the slot. */
	set_slot_bit(pgd_present, slot);
	WRITE_ONCE(pgd_gen, pgd_gen + 1);
	TRACE(grow_gen, slot, pgd_gen);
	if (MUTANT(ready_early))
		set_slot_bit(pgd_ready, slot);
	// lab 4: begin
	/*
	 * Between the reference slot and the search for roots, not before (I2). Partners: the
	 * barrier in arch_pgd_init_late() of the strategy, and the one at CR3 load.
	 */
	if (!MUTANT(grow_fence))
		smp_mb();
	// lab 4: starter
	// /* Something is missing here, between the reference slot and the search for roots. */
	// lab 4: end
	TRACE_RACE_POINT(grow_stored, slot, pgd_gen);
	if (strategy->sync)
		strategy->sync(slot);
	TRACE_RACE_POINT(grow_synced, slot, pgd_gen);
	/* Release: pairs with kroot_ready(). */
	set_slot_bit(pgd_ready, slot);
	TRACE(grow_ready, slot, pgd_gen);
}

static int install_locked(unsigned int slot, phys_addr_t table)
{
	/* The walk could not store. Not waited for: see pin.c. */
	if (unlikely(roots_pinned))
		return -EBUSY;
	if (pte_present(swapper_pg_dir[slot])) {
		/* Installed and synced under this very lock: it is ready (I24). */
		if (!MUTANT(grow_unlocked))
			ASSERT(kroot_ready(slot));
		return -EEXIST;
	}
	TRACE_RACE_POINT(grow_checked, slot, pgd_gen);
	publish_slot_locked(slot, pte_make(table, PTE_KERNEL_TABLE));
	this_cpu_inc(pgsync_cpu_stats.growths);
	return 0;
}

int kroot_install(unsigned int slot, phys_addr_t table)
{
	unsigned long flags;
	int ret;

	ASSERT_MSG(slot >= ROOT_KERNEL && slot < ROOT_SLOTS, "slot %u", slot);
	ASSERT_MSG(table && IS_ALIGNED(table, PAGE_SIZE), "table at %#lx", (unsigned long)table);
	flags = growth_begin(slot);
	ret = install_locked(slot, table);
	growth_end(flags);
	return ret;
}

static bool table_is_empty(const pte_t *table)
{
	for (unsigned int i = 0; i < PT_ENTRIES; i++)
		if (table[i])
			return false;
	return true;
}

/* A table for the slot, and the slot. The table is empty before a processor can see it (I22). */
static int populate_slot(unsigned int slot)
{
	phys_addr_t table = root_table_alloc();
	pte_t *first = phys_to_virt(table);
	int ret;

	if (!table)
		return -ENOMEM;
	ASSERT_MSG(!DEBUG_KERNEL || table_is_empty(first), "table %#lx for slot %u is not empty",
		   (unsigned long)table, slot);
	if (MUTANT(table_dirty))
		*first = ~PTE_P;
	ret = kroot_install(slot, table);
	if (MUTANT(table_dirty))
		*first = 0;
	if (ret && !(ret == -EEXIST && MUTANT(table_leaked)))
		root_table_free(table);
	return ret == -EEXIST ? 0 : ret;
}

/*
 * The last slot of [start, end). By slot numbers: an address that steps by the span of a slot misses
 * it, or wraps (I27).
 */
static unsigned int last_slot(unsigned long start, unsigned long end)
{
	if (MUTANT(range_first))
		return root_slot(start);
	if (MUTANT(range_stride))
		return root_slot(start) + (unsigned int)((end - 1 - start) / ROOT_SLOT_SIZE);
	/* Right with four levels, and for no other number of them (I39). */
	if (MUTANT(range_512_gib))
		return root_slot(start) +
		       (unsigned int)((end - 1 - ALIGN_DOWN(start, GiB(512))) / GiB(512));
	if (MUTANT(range_inclusive))
		return root_slot(end);
	if (MUTANT(range_wrap) && !end)
		return root_slot(start) - 1;
	return root_slot(end - 1);
}

int kroot_populate(unsigned long start, unsigned long end)
{
	unsigned int first = root_slot(start), last = last_slot(start, end);

	ASSERT_MSG(first >= ROOT_KERNEL && first <= last, "[%#lx, %#lx)", start, end);
	for (unsigned int slot = first; slot <= last; slot++) {
		/* READY, and not the reference slot: its grower may still be walking (I24). */
		bool there = MUTANT(map_tests_reference) ? pte_present(swapper_pg_dir[slot])
							 : kroot_ready(slot);
		int ret = there ? 0 : populate_slot(slot);

		if (ret)
			return ret;
	}
	return 0;
}

/* --- a root's way into CR3 --- */

void arch_pgd_init_late(struct mm_root *root)
{
	ASSERT_MSG(root->state == ROOT_NEW, "late copy of root %p in state %u", (void *)root,
		   root->state);
	TRACE(late_begin, root->pgd, root->life);
	if (strategy->init_late)
		strategy->init_late(root);
	/* Release: whoever finds the root READY finds its kernel half filled. */
	smp_store_release(&root->state, ROOT_READY);
	TRACE(late_end, root->pgd, root->gen);
}

void load_root(struct mm_root *root)
{
	ASSERT(!irqs_enabled());
	load_root_inline(root, root == &swapper_root);
}

struct mm_root *loaded_root(unsigned int cpu)
{
	return READ_ONCE(per_cpu(cpu_loaded_root, cpu));
}

void pgsync_get_stats(struct pgsync_stats *stats)
{
	unsigned int cpu;

	*stats = (struct pgsync_stats){0};
	for_each_online_cpu (cpu) {
		const struct pgsync_stats *s = per_cpu_ptr(&pgsync_cpu_stats, cpu);

		stats->growths += READ_ONCE(s->growths);
		stats->walk_visits += READ_ONCE(s->walk_visits);
		stats->late_syncs += READ_ONCE(s->late_syncs);
		stats->fault_syncs += READ_ONCE(s->fault_syncs);
	}
}
