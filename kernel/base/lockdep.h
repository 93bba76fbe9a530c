/*
 * The run-time lock checker of debug builds: who holds what, and whether the order can ever deadlock.
 *
 * Each lock carries a tag that names its class (lock_classes.h): all locks that are used alike are one class. What is
 * learned of a class is learned of all its locks, so that a deadlock which needs two CPUs and bad luck is found
 * when one CPU has done one half of it, and any other the other half, at any time before.
 *
 *	cpu_locks		spin locks that a CPU holds, or waits for, oldest first
 *	task_locks_of()		the same of a task and mutexes
 *
 * The calls below are made by spinlock.h, wait.h, the trap code and the scheduler, nobody else. A violation ends in a
 * panic that names both places. A release build has neither code nor data of it: the tag is an empty struct there.
 * docs/locking.md says what is checked and how to read a report.
 */
#ifndef KERNEL_BASE_LOCKDEP_H
#define KERNEL_BASE_LOCKDEP_H

#include "kernel/base/debug.h"
#include "kernel/base/lock_classes.h"
#include "kernel/base/percpu.h"
#include "kernel/base/types.h"

#define LOCKDEP_ENUM(rank, name) LOCK_##name,
enum lock_class { LOCK_unclassed, LOCK_CLASSES(LOCKDEP_ENUM) NR_LOCK_CLASSES };
#undef LOCKDEP_ENUM

#if DEBUG_KERNEL

/* First in each lock, so that its address is the lock's. */
struct lock_tag {
	u32 class;
};

/* clang-format off */
#define LOCK_TAG(name) {LOCK_##name}
/* clang-format on */

struct held_lock {
	const struct lock_tag *lock; /* NULL: being entered or removed */
	unsigned long site;          /* the return address of the call that took it */
	u8 class;                    /* may be another than the lock's: spin_lock_nested() */
	bool irqs_on;                /* when it was taken */
};

#define HELD_LOCKS_MAX 12

struct held_locks {
	u32 n;
	u32 base; /* those below are of somebody else: of the code that an interrupt has interrupted */
	u32 irq; /* depth of interrupt handlers */
	u32 nmi;
	struct held_lock lock[HELD_LOCKS_MAX];
};

DECLARE_PER_CPU(struct held_locks, cpu_locks);

struct lock_class_info {
	const char *name;
	unsigned int rank; /* 0: none */
};

extern const struct lock_class_info lock_classes[NR_LOCK_CLASSES];

static inline void lock_tag_set(struct lock_tag *tag, enum lock_class class)
{
	tag->class = class;
}

/* Before waiting for a spin lock, in a class of its own or another one. Preemption off. */
void lockdep_acquire(const struct lock_tag *lock);
void lockdep_acquire_nested(const struct lock_tag *lock, enum lock_class class);
/* After a spin lock was taken without waiting. */
void lockdep_acquired(const struct lock_tag *lock);
void lockdep_release(const struct lock_tag *lock);

/* The same for mutexes. Process context; may sleep. */
void lockdep_acquire_mutex(const struct lock_tag *lock);
void lockdep_release_mutex(const struct lock_tag *lock);

/* Before spin_unlock_irqrestore(). */
void lockdep_irqrestore(const struct lock_tag *lock);

/* The caller interrupts other CPUs and waits for them, with whatever locks it holds. Preemption off. */
void lockdep_call_cpus(void);

/* For panic(): the lines of a report of this checker, and what each CPU holds. There are no more reports afterwards. */
void lockdep_print_panic(void);

/* What the checker remembers in a task, zero at birth. */
struct task_locks {
	struct held_locks held;
	bool irqs_left_off; /* by a direct switch: kernel/switch.h */
};

#else

struct lock_tag {
};

/* clang-format off */
#define LOCK_TAG(name) {}
/* clang-format on */

static inline void lock_tag_set(struct lock_tag *tag, enum lock_class class)
{
	(void)tag;
	(void)class;
}

static inline void lockdep_acquire(const struct lock_tag *lock)
{
	(void)lock;
}

static inline void lockdep_acquire_nested(const struct lock_tag *lock, enum lock_class class)
{
	(void)lock;
	(void)class;
}

static inline void lockdep_acquired(const struct lock_tag *lock)
{
	(void)lock;
}

static inline void lockdep_release(const struct lock_tag *lock)
{
	(void)lock;
}

static inline void lockdep_acquire_mutex(const struct lock_tag *lock)
{
	(void)lock;
}

static inline void lockdep_release_mutex(const struct lock_tag *lock)
{
	(void)lock;
}

static inline void lockdep_irqrestore(const struct lock_tag *lock)
{
	(void)lock;
}

static inline void lockdep_call_cpus(void)
{
}

static inline void lockdep_print_panic(void)
{
}

struct task_locks {
};

#endif

/* --- the scheduler's part, in debug builds --- */

/* Of the running task; of the one that `cpu` runs, for a panic. NULL: there is none yet. */
struct task_locks *task_locks_self(void);
struct task_locks *task_locks_of(unsigned int cpu);
/* Whether the running task is the one that boots, or idles, and never sleeps. */
bool task_is_idle(void);

#endif
