/* Tasks and thread groups: birth and release. See task.h. */
#include "kernel/task.h"

#include "arch/ioports.h"
#include "arch/smp.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"
#include "kernel/base/trace.h"
#include "kernel/kstack.h"
#include "kernel/rlimit.h"
#include "kernel/sched.h"
#include "kernel/stackcheck.h"
#include "mm/mm.h"
#include "mm/slab.h"

/* Pids come in chunks, one CPU's at a time, so that forks meet on no counter. */
#define PID_CHUNK 64
#define PID_FIRST 300 /* after the first round: the low ones are init's and the daemons' */

static struct kmem_cache *task_cache, *group_cache;
static u64 pid_chunks; /* A: chunks handed out */

struct pid_range {
	u64 next, end;
};

static DEFINE_PER_CPU(struct pid_range, pid_range);

static struct thread_group idle_group = {
	.leader = &init_task,
	.children = LIST_HEAD_INIT(idle_group.children),
	.sibling = LIST_HEAD_INIT(idle_group.sibling),
	.threads = LIST_HEAD_INIT(idle_group.threads),
	.lock = SPINLOCK_INIT(group),
	.child_exit = WAIT_QUEUE_INIT(idle_group.child_exit),
};

struct task_struct init_task = {
	.state = TASK_RUNNING,
	.active_mm = &init_mm,
	.group = &idle_group,
	.alloc_lock = SPINLOCK_INIT(task_lock),
	.comm = "idle",
};

static bool pid_in_use(int pid)
{
	bool used;

	rcu_read_lock();
	used = find_task(pid) != NULL;
	rcu_read_unlock();
	return used;
}

int pid_alloc(void)
{
	for (;;) {
		struct pid_range *range;
		u64 n;

		preempt_disable();
		range = this_cpu_ptr(&pid_range);
		if (range->next == range->end) {
			range->next = atomic_fetch_add(&pid_chunks, 1) * PID_CHUNK;
			range->end = range->next + PID_CHUNK;
		}
		n = range->next++;
		preempt_enable();
		if (n == 0)
			continue; /* no task is number 0 but the idle ones */
		if (likely(n < PID_MAX))
			return (int)n;
		n %= PID_MAX;
		if (n >= PID_FIRST && !pid_in_use((int)n))
			return (int)n;
	}
}

struct task_struct *task_alloc(void)
{
	struct task_struct *t = kmem_cache_alloc(task_cache, GFP_KERNEL);
	unsigned long stack;

	if (!t)
		return NULL;
	stack = kstack_alloc();
	if (!stack) {
		kmem_cache_free(task_cache, t);
		return NULL;
	}
	/* The vector registers are most of it, and are written by thread_init_*(). */
	memset(t, 0, offsetof(struct task_struct, sig));
	t->thread.stack_top = stack;
	spin_lock_set_class(&t->alloc_lock, LOCK_task_lock);
	t->refs = 2;
	t->state = TASK_SLEEPING;
	t->start_tsc = cpu_cycles();
	task_signals_init(&t->sig);
	return t;
}

void task_free(struct task_struct *t)
{
	kstack_free(t->thread.stack_top);
	kmem_cache_free(task_cache, t);
}

static void task_free_rcu(struct rcu_head *head)
{
	struct task_struct *t = container_of(head, struct task_struct, rcu);

	task_signals_free(t);
	group_put(t->group);
	kmem_cache_free(task_cache, t);
}

struct task_struct *task_get(int pid)
{
	struct task_struct *t;

	rcu_read_lock();
	t = pid ? find_task(pid) : current;
	if (t && !task_tryget(t))
		t = NULL;
	rcu_read_unlock();
	return t;
}

void task_put(struct task_struct *t)
{
	if (atomic_dec_and_test(&t->refs))
		call_rcu(&t->rcu, task_free_rcu);
}

void task_release(struct task_struct *t)
{
	stackcheck_note(t);
	kstack_free(t->thread.stack_top);
	t->thread.stack_top = 0;
	task_put(t);
}

struct thread_group *group_alloc(int tgid)
{
	struct thread_group *g = kmem_cache_alloc(group_cache, GFP_KERNEL);

	if (!g)
		return NULL;
	memset(g, 0, offsetof(struct thread_group, sig.chld));
	g->tgid = tgid;
	spin_lock_set_class(&g->lock, LOCK_group);
	g->refs = 1;
	g->nr_threads = 1;
	list_init(&g->children);
	list_init(&g->sibling);
	list_init(&g->threads);
	wait_queue_init(&g->child_exit);
	group_signals_init(&g->sig);
	return g;
}

static void group_free_rcu(struct rcu_head *head)
{
	struct thread_group *g = container_of(head, struct thread_group, rcu);

	group_signals_free(g);
	rlimits_free(g);
	if (unlikely(g->ports))
		io_bitmap_free(g->ports);
	kmem_cache_free(group_cache, g);
}

void group_put(struct thread_group *g)
{
	if (atomic_dec_and_test(&g->refs))
		call_rcu(&g->rcu, group_free_rcu);
}

struct alloc_failure *current_alloc_failure(void)
{
	return &current->alloc_failure;
}

struct rcu_reader *rcu_current_reader(void)
{
	return &current->rcu_reader;
}

void task_set_comm(const char *name)
{
	char comm[COMM_LEN] __aligned(8) = "";

	strlcpy(comm, name, sizeof(comm));
	TRACE(task_name, ((u64 *)comm)[0], ((u64 *)comm)[1]);
	task_lock(current);
	/* In place: two words. */
	__builtin_memcpy(current->comm, comm, sizeof(comm));
	task_unlock(current);
}

static void affinity_all(struct task_struct *t)
{
	memset(t->affinity, 0xff, sizeof(t->affinity));
}

void task_init(void)
{
	task_cache = kmem_cache_create("task_struct", sizeof(struct task_struct), 64, 0);
	group_cache = kmem_cache_create("thread_group", sizeof(struct thread_group), 64, 0);
	task_table_init();
	affinity_all(&init_task);
}

struct task_struct *task_alloc_idle(void)
{
	struct task_struct *t = task_alloc();
	unsigned long stack_top;

	if (!t)
		return NULL;
	stack_top = t->thread.stack_top;
	memset(t, 0, sizeof(*t));
	*t = (struct task_struct){
		.state = TASK_RUNNING,
		.active_mm = &init_mm,
		.group = &idle_group,
		.alloc_lock = SPINLOCK_INIT(task_lock),
		.comm = "idle",
	};
	affinity_all(t);
	t->thread.stack_top = stack_top;
	return t;
}

struct task_struct *kthread_alloc(int (*fn)(void *), void *arg, const char *name, int cpu)
{
	struct task_struct *t = task_alloc();

	if (!t)
		return NULL;
	t->pid = pid_alloc();
	t->group = group_alloc(t->pid);
	if (!t->group) {
		task_free(t);
		return NULL;
	}
	t->group->leader = t;
	t->usage_mode = USAGE_SYSTEM;
	list_add_tail(&t->thread_node, &t->group->threads);
	strlcpy(t->comm, name, sizeof(t->comm));
	if (cpu < 0)
		affinity_all(t);
	else
		__set_bit((unsigned int)cpu, t->affinity);
	thread_init_kernel(&t->thread, t->thread.stack_top, fn, arg);
	return t;
}

void kthread_launch(struct task_struct *t)
{
	task_table_insert(t);
	sched_start_task(t);
}

void kthread_discard(struct task_struct *t)
{
	group_put(t->group);
	task_free(t);
}

struct task_struct *kthread_create(int (*fn)(void *), void *arg, const char *name, int cpu)
{
	struct task_struct *t = kthread_alloc(fn, arg, name, cpu);

	if (!t)
		return ERR_PTR(-ENOMEM);
	kthread_launch(t);
	return t;
}
