/*
 * pgctl: the kernel-side controls of the page-table stress, one system call above the Linux ABI.
 *
 *	long pgctl(unsigned int op, unsigned long a, unsigned long b, void *out);
 *
 * Refused with -EPERM unless the kernel command line has `pgctl=1`. Returns 0 or a positive value
 * as each operation says, or -errno. This header is read by the kernel and by user programs.
 */
#ifndef KERNEL_ABI_PGCTL_H
#define KERNEL_ABI_PGCTL_H

#include <stdint.h>

#define SYS_pgctl 1024

enum pgctl_op {
	/* Fills *out, a struct pgctl_stats. */
	PGCTL_STATS,
	/*
	 * Allocates `a` bytes of vmalloc memory; b = 1: so that it begins in a root slot never used
	 * before, b = 2: so that it straddles the boundary between two such slots. The memory is
	 * filled with a pattern. Returns a range number (>= 0), or -ENOSPC when no fresh slot is
	 * left, -ENOMEM.
	 */
	PGCTL_GROW,
	/*
	 * Reads and checks every page of range `a` from this system call, on this task's own root,
	 * under an exception guard. Returns the pages that could not be read (missing slots), 0
	 * when all is well; -ENOENT: no such range.
	 */
	PGCTL_TOUCH,
	/*
	 * The same from a kernel thread on every online CPU, on whatever root that CPU has loaded.
	 */
	PGCTL_TOUCH_KTHREADS,
	/* Frees range `a`. The slots stay. */
	PGCTL_FREE,
	/*
	 * Compares every root table with the reference. Returns the missing slots found (also added
	 * to the statistics).
	 */
	PGCTL_AUDIT,
	/*
	 * Stops the machine and empties the grown test slots in every root, so that growth can
	 * start over. Every range must be freed. Returns the slots emptied. -EBUSY: ranges are
	 * still allocated.
	 */
	PGCTL_RESET,
	/*
	 * Gives cached pages, stacks and objects back, waits for RCU, so that free pages can be
	 * compared.
	 */
	PGCTL_DRAIN,
	/*
	 * Measures `a` lives of a root after one another, each of pgd_alloc(), the late copy and
	 * pgd_free(). *out is a struct pgctl_root_cost. -EINVAL: no rounds, or over a million.
	 */
	PGCTL_BENCH_ROOT,
	/*
	 * The same without reading a clock: each life is a WINDOW_ROOT_LIFE of kernel/abi/marker.h.
	 */
	PGCTL_BENCH_ROOT_MARKED,
	/*
	 * Measures one growth: the first vmalloc slot that is not there yet gets its table and is
	 * made ready everywhere. *out is a struct pgctl_growth_cost. Returns the slot, or -ENOSPC:
	 * all are there. Nothing is mapped in it; PGCTL_RESET empties it again. A WINDOW_GROWTH.
	 */
	PGCTL_BENCH_GROW,
	/* *out is a struct pgctl_root_sizes. */
	PGCTL_BENCH_SIZES,
	/* Ends the machine: a = 0 success, else failure. Does not return. */
	PGCTL_POWEROFF,
	/*
	 * Freezes all other tasks, makes the root table of every process read-only, has every CPU
	 * verify that it cannot write them, and takes it all back. Returns the number of roots (>= 1:
	 * the caller's own). -EBUSY: a task did not freeze, or a root that no task has stayed in the
	 * way; -ENOMEM. The log says which.
	 */
	PGCTL_PIN,
	/*
	 * a > 0: the a-th allocation that the calling task makes from now on fails, that one only,
	 * as if there were no memory; its page faults count as well. a = 0: none. Returns how many
	 * allocations the one that was asked for before still had to wait for: 0 if it has failed.
	 */
	PGCTL_FAIL_NTH,
	/*
	 * *out is a struct pgctl_cache: the a-th cache of kernel objects. -ENOENT: there are not so
	 * many.
	 */
	PGCTL_CACHE,
	/*
	 * *out is a struct pgctl_memory: what has become of memory that comes and goes, and the a-th
	 * range of it that is here, by address (bytes 0: there are not so many).
	 */
	PGCTL_MEMORY,
	/* The physical address of the page at address `a` of the caller; -EFAULT: there is none. */
	PGCTL_WHERE,
	PGCTL_OPS, /* how many there are */
};

struct pgctl_stats {
	uint64_t free_pages; /* 4 KiB pages */
	uint64_t total_pages;
	uint64_t kstack_tables; /* pages: page tables of kernel stacks, which stay */
	uint64_t slab_pages;    /* of the caches of kernel objects */
	uint64_t forks, execs, exits;
	uint64_t growths;       /* reference slots installed since boot */
	uint64_t slots_present; /* reference slots present now */
	uint64_t slots_free;    /* fresh vmalloc slots left to grow into */
	uint64_t touches;       /* pages read by PGCTL_TOUCH and PGCTL_TOUCH_KTHREADS */
	uint64_t audits, roots_audited;
	uint64_t missing;     /* missing slots found by touches and audits */
	uint64_t lagging;     /* slots that an unloaded root will get at its next CR3 load */
	uint64_t late_syncs;  /* slots filled by the generation check at CR3 load */
	uint64_t walk_visits; /* roots visited by growth */
	uint64_t ipis;        /* TLB shootdown IPIs sent */
	uint32_t cpus_online;
	uint32_t first_missing_slot; /* slot number, valid when missing > 0 */
	uint32_t first_missing_cpu;
	uint32_t first_missing_pid;
	uint64_t first_missing_va;
	uint64_t boot_to_user_ns; /* kernel entry to first user instruction */
	uint64_t schedule_hash;   /* of (cpu, task) at every context switch */
	uint64_t fault_syncs;     /* slots filled by the fault handler */
	uint64_t ranges_grown;    /* ranges made by PGCTL_GROW, in new slots and in old ones */
	uint64_t tlb_flushes;    /* changes of user address spaces that other CPUs had to hear of */
	uint64_t kernel_flushes; /* flushes of kernel addresses on all CPUs */
	uint64_t lazy_spared;    /* lazy CPUs that the first kind did not interrupt */
	char strategy[16];
};

struct pgctl_cache {
	char name[24];
	uint64_t objects; /* in use; exact after PGCTL_DRAIN, while nobody allocates */
};

/* Ticks of the TSC; instructions under `-icount shift=0`. Reading it has been taken off. */
struct pgctl_root_cost {
	uint64_t alloc, late_copy, free; /* the least of all rounds */
	uint64_t mean;                   /* of the three together */
};

struct pgctl_growth_cost {
	uint64_t ticks;
	uint64_t visits; /* roots that the grower looked at */
};

struct pgctl_memory {
	uint64_t start, bytes; /* the range, physical */
	uint64_t pages;        /* that the page allocator has to give of it */
	uint64_t in_use;       /* of them, those in CPUs' caches included */
	/* Ranges, since boot. */
	uint64_t added, add_failed, removed, refused;
};

/* Bytes. */
struct pgctl_root_sizes {
	uint64_t table;      /* a root's page */
	uint64_t object;     /* struct mm_root, with what every strategy needs */
	uint64_t generation; /* of it: for strategies that check when a root is loaded */
	uint64_t list_node;  /* of it: for `list` */
};

#endif
