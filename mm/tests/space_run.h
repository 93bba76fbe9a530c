/*
 * What the property tests of address spaces share: the run, the record of what was done last, and
 * allocations that fail.
 *
 *	run_spaces()		main(): random steps on random spaces
 *	note()			what is called now
 *	maybe_fail()		now and then an allocation of this call shall fail
 *	expect()		judges its result
 *
 * SPACE_SEED=N repeats a run, SPACE_STEPS=N makes it longer, SPACE_CHECK=1 looks inside after each
 * step. A failure says seed and step, and the last calls.
 */
#ifndef MM_TESTS_SPACE_RUN_H
#define MM_TESTS_SPACE_RUN_H

#include "mm/tests/space_model.h"

#define LIDS (64 * PAGE_SIZE) /* below the window; above it, all that there is */

/*
 * Boots the machine and does `steps` steps, each on a space that lives; one at least does. new_space()
 * maps what is in a space from the start, whose lids are there. at_end() looks at what is left when no
 * space is. Returns the exit status.
 */
int run_spaces(unsigned long steps, void (*new_space)(struct space *s),
	       void (*one_step)(struct space *s), void (*at_end)(void));

void note(const struct space *s, const char *name, unsigned long a, unsigned long b,
	  unsigned long c, unsigned long d);

void maybe_fail(void);

/* After all not. */
void must_not_fail(void);

/* Whether the allocation that was to fail has failed, since maybe_fail(). */
bool has_failed(void);

/*
 * Compares a result. True: the call has done its work. False: it was refused, rightly. When an
 * allocation was made to fail, -ENOMEM is right too, and -EAGAIN, which is madvise()'s word for it.
 */
bool expect(struct space *s, long got, long want);

/* Steps that need no more than a space. */
void step_fork(struct space *s);
void step_exit(struct space *s);

/* Pages of the window. */
struct range {
	unsigned int from, n;
};

/*
 * Where `n` pages were placed by the kernel itself: true: in the window; else below its lower lid,
 * from where they are removed.
 */
bool in_window(struct space *s, long at, unsigned int n);

#endif
