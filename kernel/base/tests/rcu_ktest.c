/*
 * RCU in the running kernel: grace periods end with idle and busy CPUs about, callbacks come back,
 * a read section holds them up and preemption off does not (invariant I11).
 */
#include "arch/cpu.h"
#include "kernel/base/atomic.h"
#include "kernel/base/ktest.h"
#include "kernel/base/preempt.h"
#include "kernel/base/rcu.h"

#define OBJECTS 200

static struct rcu_head heads[OBJECTS];
static u32 called;

static void count(struct rcu_head *head)
{
	KTEST_EXPECT(head >= heads && head < heads + OBJECTS);
	atomic_inc(&called);
}

KTEST(rcu, synchronize_ends)
{
	unsigned int i;

	for (i = 0; i < 10; i++)
		synchronize_rcu();
	KTEST_EXPECT(!rcu_read_lock_held());
}

KTEST(rcu, drain_runs_every_callback)
{
	unsigned int i;

	WRITE_ONCE(called, 0);
	for (i = 0; i < OBJECTS; i++)
		call_rcu(&heads[i], count);
	rcu_barrier_drain();
	KTEST_EXPECT_EQ(READ_ONCE(called), OBJECTS);
}

KTEST(rcu, a_section_holds_callbacks_up)
{
	unsigned int i;

	rcu_barrier_drain();
	WRITE_ONCE(called, 0);
	rcu_read_lock();
	call_rcu(&heads[0], count);
	for (i = 0; i < 10; i++)
		rcu_poll();
	KTEST_EXPECT_EQ(READ_ONCE(called), 0);
	rcu_read_unlock();
	rcu_barrier_drain();
	KTEST_EXPECT_EQ(READ_ONCE(called), 1);
}

/* Nobody else reads for ever, so trying often enough gets a grace period past this CPU. */
KTEST(rcu, preemption_off_is_no_section)
{
	unsigned int i;

	rcu_barrier_drain();
	WRITE_ONCE(called, 0);
	preempt_disable();
	call_rcu(&heads[0], count);
	for (i = 0; i < 100000 && !READ_ONCE(called); i++) {
		rcu_poll();
		cpu_relax();
	}
	KTEST_EXPECT_EQ(READ_ONCE(called), 1);
	preempt_enable();
	rcu_barrier_drain();
}
