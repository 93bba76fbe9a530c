/* What the kernel's own threads have used: exact sums, and no time in user mode. */
#include "arch/timer.h"
#include "kernel/base/ktest.h"
#include "kernel/sched.h"
#include "kernel/task.h"

static void spin(u64 ns)
{
	u64 end = time_ns() + ns;

	while (time_ns() < end)
		cpu_relax();
}

KTEST(usage, time_is_charged_exactly)
{
	u64 outer, inner;
	struct usage before, after;

	preempt_disable();
	outer = cpu_cycles();
	before = usage_of_thread(current);
	inner = cpu_cycles();
	spin(300000);
	inner = cpu_cycles() - inner;
	after = usage_of_thread(current);
	outer = cpu_cycles() - outer;
	preempt_enable();
	after.ticks[USAGE_SYSTEM] -= before.ticks[USAGE_SYSTEM];
	KTEST_EXPECT(after.ticks[USAGE_SYSTEM] >= inner);
	KTEST_EXPECT(after.ticks[USAGE_SYSTEM] <= outer);
}

KTEST(usage, a_sleeper_is_not_charged)
{
	struct usage before = usage_of_thread(current), after;
	u64 begin = time_ns(), slept;

	sleep_until(begin + 20000000);
	slept = time_ns() - begin;
	after = usage_of_thread(current);
	KTEST_EXPECT(usage_ns(&after) - usage_ns(&before) < slept);
}

/* Long enough for samples. */
KTEST(usage, the_kernel_is_never_in_user_mode)
{
	struct usage u;

	spin(120000000);
	u = usage_of_thread(current);
	KTEST_EXPECT_EQ(u.ticks[USAGE_USER], 0);
	u = usage_of_group(current->group);
	KTEST_EXPECT_EQ(u.ticks[USAGE_USER], 0);
	KTEST_EXPECT(u.ticks[USAGE_SYSTEM] > 0);
}
