/*
 * The scheduler: a run queue for each CPU, by priority (priority.h), in turns within one, preempted by a tick that
 * runs only while somebody waits.
 *
 * A task is woken on the CPU where it ran last and forked on its parent's, so that a process which
 * forks and waits never leaves its CPU. Load is spread by stealing: a CPU that runs out of tasks
 * takes one from another, and the tick of a CPU with waiting tasks wakes an idle one to come and
 * look.
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include "kernel/task.h"

/* Boot CPU, when the per-CPU areas are there: everybody's run queue. */
void sched_init(void);

/* The boot CPU's last call: its idle loop. Interrupts off, preemption off. */
__noreturn void sched_idle(void);

/* Every CPU, before its first schedule(): `idle` is what runs now. */
void sched_init_cpu(struct task_struct *idle);

/* A new task's first time on a run queue: this CPU's, or one that its affinity names. */
void sched_start_task(struct task_struct *t);

/* Gives way to the other tasks of this CPU. Returns at once when there are none. */
void sched_yield_cpu(void);

/* Switches when a reschedule is due. Interrupts and preemption on. */
void schedule_if_needed(void);

/* Makes `t` runnable if it sleeps killably: it looks whether it has been waiting for that. Any context. */
bool task_wake_killable(struct task_struct *t);
/* Interrupts the CPU that runs `t`, if another one does. */
void sched_kick_running(struct task_struct *t);
/*
 * A fatal signal: makes the CPU that runs `t` in user mode look at its exit work; wakes it when it
 * sleeps killably or is frozen.
 */
void sched_kick_task(struct task_struct *t);

/*
 * For kernel/freezer.c. Whether `t` is frozen: off its CPU, and no waker's to wake. With `sleepers`
 * a task that sleeps killably becomes so, NOW_FROZEN. The caller holds a reference or rcu_read_lock().
 */
enum freeze_result { NOT_FROZEN, NOW_FROZEN, WAS_FROZEN };
enum freeze_result sched_freeze_task(struct task_struct *t, bool sleepers);
/* Makes a frozen task runnable. False: it was not frozen. */
bool sched_thaw_task(struct task_struct *t);

/*
 * Where `t` may run, NR_CPUS bits. Takes effect at once for the running task, for another one when
 * it is next switched. -EINVAL: no online CPU in it.
 */
int sched_set_affinity(struct task_struct *t, const unsigned long *mask);

/* The next switch on this CPU asks ioports_switched(), whoever is switched to. Interrupts off. */
void sched_watch_switch(void);

/* Ends the running task: never returns. Its exit must be complete. */
__noreturn void sched_exit(void);

/* Sleeps until time_ns() >= deadline. 0, or -EINTR when the task must die. */
int sleep_until(u64 deadline);
/* The same; -EINTR when there is a signal to take, too. */
int sleep_until_interruptible(u64 deadline);
/*
 * The same, and earlier when `woken` becomes true under wake_up of wq: 0, -EINTR, -ETIMEDOUT.
 * deadline 0: none.
 */
int wait_until(struct wait_queue *wq, bool (*woken)(void *), void *arg, u64 deadline);
/* The same; -EINTR when there is a signal to take, too. */
int wait_until_interruptible(struct wait_queue *wq, bool (*woken)(void *), void *arg, u64 deadline);

/* A line for each CPU that is not idle: what it runs. For reports; takes no lock. */
void sched_print_cpus(void);

/* Of (cpu, pid) at every switch so far, all CPUs together. Equal schedules give equal hashes. */
u64 sched_hash(void);
/* Context switches so far. */
u64 sched_switches(void);

#endif
