/*
 * Between pgsync.c and the strategies: the interface that each of them fills in, and what they
 * share.
 */
#ifndef MM_PGSYNC_STRATEGY_H
#define MM_PGSYNC_STRATEGY_H

#include "arch/root.h"
#include "kernel/base/bitops.h"
#include "kernel/base/percpu.h"
#include "kernel/base/spinlock.h"
#include "mm/pgsync/pgsync.h"

/* Where growth finds a root at once: one that a task has; that only a CPU has; that neither has. */
enum pgsync_reach {
	REACHES_TASKS = 1,
	REACHES_LOADED = 2,
	REACHES_PINNED = 4,
};

/* A hook that is NULL does nothing. */
struct pgsync_strategy {
	const char *name;
	unsigned int reaches; /* enum pgsync_reach: a promise, which tests hold it to (traits.h) */
	bool syncs_at_load;   /* a root that is behind is no fault until it is loaded: load.h */
	bool repairs_faults;  /* ... until it is touched */
	bool exit_keeps_root; /* an exiting task stays on its root, as in Linux (I13) */
	bool constant_half;   /* nothing grows after boot: a free root may keep its kernel half */

	void (*init)(void);                      /* boot, before any root but the reference */
	void (*alloc)(struct mm_root *root);     /* pgd_alloc: nobody else knows the root */
	void (*init_late)(struct mm_root *root); /* the root can be found by the task walk */
	void (*free)(struct mm_root *root);      /* pgd_free: before the slots are cleared */
	/* The reference slot is stored, pgd_lock is held: let every root have it. */
	void (*sync)(unsigned int slot);
	/* A fault because of a slot that the loaded root lacks. True: it has it now. */
	bool (*fault)(unsigned int slot);
};

/*
 * Defines a strategy and puts it into the table that `pgsync=` is looked up in: a linker set, so that
 * a new strategy is a new file and nothing else.
 *
 *	PGSYNC_STRATEGY(pgsync_own) = {.name = "own", ...};
 */
#define PGSYNC_STRATEGY(id)                                                                        \
	static const struct pgsync_strategy id;                                                    \
	static const struct pgsync_strategy *const id##_registered __used __section(               \
		"pgsync_strategies") = &id;                                                        \
	static const struct pgsync_strategy id

/* The chosen one unless the command line names another. */
#define PGSYNC_DEFAULT "walk"

/* The chosen one, and of it what each load asks. */
extern const struct pgsync_strategy *strategy;
extern bool pgsync_syncs_at_load;

/* Growth's lock. Nobody holds it in pgd_alloc() or pgd_free(), but in the strategy `list`. */
extern struct spinlock pgd_lock;

/*
 * Counts growths. Written under pgd_lock, after the slot; 1 at boot, so that 0 means never copied.
 */
extern u64 pgd_gen;

/* One bit for each present reference slot: lets a copier skip the absent ones. */
extern unsigned long pgd_present[KERNEL_WORDS];

/*
 * What the CPU is about to load, or has loaded last; and what it has loaded, written when CR3 has
 * been. They differ while a root is being loaded: then the CPU's CR3 names one of the two.
 */
DECLARE_PER_CPU(struct mm_root *, cpu_next_root);
DECLARE_PER_CPU(struct mm_root *, cpu_loaded_root);

DECLARE_PER_CPU(struct pgsync_stats, pgsync_cpu_stats);

/*
 * The one function that writes a slot of the kernel half: none to present, or the same again (I20,
 * I21). True: it was none. Into the reference: pgd_lock held, by kroot_install() alone. Into other
 * roots: any CPU, any number at once, they all write the reference's value.
 */
bool set_root_slot(pte_t *pgd, unsigned int slot, pte_t entry);

/* Whether two slots mean the same: a CPU may have set the accessed bit of one of them (I29). */
bool slot_same(pte_t a, pte_t b);

/*
 * Copies the present reference slots into `root` and records the generation. Returns the slots
 * stored. Preemption off.
 */
unsigned int copy_kernel_half(struct mm_root *root);

/* The same, for who needs nothing but the copy. */
void copy_kernel_half_late(struct mm_root *root);

/* Empties the kernel half of a root that nobody else can find. */
void clear_kernel_half(struct mm_root *root);

/* --- roots that CPUs have loaded: loaded.c, for walk and loadwalk --- */

/* Growth's side: stores the slot into every loaded root. Inside rcu_read_lock(), after smp_mb(). */
void sync_loaded_roots(unsigned int slot);
/* The load's side is in load.h: a root that was copied before the last growth is copied again. */
void copy_at_load(struct mm_root *root);

/* --- */

/*
 * All roots are pinned (pin.c). Written in a stopped machine: who reads it with preemption off may
 * rely on it until preemption is on again.
 */
extern bool roots_pinned;

/* Reset only: the slot is neither present nor ready any more. */
void pgsync_forget_slot(unsigned int slot);

/* Bits of pgd_present word `w` as slot numbers. */
static inline unsigned int present_slot(unsigned int w, unsigned long bits)
{
	return ROOT_KERNEL + w * BITS_PER_LONG + (unsigned int)__builtin_ctzl(bits);
}

#endif
