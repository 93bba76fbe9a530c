/*
 * David Vrabel's objection to patch 7 of the series: a root that is being made is not found by the
 * task walk. A fork is parked between pgd_alloc() and publication; the point is not quiescent then,
 * and pinning must say so.
 */
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/pin.h"
#include "kernel/racepoint.h"
#include "mm/pgsync/tests/support.h"

static struct mm_struct *made;
static u32 reached, go_on; /* release */

/*
 * Not race_park(), which is impatient: each attempt stops all CPUs, and with many of them on a small
 * host that takes its time.
 */
static void wait_here(void *unused)
{
	(void)unused;
	smp_store_release(&reached, 1);
	while (!smp_load_acquire(&go_on))
		yield_and_relax();
}

static void make_mm(void *unused)
{
	(void)unused;
	made = mm_alloc();
}

static void pin_and_back(int want)
{
	int got = pin_all_roots(PIN_FREEZE_NS);

	KTEST_EXPECT_EQ(got, want);
	if (got >= 0)
		unpin_all_roots();
}

KTEST(pin, a_root_that_is_being_made_is_in_the_way)
{
	struct actor forker, process;
	int cpu = (int)last_cpu();

	actor_start(&process, 0);
	actor_run(&process, adopt_new_mm, mm_alloc());
	actor_start(&forker, cpu);
	reached = go_on = 0;
	race_on("root_new", cpu, 1, wait_here, NULL);
	actor_post(&forker, make_mm, NULL);
	while (!smp_load_acquire(&reached))
		yield_and_relax();
	pin_and_back(-EBUSY);
	smp_store_release(&go_on, 1);
	actor_wait(&forker);
	/* Made, but not published yet. */
	pin_and_back(-EBUSY);
	actor_run(&forker, adopt_new_mm, made);
	pin_and_back(2);
	actor_stop(&forker);
	actor_stop(&process);
}
