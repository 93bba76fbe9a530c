/*
 * Freezing: all processes stand still until the thaw.
 *
 *	freeze_processes(limit)		every process but the caller's own task is frozen, or none
 *	thaw_processes()		they go on where they were
 *
 * A frozen task stands at the way back to user mode, where it holds nothing of the kernel's, or in a
 * killable sleep, in which it holds no lock; and no wake-up but a fatal signal's moves it. So nobody
 * forks, execs, exits or faults, and no root comes or goes.
 *
 * Processes are all tasks but kernel threads without an address space; those go on. A kernel thread
 * that has taken an address space never comes to user mode: it can be frozen in a killable sleep only.
 *
 * Lock order: between freeze and thaw the caller may sleep, but not wait for a process.
 */
#ifndef KERNEL_FREEZER_H
#define KERNEL_FREEZER_H

#include "kernel/base/types.h"

/*
 * 0: frozen, the caller thaws. -EBUSY: after limit_ns of time_ns() somebody was still awake, which the
 * log names. -EINTR: the caller has a fatal signal. After an error nobody is frozen. One caller at a
 * time; others wait, killably. Process context, no locks.
 */
int freeze_processes(u64 limit_ns);
void thaw_processes(void);

/*
 * Whether everybody is frozen, looked at again: for who has stopped the machine. Only between freeze
 * and thaw. Any context.
 */
bool processes_are_frozen(void);

/* The running task has WORK_FREEZE, on its way to user mode: returns after the thaw, or to die. */
void freezer_stop(void);

#endif
