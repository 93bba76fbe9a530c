/*
 * Out of memory: see mm/oom.h for who asks.
 *
 * One task at a time looks for memory. First all that is kept for speed goes back (kernel/drain.h). If
 * next to nothing is free then, the process that has most is killed, and its memory waited for: so
 * the next task in the queue finds it, and 64 CPUs that fail together do not kill 64 processes.
 *
 * The victim is any process that has an address space but process 1, who shares its memory, and who was told
 * that it is spared (machine_spare: the server of the root directory, which limits itself); one
 * that dies already is waited for and not killed again. What counts is what its death gives back:
 * pages that are mapped, kernel stacks, mappings. Among equals it is the one that was found last.
 * Nothing stands in the way of its death: it is woken from any killable sleep, and nobody waits for
 * memory with a lock held. If it takes too long all the same, it is passed over and another one is
 * killed.
 */
#include "mm/oom.h"

#include "arch/timer.h"
#include "kernel/base/panic.h"
#include "kernel/base/preempt.h"
#include "kernel/base/printk.h"
#include "kernel/base/string.h"
#include "kernel/drain.h"
#include "kernel/kstack.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/mm.h"
#include "mm/slab.h"

/* Of all memory: the least that must be free for a drain to have been enough. */
#define ENOUGH_DIVISOR 256
/* How long a victim may take, and how often it is looked at. */
#define DEATH_MS      10000
#define LOOK_AGAIN_NS 1000000
/* How often processes are looked for when there are none. */
#define LAST_LOOKS 100
/* How long calls are refused without another look, after a drain that brought next to nothing. */
#define REFUSE_NS 50000000

struct victim {
	struct mm_struct *mm; /* with a reference; NULL: none */
	u64 pages;
	bool dying;
	int pid;
	char comm[COMM_LEN];
};

static struct {
	u32 taken; /* A: somebody looks for memory */
	struct wait_queue free;
	u64 refuse_until; /* taken: time_ns() */
} oom = {.free = WAIT_QUEUE_INIT(oom.free)};

static u64 enough(void)
{
	return nr_managed_pages() / ENOUGH_DIVISOR;
}

/* --- the victim --- */

static u64 pages_of(const struct thread_group *g, const struct mm_struct *mm)
{
	return READ_ONCE(mm->resident) +
	       READ_ONCE(g->nr_threads) * (KSTACK_SIZE + sizeof(struct task_struct)) / PAGE_SIZE +
	       READ_ONCE(mm->nr_vmas) * sizeof(struct vma) / PAGE_SIZE;
}

static bool is_better(const struct victim *than, bool dying, u64 pages)
{
	if (!than->mm || dying != than->dying)
		return !than->mm || dying;
	return pages >= than->pages;
}

/* Process 1's address space, to compare with. Inside rcu_read_lock(). */
static const struct mm_struct *mm_of_init(void)
{
	const struct mm_struct *mm = NULL;
	struct task_struct *t;

	t = init_group ? find_lock_task_mm(init_group->leader) : NULL;
	if (t) {
		mm = t->mm;
		task_unlock(t);
	}
	return mm;
}

/* Puts the process of leader p into *best if it is a better choice. */
static void consider(struct task_struct *p, const struct mm_struct *spared, struct victim *best)
{
	const struct thread_group *g = p->group;
	/* An exec is on its way to a new life, not dead. */
	bool dying = READ_ONCE(g->exiting) && !READ_ONCE(g->exec);
	struct mm_struct *mm, *other = NULL;
	struct task_struct *t;

	if (!READ_ONCE(g->parent) || g == init_group || READ_ONCE(g->oom_passed_over) ||
	    READ_ONCE(g->oom_spared))
		return;
	t = find_lock_task_mm(p);
	if (!t)
		return;
	mm = t->mm;
	if (mm != spared && is_better(best, dying, pages_of(g, mm))) {
		other = best->mm;
		mmgrab(mm);
		*best = (struct victim){.mm = mm, .pages = pages_of(g, mm), .dying = dying};
		best->pid = g->tgid;
		memcpy(best->comm, t->comm, sizeof(best->comm));
	}
	task_unlock(t);
	if (other)
		mmdrop(other);
}

/* Calls fn for each process that uses `mm`, but process 1. Inside rcu_read_lock(). */
static void for_each_user(const struct mm_struct *mm, void (*fn)(struct thread_group *g))
{
	struct task_struct *p, *t;
	unsigned int b;
	bool user;

	for_each_process (b, p) {
		t = find_lock_task_mm(p);
		if (!t)
			continue;
		user = t->mm == mm && p->group != init_group;
		task_unlock(t);
		if (user)
			fn(p->group);
	}
}

static void kill_group(struct thread_group *g)
{
	group_kill(g, SIGKILL);
}

static void pass_over(struct thread_group *g)
{
	WRITE_ONCE(g->oom_passed_over, true);
}

/* Chooses a victim and kills it. False: there is none. The reference is the caller's. */
static bool choose_victim(struct victim *v)
{
	const struct mm_struct *spared;
	struct task_struct *p;
	unsigned int b;

	v->mm = NULL;
	rcu_read_lock();
	spared = mm_of_init();
	for_each_process (b, p)
		consider(p, spared, v);
	/* Whoever shares the memory keeps it (vfork). */
	if (v->mm && !v->dying)
		for_each_user(v->mm, kill_group);
	rcu_read_unlock();
	if (v->mm && !v->dying)
		printk("out of memory: killed %d (%s), %llu pages\n", v->pid, v->comm,
		       (unsigned long long)v->pages);
	return v->mm;
}

static bool has_memory(const struct mm_struct *mm)
{
	return READ_ONCE(mm->mm_users) || READ_ONCE(mm->resident);
}

/*
 * -EINTR: the running task must die itself, and is perhaps the victim. Whoever comes next finds it
 * dying and goes on waiting.
 */
static int wait_for_victim(const struct victim *v)
{
	for (unsigned int ms = 0; has_memory(v->mm); ms++) {
		if (ms == DEATH_MS) {
			printk("out of memory: %d (%s) does not die\n", v->pid, v->comm);
			rcu_read_lock();
			for_each_user(v->mm, pass_over);
			rcu_read_unlock();
			break;
		}
		if (sleep_until(time_ns() + LOOK_AGAIN_NS))
			return -EINTR;
	}
	return 0;
}

static __noreturn void no_victim(void)
{
	unsigned long init_pages = 0;

	rcu_read_lock();
	if (mm_of_init())
		init_pages = mm_of_init()->resident;
	rcu_read_unlock();
	(void)slab_report();
	panic("out of memory, and no process is left to be killed: %llu of %llu pages are free, "
	      "process 1 has %lu",
	      (unsigned long long)nr_free_pages(), (unsigned long long)nr_managed_pages(),
	      init_pages);
}

/* --- looking for memory, one task at a time --- */

static bool drain_is_enough(void)
{
	bool is_enough;

	drain_all();
	is_enough = nr_free_pages() >= enough();
	oom.refuse_until = is_enough ? 0 : time_ns() + REFUSE_NS;
	return is_enough;
}

/* A call can be refused: what a drain has not brought just now, it will not bring at once. */
static bool relieve_by_drain(void)
{
	return time_ns() >= oom.refuse_until && drain_is_enough();
}

/*
 * A process that has given its address space up is not found any more, and may still be at taking it
 * apart: so it is not over at the first look.
 */
static bool relieve_by_death(void)
{
	struct victim v;
	int ret;

	for (unsigned int ms = 0;; ms++) {
		if (drain_is_enough())
			return true;
		if (choose_victim(&v))
			break;
		if (ms == LAST_LOOKS)
			no_victim();
		if (sleep_until(time_ns() + LOOK_AGAIN_NS))
			return false;
	}
	ret = wait_for_victim(&v);
	mmdrop(v.mm);
	return !ret;
}

static bool take_turn(void)
{
	return atomic_xchg(&oom.taken, 1) == 0;
}

static bool look_for_memory(bool (*relieve)(void))
{
	bool found;

	if (!alloc_exhausted() || task_must_die())
		return false;
	ASSERT(!rcu_read_lock_held() && preempt_depth() == 0);
	if (wait_event_killable(&oom.free, take_turn()))
		return false;
	found = relieve();
	smp_store_release(&oom.taken, 0);
	wake_up(&oom.free);
	return found && !task_must_die();
}

bool memory_reclaim(void)
{
	return look_for_memory(relieve_by_drain);
}

bool out_of_memory(void)
{
	return look_for_memory(relieve_by_death);
}
