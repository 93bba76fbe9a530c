/*
 * Where tasks run: stealing, priorities across CPUs, affinity, the idle loop.
 *
 * Two run queue locks are never held together: a task that moves is on no queue in between, but
 * RUNNING and on_rq, so that a waker leaves it alone.
 *
 * Of n CPUs, the n highest tasks that may run there do, soon. When a task above SCHED_OTHER wakes, or is
 * displaced, it goes to the CPU that runs the lowest (rq_better(), rq_push_waiting()); when one gives its CPU up,
 * that CPU takes the highest that waits (rq_pull()). Each of them reads of other CPUs what was so a moment
 * ago: two that happen at once may miss each other, and then the tick, which runs while anybody waits, pushes again.
 */
#include "arch/cpu.h"
#include "arch/init.h"
#include "arch/ipi.h"
#include "arch/smp.h"
#include "boot/bootinfo.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"
#include "kernel/base/printk.h"
#include "kernel/rq.h"
#include "kernel/sched.h"

struct rq *rq_allowed(const struct task_struct *t)
{
	unsigned int cpu;

	for_each_set_bit (cpu, t->affinity, NR_CPUS)
		if (cpu_online(cpu))
			return per_cpu_ptr(&cpu_rq, cpu);
	BUG("task %d may run on no online CPU", t->pid);
}

/* A task that moves is there. */
static void arrive(struct rq *rq, struct task_struct *t)
{
	spin_lock(&rq->lock);
	rq_enqueue(rq, t);
	spin_unlock(&rq->lock);
}

void rq_push(struct task_struct *t)
{
	struct rq *to = rq_allowed(t);

	t->evict = false;
	WRITE_ONCE(t->cpu, (u8)to->cpu);
	arrive(to, t);
}

/* Off its queue, on its way to `cpu`. A waker that still reads the old CPU finds it RUNNING and does nothing. */
static void take_off(struct rq *from, struct task_struct *t, unsigned int cpu)
{
	rq_remove(from, t);
	WRITE_ONCE(t->cpu, (u8)cpu);
}

/* The first task of the highest level, from `least` on, that may run on `cpu`, taken off the queue; NULL. */
static struct task_struct *steal_from(struct rq *from, unsigned int cpu, int least)
{
	struct task_struct *t;

	spin_lock(&from->lock);
	for (int level = (int)prioq_top(&from->queue); level >= least; level--) {
		list_for_each_entry (t, &from->queue.level[level], run_node) {
			if (!test_bit(cpu, t->affinity))
				continue;
			take_off(from, t, cpu);
			spin_unlock(&from->lock);
			return t;
		}
	}
	spin_unlock(&from->lock);
	return NULL;
}

/* The CPU on which the highest waits, from `least` on; NULL. */
static struct rq *highest_waiting(const struct rq *rq, int least)
{
	struct rq *found = NULL;

	for (unsigned int i = 1; i < nr_cpus; i++) {
		struct rq *other = per_cpu_ptr(&cpu_rq, (rq->cpu + i) % nr_cpus);
		int top = cpu_online(other->cpu) ? (int)prioq_top(&other->queue) : 0;

		if (top >= least) {
			found = other;
			least = top + 1;
		}
	}
	return found;
}

bool rq_pull(struct rq *rq)
{
	int least = MAX(MAX((int)prioq_top(&rq->queue), (int)rq->curr->prio), 0) + 1;
	struct task_struct *t;
	struct rq *from;

	if (likely(!READ_ONCE(rt_waiting)))
		return false;
	from = highest_waiting(rq, least);
	t = from ? steal_from(from, rq->cpu, least) : NULL;
	if (!t)
		return false;
	arrive(rq, t);
	return true;
}

bool rq_steal(struct rq *rq)
{
	if (rq_pull(rq))
		return true;
	for (unsigned int i = 1; i < nr_cpus; i++) {
		unsigned int cpu = (rq->cpu + i) % nr_cpus;
		struct task_struct *t;

		if (!cpu_online(cpu) || !READ_ONCE(per_cpu(cpu_rq, cpu).nr_queued))
			continue;
		t = steal_from(per_cpu_ptr(&cpu_rq, cpu), rq->cpu, 0);
		if (!t)
			continue;
		arrive(rq, t);
		return true;
	}
	return false;
}

/*
 * What `rq` runs, or is about to: several that come at once shall not all go to the one CPU that has not switched
 * yet. Its task may be gone by now, but not its memory: inside rcu_read_lock().
 */
static int running_prio(const struct rq *rq)
{
	int curr = READ_ONCE(READ_ONCE(rq->curr)->prio), top = (int)prioq_top(&rq->queue);

	return top > 0 ? MAX(curr, top) : curr;
}

/* Whether t, were it there, would run at once; or take its turns, which it does not where it is. */
static bool is_better(const struct rq *rq, const struct task_struct *t, int running)
{
	return running < t->prio || (running == 0 && t->prio == 0 && rq->curr->prio > 0);
}

struct rq *rq_better(const struct rq *rq, const struct task_struct *t)
{
	struct rq *found = NULL;
	int lowest = PRIO_LEVELS;

	rcu_read_lock();
	for (unsigned int i = 1; i < nr_cpus; i++) {
		struct rq *other = per_cpu_ptr(&cpu_rq, (rq->cpu + i) % nr_cpus);
		int running;

		if (!cpu_online(other->cpu) || !test_bit(other->cpu, t->affinity))
			continue;
		running = running_prio(other);
		if (running < lowest && is_better(rq, t, running)) {
			found = other;
			lowest = running;
		}
	}
	rcu_read_unlock();
	return found;
}

/* The first waiting task that has a better CPU, taken off the queue; its CPU in *to. rq->lock held. */
static struct task_struct *take_misplaced(struct rq *rq, struct rq **to)
{
	struct task_struct *t;

	for (int level = (int)prioq_top(&rq->queue); level >= 0; level--) {
		list_for_each_entry (t, &rq->queue.level[level], run_node) {
			*to = rq_better(rq, t);
			if (!*to)
				continue;
			take_off(rq, t, (*to)->cpu);
			return t;
		}
	}
	return NULL;
}

void rq_push_waiting(struct rq *rq)
{
	struct task_struct *t;
	struct rq *to;

	spin_lock(&rq->lock);
	t = take_misplaced(rq, &to);
	spin_unlock(&rq->lock);
	if (t)
		arrive(to, t);
}

void rq_kick_idle(const struct rq *rq)
{
	for (unsigned int i = 1; i < nr_cpus; i++) {
		unsigned int cpu = (rq->cpu + i) % nr_cpus;

		if (READ_ONCE(per_cpu(cpu_rq, cpu).halted)) {
			ipi_resched(cpu);
			return;
		}
	}
}

/* Interrupts off, preemption off, as the idle task. */
/*
 * `idle=poll`: the boot CPU does not halt. When all CPUs halt, QEMU's main loop moves the clock of
 * `-icount` on to the next timer by itself, sometimes before the last CPU's instructions are
 * counted: a schedule in a few dozen is then another one.
 */
static bool idle_polls;

static void wait_awake(void)
{
	irq_enable();
	cpu_relax();
	irq_disable();
}

__noreturn static void idle_loop(void)
{
	struct rq *rq = this_cpu_ptr(&cpu_rq);

	for (;;) {
		if (rq->nr_queued || rq_steal(rq)) {
			irq_enable();
			preempt_enable_no_resched();
			schedule();
			preempt_disable();
			irq_disable();
			continue;
		}
		irq_enable();
		rcu_poll();
		irq_disable();
		if (rq->nr_queued)
			continue;
		/*
		 * A task that is queued from here on comes with an interrupt, which ends the halt.
		 */
		WRITE_ONCE(rq->halted, true);
		if (idle_polls && rq->cpu == 0)
			wait_awake();
		else
			cpu_wait_for_interrupt();
		WRITE_ONCE(rq->halted, false);
	}
}

void sched_init(void)
{
	unsigned int cpu;
	char idle[8];

	idle_polls = boot_option("idle", idle, sizeof(idle)) && strcmp(idle, "poll") == 0;
	for_each_cpu (cpu) {
		struct rq *rq = per_cpu_ptr(&cpu_rq, cpu);

		rq->cpu = cpu;
		prioq_init(&rq->queue);
		rq->hash = 0x811c9dc5;
		rq->asleep_here =
			(struct task_struct){.state = TASK_KILLABLE, .cpu = (u8)cpu}.sched_word;
	}
}

void sched_init_cpu(struct task_struct *idle)
{
	struct rq *rq = this_cpu_ptr(&cpu_rq);

	idle->cpu = rq->cpu;
	idle->on_rq = true;
	idle->prio = PRIO_IDLE;
	this_cpu_write(current_task, idle);
	spin_lock(&rq->lock);
	rq->curr = rq->idle = idle;
	rq->since = cpu_cycles();
	spin_unlock(&rq->lock);
}

unsigned long sched_prepare_cpu(unsigned int cpu)
{
	struct rq *rq = per_cpu_ptr(&cpu_rq, cpu);

	/* One that did not come up left its idle task behind. */
	if (!rq->idle)
		rq->idle = task_alloc_idle();
	return rq->idle ? rq->idle->thread.stack_top : 0;
}

void sched_ap_enter(void)
{
	sched_init_cpu(this_cpu_ptr(&cpu_rq)->idle);
}

void sched_ap_start(void)
{
	arch_init_this_cpu();
	sched_idle();
}

void sched_idle(void)
{
	ASSERT(!irqs_enabled() && preempt_depth() == 1);
	idle_loop();
}

int sched_set_affinity(struct task_struct *t, const unsigned long *mask)
{
	bool any = false;

	for (unsigned int w = 0; w < BITS_TO_LONGS(NR_CPUS); w++)
		any |= (mask[w] & READ_ONCE(cpu_online_mask[w])) != 0;
	if (!any)
		return -EINVAL;
	for (unsigned int w = 0; w < BITS_TO_LONGS(NR_CPUS); w++)
		WRITE_ONCE(t->affinity[w], mask[w]);
	if (test_bit(READ_ONCE(t->cpu), t->affinity))
		return 0;
	WRITE_ONCE(t->evict, true);
	if (t == current)
		schedule();
	else
		sched_kick_running(t);
	return 0;
}

void sched_print_cpus(void)
{
	unsigned int cpu;

	for_each_online_cpu (cpu) {
		const struct rq *rq = per_cpu_ptr(&cpu_rq, cpu);
		const struct task_struct *t = READ_ONCE(rq->curr);

		if (t != rq->idle || rq->nr_queued)
			printk("cpu %u runs %s[%d], %u more wait\n", cpu, t->comm, t->pid,
			       rq->nr_queued);
	}
}

u64 sched_hash(void)
{
	unsigned int cpu;
	u64 hash = 0;

	for_each_online_cpu (cpu)
		hash = (hash ^ READ_ONCE(per_cpu(cpu_rq, cpu).hash)) * 0x100000001b3UL;
	return hash;
}

u64 sched_switches(void)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu (cpu)
		sum += READ_ONCE(per_cpu(cpu_rq, cpu).switches);
	return sum;
}
