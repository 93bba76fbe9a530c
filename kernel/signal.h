/*
 * Signals: where they wait, what a process does about them, how they are sent and taken.
 *
 *	signal.c	dispositions, queues, sending
 *	kill.c		whom a signal is for: kill, tgkill and their kin
 *	sigdeliver.c	on the way to user mode: default actions, handlers, restarts
 *	jobctl.c	stop and continue, process groups and sessions
 *	itimer.c	the alarm clock
 *
 * Locks. sig.lock of a group guards its dispositions, its queue, those of its threads, and their
 * masks. It is irq-safe, since the alarm clock takes it, and innermost but for run queues:
 *
 *	parent's group lock > group lock > CPU timer lock > sig.lock > run queue lock
 *
 * No wake-up is lost. A sender queues, then sets WORK_SIGNAL in the thread that is to take the signal
 * (LOCKed: a full barrier), then looks at its state, and wakes or interrupts it. A thread that goes
 * to sleep sets its state (LOCKed too), then looks at WORK_SIGNAL: store buffering with both
 * barriers, so one of the two sees the other. A thread on its way to user mode looks with
 * interrupts off, so what is set later comes with an interrupt. Only the thread itself takes the bit
 * away, under sig.lock, having found nothing to take. So who returns -ERESTART... because of the bit
 * comes by signal_deliver(), which makes that a restart or -EINTR.
 *
 * A signal for the process is given to one thread that does not block it. When that one blocks it
 * after all, or exits, it passes on what waits (signal_pass_on()); an exiting thread blocks everything
 * first, under the lock, so that it is not chosen again.
 */
#ifndef KERNEL_SIGNAL_H
#define KERNEL_SIGNAL_H

#include "arch/sigframe.h"
#include "kernel/base/list.h"
#include "kernel/base/spinlock.h"
#include "kernel/timer.h"

struct task_struct;
struct thread_group;

#define NR_SIGNALS 64
#define SIGHUP     1
#define SIGINT     2
#define SIGQUIT    3
#define SIGILL     4
#define SIGTRAP    5
#define SIGABRT    6
#define SIGBUS     7
#define SIGFPE     8
#define SIGKILL    9
#define SIGUSR1    10
#define SIGSEGV    11
#define SIGPIPE    13
#define SIGALRM    14
#define SIGTERM    15
#define SIGCHLD    17
#define SIGCONT    18
#define SIGSTOP    19
#define SIGTSTP    20
#define SIGTTIN    21
#define SIGTTOU    22
#define SIGURG     23
#define SIGWINCH   28
#define SIGSYS     31
#define SIGRTMIN   32

/* Bit n - 1 stands for signal n. */
#define SIG_BIT(sig)   (1UL << ((sig)-1))
#define SIGS_UNBLOCKED (SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP))
#define SIGS_STOP      (SIG_BIT(SIGSTOP) | SIG_BIT(SIGTSTP) | SIG_BIT(SIGTTIN) | SIG_BIT(SIGTTOU))
#define SIGS_DEFAULT_IGNORED                                                                       \
	(SIG_BIT(SIGCHLD) | SIG_BIT(SIGCONT) | SIG_BIT(SIGURG) | SIG_BIT(SIGWINCH))
#define SIGS_SYNCHRONOUS                                                                           \
	(SIG_BIT(SIGSEGV) | SIG_BIT(SIGBUS) | SIG_BIT(SIGILL) | SIG_BIT(SIGTRAP) |                 \
	 SIG_BIT(SIGFPE) | SIG_BIT(SIGSYS))

#define SIG_DFL 0UL
#define SIG_IGN 1UL

#define SA_NOCLDSTOP 0x00000001UL
#define SA_NOCLDWAIT 0x00000002UL
#define SA_SIGINFO   0x00000004UL
#define SA_RESTORER  0x04000000UL
#define SA_ONSTACK   0x08000000UL
#define SA_RESTART   0x10000000UL
#define SA_NODEFER   0x40000000UL
#define SA_RESETHAND 0x80000000UL

/* si_code */
#define SI_USER       0
#define SI_KERNEL     0x80
#define SI_QUEUE      (-1)
#define SI_TKILL      (-6)
#define SEGV_MAPERR   1
#define SEGV_ACCERR   2
#define BUS_ADRERR    2
#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_STOPPED   5
#define CLD_CONTINUED 6

/* A disposition, as rt_sigaction(2) has it. */
struct sigaction {
	unsigned long handler, flags, restorer;
	u64 mask;
};

/* All dispositions of a process that has had a handler; shared over fork until somebody writes. */
struct sig_table {
	u32 refs; /* A */
	struct sigaction action[NR_SIGNALS];
};

/* RLIMIT_SIGPENDING, unless a process sets another. */
#define SIGNAL_ENTRIES_MAX 4096

/* Signals that wait. Of one that has no entry nothing is known but its number. */
struct sig_queue {
	u64 set;
	struct list_head entries;
};

struct sig_entry {
	struct list_head node;
	struct siginfo info;
};

/* In a thread group. All under lock, unless it is said otherwise. */
struct group_signals {
	struct spinlock lock; /* irq-safe */
	u64 ignored, handled; /* also read without */
	struct sig_table *table;
	struct sig_queue queue;   /* for the process */
	struct list_head dropped; /* entries that sig_unlock() frees */
	unsigned int nr_entries;  /* in all queues of the group */
	u64 chld_flags;           /* SA_NOCLDSTOP and SA_NOCLDWAIT of SIGCHLD; also read without */
	struct job {
		u32 stop;          /* the signal by which all threads stop; also read without */
		bool taken;        /* a stop signal, and nothing has come since that undoes it */
		bool told;         /* all have stopped, the parent was told */
		u32 nr_stopped;    /* threads */
		u32 report;        /* P: enum job_report, until somebody waits for it */
		u32 report_signal; /* P */
		int pgid, sid;     /* jobctl_lock; also read without */
		bool execed;       /* jobctl_lock: setpgid() by the parent comes too late */
	} job;
	/* Not zero at first, so that fork has less to do: see group_signals_init(). */
	struct sig_entry chld; /* the one SIGCHLD that can wait needs no memory */
	struct itimer {        /* group lock */
		struct ktimer timer;
		u64 interval, expires;
	} real;
};

/* In a task. */
struct task_signals {
	u64 blocked;            /* sig.lock; read by the task itself without */
	u64 awaited;            /* sig.lock: in rt_sigtimedwait(), blocked or not */
	struct sig_queue queue; /* sig.lock: for this thread */
	u64 saved;              /* the task: its mask before rt_sigsuspend(), if `restore` */
	bool restore;
	struct sigstack stack; /* the task: sigaltstack(2) */
	struct restart {       /* the task: what restart_syscall() goes on with */
		long (*fn)(struct restart *r);
		u64 deadline;
		unsigned long arg[2];
	} restart;
};

/*
 * What a call that was interrupted returns, inside of the kernel: signal_deliver() makes it a repetition
 * of the call or -EINTR.
 */
#define ERESTARTSYS           512 /* repeated, unless by a handler without SA_RESTART */
#define ERESTARTNOHAND        514 /* repeated, unless there is a handler */
#define ERESTART_RESTARTBLOCK 516 /* goes on by restart_syscall(), unless there is a handler */

/* --- signal.c --- */

/* At boot. */
void signals_init(void);

/* It is zero up to `chld`. */
static inline void group_signals_init(struct group_signals *s)
{
	spin_lock_set_class(&s->lock, LOCK_signals);
	list_init(&s->queue.entries);
	list_init(&s->dropped);
	s->real.interval = 0;
	s->real.timer.fn = NULL;
	s->real.timer.cpu = 0;
	s->real.timer.pending = false;
}

static inline void task_signals_init(struct task_signals *s)
{
	s->blocked = s->awaited = s->queue.set = 0;
	list_init(&s->queue.entries);
	s->restore = false;
	s->stack = (struct sigstack){.flags = SS_DISABLE};
	s->restart.fn = NULL;
}

/* Fork: dispositions, mask, groups are the parent's. The child is not visible yet. */
void signals_fork(struct task_struct *child, bool thread, bool shares_mm);
/* What has a handler gets its default. */
void signals_clear_handlers(struct group_signals *s);
/* Exec: the same, and what else a new program starts with. */
void signals_exec(void);
/* The running thread takes no more signals; those of the process go to others. */
void signals_exit_thread(void);
/* After the grace period: the thread, or the group, is nobody's any more. */
void task_signals_free(struct task_struct *t);
void group_signals_free(struct thread_group *g);

/*
 * Sends to a process, or to the thread `t` of it. 0, or -EAGAIN: there is no memory for what SI_QUEUE
 * promises. Process context; no lock but those above sig.lock.
 */
int signal_send(struct thread_group *g, struct task_struct *t, const struct siginfo *info);
/*
 * What a child tells its parent: SIGCHLD, if the parent wants it, or the signal that was asked for in its place;
 * it is there before wait4 can find the child. One that asks for SIGCHLD at this moment may have done so a
 * moment later: the child waits for wait4 all the same. Never fatal at once, and says nothing of job control.
 * The parent's lock held. signal_wants_child() is in jobctl.c.
 */
bool signal_wants_child(const struct thread_group *parent);
void signal_send_child(struct thread_group *parent, const struct siginfo *info);
/* A signal of which nothing is known but the number. The same, in interrupts too; never fatal at once. */
void signal_send_irq(struct thread_group *g, int sig);
/*
 * To the running thread, for what it has just done; the process dies of it if it is not caught, blocked and
 * ignored ones included. Process context.
 */
void signal_force(const struct siginfo *info);
/* True: the running thread has a handler for the fault, and does not block it. */
bool signal_is_caught(int sig);

long do_sigaction(int sig, const struct sigaction __user *act, struct sigaction __user *old);

/* Takes the next signal of `set`; 0: there is none. Synchronous ones first. sig.lock held. */
int signal_take(struct task_struct *t, u64 set, struct siginfo *info);
/* The running thread's mask, and what follows from it. sig.lock held. */
void signal_set_blocked(u64 blocked);
/* What waits for the running thread: of its own, and of the process. sig.lock held. */
u64 signal_waiting(const struct task_struct *t);
/* Removes signals of `set` from all queues of the group. sig.lock held. */
void signal_flush(struct thread_group *g, u64 set);
/* The whole group dies of `sig`, if it is not dying already. */
void group_kill(struct thread_group *g, int sig);

static inline unsigned long sig_lock(struct group_signals *s)
{
	return spin_lock_irqsave(&s->lock);
}

/* Also frees entries that were dropped: an interrupt may want sig.lock inside of the allocator. */
void sig_unlock(struct group_signals *s, unsigned long flags);

/* --- sigdeliver.c --- */

/* Makes the thread look: see above. sig.lock held, or rcu_read_lock(). */
void signal_kick(struct task_struct *t);
/* The running thread has WORK_SIGNAL, and is about to return to user mode. Interrupts on. */
void signal_deliver(void);

/* --- kill.c --- */

long do_kill(int pid, int sig);
long do_tkill(int tgid, int tid, int sig);
/* Of rt_sigqueueinfo(2) and rt_tgsigqueueinfo(2); tid 0: for the process. */
long do_sigqueue(int tgid, int tid, int sig, struct siginfo *info);
/* To every process of a group. 0 or -ESRCH. */
long signal_process_group(int pgid, const struct siginfo *info);

/* --- jobctl.c --- */

enum job_report { JOB_NONE, JOB_STOPPED, JOB_CONTINUED };

/* What a stop or a continue signal does when it is sent. True: tell the parent. sig.lock held. */
bool job_prepare(struct thread_group *g, int sig);
/* The parent learns that the group has stopped, or goes on. Process context, no lock. */
void job_tell_parent(struct thread_group *g, enum job_report what);
/* Default action of a stop signal, in the running thread. No lock. */
void job_stop(int sig);
/* The running thread stands still until the group goes on. No lock. */
void job_stand_still(void);
/* A thread has left the group: true when all that are left stand still. Group lock held. */
bool job_all_stopped(struct thread_group *g);
/* Whether no member's parent is in the same session and in another group; `gone` counts no more. */
bool job_is_orphaned(int pgid, const struct thread_group *gone);
/* The running process has a new program. */
void job_exec(void);
/* The group ends: process groups that lose their last tie to the session are told. No lock. */
void job_exit(struct thread_group *g);

long do_setpgid(int pid, int pgid);
long do_getpgid(int pid);
long do_getsid(int pid);
long do_setsid(void);

/* --- itimer.c --- */

/* SIGALRM has been taken: the next period. No lock. */
void itimer_next(struct thread_group *g);
void itimer_stop(struct thread_group *g);

struct timeval {
	s64 sec, usec;
};

struct itimerval {
	struct timeval interval, value;
};

struct timeval ns_to_timeval(u64 ns);

/* 0 or -EINVAL: for ITIMER_REAL alone. */
int do_setitimer(int which, const struct itimerval *new, struct itimerval *old);
int do_getitimer(int which, struct itimerval *now);
/* The seconds that were left. */
long do_alarm(unsigned int seconds);

/* --- sys_signal.c --- */

/*
 * The running thread's mask is `set` until signal_deliver() has found its next handler, or none to run; a call
 * that comes back otherwise restores it itself.
 */
void signal_mask_for_wait(u64 set);
void signal_mask_restore(void);

/* sigaltstack(2) for the running thread: 0, -EPERM, -EINVAL, -ENOMEM. */
int sigaltstack_set(const struct sigstack *stack);

#endif
