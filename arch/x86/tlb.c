/*
 * TLB shootdown.
 *
 * An address space knows which CPUs may hold its translations (mm->cpus, see switch_mm()). Who
 * removes an entry stores it first, then a full barrier, then reads the set; a CPU puts itself into
 * the set with a LOCKed instruction before it loads the root. So either it is interrupted, or it
 * never saw the old entry.
 *
 * A CPU that has a space loaded without running it (lazily) leaves it at the first shootdown, so
 * that it is asked once and not for ever.
 */
#include "arch/call.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/x86/cpu_regs.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "mm/mm.h"

/* Above this many pages one reload of CR3 is cheaper than an INVLPG each. */
#define FLUSH_PAGES_MAX 32

static DEFINE_PER_CPU(u64, ipis_sent);

/* A range, or with `batch` single pages. */
struct flush {
	struct mm_struct *mm;
	unsigned long start, end;
	const struct tlb_batch *batch;
};

static void flush_local(const struct flush *f)
{
	if (f->batch) {
		for (unsigned int i = 0; i < f->batch->n; i++)
			tlb_flush_page_local(f->batch->va[i]);
		return;
	}
	if ((f->end - f->start) >> PAGE_SHIFT > FLUSH_PAGES_MAX) {
		unsigned long cr3;

		__asm__ volatile("movq %%cr3, %0; movq %0, %%cr3" : "=r"(cr3)::"memory");
		return;
	}
	for (unsigned long va = f->start; va < f->end; va += PAGE_SIZE)
		tlb_flush_page_local(va);
}

static void flush_remote(void *arg)
{
	const struct flush *f = arg;

	if (this_cpu_read(cpu_loaded_mm) != f->mm)
		return;
	if (mm_is_lazy(f->mm))
		switch_mm(&init_mm);
	else
		flush_local(f);
}

/* Whether `cpus` names another CPU than `self`. */
static bool others_in(const unsigned long *cpus, unsigned int self)
{
	for (unsigned int w = 0; w < BITS_TO_LONGS(NR_CPUS); w++) {
		unsigned long bits = READ_ONCE(cpus[w]);

		if (w == BIT_WORD_INDEX(self))
			bits &= ~BIT_IN_WORD(self);
		if (bits)
			return true;
	}
	return false;
}

static void flush_everywhere(struct flush *f)
{
	preempt_disable();
	if (this_cpu_read(cpu_loaded_mm) == f->mm)
		flush_local(f);
	/* The entries before the set. Partner: set_bit() in switch_mm(). */
	smp_mb();
	if (others_in(f->mm->cpus, cpu_id()))
		this_cpu_add(ipis_sent, cpu_call_mask(f->mm->cpus, flush_remote, f));
	preempt_enable();
}

void tlb_flush_mm(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	flush_everywhere(&(struct flush){.mm = mm, .start = start, .end = end});
}

void tlb_flush_batch(struct mm_struct *mm, const struct tlb_batch *batch)
{
	if (batch->n > TLB_BATCH)
		tlb_flush_mm(mm, 0, USER_END);
	else if (batch->n)
		flush_everywhere(&(struct flush){.mm = mm, .batch = batch});
}

static void leave_lazy(void *arg)
{
	if (this_cpu_read(cpu_loaded_mm) == arg)
		switch_mm(&init_mm);
}

void tlb_shoot_lazy(struct mm_struct *mm)
{
	unsigned long flags;

	preempt_disable();
	flags = irq_save();
	leave_lazy(mm);
	irq_restore(flags);
	smp_mb();
	if (others_in(mm->cpus, cpu_id()))
		this_cpu_add(ipis_sent, cpu_call_mask(mm->cpus, leave_lazy, mm));
	preempt_enable();
}

void tlb_flush_all_local(void)
{
	unsigned long flags = irq_save();
	u64 cr4 = read_cr4();

	/*
	 * Any change of CR4.PGE drops everything, global translations too (SDM vol. 3A, 4.10.4.1).
	 */
	write_cr4(cr4 ^ CR4_PGE);
	write_cr4(cr4);
	irq_restore(flags);
}

static void flush_all(void *arg)
{
	(void)arg;
	/* Whatever the CPU runs, it may have kernel translations (I35). */
	if (MUTANT(flush_skips_lazy) && mm_is_lazy(this_cpu_read(cpu_loaded_mm)))
		return;
	tlb_flush_all_local();
}

void tlb_flush_kernel_all(void)
{
	preempt_disable();
	tlb_flush_all_local();
	smp_mb();
	this_cpu_add(ipis_sent, cpu_call_mask(cpu_online_mask, flush_all, NULL));
	preempt_enable();
}

u64 tlb_ipis_sent(void)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu (cpu)
		sum += READ_ONCE(per_cpu(ipis_sent, cpu));
	return sum;
}
