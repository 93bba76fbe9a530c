/* host-test: mm/vma.c mm/mmap.c mm/mremap.c mm/advise.c mm/mlock.c mm/populate.c mm/fault.c
 * mm/huge.c mm/copy.c mm/limit.c mm/unmap.c
 * mm/memobj.c mm/mm.c mm/pgtable.c mm/slab.c mm/magazine.c mm/poison.c mm/buddy.c mm/zone.c mm/allocfail.c
 * mm/memblock.c mm/memmap.c
 * kernel/base/avl.c tools/host/mm_host.c mm/tests/space_host.c mm/tests/space_model.c
 * mm/tests/space_check.c mm/tests/space_run.c
 * cflags: -DWINDOW=2048u */
/*
 * Property test of huge pages: what space_test.c does with a window of a few tables, on private
 * memory in a window of four huge pages: advice and MAP_HUGETLB, splits by whatever may split, forks
 * of all that. Each step is a call on a range whose ends are most often at or beside a border of huge
 * pages.
 *
 * SPACE_SEED=, SPACE_STEPS=, SPACE_CHECK=: see space_run.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/base/errno.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/huge.h"
#include "mm/tests/space_check.h"
#include "mm/tests/space_host.h"
#include "mm/tests/space_run.h"
#include "mm/vma.h"

#define STEPS 60000ul
#define SPANS (WINDOW / HUGE_PAGES)
#define RW    (VMA_READ | VMA_WRITE)
#define ANY   (MAP_PRIVATE | MAP_ANONYMOUS)

static unsigned long kept, divided; /* huge pages, by moves */

static void new_space(struct space *s)
{
	assert_int_equal(do_mmap(s->mm, page_va(0), WINDOW * PAGE_SIZE, RW, ANY | MAP_FIXED),
			 page_va(0));
	assert_int_equal(do_madvise(s->mm, page_va(0), WINDOW * PAGE_SIZE, MADV_HUGEPAGE), 0);
	model_map(s, 0, WINDOW, ANON, RW);
	for (unsigned int n = 0; n < WINDOW; n++)
		s->page[n].advised = true;
}

/* --- ranges --- */

/* A border of huge pages, one of its neighbours, or any page. */
static unsigned int random_border(void)
{
	unsigned int border = below(SPANS + 1) * HUGE_PAGES;

	switch (below(8)) {
	case 0 ... 3:
		return border;
	case 4:
		return border ? border - 1 : 1;
	case 5:
		return border < WINDOW ? border + 1 : WINDOW - 1;
	default:
		return below(WINDOW);
	}
}

static struct range random_range(void)
{
	unsigned int a = random_border(), b = below(4) ? random_border() : a + 1 + below(3);

	b = MIN(b, WINDOW);
	if (a == b)
		return (struct range){a ? a - 1 : 0, 1};
	return (struct range){MIN(a, b), MAX(a, b) - MIN(a, b)};
}

static struct range random_span(void)
{
	unsigned int from = below(SPANS);

	return (struct range){from * HUGE_PAGES, (1 + below(SPANS - from)) * HUGE_PAGES};
}

/* Whether page n is in the middle of a huge page of MAP_HUGETLB. */
static bool cuts(const struct space *s, unsigned int n)
{
	return n < WINDOW && n % HUGE_PAGES && s->page[n].hugetlb;
}

static bool range_cuts(const struct space *s, struct range r)
{
	return cuts(s, r.from) || cuts(s, r.from + r.n);
}

/* Pages from n on that are in the same mapping, by what the kernel has. */
static unsigned long mapped_run(struct space *s, unsigned int n)
{
	const struct vma *vma = find_vma(s->mm, page_va(n));

	return vma->start > page_va(n) ? 0 : (vma->end - page_va(n)) / PAGE_SIZE;
}

/* --- touches --- */

/* MAP_HUGETLB is served where there is a block, and nowhere else. */
static bool no_block(const struct space *s, unsigned int n, long got)
{
	struct page *block;

	if (got != -ENXIO || !s->page[n].hugetlb)
		return false;
	if (has_failed())
		return true;
	alloc_fail_nth(0);
	block = alloc_pages(HUGE_ORDER, GFP_KERNEL);
	if (block)
		free_pages(block, HUGE_ORDER);
	return !block;
}

static void step_touch(struct space *s)
{
	static const unsigned long accesses[] = {0, FAULT_WRITE, FAULT_WRITE, FAULT_EXEC};
	unsigned long access = accesses[below(4)];
	unsigned int n = below(2) ? below(WINDOW) : random_range().from;
	struct content content;
	u64 *page = NULL;
	long got;

	note(s, "touch", n, access, 0, 0);
	maybe_fail();
	got = host_touch(s, n, access, &page);
	if (no_block(s, n, got)) {
		expect(s, -ENXIO, -ENXIO);
		return;
	}
	if (!expect(s, got, model_allows(s, n, access) ? 0 : -EFAULT))
		return;
	content = model_read(s, n);
	assert_int_equal(page[0], content.first);
	assert_int_equal(page[PT_ENTRIES - 1], content.last);
	if (access != FAULT_WRITE)
		return;
	content = (struct content){random_word(), random_word()};
	page[0] = content.first;
	page[PT_ENTRIES - 1] = content.last;
	model_write(s, n, content);
}

/* --- advice --- */

/* Of one mapping only an allocation may fail: of several, some would have been done. */
static void fail_if_one(struct space *s, struct range r)
{
	if (mapped_run(s, r.from) >= r.n)
		maybe_fail();
}

static void advise_discard(struct space *s, struct range r, unsigned int advice)
{
	unsigned int end = r.from + r.n;
	int want = 0;

	note(s, "discard", r.from, r.n, advice, 0);
	fail_if_one(s, r);
	/* Of MAP_HUGETLB whole pages: from one on, and not the last in part. */
	if (cuts(s, r.from))
		want = -EINVAL;
	if (cuts(s, end))
		end = ALIGN_DOWN(end, HUGE_PAGES);
	for (unsigned int i = r.from; i < r.from + r.n && want != -EINVAL; i++)
		if (s->page[i].kind == HOLE)
			want = -ENOMEM;
		else if (advice == MADV_FREE && s->page[i].hugetlb)
			want = -EINVAL;
	if (!expect(s, do_madvise(s->mm, page_va(r.from), r.n * PAGE_SIZE, advice), want) &&
	    want != -ENOMEM && !(want == -EINVAL && !cuts(s, r.from)))
		return;
	for (unsigned int i = r.from; i < end; i++) {
		if (advice == MADV_FREE && s->page[i].hugetlb)
			return;
		s->page[i].own = false;
	}
}

static void advise_huge(struct space *s, struct range r, bool wanted)
{
	int want = model_any(s, r.from, r.n, false) ? -ENOMEM : 0;

	/* Refused in the middle, some would have been done: that is user/tests/hugepage.c's. */
	if (range_cuts(s, r))
		return;
	note(s, wanted ? "hugepage" : "nohugepage", r.from, r.n, 0, 0);
	fail_if_one(s, r);
	if (!expect(s,
		    do_madvise(s->mm, page_va(r.from), r.n * PAGE_SIZE,
			       wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE),
		    want) &&
	    !want)
		return;
	for (unsigned int i = r.from; i < r.from + r.n; i++)
		if (s->page[i].kind != HOLE)
			s->page[i].advised = wanted;
}

static void step_madvise(struct space *s)
{
	struct range r = random_range();

	switch (below(4)) {
	case 0:
		advise_huge(s, r, false);
		break;
	case 1:
		advise_discard(s, r, MADV_FREE);
		break;
	case 2:
		advise_discard(s, r, MADV_DONTNEED);
		break;
	default:
		advise_huge(s, r, true);
	}
}

/* --- mappings --- */

static void step_mmap(struct space *s)
{
	bool hugetlb = !below(6);
	struct range r = below(8) ? random_span() : random_range();
	unsigned long flags = ANY | MAP_FIXED | (hugetlb ? MAP_HUGETLB : 0);
	u8 prot = below(3) ? RW : (u8)below(8);
	size_t len = r.n * PAGE_SIZE;
	long want = (long)page_va(r.from);

	if (hugetlb && r.from % HUGE_PAGES)
		want = -EINVAL;
	if (hugetlb)
		r.n = ALIGN_UP(r.n, HUGE_PAGES);
	if (want > 0 && range_cuts(s, r))
		want = -EINVAL;
	flags |= below(8) ? 0 : MAP_POPULATE;
	note(s, "mmap", r.from, r.n, prot, flags);
	maybe_fail();
	if (!expect(s, do_mmap(s->mm, page_va(r.from), len, prot, flags), want))
		return;
	model_map(s, r.from, r.n, ANON, prot);
	for (unsigned int i = r.from; i < r.from + r.n; i++)
		s->page[i].hugetlb = hugetlb;
	if (!hugetlb && below(4))
		advise_huge(s, r, true);
}

static void step_munmap(struct space *s)
{
	struct range r = random_range();
	int want = range_cuts(s, r) ? -EINVAL : 0;

	note(s, "munmap", r.from, r.n, 0, 0);
	maybe_fail();
	if (expect(s, do_munmap(s->mm, page_va(r.from), r.n * PAGE_SIZE), want))
		model_unmap(s, r.from, r.n);
}

static void step_mprotect(struct space *s)
{
	struct range r = random_range();
	u8 prot = below(3) ? RW : (u8)below(8);
	int want = range_cuts(s, r) ? -EINVAL : 0;

	if (model_any(s, r.from, r.n, false))
		want = -ENOMEM;
	note(s, "mprotect", r.from, r.n, prot, 0);
	maybe_fail();
	if (!expect(s, do_mprotect(s->mm, page_va(r.from), r.n * PAGE_SIZE, prot), want))
		return;
	for (unsigned int i = r.from; i < r.from + r.n; i++)
		s->page[i].prot = prot;
}

/* --- mremap, to a place or to wherever there is one --- */

/* A move to a place that changes no length may be of several mappings. */
static bool several(struct space *s, struct range from, struct range to, unsigned long flags)
{
	return flags & MREMAP_FIXED && from.n == to.n && from.n > mapped_run(s, from.from);
}

static bool any_hugetlb(const struct space *s, struct range r)
{
	for (unsigned int i = r.from; i < r.from + r.n; i++)
		if (s->page[i].hugetlb)
			return true;
	return false;
}

/* What it is refused for, or 0. The lengths are as the kernel rounds them. */
static long remap_refused(struct space *s, struct range from, struct range to, unsigned long flags)
{
	unsigned int n = MIN(from.n, to.n);
	bool fixed = flags & MREMAP_FIXED;

	if (fixed && from.from < to.from + to.n && to.from < from.from + from.n)
		return -EINVAL;
	if (s->page[from.from].kind == HOLE)
		return -EFAULT;
	if (s->page[from.from].hugetlb &&
	    (from.from % HUGE_PAGES || to.n > from.n || flags & MREMAP_DONTUNMAP ||
	     (fixed && to.from % HUGE_PAGES)))
		return -EINVAL;
	if (several(s, from, to, flags))
		return 0;
	return n > mapped_run(s, from.from) ? -EFAULT : 0;
}

static void model_remap(struct space *s, struct range from, struct range to, unsigned long flags)
{
	unsigned int n = MIN(from.n, to.n);

	model_unmap(s, to.from, to.n);
	if (from.n > n)
		model_unmap(s, from.from + n, from.n - n);
	model_move(s, from.from, n, to.from, flags & MREMAP_DONTUNMAP);
	model_extend(s, to.from + n - 1, to.n - n);
}

static bool is_huge(struct space *s, unsigned int n)
{
	unsigned int level;

	return pt_leaf(s->mm->root->pgd, page_va(n), &level) && level == HUGE_LEVEL;
}

static void step_remap_fixed(struct space *s, struct range from, struct range to)
{
	unsigned long flags = MREMAP_MAYMOVE | MREMAP_FIXED | (below(4) ? 0 : MREMAP_DONTUNMAP);
	bool many, was_huge, in_step = (to.from - from.from) % HUGE_PAGES == 0;
	long want;

	if (flags & MREMAP_DONTUNMAP)
		to.n = from.n = MIN(from.n, to.n);
	if (s->page[from.from].hugetlb) {
		from.n = ALIGN_UP(from.n, HUGE_PAGES);
		to.n = ALIGN_UP(to.n, HUGE_PAGES);
	}
	if (from.from + from.n > WINDOW || to.from + to.n > WINDOW)
		return;
	want = remap_refused(s, from, to, flags);
	/* What is in the way, or behind, and cannot be divided: refused when some is gone already. */
	if (!want && (range_cuts(s, to) || cuts(s, from.from + from.n)))
		return;
	/* Half of it would have been done. */
	many = !want && several(s, from, to, flags);
	if (many && (any_hugetlb(s, from) || any_hugetlb(s, to)))
		return;
	was_huge = from.from % HUGE_PAGES == 0 && MIN(from.n, to.n) >= HUGE_PAGES &&
		   is_huge(s, from.from);
	note(s, "mremap fixed", from.from, from.n, to.n, flags << 32 | to.from);
	if (!want && !many)
		maybe_fail();
	if (!expect(s,
		    do_mremap(s->mm, page_va(from.from), from.n * PAGE_SIZE, to.n * PAGE_SIZE,
			      flags, page_va(to.from)),
		    want ? want : (long)page_va(to.from))) {
		/* Out of memory: the place and what was behind may be empty already. */
		for (unsigned int i = 0; i < WINDOW && !want; i++)
			if (find_vma(s->mm, page_va(i))->start > page_va(i))
				model_unmap(s, i, 1);
		return;
	}
	if (many)
		model_move_several(s, from.from, from.n, to.from, flags & MREMAP_DONTUNMAP);
	else
		model_remap(s, from, to, flags);
	if (was_huge) {
		assert_int_equal(is_huge(s, to.from), in_step);
		kept += in_step;
		divided += !in_step;
	}
}

/* It is placed by the kernel, if it must move: where that is, only has to be free. */
static void step_remap_placed(struct space *s, struct range from, unsigned int new_n)
{
	struct range to = {from.from, new_n};
	unsigned int n = MIN(from.n, new_n);
	long want, got;

	if (s->page[from.from].hugetlb || cuts(s, from.from + n) || cuts(s, from.from + from.n))
		return;
	/* What becomes shorter may be several mappings. */
	if (new_n > from.n)
		want = remap_refused(s, from, to, 0);
	else
		want = s->page[from.from].kind == HOLE ? -EFAULT : 0;
	note(s, "mremap", from.from, from.n, new_n, MREMAP_MAYMOVE);
	if (!want)
		maybe_fail();
	got = do_mremap(s->mm, page_va(from.from), from.n * PAGE_SIZE, new_n * PAGE_SIZE,
			MREMAP_MAYMOVE, 0);
	if (!expect(s, got, want ? want : got > 0 ? got : 0))
		return;
	to.from = (unsigned int)(((unsigned long)got - WINDOW_START) / PAGE_SIZE);
	if (new_n <= from.n) {
		assert_int_equal(got, page_va(from.from));
		model_unmap(s, from.from + n, from.n - n);
	} else if (got == (long)page_va(from.from)) {
		assert_false(model_any(s, from.from + n, new_n - n, true));
		model_extend(s, from.from + n - 1, new_n - n);
	} else if (in_window(s, got, new_n)) {
		assert_false(model_any(s, to.from, new_n, true));
		model_remap(s, from, to, 0);
	} else {
		model_unmap(s, from.from, from.n);
	}
}

static void step_mremap(struct space *s)
{
	struct range from = below(2) ? random_span() : random_range();
	struct range to = below(2) ? random_span() : random_range();

	if (below(3))
		step_remap_fixed(s, from, to);
	else
		step_remap_placed(s, from, to.n);
}

/* --- the run --- */

static void one_step(struct space *s)
{
	switch (below(40)) {
	case 0 ... 3:
		step_mmap(s);
		break;
	case 39:
		step_munmap(s);
		break;
	case 4 ... 5:
		step_mprotect(s);
		break;
	case 6 ... 7:
		step_mremap(s);
		break;
	case 8 ... 11:
		step_madvise(s);
		break;
	case 12:
		step_fork(s);
		break;
	case 13:
		if (!below(4))
			step_exit(s);
		break;
	default:
		step_touch(s);
	}
}

/* That it was about huge pages at all. */
static void at_end(void)
{
	assert_true(huge_pages_seen() > 0 && kept > 0 && divided > 0);
}

int main(void)
{
	return run_spaces(STEPS, new_space, one_step, at_end);
}
