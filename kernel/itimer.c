/*
 * The alarm clock of a process: alarm(2), setitimer(2) with ITIMER_REAL.
 *
 * The next period is set up when SIGALRM is taken, so a program that does not look gets one signal
 * and not a thousand; the periods are counted from the first one, and none is longer for being late.
 */
#include "arch/timer.h"
#include "kernel/base/errno.h"
#include "kernel/futex.h"
#include "kernel/process.h"
#include "kernel/signal.h"

#define ITIMER_REAL 0

#define NSEC_PER_USEC 1000UL
#define USEC_PER_SEC  1000000

static struct thread_group *group_of(struct ktimer *timer)
{
	return container_of(timer, struct thread_group, sig.real.timer);
}

static void expire(struct ktimer *timer)
{
	signal_send_irq(group_of(timer), SIGALRM);
}

/* What is left; 0: it is not running. A clock that has just run out has a moment left. */
static u64 left_ns(const struct itimer *real)
{
	u64 now = time_ns();

	if (!real->timer.pending)
		return 0;
	return real->expires > now ? real->expires - now : NSEC_PER_USEC;
}

/* Returns what was left. Group lock held. */
static u64 set_locked(struct itimer *real, u64 first, u64 interval)
{
	u64 left = left_ns(real);

	ktimer_cancel(&real->timer);
	real->interval = interval;
	if (first) {
		real->expires = time_ns() + first;
		ktimer_start(&real->timer, real->expires, expire);
	}
	return left;
}

void itimer_next(struct thread_group *g)
{
	struct itimer *real = &g->sig.real;
	u64 now, late;

	if (!READ_ONCE(real->interval))
		return;
	spin_lock(&g->lock);
	now = time_ns();
	if (real->interval && !READ_ONCE(real->timer.pending) && real->expires <= now) {
		late = (now - real->expires) / real->interval;
		real->expires += (late + 1) * real->interval;
		ktimer_start(&real->timer, real->expires, expire);
	}
	spin_unlock(&g->lock);
}

void itimer_stop(struct thread_group *g)
{
	g->sig.real.interval = 0;
	if (unlikely(g->sig.real.timer.fn))
		ktimer_cancel(&g->sig.real.timer);
}

static bool timeval_ok(const struct timeval *tv)
{
	return tv->sec >= 0 && tv->usec >= 0 && tv->usec < USEC_PER_SEC;
}

static u64 timeval_to_ns(const struct timeval *tv)
{
	return timespec_to_ns(&(struct timespec){tv->sec, tv->usec * (s64)NSEC_PER_USEC});
}

struct timeval ns_to_timeval(u64 ns)
{
	return (struct timeval){(s64)(ns / NSEC_PER_SEC), (s64)(ns % NSEC_PER_SEC / NSEC_PER_USEC)};
}

/* ITIMER_VIRTUAL and ITIMER_PROF count what nobody measures here. */
int do_setitimer(int which, const struct itimerval *new, struct itimerval *old)
{
	struct thread_group *g = current->group;
	struct itimer *real = &g->sig.real;
	u64 interval;

	if (which != ITIMER_REAL || !timeval_ok(&new->value) || !timeval_ok(&new->interval))
		return -EINVAL;
	spin_lock(&g->lock);
	interval = real->interval;
	old->value = ns_to_timeval(
		set_locked(real, timeval_to_ns(&new->value), timeval_to_ns(&new->interval)));
	old->interval = ns_to_timeval(interval);
	spin_unlock(&g->lock);
	return 0;
}

int do_getitimer(int which, struct itimerval *now)
{
	struct thread_group *g = current->group;

	if (which != ITIMER_REAL)
		return -EINVAL;
	spin_lock(&g->lock);
	now->value = ns_to_timeval(left_ns(&g->sig.real));
	now->interval = ns_to_timeval(g->sig.real.interval);
	spin_unlock(&g->lock);
	return 0;
}

/* Seconds that were left, rounded as Linux does: to the nearest, and never to none. */
long do_alarm(unsigned int seconds)
{
	struct thread_group *g = current->group;
	u64 left;

	spin_lock(&g->lock);
	left = set_locked(&g->sig.real, seconds * NSEC_PER_SEC, 0);
	spin_unlock(&g->lock);
	if (!left)
		return 0;
	return (long)MAX((left + NSEC_PER_SEC / 2) / NSEC_PER_SEC, 1UL);
}
