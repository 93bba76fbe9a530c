/*
 * The contended path of spin_lock(): see kernel/base/spinlock.h.
 *
 * Test, then test-and-set: waiters read their own cached copy of the word and attempt the LOCKed
 * instruction only when they have seen it free. There is no queue and no backoff on purpose, see
 * the header.
 */
#include "kernel/base/barrier.h"
#include "kernel/base/spinlock.h"

#include "kernel/base/panic.h"

/* Preemption is off already, so cpu_id() is stable. */
void spin_lock_slow(struct spinlock *lock)
{
	u32 me = cpu_owner_mark();

	/*
	 * Only this CPU ever stores `me`, and it is here: what is seen now cannot come later. An
	 * interrupt handler that takes a lock which is held with interrupts on ends here too.
	 */
	if (READ_ONCE(lock->owner) == me)
		BUG("deadlock: CPU %u already holds lock %p", cpu_id(), (void *)lock);

	do {
		while (READ_ONCE(lock->owner) != 0)
			cpu_relax();
	} while (atomic_cmpxchg(&lock->owner, 0, me) != 0);
}
