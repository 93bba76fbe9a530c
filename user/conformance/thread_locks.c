/* Locks between threads: robust lists, and the library's locks, which stand on futexes. */
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "user/conformance/conform.h"

static volatile int word;

/* --- robust lists --- */

struct robust_head {
	void *next;
	long offset;
	void *pending;
};

CASE(thread, robust_list_errnos)
{
	struct robust_head head = {&head, 0, NULL}, *got = NULL;
	size_t length = 0;

	show_ret("set", CALL(SYS_set_robust_list, &head, sizeof(head)));
	show_ret("set, another length", CALL(SYS_set_robust_list, &head, 16));
	show_ret("get", CALL(SYS_get_robust_list, 0, &got, &length));
	show("the same: %d, length %zu", got == &head, length);
	show_ret("get of nobody", CALL(SYS_get_robust_list, 0x3ffffff0, &got, &length));
}

static pthread_mutex_t mutex;

static void *lock_and_die(void *unused)
{
	(void)unused;
	show("lock: %d", pthread_mutex_lock(&mutex));
	CALL(SYS_exit, 0);
	return NULL;
}

CASE(thread, robust_mutex_of_a_dead_owner)
{
	struct timespec limit;
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	show_ret("robust", -(long)pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST));
	/* Of a private one the library itself takes care. */
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&mutex, &attr);
	thread(lock_and_die, NULL);
	nap_ns(50000000);
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 20;
	show_ret("lock of the next", -(long)pthread_mutex_timedlock(&mutex, &limit));
	show_ret("consistent", -(long)pthread_mutex_consistent(&mutex));
	show_ret("unlock", -(long)pthread_mutex_unlock(&mutex));
	show_ret("lock", -(long)pthread_mutex_trylock(&mutex));
}

/* --- the library's locks --- */

static void *try_lock(void *unused)
{
	struct timespec limit;

	(void)unused;
	show_ret("trylock in another thread", -(long)pthread_mutex_trylock(&mutex));
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_nsec = 0;
	show_ret("timed lock, time is over", -(long)pthread_mutex_timedlock(&mutex, &limit));
	return NULL;
}

CASE(thread, mutex)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&mutex, &attr);
	show_ret("lock", -(long)pthread_mutex_lock(&mutex));
	show_ret("lock again", -(long)pthread_mutex_lock(&mutex));
	join(thread(try_lock, NULL));
	show_ret("unlock", -(long)pthread_mutex_unlock(&mutex));
	show_ret("unlock again", -(long)pthread_mutex_unlock(&mutex));
}

static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int counter, waiting;

static void *count(void *unused)
{
	(void)unused;
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&plain);
		counter++;
		pthread_mutex_unlock(&plain);
	}
	return NULL;
}

CASE(thread, mutex_excludes)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		t[i] = thread(count, NULL);
	for (int i = 0; i < 4; i++)
		join(t[i]);
	show("counted %d", counter);
}

static void *await_condition(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&plain);
	waiting++;
	while (!word)
		pthread_cond_wait(&condition, &plain);
	counter++;
	pthread_mutex_unlock(&plain);
	return NULL;
}

CASE(thread, condition_wakes_all)
{
	pthread_t t[5];
	int now = 0;

	for (int i = 0; i < 5; i++)
		t[i] = thread(await_condition, NULL);
	while (now < 5) {
		pthread_mutex_lock(&plain);
		now = waiting;
		pthread_mutex_unlock(&plain);
		nap_ns(100000);
	}
	pthread_mutex_lock(&plain);
	word = 1;
	pthread_cond_broadcast(&condition);
	pthread_mutex_unlock(&plain);
	for (int i = 0; i < 5; i++)
		join(t[i]);
	show("woken: %d", counter);
}

CASE(thread, condition_times_out)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	pthread_mutex_lock(&plain);
	show_ret("timed wait", -(long)pthread_cond_timedwait(&condition, &plain, &limit));
	show_ret("the lock is held", -(long)pthread_mutex_trylock(&plain));
}

static pthread_barrier_t barrier;

static void *meet(void *serial)
{
	for (int i = 0; i < 20; i++) {
		int ret = pthread_barrier_wait(&barrier);

		if (ret == PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_fetch_add((int *)serial, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

CASE(thread, barrier)
{
	int serial = 0;
	pthread_t t[3];

	pthread_barrier_init(&barrier, NULL, 3);
	for (int i = 0; i < 3; i++)
		t[i] = thread(meet, &serial);
	for (int i = 0; i < 3; i++)
		join(t[i]);
	show("rounds: %d", serial);
}

static sem_t ping, pong;

static void *answer(void *unused)
{
	(void)unused;
	for (int i = 0; i < 20; i++) {
		sem_wait(&ping);
		word++;
		sem_post(&pong);
	}
	return NULL;
}

CASE(thread, semaphores)
{
	pthread_t t;

	sem_init(&ping, 0, 0);
	sem_init(&pong, 0, 0);
	t = thread(answer, NULL);
	for (int i = 0; i < 20; i++) {
		sem_post(&ping);
		sem_wait(&pong);
		NEED(word == i + 1);
	}
	join(t);
	show("answers: %d", word);
}

static pthread_key_t key;

static void destroy(void *value)
{
	show("destructor of %s", (char *)value);
}

static void *set_key(void *unused)
{
	(void)unused;
	pthread_setspecific(key, "a value");
	return NULL;
}

CASE(thread, keys_are_destroyed)
{
	pthread_key_create(&key, destroy);
	join(thread(set_key, NULL));
	show("joined");
}
