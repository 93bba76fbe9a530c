/* Pinning all roots at a quiescent point: see pin.h. */
#include "kernel/pin.h"

#include "arch/cpu.h"
#include "arch/timer.h"
#include "arch/uaccess.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/freezer.h"
#include "kernel/sched.h"
#include "kernel/task_mm.h"
#include "kernel/workers.h"
#include "mm/pgsync/pgsync.h"

#define TRIES  6
#define NAP_NS 2000000UL /* after the first refusal; doubled each time */

struct attempt {
	int result;
	struct mm_root *in_the_way; /* NULL: somebody was awake */
};

static void return_borrowed(void *unused)
{
	(void)unused;
	leave_borrowed_mm();
}

static void pin_stopped(void *arg)
{
	struct attempt *a = arg;

	a->in_the_way = NULL;
	a->result = processes_are_frozen() ? pgsync_pin_all(&a->in_the_way) : -EBUSY;
}

static int freeze_and_pin(u64 limit_ns, struct attempt *a)
{
	int ret = freeze_processes(limit_ns);

	if (ret)
		return ret;
	/* A dead process's root lives on while a CPU has borrowed it, and is nobody's. */
	run_on_each_cpu(return_borrowed, NULL);
	/* Every CPU drops all its translations on its way out of the stop: the new rights hold. */
	stop_machine(pin_stopped, a);
	if (a->result < 0)
		thaw_processes();
	return a->result;
}

int pin_all_roots(u64 limit_ns)
{
	struct attempt a = {0};
	int ret = -EBUSY;

	for (unsigned int i = 0; i < TRIES; i++) {
		a.in_the_way = NULL;
		ret = freeze_and_pin(limit_ns, &a);
		/* A freezer that gave up has waited long enough, and has said for whom. */
		if (ret != -EBUSY || !a.in_the_way)
			return ret;
		if (sleep_until(time_ns() + (NAP_NS << i)))
			return -EINTR;
	}
	printk("pin: root %p is in the way: %s\n", (void *)a.in_the_way,
	       READ_ONCE(a.in_the_way->state) == ROOT_NEW ? "it is being made" : "no task has it");
	return ret;
}

static void unpin_stopped(void *n)
{
	*(unsigned int *)n = pgsync_unpin_all();
}

void unpin_all_roots(void)
{
	unsigned int n;

	stop_machine(unpin_stopped, &n);
	thaw_processes();
}

struct verification {
	u64 writable; /* A */
};

/* Writes what is there: if it can be written, nothing has happened. */
static void write_root(struct mm_root *root, void *arg)
{
	struct verification *v = arg;

	if (!probe_kernel_write(root->pgd, READ_ONCE(root->pgd[0])))
		(void)atomic_fetch_add(&v->writable, 1);
}

static void write_roots(void *arg)
{
	for_each_pinned_root(write_root, arg);
}

u64 pinned_roots_writable(void)
{
	struct verification v = {0};

	run_on_each_cpu(write_roots, &v);
	return v.writable;
}
