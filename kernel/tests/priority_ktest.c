/* Priorities: who preempts whom, on one CPU and between CPUs; turns within a level; policies over fork's copy. */
#include "kernel/tests/priority.h"

#include "arch/cpu.h"
#include "arch/smp.h"
#include "arch/timer.h"
#include "kernel/base/ktest.h"
#include "kernel/sched.h"
#include "kernel/workers.h"

/* Long for a host that runs 64 CPUs on two: who gives up has failed. */
#define HOG_NS 5000000000UL
/* For all CPUs to come together: where each is a thread of a host with fewer, it takes as long as the host is busy. */
#define MEET_NS 30000000000UL

static int last_cpu(void)
{
	return (int)cpus_online() - 1;
}

static void set_prio(struct task_struct *t, unsigned int rt_prio)
{
	sched_set_policy(t, &(struct sched_policy){.policy = rt_prio ? SCHED_FIFO : SCHED_OTHER,
						   .rt_prio = (u8)rt_prio});
}

void actor_set_prio(const struct actor *a, unsigned int rt_prio)
{
	rcu_read_lock();
	set_prio(find_task(a->pid), rt_prio);
	rcu_read_unlock();
}

void set_own_prio(unsigned int rt_prio)
{
	set_prio(current, rt_prio);
}

void do_hog(void *arg)
{
	struct hog *h = arg;
	u64 end = time_ns() + HOG_NS;

	smp_store_release(&h->started, 1);
	while (!smp_load_acquire(&h->stopped)) {
		cpu_relax();
		if (time_ns() > end) {
			h->gave_up = true;
			return;
		}
	}
}

void do_stop_hog(void *arg)
{
	smp_store_release(&((struct hog *)arg)->stopped, 1);
}

static void set_flag(void *flag)
{
	WRITE_ONCE(*(u32 *)flag, 1);
}

struct wake {
	struct actor *other;
	u32 flag;
	bool at_once;
	u64 limit; /* of wake_and_spin(), ns */
};

/* Whether the other has run when the wake-up returns. */
static void wake_other(void *arg)
{
	struct wake *w = arg;

	w->flag = 0;
	actor_post(w->other, set_flag, &w->flag);
	w->at_once = READ_ONCE(w->flag);
}

KTEST(sched, a_higher_task_preempts_and_no_other)
{
	static const struct {
		unsigned int waker, woken;
		bool preempts;
	} cases[] = {{0, 1, true},  {1, 2, true},   {98, 99, true}, {1, 1, false},
		     {2, 1, false}, {99, 1, false}, {50, 0, false}};
	struct actor waker, woken;
	struct wake w = {.other = &woken};

	actor_start(&waker, last_cpu());
	actor_start(&woken, last_cpu());
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		actor_set_prio(&waker, cases[i].waker);
		actor_set_prio(&woken, cases[i].woken);
		actor_run(&waker, wake_other, &w);
		actor_wait(&woken);
		KTEST_EXPECT_EQ(w.at_once, cases[i].preempts);
	}
	actor_stop(&waker);
	actor_stop(&woken);
}

/* From another CPU, by an interrupt; the hog does nothing that would let anybody in. */
KTEST(sched, a_higher_task_preempts_on_another_cpu)
{
	struct actor low, high;
	struct hog h = {0};

	if (cpus_online() == 1)
		KTEST_SKIP("needs two CPUs");
	stay_on_cpu(0);
	actor_start(&low, last_cpu());
	actor_start(&high, last_cpu());
	actor_set_prio(&low, 10);
	actor_set_prio(&high, 11);
	actor_post(&low, do_hog, &h);
	while (!smp_load_acquire(&h.started))
		yield_and_relax();
	actor_run(&high, do_stop_hog, &h);
	actor_wait(&low);
	KTEST_EXPECT(!h.gave_up);
	actor_stop(&low);
	actor_stop(&high);
	stay_on_cpu(-1);
}

/* A task that waits, and one that runs, change places when their priorities do. */
static void raise_other(void *arg)
{
	struct wake *w = arg;

	wake_other(arg);
	KTEST_EXPECT(!w->at_once);
	actor_set_prio(w->other, 21);
	KTEST_EXPECT_EQ(READ_ONCE(w->flag), 1);
}

static void lower_own(void *arg)
{
	struct wake *w = arg;

	wake_other(arg);
	KTEST_EXPECT(!w->at_once);
	set_own_prio(5);
	KTEST_EXPECT_EQ(READ_ONCE(w->flag), 1);
}

KTEST(sched, a_new_priority_is_in_force_at_once)
{
	struct actor one, other;
	struct wake w = {.other = &other};

	actor_start(&one, last_cpu());
	actor_start(&other, last_cpu());
	actor_set_prio(&one, 20);
	actor_set_prio(&other, 10);
	actor_run(&one, raise_other, &w);
	actor_set_prio(&other, 10);
	actor_run(&one, lower_own, &w);
	actor_stop(&one);
	actor_stop(&other);
}

/* --- turns within a level --- */

static void wake_and_yield(void *arg)
{
	struct wake *w = arg;

	wake_other(arg);
	KTEST_EXPECT(!w->at_once);
	sched_yield_cpu();
	w->at_once = READ_ONCE(w->flag);
}

static void wake_and_spin(void *arg)
{
	struct wake *w = arg;
	u64 end = time_ns() + w->limit;

	wake_other(arg);
	while (!READ_ONCE(w->flag) && time_ns() < end)
		cpu_relax();
	w->at_once = READ_ONCE(w->flag);
}

static void set_round_robin(void *arg)
{
	sched_set_policy(current, arg);
}

KTEST(sched, turns_within_a_level)
{
	struct sched_policy rr = {.policy = SCHED_RR, .rt_prio = 30};
	struct actor one, other;
	struct wake w = {.other = &other};

	actor_start(&one, last_cpu());
	actor_start(&other, last_cpu());
	actor_set_prio(&one, 30);
	actor_set_prio(&other, 30);
	/* Who yields goes behind it, SCHED_FIFO too. */
	actor_run(&one, wake_and_yield, &w);
	actor_wait(&other);
	KTEST_EXPECT(w.at_once);
	/* SCHED_FIFO has no slice, SCHED_RR has. */
	w.limit = 4 * SLICE_NS;
	actor_run(&one, wake_and_spin, &w);
	actor_wait(&other);
	KTEST_EXPECT(!w.at_once);
	w.limit = HOG_NS;
	actor_run(&one, set_round_robin, &rr);
	actor_run(&one, wake_and_spin, &w);
	actor_wait(&other);
	KTEST_EXPECT(w.at_once);
	actor_stop(&one);
	actor_stop(&other);
}

/* Who waits for what anybody may have to do lets everybody in. */
static void give_way(void *arg)
{
	struct wake *w = arg;

	wake_other(arg);
	KTEST_EXPECT(!w->at_once);
	sched_give_way();
	w->at_once = READ_ONCE(w->flag);
	KTEST_EXPECT_EQ(current->prio, 40);
}

KTEST(sched, giving_way_is_to_all)
{
	struct actor one, other;
	struct wake w = {.other = &other};

	actor_start(&one, last_cpu());
	actor_start(&other, last_cpu());
	actor_set_prio(&one, 40);
	actor_run(&one, give_way, &w);
	actor_wait(&other);
	KTEST_EXPECT(w.at_once);
	actor_stop(&one);
	actor_stop(&other);
}

/* --- on n CPUs the n highest --- */

static u32 present; /* A */
static bool enough;

/* Ends when as many as there are CPUs are here at the same time: none of them gives way. */
static void be_present(void *hog)
{
	struct hog *h = hog;
	u64 end = time_ns() + MEET_NS;

	if (atomic_add_return(&present, 1) == cpus_online())
		WRITE_ONCE(enough, true);
	while (!READ_ONCE(enough)) {
		cpu_relax();
		if (time_ns() > end) {
			h->gave_up = true;
			return;
		}
	}
}

/* All CPUs are busy with low ones when the high ones come, all on one CPU. */
KTEST(sched, the_highest_run_on_all_cpus)
{
	static struct actor low[NR_CPUS], high[NR_CPUS];
	static struct hog hogs[NR_CPUS], judges[NR_CPUS];
	unsigned int n = cpus_online();

	present = 0;
	enough = false;
	for (unsigned int i = 0; i < n; i++) {
		hogs[i] = judges[i] = (struct hog){0};
		actor_start(&low[i], -1);
		actor_start(&high[i], -1);
		actor_set_prio(&low[i], 5);
		actor_set_prio(&high[i], 10 + i % 50);
	}
	/* Above the hogs, or the CPU of this thread would be theirs before the others are told. */
	set_own_prio(99);
	for (unsigned int i = 0; i < n; i++)
		actor_post(&low[i], do_hog, &hogs[i]);
	for (unsigned int i = 0; i < n; i++)
		actor_post(&high[i], be_present, &judges[i]);
	for (unsigned int i = 0; i < n; i++)
		actor_wait(&high[i]);
	for (unsigned int i = 0; i < n; i++) {
		KTEST_EXPECT(!judges[i].gave_up);
		do_stop_hog(&hogs[i]);
	}
	set_own_prio(0);
	for (unsigned int i = 0; i < n; i++) {
		actor_wait(&low[i]);
		actor_stop(&low[i]);
		actor_stop(&high[i]);
	}
}

/* Who is woken where something higher runs goes to another CPU, to take turns there. */
KTEST(sched, nobody_starves_behind_a_hog_while_others_take_turns)
{
	struct actor hog, low;
	struct hog h = {0};

	if (cpus_online() == 1)
		KTEST_SKIP("needs two CPUs");
	stay_on_cpu(0);
	actor_start(&hog, last_cpu());
	actor_start(&low, last_cpu());
	actor_set_prio(&hog, 50);
	actor_post(&hog, do_hog, &h);
	while (!smp_load_acquire(&h.started))
		yield_and_relax();
	/* It ran there last, and may now run anywhere. */
	rcu_read_lock();
	KTEST_EXPECT_EQ(sched_set_affinity(find_task(low.pid), cpu_online_mask), 0);
	rcu_read_unlock();
	actor_run(&low, do_stop_hog, &h);
	actor_wait(&hog);
	KTEST_EXPECT(!h.gave_up);
	actor_stop(&hog);
	actor_stop(&low);
	stay_on_cpu(-1);
}

static void count_run(void *runs)
{
	atomic_inc((u32 *)runs);
}

/* The kernel's own work on each CPU is done beside a hog. */
KTEST(sched, a_job_for_all_cpus_does_not_wait_for_a_hog)
{
	struct actor hog;
	struct hog h = {0};
	u32 runs = 0;

	if (cpus_online() == 1)
		KTEST_SKIP("needs two CPUs");
	stay_on_cpu(0);
	actor_start(&hog, last_cpu());
	actor_set_prio(&hog, 98);
	actor_post(&hog, do_hog, &h);
	while (!smp_load_acquire(&h.started))
		yield_and_relax();
	run_on_each_cpu(count_run, &runs);
	KTEST_EXPECT_EQ(runs, cpus_online());
	do_stop_hog(&h);
	actor_wait(&hog);
	KTEST_EXPECT(!h.gave_up);
	actor_stop(&hog);
	stay_on_cpu(-1);
}

/* --- slices --- */

KTEST(sched, nice_is_the_length_of_a_turn)
{
	struct sched_policy p = {.policy = SCHED_OTHER};
	u64 last = ~0UL;

	KTEST_EXPECT_EQ(sched_slice_ns(&p), SLICE_NS);
	for (int nice = NICE_MIN; nice <= NICE_MAX; nice++) {
		p.nice = (s8)nice;
		KTEST_EXPECT(sched_slice_ns(&p) < last && sched_slice_ns(&p) > 0);
		last = sched_slice_ns(&p);
	}
	KTEST_EXPECT_EQ(sched_slice_ns(&(struct sched_policy){.policy = SCHED_IDLE}), last);
	/* It is nothing to who has a level of his own. */
	p = (struct sched_policy){.policy = SCHED_RR, .rt_prio = 1, .nice = NICE_MAX};
	KTEST_EXPECT_EQ(sched_slice_ns(&p), SLICE_NS);
}
