/*
 * The world that mm/pgsync, the task table and the address spaces run in: what the rest of the
 * kernel would give them, as little of it as can be, and what a CPU does in the scenarios.
 *
 * Root letters, mm and task numbers in the printed interleavings are in the order of allocation.
 */
#ifndef TOOLS_PGMODEL_WORLD_H
#define TOOLS_PGMODEL_WORLD_H

#include "kernel/task_mm.h"
#include "tools/pgmodel/model.h"

/* The slots of the scenarios; BOOT_SLOT is there from birth. */
#define BOOT_SLOT  402
#define GROW_SLOT  403
#define OTHER_SLOT 404

/* --- world.c: RCU, CR3, memory --- */

/* Boot: per-CPU data, pgsync= the row's strategy, all CPUs idle on the reference root. */
void world_boot(void);

/* An actor, a daemon: ends grace periods and runs the callbacks. */
#define RCU_CPU 0 /* whose callbacks are run; those of other CPUs wait for ever */
void rcu_daemon(void);
/* An actor, a daemon: an idle CPU that answers calls, of tlb_shoot_lazy() for example. */
void idle_daemon(void);
/* An interrupt may come here. */
void answer_calls(void);
/* shootdown.c: CR3 leads to this table from now on. */
void world_cr3_written(const pte_t *pgd);

/* The root table that CR3 of `cpu` names. */
pte_t *world_cr3(unsigned int cpu);
unsigned int world_tables(void); /* tables for reference slots: allocated and not freed */

/* --- cpu.c: what CPUs do --- */

/* For world_boot(). */
void boot_idle(void);
/* In setup(): a process, with its root loaded on `cpu` unless that is none. */
#define NO_CPU ~0U
struct task_struct *boot_process(unsigned int cpu);
/* In setup(): a thread of the leader's process, on `cpu`. */
struct task_struct *boot_thread(unsigned int cpu, struct task_struct *leader);
/* In setup(): the leader has exited, others of its threads have not. */
void boot_kill_leader(struct task_struct *leader);
/* In setup(): a kernel thread on `cpu` has taken `mm`. */
void boot_kthread_uses(unsigned int cpu, struct mm_struct *mm);
/* In setup(): an address space that is pinned, and that no task has. */
struct mm_struct *boot_pinned_mm(void);
/* In setup(): `cpu` is idle, and has `mm` loaded because nothing else was wanted. */
void boot_borrow(unsigned int cpu, struct mm_struct *mm);
/* In setup(): `cpu` is on its way, on the reference root, and will join. */
void boot_offline(unsigned int cpu);
/* In setup(): a root that lived and died waits in the cache of `cpu`. */
void boot_cached_root(unsigned int cpu);

/* The running CPU forks; the child may be run by whoever. */
struct task_struct *do_fork(void);
/* A child that shares the address space. */
struct task_struct *do_vfork(void);
/* The running CPU switches to the task. */
void do_run(struct task_struct *t);
void do_exec(void);
/* The running thread becomes the leader of its process. */
void do_take_leaders_place(void);
/* Ends the running task; the CPU goes idle. */
void do_exit_task(void);
/* The running CPU joins those that growth looks at. */
void do_join(void);
/* Loads an address space as its user. */
void do_use_mm(struct mm_struct *mm);
/* The running CPU switches to its idle thread, which borrows what is loaded. */
void go_idle(void);
/* vmalloc in the slot: makes it ready and touches it. */
void do_map(unsigned int slot);
/* A memory access in the slot: a page walk from CR3, the fault handler if need be. */
void touch(unsigned int slot);
/* Touches the slot if kroot_ready() says that one may. */
void touch_if_ready(unsigned int slot);

/* The properties: in every state, and in the final ones. */
void world_invariant(void);
void world_finish(void);

#endif
