/*
 * Calls between CPUs and the flush of kernel translations: a call reaches each CPU that was asked
 * for once and no other, also by NMI and while every CPU calls every other; after
 * tlb_flush_kernel_all() no CPU reads through an old translation.
 */
#include "arch/call.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/uaccess.h"
#include "arch/x86/regs.h"
#include "kernel/base/ktest.h"
#include "kernel/base/preempt.h"
#include "kernel/workers.h"
#include "mm/buddy.h"
#include "mm/pgtable.h"
#include "mm/vmalloc.h"

static u32 hits[NR_CPUS];  /* A: calls that ran on the CPU */
static u32 calls[NR_CPUS]; /* A: calls of the CPU's that were run elsewhere */
static u32 wrong;          /* A: runs in the wrong context */

static void count_hit(void *arg)
{
	if (irqs_enabled() || preempt_depth() == 0)
		atomic_inc(&wrong);
	atomic_inc(&hits[cpu_id()]);
	if (arg)
		atomic_inc((u32 *)arg);
}

static void clear_counts(void)
{
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++) {
		WRITE_ONCE(hits[cpu], 0);
		WRITE_ONCE(calls[cpu], 0);
	}
	WRITE_ONCE(wrong, 0);
}

/* One call from wherever this runs; expects just the online CPUs of `mask` but the caller. */
static void call_and_check(const unsigned long *mask)
{
	unsigned int self, sent, want = 0, cpu;
	u32 total = 0;

	clear_counts();
	preempt_disable();
	self = cpu_id();
	sent = cpu_call_mask(mask, count_hit, &total);
	preempt_enable();
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		bool asked = test_bit(cpu, mask) && cpu_online(cpu) && cpu != self;

		KTEST_EXPECT_EQ(hits[cpu], asked);
		want += asked;
	}
	KTEST_EXPECT_EQ(total, want);
	/* Nobody else calls, so no interrupt was saved. */
	KTEST_EXPECT_EQ(sent, want);
	KTEST_EXPECT_EQ(wrong, 0);
}

KTEST(call, reaches_just_who_was_asked)
{
	DECLARE_BITMAP(mask, NR_CPUS) = {0};
	unsigned int cpu;

	call_and_check(mask);
	for_each_online_cpu (cpu) {
		__set_bit(cpu, mask);
		call_and_check(mask);
		__clear_bit(cpu, mask);
	}
	call_and_check(cpu_online_mask);
	for (unsigned int round = 0; round < 50; round++) {
		for (size_t w = 0; w < BITS_TO_LONGS(NR_CPUS); w++)
			mask[w] = ktest_random();
		mask[BITS_TO_LONGS(NR_CPUS) - 1] &= BIT(NR_CPUS % BITS_PER_LONG) - 1;
		call_and_check(mask);
	}
}

/* Enough of them to meet, not so many that 64 CPUs take a minute. */
static unsigned int rounds_for(unsigned int total)
{
	return MAX(4, total / (nr_cpus * nr_cpus));
}

/* Everybody starts at once, so that the windows overlap. */
static u32 arrived; /* A */

static void meet(u32 *point)
{
	(void)atomic_add_return(point, 1);
	while (READ_ONCE(*point) < nr_cpus)
		cpu_relax();
}

static void call_everybody(void *arg)
{
	unsigned int rounds = *(const unsigned int *)arg, self = cpu_id();

	meet(&arrived);
	for (unsigned int i = 0; i < rounds; i++)
		cpu_call_mask(cpu_online_mask, count_hit, &calls[self]);
}

KTEST(call, all_cpus_call_all_cpus)
{
	unsigned int rounds = rounds_for(8000), cpu;

	clear_counts();
	WRITE_ONCE(arrived, 0);
	run_on_each_cpu(call_everybody, &rounds);
	for_each_online_cpu (cpu) {
		KTEST_EXPECT_EQ(hits[cpu], rounds * (nr_cpus - 1));
		KTEST_EXPECT_EQ(calls[cpu], rounds * (nr_cpus - 1));
	}
	KTEST_EXPECT_EQ(wrong, 0);
}

/* A call has finished everywhere when it returns: its argument may be a local variable. */
static void add_to(void *arg)
{
	for (unsigned int i = 0; i < 20; i++)
		cpu_relax();
	atomic_inc((u32 *)arg);
}

static void call_with_locals(void *arg)
{
	unsigned int rounds = *(const unsigned int *)arg;

	meet(&arrived);
	for (unsigned int i = 0; i < rounds; i++) {
		u32 local = 0;

		cpu_call_mask(cpu_online_mask, add_to, &local);
		KTEST_EXPECT_EQ(READ_ONCE(local), nr_cpus - 1);
	}
}

KTEST(call, returns_when_all_have_run)
{
	unsigned int rounds = rounds_for(3000);

	WRITE_ONCE(arrived, 0);
	run_on_each_cpu(call_with_locals, &rounds);
}

/* --- by NMI --- */

static void read_nowhere(void *arg)
{
	u64 value;

	count_hit(NULL);
	*(int *)arg = probe_kernel_read(&value, (void *)KSTACK_START);
}

#define ROUNDS 100

static void settled(void *unused)
{
	(void)unused;
}

/* By NMI, and then by interrupt: which is answered when the NMI has been left (arch/call.h). */
static void ask_by_nmi(unsigned int cpu, int *read)
{
	DECLARE_BITMAP(mask, NR_CPUS) = {0};

	cpu_call_nmi(cpu, read_nowhere, read);
	__set_bit(cpu, mask);
	cpu_call_mask(mask, settled, NULL);
}

/* Also one that takes a page fault, whose IRET is not the NMI's. */
KTEST(call, nmi_runs_on_the_cpu_that_was_asked)
{
	unsigned int self, cpu, other;

	preempt_disable();
	self = cpu_id();
	for_each_online_cpu (cpu) {
		int read = 0;

		if (cpu == self)
			continue;
		clear_counts();
		for (unsigned int i = 0; i < ROUNDS; i++)
			ask_by_nmi(cpu, &read);
		KTEST_EXPECT_EQ(read, -EFAULT);
		KTEST_EXPECT_EQ(wrong, 0);
		for_each_online_cpu (other)
			KTEST_EXPECT_EQ(hits[other], other == cpu ? ROUNDS : 0);
	}
	preempt_enable();
}

/* --- kernel translations --- */

#define MAPPINGS 8

static struct {
	volatile u64 *window;         /* one page of vmalloc space that is remapped */
	struct page *pages[MAPPINGS]; /* each holds its number */
	u32 met[2 * MAPPINGS];        /* A: barriers */
	u32 stale;                    /* A */
} remap;

/* Entry of the window from page i - 1 to page i, as vfree() and vmalloc() would. */
static void remap_window(unsigned int i)
{
	unsigned long va = (unsigned long)remap.window;

	kunmap_pages(va, 1);
	KTEST_EXPECT_EQ(kmap_pages(va, &remap.pages[i], 1), 0);
	tlb_flush_kernel_all();
}

/* Each CPU reads every mapping before and after; one of them, another each time, remaps. */
static void read_remapped(void *arg)
{
	unsigned int self = cpu_id();

	(void)arg;
	for (unsigned int i = 0; i < MAPPINGS; i++) {
		if (self == i % nr_cpus && i > 0)
			remap_window(i);
		meet(&remap.met[2 * i]);
		if (*remap.window != i)
			atomic_inc(&remap.stale);
		meet(&remap.met[2 * i + 1]);
	}
}

KTEST(call, kernel_flush_reaches_every_cpu)
{
	unsigned long va = (unsigned long)vmalloc(PAGE_SIZE);
	unsigned int n;

	KTEST_EXPECT(va);
	if (!va)
		return;
	remap.window = (volatile u64 *)va;
	remap.pages[0] = phys_to_page(pte_phys(*pt_walk(swapper_pg_dir, va, 1, false)));
	for (n = 1; n < MAPPINGS; n++) {
		remap.pages[n] = alloc_page(GFP_KERNEL);
		KTEST_EXPECT(remap.pages[n]);
		if (!remap.pages[n])
			goto out;
	}
	for (unsigned int i = 0; i < MAPPINGS; i++)
		*(u64 *)page_address(remap.pages[i]) = i;
	for (unsigned int i = 0; i < 2 * MAPPINGS; i++)
		WRITE_ONCE(remap.met[i], 0);
	WRITE_ONCE(remap.stale, 0);
	run_on_each_cpu(read_remapped, NULL);
	KTEST_EXPECT_EQ(remap.stale, 0);
	/* Back to the page that vfree() will free. */
	remap_window(0);
	KTEST_EXPECT_EQ(*remap.window, 0);
out:
	while (n-- > 1)
		free_page(remap.pages[n]);
	vfree((void *)va);
}

/* It came between STI and HLT: what was held off there must not be slept through. */
KTEST(call, nmi_before_the_halt_steps_over_it)
{
	struct regs regs = {.rip = (u64)cpu_halt_instruction};

	KTEST_EXPECT_EQ(*(const u8 *)cpu_halt_instruction, 0xf4);
	trap_leave_halt(&regs);
	KTEST_EXPECT_EQ(regs.rip, (u64)cpu_halt_instruction + 1);
	trap_leave_halt(&regs);
	KTEST_EXPECT_EQ(regs.rip, (u64)cpu_halt_instruction + 1);
}
