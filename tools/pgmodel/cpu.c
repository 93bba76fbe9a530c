/* What CPUs do in the scenarios: fork, exec, exit, borrow, map. See world.h. */
#include "tools/pgmodel/world.h"

#include "arch/cpu.h"
#include "arch/root.h"
#include "arch/smp.h"
#include "kernel/base/panic.h"
#include "mm/pgsync/strategy.h"
#include "mm/tlb.h"

static DEFINE_PER_CPU(struct task_struct, idle_task);
static DEFINE_PER_CPU(int, nr_tasks);
static struct thread_group idle_group, init_group;

static void set_current(struct task_struct *t)
{
	this_cpu_write(current_task, t);
}

void boot_idle(void)
{
	unsigned int cpu;

	for_each_cpu (cpu) {
		struct task_struct *idle = per_cpu_ptr(&idle_task, cpu);

		model_run_on(cpu);
		idle->group = &idle_group;
		idle->active_mm = &init_mm;
		set_current(idle);
		irq_disable();
		switch_mm(&init_mm);
		irq_enable();
	}
	model_run_on(0);
}

/* --- tasks --- */

static struct task_struct *task_alloc_in(struct thread_group *g, struct mm_struct *mm)
{
	struct task_struct *t = model_alloc(sizeof(*t), "task");

	this_cpu_inc(nr_tasks);
	t->pid = 10 * (int)model_cpu() + this_cpu_read(nr_tasks);
	t->mm = mm;
	t->group = g;
	list_add_tail(&t->thread_node, &g->threads);
	return t;
}

/* A process of one thread, which takes over the use of `mm`. */
static struct task_struct *task_new(struct mm_struct *mm)
{
	struct thread_group *g = model_alloc(sizeof(*g), "group");
	struct task_struct *t;

	list_init(&g->threads);
	t = task_alloc_in(g, mm);
	g->leader = t;
	g->tgid = t->pid;
	g->parent = &init_group;
	return t;
}

/* As kernel/sched.c switches address spaces with tasks. */
static void switch_to(struct task_struct *next)
{
	struct task_struct *prev = current;
	struct mm_struct *drop = NULL;

	preempt_disable();
	irq_disable();
	if (next->mm) {
		switch_mm(next->mm);
		next->active_mm = next->mm;
		if (!prev->mm) {
			drop = prev->active_mm;
			prev->active_mm = NULL;
		}
	} else {
		next->active_mm = prev->active_mm;
		if (prev->mm) {
			mmgrab(prev->active_mm);
			tlb_enter_lazy();
		} else {
			prev->active_mm = NULL;
		}
	}
	set_current(next);
	irq_enable();
	preempt_enable();
	if (drop)
		mmdrop(drop);
}

struct task_struct *do_fork(void)
{
	struct task_struct *child = task_new(mm_alloc());

	publish_task(child, true);
	return child;
}

struct task_struct *do_vfork(void)
{
	struct task_struct *child;

	mmget(current->mm);
	child = task_new(current->mm);
	publish_task(child, false);
	return child;
}

void do_run(struct task_struct *t)
{
	switch_to(t);
	touch_if_ready(GROW_SLOT);
}

void do_exec(void)
{
	exec_mmap(mm_alloc());
	touch_if_ready(GROW_SLOT);
}

/* As de_thread() in kernel/exec.c. */
void do_take_leaders_place(void)
{
	struct task_struct *old = current->group->leader;

	task_table_remove(current);
	synchronize_rcu();
	current->pid = old->pid;
	task_table_replace(old, current);
	touch_if_ready(GROW_SLOT);
}

static void task_free_rcu(struct rcu_head *head)
{
	model_free(container_of(head, struct task_struct, rcu));
}

void do_exit_task(void)
{
	struct task_struct *t = current;

	leave_mm();
	/* It still runs, in the kernel. */
	touch_if_ready(GROW_SLOT);
	task_table_remove(t);
	go_idle();
	call_rcu(&t->rcu, task_free_rcu);
	touch_if_ready(GROW_SLOT);
}

void go_idle(void)
{
	switch_to(this_cpu_ptr(&idle_task));
}

void do_use_mm(struct mm_struct *mm)
{
	preempt_disable();
	irq_disable();
	switch_mm(mm);
	irq_enable();
	preempt_enable();
	touch_if_ready(GROW_SLOT);
}

void do_join(void)
{
	irq_disable();
	pgsync_cpu_join();
	irq_enable();
}

/* --- setup --- */

void boot_offline(unsigned int cpu)
{
	model_online_mask &= ~(1ull << cpu);
}

struct task_struct *boot_process(unsigned int cpu)
{
	struct task_struct *t;

	model_run_on(cpu == NO_CPU ? 0 : cpu);
	t = task_new(mm_alloc());
	publish_task(t, true);
	if (cpu != NO_CPU)
		switch_to(t);
	model_run_on(0);
	return t;
}

struct task_struct *boot_thread(unsigned int cpu, struct task_struct *leader)
{
	struct task_struct *t;

	model_run_on(cpu);
	mmget(leader->mm);
	t = task_alloc_in(leader->group, leader->mm);
	publish_task(t, false);
	switch_to(t);
	model_run_on(0);
	return t;
}

void boot_kill_leader(struct task_struct *leader)
{
	struct mm_struct *mm = leader->mm;

	leader->mm = NULL;
	mmput(mm);
}

void boot_kthread_uses(unsigned int cpu, struct mm_struct *mm)
{
	struct task_struct *t;

	model_run_on(cpu);
	t = task_new(mm);
	t->group->parent = NULL;
	publish_task(t, false);
	switch_to(t);
	model_run_on(0);
}

struct mm_struct *boot_pinned_mm(void)
{
	struct mm_struct *mm = mm_alloc();

	arch_pgd_init_late(mm->root);
	return mm;
}

void boot_borrow(unsigned int cpu, struct mm_struct *mm)
{
	model_run_on(cpu);
	mmgrab(mm);
	irq_disable();
	switch_mm(mm);
	irq_enable();
	current->active_mm = mm;
	model_run_on(0);
}

void boot_cached_root(unsigned int cpu)
{
	struct mm_root *root;

	model_run_on(cpu);
	root = pgd_alloc();
	arch_pgd_init_late(root);
	pgd_free(root);
	model_run_on(0);
}

/* --- growth and use --- */

void touch(unsigned int slot)
{
	pte_t *pgd = arch_read_root();
	pte_t entry = READ_ONCE(pgd[slot]);

	if (!pte_present(entry)) {
		if (!pgsync_fault(root_slot_va(slot)))
			model_fail(
				"CPU %u touches slot %u, and faults: the root in its CR3 lacks it",
				model_cpu(), slot);
		entry = READ_ONCE(pgd[slot]);
	}
	MODEL_REQUIRE(pte_present(entry), "CPU %u faults in slot %u again and again", model_cpu(),
		      slot);
	MODEL_REQUIRE(READ_ONCE(*pte_table(entry)) == 0,
		      "CPU %u walks slot %u into a table that is not initialised", model_cpu(),
		      slot);
}

void touch_if_ready(unsigned int slot)
{
	if (kroot_ready(slot))
		touch(slot);
}

void do_map(unsigned int slot)
{
	unsigned long va = root_slot_va(slot);

	MODEL_REQUIRE(kroot_populate(va, va + PAGE_SIZE) == 0, "no memory");
	touch(slot);
}
