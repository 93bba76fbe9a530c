/*
 * Out of memory: what is done about it. Declared for mm, which knows when; implemented by
 * kernel/oom.c, which knows tasks.
 *
 *	memory_reclaim()	a system call has failed: what is cached goes back; try once more?
 *	out_of_memory()		a page fault has failed: as well, and if that is not enough a
 *				process is killed, and its memory waited for; try again?
 *
 * Allocators never wait: they return NULL, in whatever context they were called, and whoever called
 * them gives back what it has and reports -ENOMEM. It is at the top of a system call or fault, where
 * nothing is locked and nothing half done, that these two are asked. So nobody who waits for memory
 * holds what a dying process needs in order to die, and no allocator needs to know who may sleep.
 *
 * Both may sleep. Process context, no locks, not in an RCU read section. False, too, when the
 * allocation was made to fail by a test (mm/allocfail.h) or when the running task must die itself.
 */
#ifndef MM_OOM_H
#define MM_OOM_H

#include "kernel/base/types.h"

bool memory_reclaim(void);
bool out_of_memory(void);

#endif
