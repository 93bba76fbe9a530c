/*
 * The auditor: compares every root page there is with the reference, by a registry that no strategy
 * uses. And the reset of grown slots, for tests.
 *
 * It runs beside everything else. pgd_lock keeps growth away. A root that is made, loaded or freed
 * meanwhile is recognised by its state, by cpu_loaded_root and by its life count, and is not judged.
 */
#include "mm/pgsync/strategy.h"

#include "arch/smp.h"
#include "kernel/base/panic.h"
#include "kernel/base/trace.h"

#define CPU_NONE ~0U

// lab 1: begin
/* The CPU that runs on `root`; its late slots are in by then. CPU_NONE: no CPU does. */
static unsigned int running_cpu(const struct mm_root *root)
{
	unsigned int cpu;

	for_each_online_cpu (cpu)
		if (READ_ONCE(per_cpu(cpu_loaded_root, cpu)) == root)
			return cpu;
	return CPU_NONE;
}

static bool slot_differs(const struct mm_root *root, unsigned int slot)
{
	return !slot_same(READ_ONCE(root->pgd[slot]), READ_ONCE(swapper_pg_dir[slot]));
}

/* Counts one finding; the first one that is a fault is remembered. */
static void note(struct pgsync_audit *result, u64 *count, unsigned int slot, unsigned int cpu)
{
	if (!result->missing && !result->stray) {
		result->first_slot = slot;
		result->first_cpu = cpu;
	}
	++*count;
}

/* Judges one slot that differed a moment ago. False: the root died meanwhile, stop. */
static bool audit_slot(struct mm_root *root, unsigned int slot, u64 life,
		       struct pgsync_audit *result)
{
	unsigned int cpu = running_cpu(root);
	bool behind = READ_ONCE(root->gen) != pgd_gen;
	bool absent = !pte_present(READ_ONCE(root->pgd[slot]));

	/*
	 * Who runs on the root, or recorded this generation, had filled the slot before: so look at
	 * the slot again after those two. Partner: the copy before its gen in copy_kernel_half().
	 */
	smp_rmb();
	if (!slot_differs(root, slot))
		return true;
	/* Partner: smp_wmb() in pgd_free(). */
	smp_rmb();
	if (READ_ONCE(root->state) != ROOT_READY || READ_ONCE(root->life) != life)
		return false;
	if (!pte_present(READ_ONCE(swapper_pg_dir[slot])))
		note(result, &result->stray, slot, cpu);
	else if (absent && (strategy->repairs_faults ||
			    (strategy->syncs_at_load && cpu == CPU_NONE && behind)))
		result->lagging++;
	else {
		TRACE(audit_missing, root->pgd, slot);
		note(result, &result->missing, slot, cpu);
	}
	return true;
}

/* All slots of the kernel half: what the reference has not, no root may have. */
static void audit_root(struct mm_root *root, void *arg)
{
	struct pgsync_audit *result = arg;
	u64 life = READ_ONCE(root->life);

	if (smp_load_acquire(&root->state) != ROOT_READY)
		return;
	result->roots++;
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++)
		if (slot_differs(root, slot) && !audit_slot(root, slot, life, result))
			return;
}

void pgsync_audit(struct pgsync_audit *result)
{
	*result = (struct pgsync_audit){0};
	spin_lock(&pgd_lock);
	rcu_read_lock();
	for_each_registered_root(audit_root, result);
	rcu_read_unlock();
	spin_unlock(&pgd_lock);
}
// lab 1: starter
// void pgsync_audit(struct pgsync_audit *result)
// {
// 	/* Yours to write. Until then nobody has looked at any root. */
// 	*result = (struct pgsync_audit){0};
// }
// lab 1: end

struct reset_range {
	unsigned int first, n;
};

static void reset_root(struct mm_root *root, void *arg)
{
	const struct reset_range *range = arg;

	for (unsigned int slot = range->first; slot < range->first + range->n; slot++)
		if (!kroot_from_birth(slot))
			WRITE_ONCE(root->pgd[slot], 0);
}

unsigned int pgsync_reset_slots(unsigned int first, unsigned int n, phys_addr_t *tables)
{
	struct reset_range range = {first, n};
	unsigned int emptied = 0;

	ASSERT(!irqs_enabled());
	ASSERT(first >= ROOT_KERNEL && first + n <= ROOT_SLOTS);
	ASSERT(!roots_pinned);
	ASSERT_MSG(!READ_ONCE(pgd_lock.owner), "reset while CPU %u grows", pgd_lock.owner - 1);
	for (unsigned int i = 0; i < n; i++) {
		pte_t entry = swapper_pg_dir[first + i];

		tables[i] = pte_phys(entry);
		if (kroot_from_birth(first + i))
			continue;
		emptied += pte_present(entry);
		swapper_pg_dir[first + i] = 0;
		pgsync_forget_slot(first + i);
	}
	rcu_read_lock();
	for_each_registered_root(reset_root, &range);
	rcu_read_unlock();
	TRACE(slots_reset, first, n);
	return emptied;
}
