/*
 * mremap, madvise, mincore, msync, mlock and the denial of writable code, by counts: which pages
 * moved, which are resident, how many mappings there are. Against a model: space_test.c on the host;
 * errnos: user/tests/badmap.c.
 */
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/tests/check_ktest.h"
#include "mm/vma.h"

#define BASE  (GiB(1) - 4 * PAGE_SIZE) /* over a border of tables at two levels */
#define AWAY  (GiB(2) - 3 * PAGE_SIZE)
#define PAGES 8
#define RW    (VMA_READ | VMA_WRITE)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)
#define FIXED (MREMAP_MAYMOVE | MREMAP_FIXED)

static unsigned long page_va(unsigned int n)
{
	return BASE + n * PAGE_SIZE;
}

/* PAGES pages, the even ones written. */
static struct mm_struct *new_space(void)
{
	struct mm_struct *mm = mm_alloc();

	KTEST_EXPECT(mm && map_fixed(mm, BASE, PAGES, RW) == (long)BASE);
	for (unsigned int n = 0; mm && n < PAGES; n += 2)
		KTEST_EXPECT_EQ(mm_fault(mm, page_va(n), FAULT_WRITE), 0);
	return mm;
}

KTEST(remap, a_move_takes_the_pages_along)
{
	u64 before = drained_pages();
	struct mm_struct *mm = new_space();
	pte_t entry[PAGES];
	u64 free;

	if (!mm)
		return;
	for (unsigned int n = 0; n < PAGES; n++)
		entry[n] = entry_of(mm, page_va(n));
	free = drained_pages();
	KTEST_EXPECT_EQ(do_mremap(mm, BASE, PAGES * PAGE_SIZE, PAGES * PAGE_SIZE, FIXED, AWAY),
			AWAY);
	for (unsigned int n = 0; n < PAGES; n++) {
		KTEST_EXPECT_EQ(entry_of(mm, AWAY + n * PAGE_SIZE), entry[n]);
		KTEST_EXPECT_EQ(entry_of(mm, page_va(n)), 0);
	}
	KTEST_EXPECT_EQ(mm->resident, PAGES / 2);
	KTEST_EXPECT_EQ(mm->nr_vmas, 1);
	expect_sound_mm(mm);
	/* As many tables as before, both times over two borders; the old ones are gone. */
	KTEST_EXPECT_EQ(drained_pages(), free);
	/* A part, within the mapping's own neighbourhood, and back: it is one mapping again. */
	KTEST_EXPECT_EQ(do_mremap(mm, AWAY + 2 * PAGE_SIZE, 2 * PAGE_SIZE, 2 * PAGE_SIZE, FIXED,
				  AWAY + 20 * PAGE_SIZE),
			AWAY + 20 * PAGE_SIZE);
	KTEST_EXPECT_EQ(mm->nr_vmas, 3);
	expect_sound_mm(mm);
	KTEST_EXPECT_EQ(do_mremap(mm, AWAY + 20 * PAGE_SIZE, 2 * PAGE_SIZE, 2 * PAGE_SIZE, FIXED,
				  AWAY + 2 * PAGE_SIZE),
			AWAY + 2 * PAGE_SIZE);
	KTEST_EXPECT_EQ(mm->nr_vmas, 1);
	KTEST_EXPECT_EQ(entry_of(mm, AWAY + 2 * PAGE_SIZE), entry[2]);
	mmput(mm);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

KTEST(remap, growing_and_shrinking)
{
	struct mm_struct *mm = new_space();

	if (!mm)
		return;
	KTEST_EXPECT_EQ(do_mremap(mm, BASE, PAGES * PAGE_SIZE, MiB(4), 0, 0), BASE);
	KTEST_EXPECT_EQ(mm->nr_vmas, 1);
	KTEST_EXPECT_EQ(find_vma(mm, BASE)->end, BASE + MiB(4));
	KTEST_EXPECT_EQ(do_mremap(mm, BASE, MiB(4), 3 * PAGE_SIZE, 0, 0), BASE);
	KTEST_EXPECT_EQ(mm->resident, 2);
	/* Up to its neighbour, with which it becomes one; not over it. */
	KTEST_EXPECT_EQ(map_fixed(mm, page_va(5), 1, RW), page_va(5));
	KTEST_EXPECT_EQ(do_mremap(mm, BASE, 3 * PAGE_SIZE, 6 * PAGE_SIZE, 0, 0), -ENOMEM);
	KTEST_EXPECT_EQ(mm->nr_vmas, 2);
	KTEST_EXPECT_EQ(do_mremap(mm, BASE, 3 * PAGE_SIZE, 5 * PAGE_SIZE, 0, 0), BASE);
	KTEST_EXPECT_EQ(mm->nr_vmas, 1);
	/* In the way: it goes where mmap would have put it. */
	KTEST_EXPECT_EQ(do_mremap(mm, BASE, 3 * PAGE_SIZE, MiB(1), MREMAP_MAYMOVE, 0),
			MMAP_BASE - MiB(1));
	KTEST_EXPECT_EQ(mm->resident, 2);
	KTEST_EXPECT(entry_of(mm, MMAP_BASE - MiB(1) + 2 * PAGE_SIZE));
	expect_sound_mm(mm);
	mmput(mm);
}

KTEST(remap, advice_gives_pages_back)
{
	u64 before = drained_pages();
	struct mm_struct *mm = new_space();

	if (!mm)
		return;
	KTEST_EXPECT_EQ(do_madvise(mm, page_va(2), 3 * PAGE_SIZE, MADV_DONTNEED), 0);
	KTEST_EXPECT_EQ(mm->resident, 2);
	KTEST_EXPECT_EQ(do_madvise(mm, BASE, PAGES * PAGE_SIZE, MADV_WILLNEED), 0);
	KTEST_EXPECT_EQ(mm->resident, 2);
	KTEST_EXPECT_EQ(do_madvise(mm, BASE - PAGE_SIZE, MiB(1), MADV_FREE), -ENOMEM);
	KTEST_EXPECT_EQ(mm->resident, 0);
	KTEST_EXPECT_EQ(mm->nr_vmas, 1);
	expect_sound_mm(mm);
	mmput(mm);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

KTEST(remap, locked_and_counted)
{
	struct mm_struct *mm = new_space();
	u8 in[PAGES];

	if (!mm)
		return;
	KTEST_EXPECT_EQ(do_mincore(mm, BASE, PAGES, in), 0);
	for (unsigned int n = 0; n < PAGES; n++)
		KTEST_EXPECT_EQ(in[n], n % 2 == 0);
	KTEST_EXPECT_EQ(do_mlock(mm, page_va(1) + 1, PAGE_SIZE, VMA_LOCKED), 0);
	KTEST_EXPECT_EQ(mm->resident, PAGES / 2 + 1);
	KTEST_EXPECT_EQ(do_mlock(mm, BASE, PAGES * PAGE_SIZE, 0), 0);
	KTEST_EXPECT_EQ(mm->resident, PAGES / 2 + 1);
	/* Refused for want of memory: what was had by then stays. */
	alloc_fail_nth(2);
	KTEST_EXPECT_EQ(do_mlock(mm, BASE, PAGES * PAGE_SIZE, VMA_LOCKED), -EAGAIN);
	alloc_fail_nth(0);
	KTEST_EXPECT_EQ(mm->resident, PAGES / 2 + 2);
	KTEST_EXPECT_EQ(do_mlock(mm, BASE, (PAGES + 1) * PAGE_SIZE, VMA_LOCKED), -ENOMEM);
	KTEST_EXPECT_EQ(do_msync(mm, BASE, PAGES * PAGE_SIZE, MS_SYNC), 0);
	KTEST_EXPECT_EQ(do_msync(mm, BASE, (PAGES + 1) * PAGE_SIZE, MS_SYNC), -ENOMEM);
	KTEST_EXPECT_EQ(do_mincore(mm, BASE, PAGES + 1, in), -ENOMEM);
	expect_sound_mm(mm);
	mmput(mm);
}

/* What is locked is a mapping of its own, until all of it is, or nothing. */
KTEST(remap, locks_divide_and_join)
{
	struct mm_struct *mm = new_space(), *child;

	if (!mm)
		return;
	KTEST_EXPECT_EQ(do_mlock(mm, page_va(2), 2 * PAGE_SIZE, VMA_LOCKED_ANY), 0);
	KTEST_EXPECT_EQ(mm->nr_vmas, 3);
	KTEST_EXPECT_EQ(mm->resident, PAGES / 2);
	KTEST_EXPECT_EQ(do_mlock(mm, page_va(2), 2 * PAGE_SIZE, VMA_LOCKED), 0);
	KTEST_EXPECT_EQ(mm->nr_vmas, 3);
	KTEST_EXPECT_EQ(mm->resident, PAGES / 2 + 1);
	KTEST_EXPECT_EQ(do_madvise(mm, BASE, PAGES * PAGE_SIZE, MADV_DONTNEED), -EINVAL);
	KTEST_EXPECT_EQ(mm->resident, PAGES / 2);
	child = mm_fork(mm);
	KTEST_EXPECT(child && !(find_vma(child, page_va(2))->flags & VMA_LOCKED_ANY));
	KTEST_EXPECT_EQ(do_mlockall(mm, VMA_LOCKED, 0), 0);
	KTEST_EXPECT_EQ(mm->nr_vmas, 1);
	KTEST_EXPECT_EQ(mm->resident, PAGES);
	/* It grows as it is: touched, here and elsewhere. */
	KTEST_EXPECT_EQ(do_mremap(mm, BASE, PAGES * PAGE_SIZE, (PAGES + 2) * PAGE_SIZE, 0, 0),
			BASE);
	KTEST_EXPECT_EQ(mm->resident, PAGES + 2);
	KTEST_EXPECT_EQ(do_mremap(mm, BASE, (PAGES + 2) * PAGE_SIZE, 16 * PAGE_SIZE, FIXED, AWAY),
			AWAY);
	KTEST_EXPECT_EQ(mm->resident, 16);
	KTEST_EXPECT_EQ(do_mlockall(mm, 0, 0), 0);
	KTEST_EXPECT_EQ(do_madvise(mm, AWAY, 16 * PAGE_SIZE, MADV_DONTNEED), 0);
	expect_sound_mm(mm);
	expect_sound_mm(child);
	mmput(mm);
	mmput(child);
}

KTEST(remap, what_comes_is_locked)
{
	u64 before = drained_pages();
	struct mm_struct *mm = mm_alloc(), *child;
	long at;

	KTEST_EXPECT(mm);
	if (!mm)
		return;
	mm->brk = mm->brk_start = BASE;
	KTEST_EXPECT_EQ(do_mlockall(mm, MLOCK_KEEP, VMA_LOCKED), 0);
	at = do_mmap(mm, 0, 3 * PAGE_SIZE, RW, ANON);
	KTEST_EXPECT_EQ(mm->resident, 3);
	KTEST_EXPECT_EQ(do_brk(mm, BASE + 2 * PAGE_SIZE + 1), BASE + 2 * PAGE_SIZE + 1);
	KTEST_EXPECT_EQ(mm->resident, 6);
	KTEST_EXPECT_EQ(do_mlockall(mm, MLOCK_KEEP, VMA_LOCKED_ANY), 0);
	KTEST_EXPECT_EQ(do_mmap(mm, 0, PAGE_SIZE, RW, ANON), at - (long)PAGE_SIZE);
	KTEST_EXPECT_EQ(mm->resident, 6);
	KTEST_EXPECT_EQ(mm->nr_vmas, 3);
	child = mm_fork(mm);
	KTEST_EXPECT(child && do_mmap(child, 0, PAGE_SIZE, RW, ANON) > 0 && child->resident == 6);
	mmput(child);
	KTEST_EXPECT_EQ(do_mlockall(mm, MLOCK_KEEP, 0), 0);
	at = do_mmap(mm, GiB(3), PAGE_SIZE, RW, ANON | MAP_LOCKED);
	KTEST_EXPECT_EQ(mm->resident, 7);
	KTEST_EXPECT_EQ(do_madvise(mm, (unsigned long)at, PAGE_SIZE, MADV_FREE), -EINVAL);
	KTEST_EXPECT_EQ(do_madvise(mm, (unsigned long)at, PAGE_SIZE, MADV_DONTNEED_LOCKED), 0);
	KTEST_EXPECT_EQ(mm->resident, 6);
	expect_sound_mm(mm);
	mmput(mm);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

KTEST(remap, no_writable_code)
{
	struct mm_struct *mm = new_space(), *child;

	if (!mm)
		return;
	KTEST_EXPECT_EQ(mm_set_mdwe(mm, MDWE_REFUSE_EXEC_GAIN | MDWE_NO_INHERIT), 0);
	KTEST_EXPECT_EQ(do_mmap(mm, 0, PAGE_SIZE, RW | VMA_EXEC, ANON), -EACCES);
	KTEST_EXPECT_EQ(do_mprotect(mm, BASE, PAGE_SIZE, VMA_EXEC), -EACCES);
	KTEST_EXPECT(do_mmap(mm, 0, PAGE_SIZE, VMA_READ | VMA_EXEC, ANON) > 0);
	/* What was refused has split nothing. */
	KTEST_EXPECT_EQ(mm->nr_vmas, 2);
	child = mm_fork(mm);
	KTEST_EXPECT(child && child->mdwe == 0);
	KTEST_EXPECT_EQ(do_mprotect(child, BASE, PAGE_SIZE, VMA_EXEC), 0);
	KTEST_EXPECT_EQ(mm_set_mdwe(child, MDWE_REFUSE_EXEC_GAIN), 0);
	KTEST_EXPECT_EQ(mm_set_mdwe(child, 0), -EPERM);
	mmput(mm);
	mm = mm_fork(child);
	KTEST_EXPECT(mm && mm->mdwe == MDWE_REFUSE_EXEC_GAIN);
	expect_sound_mm(mm);
	mmput(mm);
	mmput(child);
}

/* --- one space, all CPUs: each moves and drops mappings of its own, all touch what is shared --- */

static struct mm_struct *crowd;
static unsigned long common;

static void move_about(u64 *random)
{
	for (unsigned int i = 0; i < 60; i++) {
		size_t len = (1 + next_random(random) % 6) * PAGE_SIZE;
		long at = do_mmap(crowd, 0, len, RW, ANON | MAP_POPULATE), to;

		KTEST_EXPECT(at > 0);
		KTEST_EXPECT_EQ(
			mm_fault(crowd, common + next_random(random) % 64 * PAGE_SIZE, FAULT_WRITE),
			0);
		/* Others may take the room above it at any time. */
		to = do_mremap(crowd, (unsigned long)at, len, 4 * len, MREMAP_MAYMOVE, 0);
		KTEST_EXPECT(to > 0);
		KTEST_EXPECT_EQ(do_madvise(crowd, (unsigned long)to, PAGE_SIZE, MADV_DONTNEED), 0);
		KTEST_EXPECT_EQ(do_munmap(crowd, (unsigned long)to, 4 * len), 0);
	}
}

KTEST(remap, all_cpus_move_in_one_space)
{
	u64 before = drained_pages();

	crowd = mm_alloc();
	KTEST_EXPECT(crowd);
	if (!crowd)
		return;
	common = (unsigned long)do_mmap(crowd, 0, 64 * PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS);
	on_all_cpus(move_about);
	expect_sound_mm(crowd);
	KTEST_EXPECT_EQ(crowd->nr_vmas, 1);
	KTEST_EXPECT(crowd->resident <= 64);
	mmput(crowd);
	KTEST_EXPECT_EQ(drained_pages(), before);
}
