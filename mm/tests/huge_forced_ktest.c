/* The moments of a split: what the tables say meanwhile, and another space that splits at the same time. */
#include "kernel/base/ktest.h"
#include "kernel/racepoint.h"
#include "mm/buddy.h"
#include "mm/huge.h"
#include "mm/tests/check_ktest.h"

#define BASE GiB(1)
#define RW   (VMA_READ | VMA_WRITE)

static struct mm_struct *space_with_huge_page(void)
{
	struct mm_struct *mm = mm_alloc();

	KTEST_EXPECT(mm && map_fixed(mm, BASE, HUGE_PAGES, RW) == (long)BASE);
	KTEST_EXPECT_EQ(do_madvise(mm, BASE, HUGE_SIZE, MADV_HUGEPAGE), 0);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE, FAULT_WRITE), 0);
	KTEST_EXPECT(pte_huge(entry_of(mm, BASE)));
	return mm;
}

static u32 looked, present;

static void look(void *mm)
{
	pte_t e = entry_of(mm, BASE);

	looked++;
	present += (e & PTE_P) != 0;
	/* It is still counted. */
	KTEST_EXPECT(pte_present(e) && pte_huge(e));
}

KTEST(huge, it_is_not_there_while_it_is_divided)
{
	struct mm_struct *mm = space_with_huge_page();

	looked = present = 0;
	race_on("huge_absent", RACE_ANY_CPU, 1, look, mm);
	KTEST_EXPECT_EQ(do_mprotect(mm, BASE, PAGE_SIZE, VMA_READ), 0);
	KTEST_EXPECT_EQ(looked, 1);
	KTEST_EXPECT_EQ(present, 0);
	KTEST_EXPECT(entry_of(mm, BASE) & PTE_P);
	expect_sound_mm(mm);
	mmput(mm);
}

static void divide_other(void *mm)
{
	KTEST_EXPECT_EQ(do_munmap(mm, BASE + 5 * PAGE_SIZE, PAGE_SIZE), 0);
}

/* Both have counted their small pages, and neither has left the group. */
KTEST(huge, two_spaces_divide_one_at_once)
{
	u64 before = drained_pages();
	struct mm_struct *a = space_with_huge_page(), *b = mm_fork(a);
	struct page *head = phys_to_page(pte_phys(entry_of(a, BASE)));

	KTEST_EXPECT_EQ(head->huge_count, 2);
	race_on("huge_counted", RACE_ANY_CPU, 1, divide_other, b);
	KTEST_EXPECT_EQ(do_munmap(a, BASE + 3 * PAGE_SIZE, PAGE_SIZE), 0);
	KTEST_EXPECT_EQ(race_passed("huge_counted", RACE_ANY_CPU), 2);
	KTEST_EXPECT_EQ(head->huge_count, 0);
	for (unsigned int i = 0; i < HUGE_PAGES; i++)
		KTEST_EXPECT_EQ(head[i].refcount, i == 3 || i == 5 ? 1 : 2);
	expect_sound_mm(a);
	expect_sound_mm(b);
	mmput(a);
	for (unsigned int i = 0; i < HUGE_PAGES; i++)
		if (i != 5)
			KTEST_EXPECT_EQ(head[i].refcount, 1);
	mmput(b);
	KTEST_EXPECT_EQ(drained_pages(), before);
}
