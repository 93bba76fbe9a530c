/* How deep stacks have been: a task that was deeper than all others is remembered. Debug builds only. */
#include "kernel/base/ktest.h"
#include "kernel/sched.h"
#include "kernel/stackcheck.h"
#include "kernel/kstack.h"
#include "kernel/tests/actor.h"

#define DEPTH 9000

static unsigned long depth_seen;

static noinline void go_deep(void)
{
	volatile u8 frame[DEPTH];

	for (unsigned int i = 0; i < DEPTH; i += 64)
		frame[i] = (u8)i;
	(void)frame[0];
}

static int deep_thread(void *done)
{
	go_deep();
	depth_seen = stackcheck_depth(current->thread.stack_top);
	stackcheck_note(current);
	smp_store_release((bool *)done, true);
	return 0;
}

KTEST(stackcheck, the_deepest_is_remembered)
{
	bool done = false;

	KTEST_EXPECT(!IS_ERR(kthread_create(deep_thread, &done, "deep", -1)));
	while (!smp_load_acquire(&done)) {
		sched_give_way();
		cpu_relax();
	}
	KTEST_EXPECT(depth_seen >= DEPTH && depth_seen < KSTACK_SIZE);
}

KTEST(stackcheck, a_new_stack_is_not_used_yet)
{
	unsigned long top;

	/* Those that were used before are given back first, so that one is made. */
	kstack_cache_drain();
	kstack_drain();
	top = kstack_alloc();
	KTEST_EXPECT(top && (stackcheck_depth(top) < KSTACK_SIZE));
	((volatile u64 *)top)[-1 - 512] = 0;
	KTEST_EXPECT(stackcheck_depth(top) >= 513 * sizeof(u64));
	kstack_free(top);
}
