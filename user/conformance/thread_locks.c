/* Locks between threads: robust lists, and the library's locks, which stand on futexes. */
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <sys/mman.h>
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

/* Entries of a list, each with its futex behind it. */
struct robust_entry {
	void *next;
	unsigned int word;
};

#define ENTRIES 4

static struct robust_list {
	struct robust_head head;
	struct robust_entry entry[ENTRIES];
} * list;

#define WORD_AT offsetof(struct robust_entry, word)

/* A list of all entries in memory that children share, each held by `tid`. */
static void make_list(unsigned int tid)
{
	list->head = (struct robust_head){&list->entry[0], WORD_AT, NULL};
	for (int i = 0; i < ENTRIES; i++) {
		list->entry[i].next = i + 1 < ENTRIES ? (void *)&list->entry[i + 1] : &list->head;
		list->entry[i].word = tid;
	}
}

static void show_words(unsigned int tid)
{
	for (int i = 0; i < ENTRIES; i++)
		show("word %d: %#x%s", i, list->entry[i].word & ~0x3fffffffu,
		     (list->entry[i].word & 0x3fffffff) == tid ? ", held" : "");
}

/* Runs fn, which arranges the list, in a child that then dies, and shows the words. */
static void die_with(const char *what, void (*fn)(void))
{
	pid_t pid;
	int status;

	list = (void *)pages(1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	pid = fork();
	if (pid == 0) {
		make_list(gettid());
		fn();
		NEED(CALL(SYS_set_robust_list, &list->head, sizeof(list->head)) == 0);
		CALL(SYS_exit, 0);
	}
	status = status_of(pid);
	show("%s: %#x", what, status);
	show_words(pid);
}

static void as_it_is(void)
{
}

static void waiters_and_others(void)
{
	list->entry[1].word |= 0x80000000;
	list->entry[2].word++;
	list->entry[3].word = 0;
}

static void no_end(void)
{
	list->entry[3].next = &list->entry[1];
}

static void nowhere_soon(void)
{
	list->entry[1].next = (void *)16;
}

static void not_aligned(void)
{
	list->entry[0].next = (char *)&list->entry[1] + 1;
}

static void one_pending(void)
{
	list->head.pending = &list->entry[2];
	list->entry[1].next = &list->head;
}

static void one_pending_and_free(void)
{
	list->head.pending = &list->entry[3];
	list->entry[2].next = &list->head;
	list->entry[3].word = 0;
}

static void offset_to_nowhere(void)
{
	list->head.offset = 1l << 50;
}

CASE(thread, robust_lists_of_the_dead)
{
	die_with("all held", as_it_is);
	die_with("waiters, another owner, free", waiters_and_others);
	die_with("without an end", no_end);
	die_with("to a bad address", nowhere_soon);
	die_with("not aligned", not_aligned);
	die_with("one pending", one_pending);
	die_with("one pending, and free", one_pending_and_free);
	die_with("futexes at no address", offset_to_nowhere);
}

CASE(thread, robust_list_and_exec)
{
	pid_t pid;

	list = (void *)pages(1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	pid = fork();
	if (pid == 0) {
		make_list(gettid());
		CALL(SYS_set_robust_list, &list->head, sizeof(list->head));
		exec_helper("no_robust_list", NULL, NULL, NULL);
	}
	show_status("child", status_of(pid));
	show_words(pid);
}

HELPER(no_robust_list)
{
	void *got = &got;
	size_t length;

	(void)argc;
	(void)argv;
	(void)envp;
	show_ret("get", CALL(SYS_get_robust_list, 0, &got, &length));
	show("none: %d", got == NULL);
	return 3;
}

CASE(thread, robust_list_is_not_inherited)
{
	void *got = &got;
	size_t length;
	pid_t pid;

	list = (void *)pages(1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	make_list(1);
	CALL(SYS_set_robust_list, &list->head, sizeof(list->head));
	pid = fork();
	if (pid == 0) {
		NEED(CALL(SYS_get_robust_list, 0, &got, &length) == 0);
		show("in the child: %d", got != NULL);
		_exit(0);
	}
	show_status("child", status_of(pid));
	NEED(CALL(SYS_get_robust_list, 0, &got, &length) == 0);
	show("in the parent: %d", got == &list->head);
	CALL(SYS_set_robust_list, NULL, sizeof(list->head));
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
