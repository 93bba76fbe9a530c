/*
 * The explorer's twin of spin locks: who waits is not runnable, so that no states are spent on
 * spinning. Order is that of the real ones: taking a lock is a LOCKed instruction, releasing it a
 * plain store.
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

/* clang-format off */
#define SPINLOCK_INIT(class) {LOCK_TAG(class), 0}
/* clang-format on */

void model_lock(u32 *word, u32 owner);
bool model_trylock(u32 *word, u32 owner);
void model_unlock(u32 *word);
bool model_holds(const u32 *word);

static inline void spin_lock_set_class(struct spinlock *lock, enum lock_class class)
{
	lock_tag_set(&lock->tag, class);
}

static inline void spin_lock_init(struct spinlock *lock, enum lock_class class)
{
	spin_lock_set_class(lock, class);
	lock->owner = 0;
}

static __always_inline bool spin_trylock(struct spinlock *lock)
{
	preempt_disable();
	if (model_trylock(&lock->owner, cpu_id() + 1))
		return true;
	preempt_enable();
	return false;
}

static __always_inline void spin_lock(struct spinlock *lock)
{
	preempt_disable();
	model_lock(&lock->owner, cpu_id() + 1);
}

static __always_inline void spin_unlock(struct spinlock *lock)
{
	model_unlock(&lock->owner);
	preempt_enable();
}

static __always_inline unsigned long spin_lock_irqsave(struct spinlock *lock)
{
	unsigned long flags = irq_save();

	spin_lock(lock);
	return flags;
}

static __always_inline void spin_unlock_irqrestore(struct spinlock *lock, unsigned long flags)
{
	spin_unlock(lock);
	irq_restore(flags);
}

static inline bool spin_is_held(const struct spinlock *lock)
{
	return model_holds(&lock->owner);
}

#endif
