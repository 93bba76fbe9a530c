/*
 * The properties that every strategy promises.
 *
 * In every state: a slot that is ready is in the root that each CPU's CR3 names (I24); with
 * strategy `fault`, a touch puts it there. And a slot leads to the table that the reference says, or
 * nowhere.
 *
 * In every final state: the auditor finds nothing; every root that a task has, has every slot, where
 * growth is to see to it and not a load or a fault later (I1 to I7); every root that can still be loaded lets every
 * slot be touched; user halves are empty (I27); what any root has, freed ones too, is what the
 * reference has (a grower may store into a root that has just died, I9); no table is lost (I23);
 * locks are free.
 */
#include "tools/pgmodel/world.h"

#include "arch/cpu.h"
#include "arch/root.h"
#include "arch/smp.h"
#include "mm/pgsync/strategy.h"

static void check_cpu(unsigned int cpu, unsigned int slot)
{
	const pte_t *pgd = world_cr3(cpu);
	pte_t entry = READ_ONCE(pgd[slot]), reference = READ_ONCE(swapper_pg_dir[slot]);

	if (pte_present(entry))
		MODEL_REQUIRE(
			pte_phys(entry) == pte_phys(reference),
			"slot %u leads to one table in the root of CPU %u, and to another one "
			"in the reference",
			slot, cpu);
	else if (!strategy->repairs_faults)
		MODEL_REQUIRE(
			!kroot_ready(slot),
			"slot %u is ready, CPU %u runs on a root that lacks it: a touch there "
			"faults",
			slot, cpu);
}

void world_invariant(void)
{
	unsigned int cpu;

	for_each_cpu (cpu)
		for (unsigned int slot = GROW_SLOT; slot <= OTHER_SLOT; slot++)
			check_cpu(cpu, slot);
}

static void check_root(struct mm_root *root, void *arg)
{
	for (unsigned int slot = 0; slot < ROOT_KERNEL; slot++)
		MODEL_REQUIRE(root->pgd[slot] == 0, "user slot %u of a root has been written",
			      slot);
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++) {
		pte_t entry = root->pgd[slot];

		if (!entry)
			continue;
		MODEL_REQUIRE(pte_phys(entry) == pte_phys(swapper_pg_dir[slot]),
			      "slot %u leads to one table in a root, and to another one in the "
			      "reference",
			      slot);
	}
}

/* Whoever still has the root may load it now. */
static void check_load(struct mm_root *root, void *arg)
{
	if (root->state != ROOT_READY)
		return;
	irq_disable();
	preempt_disable();
	load_root(root);
	preempt_enable();
	irq_enable();
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++)
		if (kroot_ready(slot))
			touch(slot);
}

/* Without a load: walk has a second net there, which would hide a hole in the first. */
static void check_task_root(struct mm_root *root, void *arg)
{
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++)
		MODEL_REQUIRE(pte_present(root->pgd[slot]) || !kroot_ready(slot),
			      "a task's root lacks slot %u, and no growth will come to it", slot);
}

static bool growth_fills_task_roots(void)
{
	bool filled_later = strategy->repairs_faults || strategy->syncs_at_load;

	return strategy->reaches & REACHES_TASKS || !filled_later;
}

static void check_tables(void)
{
	unsigned int present = 0;

	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++) {
		present += pte_present(swapper_pg_dir[slot]);
		MODEL_REQUIRE(kroot_ready(slot) == pte_present(swapper_pg_dir[slot]),
			      "slot %u of the reference is present, and not ready", slot);
	}
	MODEL_REQUIRE(present == world_tables(),
		      "%u tables were made for %u slots: what was mapped in one of them is lost",
		      world_tables(), present);
}

static void check_at_rest(void)
{
	unsigned int cpu;

	MODEL_REQUIRE(!pgd_lock.owner, "pgd_lock is held in the end");
	for_each_cpu (cpu) {
		model_run_on(cpu);
		MODEL_REQUIRE(preempt_depth() == 0 && irqs_enabled() && !rcu_read_lock_held(),
			      "CPU %u ends with preemption or interrupts off, or as a reader", cpu);
	}
	model_run_on(0);
}

void world_finish(void)
{
	struct pgsync_audit audit;

	check_at_rest();
	check_tables();
	rcu_read_lock();
	for_each_registered_root(check_root, NULL);
	rcu_read_unlock();
	pgsync_audit(&audit);
	MODEL_REQUIRE(!audit.missing, "a root lacks slot %u for ever", audit.first_slot);
	MODEL_REQUIRE(!audit.stray, "a root has slot %u, which the reference lacks",
		      audit.first_slot);
	rcu_read_lock();
	if (growth_fills_task_roots())
		for_each_task_root(check_task_root, NULL);
	for_each_registered_root(check_load, NULL);
	rcu_read_unlock();
}
