/*
 * The scenarios: who does what, from which beginning, and what is expected of each strategy.
 *
 * CPU n is the n-th actor. Growers run in kernel threads on the reference root unless it is said
 * otherwise. All properties are in check.c.
 */
#include "tools/pgmodel/scenarios.h"

#include "arch/cpu.h"
#include "mm/pgsync/strategy.h"
#include "tools/pgmodel/world.h"

static struct mm_struct *pinned, *other;

static void boot(void)
{
	world_boot();
	for (unsigned int cpu = 0; cpu < MAX_ACTORS; cpu++)
		model_ignore(per_cpu_ptr(&pgsync_cpu_stats, cpu), sizeof(struct pgsync_stats));
}

static void grow(void)
{
	do_map(GROW_SLOT);
}

static void grow_other(void)
{
	do_map(OTHER_SLOT);
}

#define SCENARIO(name_, setup_, about_, ...)                                                       \
	static const struct program name_ = {                                                      \
		.about = about_,                                                                   \
		.actors = {__VA_ARGS__},                                                           \
		.setup = setup_,                                                                   \
		.invariant = world_invariant,                                                      \
		.finish = world_finish,                                                            \
	}

/* --- fork --- */

static void fork_setup(void)
{
	boot();
	boot_cached_root(0);
	boot_cached_root(1);
}

static void just_fork(void)
{
	(void)do_fork();
}

static void fork_and_run(void)
{
	do_run(do_fork());
}

SCENARIO(fork_grow, fork_setup, "a fork, whose child runs at once, and a growth",
	 {"fork", fork_and_run}, {"grow", grow});
SCENARIO(fork_new, boot, "the same, with a new root and not one from the cache",
	 {"fork", fork_and_run}, {"grow", grow});
SCENARIO(fork2_grow2, fork_setup, "two forks and two growths", {"fork", just_fork},
	 {"fork", just_fork}, {"grow", grow}, {"grow other", grow_other});
SCENARIO(run2_grow, fork_setup, "two forks, whose children run at once, and a growth",
	 {"fork", fork_and_run}, {"fork", fork_and_run}, {"grow", grow});
SCENARIO(run2_grow2, fork_setup, "two forks, whose children run at once, and two growths",
	 {"fork", fork_and_run}, {"fork", fork_and_run}, {"grow", grow},
	 {"grow other", grow_other});

/* --- exec, exit --- */

static void process_setup(void)
{
	boot();
	boot_cached_root(0);
	boot_process(0);
}

SCENARIO(exec_grow, process_setup, "an exec and a growth", {"exec", do_exec}, {"grow", grow});
SCENARIO(exec_grow2, process_setup, "an exec and two growths", {"exec", do_exec}, {"grow", grow},
	 {"grow other", grow_other});
SCENARIO(exit_grow, process_setup, "an exit, its task freed after a grace period, and a growth",
	 {"exit", do_exit_task}, {"grow", grow}, {"rcu", rcu_daemon, true});

/* --- roots that no task has --- */

static void lazy_setup(void)
{
	boot();
	pinned = boot_pinned_mm();
	boot_borrow(0, pinned);
}

static void look(void)
{
	touch_if_ready(GROW_SLOT);
}

static void use_pinned(void)
{
	do_use_mm(pinned);
}

static void pinned_setup(void)
{
	boot();
	pinned = boot_pinned_mm();
}

static void lazy_exit_setup(void)
{
	boot();
	boot_process(0);
	boot_borrow(2, current->mm);
}

SCENARIO(lazy_grow, lazy_setup, "a CPU idle on a borrowed root, and a growth", {"idle", look},
	 {"grow", grow});
SCENARIO(lazy_self, lazy_setup, "growth by a kernel thread on a borrowed root", {"grow", grow});
SCENARIO(pin_grow, pinned_setup, "a root without a task, loaded by a CPU, and a growth",
	 {"use mm", use_pinned}, {"grow", grow});

static void use_both(void)
{
	do_use_mm(pinned);
	do_use_mm(other);
}

static void pinned2_setup(void)
{
	pinned_setup();
	other = boot_pinned_mm();
}

SCENARIO(pin2_grow, pinned2_setup,
	 "two roots without tasks, loaded one after the other, and a growth", {"use mm", use_both},
	 {"grow", grow});
SCENARIO(lazy_exit, lazy_exit_setup, "an exit, a CPU that borrows its root, and a growth",
	 {"exit", do_exit_task}, {"grow", grow}, {"idle", idle_daemon, true});

/* --- a CPU that comes late --- */

static void late_setup(void)
{
	pinned_setup();
	boot_offline(0);
}

static void join_and_use_pinned(void)
{
	touch_if_ready(GROW_SLOT);
	do_join();
	do_use_mm(pinned);
}

SCENARIO(join_grow, late_setup, "a CPU joins and loads an old root that no task has, and a growth",
	 {"join", join_and_use_pinned}, {"grow", grow});

/* --- a root that several tasks have --- */

static void threads_setup(void)
{
	boot();
	boot_thread(1, boot_process(0));
}

static void leader_setup(void)
{
	struct task_struct *leader;

	boot();
	boot_process(NO_CPU);
	leader = boot_process(NO_CPU);
	boot_thread(0, leader);
	boot_kill_leader(leader);
}

static void kthread_setup(void)
{
	boot();
	boot_kthread_uses(0, boot_pinned_mm());
}

static void vfork_and_run(void)
{
	do_run(do_vfork());
}

SCENARIO(threads_grow, threads_setup, "two threads of a process, and a growth", {"thread", look},
	 {"thread", look}, {"grow", grow});
SCENARIO(vfork_grow, process_setup, "a vfork, whose child runs at once, and a growth",
	 {"vfork", vfork_and_run}, {"grow", grow});
SCENARIO(leader_grow, leader_setup, "a thread that becomes the leader, and a growth",
	 {"exec", do_take_leaders_place}, {"grow", grow});
SCENARIO(kthread_grow, kthread_setup, "a kernel thread that uses a process's root, and a growth",
	 {"kthread", look}, {"grow", grow});

/* --- two who want the same slot --- */

static void mappers_setup(void)
{
	boot();
	boot_process(0);
	boot_process(1);
}

static void map_twice(void)
{
	touch_if_ready(GROW_SLOT);
	do_map(GROW_SLOT);
}

SCENARIO(same_slot, mappers_setup, "two processes map in the same new slot", {"map", grow},
	 {"map", grow});
SCENARIO(piggyback, mappers_setup, "a process maps where another's growth is not done",
	 {"map", map_twice}, {"map", grow});

/* --- all at once --- */

static void all_setup(void)
{
	boot();
	boot_cached_root(0);
	boot_process(1);
	boot_process(2);
	pinned = boot_pinned_mm();
	boot_borrow(3, pinned);
}

SCENARIO(all, all_setup, "a fork, an exec, an exit, a CPU idle on a borrowed root, a growth",
	 {"fork", just_fork}, {"exec", do_exec}, {"exit", do_exit_task}, {"idle", look},
	 {"grow", grow});

/* --- what the protocol does not allow: a present slot gets another value (I21, litmus V1) --- */

static void change_root(struct mm_root *root, void *entry)
{
	set_root_slot(root->pgd, BOOT_SLOT, *(pte_t *)entry);
}

static void change_slot(void)
{
	pte_t entry = pte_make(root_table_alloc(), PTE_KERNEL_TABLE);
	pte_t old = swapper_pg_dir[BOOT_SLOT];

	spin_lock(&pgd_lock);
	set_root_slot(swapper_pg_dir, BOOT_SLOT, entry);
	smp_mb();
	rcu_read_lock();
	for_each_task_root(change_root, &entry);
	rcu_read_unlock();
	spin_unlock(&pgd_lock);
	root_table_free(pte_phys(old));
}

SCENARIO(change, fork_setup, "a fork, and a present slot that is changed in every root",
	 {"fork", just_fork}, {"change", change_slot});

/* --- the table --- */

#define ROW(s, v, sc, tso)                                                                         \
	{                                                                                          \
		"model", #s, &s, sc, tso, v                                                        \
	}
#define FULL(s, v, sc, tso)                                                                        \
	{                                                                                          \
		"model", #s, &s, sc, tso, v, true                                                  \
	}

/* As the series' second version is, and all others. */
#define ROWS(kind, s, v2_sc, v2_tso)                                                               \
	kind(s, "walk", GOOD, GOOD), kind(s, "walk-v2", v2_sc, v2_tso),                            \
		kind(s, "list", GOOD, GOOD), kind(s, "fault", GOOD, GOOD),                         \
		kind(s, "prealloc", GOOD, GOOD), kind(s, "loadwalk", GOOD, GOOD),                  \
		kind(s, "none", BAD, BAD)

const struct row scenario_rows[] = {
	ROWS(ROW, fork_grow, GOOD, BAD),
	ROWS(ROW, fork_new, GOOD, BAD),
	ROWS(ROW, fork2_grow2, GOOD, BAD),
	ROWS(FULL, run2_grow, GOOD, BAD),
	ROWS(FULL, run2_grow2, GOOD, BAD),
	ROWS(ROW, exec_grow, GOOD, GOOD),
	ROWS(ROW, exec_grow2, GOOD, GOOD),
	ROWS(ROW, exit_grow, BAD, BAD),
	ROWS(ROW, lazy_grow, BAD, BAD),
	ROWS(ROW, lazy_self, BAD, BAD),
	ROWS(ROW, lazy_exit, BAD, BAD),
	ROWS(ROW, pin_grow, BAD, BAD),
	ROWS(ROW, pin2_grow, BAD, BAD),
	ROWS(ROW, join_grow, BAD, BAD),
	ROWS(ROW, threads_grow, GOOD, GOOD),
	ROWS(ROW, vfork_grow, GOOD, GOOD),
	ROWS(ROW, leader_grow, GOOD, GOOD),
	ROWS(ROW, kthread_grow, GOOD, GOOD),
	ROWS(ROW, same_slot, GOOD, GOOD),
	ROWS(ROW, piggyback, GOOD, GOOD),
	ROWS(FULL, all, BAD, BAD),
	ROW(change, "walk", BAD, BAD),
	{0},
};
