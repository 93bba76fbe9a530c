/*
 * Futexes of an address space that kernel threads share: waiters sleep, wakers count right, what
 * does not match or is not mapped is an error.
 */
#include "kernel/futex.h"

#include "arch/smp.h"
#include "arch/uaccess.h"
#include "kernel/base/atomic.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/process.h"
#include "mm/buddy.h"
#include "mm/pgsync/tests/support.h"
#include "mm/tests/check_ktest.h"

#define FUTEX_WAIT        0
#define FUTEX_WAKE        1
#define FUTEX_CMP_REQUEUE 4

#define WORD    ((u32 __user *)0x400000UL)
#define WORD_2  ((u32 __user *)0x400800UL)
#define NO_WORD ((u32 __user *)0x800000UL)

static struct mm_struct *mm_with_word(void)
{
	struct mm_struct *mm = mm_pinned();

	KTEST_EXPECT_EQ(do_mmap(mm, (unsigned long)WORD, PAGE_SIZE, VMA_READ | VMA_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED),
			(unsigned long)WORD);
	return mm;
}

static void bad_calls(void *unused)
{
	(void)unused;
	KTEST_EXPECT_EQ(put_user_u32(5, WORD), 0);
	KTEST_EXPECT_EQ(do_futex(WORD, FUTEX_WAIT, 6, 0, NULL, 0), -EAGAIN);
	KTEST_EXPECT_EQ(do_futex(NO_WORD, FUTEX_WAIT, 0, 0, NULL, 0), -EFAULT);
	KTEST_EXPECT_EQ(do_futex((u32 __user *)0x400002UL, FUTEX_WAIT, 5, 0, NULL, 0), -EINVAL);
	KTEST_EXPECT_EQ(do_futex(WORD, 77, 0, 0, NULL, 0), -ENOSYS);
	KTEST_EXPECT_EQ(do_futex(WORD, FUTEX_WAKE, 1, 0, NULL, 0), 0);
}

KTEST(futex, wrong_words_and_operations_are_refused)
{
	struct mm_struct *mm = mm_with_word();
	struct actor a;

	actor_start(&a, -1);
	actor_run(&a, adopt_mm, mm);
	actor_run(&a, bad_calls, NULL);
	actor_stop(&a);
}

#define WAITERS 6

static u32 about_to_wait, woken; /* A */

static void wait_on_word(void *unused)
{
	long ret;

	(void)unused;
	atomic_inc(&about_to_wait);
	ret = do_futex(WORD, FUTEX_WAIT, 0, 0, NULL, 0);
	KTEST_EXPECT_EQ(ret, 0);
	atomic_inc(&woken);
}

/* Wakes `n`; a waiter that is still on its way is waited for. */
static void wake_n(void *n)
{
	long left = *(long *)n;

	while (left > 0) {
		long got = do_futex(WORD, FUTEX_WAKE, (u32)left, 0, NULL, 0);

		KTEST_EXPECT(got >= 0 && got <= left);
		left -= got;
		yield_and_relax();
	}
}

/* The same address in another address space is another futex. */
static void wake_in_another_space(void *unused)
{
	(void)unused;
	KTEST_EXPECT_EQ(do_futex(WORD, FUTEX_WAKE, WAITERS, 0, NULL, 0), 0);
}

KTEST(futex, a_waker_wakes_as_many_as_it_says)
{
	static struct actor waiters[WAITERS];
	struct mm_struct *mm = mm_with_word(), *other = mm_with_word();
	struct actor waker, stranger;
	long some = 2, rest = WAITERS - 2;

	about_to_wait = woken = 0;
	actor_start(&waker, -1);
	actor_start(&stranger, -1);
	for (unsigned int i = 0; i < WAITERS; i++) {
		mmget(mm);
		actor_start(&waiters[i], (int)(i % cpus_online()));
		actor_run(&waiters[i], adopt_mm, mm);
		actor_post(&waiters[i], wait_on_word, NULL);
	}
	actor_run(&waker, adopt_mm, mm);
	actor_run(&stranger, adopt_mm, other);
	while (READ_ONCE(about_to_wait) != WAITERS)
		yield_and_relax();
	actor_run(&waker, wake_n, &some);
	while (READ_ONCE(woken) != 2)
		yield_and_relax();
	actor_run(&stranger, wake_in_another_space, NULL);
	actor_run(&waker, wake_n, &rest);
	for (unsigned int i = 0; i < WAITERS; i++) {
		actor_wait(&waiters[i]);
		actor_stop(&waiters[i]);
	}
	KTEST_EXPECT_EQ(READ_ONCE(woken), WAITERS);
	actor_stop(&waker);
	actor_stop(&stranger);
}

/* Moves all, as they come, from one word to the other; one by one, so that it meets the waker. */
static void move_all(void *unused)
{
	long left = WAITERS;

	(void)unused;
	KTEST_EXPECT_EQ(do_futex(WORD, FUTEX_CMP_REQUEUE, 0, 1, WORD_2, 7), -EAGAIN);
	while (left > 0) {
		long got = do_futex(WORD, FUTEX_CMP_REQUEUE, 0, 1, WORD_2, 0);

		KTEST_EXPECT(got == 0 || got == 1);
		left -= got;
		yield_and_relax();
	}
}

static void wake_moved(void *unused)
{
	(void)unused;
	for (long left = WAITERS; left > 0;) {
		long got = do_futex(WORD_2, FUTEX_WAKE, 1, 0, NULL, 0);

		KTEST_EXPECT(got == 0 || got == 1);
		left -= got;
		yield_and_relax();
	}
}

/* Who is moved while another wakes is woken where it has gone to, once. */
KTEST(futex, a_moved_waiter_is_woken_where_it_is)
{
	static struct actor waiters[WAITERS];
	struct mm_struct *mm = mm_with_word();
	struct actor mover, waker;

	about_to_wait = woken = 0;
	mmget(mm);
	actor_start(&mover, -1);
	actor_start(&waker, -1);
	actor_run(&mover, adopt_mm, mm);
	actor_run(&waker, adopt_mm, mm);
	for (unsigned int i = 0; i < WAITERS; i++) {
		mmget(mm);
		actor_start(&waiters[i], (int)(i % cpus_online()));
		actor_run(&waiters[i], adopt_mm, mm);
		actor_post(&waiters[i], wait_on_word, NULL);
	}
	actor_post(&mover, move_all, NULL);
	actor_post(&waker, wake_moved, NULL);
	actor_wait(&mover);
	actor_wait(&waker);
	for (unsigned int i = 0; i < WAITERS; i++) {
		actor_wait(&waiters[i]);
		actor_stop(&waiters[i]);
	}
	KTEST_EXPECT_EQ(READ_ONCE(woken), WAITERS);
	actor_stop(&mover);
	actor_stop(&waker);
}

static void call_on_shared_word(void *unused)
{
	(void)unused;
	KTEST_EXPECT_EQ(put_user_u32(5, WORD), 0);
	KTEST_EXPECT_EQ(do_futex(WORD, FUTEX_WAIT, 6, 0, NULL, 0), -EAGAIN);
	KTEST_EXPECT_EQ(do_futex(WORD, FUTEX_WAKE, 1, 0, NULL, 0), 0);
	KTEST_EXPECT_EQ(do_futex(NO_WORD, FUTEX_WAKE, 1, 0, NULL, 0), -EFAULT);
}

static void map_use_and_exit(void)
{
	struct mm_struct *mm = mm_pinned();
	struct actor a;

	KTEST_EXPECT_EQ(do_mmap(mm, (unsigned long)WORD, PAGE_SIZE, VMA_READ | VMA_WRITE,
				MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED),
			(unsigned long)WORD);
	actor_start(&a, -1);
	actor_run(&a, adopt_mm, mm);
	actor_run(&a, call_on_shared_word, NULL);
	actor_stop(&a);
}

/* The object that a call has found is given back: its page goes with the mapping. */
KTEST(futex, a_shared_word_keeps_no_object)
{
	u64 before;

	/* The first time, for what is kept of actors. */
	map_use_and_exit();
	before = drained_pages();
	for (unsigned int i = 0; i < 8; i++)
		map_use_and_exit();
	KTEST_EXPECT_EQ(drained_pages(), before);
}
