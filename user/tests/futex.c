/*
 * ABI tests: futexes in shared memory, which are one wherever they are mapped, and the locks and
 * conditions that musl builds of them for several processes. Private ones: threads.c.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "user/tests/abitest.h"

#define WAIT    0
#define WAKE    1
#define PRIVATE 128
#define RW      (PROT_READ | PROT_WRITE)
#define SHAR    (MAP_SHARED | MAP_ANONYMOUS)
#define PRIV    (MAP_PRIVATE | MAP_ANONYMOUS)

static long futex(volatile int *word, int op, int value)
{
	return raw_syscall4(SYS_futex, (uintptr_t)word, op, value, 0);
}

static volatile int *map_words(size_t bytes, int flags)
{
	void *at = mmap(NULL, bytes, RW, flags, -1, 0);

	CHECK(at != MAP_FAILED);
	return at;
}

static int child_ends(pid_t pid)
{
	int status = -1;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

/* Wakes `n` in all; who is still on the way is waited for. */
static void wake_in_all(volatile int *word, long n)
{
	while (n > 0) {
		long woken = futex(word, WAKE, (int)n);

		CHECK(woken >= 0 && woken <= n);
		n -= woken;
		raw_syscall0(SYS_sched_yield);
	}
}

/* A child that waits on words[at / 4] of the memory, which it has moved to another address. */
static pid_t start_waiter(volatile int *words, size_t at)
{
	pid_t pid = fork();

	if (pid == 0) {
		void *moved = mremap((void *)words, 2 * PAGE_SIZE, 2 * PAGE_SIZE,
				     MREMAP_MAYMOVE | MREMAP_FIXED,
				     (char *)map_words(8 * PAGE_SIZE, PRIV) + 3 * PAGE_SIZE);

		CHECK(moved != MAP_FAILED);
		_exit(futex((volatile int *)((char *)moved + at), WAIT, 0) ? 1 : 0);
	}
	return pid;
}

TEST(futex, one_word_at_two_addresses)
{
	volatile int *words = map_words(2 * PAGE_SIZE, SHAR), *word = words + (PAGE_SIZE + 20) / 4;
	pid_t pid = start_waiter(words, PAGE_SIZE + 20);

	wake_in_all(word, 1);
	CHECK_EQ(child_ends(pid), 0);
	CHECK_EQ(futex(word, WAKE, 1), 0);
}

TEST(futex, as_many_as_are_asked_for)
{
	enum { CHILDREN = 5 };
	volatile int *words = map_words(2 * PAGE_SIZE, SHAR);
	pid_t pid[CHILDREN];

	for (unsigned int i = 0; i < CHILDREN; i++)
		pid[i] = start_waiter(words, 64);
	wake_in_all(words + 16, 2);
	wake_in_all(words + 16, CHILDREN - 2);
	for (unsigned int i = 0; i < CHILDREN; i++)
		CHECK_EQ(child_ends(pid[i]), 0);
}

/* Neither a neighbour, nor the same offset of other memory, nor the address alone. */
TEST(futex, no_other_word)
{
	volatile int *words = map_words(2 * PAGE_SIZE, SHAR),
		     *other = map_words(2 * PAGE_SIZE, SHAR);
	pid_t pid = start_waiter(words, 64);

	for (unsigned int i = 0; i < 50; i++) {
		CHECK_EQ(futex(words + 17, WAKE, 9), 0);
		CHECK_EQ(futex(words + 16 + PAGE_SIZE / 4, WAKE, 9), 0);
		CHECK_EQ(futex(other + 16, WAKE, 9), 0);
		CHECK_EQ(futex(words + 16, WAKE | PRIVATE, 9), 0);
		nap_ns(1000000);
	}
	wake_in_all(words + 16, 1);
	CHECK_EQ(child_ends(pid), 0);
}

/* After a fork, private memory is two memories: so are its futexes. */
TEST(futex, private_memory_is_not_shared)
{
	volatile int *word = map_words(PAGE_SIZE, PRIV);
	struct timespec soon = {0, 30000000};
	pid_t pid = fork();

	if (pid == 0)
		_exit(raw_syscall4(SYS_futex, (uintptr_t)word, WAIT, 0, (uintptr_t)&soon) ==
				      -ETIMEDOUT
			      ? 0
			      : 1);
	for (unsigned int i = 0; i < 20; i++) {
		CHECK_EQ(futex(word, WAKE, 1), 0);
		nap_ns(1000000);
	}
	CHECK_EQ(child_ends(pid), 0);
}

TEST(futex, nothing_is_there)
{
	volatile int *word = map_words(PAGE_SIZE, SHAR);

	CHECK_EQ(futex(word, WAIT, 1), -EAGAIN);
	CHECK_EQ(mprotect((void *)word, PAGE_SIZE, PROT_NONE), 0);
	CHECK_EQ(futex(word, WAIT, 0), -EFAULT);
	CHECK_EQ(futex(word, WAKE, 1), -EFAULT);
	CHECK_EQ(munmap((void *)word, PAGE_SIZE), 0);
	CHECK_EQ(futex(word, WAIT, 0), -EFAULT);
	CHECK_EQ(futex(word, WAKE, 1), -EFAULT);
	CHECK_EQ(futex((void *)0xffff888000000000, WAKE, 1), -EFAULT);
}

/* What several processes have in common. */
struct common {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int count, turn;
};

enum { PROCESSES = 4, ROUNDS = 200 };

static void count_up(struct common *c, unsigned int self)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&c->lock);
		while (c->turn != self)
			pthread_cond_wait(&c->changed, &c->lock);
		c->turn = (self + 1) % PROCESSES;
		c->count++;
		pthread_cond_broadcast(&c->changed);
		pthread_mutex_unlock(&c->lock);
	}
}

TEST(futex, a_condition_of_several_processes)
{
	struct common *c = (void *)map_words(PAGE_SIZE, SHAR);
	pthread_mutexattr_t lock_attr;
	pthread_condattr_t cond_attr;
	pid_t pid[PROCESSES];

	pthread_mutexattr_init(&lock_attr);
	pthread_mutexattr_setpshared(&lock_attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&c->lock, &lock_attr);
	pthread_condattr_init(&cond_attr);
	pthread_condattr_setpshared(&cond_attr, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&c->changed, &cond_attr);
	for (unsigned int i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			count_up(c, i);
			_exit(0);
		}
	}
	for (unsigned int i = 0; i < PROCESSES; i++)
		CHECK_EQ(child_ends(pid[i]), 0);
	CHECK_EQ(c->count, PROCESSES * ROUNDS);
}
