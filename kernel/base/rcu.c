/*
 * Preemptible RCU by per-CPU counters, in the manner of Linux's SRCU: see kernel/base/rcu.h.
 *
 * Readers. There are two pairs of counters, locks[idx] and unlocks[idx], on each CPU. A reader
 * picks the pair that `reader_idx` names, adds one to its CPU's locks[idx], and at the end one to
 * unlocks[idx] of whatever CPU it is on then. Sums over all CPUs are equal when no reader uses the
 * pair. A counter has one writer at a time, its CPU, by one instruction: neither interrupts nor
 * migration can split it. They are 64 bits wide and never wrap.
 *
 * A grace period: (1) wait for the pair that new readers do not use, (2) flip reader_idx, (3) wait
 * for the pair that they used until then. Both pairs are waited for because a reader may have
 * fetched reader_idx before an earlier flip and incremented long after it. The flip is there for
 * progress alone: new readers do not hold up (3).
 *
 * Why it is right. Let U be what the updater stored before it asked for the grace period, and R a
 * reader.
 *  - pair_idle() sums unlocks, then (barrier A) locks. If it counts R's unlock, it counts R's lock
 * too: R passed barrier C between the two. So equal sums mean that each reader whose lock was
 * counted has finished; and what it did in its section comes before barrier C, hence before what
 * follows the sum: the object is free to reuse.
 *  - A reader whose lock was not counted made that store after the sum read the counter. Between
 * the store and its first access is barrier B, between U and the sum is barrier D: R sees U, so it
 * cannot reach the removed object.
 *  - Each pair is summed in every grace period after D, so each reader is in one of the two cases.
 *
 *	A pairs with C	smp_mb in pair_idle / smp_mb in rcu_read_unlock
 *	B pairs with D	smp_mb in rcu_read_lock / smp_mb in gp_start, for U see E
 *	E		smp_mb in gp_snap: U before the look at gp.seq; a period that is seen as
 *			not yet begun begins after U, one that has begun does not count
 *	F		release of gp.seq at the end, after a full barrier / acquire in gp_done
 *
 * Grace periods are numbered by gp.seq: even while there is none, odd during one. Whoever needs one
 * pushes it on; gp.lock is only ever tried, because its holder does the same work. All who asked
 * before a period began share it.
 */
#include "kernel/base/rcu.h"

#include "arch/smp.h"
#include "kernel/base/barrier.h"
#include "kernel/base/contextcheck.h"
#include "kernel/base/debug.h"
#include "kernel/base/panic.h"
#include "kernel/base/spinlock.h"
#include "kernel/base/trace.h"

/* Callbacks that gather on a CPU before they are worth a grace period. */
#define RCU_BATCH 64

struct rcu_counters {
	u64 locks[2];
	u64 unlocks[2];
} __aligned(64);

static DEFINE_PER_CPU(struct rcu_counters, counters);

DEFINE_PER_CPU(struct rcu_callbacks, rcu_callbacks)
= {.poll_at = RCU_BATCH};

/* Letters: g gp.lock; A any CPU reads. */
static struct {
	struct spinlock lock;
	bool flipped; /* g: step (3) of the present period */
	u64 seq;      /* g A */
} gp __aligned(64) = {.lock = SPINLOCK_INIT(rcu_gp)};

static unsigned int reader_idx __aligned(64); /* g A: 0 or 1 */

/* --- readers --- */

/*
 * An interrupt that reads may come between any two steps. While nesting is 0 it counts for itself
 * and leaves idx changed, so idx is stored after nesting here and fetched before it in
 * rcu_read_unlock(); from 1 on it leaves idx alone, and the section it interrupts is counted
 * already.
 */
void rcu_read_lock(void)
{
	struct rcu_reader *r = rcu_current_reader();
	unsigned int idx;

	if (r->nesting == 0) {
		idx = READ_ONCE(reader_idx);
		this_cpu_inc(counters.locks[idx]);
		smp_mb(); /* B */
		WRITE_ONCE(r->nesting, 1);
		barrier();
		r->idx = (int)idx;
	} else {
		WRITE_ONCE(r->nesting, r->nesting + 1);
	}
	barrier();
}

void rcu_read_unlock(void)
{
	struct rcu_reader *r = rcu_current_reader();
	unsigned int idx = (unsigned int)r->idx;

	ASSERT_MSG(r->nesting > 0, "nesting %d", r->nesting);
	barrier();
	WRITE_ONCE(r->nesting, r->nesting - 1);
	if (r->nesting == 0) {
		smp_mb(); /* C */
		this_cpu_inc(counters.unlocks[idx]);
	}
}

bool rcu_read_lock_held(void)
{
	return rcu_current_reader()->nesting > 0;
}

/* --- grace periods --- */

/* All CPUs that have per-CPU data, not only those online: a CPU reads before it says that it is
 * there. */
static bool pair_idle(unsigned int idx)
{
	u64 locks = 0, unlocks = 0;
	unsigned int cpu;

	for_each_cpu (cpu)
		unlocks += READ_ONCE(per_cpu(counters, cpu).unlocks[idx]);
	smp_mb(); /* A */
	for_each_cpu (cpu)
		locks += READ_ONCE(per_cpu(counters, cpu).locks[idx]);
	return locks == unlocks;
}

/* The value that gp.seq will have when a grace period that begins from now on has ended. */
static u64 gp_snap(void)
{
	smp_mb(); /* E */
	return (READ_ONCE(gp.seq) + 3) & ~1ull;
}

static bool gp_done(u64 seq)
{
	return (s64)(smp_load_acquire(&gp.seq) - seq) >= 0; /* F */
}

static void gp_start_locked(void)
{
	gp.flipped = false;
	WRITE_ONCE(gp.seq, gp.seq + 1);
	TRACE(rcu_begin, gp.seq, 0);
	smp_mb(); /* D */
}

/* One period, as far as it goes without waiting. True when it has ended. */
static bool gp_step_locked(void)
{
	if (!(gp.seq & 1))
		gp_start_locked();
	if (!gp.flipped) {
		if (!pair_idle(reader_idx ^ 1))
			return false;
		WRITE_ONCE(reader_idx, reader_idx ^ 1);
		gp.flipped = true;
	}
	if (!pair_idle(reader_idx ^ 1))
		return false;
	smp_mb(); /* sums before what the end of the period permits; with F */
	smp_store_release(&gp.seq, gp.seq + 1);
	TRACE(rcu_end, gp.seq, 0);
	return true;
}

/* Pushes grace periods on until `seq`, a reader in the way, or another CPU that is at it. True:
 * `seq` is reached. */
static bool gp_advance(u64 seq)
{
	if (gp_done(seq))
		return true;
	if (!spin_trylock(&gp.lock))
		return false;
	while (!gp_done(seq))
		if (!gp_step_locked())
			break;
	spin_unlock(&gp.lock);
	return gp_done(seq);
}

void synchronize_rcu(void)
{
	u64 seq = gp_snap();

	might_sleep();
	ASSERT_MSG(!rcu_read_lock_held(), "it would wait for itself");
	ASSERT_MSG(preempt_depth() == 0, "preemption is off, depth %u", preempt_depth());
	while (!gp_advance(seq))
		rcu_wait_hook();
}

/* --- callbacks --- */

void call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head))
{
	struct rcu_callbacks *c;

	/* run_batch() takes the function out, so one that is there is waiting to be called. */
	ASSERT_MSG(!DEBUG_KERNEL || head->fn != fn, "call_rcu() twice on %p", (void *)head);
	context_check_no_irq();
	head->fn = fn;
	head->next = NULL;
	preempt_disable();
	c = this_cpu_ptr(&rcu_callbacks);
	if (c->next)
		c->next_tail->next = head;
	else
		c->next = head;
	c->next_tail = head;
	WRITE_ONCE(c->queued, c->queued + 1);
	preempt_enable();
}

/* Makes what has gathered the batch that waits, when there is none. Preemption off. */
static void close_batch(struct rcu_callbacks *c)
{
	if (c->wait || !c->next)
		return;
	c->wait = c->next;
	c->wait_end = c->queued;
	c->wait_seq = gp_snap();
	c->next = NULL;
}

/* The batch whose grace period has ended, or NULL. With a batch, `running` is the caller's to
 * clear. Preemption off. */
static struct rcu_head *take_batch(struct rcu_callbacks *c)
{
	struct rcu_head *batch = NULL;

	close_batch(c);
	if (c->wait && gp_advance(c->wait_seq)) {
		batch = c->wait;
		c->wait = NULL;
		c->taken = c->wait_end;
		c->running = true;
		/* What came meanwhile has its place in the next period already. */
		close_batch(c);
	}
	WRITE_ONCE(c->poll_at, c->queued + RCU_BATCH);
	return batch;
}

static void run_batch(struct rcu_callbacks *c, struct rcu_head *batch)
{
	void (*fn)(struct rcu_head *);
	struct rcu_head *next;
	u64 n = 0;

	for (; batch; batch = next, n++) {
		next = batch->next;
		fn = batch->fn;
		if (DEBUG_KERNEL)
			batch->fn = NULL;
		fn(batch);
	}
	/* Pairs with the acquire in rcu_barrier_drain(): done means that the memory is back. */
	smp_store_release(&c->done, c->done + n);
	/* Pairs with the acquire in rcu_poll(): the next runner continues from this `done`. */
	smp_store_release(&c->running, false);
}

void rcu_poll(void)
{
	struct rcu_callbacks *c;
	struct rcu_head *batch = NULL;

	if (this_cpu_read(rcu_callbacks.queued) == this_cpu_read(rcu_callbacks.taken))
		return;
	preempt_disable();
	c = this_cpu_ptr(&rcu_callbacks);
	if (!smp_load_acquire(&c->running))
		batch = take_batch(c);
	preempt_enable();
	if (batch)
		run_batch(c, batch);
}

/* Asks the CPU to run what it has; it cannot be done for it, its lists have no lock. */
static void kick(unsigned int cpu)
{
	WRITE_ONCE(per_cpu(rcu_callbacks, cpu).poll_at, 0);
	if (cpu != cpu_id())
		rcu_kick_hook(cpu);
}

static void drain_cpu(unsigned int cpu)
{
	struct rcu_callbacks *c = per_cpu_ptr(&rcu_callbacks, cpu);
	u64 target = READ_ONCE(c->queued);

	while ((s64)(smp_load_acquire(&c->done) - target) < 0) {
		kick(cpu);
		rcu_poll();
		rcu_wait_hook();
	}
}

void rcu_barrier_drain(void)
{
	unsigned int cpu;

	might_sleep();
	ASSERT_MSG(!rcu_read_lock_held(), "it would wait for itself");
	ASSERT_MSG(preempt_depth() == 0, "preemption is off, depth %u", preempt_depth());
	for_each_cpu (cpu)
		drain_cpu(cpu);
}
