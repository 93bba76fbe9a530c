/* futex(2): arguments, results, who is woken. */
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#include "user/conformance/conform.h"

/* linux/futex.h is not among musl's headers. */
#define WAIT        0
#define WAKE        1
#define REQUEUE     3
#define CMP_REQUEUE 4
#define WAKE_OP     5
#define WAIT_BITSET 9
#define WAKE_BITSET 10
#define PRIVATE     128
#define REALTIME    256
#define EVERYBODY   0x7fffffff
#define ALL_BITS    0xffffffffu

static int word;
static volatile int started, woken;

static long futex(void *at, int op, unsigned int value, const struct timespec *timeout)
{
	return CALL(SYS_futex, at, op, value, timeout, 0, 0);
}

CASE(futex, wait_errnos)
{
	struct timespec soon = {0, 1000000}, bad = {0, 1000000000}, negative = {-1, 0};

	word = 5;
	show_ret("another value", futex(&word, WAIT | PRIVATE, 6, NULL));
	show_ret("another value, no time",
		 futex(&word, WAIT | PRIVATE, 6, &(struct timespec){0, 0}));
	show_ret("time-out", futex(&word, WAIT | PRIVATE, 5, &soon));
	show_ret("no time", futex(&word, WAIT | PRIVATE, 5, &(struct timespec){0, 0}));
	show_ret("a time that is none", futex(&word, WAIT | PRIVATE, 5, &bad));
	show_ret("a negative time", futex(&word, WAIT | PRIVATE, 5, &negative));
	show_ret("another value, a time that is none", futex(&word, WAIT | PRIVATE, 6, &bad));
	show_ret("a time at a bad address", futex(&word, WAIT | PRIVATE, 5, (void *)1));
	show_ret("not a word's address", futex((char *)&word + 1, WAIT | PRIVATE, 5, &soon));
	show_ret("a bad address", futex((void *)4, WAIT | PRIVATE, 5, &soon));
	show_ret("no address", futex(NULL, WAIT | PRIVATE, 0, &soon));
	show_ret("in the kernel's half",
		 futex((void *)0xffff888000000000, WAIT | PRIVATE, 5, &soon));
}

CASE(futex, wake_errnos)
{
	show_ret("nobody waits", futex(&word, WAKE | PRIVATE, 1, NULL));
	show_ret("nobody waits, all", futex(&word, WAKE | PRIVATE, EVERYBODY, NULL));
	show_ret("not a word's address", futex((char *)&word + 2, WAKE | PRIVATE, 1, NULL));
	show_ret("nothing is there", futex((void *)4, WAKE | PRIVATE, 1, NULL));
	show_ret("in the kernel's half",
		 futex((void *)0xffff888000000000, WAKE | PRIVATE, 1, NULL));
}

CASE(futex, operations)
{
	show_ret("unknown", futex(&word, 99 | PRIVATE, 0, NULL));
	show_ret("FUTEX_FD, which was removed", futex(&word, 2, 0, NULL));
	show_ret("wake by the real-time clock", futex(&word, WAKE | PRIVATE | REALTIME, 1, NULL));
}

CASE(futex, bitsets)
{
	struct timespec past = {0, 1};

	word = 1;
	show_ret("wait for no bits", CALL(SYS_futex, &word, WAIT_BITSET | PRIVATE, 1, 0, 0, 0));
	show_ret("wake no bits", CALL(SYS_futex, &word, WAKE_BITSET | PRIVATE, 1, 0, 0, 0));
	show_ret("wake some bits", CALL(SYS_futex, &word, WAKE_BITSET | PRIVATE, 1, 0, 0, 2));
	show_ret("wait until a time that is over",
		 CALL(SYS_futex, &word, WAIT_BITSET | PRIVATE, 1, &past, 0, ALL_BITS));
	show_ret("the same on the real-time clock",
		 CALL(SYS_futex, &word, WAIT_BITSET | PRIVATE | REALTIME, 1, &past, 0, ALL_BITS));
	show_ret("another value",
		 CALL(SYS_futex, &word, WAIT_BITSET | PRIVATE, 2, &past, 0, ALL_BITS));
}

/* `arg`: the word to wait on. */
static void *waiter(void *arg)
{
	long ret;

	__atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
	ret = futex(arg, WAIT | PRIVATE, 0, NULL);
	if (ret)
		show_ret("waiter", ret);
	__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Wakes until `wanted` have been: those that are not waiting yet are woken by a later call. */
static int wake_exactly(void *at, int each, int wanted)
{
	int done = 0;

	while (done < wanted) {
		long ret = futex(at, WAKE | PRIVATE, each, NULL);

		NEED(ret >= 0);
		done += ret;
		if (!ret)
			nap_ns(100000);
	}
	return done;
}

CASE(futex, wakes_as_many_as_asked)
{
	pthread_t t[4];

	word = 0;
	for (int i = 0; i < 4; i++)
		t[i] = thread(waiter, &word);
	while (started < 4)
		nap_ns(100000);
	show("one at a time: %d", wake_exactly(&word, 1, 2));
	while (woken < 2)
		nap_ns(100000);
	show("woken: %d", woken);
	show("the rest: %d", wake_exactly(&word, EVERYBODY, 2));
	for (int i = 0; i < 4; i++)
		join(t[i]);
	show("woken: %d", woken);
	show_ret("nobody is left", futex(&word, WAKE | PRIVATE, EVERYBODY, NULL));
}

CASE(futex, requeue)
{
	static int from, to;
	pthread_t t[3];
	long moved = 0;

	show_ret("nobody waits", CALL(SYS_futex, &from, REQUEUE | PRIVATE, 1, 1, &to, 0));
	show_ret("another value", CALL(SYS_futex, &from, CMP_REQUEUE | PRIVATE, 1, 1, &to, 9));
	for (int i = 0; i < 3; i++)
		t[i] = thread(waiter, &from);
	while (moved < 3) {
		long ret = CALL(SYS_futex, &from, CMP_REQUEUE | PRIVATE, 0, EVERYBODY, &to, 0);

		if (ret < 0) {
			show_ret("requeue", ret);
			wake_exactly(&from, 3, 3);
			break;
		}
		moved += ret;
		nap_ns(100000);
	}
	if (moved == 3) {
		show_ret("nobody is where they were", futex(&from, WAKE | PRIVATE, 3, NULL));
		show_ret("they are where they were moved to", futex(&to, WAKE | PRIVATE, 3, NULL));
	}
	for (int i = 0; i < 3; i++)
		join(t[i]);
	show("woken: %d", woken);
}

/* Not private: the word is the same in parent and child. */
CASE(futex, shared_between_processes)
{
	volatile int *shared = (int *)pages(1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	struct timespec limit = {20, 0};
	pid_t pid = fork();

	if (pid == 0) {
		shared[1] = 1;
		show_ret("child waits", futex((void *)shared, WAIT, 0, &limit));
		_exit(0);
	}
	await_change(&shared[1], 0);
	for (int i = 0; i < 20000 && futex((void *)shared, WAKE, 1, NULL) == 0; i++)
		nap_ns(100000);
	show_status("child", status_of(pid));
}

/* Private means this address space: the parent wakes nobody in the child. */
CASE(futex, private_to_a_process)
{
	volatile int *shared = (int *)pages(1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	struct timespec limit = {0, 300000000};
	pid_t pid = fork();

	if (pid == 0) {
		shared[1] = 1;
		show_ret("child waits", futex((void *)shared, WAIT | PRIVATE, 0, &limit));
		shared[2] = 1;
		_exit(0);
	}
	await_change(&shared[1], 0);
	for (int i = 0; i < 20; i++) {
		NEED(futex((void *)shared, WAKE | PRIVATE, 1, NULL) == 0);
		nap_ns(1000000);
	}
	show_status("child", status_of(pid));
}

/* A bitset chooses among those who wait for one word. */
static void *wait_for_bits(void *bits)
{
	long ret = CALL(SYS_futex, &word, WAIT_BITSET | PRIVATE, 0, 0, 0, bits);

	show_ret(bits == (void *)1 ? "waiter for bit 0" : "waiter for bit 1", ret);
	__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

CASE(futex, bitsets_choose)
{
	pthread_t one = thread(wait_for_bits, (void *)1), two = thread(wait_for_bits, (void *)2);

	while (CALL(SYS_futex, &word, WAKE_BITSET | PRIVATE, EVERYBODY, 0, 0, 2) == 0)
		nap_ns(100000);
	join(two);
	show("woken: %d", woken);
	while (CALL(SYS_futex, &word, WAKE_BITSET | PRIVATE, EVERYBODY, 0, 0, 5) == 0)
		nap_ns(100000);
	join(one);
}

CASE(futex, wake_of_none_wakes_one)
{
	pthread_t t[2];

	word = 0;
	for (int i = 0; i < 2; i++)
		t[i] = thread(waiter, &word);
	while (started < 2)
		nap_ns(100000);
	show("one: %d", wake_exactly(&word, 0, 1));
	show("the other: %d", wake_exactly(&word, 0, 1));
	for (int i = 0; i < 2; i++)
		join(t[i]);
}

/* The same memory at two addresses is one word, if the futex is shared. */
CASE(futex, shared_at_two_addresses)
{
	volatile int *a = (int *)pages(1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	volatile int *b = (int *)CALL(SYS_mremap, a, 0, PAGE_SIZE, 1);
	struct timespec limit = {20, 0};
	pid_t pid = fork();

	if (pid == 0) {
		show_ret("child waits at one", futex((void *)a, WAIT, 0, &limit));
		_exit(0);
	}
	for (int i = 0; i < 20000 && futex((void *)b, WAKE, 1, NULL) == 0; i++)
		nap_ns(100000);
	show_status("woken at the other", status_of(pid));
}

CASE(futex, requeue_errnos)
{
	static int to;

	show_ret("wake fewer than none", CALL(SYS_futex, &word, REQUEUE | PRIVATE, -1, 1, &to, 0));
	show_ret("move fewer than none", CALL(SYS_futex, &word, REQUEUE | PRIVATE, 1, -1, &to, 0));
	show_ret("to no word's address",
		 CALL(SYS_futex, &word, REQUEUE | PRIVATE, 1, 1, (char *)&to + 1, 0));
	show_ret("to the kernel's half",
		 CALL(SYS_futex, &word, REQUEUE | PRIVATE, 1, 1, 0xffff888000000000, 0));
	show_ret("onto itself", CALL(SYS_futex, &word, REQUEUE | PRIVATE, 1, 1, &word, 0));
	show_ret("shared, to where nothing is", CALL(SYS_futex, &word, REQUEUE, 1, 1, 4, 0));
	show_ret("shared, from where nothing is", CALL(SYS_futex, 4, WAKE, 1, 0, 0, 0));
}

static void wake_op(const char *what, unsigned int op, unsigned int cmp, unsigned int oparg,
		    unsigned int cmparg)
{
	static volatile unsigned int first, second;
	long ret;

	second = 5;
	ret = CALL(SYS_futex, &first, WAKE_OP | PRIVATE, 1, 1, &second,
		   op << 28 | cmp << 24 | (oparg & 0xfff) << 12 | (cmparg & 0xfff));
	show("%s: %ld, the word is %#x", what, ret, second);
}

CASE(futex, wake_op_changes_the_word)
{
	wake_op("set", 0, 0, 7, 5);
	wake_op("add", 1, 1, 7, 5);
	wake_op("add -1", 1, 1, -1, 5);
	wake_op("or", 2, 2, 8, 5);
	wake_op("and not", 3, 3, 4, 5);
	wake_op("exclusive or", 4, 4, 1, 5);
	wake_op("set -1", 0, 5, -1, -1);
	wake_op("set a bit", 8, 0, 12, 5);
	wake_op("or a bit", 10, 0, 31, 5);
	wake_op("unknown operation", 5, 0, 0, 0);
	wake_op("unknown comparison", 0, 6, 9, 0);
}

static volatile int both[2], waiting;

static void *wait_at(void *at)
{
	__atomic_fetch_add(&waiting, 1, __ATOMIC_SEQ_CST);
	futex(at, WAIT | PRIVATE, 0, NULL);
	return NULL;
}

/* The second word's waiter is woken if its old value compares. */
static void wake_two(const char *what, unsigned int cmp, int expected)
{
	pthread_t t[2];
	long woken;

	both[0] = both[1] = waiting = 0;
	for (int i = 0; i < 2; i++)
		t[i] = thread(wait_at, (void *)&both[i]);
	while (waiting < 2)
		nap_ns(100000);
	nap_ns(300000000);
	woken = CALL(SYS_futex, &both[0], WAKE_OP | PRIVATE, 1, 1, &both[1], cmp << 24 | 1 << 12);
	show("%s: %ld woken, the word is %d", what, woken, both[1]);
	NEED(woken == expected);
	if (woken == 1)
		show("the other: %ld", futex((void *)&both[1], WAKE | PRIVATE, 1, NULL));
	for (int i = 0; i < 2; i++)
		join(t[i]);
}

CASE(futex, wake_op_wakes_two)
{
	wake_two("equal to 0", 0, 2);
	wake_two("not equal to 0", 1, 1);
}
