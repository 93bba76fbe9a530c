/*
 * Process information: what ps, free and a view of the page tables need to know, as structs. The calls are for
 * who holds the process-information right, a handle; it reads, and can change nothing. Who has the machine
 * (kernel/abi/machine.h) makes it.
 *
 *	procinfo_pids, procinfo_threads		who there is
 *	procinfo_task				one thread, and what it shares with its process
 *	procinfo_args				a process's arguments, environment, program name
 *	procinfo_maps, procinfo_memory		its mappings; sums over them, and over its page tables
 *	procinfo_system, procinfo_cpus		the machine
 *	procinfo_pgsync, procinfo_roots		the kernel half of the root tables
 *
 * Every call returns a value >= 0 or -errno: -EBADF: no such handle, or one of another kind; -EFAULT: the
 * caller's memory; -EINVAL: a number that cannot be; -ESRCH: there is no such process or thread. One that
 * is ending is there or it is -ESRCH; while it is there, and its memory is gone, that is all zero and none. Process
 * and thread numbers are those of Linux: where a process is asked for, a number of one of its threads will do.
 *
 * Calls with `room` bring records in ascending order from a given one on, as many as there is room for, or as
 * the kernel likes to give at once; 0: there are no more. Go on behind the last one. So what is there
 * the whole time is told exactly once, and what comes or goes meanwhile at most once. New processes have ever higher
 * numbers: who lists them while others fork stops at procinfo_system.highest_pid as it was when it began.
 *
 * Each struct is true of one moment, but two of them are of two moments. Times are in ns, memory in bytes.
 */
#ifndef KERNEL_ABI_PROCINFO_H
#define KERNEL_ABI_PROCINFO_H

#include <stdint.h>

/* A new handle of the right; flags as MACHINE_CLOEXEC. -EBADF: it is not the machine. */
#define SYS_machine_processes 1069 /* (machine, flags) */

/* Processes, kernel threads included, by their number. */
#define SYS_procinfo_pids 1070 /* (right, first, int32_t *pids, room) */
/* Threads of a process that have not ended. */
#define SYS_procinfo_threads 1071 /* (right, pid, first, int32_t *tids, room) */
#define SYS_procinfo_task    1072 /* (right, tid, struct procinfo_task *) */
/*
 * Copies from byte `offset` of enum procinfo_args on, each string with its terminator. Returns the bytes; 0:
 * there are no more, or the process has unmapped them. They are in its memory: it may have changed them.
 */
#define SYS_procinfo_args 1073 /* (right, pid, what, offset, buffer, bytes) */
/* The mappings that end above `address`, by address. */
#define SYS_procinfo_maps   1074 /* (right, pid, address, struct procinfo_map *, room) */
#define SYS_procinfo_memory 1075 /* (right, pid, struct procinfo_memory *) */
#define SYS_procinfo_system 1076 /* (right, struct procinfo_system *) */
/* The CPUs that are online, by number. */
#define SYS_procinfo_cpus   1077 /* (right, first, struct procinfo_cpu *, room) */
#define SYS_procinfo_pgsync 1078 /* (right, struct procinfo_pgsync *) */
/* The root tables but the reference, by physical address. */
#define SYS_procinfo_roots 1079 /* (right, first, struct procinfo_root *, room) */

/* How much was in user mode is sampled, and right in the long run. */
struct procinfo_times {
	uint64_t user, system;
	uint64_t faults; /* page faults */
};

/* Bits of procinfo_task.flags. */
#define PROCINFO_KERNEL  1 /* a kernel thread */
#define PROCINFO_EXITING 2 /* the process is being ended, or has ended */
#define PROCINFO_LEADER  4 /* the thread that the process's number is of */

struct procinfo_task {
	int32_t tid, pid;
	int32_t ppid, pgid, sid; /* 0: none, or it is the kernel's */
	int32_t exit_status;     /* as wait4 will report it; with PROCINFO_EXITING */
	uint32_t threads;        /* of the process, that have not ended */
	uint32_t flags;
	uint32_t cpu; /* that it runs on, or ran on last */
	int32_t nice;
	uint32_t policy, priority; /* as sched_getscheduler(2), sched_getparam(2) */
	char state; /* R, S: sleeps until a signal, D: sleeps, I: likewise, the kernel's, T: stopped, Z: ended */
	char comm[16]; /* with terminator */
	char unused[7];
	uint64_t start;                        /* since boot */
	struct procinfo_times thread, process; /* the process's: ended threads included */
	struct procinfo_times children;        /* that were waited for */
	/* Signals: bit n - 1 stands for n. */
	uint64_t pending, process_pending, blocked, ignored, caught;
};

enum procinfo_args {
	PROCINFO_ARGV,
	PROCINFO_ENVIRON,
	PROCINFO_NAME, /* the program's path, as execve was given it: it may be relative */
};

/* Bits of procinfo_map.flags. */
#define PROCINFO_READ      1
#define PROCINFO_WRITE     2
#define PROCINFO_EXEC      4
#define PROCINFO_SHARED    8
#define PROCINFO_LOCKED    16
#define PROCINFO_GROWSDOWN 32

enum procinfo_map_kind {
	PROCINFO_ANONYMOUS,
	PROCINFO_OBJECT, /* a memory object, at least in part */
	PROCINFO_HEAP,   /* what brk(2) moves */
	PROCINFO_STACK,  /* of the first thread */
};

struct procinfo_map {
	uint64_t start, end;
	uint64_t offset; /* of `start` in the object */
	uint64_t object; /* a number of its own, equal where the same one is mapped; 0: none */
	uint32_t flags, kind;
};

struct procinfo_memory {
	uint64_t size, resident;       /* mapped addresses; of them, those with a page */
	uint64_t text, data, stack;    /* executable; private and writable; as PROCINFO_STACK */
	uint64_t shared, locked;       /* mapped shared; mlock(2) */
	uint64_t tables, huge;         /* page tables, the root included; mapped by huge pages */
	uint64_t heap_start, heap_end; /* brk(2) */
	uint64_t args_start, args_end; /* where PROCINFO_ARGV is; PROCINFO_ENVIRON follows */
	uint64_t environ_end;
	uint64_t program; /* procinfo_map.object of what it runs */
	uint64_t maps;    /* how many */
};

struct procinfo_system {
	uint64_t uptime, boot_time; /* since kernel entry; that moment since 1970 */
	/* Memory that the page allocator has, and has to give; who holds the rest, as far as it is counted. */
	uint64_t total, free;
	uint64_t slab, tables, stacks, vmalloc, objects;
	uint64_t switches, forks, execs, exits; /* since boot */
	uint32_t processes, threads, runnable;
	uint32_t highest_pid; /* in use, by a process or a thread */
	uint32_t cpus, cpus_present;
	uint32_t pid_max; /* no number is as high */
	uint32_t unused;
};

struct procinfo_cpu {
	uint32_t cpu;
	int32_t running;  /* a thread; 0: it is idle */
	uint32_t waiting; /* threads that could run */
	uint32_t unused;
	uint64_t switches;
	uint64_t root; /* physical address of the root table that it has loaded */
	struct procinfo_times busy;
	uint64_t idle;
};

/* Slots of the kernel half: bit n of word w stands for slot PROCINFO_FIRST_SLOT + 64 w + n. */
#define PROCINFO_FIRST_SLOT 256
#define PROCINFO_SLOTS      256
#define PROCINFO_SLOT_WORDS (PROCINFO_SLOTS / 64)

struct procinfo_pgsync {
	char strategy[16];
	/* In the reference root; of them, those that every root has; those that were there at boot. */
	uint64_t present[PROCINFO_SLOT_WORDS], ready[PROCINFO_SLOT_WORDS],
		birth[PROCINFO_SLOT_WORDS];
	uint64_t generation;     /* 1 and one more for each slot that was added */
	uint64_t reference;      /* physical address of the reference root */
	uint32_t reference_cpus; /* that have it loaded */
	uint32_t levels;         /* of page tables */
	/* Since boot: pgsync_stats of mm/pgsync, and shootdowns. */
	uint64_t growths, walk_visits, late_syncs, fault_syncs;
	uint64_t shootdown_interrupts, user_flushes, kernel_flushes, lazy_spared;
};

enum procinfo_root_state {
	PROCINFO_ROOT_FREE,  /* in a cache; the rest of the struct says nothing */
	PROCINFO_ROOT_NEW,   /* without a kernel half yet */
	PROCINFO_ROOT_READY, /* may be loaded */
	PROCINFO_ROOT_DEAD,  /* its last user has gone */
};

struct procinfo_root {
	uint64_t table;      /* physical address: what CR3 holds */
	uint64_t life;       /* counts the uses of this root */
	uint64_t generation; /* when it was last copied from the reference */
	uint64_t present[PROCINFO_SLOT_WORDS];
	int32_t pid;      /* the lowest of the processes that have it; 0: none has */
	uint32_t owners;  /* processes */
	uint32_t cpus;    /* that have it loaded, its process's or borrowed */
	uint32_t cpu;     /* the lowest of them */
	uint32_t state;   /* enum procinfo_root_state */
	uint32_t missing; /* slots that were ready and not in it, when it was READY */
};

#endif
