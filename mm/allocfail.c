/* How allocations fail: see allocfail.h. */
#include "mm/allocfail.h"

u32 alloc_fail_armed;

static void count_armed(bool was, bool is)
{
	if (was != is)
		(void)atomic_add_return(&alloc_fail_armed, is ? 1u : -1u);
}

void alloc_fail_nth(s32 n)
{
	struct alloc_failure *f = current_alloc_failure();

	count_armed(f->nth, n);
	f->nth = n;
}

noinline bool alloc_fail_hit(void)
{
	struct alloc_failure *f = current_alloc_failure();

	if (!f->nth || --f->nth)
		return false;
	count_armed(true, false);
	f->exhausted = false;
	return true;
}

noinline void *alloc_note_exhausted(void)
{
	current_alloc_failure()->exhausted = true;
	return NULL;
}

bool alloc_exhausted(void)
{
	struct alloc_failure *f = current_alloc_failure();
	bool exhausted = f->exhausted;

	f->exhausted = false;
	return exhausted;
}
