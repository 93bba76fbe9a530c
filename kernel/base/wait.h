/*
 * Sleeping until something is so, and the sleeping lock built on it.
 *
 *	wait_event(&wq, condition)		sleeps; only wake-ups end it
 *	wait_event_killable(&wq, condition)	0, or -EINTR when the task must die
 *	wake_up(&wq), wake_up_all(&wq)		any context
 *
 * A waiter announces itself first and looks at the condition afterwards; a waker changes the
 * condition first and looks for waiters afterwards. wq->lock on both sides is the full barrier
 * between the two steps.
 *
 * The scheduler's part is the contract at the end, implemented in kernel/sched.c.
 */
#ifndef KERNEL_BASE_WAIT_H
#define KERNEL_BASE_WAIT_H

#include "kernel/base/contextcheck.h"
#include "kernel/base/errno.h"
#include "kernel/base/list.h"
#include "kernel/base/spinlock.h"

struct task_struct;

struct wait_queue {
	struct spinlock lock; /* irq-safe */
	struct list_head waiters;
};

struct waiter {
	struct list_head node; /* wq->lock; empty when woken */
	struct task_struct *task;
};

/* clang-format off */
#define WAIT_QUEUE_INIT(name) {SPINLOCK_INIT(wait_queue), LIST_HEAD_INIT((name).waiters)}
/* clang-format on */

static inline void wait_queue_init(struct wait_queue *wq)
{
	spin_lock_init(&wq->lock, LOCK_wait_queue);
	list_init(&wq->waiters);
}

/*
 * A task in TASK_KILLABLE is woken by any signal as well, and decides whether that ends its wait; one in
 * TASK_SLEEPING is not. One in
 * TASK_FROZEN is woken by a fatal signal and by the thaw alone (kernel/freezer.h): it missed other
 * wake-ups, so it looks at its condition again.
 */
enum task_state { TASK_RUNNING, TASK_KILLABLE, TASK_SLEEPING, TASK_FROZEN, TASK_DEAD };

void waiter_init(struct waiter *w);
void prepare_to_wait(struct wait_queue *wq, struct waiter *w, enum task_state state);
void finish_wait(struct wait_queue *wq, struct waiter *w);
void wake_up(struct wait_queue *wq);
void wake_up_all(struct wait_queue *wq);

#define wait_event(wq, condition)                                                                  \
	do {                                                                                       \
		struct waiter __w;                                                                 \
		might_sleep();                                                                     \
		waiter_init(&__w);                                                                 \
		for (;;) {                                                                         \
			prepare_to_wait((wq), &__w, TASK_SLEEPING);                                \
			if (condition)                                                             \
				break;                                                             \
			schedule();                                                                \
		}                                                                                  \
		finish_wait((wq), &__w);                                                           \
	} while (0)

#define wait_event_killable(wq, condition)                                                         \
	({                                                                                         \
		struct waiter __w;                                                                 \
		int __ret = 0;                                                                     \
		might_sleep();                                                                     \
		waiter_init(&__w);                                                                 \
		for (;;) {                                                                         \
			prepare_to_wait((wq), &__w, TASK_KILLABLE);                                \
			if (condition)                                                             \
				break;                                                             \
			if (task_must_die()) {                                                     \
				__ret = -EINTR;                                                    \
				break;                                                             \
			}                                                                          \
			schedule();                                                                \
		}                                                                                  \
		finish_wait((wq), &__w);                                                           \
		__ret;                                                                             \
	})

/*
 * A lock that sleeps while it is held by another. Process context. 0 free, 1 held, 2 held and
 * waited for.
 */
struct mutex {
	struct lock_tag tag;
	u32 state;
	struct wait_queue waiters;
};

/* clang-format off */
#define MUTEX_INIT(name, class) {LOCK_TAG(class), 0, WAIT_QUEUE_INIT((name).waiters)}
/* clang-format on */

static inline void mutex_init(struct mutex *m, enum lock_class class)
{
	lock_tag_set(&m->tag, class);
	m->state = 0;
	wait_queue_init(&m->waiters);
}

void mutex_lock_slow(struct mutex *m);

static inline void mutex_lock(struct mutex *m)
{
	lockdep_acquire_mutex(&m->tag);
	if (unlikely(atomic_cmpxchg(&m->state, 0, 1) != 0))
		mutex_lock_slow(m);
}

static inline void mutex_unlock(struct mutex *m)
{
	lockdep_release_mutex(&m->tag);
	if (unlikely(atomic_xchg(&m->state, 0) == 2))
		wake_up(&m->waiters);
}

static inline bool mutex_is_locked(const struct mutex *m)
{
	return READ_ONCE(m->state) != 0;
}

/* --- the scheduler's part --- */

/* The running task. */
struct task_struct *task_self(void);
/* Sets the state under which the next schedule() leaves the run queue. */
void task_set_state(enum task_state state);
/*
 * Makes the task runnable if its state is KILLABLE or SLEEPING. True when it was. Any context.
 */
bool task_wake(struct task_struct *task);
/* Whether the running task has a fatal signal; any signal to take (kernel/signal.h). */
bool task_must_die(void);
bool task_interrupted(void);
void schedule(void);

#endif
