/*
 * The kernel half of every root table.
 *
 * All roots share what lies below the 256 kernel slots of the root table, but each root has its own
 * copy of the slots themselves. This folder keeps the copies equal while slots appear.
 *
 *	pgd_alloc(), pgd_free()		a root's life; no lock, no shared cache line
 *	arch_pgd_init_late()		fills the kernel half, after the root can be found
 *	kroot_populate()		growth: every slot of a range is there, in every root
 *	kroot_install()			the one way by which a reference slot comes to be
 *	kroot_ready()			whether a slot may be used by everybody
 *	load_root()			the one way by which a root gets into CR3
 *
 * Rules. A slot goes from none to present once and never changes again (I20, I21). Who makes or
 * finds a mapping asks kroot_ready(), never the reference slot itself (I24). A root is loaded only
 * after arch_pgd_init_late() (I6). Nothing here sleeps but root_cache_drain().
 *
 * What it does not do: anything below the root level, anything in the user half.
 */
#ifndef MM_PGSYNC_PGSYNC_H
#define MM_PGSYNC_PGSYNC_H

#include "arch/pgtable.h"
#include "kernel/base/bitops.h"
#include "kernel/base/list.h"
#include "kernel/base/rcu.h"
#include "kernel/base/trace.h"

enum root_class {
	ROOT_REFERENCE, /* swapper_pg_dir: never missing anything */
	ROOT_TRACKED,   /* a process's: found by its strategy */
	ROOT_FROZEN,    /* boot trampoline: code on it touches only slots of its time */
};

enum root_state {
	ROOT_FREE,  /* in a cache; user half zero */
	ROOT_NEW,   /* pgd_alloc() done; must not be loaded */
	ROOT_READY, /* kernel half copied; may be loaded */
	ROOT_DEAD,  /* its last user is gone: no CPU has it, none may load it again */
};

/*
 * One root table. The object and its page are type-stable: they are used again as a root, and go
 * back to the page allocator only after an RCU grace period. So a grower may store a slot into
 * a root that has died under it: the store is harmless, because the value is right for every root.
 *
 * Letters: o owner alone until published; r registry_lock; p pgd_lock.
 */
struct mm_root {
	pte_t *pgd;                /* o: direct-map address of the table */
	u64 gen;                   /* pgd_gen as read before the last copy; any CPU that loads it */
	u32 state;                 /* o: enum root_state */
	u32 class;                 /* constant: enum root_class */
	u64 life;                  /* o: counts pgd_alloc() of this object */
	u64 pin_round;             /* stopped machine: pin.c */
	bool pinned;               /* stopped machine: its page is read-only */
	struct list_head pgd_list; /* p: strategy list only */
	struct list_head registry; /* r, RCU: every root page there is, for the auditor */
	struct rcu_head rcu;
};

extern struct mm_root swapper_root;

/*
 * Chooses the strategy by name (NULL: the default). An unknown name: panics with the known ones.
 * The slots present in the reference root now are ready from here on. Boot CPU, once, before any
 * other root exists.
 */
void pgsync_init(const char *name);
const char *pgsync_name(void);

/*
 * A new root with an empty user half; its kernel half is NOT yet usable. The caller owns it until
 * pgd_free(). NULL: no memory. Process context. (Series, patches 10 and 12.)
 */
struct mm_root *pgd_alloc(void);

/*
 * The root's last user is gone and no CPU has it loaded: nobody will run on it any more, although
 * pgd_free() may have to wait for those who still know of it.
 */
static inline void root_retire(struct mm_root *root)
{
	smp_store_release(&root->state, ROOT_DEAD);
	TRACE(root_dead, root->pgd, root->life);
}

/*
 * The caller has emptied the user half, has unpublished the root, and no CPU has it loaded.
 */
void pgd_free(struct mm_root *root);

/*
 * Fills the kernel half of a root that the strategy can already find: on the task list for fork, in
 * tsk->mm for exec. Holds the full barrier between the two. Afterwards the root may be loaded. Any
 * context but NMI. (Series, patches 5 and 6.)
 */
void arch_pgd_init_late(struct mm_root *root);

/*
 * Makes every slot that [start, end) touches present and ready in all roots; `end` may be 0, the
 * top of the address space. 0, -ENOMEM or -EBUSY (pinned): the slots installed until then stay, and
 * are ready; a later call goes on from there (I26). Interrupts on; may wait for pgd_lock.
 */
int kroot_populate(unsigned long start, unsigned long end);

/*
 * Installs `table` (a zeroed or complete next-level table, I22) as reference slot `slot` and
 * returns when every root that anybody can run on has it. 0: installed, the table belongs to the
 * slot for good. -EEXIST: another grower was first and its slot is ready; the caller keeps its
 * table. -EBUSY: all roots are pinned; the caller keeps its table. Interrupts on; may wait for
 * pgd_lock.
 */
int kroot_install(unsigned int slot, phys_addr_t table);

/* Whether every root has `slot`. Acquire: what the installer wrote before is visible. */
bool kroot_ready(unsigned int slot);

/*
 * Whether every root has had `slot` since it was made, and always will: the slots present at boot.
 * What the processor needs to take a fault at all must lie in such a slot (I30).
 */
bool kroot_from_birth(unsigned int slot);

/*
 * The running CPU becomes one that growth looks at: it is in cpu_online_mask. Its CR3 names the
 * reference root, and it has loaded no other before (I38). Once a CPU, interrupts off.
 */
void pgsync_cpu_join(void);

/*
 * Loads `root` on this CPU. Interrupts off, preemption off. The root must be READY and must stay
 * allocated while it is loaded.
 */
void load_root(struct mm_root *root);

/*
 * A supervisor access to `va` found an entry not present. True: it was a slot that the strategy
 * fills at the fault (`fault`), and it is there now: try again. Any context, NMI included.
 */
bool pgsync_fault(unsigned long va);

/* Whether an exiting task shall stay on its root, without tsk->mm, until its CPU loads another. */
bool pgsync_exit_keeps_root(void);

/* The root that `cpu` has loaded, or NULL before its first load. For reports and the auditor. */
struct mm_root *loaded_root(unsigned int cpu);

/*
 * Compares every root with the reference under pgd_lock. Fills *result.
 */
struct pgsync_audit {
	u64 roots;
	u64 missing; /* in a root that somebody can run on */
	u64 lagging; /* in a root that will be filled when it is loaded, or touched */
	u64 stray;   /* present in a root, and not in the reference */
	unsigned int first_slot, first_cpu;
};
void pgsync_audit(struct pgsync_audit *result);

/* --- looking on: view.c. No lock is taken, nothing is written, nobody waits. --- */

/* The kernel half as bits: slot ROOT_KERNEL is the first one. */
#define KERNEL_WORDS ((ROOT_SLOTS - ROOT_KERNEL) / BITS_PER_LONG)

struct pgsync_view {
	unsigned long present[KERNEL_WORDS]; /* in the reference */
	unsigned long ready[KERNEL_WORDS];   /* of them: in every root */
	unsigned long birth[KERNEL_WORDS];   /* of them: since boot */
	u64 gen;
};
void pgsync_view(struct pgsync_view *view);

struct pgsync_root_view {
	u64 life, gen;
	u32 state;                           /* enum root_state */
	u32 missing;                         /* slots that were ready, and then not in it */
	unsigned long present[KERNEL_WORDS]; /* if it is READY */
};
/* A root from for_each_registered_root(), inside the same rcu_read_lock(). */
void pgsync_view_root(const struct mm_root *root, struct pgsync_root_view *view);

/* Visits every root page there is but the reference, published or not. Inside rcu_read_lock(). */
void for_each_registered_root(void (*visit)(struct mm_root *root, void *arg), void *arg);

/*
 * Tests only: empties the reference slots [first, first + n) in all roots. Nothing less than a
 * stopped machine is safe (README.md): every other CPU must be held with interrupts off, nothing
 * may be mapped there. tables[i] becomes the physical address of the table that slot first + i
 * held, 0 for none: the caller frees it after every CPU has flushed, or if the slot is from birth
 * and so keeps it (`prealloc`), what is below it. Returns the slots emptied.
 */
unsigned int pgsync_reset_slots(unsigned int first, unsigned int n, phys_addr_t *tables);

/*
 * Makes the table of every root read-only: pinned. For a stopped machine in which all processes are
 * frozen; every CPU must drop its translations before it goes on. The number of roots; -EBUSY: the
 * point is not quiescent, *in_the_way is a live root that the task walk has not found; -ENOMEM.
 * After an error nothing is pinned. The reference root is not pinned: nobody but growth writes it.
 *
 * Until pgsync_unpin_all(), called likewise: no growth (-EBUSY), no pgd_alloc(), no pgd_free(), and
 * nothing may be mapped into the first level of a user half. (Series, patch 7: xen_mm_pin_all().)
 */
int pgsync_pin_all(struct mm_root **in_the_way);
/* Back. Returns the number of roots. */
unsigned int pgsync_unpin_all(void);

/* Visits every pinned root, inside rcu_read_lock(). */
void for_each_pinned_root(void (*visit)(struct mm_root *root, void *arg), void *arg);
/* The pinned root whose table holds `va`, or NULL. For the report of a fault; any context. */
struct mm_root *pinned_root_at(unsigned long va);

/* Gives this CPU's cached roots back, after a grace period. */
void root_cache_drain(void);

struct pgsync_stats {
	u64 growths;     /* reference slots installed since boot */
	u64 walk_visits; /* roots visited by growth */
	u64 late_syncs;  /* slots filled by the generation check at CR3 load */
	u64 fault_syncs; /* slots filled by the fault handler */
};
void pgsync_get_stats(struct pgsync_stats *stats);

/*
 * The task walk, implemented by the kernel: calls visit() for the root of every process, with the
 * task_lock of a task that owns it held, so that the root stays published meanwhile. Inside
 * rcu_read_lock(). Threads and vfork children share a root: it may be visited several times (I16).
 */
void for_each_task_root(void (*visit)(struct mm_root *root, void *arg), void *arg);

/*
 * Memory, implemented by mm. A root's page: zeroed, its direct-map address or NULL. A table for a
 * slot of the reference root: empty, its physical address or 0. May not sleep.
 */
pte_t *root_page_alloc(void);
void root_page_free(pte_t *pgd);
/*
 * The right to write a root's page, in a stopped machine: the caller sees to it that every CPU drops
 * its translations. 0, or -ENOMEM: nothing changed. Giving the right back cannot fail.
 */
int root_page_protect(pte_t *pgd, bool read_only);
struct mm_root *root_object_alloc(void);
void root_object_free(struct mm_root *root);
phys_addr_t root_table_alloc(void);
void root_table_free(phys_addr_t table);

/* Whether the reference root maps `va`, implemented by mm. Any context, NMI included. */
bool kernel_maps(unsigned long va);

#endif
