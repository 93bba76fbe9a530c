/*
 * TLB shootdown: telling CPUs that translations are gone.
 *
 *	tlb_flush_mm() tlb_flush_batch()	user addresses, after entries were cleared or restricted
 *	tlb_flush_tables()			the same before page tables are freed
 *	tlb_shoot_lazy()			the whole address space is about to go
 *	tlb_flush_kernel_all()			kernel addresses (arch/mmu.h)
 *	tlb_load_begin() tlb_resume() tlb_enter_lazy()	for switch_mm() and the scheduler
 *
 * The caller stores the entries first, flushes, and only then gives away what they led to.
 *
 * A CPU is lazy while it runs a kernel thread on the address space that the task before it left
 * loaded. It uses no user address then. For user translations it is not interrupted: it compares
 * generations when it returns to the space. It is interrupted, once, when page tables are freed,
 * because the processor may walk them at any moment (see tlb.c); and for kernel addresses always
 * (I35).
 */
#ifndef MM_TLB_H
#define MM_TLB_H

#include "arch/cpu.h"
#include "kernel/base/atomic.h"
#include "kernel/base/percpu.h"
#include "mm/mm.h"

/*
 * Drops [start, end) of mm, in bytes, page aligned, on every CPU that may use it, and waits for them.
 * Interrupts on, no spin lock that an interrupted CPU may wait for with interrupts off.
 */
void tlb_flush_mm(struct mm_struct *mm, unsigned long start, unsigned long end);

/*
 * The same for who frees page tables next, in which nothing is mapped any more: lazy CPUs leave the
 * address space.
 */
void tlb_flush_tables(struct mm_struct *mm, unsigned long start, unsigned long end);

/*
 * Single pages of one address space, of any size, gathered to be dropped together. More than fit:
 * everything.
 */
#define TLB_BATCH 16

struct tlb_batch {
	unsigned int n; /* pages asked for; the first TLB_BATCH are listed */
	unsigned long va[TLB_BATCH];
};

static inline void tlb_batch_add(struct tlb_batch *batch, unsigned long va)
{
	if (batch->n < TLB_BATCH)
		batch->va[batch->n] = va;
	batch->n++;
}

/* As tlb_flush_mm(), for the pages of the batch. None: nobody is asked. */
void tlb_flush_batch(struct mm_struct *mm, const struct tlb_batch *batch);

/*
 * mm has no users left: every CPU that still has it loaded, lazily, leaves it for the reference
 * root. Interrupts on.
 */
void tlb_shoot_lazy(struct mm_struct *mm);

/* --- what this CPU has loaded --- */

DECLARE_PER_CPU(bool, cpu_tlb_lazy);

/* Up to which change of cpu_loaded_mm this CPU's TLB is right. */
DECLARE_PER_CPU(u64, cpu_tlb_gen);

/*
 * Before the root of `mm` is loaded on `cpu`, which is this one and no longer lazy, in place of another one: from here
 * on it is told of changes. `user`: it is not init_mm, where there is nothing to tell. Interrupts off.
 */
static __always_inline void tlb_load_begin(struct mm_struct *mm, bool user, unsigned int cpu)
{
	if (!user)
		return;
	/* LOCKed: announced before the generation is read. Partner: the increment in count(). */
	set_bit(cpu, mm->cpus);
	this_cpu_write(cpu_tlb_gen, READ_ONCE(mm->tlb_gen));
}

/* The CPU, which was lazy, uses the address space that it has loaded again. Interrupts off. */
void tlb_resume(struct mm_struct *mm);

/* The CPU keeps the address space and uses no user address before tlb_resume(). */
static inline void tlb_enter_lazy(void)
{
	/*
	 * Release: uses of user addresses come before. Partner: targets_of(), whose caller goes on
	 * to free pages.
	 */
	smp_store_release(this_cpu_ptr(&cpu_tlb_lazy), true);
}

/* --- statistics: since boot, sums over all CPUs --- */

struct tlb_stats {
	u64 flushes; /* rounds for user addresses: flushes after which nothing stale is left */
	u64 kernel_rounds; /* and for kernel addresses */
	u64 ipis;          /* interrupts that they sent */
	u64 lazy_spared;   /* CPUs that were lazy and not interrupted */
	u64 lazy_flushes;  /* of those, who was behind when it returned */
	u64 coalesced;     /* requests that a CPU found done, by a later one's flush */
};

DECLARE_PER_CPU(struct tlb_stats, tlb_cpu_stats);

void tlb_get_stats(struct tlb_stats *stats);

/* Shootdown IPIs sent since boot. */
u64 tlb_ipis_sent(void);

#endif
