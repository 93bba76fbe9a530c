/* host-test: mm/vma.c mm/mmap.c mm/mremap.c mm/advise.c mm/mlock.c mm/populate.c mm/fault.c
 * mm/huge.c mm/copy.c mm/limit.c mm/unmap.c mm/migrate.c mm/memobj.c mm/mm.c mm/pgtable.c mm/slab.c
 * mm/magazine.c mm/poison.c mm/buddy.c mm/zone.c mm/allocfail.c mm/memblock.c mm/memmap.c
 * kernel/base/avl.c tools/host/mm_host.c mm/tests/space_host.c mm/tests/space_model.c
 * mm/tests/space_check.c mm/tests/space_run.c */
/*
 * Property test of address spaces: random calls on several of them, the results and every page
 * compared with a model (space_model.h), and from time to time everything that must hold inside
 * (space_check.c). Sometimes an allocation fails: then the call says so and has changed nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/base/errno.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/migrate.h"
#include "mm/pgtable.h"
#include "mm/tests/space_check.h"
#include "mm/tests/space_host.h"
#include "mm/tests/space_run.h"
#include "mm/vma.h"

#define STEPS 1500000ul
#define RW    (VMA_READ | VMA_WRITE)
#define ANY   (MAP_PRIVATE | MAP_ANONYMOUS)

/* --- spaces --- */

/* A file's mapping and an empty heap. */
static void new_space(struct space *s)
{
	unsigned long file = page_va(2);
	const struct mm_segment segment = {
		.start = file,
		.end = file + (FILE_PAGES + 1) * PAGE_SIZE,
		.flags = RW,
		.obj = host_file_object,
		.obj_origin = file,
		.file_start = file,
		.file_end = file + (FILE_PAGES - 1) * PAGE_SIZE + FILE_TAIL,
	};

	/* One page more than the file has. */
	assert_int_equal(mm_map_segment(s->mm, &segment), 0);
	model_map(s, 2, FILE_PAGES + 1, FILE_, RW);
	s->brk = s->mm->brk = s->mm->brk_start = page_va(BRK_PAGE);
}

/* --- touches --- */

static void step_touch(struct space *s)
{
	static const unsigned long accesses[] = {0, FAULT_WRITE, FAULT_WRITE, FAULT_EXEC};
	unsigned long access = accesses[below(4)];
	unsigned int n = below(WINDOW);
	bool allowed = model_allows(s, n, access);
	long want = !allowed ? -EFAULT : model_behind_end(s, n) ? -ENXIO : 0;
	u64 *page = NULL;
	struct content content;

	note(s, "touch", n, access, 0, 0);
	maybe_fail();
	if (!expect(s, host_touch(s, n, access, &page), want))
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

/* --- mappings --- */

static struct range random_range(void)
{
	unsigned int from = below(WINDOW);

	return (struct range){from, 1 + below(MIN(WINDOW - from, 12))};
}

static void step_mmap(struct space *s)
{
	struct range r = random_range();
	u8 prot = (u8)below(8);
	enum kind kind = below(4) ? ANON : SHARED;
	unsigned long flags = MAP_ANONYMOUS | (kind == ANON ? MAP_PRIVATE : MAP_SHARED);
	bool busy = model_any(s, r.from, r.n, true);
	unsigned long hint = page_va(r.from);
	unsigned int at = r.from;
	long want, got;

	switch (below(4)) {
	case 0:
		flags |= MAP_FIXED;
		break;
	case 1:
		flags |= MAP_FIXED_NOREPLACE;
		break;
	case 2:
		hint = 0;
		/* fallthrough */
	default:
		at = hint && !busy ? r.from : model_gap(s, r.n);
	}
	flags |= below(8) ? 0 : MAP_POPULATE;
	want = flags & MAP_FIXED_NOREPLACE && busy ? -EEXIST : (long)page_va(at);
	note(s, "mmap", r.from, r.n, prot, flags);
	maybe_fail();
	got = do_mmap(s->mm, hint, r.n * PAGE_SIZE - below(PAGE_SIZE), prot, flags);
	if (at == WINDOW && got > 0)
		want = got;
	if (expect(s, got, want) && (at != WINDOW || in_window(s, got, r.n)))
		model_map(s, at, r.n, kind, prot);
}

static void step_munmap(struct space *s)
{
	struct range r = random_range();

	note(s, "munmap", r.from, r.n, 0, 0);
	maybe_fail();
	if (expect(s, do_munmap(s->mm, page_va(r.from), r.n * PAGE_SIZE - below(PAGE_SIZE)), 0))
		model_unmap(s, r.from, r.n);
}

static void step_mprotect(struct space *s)
{
	struct range r = random_range();
	u8 prot = (u8)below(8);
	int want = model_any(s, r.from, r.n, false) ? -ENOMEM : 0;

	note(s, "mprotect", r.from, r.n, prot, 0);
	maybe_fail();
	if (!expect(s, do_mprotect(s->mm, page_va(r.from), r.n * PAGE_SIZE, prot), want))
		return;
	for (unsigned int i = r.from; i < r.from + r.n; i++)
		s->page[i].prot = prot;
}

static void step_madvise(struct space *s)
{
	static const unsigned int advices[] = {MADV_DONTNEED, MADV_DONTNEED, MADV_FREE,
					       MADV_WILLNEED, 99};
	struct range r = random_range();
	unsigned int advice = advices[below(5)];
	int want = advice == 99 ? -EINVAL : 0;

	for (unsigned int i = r.from; i < r.from + r.n && want != -EINVAL; i++) {
		if (s->page[i].kind == HOLE)
			want = -ENOMEM;
		else if (advice == MADV_FREE && s->page[i].kind != ANON)
			want = -EINVAL;
		else if (advice == MADV_FREE || advice == MADV_DONTNEED)
			s->page[i].own = false;
	}
	note(s, "madvise", r.from, r.n, advice, 0);
	expect(s, do_madvise(s->mm, page_va(r.from), r.n * PAGE_SIZE, advice), want);
}

/* Whether the heap may end at `end`, where it ends at `now`: a page stays free above it. */
static bool heap_fits(const struct space *s, unsigned int now, unsigned int end)
{
	return end < WINDOW && !model_any(s, now, end + 1 - now, true);
}

static void step_brk(struct space *s)
{
	unsigned long brk = page_va(BRK_PAGE - 1) + below((WINDOW - BRK_PAGE + 1) * PAGE_SIZE);
	unsigned int now = (unsigned int)((ALIGN_UP(s->brk, PAGE_SIZE) - WINDOW_START) / PAGE_SIZE);
	unsigned int end = (unsigned int)((ALIGN_UP(brk, PAGE_SIZE) - WINDOW_START) / PAGE_SIZE);
	bool allowed = brk >= page_va(BRK_PAGE) && (end <= now || heap_fits(s, now, end));
	unsigned long got;

	note(s, "brk", end, brk % PAGE_SIZE, 0, 0);
	maybe_fail();
	got = do_brk(s->mm, brk);
	if (got == s->brk && allowed && brk != s->brk)
		got = (unsigned long)-ENOMEM; /* it only says so by not moving */
	if (!expect(s, (long)got, (long)(allowed ? brk : s->brk)) || !allowed)
		return;
	s->brk = brk;
	if (end < now)
		model_unmap(s, end, now - end);
	else if (end > now)
		model_map(s, now, end - now, ANON, RW);
}

/* Every page that is its own moves elsewhere, as before a removal of memory: nobody can tell. */
static void step_vacate(struct space *s)
{
	note(s, "vacate", 0, 0, 0, 0);
	maybe_fail();
	(void)expect(s, mm_vacate(s->mm, 0, ~0ul), 0);
}

/* --- mremap --- */

/* Pages from n on that are in the same mapping, by what the kernel has. */
static unsigned long mapped_run(struct space *s, unsigned int n)
{
	const struct vma *vma = find_vma(s->mm, page_va(n));

	return (vma->end - page_va(n)) / PAGE_SIZE;
}

struct remap_step {
	unsigned int from, old_n, new_n, to;
	unsigned long flags;
};

static long call_mremap(struct space *s, const struct remap_step *r, unsigned long to)
{
	return do_mremap(s->mm, page_va(r->from), r->old_n * PAGE_SIZE, r->new_n * PAGE_SIZE,
			 r->flags, to);
}

/* What of the old range is to be moved, and whether something remains of its mapping. */
static void model_remap_move(struct space *s, const struct remap_step *r, unsigned int to)
{
	unsigned int n = MIN(r->old_n, r->new_n);

	/* Of nothing: a second mapping of the same pages. */
	if (!n) {
		model_move(s, r->from, 1, to, true);
		n = 1;
	} else {
		model_move(s, r->from, n, to, r->flags & MREMAP_DONTUNMAP);
	}
	model_extend(s, to + n - 1, r->new_n - n);
}

/* To where the kernel chooses. */
static void remap_placed(struct space *s, const struct remap_step *r)
{
	unsigned int to = model_gap(s, r->new_n);
	long want = (long)page_va(to), got;

	got = call_mremap(s, r, 0);
	if (to == WINDOW && got > 0)
		want = got;
	if (!expect(s, got, want))
		return;
	if (to != WINDOW || in_window(s, got, r->new_n))
		model_remap_move(s, r, to);
	else if (r->flags & MREMAP_DONTUNMAP)
		for (unsigned int i = r->from; i < r->from + r->old_n; i++)
			s->page[i].own = false;
	else
		model_unmap(s, r->from, r->old_n);
}

/* What a refused move may have unmapped already, because it was told to. */
static void follow_unmapped(struct space *s, unsigned int from, unsigned int n)
{
	for (unsigned int i = from; i < from + n; i++) {
		const struct vma *vma = find_vma(s->mm, page_va(i));

		if (vma->start > page_va(i))
			model_unmap(s, i, 1);
	}
}

static void remap_fixed(struct space *s, const struct remap_step *r)
{
	unsigned int n = MIN(r->old_n, r->new_n);
	bool overlap = r->from < r->to + r->new_n && r->to < r->from + r->old_n, onto;
	bool several = n > mapped_run(s, r->from) && r->old_n == r->new_n;
	long want = (long)page_va(r->to), got;

	if (overlap)
		want = -EINVAL;
	else if (s->page[r->from].kind == HOLE)
		want = -EFAULT;
	else if (!n && s->page[r->from].kind != SHARED)
		want = -EINVAL;
	else if (n > mapped_run(s, r->from) && !several)
		want = -EFAULT;
	/* Some would have been moved. */
	if (several)
		must_not_fail();
	/* It goes where it is: what is there is removed first, and then it is not there. */
	onto = want > 0 && !n && r->to <= r->from && r->from < r->to + r->new_n;
	if (onto)
		want = -EFAULT;
	got = call_mremap(s, r, page_va(r->to));
	if (!expect(s, got, want)) {
		if (want > 0 || onto) {
			follow_unmapped(s, r->to, r->new_n);
			follow_unmapped(s, r->from + n, r->old_n - n);
		}
		return;
	}
	if (several) {
		model_move_several(s, r->from, n, r->to, r->flags & MREMAP_DONTUNMAP);
		return;
	}
	model_unmap(s, r->to, r->new_n);
	model_unmap(s, r->from + n, r->old_n - n);
	model_remap_move(s, r, r->to);
}

/* In place, or wherever it has room. */
static void remap_grow(struct space *s, const struct remap_step *r)
{
	unsigned long run = mapped_run(s, r->from);
	bool room = r->from + r->new_n <= WINDOW && r->old_n == run &&
		    !model_any(s, r->from + r->old_n, r->new_n - r->old_n, true);
	long got, want = page_va(r->from);

	if (!r->old_n && s->page[r->from].kind != SHARED)
		want = -EINVAL;
	else if (r->old_n > run)
		want = -EFAULT;
	else if (!room && !(r->flags & MREMAP_MAYMOVE))
		want = -ENOMEM;
	else if (!room) {
		remap_placed(s, r);
		return;
	}
	got = call_mremap(s, r, 0);
	if (expect(s, got, want))
		model_extend(s, r->from + r->old_n - 1, r->new_n - r->old_n);
}

static void remap_shrink(struct space *s, const struct remap_step *r)
{
	long got = call_mremap(s, r, 0);

	if (expect(s, got, (long)page_va(r->from)))
		model_unmap(s, r->from + r->new_n, r->old_n - r->new_n);
}

static void step_mremap(struct space *s)
{
	static const unsigned long flags[] = {0, MREMAP_MAYMOVE, MREMAP_MAYMOVE | MREMAP_FIXED,
					      MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
					      MREMAP_MAYMOVE | MREMAP_DONTUNMAP};
	struct range from = random_range(), to = random_range();
	struct remap_step r = {
		.from = from.from,
		.old_n = below(10) ? from.n : 0,
		.to = to.from,
		.new_n = to.n,
		.flags = flags[below(5)],
	};

	if (r.flags & MREMAP_DONTUNMAP) {
		r.old_n = from.n;
		r.new_n = MIN(from.n, WINDOW - r.to);
		r.old_n = r.new_n;
	}
	note(s, "mremap", r.from, r.old_n, r.new_n, r.flags << 32 | r.to);
	maybe_fail();
	if (r.flags & MREMAP_FIXED)
		remap_fixed(s, &r);
	else if (s->page[r.from].kind == HOLE)
		expect(s, call_mremap(s, &r, 0), -EFAULT);
	else if (r.flags & MREMAP_DONTUNMAP && r.old_n <= mapped_run(s, r.from))
		remap_placed(s, &r);
	else if (r.flags & MREMAP_DONTUNMAP)
		expect(s, call_mremap(s, &r, 0), -EFAULT);
	else if (r.new_n > r.old_n)
		remap_grow(s, &r);
	else
		remap_shrink(s, &r);
}

/* --- the run --- */

static void one_step(struct space *s)
{
	switch (below(40)) {
	case 0 ... 3:
		step_mmap(s);
		break;
	case 4 ... 5:
		step_munmap(s);
		break;
	case 6 ... 8:
		step_mprotect(s);
		break;
	case 9 ... 11:
		step_mremap(s);
		break;
	case 12:
		step_madvise(s);
		break;
	case 13:
		if (below(8))
			step_brk(s);
		else
			step_vacate(s);
		break;
	case 14:
		step_fork(s);
		break;
	case 15:
		if (!below(6))
			step_exit(s);
		break;
	default:
		step_touch(s);
	}
}

int main(void)
{
	return run_spaces(STEPS, new_space, one_step, check_constant_pages);
}
