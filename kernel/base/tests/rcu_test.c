/* host-test: cflags: -iquote kernel/base/tests/include -pthread */
/*
 * RCU on four host CPUs: its rules one step at a time, then readers and updaters in threads.
 *
 * The source is included, so that a test can put a reader between two of its instructions. The
 * stress must also FAIL with an updater that does not wait: else it would prove nothing.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "kernel/base/rcu.c"

#define STRESS_ROUNDS 20000
#define READERS       3

__thread unsigned int host_cpu;
unsigned long host_percpu_offset[HOST_CPUS];

extern char __data_start[], _end[];

static __thread struct rcu_reader own_reader;
static __thread struct rcu_reader *reader; /* NULL: own_reader */
static unsigned int waits, kicks;
static void (*on_wait)(void);

struct rcu_reader *rcu_current_reader(void)
{
	return reader ? reader : &own_reader;
}

void rcu_wait_hook(void)
{
	__atomic_add_fetch(&waits, 1, __ATOMIC_RELAXED);
	if (on_wait)
		on_wait();
	sched_yield();
}

/* What an idle CPU does when it is interrupted. */
void rcu_kick_hook(unsigned int cpu)
{
	unsigned int self = host_cpu;

	kicks++;
	host_cpu = cpu;
	assert_true(rcu_need_poll());
	rcu_poll();
	host_cpu = self;
}

static int setup(void **state)
{
	size_t size = (size_t)(_end - __data_start);
	unsigned int cpu;
	char *copy;

	(void)state;
	assert_true((char *)&rcu_callbacks >= __data_start && (char *)&rcu_callbacks < _end);
	assert_true((char *)&preempt_count >= __data_start && (char *)&preempt_count < _end);
	for (cpu = 1; cpu < HOST_CPUS; cpu++) {
		copy = mmap(NULL, size + 64, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
		assert_ptr_not_equal(copy, MAP_FAILED);
		copy += (uintptr_t)__data_start % 64;
		host_percpu_offset[cpu] = (unsigned long)copy - (unsigned long)__data_start;
		per_cpu(preempt_count, cpu) = preempt_count;
		per_cpu(rcu_callbacks, cpu).poll_at = RCU_BATCH;
	}
	return 0;
}

/* --- the rules, one step at a time --- */

struct object {
	struct rcu_head rcu;
	unsigned int number;
};

static unsigned int ran[256], nr_ran;

static void note(struct rcu_head *head)
{
	ran[nr_ran++] = container_of(head, struct object, rcu)->number;
}

static int begin(void **state)
{
	(void)state;
	nr_ran = waits = kicks = 0;
	host_cpu = 0;
	on_wait = NULL;
	reader = NULL;
	return 0;
}

static int finish(void **state)
{
	(void)state;
	assert_int_equal(preempt_depth(), 0);
	assert_false(rcu_read_lock_held());
	assert_true(pair_idle(0) && pair_idle(1));
	return 0;
}

static void test_sections_nest(void **state)
{
	(void)state;
	assert_false(rcu_read_lock_held());
	rcu_read_lock();
	rcu_read_lock();
	rcu_read_unlock();
	assert_true(rcu_read_lock_held());
	assert_false(pair_idle(reader_idx));
	rcu_read_unlock();
	assert_false(rcu_read_lock_held());
	expect_assert_failure(rcu_read_unlock());
	own_reader.nesting = 0;
}

static void test_without_readers_nobody_waits(void **state)
{
	u64 before = gp.seq;

	(void)state;
	synchronize_rcu();
	assert_int_equal(waits, 0);
	assert_int_equal(gp.seq, before + 2);
}

static void test_a_reader_may_not_synchronize(void **state)
{
	(void)state;
	rcu_read_lock();
	expect_assert_failure(synchronize_rcu());
	expect_assert_failure(rcu_barrier_drain());
	rcu_read_unlock();
	preempt_disable();
	expect_assert_failure(synchronize_rcu());
	preempt_enable();
}

/* A reader that begins on one CPU and ends on another holds the period up until then, and new
 * readers do not. */
static void test_a_reader_that_migrates(void **state)
{
	struct rcu_reader old = {0}, new = {0};
	u64 seq;

	(void)state;
	host_cpu = 1;
	reader = &old;
	rcu_read_lock();
	seq = gp_snap();
	assert_false(gp_advance(seq));
	reader = &new;
	rcu_read_lock();
	assert_false(gp_advance(seq));
	host_cpu = 3;
	reader = &old;
	rcu_read_unlock();
	assert_true(gp_advance(seq));
	/* The new reader is still in: it counts for the next period. */
	assert_false(gp_advance(gp_snap()));
	reader = &new;
	rcu_read_unlock();
	assert_true(gp_advance(gp_snap()));
	reader = NULL;
}

/* It fetched reader_idx, was preempted for a whole period, and then incremented. */
static void test_a_reader_of_an_older_index(void **state)
{
	unsigned int stale = reader_idx;
	u64 seq;

	(void)state;
	synchronize_rcu();
	assert_int_not_equal(reader_idx, stale);
	this_cpu_inc(counters.locks[stale]);
	seq = gp_snap();
	assert_false(gp_advance(seq));
	this_cpu_inc(counters.unlocks[stale]);
	assert_true(gp_advance(seq));
}

/* A period that has begun before the request is not enough: the removal may be later than its first
 * sum. */
static void test_a_request_during_a_period(void **state)
{
	u64 first, second;

	(void)state;
	rcu_read_lock();
	first = gp_snap();
	assert_false(gp_advance(first));
	second = gp_snap();
	assert_int_equal(second, first + 2);
	rcu_read_unlock();
	assert_true(gp_advance(first));
	assert_false(gp_done(second));
	assert_true(gp_advance(second));
}

static void test_callbacks_run_in_order_after_the_readers(void **state)
{
	struct rcu_reader r = {0};
	struct object objects[6];
	unsigned int i;

	(void)state;
	rcu_poll();
	for (i = 0; i < 6; i++)
		objects[i].number = i;
	for (i = 0; i < 3; i++)
		call_rcu(&objects[i].rcu, note);
	reader = &r;
	rcu_read_lock();
	reader = NULL;
	rcu_poll();
	assert_int_equal(nr_ran, 0);
	for (; i < 6; i++)
		call_rcu(&objects[i].rcu, note);
	rcu_poll();
	assert_int_equal(nr_ran, 0);
	reader = &r;
	rcu_read_unlock();
	reader = NULL;
	rcu_poll();
	rcu_poll();
	assert_int_equal(nr_ran, 6);
	for (i = 0; i < 6; i++)
		assert_int_equal(ran[i], i);
	assert_int_equal(waits, 0);
}

static void test_a_poll_is_due_after_a_batch(void **state)
{
	struct object objects[2 * RCU_BATCH];
	unsigned int i;

	(void)state;
	host_cpu = 2;
	for (i = 0; i < RCU_BATCH; i++) {
		assert_false(rcu_need_poll());
		call_rcu(&objects[i].rcu, note);
	}
	assert_true(rcu_need_poll());
	rcu_read_lock();
	rcu_poll();
	/* In vain, and therefore not again at once. */
	assert_int_equal(nr_ran, 0);
	assert_false(rcu_need_poll());
	rcu_read_unlock();
	for (; i < 2 * RCU_BATCH; i++)
		call_rcu(&objects[i].rcu, note);
	assert_true(rcu_need_poll());
	rcu_poll();
	rcu_poll();
	assert_int_equal(nr_ran, 2 * RCU_BATCH);
	assert_false(rcu_need_poll());
}

static struct object again;

static void queue_again(struct rcu_head *head)
{
	note(head);
	rcu_poll(); /* forbidden in general; here it shows that a batch is not run twice nor
		       overtaken */
	call_rcu(&again.rcu, note);
	rcu_poll();
	assert_int_equal(nr_ran, 1);
}

static void test_a_callback_may_queue_another(void **state)
{
	struct object first = {.number = 1};

	(void)state;
	again.number = 2;
	call_rcu(&first.rcu, queue_again);
	rcu_poll();
	assert_int_equal(nr_ran, 1);
	rcu_poll();
	assert_int_equal(nr_ran, 2);
	assert_int_equal(ran[1], 2);
}

static struct rcu_reader slow;

static void end_slow_reader(void)
{
	if (waits != 3)
		return;
	assert_int_equal(nr_ran, 0);
	reader = &slow;
	rcu_read_unlock();
	reader = NULL;
}

static void test_drain_waits_for_every_cpu(void **state)
{
	struct object objects[HOST_CPUS];

	(void)state;
	for (host_cpu = 0; host_cpu < HOST_CPUS; host_cpu++)
		call_rcu(&objects[host_cpu].rcu, note);
	host_cpu = 0; /* cpu_id() of the host says so */
	reader = &slow;
	rcu_read_lock();
	reader = NULL;
	on_wait = end_slow_reader;
	rcu_barrier_drain();
	assert_int_equal(nr_ran, HOST_CPUS);
	assert_true(kicks >= HOST_CPUS - 1);
	kicks = 0;
	rcu_barrier_drain();
	assert_int_equal(kicks, 0);
}

/* --- stress --- */

#define ALIVE  0x600df00du
#define POISON 0xdeadbeefu

struct node {
	struct rcu_head rcu;
	u32 words[16];
};

static struct node *shared;
static bool stop;
static unsigned int violations, freed, reads;

static struct node *node_new(void)
{
	struct node *n = malloc(sizeof(*n));
	size_t i;

	for (i = 0; i < ARRAY_SIZE(n->words); i++)
		n->words[i] = ALIVE;
	return n;
}

static void poison(struct node *n)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(n->words); i++)
		WRITE_ONCE(n->words[i], POISON);
}

static void free_node(struct rcu_head *head)
{
	struct node *n = container_of(head, struct node, rcu);

	poison(n);
	free(n);
	atomic_inc(&freed);
}

static bool intact(const struct node *n)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(n->words); i++)
		if (READ_ONCE(n->words[i]) != ALIVE)
			return false;
	return true;
}

/* Every third section is preempted in the middle and ends on another CPU. */
static void *read_all_the_time(void *arg)
{
	unsigned int home = (unsigned int)(uintptr_t)arg, round;

	host_cpu = home;
	for (round = 0; !READ_ONCE(stop); round++) {
		rcu_read_lock();
		const struct node *n = __atomic_load_n(&shared, __ATOMIC_CONSUME);
		bool good = intact(n);

		if (round % 3 == 0) {
			host_cpu = (home + round) % HOST_CPUS;
			sched_yield();
		}
		if (!good || !intact(n))
			atomic_inc(&violations);
		rcu_read_unlock();
		host_cpu = home;
		atomic_inc(&reads);
		if (round % 16 == 0)
			sched_yield();
	}
	return NULL;
}

/* Replaces the node over and over. Nothing is freed before the end, so a mutant is seen as poison,
 * not as a crash. */
static unsigned int stress(void (*wait_for_readers)(void), unsigned int rounds)
{
	struct node **nodes = calloc(rounds + 1, sizeof(*nodes));
	pthread_t threads[READERS];
	unsigned int i;

	stop = false;
	violations = reads = 0;
	shared = nodes[0] = node_new();
	for (i = 0; i < READERS; i++)
		pthread_create(&threads[i], NULL, read_all_the_time, (void *)(uintptr_t)(i + 1));
	while (READ_ONCE(reads) < 100)
		sched_yield();
	for (i = 0; i < rounds && !READ_ONCE(violations); i++) {
		nodes[i + 1] = node_new();
		__atomic_store_n(&shared, nodes[i + 1], __ATOMIC_RELEASE);
		wait_for_readers();
		poison(nodes[i]);
	}
	WRITE_ONCE(stop, true);
	for (i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i <= rounds; i++)
		free(nodes[i]);
	free(nodes);
	return violations;
}

/* Mutant: synchronize_rcu() that returns at once. */
static void no_wait(void)
{
}

static void test_stress_synchronize(void **state)
{
	(void)state;
	assert_int_equal(stress(synchronize_rcu, STRESS_ROUNDS), 0);
}

static void test_stress_sees_an_updater_that_does_not_wait(void **state)
{
	(void)state;
	assert_true(stress(no_wait, 100 * STRESS_ROUNDS) > 0);
}

static void *update_with_callbacks(void *arg)
{
	unsigned int i;

	host_cpu = (unsigned int)(uintptr_t)arg;
	for (i = 0; i < STRESS_ROUNDS; i++) {
		call_rcu(&atomic_xchg(&shared, node_new())->rcu, free_node);
		if (rcu_need_poll() || i % 100 == 0)
			rcu_poll();
	}
	return NULL;
}

/* Here memory is freed for good: the address sanitizer is the second witness. */
static void test_stress_callbacks(void **state)
{
	pthread_t readers[2], updaters[2];
	unsigned int i;

	(void)state;
	stop = false;
	violations = freed = 0;
	shared = node_new();
	for (i = 0; i < 2; i++) {
		pthread_create(&readers[i], NULL, read_all_the_time, (void *)(uintptr_t)i);
		pthread_create(&updaters[i], NULL, update_with_callbacks,
			       (void *)(uintptr_t)(i + 2));
	}
	for (i = 0; i < 2; i++)
		pthread_join(updaters[i], NULL);
	WRITE_ONCE(stop, true);
	for (i = 0; i < 2; i++)
		pthread_join(readers[i], NULL);
	rcu_barrier_drain();
	assert_int_equal(violations, 0);
	assert_int_equal(freed, 2 * STRESS_ROUNDS);
	free(shared);
}

#define STEP(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STEP(test_sections_nest),
		STEP(test_without_readers_nobody_waits),
		STEP(test_a_reader_may_not_synchronize),
		STEP(test_a_reader_that_migrates),
		STEP(test_a_reader_of_an_older_index),
		STEP(test_a_request_during_a_period),
		STEP(test_callbacks_run_in_order_after_the_readers),
		STEP(test_a_poll_is_due_after_a_batch),
		STEP(test_a_callback_may_queue_another),
		STEP(test_drain_waits_for_every_cpu),
		STEP(test_stress_synchronize),
		STEP(test_stress_sees_an_updater_that_does_not_wait),
		STEP(test_stress_callbacks),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
