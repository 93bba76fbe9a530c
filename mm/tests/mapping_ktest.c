/*
 * Mappings against a model: thousands of random mmap, munmap, mprotect and touches on a window of
 * 64 pages, each result and the whole list of mappings compared with an array that holds the rights
 * of each page. Then the refusals, by Linux's errnos (man 2 mmap, mprotect, munmap).
 */
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/base/string.h"
#include "mm/buddy.h"
#include "mm/tests/check_ktest.h"

#define PAGES    64
#define BASE     (GiB(1) - PAGES / 2 * PAGE_SIZE) /* over a border of tables at two levels */
#define UNMAPPED 0xff
#define STEPS    4000

/* What is to be in each page of the window. */
static struct {
	u8 prot[PAGES]; /* or UNMAPPED */
	bool touched[PAGES];
	u64 value[PAGES]; /* its first word, when touched */
} model;

static unsigned long page_va(unsigned int n)
{
	return BASE + n * PAGE_SIZE;
}

static void model_clear(unsigned int from, unsigned int n, u8 prot)
{
	for (unsigned int i = from; i < from + n; i++) {
		model.prot[i] = prot;
		model.touched[i] = false;
		model.value[i] = 0;
	}
}

static bool model_any(unsigned int from, unsigned int n, bool mapped)
{
	for (unsigned int i = from; i < from + n; i++)
		if ((model.prot[i] != UNMAPPED) == mapped)
			return true;
	return false;
}

static void step_map(struct mm_struct *mm, unsigned int from, unsigned int n, u8 prot)
{
	unsigned long flags = MAP_PRIVATE | MAP_ANONYMOUS;

	if (ktest_random() % 2) {
		long want = model_any(from, n, true) ? -EEXIST : (long)page_va(from);

		KTEST_EXPECT_EQ(do_mmap(mm, page_va(from), n * PAGE_SIZE, prot,
					flags | MAP_FIXED_NOREPLACE),
				want);
		if (want < 0)
			return;
	} else {
		KTEST_EXPECT_EQ(
			do_mmap(mm, page_va(from), n * PAGE_SIZE - 5, prot, flags | MAP_FIXED),
			page_va(from));
	}
	model_clear(from, n, prot);
}

static void step_protect(struct mm_struct *mm, unsigned int from, unsigned int n, u8 prot)
{
	int want = model_any(from, n, false) ? -ENOMEM : 0;

	KTEST_EXPECT_EQ(do_mprotect(mm, page_va(from), n * PAGE_SIZE - 1, prot), want);
	for (unsigned int i = from; !want && i < from + n; i++)
		model.prot[i] = prot;
}

static bool model_allows(unsigned int n, unsigned long access)
{
	if (model.prot[n] == UNMAPPED)
		return false;
	return access == FAULT_WRITE  ? model.prot[n] & VMA_WRITE
	       : access == FAULT_EXEC ? model.prot[n] & VMA_EXEC
				      : model.prot[n] != 0;
}

static void step_touch(struct mm_struct *mm, unsigned int n)
{
	static const unsigned long accesses[] = {0, FAULT_WRITE, FAULT_WRITE, FAULT_EXEC};
	unsigned long access = accesses[ktest_random() % 4];
	int want = model_allows(n, access) ? 0 : -EFAULT;
	u64 *page;

	KTEST_EXPECT_EQ(mm_fault(mm, page_va(n) + ktest_random() % PAGE_SIZE, access), want);
	if (want)
		return;
	model.touched[n] = true;
	page = mm_page_address(mm, page_va(n));
	KTEST_EXPECT(page);
	if (!page)
		return;
	KTEST_EXPECT_EQ(*page, model.value[n]);
	if (access == FAULT_WRITE) {
		KTEST_EXPECT(pte_writable(entry_of(mm, page_va(n))));
		*page = model.value[n] = ktest_random();
	}
}

static void step(struct mm_struct *mm)
{
	unsigned int from = (unsigned int)(ktest_random() % PAGES);
	unsigned int n = 1 + (unsigned int)(ktest_random() % MIN(PAGES - from, 12));
	u8 prot = (u8)(ktest_random() % 8);

	switch (ktest_random() % 8) {
	case 0:
	case 1:
		step_map(mm, from, n, prot);
		break;
	case 2:
		KTEST_EXPECT_EQ(do_munmap(mm, page_va(from), n * PAGE_SIZE - 7), 0);
		model_clear(from, n, UNMAPPED);
		break;
	case 3:
		step_protect(mm, from, n, prot);
		break;
	default:
		step_touch(mm, from);
	}
}

/* The mapping that find_vma() must give for page n, by the model: its borders. */
static void expect_mapping_of(struct mm_struct *mm, unsigned int n)
{
	unsigned int first = n, end;
	const struct vma *vma;

	while (first < PAGES && model.prot[first] == UNMAPPED)
		first++;
	vma = find_vma(mm, page_va(n) + 1);
	KTEST_EXPECT_EQ(vma != NULL, first < PAGES);
	if (!vma || first == PAGES)
		return;
	for (end = first; end < PAGES && model.prot[end] == model.prot[first]; end++)
		;
	while (first > 0 && model.prot[first - 1] == model.prot[first])
		first--;
	KTEST_EXPECT_EQ(vma->start, page_va(first));
	KTEST_EXPECT_EQ(vma->end, page_va(end));
	KTEST_EXPECT_EQ(vma->flags, model.prot[first]);
}

static void expect_model(struct mm_struct *mm)
{
	unsigned int touched = 0;

	mutex_lock(&mm->mmap_lock);
	for (unsigned int n = 0; n < PAGES; n++) {
		expect_mapping_of(mm, (n * 37) % PAGES);
		touched += model.touched[n];
		KTEST_EXPECT_EQ(pte_present(entry_of(mm, page_va(n))), model.touched[n]);
	}
	mutex_unlock(&mm->mmap_lock);
	KTEST_EXPECT_EQ(mm->resident, touched);
}

KTEST(mapping, random_steps_agree_with_the_model)
{
	u64 before = drained_pages();
	struct mm_struct *mm = mm_alloc();

	KTEST_EXPECT(mm);
	if (!mm)
		return;
	model_clear(0, PAGES, UNMAPPED);
	for (unsigned int i = 0; i < STEPS; i++) {
		step(mm);
		expect_model(mm);
		if (i % 64 == 0)
			expect_sound_mm(mm);
	}
	expect_sound_mm(mm);
	mmput(mm);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

KTEST(mapping, refusals)
{
	const unsigned long anon = MAP_PRIVATE | MAP_ANONYMOUS, fixed = anon | MAP_FIXED;
	struct mm_struct *mm = mm_alloc();

	KTEST_EXPECT(mm);
	if (!mm)
		return;
	KTEST_EXPECT_EQ(map_fixed(mm, BASE, 4, VMA_READ), BASE);
	KTEST_EXPECT_EQ(do_mmap(mm, 0, 0, VMA_READ, anon), -EINVAL);
	KTEST_EXPECT_EQ(do_mmap(mm, 0, PAGE_SIZE, VMA_READ, MAP_ANONYMOUS), -EINVAL);
	KTEST_EXPECT_EQ(do_mmap(mm, 0, USER_END + 1, VMA_READ, anon), -ENOMEM);
	KTEST_EXPECT_EQ(do_mmap(mm, 0, ~0UL, VMA_READ, anon), -ENOMEM);
	KTEST_EXPECT_EQ(do_mmap(mm, BASE + 1, PAGE_SIZE, VMA_READ, fixed), -EINVAL);
	KTEST_EXPECT_EQ(do_mmap(mm, USER_END, PAGE_SIZE, VMA_READ, fixed), -ENOMEM);
	KTEST_EXPECT_EQ(do_mmap(mm, USER_END - PAGE_SIZE, 2 * PAGE_SIZE, VMA_READ, fixed), -ENOMEM);
	KTEST_EXPECT_EQ(do_mmap(mm, PAGE_OFFSET, PAGE_SIZE, VMA_READ, fixed), -ENOMEM);
	KTEST_EXPECT_EQ(do_mmap(mm, 0, PAGE_SIZE, VMA_READ, fixed), -EPERM);
	KTEST_EXPECT_EQ(do_mmap(mm, BASE, 1, VMA_READ, anon | MAP_FIXED_NOREPLACE), -EEXIST);

	KTEST_EXPECT_EQ(do_munmap(mm, BASE, 0), -EINVAL);
	KTEST_EXPECT_EQ(do_munmap(mm, BASE + 1, PAGE_SIZE), -EINVAL);
	KTEST_EXPECT_EQ(do_munmap(mm, USER_END, PAGE_SIZE), -EINVAL);
	KTEST_EXPECT_EQ(do_munmap(mm, 0, ~0UL), -EINVAL);
	KTEST_EXPECT_EQ(do_munmap(mm, PAGE_OFFSET, PAGE_SIZE), -EINVAL);
	KTEST_EXPECT_EQ(do_munmap(mm, BASE + 8 * PAGE_SIZE, PAGE_SIZE), 0); /* nothing there */

	KTEST_EXPECT_EQ(do_mprotect(mm, BASE + 1, PAGE_SIZE, 0), -EINVAL);
	KTEST_EXPECT_EQ(do_mprotect(mm, BASE, PAGE_SIZE, 0x40), -EINVAL);
	KTEST_EXPECT_EQ(do_mprotect(mm, BASE, 0, 0), 0);
	KTEST_EXPECT_EQ(do_mprotect(mm, BASE, 5 * PAGE_SIZE, 0), -ENOMEM);
	KTEST_EXPECT_EQ(do_mprotect(mm, BASE, ~0UL, 0), -ENOMEM);
	KTEST_EXPECT_EQ(do_mprotect(mm, PAGE_OFFSET, PAGE_SIZE, VMA_READ), -ENOMEM);

	KTEST_EXPECT_EQ(mm_fault(mm, USER_END, 0), -EFAULT);
	KTEST_EXPECT_EQ(mm_fault(mm, PAGE_OFFSET, 0), -EFAULT);
	KTEST_EXPECT_EQ(mm_fault(mm, 0, 0), -EFAULT);
	/* Nothing of it has changed the one mapping there is. */
	mutex_lock(&mm->mmap_lock);
	KTEST_EXPECT_EQ(find_vma(mm, 0)->start, BASE);
	KTEST_EXPECT_EQ(find_vma(mm, 0)->end, BASE + 4 * PAGE_SIZE);
	KTEST_EXPECT(!find_vma(mm, BASE + 4 * PAGE_SIZE));
	mutex_unlock(&mm->mmap_lock);
	KTEST_EXPECT_EQ(mm->resident, 0);
	expect_sound_mm(mm);
	mmput(mm);
}
