/*
 * What mm/mm.c is linked with and the scenarios never call: user mappings, sleeping, preemption.
 * Without the headers, for the types do not matter.
 */
#include "tools/pgmodel/model.h"

#define ABSENT(name)                                                                               \
	void name(void);                                                                           \
	void name(void)                                                                            \
	{                                                                                          \
		model_fail(#name "() is not modelled");                                            \
	}
ABSENT(preempt_schedule)
ABSENT(unmap_pages_dead)
ABSENT(vma_free)
ABSENT(mutex_lock_slow)
ABSENT(wake_up)
