/*
 * Held locks, and what is asked when one is taken: see lockdep.h. The order itself is in lockgraph.c.
 *
 * A CPU's array is written by that CPU alone, and by no lock: whoever holds a spin lock cannot migrate. Interrupts and
 * NMIs push and pop on top of it and leave it as it was, between any two instructions of what they interrupt. So an
 * entry is claimed by `n` first and filled afterwards, and emptied before it is given up: what an interrupt sees in
 * between is an entry without a lock. Taking one from the middle leaves, for a moment, one that is seen twice.
 */
#include "kernel/base/lockdep.h"

#include "arch/cpu.h"
#include "arch/machine.h"
#include "arch/smp.h"
#include "kernel/base/contextcheck.h"
#include "kernel/base/lockgraph.h"
#include "kernel/base/panic.h"
#include "kernel/base/preempt.h"
#include "kernel/base/printk.h"

DEFINE_PER_CPU(struct held_locks, cpu_locks);

#define RETURN_ADDRESS ((unsigned long)__builtin_return_address(0))

/* A panic is under way: whatever it does, there is no second report. */
static bool silent;

static void held_push(struct held_locks *h, struct held_lock it)
{
	u32 n = h->n;
	struct held_lock *entry = &h->lock[n];

	if (n == HELD_LOCKS_MAX)
		panic("lockdep: more than %u locks are held; the last is %s %p", n,
		      lock_classes[h->lock[n - 1].class].name, (const void *)h->lock[n - 1].lock);
	WRITE_ONCE(h->n, n + 1);
	barrier();
	entry->site = it.site;
	entry->class = it.class;
	entry->irqs_on = it.irqs_on;
	barrier();
	WRITE_ONCE(entry->lock, it.lock);
	barrier();
}

/* The entry of `lock`, or NULL. */
static struct held_lock *held_find(struct held_locks *h, const struct lock_tag *lock)
{
	for (u32 i = h->n; i-- > 0;)
		if (h->lock[i].lock == lock)
			return &h->lock[i];
	return NULL;
}

static void held_remove(struct held_locks *h, struct held_lock *entry)
{
	struct held_lock *last = &h->lock[h->n - 1];

	for (; entry < last; entry++)
		*entry = entry[1];
	barrier();
	WRITE_ONCE(last->lock, NULL);
	barrier();
	WRITE_ONCE(h->n, h->n - 1);
}

/* All that are held by the code that takes `it`: what an interrupt has interrupted is left out. */
static void add_edges(const struct held_locks *h, const struct held_lock *it)
{
	for (u32 i = h->base; i < h->n; i++)
		if (h->lock[i].lock && unlikely(!lock_edge_known(h->lock[i].class, it->class)))
			lock_edge_add(&h->lock[i], it);
}

static void add_use(const struct held_lock *it, enum lock_use use)
{
	if (unlikely(!lock_use_known(it->class, use)))
		lock_use_add(it->class, use, it->site);
}

static struct held_lock make_entry(const struct lock_tag *lock, enum lock_class class,
				   unsigned long site)
{
	if (unlikely(class == LOCK_unclassed || class >= NR_LOCK_CLASSES))
		panic("lock %p has no class (%u): it was never initialised", (const void *)lock,
		      class);
	return (struct held_lock){
		.lock = lock, .site = site, .class = (u8) class, .irqs_on = irqs_enabled()};
}

/* --- spin locks --- */

static void acquire(const struct lock_tag *lock, enum lock_class class, unsigned long site)
{
	struct held_locks *h = this_cpu_ptr(&cpu_locks);
	struct held_lock it = make_entry(lock, class, site);
	struct task_locks *mutexes = h->irq ? NULL : task_locks_self();

	if (unlikely(h->nmi))
		panic("lock %s %p is waited for in an NMI", lock_classes[class].name,
		      (const void *)lock);
	add_edges(h, &it);
	if (mutexes)
		add_edges(&mutexes->held, &it);
	if (h->irq)
		add_use(&it, USE_IN_IRQ);
	add_use(&it, it.irqs_on ? USE_IRQS_ON : USE_IRQS_OFF);
	held_push(h, it);
}

noinline void lockdep_acquire(const struct lock_tag *lock)
{
	if (likely(!READ_ONCE(silent)))
		acquire(lock, lock->class, RETURN_ADDRESS);
}

noinline void lockdep_acquire_nested(const struct lock_tag *lock, enum lock_class class)
{
	if (likely(!READ_ONCE(silent)))
		acquire(lock, class, RETURN_ADDRESS);
}

/* It did not wait, so it cannot have been what closes a circle: no edges to it. */
noinline void lockdep_acquired(const struct lock_tag *lock)
{
	struct held_lock it;

	if (unlikely(READ_ONCE(silent)))
		return;
	it = make_entry(lock, lock->class, RETURN_ADDRESS);
	if (it.irqs_on)
		add_use(&it, USE_IRQS_ON);
	held_push(this_cpu_ptr(&cpu_locks), it);
}

noinline void lockdep_release(const struct lock_tag *lock)
{
	struct held_locks *h = this_cpu_ptr(&cpu_locks);
	struct held_lock *entry = held_find(h, lock);

	if (unlikely(READ_ONCE(silent)))
		return;
	if (unlikely(!entry))
		panic("lock %s %p is given back by CPU %u, which does not hold it",
		      lock_classes[lock->class].name, (const void *)lock, cpu_id());
	/* Somebody has enabled interrupts meanwhile. */
	if (unlikely(!entry->irqs_on && irqs_enabled()))
		add_use(entry, USE_IRQS_ON);
	held_remove(h, entry);
}

/* --- mutexes --- */

noinline void lockdep_acquire_mutex(const struct lock_tag *lock)
{
	struct task_locks *mine = task_locks_self();
	struct held_lock it;

	if (unlikely(READ_ONCE(silent) || !mine))
		return;
	might_sleep();
	it = make_entry(lock, lock->class, RETURN_ADDRESS);
	add_edges(&mine->held, &it);
	held_push(&mine->held, it);
}

noinline void lockdep_release_mutex(const struct lock_tag *lock)
{
	struct task_locks *mine = task_locks_self();
	struct held_lock *entry;

	if (unlikely(READ_ONCE(silent) || !mine))
		return;
	entry = held_find(&mine->held, lock);
	if (unlikely(!entry))
		panic("mutex %s %p is given back by a task that does not hold it",
		      lock_classes[lock->class].name, (const void *)lock);
	held_remove(&mine->held, entry);
}

/* What was saved when interrupts were disabled is put back while they are off, or the pairs are mixed up. */
void lockdep_irqrestore(const struct lock_tag *lock)
{
	if (unlikely(irqs_enabled() && !READ_ONCE(silent)))
		panic("lock %s %p: interrupts are on before their flag is restored",
		      lock_classes[lock->class].name, (const void *)lock);
}

/* --- cross-CPU calls --- */

noinline void lockdep_call_cpus(void)
{
	struct held_locks *h = this_cpu_ptr(&cpu_locks);

	for (u32 i = h->base; i < h->n; i++)
		if (unlikely(!lock_use_known(h->lock[i].class, USE_OVER_CALL)))
			lock_use_add(h->lock[i].class, USE_OVER_CALL, RETURN_ADDRESS);
}

/* --- for a panic --- */

static void print_held(const struct held_locks *h, const char *kind)
{
	u32 n = MIN(READ_ONCE(h->n), (u32)HELD_LOCKS_MAX);
	char text[80];

	for (u32 i = 0; i < n; i++) {
		const struct held_lock *l = &h->lock[i];

		if (!l->lock)
			continue;
		snprintf(text, sizeof(text), "    %s %s %p at", kind, lock_classes[l->class].name,
			 (const void *)l->lock);
		pc_print(text, l->site);
	}
}

void lockdep_print_panic(void)
{
	unsigned int cpu;

	WRITE_ONCE(silent, true);
	lockgraph_print_report();
	for_each_cpu (cpu) {
		struct task_locks *mutexes = task_locks_of(cpu);
		const struct held_locks *h = per_cpu_ptr(&cpu_locks, cpu);

		if (!h->n && !(mutexes && mutexes->held.n))
			continue;
		printk("  cpu %u holds or waits for:\n", cpu);
		if (mutexes)
			print_held(&mutexes->held, "mutex");
		print_held(h, "spin lock");
	}
}
