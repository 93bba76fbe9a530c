/*
 * Growth and loading: what every strategy has in common.
 *
 * The order in kroot_install() is the protocol. Reference slot, then generation, then a full
 * barrier, then the search for roots; and on the other side a root becomes findable, then a full
 * barrier, then it copies. Whichever side comes second sees the other (store buffering, I1 and I2).
 */
#include "mm/pgsync/strategy.h"

#include "arch/smp.h"
#include "kernel/base/bitops.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"

static const struct pgsync_strategy *const strategies[] = {
	&pgsync_walk,
	&pgsync_list,
	&pgsync_none,
};

const struct pgsync_strategy *strategy;

struct spinlock pgd_lock = SPINLOCK_INIT;
u64 pgd_gen = 1;
unsigned long pgd_present[KERNEL_WORDS];
static unsigned long pgd_ready[KERNEL_WORDS];

DEFINE_PER_CPU(unsigned long, cpu_loaded_root);
DEFINE_PER_CPU(struct pgsync_stats, pgsync_cpu_stats);

struct mm_root swapper_root = {
	.state = ROOT_READY,
	.class = ROOT_REFERENCE,
};

static const struct pgsync_strategy *find_strategy(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(strategies); i++)
		if (strcmp(strategies[i]->name, name) == 0)
			return strategies[i];
	return NULL;
}

void pgsync_init(const char *name)
{
	ASSERT(!strategy);
	strategy = name ? find_strategy(name) : strategies[0];
	if (!strategy)
		panic("pgsync=%s is not a strategy; known: walk list none", name);
	swapper_root.pgd = arch_reference_root();
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++) {
		if (!pte_present(swapper_pg_dir[slot]))
			continue;
		__set_bit(slot - ROOT_KERNEL, pgd_present);
		__set_bit(slot - ROOT_KERNEL, pgd_ready);
	}
}

const char *pgsync_name(void)
{
	return strategy->name;
}

bool kroot_ready(unsigned int slot)
{
	ASSERT_MSG(slot >= ROOT_KERNEL && slot < ROOT_SLOTS, "slot %u", slot);
	/* Acquire: pairs with the release in kroot_install(). */
	return smp_load_acquire(&pgd_ready[BIT_WORD_INDEX(slot - ROOT_KERNEL)]) &
	       BIT_IN_WORD(slot - ROOT_KERNEL);
}

/* The one store to a reference slot. pgd_lock held. */
static void set_reference_slot(unsigned int slot, pte_t entry)
{
	ASSERT(spin_is_held(&pgd_lock));
	ASSERT_MSG(!pte_present(swapper_pg_dir[slot]), "slot %u holds %#lx, offered %#lx", slot,
		   (unsigned long)swapper_pg_dir[slot], (unsigned long)entry);
	WRITE_ONCE(swapper_pg_dir[slot], entry);
	/*
	 * The bit after the slot: who sees the bit sees the slot (stores keep their order on x86).
	 */
	smp_wmb();
	WRITE_ONCE(pgd_present[BIT_WORD_INDEX(slot - ROOT_KERNEL)],
		   pgd_present[BIT_WORD_INDEX(slot - ROOT_KERNEL)] |
			   BIT_IN_WORD(slot - ROOT_KERNEL));
}

int kroot_install(unsigned int slot, phys_addr_t table)
{
	ASSERT_MSG(slot >= ROOT_KERNEL && slot < ROOT_SLOTS, "slot %u", slot);
	ASSERT_MSG(table && IS_ALIGNED(table, PAGE_SIZE), "table at %#lx", (unsigned long)table);

	spin_lock(&pgd_lock);
	if (pte_present(swapper_pg_dir[slot])) {
		/* Installed and synced under this very lock: it is ready (I24). */
		ASSERT(kroot_ready(slot));
		spin_unlock(&pgd_lock);
		return -EEXIST;
	}
	set_reference_slot(slot, pte_make(table, PTE_KERNEL_TABLE));
	WRITE_ONCE(pgd_gen, pgd_gen + 1);
	/*
	 * Between the reference slot and the search for roots, not before (I2). Partners: the
	 * barrier in arch_pgd_init_late() of the strategy, and the one at CR3 load.
	 */
	smp_mb();
	strategy->sync(slot, slot);
	/* Release: pairs with kroot_ready(). */
	smp_store_release(&pgd_ready[BIT_WORD_INDEX(slot - ROOT_KERNEL)],
			  pgd_ready[BIT_WORD_INDEX(slot - ROOT_KERNEL)] |
				  BIT_IN_WORD(slot - ROOT_KERNEL));
	this_cpu_inc(pgsync_cpu_stats.growths);
	spin_unlock(&pgd_lock);
	return 0;
}

void arch_pgd_init_late(struct mm_root *root)
{
	ASSERT(root->state == ROOT_NEW);
	strategy->init_late(root);
	/* Release: whoever finds the root READY finds its kernel half filled. */
	smp_store_release(&root->state, ROOT_READY);
}

void load_root(struct mm_root *root)
{
	ASSERT(!irqs_enabled());
	ASSERT_MSG(smp_load_acquire(&root->state) == ROOT_READY, "root %p in state %u",
		   (void *)root, root->state);
	this_cpu_write(cpu_loaded_root, (unsigned long)root | ROOT_LOADING);
	if (likely(root != &swapper_root))
		strategy->load(root);
	this_cpu_write(cpu_loaded_root, (unsigned long)root);
	arch_write_root(root->pgd);
}

struct mm_root *loaded_root(unsigned int cpu)
{
	return (struct mm_root *)(READ_ONCE(per_cpu(cpu_loaded_root, cpu)) & ~ROOT_LOADING);
}

void pgsync_forget_slot(unsigned int slot)
{
	__clear_bit(slot - ROOT_KERNEL, pgd_present);
	__clear_bit(slot - ROOT_KERNEL, pgd_ready);
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
	}
}
