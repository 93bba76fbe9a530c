/*
 * TLB shootdown: see tlb.h.
 *
 * An address space counts its changes (mm->tlb_gen); each CPU remembers up to which of them its TLB
 * is right for the space that it has loaded (cpu_tlb_gen).
 *
 *	who takes away			who loads the space		who ends laziness
 *	  store the entries		  cpu_tlb_lazy = false		  cpu_tlb_lazy = false
 *	  tlb_gen + 1 (LOCKed)		  bit in mm->cpus (LOCKed)	  smp_mb()
 *	  read mm->cpus			  cpu_tlb_gen = tlb_gen		  cpu_tlb_gen is not tlb_gen?
 *	  read cpu_tlb_lazy		  write CR3			  drop everything
 *
 * A store, a full barrier, a load on each side, so at least one sees the other (store buffering).
 * Either the CPU is interrupted; or its read of tlb_gen finds the new one, and with it the new
 * entries: it fills its TLB from those after CR3 is written, or drops what it has. The first column
 * reads mm->cpus before cpu_tlb_lazy, the second writes them the other way round: who finds the bit
 * does not find the laziness of before.
 *
 * cpu_tlb_gen is what the TLB has at least. So it is read from tlb_gen before the TLB is emptied: a
 * change that comes in between is dropped twice, and not forgotten.
 *
 * A request carries its generation. A CPU that is one behind it drops what is asked; a CPU that is
 * further behind drops everything, since the requests in between have not come yet, and is up to
 * date with them as well: they find nothing to do when they come. So flushes of many CPUs at once
 * cost each target one.
 *
 * Why freed tables interrupt lazy CPUs and freed pages do not. A stale translation is harmless while
 * nobody uses it: what the processor reads ahead through it has no effect. A freed page table is not:
 * the processor may walk it ahead of time, take whatever it has become for entries, and write
 * accessed bits into it. So such a CPU leaves the space for the reference root, and out of mm->cpus:
 * it is asked once for each time it was lazy, not for each flush.
 *
 * Kernel addresses have a generation of their own, and no CPU is left out: a lazy one uses them too
 * (I35). Who finds that a CPU has flushed since its own change has no need to interrupt it.
 */
#include "mm/tlb.h"

#include "arch/call.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/preempt.h"
#include "kernel/base/racepoint.h"

/* Above this many pages dropping everything is cheaper than an INVLPG each. */
#define FLUSH_PAGES_MAX 32

DEFINE_PER_CPU(bool, cpu_tlb_lazy);
DEFINE_PER_CPU(u64, cpu_tlb_gen);
DEFINE_PER_CPU(struct tlb_stats, tlb_cpu_stats);

/* A range, or with `batch` single pages. */
struct flush {
	struct mm_struct *mm;
	unsigned long start, end;
	const struct tlb_batch *batch;
	bool tables; /* page tables go as well */
	u64 gen;
};

/* Of the CPU that flushes and waits for others, who read it. */
static DEFINE_PER_CPU(struct flush, cpu_flush);

/* --- one CPU's part; interrupts off --- */

/* Each INVLPG drops all that is cached of the way to entries as well (SDM vol. 3A, 4.10.4.1). */
static __always_inline void drop_asked(const struct flush *f)
{
	if (f->batch) {
		for (unsigned int i = 0; i < f->batch->n; i++)
			tlb_flush_page_local(f->batch->va[i]);
		return;
	}
	if ((f->end - f->start) >> PAGE_SHIFT > FLUSH_PAGES_MAX) {
		tlb_flush_user_local();
		return;
	}
	for (unsigned long va = f->start; va < f->end; va += PAGE_SIZE)
		tlb_flush_page_local(va);
}

/* The running CPU has f->mm loaded and uses it. */
static __always_inline void flush_here(const struct flush *f)
{
	u64 have = this_cpu_read(cpu_tlb_gen), now = READ_ONCE(f->mm->tlb_gen);

	if (have >= f->gen) {
		this_cpu_inc(tlb_cpu_stats.coalesced);
		return;
	}
	if ((have + 1 == f->gen && now == f->gen) || MUTANT(flush_forgets_others))
		drop_asked(f);
	else
		tlb_flush_user_local();
	this_cpu_write(cpu_tlb_gen, now);
}

static __always_inline void flush_on_cpu(const struct flush *f)
{
	if (this_cpu_read(cpu_loaded_mm) != f->mm)
		return;
	if (!this_cpu_read(cpu_tlb_lazy))
		flush_here(f);
	else if (f->tables)
		switch_mm(&init_mm);
}

static void flush_remote(void *f)
{
	flush_on_cpu(f);
}

void tlb_resume(struct mm_struct *mm)
{
	u64 now;

	this_cpu_write(cpu_tlb_lazy, false);
	/* The flag before the generation. Partner: the increment in count(). */
	if (!MUTANT(resume_fence))
		smp_mb();
	RACE_POINT(tlb_resumed);
	now = READ_ONCE(mm->tlb_gen);
	if (now == this_cpu_read(cpu_tlb_gen) || MUTANT(resume_unchecked))
		return;
	tlb_flush_user_local();
	this_cpu_write(cpu_tlb_gen, now);
	this_cpu_inc(tlb_cpu_stats.lazy_flushes);
}

/* --- user addresses --- */

/* Whether `cpus` names another CPU than `self`. */
static bool others_in(const unsigned long *cpus, unsigned int self)
{
	unsigned int own = BIT_WORD_INDEX(self);
	unsigned long others = READ_ONCE(cpus[own]) & ~BIT_IN_WORD(self);

#pragma GCC unroll 4
	for (unsigned int w = 0; w < BITS_TO_LONGS(NR_CPUS); w++)
		if (w != own)
			others |= READ_ONCE(cpus[w]);
	return others;
}

static u64 count(struct mm_struct *mm)
{
	u64 gen;

	/*
	 * LOCKed: the entries before it, the set and the flags after it. Partners: set_bit() in
	 * tlb_load_begin(), smp_mb() in tlb_resume().
	 */
	if (MUTANT(flush_counts_plainly))
		WRITE_ONCE(mm->tlb_gen, gen = READ_ONCE(mm->tlb_gen) + 1);
	else
		gen = atomic_add_return(&mm->tlb_gen, 1);
	this_cpu_inc(tlb_cpu_stats.flushes);
	return gen;
}

/* Those of mm->cpus who must hear of it now, but the running CPU. Preemption off. */
static void targets_of(const struct flush *f, unsigned long *targets)
{
	bool spare = !f->tables || MUTANT(tables_spare_lazy);
	unsigned int cpu, self = cpu_id();

	for_each_set_bit (cpu, f->mm->cpus, NR_CPUS) {
		if (cpu == self)
			continue;
		/* The set before the flag. Partner: the order in switch_mm(). */
		smp_rmb();
		if (spare && READ_ONCE(per_cpu(cpu_tlb_lazy, cpu)))
			this_cpu_inc(tlb_cpu_stats.lazy_spared);
		else
			__set_bit(cpu, targets);
	}
}

/* Interrupts are off, and on afterwards. The fields one by one: they are in registers until here. */
static noinline void shoot_others(struct mm_struct *mm, unsigned long start, unsigned long end,
				  const struct tlb_batch *batch, bool tables, u64 gen)
{
	DECLARE_BITMAP(targets, NR_CPUS) = {0};
	struct flush *f = this_cpu_ptr(&cpu_flush);

	preempt_disable();
	irq_enable();
	f->mm = mm;
	f->start = start;
	f->end = end;
	f->batch = batch;
	f->tables = tables;
	f->gen = gen;
	RACE_POINT(tlb_counted);
	targets_of(f, targets);
	this_cpu_add(tlb_cpu_stats.ipis, cpu_call_mask(targets, flush_remote, f));
	preempt_enable();
}

static __always_inline void shoot(struct flush f)
{
	ASSERT(irqs_enabled());
	irq_disable();
	f.gen = count(f.mm);
	flush_on_cpu(&f);
	if (unlikely(others_in(f.mm->cpus, cpu_id())))
		shoot_others(f.mm, f.start, f.end, f.batch, f.tables, f.gen);
	else
		irq_enable();
}

void tlb_flush_mm(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	shoot((struct flush){.mm = mm, .start = start, .end = end});
}

void tlb_flush_tables(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	shoot((struct flush){.mm = mm, .start = start, .end = end, .tables = true});
}

void tlb_flush_batch(struct mm_struct *mm, const struct tlb_batch *batch)
{
	if (batch->n > TLB_BATCH)
		tlb_flush_mm(mm, 0, USER_END);
	else if (batch->n)
		shoot((struct flush){.mm = mm, .batch = batch});
}

static void leave(void *mm)
{
	if (this_cpu_read(cpu_loaded_mm) == mm)
		switch_mm(&init_mm);
}

void tlb_shoot_lazy(struct mm_struct *mm)
{
	unsigned long flags;

	preempt_disable();
	flags = irq_save();
	leave(mm);
	irq_restore(flags);
	/* That it has no users, before the set. Partner: set_bit() in tlb_load_begin(). */
	smp_mb();
	if (others_in(mm->cpus, cpu_id()))
		this_cpu_add(tlb_cpu_stats.ipis, cpu_call_mask(mm->cpus, leave, mm));
	preempt_enable();
}

/* --- kernel addresses --- */

static u64 kernel_gen = 1; /* A */

/* The CPU has flushed after it had read this much of kernel_gen. */
static DEFINE_PER_CPU(u64, cpu_kernel_gen);

/* Interrupts off. */
static void flush_kernel_here(void *unused)
{
	u64 now = READ_ONCE(kernel_gen);

	(void)unused;
	if (this_cpu_read(cpu_kernel_gen) >= now) {
		this_cpu_inc(tlb_cpu_stats.coalesced);
		return;
	}
	tlb_flush_all_local();
	RACE_POINT(kernel_flushed);
	if (MUTANT(kernel_gen_late))
		now = READ_ONCE(kernel_gen);
	/* Release: flushed, then said so. Partner: the acquire in tlb_flush_kernel_all(). */
	smp_store_release(this_cpu_ptr(&cpu_kernel_gen), now);
}

/* What the mutant flush_skips_lazy takes for a CPU that needs no kernel translations (I35). */
static bool runs_no_process(unsigned int cpu)
{
	return READ_ONCE(per_cpu(cpu_tlb_lazy, cpu)) || per_cpu(cpu_loaded_mm, cpu) == &init_mm;
}

void tlb_flush_kernel_all(void)
{
	DECLARE_BITMAP(targets, NR_CPUS) = {0};
	unsigned long flags;
	unsigned int cpu;
	u64 gen;

	preempt_disable();
	/* LOCKed: the entries before it. Partner: READ_ONCE() in flush_kernel_here(). */
	gen = atomic_add_return(&kernel_gen, 1);
	RACE_POINT(kernel_counted);
	flags = irq_save();
	flush_kernel_here(NULL);
	irq_restore(flags);
	for_each_online_cpu (cpu)
		if (smp_load_acquire(per_cpu_ptr(&cpu_kernel_gen, cpu)) < gen &&
		    !(MUTANT(flush_skips_lazy) && runs_no_process(cpu)))
			__set_bit(cpu, targets);
	this_cpu_inc(tlb_cpu_stats.kernel_rounds);
	this_cpu_add(tlb_cpu_stats.ipis, cpu_call_mask(targets, flush_kernel_here, NULL));
	preempt_enable();
}

/* --- statistics --- */

void tlb_get_stats(struct tlb_stats *stats)
{
	unsigned int cpu;

	*stats = (struct tlb_stats){0};
	for_each_online_cpu (cpu) {
		const struct tlb_stats *s = per_cpu_ptr(&tlb_cpu_stats, cpu);

		stats->flushes += READ_ONCE(s->flushes);
		stats->kernel_rounds += READ_ONCE(s->kernel_rounds);
		stats->ipis += READ_ONCE(s->ipis);
		stats->lazy_spared += READ_ONCE(s->lazy_spared);
		stats->lazy_flushes += READ_ONCE(s->lazy_flushes);
		stats->coalesced += READ_ONCE(s->coalesced);
	}
}

u64 tlb_ipis_sent(void)
{
	struct tlb_stats stats;

	tlb_get_stats(&stats);
	return stats.ipis;
}
