/*
 * Tasks (threads) and thread groups (processes).
 *
 * Letters, for who may write a field: t task_lock of the task; g lock of its thread group; P lock
 * of the PARENT's group; q lock of the run queue the task belongs to; s the task itself; c constant
 * once published; A atomic.
 *
 * The order of all locks is in kernel/base/lock_classes.h.
 */
#ifndef KERNEL_TASK_H
#define KERNEL_TASK_H

#include "arch/thread.h"
#include "kernel/base/bitops.h"
#include "kernel/base/list.h"
#include "kernel/base/rcu.h"
#include "kernel/base/wait.h"
#include "kernel/ipc/task.h"
#include "kernel/priority.h"
#include "kernel/signal.h"
#include "kernel/usage.h"
#include "mm/allocfail.h"

struct fs_struct;
struct handle_table;
struct io_bitmap;
struct mm_root;
struct mm_struct;
struct rlimits;
struct robust_head;

#define COMM_LEN 16
#define PID_MAX  4194304 /* as Linux on 64 bits */

/* Exit work: anything set makes the way back to user mode take its slow path. */
#define WORK_FATAL  BIT(0) /* the group is dying */
#define WORK_RETURN BIT(1) /* exec: all registers are new */
#define WORK_TID    BIT(2) /* a new task: *set_child_tid = pid */
#define WORK_FREEZE BIT(3) /* stop until the thaw (kernel/freezer.h) */
#define WORK_SIGNAL BIT(4) /* there may be a signal to take (kernel/signal.h) */
#define WORK_PRIO                                                                                  \
	BIT(5) /* its priority has changed: who waits for a server says so (kernel/ipc/inherit.h) */

struct thread_group {
	struct spinlock lock;
	u32 refs;       /* A: tasks, and the zombie's claim */
	u32 nr_threads; /* g: not yet exited */
	/* g: exit_group, exec or a fatal signal: the other threads must die */
	bool exiting;
	bool zombie;                  /* P: all threads gone, waiting for wait4 */
	u32 nr_groups;                /* getgroups(2): so many times 0 */
	bool oom_passed_over;         /* kernel/oom.c has killed it in vain */
	bool oom_spared;              /* set by itself for good: kernel/oom.c kills others */
	int exit_status;              /* g: as wait4 reports it */
	int tgid;                     /* c */
	struct task_struct *leader;   /* g: changes in exec only */
	struct task_struct *exec;     /* g: the thread that execs, waits for the others to go */
	struct thread_group *parent;  /* P of the old and the new one; RCU */
	int ppid;                     /* P: the parent's tgid, for who needs no more of it */
	int creator;                  /* P: the parent's thread whose child it is (__WNOTHREAD) */
	int exit_signal;              /* P: to the parent at its end; 0: none */
	int death_signal;             /* s: to itself when `creator` ends; 0: none; P reads it */
	struct list_head children;    /* g */
	struct list_head sibling;     /* P */
	struct list_head threads;     /* g; RCU readers; all but the exited */
	struct wait_queue child_exit; /* wait4 sleeps here; exec as well */
	struct io_bitmap
		*ports; /* g; own threads read it without; NULL: none (kernel/machine/ioports.h) */
	struct group_usage usage;
	struct rlimits *limits; /* g, set once; NULL: the defaults (kernel/rlimit.h) */
	struct group_signals sig;
	struct rcu_head rcu;
};

struct task_struct {
	/* One word, for who is to sleep in a direct switch (kernel/switch.h). */
	union {
		struct {
			u32 work; /* A; first: entry.asm tests it */
			s8 prio;  /* q: at which it runs: 0 to 99 or PRIO_IDLE; also read without */
		};
		u64 work_or_prio;
	};

	/* Scheduling. */
	struct list_head run_node; /* q */
	/* A: one while it can be switched to, one while it can be found or waited for */
	u32 refs;
	/* One word, so that a direct switch asks for all of it at once (kernel/switch.h). */
	union {
		struct {
			u32 state;  /* s, and a waker: enum task_state */
			u8 cpu;     /* q: whose run queue */
			bool on_rq; /* q: queued or running */
			union {
				struct {
					/* its affinity was changed and no longer has the CPU it was on */
					bool evict;
					/* s: its process's I/O ports are loaded with it (kernel/machine/ioports.h) */
					bool ports;
				};
				u16 switch_work; /* the switch to it goes the longer way */
			};
		};
		u64 sched_word;
	};
	bool slice_over; /* q, and the task itself: it goes behind the others of its priority */
	struct sched_policy sched; /* q */
	u8 inherited;              /* q: of its clients, 0: nothing (kernel/ipc/inherit.h) */
	bool vfork;                /* c: a parent waits on vfork_wait */
	bool vfork_done;           /* release: it may go on */
	bool calls_again;          /* s: syscall_again() */
	DECLARE_BITMAP(affinity, NR_CPUS); /* s before the first run; q */

	/* Address space. */
	struct spinlock alloc_lock;  /* task_lock */
	int pid;                     /* c; exec of a non-leader takes the leader's */
	struct mm_struct *mm;        /* t; NULL: kernel thread, or exited */
	struct mm_struct *active_mm; /* q: what this CPU has loaded while the task runs */

	u8 usage_mode;                /* q: enum usage_mode, of its last sample */
	struct usage usage;           /* q; the faults s */
	struct thread_group *group;   /* c */
	struct list_head table_node;  /* task table bucket; RCU readers */
	struct list_head thread_node; /* g; RCU readers */
	struct rcu_reader rcu_reader; /* s */
	struct task_locks locks;      /* s; debug builds (kernel/base/lockdep.h) */
	struct wait_queue vfork_wait;

	u32 __user *set_child_tid, *clear_child_tid; /* s */
	struct robust_head __user *robust_list;      /* s; NULL: none (robust.c) */
	struct alloc_failure alloc_failure;          /* s */
	char comm[COMM_LEN];                         /* s and t: others read it under t */
	u64 start_tsc;                /* c; exec of a non-leader takes the leader's */
	struct handle_table *handles; /* s; NULL: kernel thread, or exited */
	struct fs_struct *fs;         /* s; NULL: see kernel/file/fs.h */
	u32 poll_seq;                 /* s: of its polls (kernel/file/poll.c) */
	struct ipc_task ipc;
	union {                               /* the dead serve nobody */
		struct list_head server_node; /* port->lock: port->servers (kernel/ipc/inherit.h) */
		struct rcu_head rcu;
	};

	/* From here on a new task is not zero, but set by who owns the field. */
	struct task_signals sig;
	struct thread thread;
};

extern struct task_struct init_task; /* the boot CPU's idle task */
DECLARE_PER_CPU(struct task_struct *, current_task);

#define current this_cpu_read(current_task)

static inline void task_lock(struct task_struct *t)
{
	spin_lock(&t->alloc_lock);
}

static inline void task_unlock(struct task_struct *t)
{
	spin_unlock(&t->alloc_lock);
}

/* The running task's name; a longer one is cut. */
void task_set_comm(const char *name);

/* --- the task table: pid to task, and the list of all tasks --- */

#ifndef TASK_BUCKETS /* a model of the table has fewer */
#define TASK_BUCKETS 1024
#endif

struct task_bucket {
	struct spinlock lock;
	struct list_head tasks;
};

extern struct task_bucket task_table[TASK_BUCKETS];

void task_table_init(void);

/* Publishes or removes a task. A full barrier is NOT implied: see arch_pgd_init_late(). */
void task_table_insert(struct task_struct *t);
void task_table_remove(struct task_struct *t);
/* Puts `new` where `old` stood, under old's pid: no walker can miss both (I12). */
void task_table_replace(struct task_struct *old, struct task_struct *new);

/* Inside rcu_read_lock(); NULL when there is none. */
struct task_struct *find_task(int pid);

/* A new pid, unique among live tasks. Preemptible. */
int pid_alloc(void);

/*
 * All tasks that lead a process, told by their pid: an exec in another thread takes pid and place
 * over in one store, and both the old leader and the new one lead to the group (I12). Inside
 * rcu_read_lock(). `b` is an unsigned int.
 */
#define for_each_process(b, p)                                                                     \
	for ((b) = 0; (b) < TASK_BUCKETS; (b)++)                                                   \
		list_for_each_entry_rcu (p, &task_table[b].tasks, table_node)                      \
			if (READ_ONCE((p)->pid) == (p)->group->tgid)

/*
 * Some thread of p's group that still has its mm, task_lock held, or NULL: a zombie leader does not
 * hide the others (I10). Inside rcu_read_lock().
 */
struct task_struct *find_lock_task_mm(struct task_struct *p);

/*
 * A process that has `root`, by its number, or 0. For a panic's report: takes no lock, so the answer is
 * certain only while no process can leave its root.
 */
int task_root_owner(const struct mm_root *root);

/* --- life --- */

/* An unpublished task and its kernel stack; NULL: no memory. The group is the caller's to set. */
struct task_struct *task_alloc(void);
/* Never published, or after its grace period. */
void task_free(struct task_struct *t);
/* For who found it in the table, inside rcu_read_lock(): false when it is being freed. */
static inline bool task_tryget(struct task_struct *t)
{
	u32 refs = READ_ONCE(t->refs);

	while (refs) {
		u32 seen = atomic_cmpxchg(&t->refs, refs, refs + 1);

		if (seen == refs)
			return true;
		refs = seen;
	}
	return false;
}

/* The task of that number with a reference, or NULL; 0: the running one. */
struct task_struct *task_get(int pid);

/* Drops a reference; the last one frees the task after a grace period. */
void task_put(struct task_struct *t);
/* The task is off its CPU for good: frees the stack now and drops the scheduler's reference. */
void task_release(struct task_struct *t);

struct thread_group *group_alloc(int tgid);
void group_put(struct thread_group *g);

/* The idle task of an application CPU, and its stack. NULL: no memory. */
struct task_struct *task_alloc_idle(void);

/* Boot: slab caches, the table, init_task as the boot CPU's running task. */
void task_init(void);

/*
 * A kernel thread bound to `cpu` (or -1: any), made runnable. ERR_PTR(-ENOMEM). fn's return ends
 * it.
 */
struct task_struct *kthread_create(int (*fn)(void *), void *arg, const char *name, int cpu);

/*
 * The same in two steps, so that nothing can fail any more once it is certain that the thread is
 * wanted: one that is allocated is known to nobody; it is started, or freed.
 */
struct task_struct *kthread_alloc(int (*fn)(void *), void *arg, const char *name, int cpu);
void kthread_launch(struct task_struct *t);
void kthread_discard(struct task_struct *t);

#endif
