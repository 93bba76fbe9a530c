/* System calls about signals. */
#include "arch/timer.h"
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/string.h"
#include "kernel/futex.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/signal.h"
#include "kernel/syscalls.h"

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#define MINSIGSTKSZ 2048

static int read_set(u64 *set, u64 from, u64 size)
{
	if (size != sizeof(*set))
		return -EINVAL;
	return copy_from_user(set, (const void __user *)from, sizeof(*set));
}

static void set_blocked(u64 blocked)
{
	struct group_signals *s = &current->group->sig;
	unsigned long flags = sig_lock(s);

	signal_set_blocked(blocked & ~SIGS_UNBLOCKED);
	sig_unlock(s, flags);
}

SYSCALL(rt_sigaction)
{
	UNUSED_ARGS(a4, a5);
	if (a3 != sizeof(u64))
		return -EINVAL;
	return do_sigaction((int)a0, (const struct sigaction __user *)a1,
			    (struct sigaction __user *)a2);
}

SYSCALL(rt_sigprocmask)
{
	u64 old = current->sig.blocked, set;

	UNUSED_ARGS(a4, a5);
	if (a3 != sizeof(u64))
		return -EINVAL;
	if (a1) {
		if (copy_from_user(&set, (const void __user *)a1, sizeof(set)))
			return -EFAULT;
		switch ((int)a0) {
		case SIG_BLOCK:
			set |= old;
			break;
		case SIG_UNBLOCK:
			set = old & ~set;
			break;
		case SIG_SETMASK:
			break;
		default:
			return -EINVAL;
		}
		set_blocked(set);
	}
	if (a2 && copy_to_user((void __user *)a2, &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

/* Linux allows a shorter set here. */
SYSCALL(rt_sigpending)
{
	struct group_signals *s = &current->group->sig;
	unsigned long flags;
	u64 set;

	UNUSED_ARGS(a2, a3, a4, a5);
	if (a1 > sizeof(set))
		return -EINVAL;
	flags = sig_lock(s);
	set = signal_waiting(current) & current->sig.blocked;
	sig_unlock(s, flags);
	return copy_to_user((void __user *)a0, &set, a1);
}

/* What the frame holds comes back in registers; the result is one of them. */
SYSCALL(rt_sigreturn)
{
	struct regs *regs = thread_regs(&current->thread);
	struct sigstack stack;
	long result;
	u64 mask;

	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	if (sigframe_pop(regs, &mask, &stack)) {
		signal_force(&(struct siginfo){.signo = SIGSEGV, .code = SI_KERNEL});
		return 0;
	}
	set_blocked(mask);
	(void)sigaltstack_set(&stack);
	/* All registers, also those that SYSRET would not bring back. */
	(void)atomic_fetch_or(&current->work, WORK_RETURN);
	(void)regs_in_syscall(regs, &result);
	return result;
}

/* --- waiting --- */

static bool never(void *unused)
{
	(void)unused;
	return false;
}

static long wait_for_handler(void)
{
	struct wait_queue nobody = WAIT_QUEUE_INIT(nobody);

	(void)wait_until_interruptible(&nobody, never, NULL, 0);
	return -ERESTARTNOHAND;
}

SYSCALL(pause)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return wait_for_handler();
}

void signal_mask_for_wait(u64 set)
{
	current->sig.saved = current->sig.blocked;
	current->sig.restore = true;
	set_blocked(set);
}

void signal_mask_restore(void)
{
	current->sig.restore = false;
	set_blocked(current->sig.saved);
}

SYSCALL(rt_sigsuspend)
{
	u64 set;
	int err = read_set(&set, a0, a1);

	UNUSED_ARGS(a2, a3, a4, a5);
	if (err)
		return err;
	/* From here on signal_deliver() sees to the mask: it is certain to be called. */
	signal_mask_for_wait(set);
	return wait_for_handler();
}

struct timed_wait {
	u64 set;
	struct siginfo info;
	int sig;
};

/* One of the set has come, or something else that is not blocked. */
static bool take_awaited(void *arg)
{
	struct group_signals *s = &current->group->sig;
	struct timed_wait *w = arg;
	unsigned long flags = sig_lock(s);
	bool other;

	w->sig = signal_take(current, w->set, &w->info);
	other = signal_waiting(current) & ~current->sig.blocked;
	current->sig.awaited = w->sig || other ? 0 : w->set;
	sig_unlock(s, flags);
	return w->sig || other;
}

static void await_nothing(void)
{
	struct group_signals *s = &current->group->sig;
	unsigned long flags = sig_lock(s);

	current->sig.awaited = 0;
	sig_unlock(s, flags);
}

static int read_timeout(u64 from, u64 *deadline)
{
	struct timespec ts;

	*deadline = 0;
	if (!from)
		return 0;
	if (copy_from_user(&ts, (const void __user *)from, sizeof(ts)))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	*deadline = time_ns() + timespec_to_ns(&ts);
	return 0;
}

static int put_info(u64 to, const struct siginfo *info)
{
	u8 all[128] = {0};

	memcpy(all, info, sizeof(*info));
	return to ? copy_to_user((void __user *)to, all, sizeof(all)) : 0;
}

SYSCALL(rt_sigtimedwait)
{
	struct wait_queue nobody = WAIT_QUEUE_INIT(nobody);
	struct timed_wait w = {0};
	u64 deadline;
	int err = read_set(&w.set, a0, a3);

	UNUSED_ARGS(a4, a5);
	if (!err)
		err = read_timeout(a2, &deadline);
	if (err)
		return err;
	w.set &= ~SIGS_UNBLOCKED;
	/* Killable: take_awaited() itself looks for what shall interrupt. */
	err = wait_until(&nobody, take_awaited, &w, deadline);
	await_nothing();
	if (w.sig == SIGALRM)
		itimer_next(current->group);
	if (w.sig)
		return put_info(a1, &w.info) ? -EFAULT : w.sig;
	return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

/* --- sending --- */

SYSCALL(kill)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return do_kill((int)a0, (int)a1);
}

SYSCALL(tkill)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return do_tkill(-1, (int)a0, (int)a1);
}

SYSCALL(tgkill)
{
	UNUSED_ARGS(a3, a4, a5);
	return (int)a0 <= 0 ? -EINVAL : do_tkill((int)a0, (int)a1, (int)a2);
}

SYSCALL(rt_sigqueueinfo)
{
	struct siginfo info;

	UNUSED_ARGS(a3, a4, a5);
	if (copy_from_user(&info, (const void __user *)a2, sizeof(info)))
		return -EFAULT;
	return do_sigqueue((int)a0, 0, (int)a1, &info);
}

SYSCALL(rt_tgsigqueueinfo)
{
	struct siginfo info;

	UNUSED_ARGS(a4, a5);
	if (copy_from_user(&info, (const void __user *)a3, sizeof(info)))
		return -EFAULT;
	return (int)a1 <= 0 ? -EINVAL : do_sigqueue((int)a0, (int)a1, (int)a2, &info);
}

/* --- the alternate stack --- */

int sigaltstack_set(const struct sigstack *stack)
{
	struct sigstack *mine = &current->sig.stack;
	u32 mode = stack->flags & ~SS_AUTODISARM;

	if (sigstack_holds(mine, regs_sp(thread_regs(&current->thread))))
		return -EPERM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode != SS_DISABLE && stack->size < MINSIGSTKSZ)
		return -ENOMEM;
	*mine = mode == SS_DISABLE ? (struct sigstack){.flags = stack->flags} : *stack;
	mine->flags &= ~SS_ONSTACK;
	mine->pad = 0;
	return 0;
}

SYSCALL(sigaltstack)
{
	struct sigstack new, old = current->sig.stack;
	int err;

	UNUSED_ARGS(a2, a3, a4, a5);
	if (!old.size)
		old.flags |= SS_DISABLE;
	else if (sigstack_holds(&old, regs_sp(thread_regs(&current->thread))))
		old.flags |= SS_ONSTACK;
	if (a0 && copy_from_user(&new, (const void __user *)a0, sizeof(new)))
		return -EFAULT;
	err = a0 ? sigaltstack_set(&new) : 0;
	if (!err && a1 && copy_to_user((void __user *)a1, &old, sizeof(old)))
		return -EFAULT;
	return err;
}

SYSCALL(restart_syscall)
{
	struct restart *r = &current->sig.restart;

	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return r->fn ? r->fn(r) : -EINTR;
}

/* --- the alarm clock --- */

SYSCALL(alarm)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return do_alarm((unsigned int)a0);
}

SYSCALL(setitimer)
{
	struct itimerval new, old;
	int err;

	UNUSED_ARGS(a3, a4, a5);
	if (a1 && copy_from_user(&new, (const void __user *)a1, sizeof(new)))
		return -EFAULT;
	if (!a1)
		new = (struct itimerval){0};
	err = do_setitimer((int)a0, &new, &old);
	if (err)
		return err;
	return a2 ? copy_to_user((void __user *)a2, &old, sizeof(old)) : 0;
}

SYSCALL(getitimer)
{
	struct itimerval now;
	int err = do_getitimer((int)a0, &now);

	UNUSED_ARGS(a2, a3, a4, a5);
	return err ? err : copy_to_user((void __user *)a1, &now, sizeof(now));
}

/* --- process groups and sessions --- */

SYSCALL(setpgid)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return do_setpgid((int)a0, (int)a1);
}

SYSCALL(getpgid)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return do_getpgid((int)a0);
}

SYSCALL(getpgrp)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return do_getpgid(0);
}

SYSCALL(getsid)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return do_getsid((int)a0);
}

SYSCALL(setsid)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return do_setsid();
}
