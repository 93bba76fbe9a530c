/*
 * Guard of I8: a fork that fails has never been seen. Every allocation of it fails once, in turn;
 * where none does, the parent's word for the child's number cannot be written, which is the last
 * thing that can go wrong.
 */
#include "arch/page.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/process.h"
#include "kernel/racepoint.h"
#include "kernel/tests/actor.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/pgsync/tests/support.h"
#include "mm/tests/check_ktest.h"

#define BASE (GiB(1) - 4 * PAGE_SIZE)

static unsigned int tasks_in_table(void)
{
	const struct task_struct *t;
	unsigned int n = 0;

	rcu_read_lock();
	for (unsigned int b = 0; b < TASK_BUCKETS; b++)
		list_for_each_entry_rcu (t, &task_table[b].tasks, table_node)
			n++;
	rcu_read_unlock();
	return n;
}

static void set_exiting(bool exiting)
{
	struct thread_group *g = current->group;

	spin_lock(&g->lock);
	g->exiting = exiting;
	spin_unlock(&g->lock);
}

/* At fork_checked: what may still be given up is there. From here on the process is ending. */
static void count_and_end(void *n)
{
	*(unsigned int *)n = tasks_in_table();
	set_exiting(true);
}

struct vain_fork {
	long nth; /* the allocation that is to fail */
	long ret;
	bool reached;
};

static void fork_in_vain(void *arg)
{
	struct vain_fork *f = arg;
	const struct clone_args args = {.exit_signal = SIGCHLD};

	alloc_fail_nth(f->nth);
	f->ret = do_clone(&args);
	f->reached = alloc_fail_left() == 0;
	alloc_fail_nth(0);
	set_exiting(false);
}

/* Pages on both sides of a table's border: the copy needs tables of its own. */
static struct mm_struct *parents_mm(void)
{
	struct mm_struct *mm = mm_alloc();

	KTEST_EXPECT_EQ(map_fixed(mm, BASE, 8, VMA_READ | VMA_WRITE), BASE);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE, FAULT_WRITE), 0);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE + 7 * PAGE_SIZE, FAULT_WRITE), 0);
	return mm;
}

KTEST(guard, i08_a_fork_that_fails_has_never_been_seen)
{
	struct mm_struct *mm = parents_mm();
	unsigned int injected = 0, before, during = 0;
	struct vain_fork f = {.reached = true};
	struct actor parent;
	u64 pages, objects;

	actor_start(&parent, 0);
	actor_run(&parent, adopt_new_mm, mm);
	before = tasks_in_table();
	pages = drained_pages();
	objects = live_objects();
	while (f.reached && f.nth < 100) {
		race_on("fork_checked", 0, 1, count_and_end, &during);
		during = before;
		f.nth++;
		actor_run(&parent, fork_in_vain, &f);
		race_reset();
		KTEST_EXPECT_EQ(f.ret, f.reached ? -ENOMEM : -EAGAIN);
		KTEST_EXPECT_EQ(during, before);
		KTEST_EXPECT_EQ(tasks_in_table(), before);
		expect_sound_mm(mm);
		KTEST_EXPECT_EQ(drained_pages(), pages);
		KTEST_EXPECT_EQ(live_objects(), objects);
		injected += f.reached;
	}
	KTEST_EXPECT(!f.reached);
	/*
	 * Task, pages of its stack, group, address space, root and its page, mapping, and tables on
	 * both sides of the border.
	 */
	KTEST_EXPECT(injected >= 12);
	actor_stop(&parent);
}
