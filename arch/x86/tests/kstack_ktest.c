/*
 * Kernel stacks and exception stacks: guards are holes in the page tables, the questions that the
 * fault handler asks are answered right at every border, the root slot is one that every root has
 * from birth (I30), and a stack that comes and goes leaves nothing behind.
 */
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/x86/desc.h"
#include "kernel/base/ktest.h"
#include "kernel/base/string.h"
#include "kernel/drain.h"
#include "kernel/kstack.h"
#include "kernel/task.h"
#include "kernel/workers.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/pgsync/pgsync.h"
#include "mm/pgtable.h"

#define STACKS 70 /* more than a CPU caches */

static bool mapped(unsigned long va)
{
	pte_t *entry = pt_walk(swapper_pg_dir, va, 1, false);

	return entry && pte_present(*entry);
}

/* The stack that ends at `top`, its guard below, and what kstack.h says of both. Any CPU. */
static void expect_stack(unsigned long top)
{
	unsigned long base = top - KSTACK_SIZE, va;

	KTEST_EXPECT(IS_ALIGNED(top - KSTACK_START, 2 * KSTACK_SIZE));
	KTEST_EXPECT_EQ(root_slot(base), root_slot(KSTACK_START));
	for (va = base; va < top; va += PAGE_SIZE) {
		KTEST_EXPECT(mapped(va));
		KTEST_EXPECT(kstack_contains(va) && kstack_contains(va + PAGE_SIZE - 1));
		KTEST_EXPECT(!kstack_guard(va) && !kstack_guard(va + PAGE_SIZE - 1));
	}
	for (va = base - KSTACK_SIZE; va < base; va += PAGE_SIZE) {
		KTEST_EXPECT(!mapped(va));
		KTEST_EXPECT(!kstack_contains(va) && !kstack_contains(va + PAGE_SIZE - 1));
		KTEST_EXPECT(kstack_guard(va) && kstack_guard(va + PAGE_SIZE - 1));
	}
}

static void expect_own_stack(void *arg)
{
	unsigned long here = (unsigned long)__builtin_frame_address(0);

	(void)arg;
	KTEST_EXPECT(here < current->thread.stack_top &&
		     here >= current->thread.stack_top - KSTACK_SIZE);
	KTEST_EXPECT(kstack_contains(here));
	expect_stack(current->thread.stack_top);
}

KTEST(kstack, running_threads_have_guards)
{
	unsigned int cpu;

	expect_own_stack(NULL);
	run_on_each_cpu(expect_own_stack, NULL);
	for (cpu = 1; cpu < nr_cpus; cpu++)
		expect_stack(ap_stack_top(cpu));
}

KTEST(kstack, only_stacks_are_stacks)
{
	static char variable;
	unsigned long far = KSTACK_START + KSTACK_AREA - KSTACK_SIZE;
	unsigned long others[] = {0,
				  USER_END - 1,
				  PAGE_OFFSET,
				  KSTACK_START - 1,
				  KSTACK_START + KSTACK_AREA,
				  far,
				  (unsigned long)&variable,
				  (unsigned long)expect_stack,
				  ~0UL};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		KTEST_EXPECT(!kstack_contains(others[i]));
		KTEST_EXPECT(!kstack_guard(others[i]));
	}
	/* The first place of all begins with its guard. */
	KTEST_EXPECT(kstack_guard(KSTACK_START));
}

KTEST(kstack, slot_is_in_every_loaded_root)
{
	unsigned int slot = root_slot(KSTACK_START), cpu;

	KTEST_EXPECT(pte_present(swapper_pg_dir[slot]));
	KTEST_EXPECT(kroot_ready(slot));
	for_each_online_cpu (cpu) {
		const struct mm_root *root = loaded_root(cpu);

		KTEST_EXPECT(root && pte_same(root->pgd[slot], swapper_pg_dir[slot]));
	}
}

static unsigned int take_stacks(unsigned long *tops)
{
	unsigned int n;

	for (n = 0; n < STACKS; n++) {
		tops[n] = kstack_alloc();
		if (!tops[n])
			break;
		/* Every page of it belongs to nobody else: the words below must survive. */
		for (unsigned long va = tops[n] - KSTACK_SIZE; va < tops[n]; va += PAGE_SIZE)
			*(unsigned long *)va = va ^ tops[n];
	}
	return n;
}

static void check_and_free(const unsigned long *tops, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		expect_stack(tops[i]);
		for (unsigned long va = tops[i] - KSTACK_SIZE; va < tops[i]; va += PAGE_SIZE)
			KTEST_EXPECT_EQ(*(unsigned long *)va, va ^ tops[i]);
	}
	for (unsigned int i = 0; i < n; i++)
		kstack_free(tops[i]);
}

static u64 drained_pages(void)
{
	drain_all();
	return nr_free_pages();
}

KTEST(kstack, cycles_leak_nothing)
{
	static unsigned long tops[STACKS];
	unsigned int n;
	u64 before;

	/* Once before counting: page tables of places used for the first time stay (I20). */
	n = take_stacks(tops);
	check_and_free(tops, n);
	KTEST_EXPECT_EQ(n, STACKS);
	before = drained_pages();
	for (unsigned int round = 0; round < 3; round++) {
		n = take_stacks(tops);
		KTEST_EXPECT_EQ(n, STACKS);
		KTEST_EXPECT_EQ(nr_free_pages(), before - STACKS * KSTACK_PAGES);
		check_and_free(tops, n);
		KTEST_EXPECT_EQ(drained_pages(), before);
		/* Unmapped: a use after free is a fault, not another thread's stack. */
		for (unsigned int i = 0; i < n; i++)
			KTEST_EXPECT(!mapped(tops[i] - PAGE_SIZE));
	}
}

KTEST(kstack, failed_allocations_leak_nothing)
{
	unsigned long top = kstack_alloc();
	u64 before;
	long nth;

	/* From the drain on there is a free place that was used before and has its page tables. */
	KTEST_EXPECT(top);
	if (top)
		kstack_free(top);
	before = drained_pages();
	top = 0;
	for (nth = 1; !top && nth < 20; nth++) {
		alloc_fail_nth(nth);
		top = kstack_alloc();
		alloc_fail_nth(0);
		if (top)
			kstack_free(top);
		KTEST_EXPECT_EQ(drained_pages(), before);
	}
	/* It takes a page for each page of the stack, so each of them was refused once. */
	KTEST_EXPECT(top && nth > (long)(KSTACK_SIZE / PAGE_SIZE));
}

KTEST(kstack, exception_stacks)
{
	unsigned int cpu, other, i, j;

	for_each_cpu (cpu) {
		const struct tss *tss = per_cpu_ptr(&cpu_tss, cpu);

		for (i = 0; i < IST_STACKS; i++) {
			u64 rsp = tss->ist[i], end = rsp + 2 * sizeof(u64);

			/* entry.asm finds the GS base by the alignment. */
			KTEST_EXPECT(IS_ALIGNED(end, IST_STACK_SIZE) && IS_ALIGNED(rsp, 16));
			KTEST_EXPECT_EQ(((u64 *)end)[-1], percpu_offset[cpu]);
			KTEST_EXPECT(desc_on_ist_stack(end - 1));
			KTEST_EXPECT(desc_on_ist_stack(end - IST_STACK_SIZE));
			KTEST_EXPECT(!kstack_contains(rsp));
			for (other = 0; other <= cpu; other++)
				for (j = 0; j < (other < cpu ? IST_STACKS : i); j++)
					KTEST_EXPECT(per_cpu_ptr(&cpu_tss, other)->ist[j] != rsp);
		}
		for (; i < ARRAY_SIZE(tss->ist); i++)
			KTEST_EXPECT_EQ(tss->ist[i], 0);
		KTEST_EXPECT_EQ(tss->iomap_base, sizeof(*tss));
	}
	KTEST_EXPECT(!desc_on_ist_stack((unsigned long)__builtin_frame_address(0)));
}
