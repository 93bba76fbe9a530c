/* Whose address space is looked at: of a process, of one whose leader has ended, of one that has none. */
#include "kernel/base/ktest.h"
#include "kernel/procinfo/memory.h"
#include "kernel/tests/dummy.h"
#include "mm/mm.h"

KTEST(procinfo, a_use_of_the_address_space)
{
	struct task_struct *t = dummy_task(pid_alloc(), NULL);
	struct mm_struct *mm = mm_alloc(), *held;

	t->mm = mm;
	task_table_insert(t);
	KTEST_EXPECT_EQ(procinfo_hold_mm(t->pid, &held), 0);
	KTEST_EXPECT_EQ(held, mm);
	KTEST_EXPECT_EQ(mm->mm_users, 2);
	mmput(held);
	t->mm = NULL;
	KTEST_EXPECT_EQ(procinfo_hold_mm(t->pid, &held), 0);
	KTEST_EXPECT_EQ(held, NULL);
	task_table_remove(t);
	KTEST_EXPECT_EQ(procinfo_hold_mm(t->pid, &held), -ESRCH);
	KTEST_EXPECT_EQ(held, NULL);
	mmput(mm);
	dummy_free(t);
}

KTEST(procinfo, a_leader_that_has_ended_hides_no_thread)
{
	struct task_struct *leader = dummy_task(pid_alloc(), NULL);
	struct task_struct *thread = dummy_task(pid_alloc(), leader->group);
	struct mm_struct *held;

	thread->mm = mm_alloc();
	task_table_insert(leader);
	task_table_insert(thread);
	for (unsigned int i = 0; i < 2; i++) {
		KTEST_EXPECT_EQ(procinfo_hold_mm(i ? thread->pid : leader->pid, &held), 0);
		KTEST_EXPECT_EQ(held, thread->mm);
		mmput(held);
	}
	task_table_remove(thread);
	task_table_remove(leader);
	mmput(thread->mm);
	thread->mm = NULL;
	dummy_free(thread);
	dummy_free(leader);
}

/* The kernel's threads have no memory to look at, whatever their CPU has lent them. */
KTEST(procinfo, a_kernel_thread_has_none)
{
	struct mm_struct *held;

	KTEST_EXPECT_EQ(procinfo_hold_mm(current->pid, &held), 0);
	KTEST_EXPECT_EQ(held, NULL);
}
