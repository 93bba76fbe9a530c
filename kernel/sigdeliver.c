/*
 * On the way to user mode: work of all kinds, and signals that are taken there. See signal.h.
 *
 * One signal is taken at a time. A default action happens at once; for a handler the registers and
 * the user stack are changed so that it runs next, and the way out is gone once more: a second handler
 * then interrupts the first one before its first instruction, as on Linux.
 */
#include "arch/machine.h"
#include "arch/trap.h"
#include "arch/uaccess.h"
#include "boot/bootinfo.h"
#include "kernel/base/mutant.h"
#include "kernel/base/printk.h"
#include "kernel/base/racepoint.h"
#include "kernel/freezer.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/signal.h"
#include "mm/mm.h"

#define SYS_restart_syscall 219

bool task_must_die(void)
{
	return READ_ONCE(current->work) & WORK_FATAL;
}

bool task_interrupted(void)
{
	return READ_ONCE(current->work) & (WORK_FATAL | WORK_SIGNAL);
}

/* Full barrier: see signal.h. */
static void mark(struct task_struct *t)
{
	(void)atomic_fetch_or(&t->work, WORK_SIGNAL);
}

void signal_kick(struct task_struct *t)
{
	if (!MUTANT(signal_marks_late))
		mark(t);
	RACE_POINT(signal_kicking);
	if ((MUTANT(signal_passes_awake) && READ_ONCE(t->on_rq)) || !task_wake_killable(t))
		sched_kick_running(t);
	RACE_POINT(signal_kicked);
	if (MUTANT(signal_marks_late))
		mark(t);
}

/* --- faults --- */

static const char *const signal_names[] = {
	[SIGILL] = "SIGILL", [SIGTRAP] = "SIGTRAP", [SIGBUS] = "SIGBUS",
	[SIGFPE] = "SIGFPE", [SIGKILL] = "SIGKILL", [SIGSEGV] = "SIGSEGV",
};

/* `userfaults=`: 0 says nothing, 1 a line, 2 (the default) registers as well. */
static u64 fault_detail;

void signal_init(void)
{
	fault_detail = boot_option_u64("userfaults", 2);
	signals_init();
	group_signals_init(&init_task.group->sig);
	task_signals_init(&init_task.sig);
}

static void print_fault(int sig, unsigned long addr, const char *what)
{
	const struct regs *regs = thread_regs(&current->thread);

	if (fault_detail)
		printk("%s[%d] on CPU %u: %s: %s at %#lx, ip %#lx, sp %#lx\n", current->comm,
		       current->pid, cpu_id(), signal_names[sig], what, addr, regs_ip(regs),
		       regs_sp(regs));
	if (fault_detail > 1)
		regs_print(regs);
}

void user_fault(int sig, int code, unsigned long addr, const char *what)
{
	struct siginfo info = {.signo = sig, .code = code, .field = {addr}};

	if (sig == SIGSEGV && code == SEGV_MAPERR && mm_is_mapped(current->mm, addr))
		info.code = SEGV_ACCERR;
	if (!signal_is_caught(sig))
		print_fault(sig, addr, what);
	signal_force(&info);
}

/* --- system calls that were interrupted --- */

/* `handler`: one runs next, with these flags. */
static void settle_syscall(struct regs *regs, bool handler, unsigned long flags)
{
	bool again = !handler;
	long result;

	if (!regs_in_syscall(regs, &result))
		return;
	switch (-result) {
	case ERESTARTSYS:
		again |= (flags & SA_RESTART) != 0;
		break;
	case ERESTARTNOHAND:
	case ERESTART_RESTARTBLOCK:
		break;
	default:
		return;
	}
	if (!again)
		regs_end_syscall(regs, -EINTR);
	else
		regs_repeat_syscall(regs,
				    -result == ERESTART_RESTARTBLOCK ? SYS_restart_syscall : -1);
}

/* --- handlers --- */

/* The mask while the handler runs. */
static void block_for(const struct sigaction *sa, int sig)
{
	struct group_signals *s = &current->group->sig;
	u64 more = sa->mask | (sa->flags & SA_NODEFER ? 0 : SIG_BIT(sig));
	unsigned long flags = sig_lock(s);

	current->sig.restore = false;
	signal_set_blocked((current->sig.blocked | more) & ~SIGS_UNBLOCKED);
	sig_unlock(s, flags);
}

static void call_handler(struct regs *regs, const struct siginfo *info, const struct sigaction *sa)
{
	struct task_signals *s = &current->sig;
	struct sigcall call = {
		.info = *info,
		.handler = sa->handler,
		.restorer = sa->restorer,
		.mask = s->restore ? s->saved : s->blocked,
		.on_stack = sa->flags & SA_ONSTACK,
		.stack = s->stack,
	};

	settle_syscall(regs, true, sa->flags);
	/* Without a restorer the handler could not return. */
	if (!(sa->flags & SA_RESTORER) || sigframe_push(regs, &call)) {
		/* A handler of SIGSEGV that cannot be called is none. */
		if (info->signo == SIGSEGV)
			do_group_exit(SIGSEGV);
		signal_force(&(struct siginfo){.signo = SIGSEGV, .code = SI_KERNEL});
		return;
	}
	if (s->stack.flags & SS_AUTODISARM)
		s->stack = (struct sigstack){.flags = SS_DISABLE};
	block_for(sa, info->signo);
}

/* --- taking --- */

enum verdict { NOTHING, STAND_STILL, IGNORED, DEFAULT, HANDLER };

/* Takes one signal, and finds out what is to be done about it. */
static enum verdict take_one(struct siginfo *info, struct sigaction *sa)
{
	struct group_signals *s = &current->group->sig;
	enum verdict verdict = DEFAULT;
	unsigned long flags = sig_lock(s);
	u64 bit;
	int sig;

	if (s->job.stop) {
		sig_unlock(s, flags);
		return STAND_STILL;
	}
	sig = signal_take(current, ~current->sig.blocked, info);
	bit = SIG_BIT(sig ?: 1);
	if (!sig) {
		(void)atomic_fetch_and(&current->work, ~WORK_SIGNAL);
		verdict = NOTHING;
	} else if (s->ignored & bit) {
		verdict = IGNORED;
	} else if (s->handled & bit) {
		verdict = HANDLER;
		*sa = s->table->action[sig - 1];
		/* The handler's entry stays in the table: another process may share it. */
		if (sa->flags & SA_RESETHAND)
			s->handled &= ~bit;
	} else if ((bit & SIGS_DEFAULT_IGNORED) || current->group == init_group) {
		verdict = IGNORED;
	}
	sig_unlock(s, flags);
	if (sig == SIGALRM)
		itimer_next(current->group);
	return verdict;
}

/* rt_sigsuspend() is over, and no handler ran that would do it. */
static void restore_mask(void)
{
	struct group_signals *s = &current->group->sig;
	unsigned long flags;

	if (!current->sig.restore)
		return;
	flags = sig_lock(s);
	current->sig.restore = false;
	signal_set_blocked(current->sig.saved);
	sig_unlock(s, flags);
}

void signal_deliver(void)
{
	struct regs *regs = thread_regs(&current->thread);
	struct siginfo info;
	struct sigaction sa;

	switch (take_one(&info, &sa)) {
	case NOTHING:
		settle_syscall(regs, false, 0);
		restore_mask();
		break;
	case STAND_STILL:
		job_stand_still();
		break;
	case IGNORED:
		break;
	case HANDLER:
		call_handler(regs, &info, &sa);
		break;
	case DEFAULT:
		if (SIG_BIT(info.signo) & SIGS_STOP)
			job_stop(info.signo);
		else
			do_group_exit(info.signo);
	}
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
	/* WORK_PRIO is for who waits for a server: the next call begins with the priority that there is. */
	if (work & (WORK_RETURN | WORK_TID | WORK_PRIO))
		(void)atomic_fetch_and(&current->work, ~(WORK_RETURN | WORK_TID | WORK_PRIO));
	if (work & WORK_SIGNAL)
		signal_deliver();
	schedule_if_needed();
}
