/* Races of who looks with who ends: a process gives up its memory, a root ends and begins another life. */
#include "kernel/base/ktest.h"
#include "kernel/procinfo/memory.h"
#include "mm/mm.h"
#include "mm/pgsync/tests/guard.h"

struct look {
	int pid, ret;
	struct mm_struct *mm;
};

static void hold(void *arg)
{
	struct look *l = arg;

	l->ret = procinfo_hold_mm(l->pid, &l->mm);
}

/*
 * Who looks has read tsk->mm and not taken a use of it; the process exits, and was the last user. It must
 * wait for the lock: else what is taken is a use of freed memory.
 */
KTEST(procinfo, exit_waits_for_who_takes_a_use)
{
	struct actor task, reader;
	struct look l = {0};
	struct mm_struct *mm;

	if (!guard_begin(3))
		return;
	mm = mm_alloc();
	actor_start(&task, (int)last_cpu());
	actor_start(&reader, (int)last_cpu() - 1);
	actor_run(&task, adopt_new_mm, mm);
	l.pid = task.pid;
	race_park("procinfo_has_mm", (int)last_cpu() - 1, 1);
	actor_post(&reader, hold, &l);
	(void)race_wait_parked("procinfo_has_mm");
	actor_post(&task, exit_mm, NULL);
	while (!race_passed("exit_begun", (int)last_cpu()))
		yield_and_relax();
	give_time();
	KTEST_EXPECT_EQ(race_passed("exit_unpublished", (int)last_cpu()), 0);
	race_release("procinfo_has_mm");
	actor_wait(&reader);
	actor_wait(&task);
	KTEST_EXPECT_EQ(l.ret, 0);
	KTEST_EXPECT_EQ(l.mm, mm);
	/* All that is left is the one that looks. */
	KTEST_EXPECT_EQ(mm->mm_users, 1);
	actor_stop(&reader);
	actor_stop(&task);
	mmput(mm);
	guard_end();
}

/* The process has gone before the lock is taken: it is there, and has no memory. */
KTEST(procinfo, a_process_that_is_faster_has_no_memory)
{
	struct actor task, reader;
	struct look l = {0};

	if (!guard_begin(3))
		return;
	actor_start(&task, (int)last_cpu());
	actor_start(&reader, (int)last_cpu() - 1);
	actor_run(&task, adopt_new_mm, mm_alloc());
	l.pid = task.pid;
	race_park("procinfo_found", (int)last_cpu() - 1, 1);
	actor_post(&reader, hold, &l);
	(void)race_wait_parked("procinfo_found");
	actor_run(&task, exit_mm, NULL);
	race_release("procinfo_found");
	actor_wait(&reader);
	KTEST_EXPECT_EQ(l.ret, 0);
	KTEST_EXPECT_EQ(l.mm, NULL);
	actor_stop(&reader);
	actor_stop(&task);
	guard_end();
}

static void end_root(void *root)
{
	pgd_free(root);
}

/* Half of the slots have been looked at when the root ends, and they are taken out. */
KTEST(procinfo, a_root_that_ends_is_not_told_with_half_of_its_slots)
{
	struct pgsync_root_view view;
	struct mm_root *root;

	if (!guard_begin(1))
		return;
	root = pgd_alloc();
	arch_pgd_init_late(root);
	race_on("view_at_slot", (int)cpu_id(), 100, end_root, root);
	rcu_read_lock();
	pgsync_view_root(root, &view);
	rcu_read_unlock();
	KTEST_EXPECT_EQ(view.state, ROOT_FREE);
	KTEST_EXPECT_EQ(view.missing, 0);
	guard_end();
}

static void live_again(void *arg)
{
	struct mm_root *root = arg, *next;

	pgd_free(root);
	/* This CPU's cache gives back what it got last. */
	next = pgd_alloc();
	KTEST_EXPECT_EQ(next, root);
	arch_pgd_init_late(next);
}

/* The same, and it is READY again when that is asked: but it is another one. */
KTEST(procinfo, a_root_that_lives_again_is_told_as_it_is_now)
{
	struct pgsync_root_view view;
	struct mm_root *root;

	if (!guard_begin(1))
		return;
	root = pgd_alloc();
	arch_pgd_init_late(root);
	race_on("view_at_slot", (int)cpu_id(), 100, live_again, root);
	rcu_read_lock();
	pgsync_view_root(root, &view);
	rcu_read_unlock();
	KTEST_EXPECT_EQ(view.state, ROOT_READY);
	KTEST_EXPECT_EQ(view.life, root->life);
	KTEST_EXPECT_EQ(view.missing, 0);
	pgd_free(root);
	guard_end();
}

/* A slot grows when it has just been looked for: it was not ready then, so it is not missing. */
KTEST(procinfo, a_slot_that_grows_meanwhile_is_not_missing)
{
	struct pgsync_root_view view;
	struct mm_struct *mm;

	if (skip_without_growth() || !guard_begin(1))
		return;
	mm = mm_pinned();
	race_on("view_has_slot", (int)cpu_id(), TEST_SLOT - ROOT_KERNEL + 1, grow_test_slot, NULL);
	rcu_read_lock();
	pgsync_view_root(mm->root, &view);
	rcu_read_unlock();
	KTEST_EXPECT(kroot_ready(TEST_SLOT));
	KTEST_EXPECT_EQ(test_bit(TEST_SLOT - ROOT_KERNEL, view.present), 0);
	KTEST_EXPECT_EQ(view.missing, 0);
	mmput(mm);
	guard_end();
}
