/* Memory that is plugged in and pulled out: see memhp.h. */
#include "kernel/memhp.h"

#include "arch/memhp.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/wait.h"
#include "kernel/drain.h"
#include "kernel/sched.h"
#include "mm/hotplug.h"
#include "mm/migrate.h"
#include "mm/slab.h"

/* How often caches are emptied, and pages moved, before a range is said to be in use. */
#define VACATE_TRIES 4

static bool event_pending;
static struct wait_queue event_posted = WAIT_QUEUE_INIT(event_posted);

/* By the thread alone, and memhp_init() before it. */
static struct memhp_counts counts;

struct memhp_counts memhp_get_counts(void)
{
	return (struct memhp_counts){
		.added = READ_ONCE(counts.added),
		.add_failed = READ_ONCE(counts.add_failed),
		.removed = READ_ONCE(counts.removed),
		.refused = READ_ONCE(counts.refused),
	};
}

static unsigned long long mib(u64 bytes)
{
	return bytes >> 20;
}

static void add_slot(unsigned int slot, const struct memhp_slot *s)
{
	int ret = memory_add(s->start, s->bytes);

	memhp_report_arrival(slot, ret == 0);
	if (ret) {
		WRITE_ONCE(counts.add_failed, counts.add_failed + 1);
		printk("memory: slot %u: %llu MiB at %#llx not added: error %d\n", slot,
		       mib(s->bytes), (unsigned long long)s->start, ret);
		return;
	}
	WRITE_ONCE(counts.added, counts.added + 1);
	printk("memory: slot %u: %llu MiB at %#llx added\n", slot, mib(s->bytes),
	       (unsigned long long)s->start);
}

/*
 * A use of every address space that some process has now. Returns how many there were, and gives at
 * most `max` of them.
 */
static unsigned int get_mms(struct mm_struct **mms, unsigned int max)
{
	unsigned int b, n = 0;
	struct task_struct *p;

	rcu_read_lock();
	for_each_process (b, p) {
		struct task_struct *t = find_lock_task_mm(p);

		if (!t)
			continue;
		if (n < max) {
			mms[n] = t->mm;
			mmget(t->mm);
		}
		n++;
		task_unlock(t);
	}
	rcu_read_unlock();
	return n;
}

/*
 * Who forks or is born behind our back is met the next time: nobody gets a page of the range anew. 0;
 * -ENOMEM: there is no room elsewhere.
 */
static int move_processes(const struct memory_range *range)
{
	unsigned int max = get_mms(NULL, 0);
	struct mm_struct **mms = kmalloc((max + 1) * sizeof(*mms), GFP_KERNEL);
	u64 first = range->start >> PAGE_SHIFT, end = first + (range->bytes >> PAGE_SHIFT);

	int ret = 0;

	if (!mms)
		return -ENOMEM;
	max = MIN(get_mms(mms, max), max);
	for (unsigned int i = 0; i < max; i++) {
		/* The first error is enough: the removal will be refused. */
		if (!ret)
			ret = mm_vacate(mms[i], first, end);
		mmput(mms[i]);
	}
	kfree(mms);
	return ret;
}

/* One try at a closed range. 0: it is gone; else as memory_remove(), or -ENOMEM. */
static int vacate(phys_addr_t start)
{
	struct memory_range range;
	int ret = memory_range_at(start, &range) ? move_processes(&range) : -ENOENT;

	if (ret)
		return ret;
	drain_all();
	return memory_remove(start);
}

int memhp_vacate(phys_addr_t start, u64 *in_use)
{
	struct memory_range range;
	int ret = memory_close(start);

	if (ret)
		return ret;
	/* What was freed meanwhile may have gone into a cache again. */
	ret = -EBUSY;
	for (int i = 0; ret == -EBUSY && i < VACATE_TRIES; i++)
		ret = vacate(start);
	if (!ret || ret == -ENOENT)
		return ret;
	*in_use = memory_range_at(start, &range) ? range.in_use : 0;
	memory_open(start);
	return ret;
}

static void remove_slot(unsigned int slot, const struct memhp_slot *s)
{
	u64 in_use = 0;
	int ret = memhp_vacate(s->start, &in_use);

	/* What was never added may go as it is. */
	if (ret && ret != -ENOENT) {
		WRITE_ONCE(counts.refused, counts.refused + 1);
		memhp_report_refusal(slot);
		printk("memory: slot %u: %llu MiB at %#llx stay: %llu pages are in use%s\n", slot,
		       mib(s->bytes), (unsigned long long)s->start, (unsigned long long)in_use,
		       ret == -ENOMEM ? ", and there is no room for them elsewhere" : "");
		return;
	}
	memhp_eject(slot);
	WRITE_ONCE(counts.removed, counts.removed + 1);
	printk("memory: slot %u: %llu MiB at %#llx removed\n", slot, mib(s->bytes),
	       (unsigned long long)s->start);
}

static void look_at_slots(void)
{
	struct memory_range range;

	for (unsigned int slot = 0; slot < memhp_slots(); slot++) {
		struct memhp_slot s = memhp_read(slot);

		if (s.removal)
			remove_slot(slot, &s);
		else if (s.enabled && !memory_range_at(s.start, &range))
			add_slot(slot, &s);
	}
}

/* In the interrupt. Release: pairs with the acquire of the thread, which then looks. */
static void memhp_event(void)
{
	smp_store_release(&event_pending, true);
	wake_up(&event_posted);
}

static int memhp_thread(void *arg)
{
	(void)arg;
	for (;;) {
		memhp_events_on();
		wait_event(&event_posted, smp_load_acquire(&event_pending));
		/* Before the look: what comes from here on is an event of its own. */
		WRITE_ONCE(event_pending, false);
		memhp_events_seen();
		look_at_slots();
	}
	return 0;
}

void memhp_init(void)
{
	int ret;

	if (!memhp_slots())
		return;
	memhp_events_seen();
	look_at_slots();
	ret = memhp_watch(memhp_event);
	if (ret) {
		printk("memory: no event tells of the %u slots: error %d\n", memhp_slots(), ret);
		return;
	}
	if (IS_ERR(kthread_create(memhp_thread, NULL, "memhp", -1)))
		panic("too little memory for the thread of memory hot-plug");
}
