/*
 * Cross-CPU calls: see arch/call.h.
 *
 * Each CPU has one outgoing call and a bitmap of callers that want something of it. The caller
 * fills its call, sets its bit in each target's bitmap, and interrupts those whose bitmap was
 * empty. The target takes bits off, runs the calls, and counts each down. Nothing is allocated and
 * no lock is taken, so any number of CPUs may call at once.
 */
#include "arch/call.h"

#include "arch/cpu.h"
#include "arch/ipi.h"
#include "arch/smp.h"
#include "arch/x86/call.h"
#include "arch/x86/vectors.h"
#include "kernel/base/panic.h"
#include "kernel/base/preempt.h"
#include "kernel/base/spinlock.h"

void ipi_resched(unsigned int cpu)
{
	ipi_send(cpu, VECTOR_RESCHED);
}

#define CALLER_WORDS BITS_TO_LONGS(NR_CPUS)

struct call {
	void (*fn)(void *);
	void *arg;
	u32 pending; /* A: targets that have not finished */
};

static DEFINE_PER_CPU(struct call, cpu_call);
static DEFINE_PER_CPU(unsigned long, cpu_callers[CALLER_WORDS]);

void call_interrupt(void)
{
	unsigned long *callers = *this_cpu_ptr(&cpu_callers);

	for (unsigned int w = 0; w < CALLER_WORDS; w++) {
		/*
		 * LOCKed: the calls behind the bits are complete (partner: set_bit in send_call).
		 */
		unsigned long bits = READ_ONCE(callers[w]) ? atomic_xchg(&callers[w], 0) : 0;

		for (; bits; bits &= bits - 1) {
			unsigned int from = w * BITS_PER_LONG + (unsigned int)__builtin_ctzl(bits);
			struct call *call = per_cpu_ptr(&cpu_call, from);

			call->fn(call->arg);
			(void)atomic_dec_and_test(&call->pending);
		}
	}
}

/*
 * Posts this CPU's call to `cpu`. False: the target has not taken the word's other callers off yet,
 * and will see this one.
 */
static bool send_call(unsigned int self, unsigned int cpu)
{
	unsigned long *callers = *per_cpu_ptr(&cpu_callers, cpu);

	return atomic_fetch_or(&callers[BIT_WORD_INDEX(self)], BIT_IN_WORD(self)) == 0;
}

unsigned int cpu_call_mask(const unsigned long *mask, void (*fn)(void *), void *arg)
{
	DECLARE_BITMAP(targets, NR_CPUS) = {0};
	unsigned int cpu, self, sent = 0, n = 0;
	struct call *call;

	ASSERT(irqs_enabled());
	preempt_disable();
	self = cpu_id();
	lockdep_call_cpus();
	call = this_cpu_ptr(&cpu_call);
	for_each_set_bit (cpu, mask, NR_CPUS) {
		if (cpu == self || !test_bit(cpu, cpu_online_mask))
			continue;
		__set_bit(cpu, targets);
		n++;
	}
	if (n) {
		ASSERT_MSG(READ_ONCE(call->pending) == 0, "CPU %u calls while calling", self);
		call->fn = fn;
		call->arg = arg;
		WRITE_ONCE(call->pending, n);
		for_each_set_bit (cpu, targets, NR_CPUS) {
			if (!send_call(self, cpu))
				continue;
			ipi_send(cpu, VECTOR_CALL);
			sent++;
		}
		/* Interrupts stay on: another CPU may be waiting for us in the same way. */
		while (READ_ONCE(call->pending))
			cpu_relax();
		barrier();
	}
	preempt_enable();
	return sent;
}

/* --- by NMI --- */

static struct spinlock nmi_lock = SPINLOCK_INIT(nmi_call);

/* nmi_lock; the target reads it. */
static struct {
	void (*fn)(void *);
	void *arg;
	unsigned int cpu;
	bool pending; /* release by the caller, by the target */
} nmi;

void cpu_call_nmi(unsigned int cpu, void (*fn)(void *), void *arg)
{
	ASSERT(irqs_enabled());
	spin_lock(&nmi_lock);
	ASSERT_MSG(cpu != cpu_id() && cpu_online(cpu), "cpu %u", cpu);
	nmi.fn = fn;
	nmi.arg = arg;
	nmi.cpu = cpu;
	smp_store_release(&nmi.pending, true);
	ipi_nmi(cpu);
	/* Partner: the release in call_nmi(): what fn wrote is visible. */
	while (smp_load_acquire(&nmi.pending))
		cpu_relax();
	spin_unlock(&nmi_lock);
}

bool call_nmi(void)
{
	if (!smp_load_acquire(&nmi.pending) || nmi.cpu != cpu_id())
		return false;
	nmi.fn(nmi.arg);
	smp_store_release(&nmi.pending, false);
	return true;
}
