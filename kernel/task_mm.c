/*
 * The side of the protocol that publishes: a root becomes findable by the task walk in fork and in
 * exec, and is given up in exec and in exit. mm/pgsync has the other side.
 *
 *	publish_task()		fork: the task is in the table, THEN its root gets its kernel half
 *	exec_mmap()		exec: tsk->mm is the new one, THEN the same, THEN it is loaded
 *	leave_mm()		exit: the reference root is loaded, THEN tsk->mm is NULL
 *
 * Nothing here can fail (I8).
 */
#include "kernel/task_mm.h"

#include "arch/cpu.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/trace.h"
#include "mm/tlb.h"

void publish_task(struct task_struct *t, bool new_mm)
{
	task_table_insert(t);
	TRACE_RACE_POINT(fork_published, t->mm ? t->mm->root->pgd : NULL, t->pid);
	/* A root that the child shares had its copy long ago (I16). */
	if (new_mm || MUTANT(late_copy_shared))
		arch_pgd_init_late(t->mm->root);
	RACE_POINT(fork_copied);
}

/* Loads `mm` as the running task's own. task_lock held. */
static void activate_mm(struct mm_struct *mm)
{
	irq_disable();
	switch_mm(mm);
	current->active_mm = mm;
	irq_enable();
}

void exec_mmap(struct mm_struct *mm)
{
	struct mm_struct *old = current->mm, *borrowed;

	if (MUTANT(exec_copies_first))
		arch_pgd_init_late(mm->root);
	TRACE_RACE_POINT(exec_begun, old ? old->root->pgd : NULL, mm->root->pgd);
	/*
	 * One section of the lock that the walk takes: the walk finds the old root or the new one
	 * (I7). And it keeps preemption off: the empty root must not be scheduled between
	 * publication and copy (I6).
	 */
	task_lock(current);
	/*
	 * A kernel thread that becomes a process has borrowed a space until now: which one, may
	 * change whenever it is switched.
	 */
	borrowed = old ? NULL : current->active_mm;
	WRITE_ONCE(current->mm, mm);
	if (MUTANT(exec_preemptible))
		task_unlock(current);
	TRACE_RACE_POINT(exec_published, mm->root->pgd, old ? old->root->pgd : NULL);
	if (!MUTANT(exec_copies_first))
		arch_pgd_init_late(mm->root);
	RACE_POINT(exec_copied);
	if (MUTANT(exec_preemptible))
		task_lock(current);
	activate_mm(mm);
	task_unlock(current);
	if (borrowed)
		mmdrop(borrowed);
	if (old)
		mmput(old);
}

void leave_mm(void)
{
	struct mm_struct *mm = current->mm;
	bool keep = pgsync_exit_keeps_root() || MUTANT(exit_keeps_root);

	preempt_disable();
	// lab 5: begin
	if (!keep) {
		irq_disable();
		switch_mm(&init_mm);
		irq_enable();
	}
	// lab 5: starter
	// /* As in Linux: whatever the strategy says, the task stays on its root. */
	// keep = true;
	// lab 5: end
	TRACE_RACE_POINT(exit_begun, mm->root->pgd, keep);
	task_lock(current);
	/* As a kernel thread from here on, and if it keeps the root, as one that borrows it. */
	if (keep) {
		mmgrab(mm);
		tlb_enter_lazy();
	} else {
		current->active_mm = &init_mm;
	}
	WRITE_ONCE(current->mm, NULL);
	task_unlock(current);
	preempt_enable();
	TRACE_RACE_POINT(exit_unpublished, mm->root->pgd, keep);
	mmput(mm);
}

void leave_borrowed_mm(void)
{
	struct mm_struct *borrowed;

	ASSERT(!current->mm);
	preempt_disable();
	irq_disable();
	switch_mm(&init_mm);
	irq_enable();
	borrowed = current->active_mm;
	current->active_mm = &init_mm;
	preempt_enable();
	mmdrop(borrowed);
}
