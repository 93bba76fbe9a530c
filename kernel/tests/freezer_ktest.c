/*
 * The freezer, on kernel threads that have taken an address space, which it treats as processes:
 * who is frozen is moved by no wake-up, who does not freeze is told and everybody goes on, kernel
 * threads without an address space are left alone. Real processes: tools/tests/test_pin.py.
 */
#include "kernel/freezer.h"

#include "arch/smp.h"
#include "kernel/base/atomic.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/tests/actor.h"
#include "kernel/workers.h"
#include "mm/pgsync/tests/support.h"

#define ENOUGH_NS 60000000000UL
#define SHORT_NS  3000000UL

static void count(void *n)
{
	atomic_inc((u32 *)n);
}

static void nothing(void *unused)
{
	(void)unused;
}

/* An actor that counts as a process. */
static void process_start(struct actor *a, int cpu)
{
	actor_start(a, cpu);
	actor_run(a, adopt_new_mm, mm_alloc());
}

KTEST(freezer, a_wake_up_does_not_move_who_is_frozen)
{
	struct actor a;
	u32 runs = 0;

	process_start(&a, (int)last_cpu());
	KTEST_EXPECT_EQ(freeze_processes(ENOUGH_NS), 0);
	KTEST_EXPECT(processes_are_frozen());
	actor_post(&a, count, &runs);
	/* The worker of that CPU is queued behind the actor, had that been woken. */
	run_on_each_cpu(nothing, NULL);
	run_on_each_cpu(nothing, NULL);
	KTEST_EXPECT_EQ(READ_ONCE(runs), 0);
	KTEST_EXPECT(processes_are_frozen());
	thaw_processes();
	/* The wake-up that it missed is not lost. */
	actor_wait(&a);
	KTEST_EXPECT_EQ(runs, 1);
	actor_stop(&a);
}

KTEST(freezer, kernel_threads_go_on)
{
	struct actor a;
	u32 runs = 0;

	actor_start(&a, (int)last_cpu());
	KTEST_EXPECT_EQ(freeze_processes(ENOUGH_NS), 0);
	actor_run(&a, count, &runs);
	KTEST_EXPECT_EQ(runs, 1);
	thaw_processes();
	actor_stop(&a);
}

static u32 spinning, end_spinning;

static void spin(void *unused)
{
	(void)unused;
	smp_store_release(&spinning, 1);
	while (!smp_load_acquire(&end_spinning))
		yield_and_relax();
}

KTEST(freezer, who_stays_awake_is_told_and_the_others_thaw)
{
	struct actor busy, quiet;
	u32 runs = 0;

	spinning = end_spinning = 0;
	process_start(&busy, (int)last_cpu());
	process_start(&quiet, 0);
	actor_post(&busy, spin, NULL);
	while (!smp_load_acquire(&spinning))
		yield_and_relax();
	KTEST_EXPECT_EQ(freeze_processes(SHORT_NS), -EBUSY);
	actor_run(&quiet, count, &runs);
	KTEST_EXPECT_EQ(runs, 1);
	smp_store_release(&end_spinning, 1);
	actor_wait(&busy);
	/* Asleep now, and the attempt that failed is no obstacle. */
	KTEST_EXPECT_EQ(freeze_processes(ENOUGH_NS), 0);
	thaw_processes();
	actor_stop(&busy);
	actor_stop(&quiet);
}

static struct {
	u32 begun; /* release */
	int result;
} second;

static void freeze_too(void *unused)
{
	(void)unused;
	smp_store_release(&second.begun, 1);
	second.result = freeze_processes(SHORT_NS);
}

/* And the second one does not hinder the first, although it is a process and waits for it. */
KTEST(freezer, one_holder_at_a_time)
{
	struct actor a;

	second.begun = 0;
	second.result = 0;
	process_start(&a, (int)last_cpu());
	KTEST_EXPECT_EQ(freeze_processes(ENOUGH_NS), 0);
	thaw_processes();
	actor_post(&a, freeze_too, NULL);
	while (!smp_load_acquire(&second.begun))
		yield_and_relax();
	actor_wait(&a);
	/* The test's own thread is process 1, waits for the actor, and so does not freeze. */
	KTEST_EXPECT_EQ(second.result, -EBUSY);
	/* The claim was given back. */
	KTEST_EXPECT_EQ(freeze_processes(ENOUGH_NS), 0);
	actor_post(&a, freeze_too, NULL);
	run_on_each_cpu(nothing, NULL);
	thaw_processes();
	actor_wait(&a);
	KTEST_EXPECT_EQ(second.result, -EBUSY);
	actor_stop(&a);
}
