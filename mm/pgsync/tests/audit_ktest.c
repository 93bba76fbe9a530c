/*
 * The auditor in the running kernel: finds what is planted, and nothing else. Every other test here
 * believes it, so it comes first.
 */
#include "arch/mmu.h"
#include "kernel/base/ktest.h"
#include "mm/pgsync/tests/support.h"

#define DIRECT_MAP_SLOT root_slot(PAGE_OFFSET)
#define NO_CPU          ~0U

KTEST(pgsync, clean_roots_have_nothing_missing)
{
	struct pgsync_audit before = audit_now(), result;
	struct mm_struct *mms[3];

	KTEST_EXPECT_EQ(before.missing, 0);
	for (int i = 0; i < 3; i++)
		mms[i] = mm_pinned();
	result = audit_now();
	KTEST_EXPECT_EQ(result.missing, 0);
	KTEST_EXPECT_EQ(result.lagging, 0);
	KTEST_EXPECT_EQ(result.roots, before.roots + 3);
	for (int i = 0; i < 3; i++)
		mmput(mms[i]);
	/* In a cache now: nobody's. */
	KTEST_EXPECT_EQ(audit_now().roots, before.roots);
}

/* Plants `value` in the direct map's slot of a root that nobody runs on. */
static struct pgsync_audit audit_with(struct mm_struct *mm, pte_t value)
{
	pte_t *entry = &mm->root->pgd[DIRECT_MAP_SLOT], right = *entry;
	struct pgsync_audit result;

	WRITE_ONCE(*entry, value);
	result = audit_now();
	WRITE_ONCE(*entry, right);
	return result;
}

KTEST(pgsync, audit_finds_a_cleared_slot)
{
	struct mm_struct *mm = mm_pinned();
	struct pgsync_audit result = audit_with(mm, 0);

	/* Where a fault would fill it, it is no fault. */
	KTEST_EXPECT_EQ(result.missing, !repairs_faults());
	KTEST_EXPECT_EQ(result.lagging, repairs_faults());
	KTEST_EXPECT_EQ(result.first_slot, repairs_faults() ? 0 : DIRECT_MAP_SLOT);
	KTEST_EXPECT_EQ(result.first_cpu, repairs_faults() ? 0 : NO_CPU);
	KTEST_EXPECT_EQ(audit_now().missing, 0);
	mmput(mm);
}

KTEST(pgsync, audit_finds_a_changed_address)
{
	struct mm_struct *mm = mm_pinned();
	struct pgsync_audit result = audit_with(mm, mm->root->pgd[DIRECT_MAP_SLOT] ^ PAGE_SIZE);

	KTEST_EXPECT_EQ(result.missing, 1);
	KTEST_EXPECT_EQ(result.first_slot, DIRECT_MAP_SLOT);
	mmput(mm);
}

KTEST(pgsync, audit_finds_a_changed_right)
{
	struct mm_struct *mm = mm_pinned();

	KTEST_EXPECT_EQ(audit_with(mm, mm->root->pgd[DIRECT_MAP_SLOT] ^ PTE_W).missing, 1);
	KTEST_EXPECT_EQ(audit_with(mm, mm->root->pgd[DIRECT_MAP_SLOT] ^ PTE_NX).missing, 1);
	mmput(mm);
}

/* What a root has and the reference has not: a slot of its own, or one that was taken back (I28). */
KTEST(pgsync, audit_finds_a_stray_slot)
{
	struct mm_struct *mm = mm_pinned();
	struct pgsync_audit result;

	if (skip_without_growth()) {
		mmput(mm);
		return;
	}
	WRITE_ONCE(mm->root->pgd[TEST_SLOT + 1], mm->root->pgd[DIRECT_MAP_SLOT]);
	result = audit_now();
	KTEST_EXPECT_EQ(result.stray, 1);
	KTEST_EXPECT_EQ(result.missing, 0);
	KTEST_EXPECT_EQ(result.first_slot, TEST_SLOT + 1);
	WRITE_ONCE(mm->root->pgd[TEST_SLOT + 1], 0);
	KTEST_EXPECT_EQ(audit_now().stray, 0);
	mmput(mm);
}

/* The processor sets it when it walks (I29). */
KTEST(pgsync, audit_ignores_the_accessed_bit)
{
	struct mm_struct *mm = mm_pinned();

	KTEST_EXPECT_EQ(audit_with(mm, mm->root->pgd[DIRECT_MAP_SLOT] ^ PTE_A).missing, 0);
	mmput(mm);
}

KTEST(pgsync, audit_names_slot_and_cpu)
{
	struct mm_struct *mm = mm_alloc();
	struct pgsync_audit result;
	struct actor a;

	actor_start(&a, (int)last_cpu());
	KTEST_EXPECT_EQ(grow_slot(TEST_SLOT + 3), 0);
	actor_run(&a, adopt_new_mm, mm);
	KTEST_EXPECT_EQ(audit_now().missing, 0);
	WRITE_ONCE(mm->root->pgd[TEST_SLOT + 3], 0);
	result = audit_now();
	KTEST_EXPECT_EQ(result.missing, !repairs_faults());
	if (!repairs_faults()) {
		KTEST_EXPECT_EQ(result.first_slot, TEST_SLOT + 3);
		KTEST_EXPECT_EQ(result.first_cpu, last_cpu());
	}
	WRITE_ONCE(mm->root->pgd[TEST_SLOT + 3], swapper_pg_dir[TEST_SLOT + 3]);
	actor_stop(&a);
	test_slots_reset();
}

/* The kernel half of a root that must not be loaded yet is nobody's business. */
KTEST(pgsync, audit_leaves_new_roots_alone)
{
	u64 roots = audit_now().roots;
	struct mm_struct *mm = mm_alloc();
	struct pgsync_audit result = audit_now();

	KTEST_EXPECT_EQ(result.roots, roots);
	KTEST_EXPECT_EQ(result.missing, 0);
	mmput(mm);
}
