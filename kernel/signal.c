/*
 * Signals, as far as they end something: kill, and faults of user programs. Handlers run in a later
 * slice; until then rt_sigaction refuses one, and a signal either has its default action or is
 * ignored.
 */
#include "arch/machine.h"
#include "arch/trap.h"
#include "arch/uaccess.h"
#include "boot/bootinfo.h"
#include "kernel/base/bitops.h"
#include "kernel/base/errno.h"
#include "kernel/base/printk.h"
#include "kernel/freezer.h"
#include "kernel/process.h"
#include "kernel/sched.h"

/* Signals whose default is to do nothing. */
#define DEFAULT_IGNORED (BIT(SIGCHLD - 1) | BIT(SIGCONT - 1) | BIT(SIGURG - 1) | BIT(SIGWINCH - 1))
/* Signals whose default is to stop: refused, for there is no job control yet. */
#define DEFAULT_STOP (BIT(SIGSTOP - 1) | BIT(SIGTSTP - 1) | BIT(SIGTTIN - 1) | BIT(SIGTTOU - 1))

bool task_must_die(void)
{
	return READ_ONCE(current->work) & WORK_FATAL;
}

static bool signal_is_fatal(const struct thread_group *g, int sig)
{
	u64 bit = BIT(sig - 1);

	if (sig == SIGKILL)
		return true;
	if (g == init_group)
		return false; /* process 1 gets only what it asked for */
	return !((DEFAULT_IGNORED | READ_ONCE(g->ignored)) & bit);
}

void group_kill(struct thread_group *g, int sig)
{
	struct task_struct *t;

	spin_lock(&g->lock);
	/* An exec that is waiting for its other threads dies as well. */
	if (!g->exiting || g->exec) {
		g->exiting = true;
		g->exec = NULL;
		g->exit_status = sig;
		list_for_each_entry (t, &g->threads, thread_node) {
			(void)atomic_fetch_or(&t->work, WORK_FATAL);
			sched_kick_task(t);
		}
	}
	spin_unlock(&g->lock);
}

/* Whether there is such a task is found out before whether there is such a signal, as in Linux. */
static long signal_task(struct task_struct *t, int sig)
{
	if (!t)
		return -ESRCH;
	if (sig < 0 || sig > NR_SIGNALS)
		return -EINVAL;
	if (sig && (DEFAULT_STOP & BIT(sig - 1)))
		return -ENOSYS;
	if (!READ_ONCE(t->group->parent))
		return -EPERM; /* kernel threads are nobody's to kill */
	if (sig && signal_is_fatal(t->group, sig))
		group_kill(t->group, sig);
	return 0;
}

/* Everybody but process 1 and the caller's own process. */
static long kill_all(int sig)
{
	struct task_struct *p;
	unsigned int b;
	bool any = false;

	for_each_process (b, p) {
		if (p->group == init_group || p->group == current->group ||
		    !READ_ONCE(p->group->parent))
			continue;
		any = true;
		(void)signal_task(p, sig);
	}
	return any ? 0 : -ESRCH;
}

long do_kill(int pid, int sig)
{
	struct task_struct *t;
	long ret;

	if (pid <= 0 && (sig < 0 || sig > NR_SIGNALS))
		return pid == INT32_MIN ? -ESRCH : -EINVAL;
	rcu_read_lock();
	if (pid > 0) {
		t = find_task(pid);
		ret = signal_task(t && t->group->tgid == pid ? t : NULL, sig);
	} else if (pid == -1) {
		ret = kill_all(sig);
	} else {
		/* There is one process group, everybody's, numbered like process 1. */
		ret = pid == 0 || pid == -init_group->tgid ? kill_all(sig) : -ESRCH;
		if (pid == 0 && ret == -ESRCH)
			ret = 0;
		if (pid == 0 && sig && signal_is_fatal(current->group, sig))
			group_kill(current->group, sig);
	}
	rcu_read_unlock();
	return ret;
}

long do_tkill(int tgid, int tid, int sig)
{
	struct task_struct *t;
	long ret;

	if (tid <= 0 || tgid == 0)
		return -EINVAL;
	rcu_read_lock();
	t = find_task(tid);
	if (t && tgid > 0 && t->group->tgid != tgid)
		t = NULL;
	ret = signal_task(t, sig);
	rcu_read_unlock();
	return ret;
}

static const char *const signal_names[] = {
	[SIGILL] = "SIGILL", [SIGTRAP] = "SIGTRAP", [SIGBUS] = "SIGBUS",
	[SIGFPE] = "SIGFPE", [SIGKILL] = "SIGKILL", [SIGSEGV] = "SIGSEGV",
};

/* `userfaults=`: 0 says nothing, 1 a line, 2 (the default) registers as well. */
static u64 fault_detail;

void signal_init(void)
{
	fault_detail = boot_option_u64("userfaults", 2);
}

void user_fault(int sig, unsigned long addr, const char *what)
{
	if (fault_detail)
		printk("%s[%d] on CPU %u: %s: %s at %#lx, ip %#lx, sp %#lx\n", current->comm,
		       current->pid, cpu_id(), signal_names[sig], what, addr,
		       regs_ip(thread_regs(&current->thread)),
		       regs_sp(thread_regs(&current->thread)));
	if (fault_detail > 1)
		regs_print(thread_regs(&current->thread));
	/* The instruction would only fault again, so an ignored or blocked signal kills as well. */
	do_group_exit(sig);
}

void user_exit_work(void)
{
	u64 work = READ_ONCE(current->work);

	if (work & WORK_FATAL)
		do_exit(current->group->exit_status);
	/* After death, before anything that writes user memory. Other work may have come meanwhile. */
	if (work & WORK_FREEZE) {
		freezer_stop();
		return;
	}
	if (work & WORK_TID) /* as Linux: an address that is not there is the program's loss */
		(void)put_user_u32((u32)current->pid, current->set_child_tid);
	if (work & (WORK_RETURN | WORK_TID))
		(void)atomic_fetch_and(&current->work, ~(WORK_RETURN | WORK_TID));
	schedule_if_needed();
}

#define SIG_DFL 0
#define SIG_IGN 1

long do_sigaction(int sig, const struct user_sigaction __user *act,
		  struct user_sigaction __user *old)
{
	struct thread_group *g = current->group;
	struct user_sigaction sa = {0};
	u64 bit;

	/* In Linux's order: a wild pointer is found first. */
	if (act && copy_from_user(&sa, act, sizeof(sa)))
		return -EFAULT;
	if (sig < 1 || sig > NR_SIGNALS)
		return -EINVAL;
	bit = BIT(sig - 1);
	if (act) {
		if (sig == SIGKILL || sig == SIGSTOP)
			return -EINVAL;
		if (sa.handler != SIG_DFL && sa.handler != SIG_IGN)
			return -ENOSYS;
	}
	if (old) {
		struct user_sigaction was = {.handler = g->ignored & bit ? SIG_IGN : SIG_DFL};

		if (copy_to_user(old, &was, sizeof(was)))
			return -EFAULT;
	}
	if (act) {
		spin_lock(&g->lock);
		g->ignored = sa.handler == SIG_IGN ? g->ignored | bit : g->ignored & ~bit;
		spin_unlock(&g->lock);
	}
	return 0;
}
