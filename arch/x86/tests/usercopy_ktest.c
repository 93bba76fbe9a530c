/*
 * User copies: every address that is not the user's is refused with -EFAULT and nothing is written,
 * for a thread without an address space and for one that has borrowed a real one.
 *
 * adopt() makes the test's thread a user of an address space for a while, as exec does, so that the
 * copies go through the same faults as a system call's. No user instruction runs.
 */
#include "arch/uaccess.h"

#include "arch/cpu.h"
#include "arch/page.h"
#include "kernel/base/ktest.h"
#include "kernel/base/preempt.h"
#include "kernel/base/string.h"
#include "kernel/drain.h"
#include "kernel/task.h"
#include "mm/buddy.h"
#include "mm/tlb.h"
#include "mm/vmalloc.h"

#define BASE  0x40000000UL
#define PAGES 24 /* more than a batch of TLB_BATCH */

/* User addresses are numbers here. */
static void __user *user(unsigned long va)
{
	return (void __user *)va;
}

static void adopt(struct mm_struct *mm)
{
	struct mm_struct *borrowed = current->active_mm;

	task_lock(current);
	WRITE_ONCE(current->mm, mm);
	arch_pgd_init_late(mm->root);
	irq_disable();
	switch_mm(mm);
	current->active_mm = mm;
	irq_enable();
	task_unlock(current);
	mmdrop(borrowed);
}

/* As exit does: the root is left before the task stops naming it. */
static void leave(void)
{
	preempt_disable();
	irq_disable();
	switch_mm(&init_mm);
	irq_enable();
	task_lock(current);
	current->mm = NULL;
	current->active_mm = &init_mm;
	task_unlock(current);
	preempt_enable();
}

static struct mm_struct *adopted_mm(unsigned long prot)
{
	struct mm_struct *mm = mm_alloc();

	if (!mm || do_mmap(mm, BASE, PAGES * PAGE_SIZE, prot,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED) != (long)BASE) {
		KTEST_EXPECT(!"memory for an address space");
		return NULL;
	}
	adopt(mm);
	return mm;
}

static void expect_bad_for_all(unsigned long va)
{
	u8 buffer[16], copy[16];
	u32 word = 0x12345678;

	memset(buffer, 0x5a, sizeof(buffer));
	memset(copy, 0x5a, sizeof(copy));
	KTEST_EXPECT_EQ(copy_from_user(buffer, user(va), sizeof(buffer)), -EFAULT);
	KTEST_EXPECT_EQ(copy_to_user(user(va), buffer, sizeof(buffer)), -EFAULT);
	KTEST_EXPECT_EQ(strncpy_from_user((char *)buffer, user(va), sizeof(buffer)), -EFAULT);
	KTEST_EXPECT(memcmp(buffer, copy, sizeof(buffer)) == 0);
	KTEST_EXPECT_EQ(get_user_u32(&word, user(va)), -EFAULT);
	KTEST_EXPECT_EQ(put_user_u32(1, user(va)), -EFAULT);
	KTEST_EXPECT_EQ(word, 0x12345678);
}

static void expect_kernel_is_bad(void)
{
	static u64 variable[8];
	const unsigned long bad[] = {
		USER_END,
		USER_END + PAGE_SIZE - 1,
		0x0000800000000000UL, /* not canonical with four levels */
		0x0100000000000000UL, /* with five */
		0x7fffffffffffffffUL,
		0xfeffffffffffffffUL, /* not canonical with five levels */
		0xff00000000000000UL,
		0xffff7fffffffffffUL, /* with four */
		0xffff800000000000UL,
		PAGE_OFFSET,
		PAGE_OFFSET + 0x1000,
		VMALLOC_START,
		VMEMMAP_START,
		(unsigned long)variable,
		(unsigned long)expect_bad_for_all,
		~0UL - 15,
		~0UL,
	};

	memset(variable, 0x77, sizeof(variable));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect_bad_for_all(bad[i]);
	for (size_t i = 0; i < ARRAY_SIZE(variable); i++)
		KTEST_EXPECT_EQ(variable[i], 0x7777777777777777UL);
}

KTEST(usercopy, kernel_addresses_are_refused)
{
	struct mm_struct *mm;

	KTEST_EXPECT(!current->mm);
	expect_kernel_is_bad();
	mm = adopted_mm(VMA_READ | VMA_WRITE);
	if (!mm)
		return;
	expect_kernel_is_bad();
	leave();
	mmput(mm);
}

KTEST(usercopy, lengths_that_wrap_are_refused)
{
	static u8 buffer[8];
	const size_t lengths[] = {~0UL, ~0UL - PAGE_SIZE, 1UL << 63, USER_END,
				  USER_END - PAGE_SIZE + 1};

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		KTEST_EXPECT_EQ(copy_from_user(buffer, user(PAGE_SIZE), lengths[i]), -EFAULT);
		KTEST_EXPECT_EQ(copy_to_user(user(PAGE_SIZE), buffer, lengths[i]), -EFAULT);
	}
	KTEST_EXPECT_EQ(copy_from_user(buffer, user(USER_END - 4), 8), -EFAULT);
	/* Nothing to copy touches nothing. */
	KTEST_EXPECT_EQ(copy_from_user(buffer, user(0), 0), 0);
	KTEST_EXPECT_EQ(copy_to_user(user(USER_END), buffer, 0), 0);
}

KTEST(usercopy, no_address_space_no_user_memory)
{
	const unsigned long bad[] = {0, 1, 0xfff, 0x1000, BASE, USER_END - 16};

	KTEST_EXPECT(!current->mm);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect_bad_for_all(bad[i]);
}

KTEST(usercopy, unmapped_and_forbidden)
{
	struct mm_struct *mm = adopted_mm(VMA_READ | VMA_WRITE);
	unsigned long end = BASE + PAGES * PAGE_SIZE;
	u64 word = 0;

	if (!mm)
		return;
	expect_bad_for_all(0);
	expect_bad_for_all(BASE - PAGE_SIZE);
	expect_bad_for_all(end);
	expect_bad_for_all(end - 4 + 4);
	/* Half of the word is there: refused, whichever half. */
	KTEST_EXPECT_EQ(copy_from_user(&word, user(end - 4), 8), -EFAULT);
	KTEST_EXPECT_EQ(copy_from_user(&word, user(BASE - 4), 8), -EFAULT);

	KTEST_EXPECT_EQ(do_mprotect(mm, BASE, PAGE_SIZE, VMA_READ), 0);
	KTEST_EXPECT_EQ(copy_to_user(user(BASE), &word, 8), -EFAULT);
	KTEST_EXPECT_EQ(put_user_u32(1, user(BASE)), -EFAULT);
	KTEST_EXPECT_EQ(copy_from_user(&word, user(BASE), 8), 0);
	KTEST_EXPECT_EQ(word, 0);
	KTEST_EXPECT_EQ(do_mprotect(mm, BASE, PAGE_SIZE, 0), 0);
	expect_bad_for_all(BASE);
	leave();
	mmput(mm);
}

/* Every alignment across a page border, there and back. */
KTEST(usercopy, bytes_arrive)
{
	struct mm_struct *mm = adopted_mm(VMA_READ | VMA_WRITE);
	u8 out[40], in[40];
	u32 word = 0;

	if (!mm)
		return;
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (u8)ktest_random();
	for (unsigned int off = 0; off < 24; off++) {
		unsigned long va = BASE + PAGE_SIZE - off;

		for (size_t n = 1; n <= sizeof(out); n += 3) {
			memset(in, 0, sizeof(in));
			KTEST_EXPECT_EQ(copy_to_user(user(va), out, n), 0);
			KTEST_EXPECT_EQ(copy_from_user(in, user(va), n), 0);
			KTEST_EXPECT(memcmp(in, out, n) == 0);
		}
	}
	KTEST_EXPECT_EQ(put_user_u32(0xdeadbeef, user(BASE + 8)), 0);
	KTEST_EXPECT_EQ(get_user_u32(&word, user(BASE + 8)), 0);
	KTEST_EXPECT_EQ(word, 0xdeadbeef);
	leave();
	mmput(mm);
}

/* Where pages end in the middle of a copy, it says exactly how far it came; and it fetches none. */
KTEST(usercopy, a_copy_without_faults_ends_where_the_pages_do)
{
	static u8 buffer[3 * PAGE_SIZE];
	struct mm_struct *mm = adopted_mm(VMA_READ | VMA_WRITE);

	if (!mm)
		return;
	memset(buffer, 0x5a, sizeof(buffer));
	KTEST_EXPECT_EQ(copy_to_user_nofault(user(BASE), buffer, 100), 100);
	KTEST_EXPECT_EQ(copy_to_user(user(BASE), buffer, PAGE_SIZE), 0);
	for (size_t there = 0; there < 200; there++) {
		unsigned long va = BASE + PAGE_SIZE - there;

		memset(buffer, 0, sizeof(buffer));
		KTEST_EXPECT_EQ(copy_from_user_nofault(buffer, user(va), 300), 300 - there);
		KTEST_EXPECT(there == 0 || buffer[there - 1] == 0x5a);
		KTEST_EXPECT_EQ(buffer[there], 0);
		KTEST_EXPECT_EQ(copy_to_user_nofault(user(va), buffer + there, 300), 300 - there);
		KTEST_EXPECT_EQ(copy_to_user(user(va), buffer, there), 0);
	}
	KTEST_EXPECT_EQ(mm->resident, 1);
	KTEST_EXPECT_EQ(copy_from_user_nofault(buffer, user(USER_END - 8), 16), 16);
	leave();
	mmput(mm);
}

/* Another address space is read and written with its own faults; what is not there is told apart. */
KTEST(usercopy, another_address_space)
{
	static u8 buffer[2 * PAGE_SIZE], back[2 * PAGE_SIZE];
	struct mm_struct *far = adopted_mm(VMA_READ | VMA_WRITE), *mm;
	const unsigned long at = BASE + 3 * PAGE_SIZE - 77, size = sizeof(buffer) - 5;

	if (!far)
		return;
	leave();
	mm = adopted_mm(VMA_READ | VMA_WRITE);
	if (mm) {
		for (size_t i = 0; i < sizeof(buffer); i++)
			buffer[i] = (u8)(i * 7 + 1);
		KTEST_EXPECT_EQ(copy_to_user(user(BASE + 33), buffer, size), 0);
		KTEST_EXPECT_EQ(mm_copy_remote(far, at, mm, BASE + 33, size, true), 0);
		/* To pages that the near side has not got yet. */
		KTEST_EXPECT_EQ(mm_copy_remote(far, at, mm, BASE + 9 * PAGE_SIZE - 1, size, false),
				0);
		KTEST_EXPECT_EQ(copy_from_user(back, user(BASE + 9 * PAGE_SIZE - 1), size), 0);
		KTEST_EXPECT_EQ(memcmp(buffer, back, size), 0);
		/* Within one space. */
		KTEST_EXPECT_EQ(
			mm_copy_remote(mm, BASE + 33, mm, BASE + 15 * PAGE_SIZE, size, false), 0);
		KTEST_EXPECT_EQ(copy_from_user(back, user(BASE + 15 * PAGE_SIZE), size), 0);
		KTEST_EXPECT_EQ(memcmp(buffer, back, size), 0);
		KTEST_EXPECT_EQ(mm_copy_remote(far, BASE - 1, mm, BASE, 2, false), -EFAULT);
		KTEST_EXPECT_EQ(mm_copy_remote(far, USER_END - 1, mm, BASE, 2, false), -EFAULT);
		KTEST_EXPECT_EQ(mm_copy_remote(far, BASE, mm, BASE - 1, 2, false), -ENXIO);
		KTEST_EXPECT_EQ(mm_copy_remote(far, BASE, mm, USER_END - 1, 2, true), -ENXIO);
		KTEST_EXPECT_EQ(do_mprotect(far, BASE, PAGES * PAGE_SIZE, VMA_READ), 0);
		KTEST_EXPECT_EQ(mm_copy_remote(far, at, mm, BASE, 10, true), -EFAULT);
		KTEST_EXPECT_EQ(mm_copy_remote(far, at, mm, BASE, 10, false), 0);
		KTEST_EXPECT_EQ(do_mprotect(far, BASE, PAGES * PAGE_SIZE, 0), 0);
		KTEST_EXPECT_EQ(mm_copy_remote(far, at, mm, BASE, 10, false), -EFAULT);
		leave();
		mmput(mm);
	}
	mmput(far);
}

KTEST(usercopy, strings)
{
	struct mm_struct *mm = adopted_mm(VMA_READ | VMA_WRITE);
	unsigned long end = BASE + PAGES * PAGE_SIZE;
	char buffer[16];

	if (!mm)
		return;
	KTEST_EXPECT_EQ(copy_to_user(user(BASE + PAGE_SIZE - 3), "hello", 6), 0);
	KTEST_EXPECT_EQ(strncpy_from_user(buffer, user(BASE + PAGE_SIZE - 3), sizeof(buffer)), 5);
	KTEST_EXPECT(strcmp(buffer, "hello") == 0);
	/* The terminator just fits, and just does not. */
	KTEST_EXPECT_EQ(strncpy_from_user(buffer, user(BASE + PAGE_SIZE - 3), 6), 5);
	KTEST_EXPECT_EQ(strncpy_from_user(buffer, user(BASE + PAGE_SIZE - 3), 5), -ENAMETOOLONG);
	/* It ends with the mapping, and it runs out of it. */
	KTEST_EXPECT_EQ(copy_to_user(user(end - 4), "abc", 4), 0);
	KTEST_EXPECT_EQ(strncpy_from_user(buffer, user(end - 4), sizeof(buffer)), 3);
	KTEST_EXPECT_EQ(copy_to_user(user(end - 4), "abcd", 4), 0);
	KTEST_EXPECT_EQ(strncpy_from_user(buffer, user(end - 4), sizeof(buffer)), -EFAULT);
	leave();
	mmput(mm);
}

/* What this CPU's TLB still holds as writable after a fork is written through no more. */
KTEST(usercopy, writes_after_fork_are_copied)
{
	struct mm_struct *mm = adopted_mm(VMA_READ | VMA_WRITE), *child;
	static const unsigned int counts[] = {1, TLB_BATCH, TLB_BATCH + 1, PAGES};
	u64 word;

	if (!mm)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		for (unsigned long p = 0; p < counts[i]; p++)
			KTEST_EXPECT_EQ(copy_to_user(user(BASE + p * PAGE_SIZE), &p, 8), 0);
		child = mm_fork(mm);
		KTEST_EXPECT(child);
		for (unsigned long p = 0; child && p < counts[i]; p++) {
			const u64 *theirs = mm_page_address(child, BASE + p * PAGE_SIZE);

			word = p + 1000;
			KTEST_EXPECT_EQ(copy_to_user(user(BASE + p * PAGE_SIZE), &word, 8), 0);
			KTEST_EXPECT_EQ(theirs ? *theirs : ~0UL, p);
			KTEST_EXPECT_EQ(copy_from_user(&word, user(BASE + p * PAGE_SIZE), 8), 0);
			KTEST_EXPECT_EQ(word, p + 1000);
		}
		if (child)
			mmput(child);
	}
	leave();
	mmput(mm);
}

KTEST(usercopy, probe_of_kernel_memory)
{
	static const u64 here = 0x1122334455667788UL;
	char *area = vmalloc(PAGE_SIZE);
	u64 value = 0;

	KTEST_EXPECT_EQ(probe_kernel_read(&value, &here), 0);
	KTEST_EXPECT_EQ(value, here);
	/* The page behind a range is a hole; so are these. */
	KTEST_EXPECT_EQ(probe_kernel_read(&value, area + PAGE_SIZE), -EFAULT);
	KTEST_EXPECT_EQ(probe_kernel_read(&value, area + PAGE_SIZE - 4), -EFAULT);
	KTEST_EXPECT_EQ(probe_kernel_read(&value, (void *)0x8), -EFAULT);
	KTEST_EXPECT_EQ(probe_kernel_read(&value, (void *)0x0000800000000000UL), -EFAULT);
	KTEST_EXPECT_EQ(probe_kernel_read(&value, (void *)~0UL), -EFAULT);
	KTEST_EXPECT_EQ(value, here);
	vfree(area);
}
