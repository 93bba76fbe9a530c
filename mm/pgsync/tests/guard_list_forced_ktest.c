/*
 * Guards of the strategy `list` and its one global lock: every fork, exec and exit takes it, so who
 * holds it and who waits for it must let interrupts in, and an interrupt may not want it (I32).
 *
 * Linux has had both deadlocks: a79e53d85683 (2011), where a CPU waited for pgd_lock with interrupts
 * off and its holder for that CPU's answer; and 7283094ec3db (2016), where a callback in an interrupt
 * freed a root.
 */
#include "arch/call.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/timer.h"
#include "kernel/base/ktest.h"
#include "kernel/base/wait.h"
#include "kernel/timer.h"
#include "mm/pgsync/tests/guard.h"

/* For the tests below: skipped under every other strategy. */
static bool begin(unsigned int cpus)
{
	if (!strategy_is("list")) {
		ktest_skip("no other strategy has a lock here");
		return false;
	}
	return guard_begin(cpus);
}

/* --- a timer fires in the section that makes a root --- */

static struct {
	struct ktimer timer;
	struct wait_queue wq;
	bool fired, irqs_on;
} tick = {.wq = WAIT_QUEUE_INIT(tick.wq)};

static void on_tick(struct ktimer *timer)
{
	(void)timer;
	WRITE_ONCE(tick.fired, true);
	wake_up_all(&tick.wq);
}

/* In the middle of the copy, under the lock: a timer of this CPU, and the wait for it. */
static void let_timer_fire(void *unused)
{
	(void)unused;
	tick.irqs_on = irqs_enabled();
	ktimer_start(&tick.timer, time_ns(), on_tick);
	while (tick.irqs_on && !READ_ONCE(tick.fired))
		cpu_relax();
}

/*
 * What a callback does that finds a slot missing: it may not grow, since growth waits for pgd_lock,
 * which the interrupted code may hold. It wakes a thread that does.
 */
static void grow_when_it_ticks(void *unused)
{
	(void)unused;
	wait_event(&tick.wq, READ_ONCE(tick.fired));
	grow_test_slot(NULL);
}

KTEST(guard, i32_a_timer_in_the_middle_of_a_registration_asks_for_growth)
{
	struct newborn n = {0};
	struct actor forker, grower;
	int cpu = (int)last_cpu();

	if (!begin(2))
		return;
	tick.fired = tick.irqs_on = false;
	actor_start(&forker, cpu);
	actor_start(&grower, cpu);
	actor_post(&grower, grow_when_it_ticks, NULL);
	race_on("copy_loaded", cpu, 1, let_timer_fire, NULL);
	actor_run(&forker, be_born, &n);
	KTEST_EXPECT(tick.irqs_on);
	actor_wait(&grower);
	KTEST_EXPECT(kroot_ready(TEST_SLOT));
	KTEST_EXPECT(root_has(n.mm->root, TEST_SLOT));
	KTEST_EXPECT_EQ(audit_now().missing, 0);
	pass_away(&n);
	actor_stop(&forker);
	actor_stop(&grower);
	guard_end();
}

/* --- who waits for the lock answers --- */

static struct {
	unsigned int cpu;
	u32 hits;
} call;

static void count_hit(void *unused)
{
	(void)unused;
	WRITE_ONCE(call.hits, call.hits + 1);
}

static void call_that_cpu(void *unused)
{
	DECLARE_BITMAP(mask, NR_CPUS) = {0};

	(void)unused;
	__set_bit(call.cpu, mask);
	(void)cpu_call_mask(mask, count_hit, NULL);
}

/*
 * One CPU grows and holds the lock; a second one, the actor b, does fn(arg), for which it needs the
 * lock; a third one needs an answer of the second. That must not have to wait for the first.
 */
static void answers_while_it_waits(struct actor *b, void (*fn)(void *arg), void *arg)
{
	int a_cpu = (int)last_cpu(), c_cpu = a_cpu - 2;
	struct actor a, c;

	call.cpu = (unsigned int)a_cpu - 1;
	call.hits = 0;
	actor_start(&a, a_cpu);
	actor_start(&c, c_cpu);
	race_park("grow_stored", a_cpu, 1);
	actor_post(&a, grow_test_slot, NULL);
	race_wait_parked("grow_stored");
	actor_post(b, fn, arg);
	give_time();
	/* It is there: growth holds the lock that it needs. */
	KTEST_EXPECT(b->done != b->posted);
	actor_post(&c, call_that_cpu, NULL);
	for (int i = 0; i < 20 && !READ_ONCE(call.hits); i++)
		give_time();
	KTEST_EXPECT_EQ(READ_ONCE(call.hits), 1);
	race_release("grow_stored");
	actor_wait(&a);
	actor_wait(b);
	actor_wait(&c);
	actor_stop(&a);
	actor_stop(&c);
}

static void end_of_life(void *newborn)
{
	pass_away(newborn);
}

KTEST(guard, i32_who_waits_to_register_answers_interrupts)
{
	struct newborn n = {0};
	struct actor b;

	if (!begin(4))
		return;
	actor_start(&b, (int)last_cpu() - 1);
	answers_while_it_waits(&b, be_born, &n);
	KTEST_EXPECT(root_has(n.mm->root, TEST_SLOT));
	pass_away(&n);
	actor_stop(&b);
	guard_end();
}

KTEST(guard, i32_who_waits_to_leave_the_list_answers_interrupts)
{
	struct newborn n = {0};
	struct actor b;

	if (!begin(4))
		return;
	actor_start(&b, (int)last_cpu() - 1);
	actor_run(&b, be_born, &n);
	answers_while_it_waits(&b, end_of_life, &n);
	KTEST_EXPECT_EQ(audit_now().missing, 0);
	actor_stop(&b);
	guard_end();
}
