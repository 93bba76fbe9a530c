/*
 * Address spaces beyond single mappings: where mmap puts things, the heap, the growing stack, what
 * an emptied space gives back, and users that come and go on all CPUs.
 *
 * Mappings by a model: mapping_ktest.c; fork: cow_ktest.c; out of memory: nomem_ktest.c.
 */
#include "mm/mm.h"

#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "mm/buddy.h"
#include "mm/huge.h"
#include "mm/tests/check_ktest.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW   (VMA_READ | VMA_WRITE)

KTEST(mm, placement)
{
	struct mm_struct *mm = mm_alloc();
	unsigned long a, b, c;

	KTEST_EXPECT(mm);
	if (!mm)
		return;
	a = (unsigned long)do_mmap(mm, 0, 3 * PAGE_SIZE, VMA_READ, ANON);
	b = (unsigned long)do_mmap(mm, 0, 2 * PAGE_SIZE + 1, RW, ANON);
	c = (unsigned long)do_mmap(mm, 0, PAGE_SIZE, VMA_READ, ANON);
	/* Top down, without gaps. */
	KTEST_EXPECT_EQ(a, MMAP_BASE - 3 * PAGE_SIZE);
	KTEST_EXPECT_EQ(b, a - 3 * PAGE_SIZE);
	KTEST_EXPECT_EQ(c, b - PAGE_SIZE);
	/* The highest hole that is large enough. */
	KTEST_EXPECT_EQ(do_munmap(mm, b, 3 * PAGE_SIZE), 0);
	KTEST_EXPECT_EQ(do_mmap(mm, 0, 4 * PAGE_SIZE, RW, ANON), c - 4 * PAGE_SIZE);
	KTEST_EXPECT_EQ(do_mmap(mm, 0, 2 * PAGE_SIZE, RW, ANON), b + PAGE_SIZE);
	KTEST_EXPECT_EQ(do_mmap(mm, 0, PAGE_SIZE, VMA_EXEC, ANON), b);
	expect_sound_mm(mm);
	/* A wish is granted where it is free, aligned down; elsewhere it is only a wish. */
	KTEST_EXPECT_EQ(do_mmap(mm, GiB(2) + 77, PAGE_SIZE, RW, ANON), GiB(2));
	KTEST_EXPECT(do_mmap(mm, GiB(2), PAGE_SIZE, RW, ANON) > (long)GiB(2));
	KTEST_EXPECT_EQ(do_mmap(mm, GiB(2) - PAGE_SIZE, 2 * PAGE_SIZE, RW, ANON) >> 40, 0x7f);
	KTEST_EXPECT_EQ(do_mmap(mm, PAGE_OFFSET, PAGE_SIZE, RW, ANON) >> 40, (USER_END - 1) >> 40);
	/* One too low is raised to what is allowed. */
	KTEST_EXPECT_EQ(do_mmap(mm, PAGE_SIZE, PAGE_SIZE, RW, ANON), MMAP_MIN_ADDR);
	KTEST_EXPECT_EQ(do_mmap(mm, PAGE_SIZE, PAGE_SIZE, RW, ANON) >> 40, 0x7f);
	/* No hole is large enough. */
	KTEST_EXPECT_EQ(do_mmap(mm, 0, MMAP_BASE, RW, ANON), -ENOMEM);
	expect_sound_mm(mm);
	mmput(mm);
}

/* Full from below to MMAP_BASE: what comes now comes above it, the lowest place first. */
KTEST(mm, placement_where_nothing_is_free_below)
{
	const size_t len = MMAP_BASE - MMAP_MIN_ADDR - 3 * PAGE_SIZE;
	struct mm_struct *mm = mm_alloc();

	KTEST_EXPECT(mm);
	if (!mm)
		return;
	/* As in Linux there is a limit below for what does not fit otherwise. */
	KTEST_EXPECT_EQ(do_mmap(mm, 0, MMAP_BASE, 0, ANON), -ENOMEM);
	KTEST_EXPECT_EQ(do_mmap(mm, MMAP_MIN_ADDR, len, 0, ANON | MAP_FIXED), MMAP_MIN_ADDR);
	KTEST_EXPECT_EQ(map_fixed(mm, MMAP_BASE + PAGE_SIZE, 2, RW), MMAP_BASE + PAGE_SIZE);
	/* Three pages are free below, and one behind. */
	KTEST_EXPECT_EQ(do_mmap(mm, 0, 4 * PAGE_SIZE, VMA_READ, ANON), MMAP_BASE - 3 * PAGE_SIZE);
	KTEST_EXPECT_EQ(do_mmap(mm, 0, PAGE_SIZE, VMA_READ, ANON), MMAP_BASE + 3 * PAGE_SIZE);
	KTEST_EXPECT_EQ(map_fixed(mm, MMAP_BASE + 8 * PAGE_SIZE, 1, RW), MMAP_BASE + 8 * PAGE_SIZE);
	KTEST_EXPECT_EQ(do_mmap(mm, 0, 5 * PAGE_SIZE, VMA_EXEC, ANON), MMAP_BASE + 9 * PAGE_SIZE);
	KTEST_EXPECT_EQ(do_mmap(mm, 0, 4 * PAGE_SIZE, VMA_EXEC, ANON), MMAP_BASE + 4 * PAGE_SIZE);
	/* All that there is, and nothing more. */
	KTEST_EXPECT_EQ(do_mmap(mm, 0, USER_WINDOW_END - MMAP_BASE - 14 * PAGE_SIZE, 0, ANON),
			MMAP_BASE + 14 * PAGE_SIZE);
	KTEST_EXPECT_EQ(do_mmap(mm, 0, PAGE_SIZE, 0, ANON), -ENOMEM);
	KTEST_EXPECT_EQ(do_mmap(mm, 0, HUGE_SIZE, 0, ANON | MAP_HUGETLB), -ENOMEM);
	expect_sound_mm(mm);
	mmput(mm);
}

KTEST(mm, populated_at_once)
{
	struct mm_struct *mm = mm_alloc();
	long va;

	KTEST_EXPECT(mm);
	if (!mm)
		return;
	va = do_mmap(mm, 0, 5 * PAGE_SIZE, RW, ANON | MAP_POPULATE);
	KTEST_EXPECT_EQ(mm->resident, 5);
	KTEST_EXPECT(pte_writable(entry_of(mm, (unsigned long)va + 4 * PAGE_SIZE)));
	/* Nobody may touch it, so there is nothing to be had. */
	KTEST_EXPECT(do_mmap(mm, 0, 5 * PAGE_SIZE, 0, ANON | MAP_POPULATE) > 0);
	KTEST_EXPECT_EQ(mm->resident, 5);
	expect_sound_mm(mm);
	mmput(mm);
}

KTEST(mm, heap)
{
	unsigned long start = GiB(3) + 0x123;
	struct mm_struct *mm = mm_alloc();

	KTEST_EXPECT(mm);
	if (!mm)
		return;
	mm->brk_start = mm->brk = start;
	KTEST_EXPECT_EQ(do_brk(mm, 0), start);
	KTEST_EXPECT_EQ(do_brk(mm, start - 1), start);
	/* The rest of the page in which it starts is the program's data already: nothing new. */
	KTEST_EXPECT_EQ(do_brk(mm, GiB(3) + PAGE_SIZE), GiB(3) + PAGE_SIZE);
	KTEST_EXPECT(!find_vma(mm, 0));
	KTEST_EXPECT_EQ(do_brk(mm, GiB(3) + 5 * PAGE_SIZE + 1), GiB(3) + 5 * PAGE_SIZE + 1);
	KTEST_EXPECT_EQ(mm_fault(mm, GiB(3) + 5 * PAGE_SIZE, FAULT_WRITE), 0);
	KTEST_EXPECT_EQ(mm_fault(mm, GiB(3) + 6 * PAGE_SIZE, FAULT_WRITE), -EFAULT);
	KTEST_EXPECT_EQ(mm_fault(mm, GiB(3) + 2 * PAGE_SIZE, FAULT_EXEC), -EFAULT);
	/* What is in the way stops it, wholly. */
	KTEST_EXPECT_EQ(map_fixed(mm, GiB(3) + 9 * PAGE_SIZE, 1, VMA_READ), GiB(3) + 9 * PAGE_SIZE);
	KTEST_EXPECT_EQ(do_brk(mm, GiB(3) + 9 * PAGE_SIZE), GiB(3) + 5 * PAGE_SIZE + 1);
	/* As in Linux a page stays free between the two. */
	KTEST_EXPECT_EQ(do_brk(mm, GiB(3) + 8 * PAGE_SIZE + 1), GiB(3) + 5 * PAGE_SIZE + 1);
	KTEST_EXPECT_EQ(do_brk(mm, GiB(3) + 8 * PAGE_SIZE), GiB(3) + 8 * PAGE_SIZE);
	KTEST_EXPECT_EQ(do_brk(mm, PAGE_OFFSET), GiB(3) + 8 * PAGE_SIZE);
	/* And back: the pages go. */
	KTEST_EXPECT_EQ(mm->resident, 1);
	KTEST_EXPECT_EQ(do_brk(mm, start), start);
	KTEST_EXPECT_EQ(mm->resident, 0);
	KTEST_EXPECT_EQ(mm_fault(mm, GiB(3) + PAGE_SIZE, 0), -EFAULT);
	expect_sound_mm(mm);
	mmput(mm);
}

static struct mm_struct *space_with_stack(void)
{
	const struct mm_segment stack = {
		.start = STACK_TOP - 2 * PAGE_SIZE,
		.end = STACK_TOP,
		.flags = RW | VMA_GROWSDOWN,
	};
	struct mm_struct *mm = mm_alloc();

	KTEST_EXPECT(mm);
	if (mm)
		KTEST_EXPECT_EQ(mm_map_segment(mm, &stack), 0);
	return mm;
}

KTEST(mm, stack_grows_to_its_limit)
{
	unsigned long limit = STACK_TOP - STACK_MAX;
	struct mm_struct *mm = space_with_stack();

	if (!mm)
		return;
	KTEST_EXPECT_EQ(mm_fault(mm, STACK_TOP - 3 * PAGE_SIZE + 8, FAULT_WRITE), 0);
	KTEST_EXPECT_EQ(find_vma(mm, 0)->start, STACK_TOP - 3 * PAGE_SIZE);
	KTEST_EXPECT_EQ(mm_fault(mm, STACK_TOP - 100 * PAGE_SIZE, 0), 0);
	KTEST_EXPECT_EQ(find_vma(mm, 0)->start, STACK_TOP - 100 * PAGE_SIZE);
	KTEST_EXPECT_EQ(mm_fault(mm, STACK_TOP - 101 * PAGE_SIZE, FAULT_EXEC), -EFAULT);
	KTEST_EXPECT_EQ(mm_fault(mm, limit - 1, FAULT_WRITE), -EFAULT);
	KTEST_EXPECT_EQ(mm_fault(mm, limit, FAULT_WRITE), 0);
	KTEST_EXPECT_EQ(find_vma(mm, 0)->start, limit);
	KTEST_EXPECT_EQ(mm_fault(mm, limit - 1, FAULT_WRITE), -EFAULT);
	/* Only what was touched is there. */
	KTEST_EXPECT_EQ(mm->resident, 3);
	expect_sound_mm(mm);
	mmput(mm);
}

KTEST(mm, stack_keeps_its_distance)
{
	unsigned long below = STACK_TOP - 1000 * PAGE_SIZE, lowest = below + 257 * PAGE_SIZE;
	struct mm_struct *mm = space_with_stack();

	if (!mm)
		return;
	KTEST_EXPECT_EQ(map_fixed(mm, below, 1, RW), below);
	/* 256 pages stay free between the two. */
	KTEST_EXPECT_EQ(mm_fault(mm, lowest - 1, FAULT_WRITE), -EFAULT);
	KTEST_EXPECT_EQ(mm_fault(mm, lowest, FAULT_WRITE), 0);
	KTEST_EXPECT_EQ(find_vma(mm, lowest)->start, lowest);
	KTEST_EXPECT_EQ(mm_fault(mm, below + PAGE_SIZE, FAULT_WRITE), -EFAULT);
	/* A mapping that is not a stack does not grow. */
	KTEST_EXPECT_EQ(mm_fault(mm, below - 1, FAULT_WRITE), -EFAULT);
	expect_sound_mm(mm);
	mmput(mm);
}

/* Sparse, dense, split, protected, without pages: all of it comes back. */
KTEST(mm, emptied_spaces_give_all_back)
{
	u64 before = drained_pages();

	for (unsigned int round = 0; round < 3; round++) {
		struct mm_struct *mm = space_with_stack();

		if (!mm)
			return;
		for (unsigned int i = 0; i < 60; i++) {
			unsigned long va = ALIGN_DOWN(ktest_random() % MMAP_BASE, PAGE_SIZE);

			if (va < MMAP_MIN_ADDR)
				continue;
			KTEST_EXPECT_EQ(map_fixed(mm, va, 1 + i, RW), va);
			KTEST_EXPECT_EQ(mm_fault(mm, va + i * PAGE_SIZE, FAULT_WRITE), 0);
		}
		KTEST_EXPECT(do_mmap(mm, 0, MiB(3), RW, ANON | MAP_POPULATE) > 0);
		KTEST_EXPECT(do_mmap(mm, 0, GiB(300), RW, ANON) > 0);
		KTEST_EXPECT_EQ(mm_fault(mm, STACK_TOP - 50 * PAGE_SIZE, FAULT_WRITE), 0);
		expect_sound_mm(mm);
		KTEST_EXPECT(nr_free_pages() < before - MiB(3) / PAGE_SIZE);
		mmput(mm);
	}
	KTEST_EXPECT_EQ(drained_pages(), before);
}

/* --- one space, all CPUs --- */

static struct mm_struct *shared;
static unsigned long arena;

#define ARENA_PAGES 32

/* Faults in the same pages, mappings of one's own, and users that come and go. */
static void use_shared(u64 *random)
{
	for (unsigned int i = 0; i < 200; i++) {
		u64 r = next_random(random);
		unsigned long va = arena + r % ARENA_PAGES * PAGE_SIZE;
		long own;

		mmget(shared);
		KTEST_EXPECT_EQ(mm_fault(shared, va, r & BIT(20) ? FAULT_WRITE : 0), 0);
		own = do_mmap(shared, 0, (1 + r % 5) * PAGE_SIZE, RW, ANON);
		KTEST_EXPECT(own > 0);
		KTEST_EXPECT_EQ(mm_fault(shared, (unsigned long)own, FAULT_WRITE), 0);
		KTEST_EXPECT_EQ(do_mprotect(shared, (unsigned long)own, PAGE_SIZE, VMA_READ), 0);
		KTEST_EXPECT_EQ(do_munmap(shared, (unsigned long)own, (1 + r % 5) * PAGE_SIZE), 0);
		if (r % 16 == 0) {
			struct mm_struct *copy = mm_fork(shared);

			KTEST_EXPECT(copy && mm_fault(copy, va, FAULT_WRITE) == 0);
			mmput(copy);
		}
		mmput(shared);
	}
}

KTEST(mm, all_cpus_use_one_space)
{
	u64 before = drained_pages();

	shared = mm_alloc();
	KTEST_EXPECT(shared);
	if (!shared)
		return;
	arena = (unsigned long)do_mmap(shared, 0, ARENA_PAGES * PAGE_SIZE, RW, ANON);
	on_all_cpus(use_shared);
	expect_sound_mm(shared);
	KTEST_EXPECT(shared->resident <= ARENA_PAGES);
	KTEST_EXPECT_EQ(shared->mm_users, 1);
	KTEST_EXPECT_EQ(find_vma(shared, 0)->start, arena);
	mmput(shared);
	KTEST_EXPECT_EQ(drained_pages(), before);
}
