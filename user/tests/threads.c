/* ABI tests: threads as musl's pthread_create makes them, futexes, ends of processes of several
 * threads. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "user/tests/abitest.h"

/* linux/futex.h is not among musl's headers. */
#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129

#define NR_THREADS 8

static __thread int own = 5;
static atomic_int counter;
static volatile bool flag;

pthread_t start_thread(void *(*fn)(void *), void *arg)
{
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, fn, arg), 0);
	return thread;
}

void *sleep_thread(void *arg)
{
	(void)arg;
	for (;;)
		nap_ns(1000000000);
	return NULL;
}

void *spin_thread(void *arg)
{
	(void)arg;
	for (;;)
		__builtin_ia32_pause();
	return NULL;
}

static void *add_and_return(void *arg)
{
	atomic_fetch_add(&counter, 1);
	return (char *)arg + 1;
}

TEST(threads, create_and_join)
{
	pthread_t threads[NR_THREADS];

	for (long i = 0; i < NR_THREADS; i++)
		threads[i] = start_thread(add_and_return, (void *)(i * 10));
	for (long i = 0; i < NR_THREADS; i++) {
		void *ret = NULL;

		CHECK_EQ(pthread_join(threads[i], &ret), 0);
		CHECK_EQ((long)ret, i * 10 + 1);
	}
	CHECK_EQ(counter, NR_THREADS);
}

TEST(threads, hundreds_in_a_row)
{
	for (int i = 0; i < 300; i++)
		CHECK_EQ(pthread_join(start_thread(add_and_return, NULL), NULL), 0);
	CHECK_EQ(counter, 300);
}

TEST(threads, detached)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < 50; i++)
		CHECK_EQ(pthread_create(&thread, &attr, add_and_return, NULL), 0);
	for (int i = 0; i < 5000 && counter < 50; i++)
		nap_ns(1000000);
	CHECK_EQ(counter, 50);
}

static void *own_variable(void *arg)
{
	int mine = (int)(long)arg;

	if (own != 5)
		return (void *)1;
	own = mine;
	for (int i = 0; i < 50; i++) {
		raw_syscall0(SYS_sched_yield);
		if (own != mine)
			return (void *)2;
	}
	return NULL;
}

TEST(threads, thread_local_storage)
{
	pthread_t threads[NR_THREADS];

	for (long i = 0; i < NR_THREADS; i++)
		threads[i] = start_thread(own_variable, (void *)(100 + i));
	for (int i = 0; i < NR_THREADS; i++) {
		void *ret;

		pthread_join(threads[i], &ret);
		CHECK_EQ((long)ret, 0);
	}
	CHECK_EQ(own, 5);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long guarded;

static void *add_under_mutex(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&mutex);
		guarded++;
		if (i % 100 == 0)
			raw_syscall0(SYS_sched_yield);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

TEST(threads, mutex)
{
	pthread_t threads[NR_THREADS];

	for (int i = 0; i < NR_THREADS; i++)
		threads[i] = start_thread(add_under_mutex, NULL);
	for (int i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(guarded, 2000 * NR_THREADS);
}

static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int turn;

static void *take_turns(void *arg)
{
	int mine = (int)(long)arg;

	for (int i = 0; i < 50; i++) {
		pthread_mutex_lock(&mutex);
		while (turn % 2 != mine)
			pthread_cond_wait(&condition, &mutex);
		turn++;
		pthread_cond_broadcast(&condition);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

TEST(threads, condition)
{
	pthread_t a = start_thread(take_turns, (void *)0);
	pthread_t b = start_thread(take_turns, (void *)1);

	pthread_join(a, NULL);
	pthread_join(b, NULL);
	CHECK_EQ(turn, 100);
}

TEST(threads, condition_times_out)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 20000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&mutex);
	CHECK_EQ(pthread_cond_timedwait(&condition, &mutex, &until), ETIMEDOUT);
}

static long futex(volatile int *word, int op, int value, const struct timespec *timeout)
{
	return raw_syscall4(SYS_futex, (uintptr_t)word, op, value, (uintptr_t)timeout);
}

TEST(threads, futex_results)
{
	static volatile int word = 3;
	struct timespec soon = {0, 5000000};
	struct timespec bad = {0, 1000000000};

	CHECK_EQ(futex(&word, FUTEX_WAIT_PRIVATE, 4, NULL), -EAGAIN);
	CHECK_EQ(futex(&word, FUTEX_WAIT_PRIVATE, 3, &soon), -ETIMEDOUT);
	CHECK_EQ(futex(&word, FUTEX_WAIT_PRIVATE, 3, &bad), -EINVAL);
	CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL), 0);
	CHECK_EQ(futex((void *)((char *)&word + 1), FUTEX_WAIT_PRIVATE, 3, NULL), -EINVAL);
	CHECK_EQ(futex(&word, 99, 3, NULL), -ENOSYS);
}

static volatile int futex_word;

static void *futex_waiter(void *arg)
{
	(void)arg;
	while (!futex_word)
		futex(&futex_word, FUTEX_WAIT_PRIVATE, 0, NULL);
	return NULL;
}

TEST(threads, futex_wakes_all)
{
	pthread_t threads[NR_THREADS];
	long woken;

	for (int i = 0; i < NR_THREADS; i++)
		threads[i] = start_thread(futex_waiter, NULL);
	nap_ns(50000000);
	futex_word = 1;
	woken = futex(&futex_word, FUTEX_WAKE_PRIVATE, 0x7fffffff, NULL);
	for (int i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK(woken >= 0 && woken <= NR_THREADS);
}

static void *fork_and_wait(void *arg)
{
	int status = -1;
	pid_t pid = fork();

	(void)arg;
	if (pid == 0)
		_exit(gettid() == getpid() ? 31 : 32);
	waitpid(pid, &status, 0);
	return (void *)(long)status;
}

TEST(threads, fork_in_a_thread)
{
	void *status;

	pthread_t other = start_thread(sleep_thread, NULL);
	pthread_join(start_thread(fork_and_wait, NULL), &status);
	CHECK_EQ((long)status, EXITED(31));
	(void)other;
}

/* A child belongs to the process: any thread may wait for it. */
static void *wait_for_child(void *arg)
{
	return (void *)(long)(waitpid((pid_t)(long)arg, NULL, 0) == (pid_t)(long)arg);
}

TEST(threads, wait_for_a_child_of_another_thread)
{
	pid_t pid = fork();
	void *ret;

	if (pid == 0)
		_exit(0);
	pthread_join(start_thread(wait_for_child, (void *)(long)pid), &ret);
	CHECK_EQ((long)ret, 1);
}

static void *write_when_told(void *arg)
{
	while (!flag)
		raw_syscall0(SYS_sched_yield);
	*(volatile char *)arg = 1;
	return NULL;
}

/* munmap by one thread must be seen by the others, on whatever CPU they run: no stale translation.
 */
static void unmap_under_a_thread(void)
{
	char *p = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t other;

	p[0] = 1;
	other = start_thread(write_when_told, p);
	nap_ns(5000000);
	munmap(p, PAGE_SIZE);
	flag = true;
	pthread_join(other, NULL);
}

TEST(threads, unmap_reaches_the_other_thread)
{
	CHECK_EQ(NO_CORE(status_of(unmap_under_a_thread)), KILLED(SIGSEGV));
}

TEST(threads, thread_ids)
{
	CHECK_EQ(gettid(), getpid());
	CHECK_EQ(raw_syscall1(SYS_set_tid_address, 0), gettid());
}

static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate = PTHREAD_COND_INITIALIZER;
static int at_gate, through_gate;

static void *pass_gate(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&gate_lock);
	at_gate++;
	while (!flag)
		pthread_cond_wait(&gate, &gate_lock);
	through_gate++;
	pthread_mutex_unlock(&gate_lock);
	return NULL;
}

/* musl wakes one and moves the others to the mutex (FUTEX_REQUEUE). */
TEST(threads, condition_broadcast)
{
	pthread_t threads[NR_THREADS];
	int there = 0;

	flag = false;
	for (int i = 0; i < NR_THREADS; i++)
		threads[i] = start_thread(pass_gate, NULL);
	while (there < NR_THREADS) {
		pthread_mutex_lock(&gate_lock);
		there = at_gate;
		pthread_mutex_unlock(&gate_lock);
		nap_ns(100000);
	}
	pthread_mutex_lock(&gate_lock);
	flag = true;
	pthread_cond_broadcast(&gate);
	pthread_mutex_unlock(&gate_lock);
	for (int i = 0; i < NR_THREADS; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	CHECK_EQ(through_gate, NR_THREADS);
}

/* --- as many threads as a large machine has CPUs --- */

#define MANY 64

static pthread_barrier_t everybody;
static pthread_mutex_t taking_turns = PTHREAD_MUTEX_INITIALIZER;
static int sum_of_turns, late;

static void *one_of_many(void *arg)
{
	for (int round = 1; round <= 20; round++) {
		pthread_mutex_lock(&taking_turns);
		sum_of_turns += (int)(intptr_t)arg;
		pthread_mutex_unlock(&taking_turns);
		pthread_barrier_wait(&everybody);
		/* Nobody is in the next round before all have been in this one. */
		if (sum_of_turns < round * (MANY * (MANY - 1) / 2))
			__atomic_fetch_add(&late, 1, __ATOMIC_RELAXED);
		pthread_barrier_wait(&everybody);
	}
	return arg;
}

TEST(threads, sixty_four_in_step)
{
	pthread_t threads[MANY];

	CHECK_EQ(pthread_barrier_init(&everybody, NULL, MANY), 0);
	for (int i = 0; i < MANY; i++)
		threads[i] = start_thread(one_of_many, (void *)(intptr_t)i);
	for (int i = 0; i < MANY; i++) {
		void *result;

		CHECK_EQ(pthread_join(threads[i], &result), 0);
		CHECK_EQ((intptr_t)result, i);
	}
	CHECK_EQ(sum_of_turns, 20 * (MANY * (MANY - 1) / 2));
	CHECK_EQ(late, 0);
}
