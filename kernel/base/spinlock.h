/*
 * Spin locks.
 *
 * Test-and-set, on purpose: on an oversubscribed host a fair lock hands over to a vCPU that is not
 * running. The lock word holds the owner's CPU number + 1, so a self-deadlock is reported instead
 * of spun on, and a debugger shows who holds what.
 *
 * Taking a lock is a full barrier (a LOCKed instruction); releasing one is a plain store and is
 * NOT.
 */
#ifndef KERNEL_BASE_SPINLOCK_H
#define KERNEL_BASE_SPINLOCK_H

#include "arch/cpu.h"
#include "kernel/base/atomic.h"
#include "kernel/base/barrier.h"
#include "kernel/base/lockdep.h"
#include "kernel/base/preempt.h"

struct spinlock {
	struct lock_tag tag;
	u32 owner; /* CPU number + 1, 0 when free */
};

/* Free, and of that class (lock_classes.h): SPINLOCK_INIT(zone). */
/* clang-format off */
#define SPINLOCK_INIT(class) {LOCK_TAG(class), 0}
/* clang-format on */

void spin_lock_slow(struct spinlock *lock);

/* Enough for a lock in memory that is zero. */
static inline void spin_lock_set_class(struct spinlock *lock, enum lock_class class)
{
	lock_tag_set(&lock->tag, class);
}

static inline void spin_lock_init(struct spinlock *lock, enum lock_class class)
{
	spin_lock_set_class(lock, class);
	lock->owner = 0;
}

static inline bool spin_trylock(struct spinlock *lock)
{
	preempt_disable();
	if (likely(atomic_try_cmpxchg(&lock->owner, 0, cpu_owner_mark()))) {
		lockdep_acquired(&lock->tag);
		return true;
	}
	preempt_enable();
	return false;
}

static inline void spin_lock(struct spinlock *lock)
{
	preempt_disable();
	lockdep_acquire(&lock->tag);
	if (unlikely(!atomic_try_cmpxchg(&lock->owner, 0, cpu_owner_mark())))
		spin_lock_slow(lock);
}

/*
 * The second lock of its class: `class` is what it is meanwhile. The caller says why no other CPU can take the two the
 * other way round.
 */
static inline void spin_lock_nested(struct spinlock *lock, enum lock_class class)
{
	preempt_disable();
	lockdep_acquire_nested(&lock->tag, class);
	if (unlikely(!atomic_try_cmpxchg(&lock->owner, 0, cpu_owner_mark())))
		spin_lock_slow(lock);
}

static inline void spin_unlock(struct spinlock *lock)
{
	lockdep_release(&lock->tag);
	smp_store_release(&lock->owner, 0);
	preempt_enable();
}

/* With interrupts off, where a reschedule must wait anyway. */
static inline void spin_unlock_no_resched(struct spinlock *lock)
{
	lockdep_release(&lock->tag);
	smp_store_release(&lock->owner, 0);
	preempt_enable_no_resched();
}

/*
 * With interrupts and preemption off, and not counted: for the lock that is held across a switch, which one task takes
 * and another one releases.
 */
static inline void spin_lock_uncounted(struct spinlock *lock)
{
	lockdep_acquire(&lock->tag);
	if (unlikely(!atomic_try_cmpxchg(&lock->owner, 0, cpu_owner_mark())))
		spin_lock_slow(lock);
}

static inline void spin_unlock_uncounted(struct spinlock *lock)
{
	lockdep_release(&lock->tag);
	smp_store_release(&lock->owner, 0);
}

/* For locks that an interrupt handler takes too. */
static inline unsigned long spin_lock_irqsave(struct spinlock *lock)
{
	unsigned long flags = irq_save();

	spin_lock(lock);
	return flags;
}

static inline void spin_unlock_irqrestore(struct spinlock *lock, unsigned long flags)
{
	lockdep_irqrestore(&lock->tag);
	spin_unlock_no_resched(lock);
	irq_restore(flags);
	if (unlikely(this_cpu_read(preempt_count) == 0))
		preempt_schedule();
}

static inline bool spin_is_held(const struct spinlock *lock)
{
	return READ_ONCE(lock->owner) == cpu_owner_mark();
}

#endif
