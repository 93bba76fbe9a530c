/*
 * Where tasks run: binding, moving, stealing, preemption. Every wait here ends by an event that the
 * scheduler owes, not by a time.
 */
#include "arch/cpu.h"
#include "arch/smp.h"
#include "arch/timer.h"
#include "kernel/base/atomic.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/sched.h"
#include "kernel/tests/actor.h"
#include "kernel/timer.h"

static void note_cpu(void *cpu)
{
	*(unsigned int *)cpu = cpu_id();
}

KTEST(sched, a_bound_thread_runs_where_it_is_bound)
{
	unsigned int ran_on;
	struct actor a;

	for (unsigned int cpu = 0; cpu < cpus_online(); cpu++) {
		actor_start(&a, (int)cpu);
		actor_run(&a, note_cpu, &ran_on);
		KTEST_EXPECT_EQ(ran_on, cpu);
		actor_stop(&a);
	}
}

static void move_self(void *cpu)
{
	stay_on_cpu(*(int *)cpu);
	KTEST_EXPECT_EQ(cpu_id(), *(unsigned int *)cpu);
}

KTEST(sched, the_running_task_moves_at_once)
{
	struct actor a;

	actor_start(&a, 0);
	for (unsigned int cpu = cpus_online(); cpu-- > 0;)
		actor_run(&a, move_self, &cpu);
	actor_stop(&a);
}

/* A sleeping one moves when it is woken. */
KTEST(sched, a_sleeping_task_wakes_where_it_may_run)
{
	DECLARE_BITMAP(mask, NR_CPUS) = {0};
	unsigned int last = cpus_online() - 1, ran_on;
	struct actor a;

	actor_start(&a, 0);
	actor_run(&a, note_cpu, &ran_on);
	KTEST_EXPECT_EQ(ran_on, 0);
	__set_bit(last, mask);
	rcu_read_lock();
	KTEST_EXPECT_EQ(sched_set_affinity(find_task(a.pid), mask), 0);
	rcu_read_unlock();
	actor_run(&a, note_cpu, &ran_on);
	KTEST_EXPECT_EQ(ran_on, last);
	actor_stop(&a);
}

KTEST(sched, affinity_without_an_online_cpu_is_refused)
{
	DECLARE_BITMAP(mask, NR_CPUS) = {0};

	KTEST_EXPECT_EQ(sched_set_affinity(current, mask), -EINVAL);
	if (cpus_online() < NR_CPUS) {
		__set_bit(cpus_online(), mask);
		KTEST_EXPECT_EQ(sched_set_affinity(current, mask), -EINVAL);
	}
}

/* --- spreading --- */

static u32 visited[NR_CPUS]; /* CPUs on which a spreader ran */
static u32 distinct;         /* A */

/* Busy until all CPUs have been seen busy. Born on one CPU: only stealing brings it elsewhere. */
static void spread(void *unused)
{
	(void)unused;
	while (READ_ONCE(distinct) < cpus_online()) {
		if (!atomic_xchg(&visited[cpu_id()], 1))
			(void)atomic_add_return(&distinct, 1);
		yield_and_relax();
	}
}

KTEST(sched, waiting_tasks_are_stolen_by_idle_cpus)
{
	static struct actor actors[NR_CPUS + 1];
	unsigned int n = cpus_online() + 1;

	for (unsigned int cpu = 0; cpu < cpus_online(); cpu++)
		visited[cpu] = 0;
	WRITE_ONCE(distinct, 0);
	for (unsigned int i = 0; i < n; i++)
		actor_start(&actors[i], -1);
	for (unsigned int i = 0; i < n; i++)
		actor_post(&actors[i], spread, NULL);
	for (unsigned int i = 0; i < n; i++)
		actor_wait(&actors[i]);
	KTEST_EXPECT_EQ(READ_ONCE(distinct), cpus_online());
	for (unsigned int i = 0; i < n; i++)
		actor_stop(&actors[i]);
}

/* --- preemption --- */

static u32 stop_spinning;

/* Gives way to nobody. */
static void spin_until_stopped(void *unused)
{
	(void)unused;
	while (!smp_load_acquire(&stop_spinning))
		cpu_relax();
}

static void stop_spinners(void *unused)
{
	(void)unused;
	smp_store_release(&stop_spinning, 1);
}

KTEST(sched, a_busy_task_is_preempted)
{
	struct actor busy, other;

	WRITE_ONCE(stop_spinning, 0);
	actor_start(&busy, (int)(cpus_online() - 1));
	actor_start(&other, (int)(cpus_online() - 1));
	actor_post(&busy, spin_until_stopped, NULL);
	/* Ends only if the CPU is taken away from the other. */
	actor_run(&other, stop_spinners, NULL);
	actor_wait(&busy);
	KTEST_EXPECT_EQ(READ_ONCE(stop_spinning), 1);
	actor_stop(&busy);
	actor_stop(&other);
}

static struct wait_queue gate = WAIT_QUEUE_INIT(gate);
static u32 gate_open, at_gate; /* at_gate: A */
static struct ktimer opener;

static void open_gate(struct ktimer *timer)
{
	(void)timer;
	WRITE_ONCE(gate_open, 1);
	wake_up_all(&gate);
}

/* Later than a tick that may still be armed from before. */
static void open_gate_later(void *unused)
{
	(void)unused;
	ktimer_start(&opener, time_ns() + 50000000, open_gate);
}

static void wait_at_gate(void)
{
	atomic_inc(&at_gate);
	wait_event(&gate, READ_ONCE(gate_open));
}

static void gate_and_spin(void *unused)
{
	wait_at_gate();
	spin_until_stopped(unused);
}

static void gate_and_stop(void *unused)
{
	wait_at_gate();
	stop_spinners(unused);
}

/*
 * One interrupt wakes two on an idle CPU: neither of them came while the other ran, and still the
 * first must give way.
 */
KTEST(sched, two_that_come_to_an_idle_cpu_share_it)
{
	int cpu = (int)(cpus_online() - 1);
	struct actor first, second, armer;

	stop_spinning = gate_open = at_gate = 0;
	actor_start(&first, cpu);
	actor_start(&second, cpu);
	actor_start(&armer, cpu);
	actor_post(&first, gate_and_spin, NULL);
	while (READ_ONCE(at_gate) != 1)
		yield_and_relax();
	actor_post(&second, gate_and_stop, NULL);
	while (READ_ONCE(at_gate) != 2)
		yield_and_relax();
	actor_run(&armer, open_gate_later, NULL);
	actor_wait(&first);
	actor_wait(&second);
	KTEST_EXPECT_EQ(READ_ONCE(stop_spinning), 1);
	actor_stop(&first);
	actor_stop(&second);
	actor_stop(&armer);
}

KTEST(sched, switches_are_counted_and_hashed)
{
	u64 switches = sched_switches(), hash = sched_hash();
	unsigned int ran_on;
	struct actor a;

	actor_start(&a, -1);
	actor_run(&a, note_cpu, &ran_on);
	actor_stop(&a);
	KTEST_EXPECT(sched_switches() > switches);
	KTEST_EXPECT(sched_hash() != hash);
}
