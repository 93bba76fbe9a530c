/*
 * Out of memory: every allocation on the way of building, forking and changing an address space
 * fails once, in turn. The call that met it says -ENOMEM (or NULL), the spaces stay sound, the same
 * call succeeds afterwards, and no page is lost.
 */
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/tests/check_ktest.h"

#define BASE (GiB(1) - 4 * PAGE_SIZE)
#define AWAY (GiB(3) - 4 * PAGE_SIZE)
#define RW   (VMA_READ | VMA_WRITE)

/* The calls of one run; `failures` of them met the injected failure. */
struct run {
	struct mm_struct *mm, *child;
	unsigned int failures;
};

/* The result of a call that may fail once, and must not fail twice. */
#define RETRY(run, call, want)                                                                     \
	do {                                                                                       \
		long ret__ = (long)(call);                                                         \
		if (ret__ == -ENOMEM) {                                                            \
			(run)->failures++;                                                         \
			expect_sound_mm((run)->mm);                                                \
			ret__ = (long)(call);                                                      \
		}                                                                                  \
		KTEST_EXPECT_EQ(ret__, (want));                                                    \
	} while (0)

static struct mm_struct *alloc_retried(struct run *run)
{
	struct mm_struct *mm = mm_alloc();

	if (!mm) {
		run->failures++;
		mm = mm_alloc();
	}
	KTEST_EXPECT(mm);
	return mm;
}

static struct mm_struct *fork_retried(struct run *run)
{
	struct mm_struct *child = mm_fork(run->mm);

	if (!child) {
		run->failures++;
		expect_sound_mm(run->mm);
		child = mm_fork(run->mm);
	}
	KTEST_EXPECT(child);
	return child;
}

static long move(struct mm_struct *mm, unsigned long from, unsigned long to)
{
	return do_mremap(mm, from, 8 * PAGE_SIZE, 8 * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

static void build_and_change(struct run *run)
{
	run->mm = alloc_retried(run);
	if (!run->mm)
		return;
	RETRY(run, map_fixed(run->mm, BASE, 8, RW), BASE);
	RETRY(run, mm_fault(run->mm, BASE, FAULT_WRITE), 0);
	RETRY(run, mm_fault(run->mm, BASE + 7 * PAGE_SIZE, 0), 0);
	run->child = fork_retried(run);
	if (!run->child)
		return;
	RETRY(run, mm_fault(run->child, BASE, FAULT_WRITE), 0);
	/* Away and back, with pages on both sides of a border of tables: half a move is undone. */
	RETRY(run, move(run->child, BASE, AWAY), AWAY);
	RETRY(run, move(run->child, AWAY, BASE), BASE);
	RETRY(run, do_mmap(run->child, AWAY, MiB(1), RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED),
	      AWAY);
	RETRY(run, mm_fault(run->child, AWAY, FAULT_WRITE), 0);
	/* A hole, and rights for a part: mappings are split. */
	RETRY(run, do_munmap(run->mm, BASE + 2 * PAGE_SIZE, PAGE_SIZE), 0);
	RETRY(run, do_mprotect(run->mm, BASE + 5 * PAGE_SIZE, PAGE_SIZE, VMA_READ), 0);
	RETRY(run, mm_fault(run->mm, BASE + 7 * PAGE_SIZE, FAULT_WRITE), 0);
}

static void expect_result(const struct run *run)
{
	KTEST_EXPECT_EQ(run->mm->resident, 2);
	KTEST_EXPECT_EQ(run->child->resident, 3);
	KTEST_EXPECT(entry_of(run->child, BASE) && entry_of(run->child, BASE + 7 * PAGE_SIZE));
	KTEST_EXPECT(entry_of(run->mm, BASE) != entry_of(run->child, BASE));
	expect_sound_mm(run->mm);
	expect_sound_mm(run->child);
}

KTEST(nomem, every_allocation_fails_once)
{
	u64 before = drained_pages();
	unsigned int injected = 0;
	bool reached;

	for (long nth = 1; nth < 200; nth++) {
		struct run run = {0};

		/* Nothing is cached, so that every allocation is one. */
		KTEST_EXPECT_EQ(drained_pages(), before);
		alloc_fail_nth(nth);
		build_and_change(&run);
		reached = alloc_fail_left() == 0;
		alloc_fail_nth(0);
		if (run.mm && run.child)
			expect_result(&run);
		/* Met once if at all, and by nobody who kept silent about it. */
		KTEST_EXPECT_EQ(run.failures, reached);
		injected += reached;
		if (run.child)
			mmput(run.child);
		if (run.mm)
			mmput(run.mm);
		if (!reached)
			break;
	}
	KTEST_EXPECT(!reached);
	/*
	 * Structures, roots, mappings, three levels of tables on two sides of a border and pages,
	 * most of them twice.
	 */
	KTEST_EXPECT(injected >= 30);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

/* Given up at the first failure: whatever is half built goes away whole. */
KTEST(nomem, giving_up_leaks_nothing)
{
	u64 before = drained_pages();
	bool reached = true;

	for (long nth = 1; reached; nth++) {
		struct mm_struct *mm, *child = NULL;

		alloc_fail_nth(nth);
		mm = mm_alloc();
		if (mm && map_fixed(mm, BASE, 8, RW) == (long)BASE &&
		    !mm_fault(mm, BASE, FAULT_WRITE) &&
		    !mm_fault(mm, BASE + 7 * PAGE_SIZE, FAULT_WRITE))
			child = mm_fork(mm);
		reached = alloc_fail_left() == 0;
		alloc_fail_nth(0);
		KTEST_EXPECT_EQ(!child, reached);
		if (child)
			mmput(child);
		if (mm) {
			expect_sound_mm(mm);
			mmput(mm);
		}
		KTEST_EXPECT_EQ(drained_pages(), before);
	}
}

/* The mapping stands although its pages could not be had: touching it tells. */
KTEST(nomem, populate_does_what_it_can)
{
	struct mm_struct *mm = mm_alloc();
	long va;

	KTEST_EXPECT(mm);
	if (!mm)
		return;
	KTEST_EXPECT_EQ(map_fixed(mm, BASE, 1, RW), BASE);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE, 0), 0);
	/* The mapping, then pages: the third page is refused. The tables are there already. */
	alloc_fail_nth(4);
	va = do_mmap(mm, BASE - 6 * PAGE_SIZE, 6 * PAGE_SIZE, RW,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE);
	KTEST_EXPECT_EQ(alloc_fail_left(), 0);
	alloc_fail_nth(0);
	KTEST_EXPECT_EQ(va, BASE - 6 * PAGE_SIZE);
	KTEST_EXPECT_EQ(mm->resident, 3);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE - PAGE_SIZE, FAULT_WRITE), 0);
	expect_sound_mm(mm);
	mmput(mm);
}
