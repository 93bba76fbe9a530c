/*
 * How allocations fail: for want of memory, or because a test wants it so.
 *
 *	alloc_fail_nth(n)		the running task's n-th allocation from now on fails
 *	alloc_fail_left()		how many are left until then
 *	alloc_should_fail()		for the allocators: every allocation asks once
 *	alloc_exhausted()		whether the last failure was for want of memory
 *
 * Pages and slab objects are what there is to ask for: everything else, page tables, stacks,
 * roots, vmalloc ranges, is made of them once the caches in front are empty (kernel/drain.h). An
 * object that needs a new slab asks twice. Each task is counted for itself, so that what other CPUs
 * do makes no difference: the same calls in the same state meet the same n.
 *
 * Both builds have it, so that what is tested is what is shipped. Off, it costs one test of a
 * variable that nobody writes.
 */
#ifndef MM_ALLOCFAIL_H
#define MM_ALLOCFAIL_H

#include "kernel/base/atomic.h"
#include "kernel/base/compiler.h"
#include "kernel/base/types.h"

/* One for each task, written by that task only. */
struct alloc_failure {
	s32 nth;        /* allocations until one is made to fail, that one included; 0: none is */
	bool exhausted; /* the last failure was for want of memory; until alloc_exhausted() */
};

/* The running task's. Implemented by the kernel, which knows tasks. */
struct alloc_failure *current_alloc_failure(void);

/* Tasks that have one to fail. A */
extern u32 alloc_fail_armed;

/* n > 0: the n-th allocation of the running task from now on fails, and only that one; 0: none. */
void alloc_fail_nth(s32 n);

/* Allocations until one fails; 0: it has failed, or none was to. */
static inline s32 alloc_fail_left(void)
{
	return current_alloc_failure()->nth;
}

bool alloc_fail_hit(void);

static inline bool alloc_should_fail(void)
{
	return unlikely(READ_ONCE(alloc_fail_armed)) && alloc_fail_hit();
}

/* For the allocators: there is no memory for the running task. Returns NULL, as they do. */
void *alloc_note_exhausted(void);

/*
 * Whether the last allocation of the running task that failed did so for want of memory, and not
 * because a test wanted it. True once.
 */
bool alloc_exhausted(void);

/* The running task ends. */
static inline void alloc_fail_exit(void)
{
	if (unlikely(READ_ONCE(alloc_fail_armed)))
		alloc_fail_nth(0);
}

#endif
