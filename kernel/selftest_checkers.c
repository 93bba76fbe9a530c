/*
 * Deliberate mistakes, one for each thing that a checker of the debug build must find: see selftest.h. Each is made by
 * one thread, alone, and would not have deadlocked: the checkers say what could.
 */
#include "arch/call.h"
#include "arch/cpu.h"
#include "arch/smp.h"
#include "arch/timer.h"
#include "arch/uaccess.h"
#include "kernel/base/panic.h"
#include "kernel/base/rcu.h"
#include "kernel/base/spinlock.h"
#include "kernel/base/wait.h"
#include "kernel/racepoint.h"
#include "kernel/sched.h"
#include "kernel/selftest.h"
#include "kernel/task.h"
#include "kernel/timer.h"

static struct spinlock a = SPINLOCK_INIT(test_a), other_a = SPINLOCK_INIT(test_a);
static struct spinlock b = SPINLOCK_INIT(test_b), c = SPINLOCK_INIT(test_c);
static struct spinlock high = SPINLOCK_INIT(zone), low = SPINLOCK_INIT(pgd_lock);
static struct mutex outer = MUTEX_INIT(outer, mmap_lock), inner = MUTEX_INIT(inner, memobj);
static struct rcu_head head;

static noinline void take_both(struct spinlock *first, struct spinlock *second)
{
	spin_lock(first);
	spin_lock(second);
	spin_unlock(second);
	spin_unlock(first);
}

/* --- the order of locks --- */

static void crash_lockrank(void)
{
	take_both(&high, &low);
}

static void crash_lockcycle(void)
{
	take_both(&a, &b);
	take_both(&b, &c);
	take_both(&c, &a);
}

static void crash_lockclass(void)
{
	take_both(&a, &other_a);
}

static void crash_locktwice(void)
{
	take_both(&a, &a);
}

static void crash_mutexrank(void)
{
	mutex_lock(&inner);
	mutex_lock(&outer);
}

static void crash_unheld(void)
{
	preempt_disable();
	spin_unlock(&a);
}

static void crash_unclassed(void)
{
	static struct spinlock lock;

	spin_lock(&lock);
}

/* --- interrupts --- */

static noinline void lock_a(void *unused)
{
	(void)unused;
	spin_lock(&a);
	spin_unlock(&a);
}

static noinline void keep_a(void *unused)
{
	(void)unused;
	spin_lock(&a);
}

static void call_others(void (*fn)(void *))
{
	(void)cpu_call_mask(cpu_online_mask, fn, NULL);
}

static void crash_irqunsafe(void)
{
	call_others(lock_a);
	lock_a(NULL);
}

/* Each alone is used as it should be; it is b inside of a that cannot be. */
static void crash_irqinside(void)
{
	unsigned long flags;

	call_others(lock_a);
	spin_lock(&b);
	spin_unlock(&b);
	flags = irq_save();
	take_both(&a, &b);
	irq_restore(flags);
}

/* The other CPU answers from inside the handler; it is found out when it leaves, which is a little later. */
static void crash_irqleak(void)
{
	u64 end;

	call_others(keep_a);
	for (end = time_ns() + 1000000000; time_ns() < end;)
		cpu_relax();
}

static void nothing(void *unused)
{
	(void)unused;
}

static void crash_calllock(void)
{
	unsigned long flags = irq_save();

	lock_a(NULL);
	irq_restore(flags);
	spin_lock(&a);
	call_others(nothing);
}

static void crash_nmilock(void)
{
	preempt_disable();
	cpu_call_nmi(cpu_id() ? 0 : 1, lock_a, NULL);
}

static void crash_irqrestore(void)
{
	unsigned long flags = spin_lock_irqsave(&a);

	irq_enable();
	spin_unlock_irqrestore(&a, flags);
}

/* --- sleeping --- */

static void crash_sleeplocked(void)
{
	spin_lock(&a);
	(void)sleep_until(time_ns() + 1000);
}

static void crash_sleepirqsoff(void)
{
	irq_disable();
	mutex_lock(&inner);
}

static void crash_sleepreading(void)
{
	rcu_read_lock();
	(void)sleep_until(time_ns() + 1000);
}

static void crash_copylocked(void)
{
	u32 value;

	spin_lock(&a);
	(void)get_user_u32(&value, (u32 __user *)0x400000);
}

static void sleep_a_little(void *unused)
{
	(void)unused;
	(void)sleep_until(time_ns() + 1000);
}

static void crash_sleepirq(void)
{
	call_others(sleep_a_little);
}

/* --- RCU --- */

static void crash_rcuderef(void)
{
	const struct task_struct *t;

	list_for_each_entry_rcu (t, &current->group->threads, thread_node)
		ASSERT(t->group == current->group);
}

static void crash_rcusync(void)
{
	preempt_disable();
	synchronize_rcu();
}

static void callback(struct rcu_head *unused)
{
	(void)unused;
}

static void crash_rcutwice(void)
{
	call_rcu(&head, callback);
	call_rcu(&head, callback);
}

static void call_from_irq(void *unused)
{
	(void)unused;
	call_rcu(&head, callback);
}

static void crash_rcuirq(void)
{
	call_others(call_from_irq);
}

static void crash_rcuunlock(void)
{
	rcu_read_unlock();
}

static int dies_reading(void *unused)
{
	(void)unused;
	rcu_read_lock();
	return 0;
}

static void crash_exitreading(void)
{
	(void)kthread_create(dies_reading, NULL, "reader", -1);
	(void)sleep_until(time_ns() + 10000000000ull);
}

/* --- what a system call leaves behind: the first fork, in the middle of which it happens --- */

static void leave_mutex(void *unused)
{
	(void)unused;
	mutex_lock(&inner);
}

static void leave_reading(void *unused)
{
	(void)unused;
	rcu_read_lock();
}

static void plant_leavemutex(void)
{
	race_on("fork_published", RACE_ANY_CPU, 1, leave_mutex, NULL);
}

static void plant_leavereading(void)
{
	race_on("fork_published", RACE_ANY_CPU, 1, leave_reading, NULL);
}

/* --- --- */

static const struct selftest selftests[] = {
	{"lockrank", crash_lockrank, false},         {"lockcycle", crash_lockcycle, false},
	{"lockclass", crash_lockclass, false},       {"locktwice", crash_locktwice, false},
	{"mutexrank", crash_mutexrank, false},       {"unheld", crash_unheld, false},
	{"unclassed", crash_unclassed, false},       {"irqunsafe", crash_irqunsafe, false},
	{"irqinside", crash_irqinside, false},       {"irqleak", crash_irqleak, false},
	{"irqrestore", crash_irqrestore, false},     {"calllock", crash_calllock, false},
	{"nmilock", crash_nmilock, false},           {"sleeplocked", crash_sleeplocked, false},
	{"sleepirqsoff", crash_sleepirqsoff, false}, {"sleepreading", crash_sleepreading, false},
	{"sleepirq", crash_sleepirq, false},         {"copylocked", crash_copylocked, false},
	{"rcuderef", crash_rcuderef, false},         {"rcusync", crash_rcusync, false},
	{"rcutwice", crash_rcutwice, false},         {"rcuirq", crash_rcuirq, false},
	{"rcuunlock", crash_rcuunlock, false},       {"exitreading", crash_exitreading, false},
	{"leavemutex", plant_leavemutex, true},      {"leavereading", plant_leavereading, true},
};

const struct selftest *checker_selftests(unsigned int *n)
{
	*n = ARRAY_SIZE(selftests);
	return selftests;
}
