/*
 * The machinery of race points itself: who is parked where, in which order rules let CPUs go on,
 * what a point's function finds, and that yields by seed open a window. On one CPU too: there a
 * parked task waits with preemption on, and another one releases it.
 */
#include "kernel/base/racepoint.h"

#include "arch/cpu.h"
#include "arch/smp.h"
#include "arch/timer.h"
#include "boot/bootinfo.h"
#include "kernel/base/ktest.h"
#include "kernel/base/printk.h"
#include "kernel/base/string.h"
#include "kernel/racepoint.h"
#include "kernel/sched.h"
#include "kernel/tests/actor.h"

/* The last CPU: another one than 0, where there are two. */
static int other_cpu(void)
{
	return (int)cpus_online() - 1;
}

static u32 steps;

static void step(void *arg)
{
	(void)arg;
	RACE_POINT(test_step);
	WRITE_ONCE(steps, steps + 1);
}

static void five_steps(void *arg)
{
	for (int i = 0; i < 5; i++)
		step(arg);
}

KTEST(racepoint, parks_until_released)
{
	struct actor a;

	steps = 0;
	actor_start(&a, other_cpu());
	race_park("test_step", other_cpu(), 1);
	actor_post(&a, step, NULL);
	KTEST_EXPECT_EQ(race_wait_parked("test_step"), other_cpu());
	KTEST_EXPECT_EQ(READ_ONCE(steps), 0);
	KTEST_EXPECT_EQ(race_passed("test_step", RACE_ANY_CPU), 0);
	race_release("test_step");
	actor_wait(&a);
	KTEST_EXPECT_EQ(steps, 1);
	KTEST_EXPECT_EQ(race_passed("test_step", RACE_ANY_CPU), 1);
	/* Once is once. */
	actor_run(&a, step, NULL);
	KTEST_EXPECT_EQ(race_passed("test_step", other_cpu()), 2);
	actor_stop(&a);
}

KTEST(racepoint, parks_again_elsewhere)
{
	struct actor a;

	steps = 0;
	for (int cpu = other_cpu(); cpu >= 0; cpu -= MAX(other_cpu(), 1)) {
		actor_start(&a, cpu);
		race_park("test_step", cpu, 1);
		actor_post(&a, step, NULL);
		KTEST_EXPECT_EQ(race_wait_parked("test_step"), cpu);
		race_release("test_step");
		actor_wait(&a);
		actor_stop(&a);
	}
	KTEST_EXPECT_EQ(steps, MIN(cpus_online(), 2u));
}

KTEST(racepoint, parks_at_the_nth_time)
{
	struct actor a;

	actor_start(&a, other_cpu());
	for (u32 nth = 1; nth <= 5; nth++) {
		race_reset();
		steps = 0;
		race_park("test_step", RACE_ANY_CPU, nth);
		actor_post(&a, five_steps, NULL);
		race_wait_parked("test_step");
		KTEST_EXPECT_EQ(READ_ONCE(steps), nth - 1);
		KTEST_EXPECT_EQ(race_passed("test_step", RACE_ANY_CPU), nth - 1);
		race_release("test_step");
		actor_wait(&a);
		KTEST_EXPECT_EQ(steps, 5);
	}
	actor_stop(&a);
}

KTEST(racepoint, parks_only_the_first_of_two)
{
	struct actor a, b;

	steps = 0;
	actor_start(&a, other_cpu());
	actor_start(&b, 0);
	race_park("test_step", RACE_ANY_CPU, 1);
	actor_post(&a, step, NULL);
	race_wait_parked("test_step");
	/* The second one that comes to the same point is not asked to wait. */
	actor_run(&b, step, NULL);
	KTEST_EXPECT_EQ(steps, 1);
	race_release("test_step");
	actor_wait(&a);
	KTEST_EXPECT_EQ(steps, 2);
	actor_stop(&a);
	actor_stop(&b);
}

KTEST(racepoint, waits_only_on_the_named_cpu)
{
	struct actor a, b;

	if (cpus_online() < 2)
		KTEST_SKIP("one CPU");
	steps = 0;
	actor_start(&a, other_cpu());
	actor_start(&b, 0);
	race_park("test_step", other_cpu(), 2);
	actor_run(&b, five_steps, NULL);
	KTEST_EXPECT_EQ(race_passed("test_step", 0), 5);
	actor_run(&a, step, NULL);
	actor_post(&a, step, NULL);
	KTEST_EXPECT_EQ(race_wait_parked("test_step"), other_cpu());
	KTEST_EXPECT_EQ(race_passed("test_step", other_cpu()), 1);
	race_release("test_step");
	actor_wait(&a);
	actor_stop(&a);
	actor_stop(&b);
}

KTEST(racepoint, released_before_it_comes)
{
	struct actor a;

	steps = 0;
	actor_start(&a, other_cpu());
	race_park("test_step", RACE_ANY_CPU, 1);
	race_release("test_step");
	actor_run(&a, step, NULL);
	KTEST_EXPECT_EQ(steps, 1);
	actor_stop(&a);
}

KTEST(racepoint, reset_lets_everybody_go)
{
	struct actor a;

	steps = 0;
	actor_start(&a, other_cpu());
	race_park("test_step", RACE_ANY_CPU, 1);
	actor_post(&a, step, NULL);
	race_wait_parked("test_step");
	race_reset();
	actor_wait(&a);
	KTEST_EXPECT_EQ(steps, 1);
	/* No rule is left, and the slots for rules are free again. */
	for (int i = 0; i < 40; i++) {
		race_reset();
		race_park("test_step", RACE_ANY_CPU, 1);
	}
	race_reset();
	actor_run(&a, step, NULL);
	KTEST_EXPECT_EQ(race_passed("test_step", RACE_ANY_CPU), 1);
	actor_stop(&a);
}

/* --- orders --- */

static char order[16];
static u32 nr_order; /* atomic */

static void note(char who)
{
	order[atomic_fetch_add(&nr_order, 1)] = who;
}

static void be_first(void *arg)
{
	(void)arg;
	RACE_POINT(test_before_a);
	note('a');
	RACE_POINT(test_after_a);
}

static void be_second(void *arg)
{
	(void)arg;
	RACE_POINT(test_before_b);
	note('b');
	RACE_POINT(test_after_b);
}

static void be_third(void *arg)
{
	(void)arg;
	RACE_POINT(test_before_c);
	note('c');
	RACE_POINT(test_after_c);
}

/* Three tasks at once, on CPUs of their own where there are three; what order the rules make. */
static void expect_order(const char *rules, const char *want)
{
	static void (*const fns[])(void *) = {be_first, be_second, be_third};
	struct actor actors[3];

	race_reset();
	race_sched(rules);
	memset(order, 0, sizeof(order));
	nr_order = 0;
	for (unsigned int i = 0; i < 3; i++)
		actor_start(&actors[i], (int)(i % cpus_online()));
	for (unsigned int i = 0; i < 3; i++)
		actor_post(&actors[i], fns[i], NULL);
	for (unsigned int i = 0; i < 3; i++) {
		actor_wait(&actors[i]);
		actor_stop(&actors[i]);
	}
	if (strcmp(order, want))
		printk("# %s gave %s\n", rules, order);
	KTEST_EXPECT(!strcmp(order, want));
}

KTEST(racepoint, rules_make_every_order)
{
	expect_order("test_before_b:test_after_a,test_before_c:test_after_b", "abc");
	expect_order("test_before_a:test_after_b,test_before_c:test_after_a", "bac");
	expect_order("test_before_b:test_after_c,test_before_a:test_after_b", "cba");
	expect_order("test_before_c:test_after_a,test_before_b:test_after_c", "acb");
	expect_order("test_before_a:test_after_c,test_before_b:test_after_a", "cab");
	expect_order("test_before_c:test_after_b,test_before_a:test_after_c", "bca");
}

KTEST(racepoint, rules_may_stand_in_any_order)
{
	expect_order("test_before_c:test_after_b,test_before_b:test_after_a", "abc");
	/* Two rules at one point: both must be met. */
	expect_order(
		"test_before_a:test_after_b,test_before_b:test_after_c,test_before_a:test_after_c",
		"cba");
}

static void two_rounds(void *arg)
{
	be_first(arg);
	be_first(arg);
}

KTEST(racepoint, a_rule_counts_both_sides)
{
	struct actor a, b;

	memset(order, 0, sizeof(order));
	nr_order = 0;
	race_sched("test_before_a/2:test_after_b/2");
	actor_start(&a, 0);
	actor_start(&b, other_cpu());
	race_park("test_before_b", RACE_ANY_CPU, 1);
	actor_post(&b, be_second, NULL);
	race_wait_parked("test_before_b");
	actor_post(&a, two_rounds, NULL);
	while (READ_ONCE(nr_order) < 1)
		yield_and_relax();
	race_release("test_before_b");
	actor_wait(&b);
	for (int i = 0; i < 20; i++)
		yield_and_relax();
	KTEST_EXPECT_EQ(READ_ONCE(nr_order), 2); /* one pass of two */
	actor_run(&b, be_second, NULL);
	actor_wait(&a);
	KTEST_EXPECT(!strcmp(order, "abba"));
	actor_stop(&a);
	actor_stop(&b);
}

/* --- a function at a point --- */

static struct {
	u32 calls, depth, value;
	unsigned int cpu;
	bool irqs;
} found;

static u32 window;

static void look(void *arg)
{
	found.calls++;
	found.depth = preempt_depth();
	found.irqs = irqs_enabled();
	found.cpu = cpu_id();
	found.value = window;
	window = *(const u32 *)arg;
	RACE_POINT(test_window); /* the same point within: not a second call */
}

static u32 pass_window(void)
{
	u32 seen;

	window = 1;
	RACE_POINT(test_window);
	seen = READ_ONCE(window);
	window = 2;
	return seen;
}

KTEST(racepoint, a_function_runs_between_two_instructions)
{
	u32 put = 77;
	unsigned long flags;

	race_on("test_window", RACE_ANY_CPU, 1, look, &put);
	memset(&found, 0, sizeof(found));
	flags = irq_save();
	preempt_disable();
	KTEST_EXPECT_EQ(pass_window(), 77);
	KTEST_EXPECT_EQ(pass_window(), 1);
	KTEST_EXPECT_EQ(found.cpu, cpu_id());
	KTEST_EXPECT(!irqs_enabled());
	preempt_enable_no_resched();
	irq_restore(flags);
	KTEST_EXPECT_EQ(found.calls, 1);
	KTEST_EXPECT_EQ(found.value, 1);
	KTEST_EXPECT_EQ(found.depth, 1);
	KTEST_EXPECT(!found.irqs);
	/* The inner pass, the outer one, and the second. */
	KTEST_EXPECT_EQ(race_passed("test_window", RACE_ANY_CPU), 3);
}

KTEST(racepoint, a_function_finds_the_context_of_its_point)
{
	u32 put = 5;

	race_on("test_window", RACE_ANY_CPU, 2, look, &put);
	memset(&found, 0, sizeof(found));
	KTEST_EXPECT_EQ(pass_window(), 1);
	KTEST_EXPECT_EQ(pass_window(), 5);
	KTEST_EXPECT_EQ(found.calls, 1);
	KTEST_EXPECT_EQ(found.depth, 0);
	KTEST_EXPECT(found.irqs);
}

static void step_undisturbed(void *arg)
{
	unsigned long flags = irq_save();

	preempt_disable();
	step(arg);
	KTEST_EXPECT(!irqs_enabled());
	KTEST_EXPECT_EQ(preempt_depth(), 1);
	preempt_enable_no_resched();
	irq_restore(flags);
}

KTEST(racepoint, parks_with_interrupts_and_preemption_off)
{
	struct actor a;

	if (cpus_online() < 2)
		KTEST_SKIP("one CPU: nobody could release it");
	stay_on_cpu(0); /* on the other one it could never release it */
	steps = 0;
	actor_start(&a, other_cpu());
	race_park("test_step", other_cpu(), 1);
	actor_post(&a, step_undisturbed, NULL);
	race_wait_parked("test_step");
	race_release("test_step");
	actor_wait(&a);
	KTEST_EXPECT_EQ(steps, 1);
	actor_stop(&a);
	stay_on_cpu(-1);
}

/* --- yields by seed --- */

#define THREADS 4
#define ROUNDS  1000

static u32 counter;

/* Loses an increment when somebody else comes in between. */
static void increment(void)
{
	u32 value = READ_ONCE(counter);

	RACE_POINT(test_increment);
	WRITE_ONCE(counter, value + 1);
}

static int increment_undisturbed(void *number)
{
	(void)number;
	for (int i = 0; i < ROUNDS; i++) {
		preempt_disable();
		increment();
		preempt_enable();
	}
	return 0;
}

static int increment_on_one_cpu(void *number)
{
	(void)number;
	stay_on_cpu(0);
	for (int i = 0; i < ROUNDS; i++)
		increment();
	return 0;
}

/* Only under icount is the schedule the seed's; else the host may let each thread finish. */
static bool yields_are_certain(void)
{
	char icount[8];

	return boot_option_u64("seed", 1) && boot_option("icount", icount, sizeof(icount));
}

static void expect_lost(int (*thread)(void *))
{
	counter = 0;
	run_crowd(THREADS, thread);
	KTEST_EXPECT_EQ(race_passed("test_increment", RACE_ANY_CPU), THREADS * ROUNDS);
	KTEST_EXPECT(counter < THREADS * ROUNDS);
	printk("# racepoint: %u of %u increments lost\n", THREADS * ROUNDS - counter,
	       THREADS * ROUNDS);
}

KTEST(racepoint, yields_let_other_cpus_in)
{
	if (!yields_are_certain())
		KTEST_SKIP("no seed, or no icount");
	if (cpus_online() < 2)
		KTEST_SKIP("one CPU");
	expect_lost(increment_undisturbed);
}

/* The tick alone would switch a few times only. */
KTEST(racepoint, yields_let_other_tasks_in)
{
	u64 switches = sched_switches();

	if (!yields_are_certain())
		KTEST_SKIP("no seed, or no icount");
	expect_lost(increment_on_one_cpu);
	KTEST_EXPECT(sched_switches() - switches > THREADS * ROUNDS / 32);
}
