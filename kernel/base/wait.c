/* Wait queues and mutexes: see wait.h. */
#include "kernel/base/wait.h"

void waiter_init(struct waiter *w)
{
	list_init(&w->node);
	w->task = task_self();
}

void prepare_to_wait(struct wait_queue *wq, struct waiter *w, enum task_state state)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	if (list_empty(&w->node))
		list_add_tail(&w->node, &wq->waiters);
	task_set_state(state);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void finish_wait(struct wait_queue *wq, struct waiter *w)
{
	unsigned long flags;

	task_set_state(TASK_RUNNING);
	/* The lock even when the waker took the node off: it may still be using it. */
	flags = spin_lock_irqsave(&wq->lock);
	if (!list_empty(&w->node))
		list_del_init(&w->node);
	spin_unlock_irqrestore(&wq->lock, flags);
}

/* Wakes at most n waiters, oldest first. */
static void wake_some(struct wait_queue *wq, unsigned int n)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	for (; n && !list_empty(&wq->waiters); n--) {
		struct waiter *w = list_first_entry(&wq->waiters, struct waiter, node);

		list_del_init(&w->node);
		task_wake(w->task);
	}
	spin_unlock_irqrestore(&wq->lock, flags);
}

void wake_up(struct wait_queue *wq)
{
	wake_some(wq, 1);
}

void wake_up_all(struct wait_queue *wq)
{
	wake_some(wq, ~0U);
}

void mutex_lock_slow(struct mutex *m)
{
	wait_event(&m->waiters, atomic_xchg(&m->state, 2) == 0);
}
