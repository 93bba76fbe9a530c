/* Task contexts, the part that only arch/x86 uses. */
#ifndef ARCH_X86_THREAD_H
#define ARCH_X86_THREAD_H

#include "arch/thread.h"
#include "kernel/base/percpu.h"

/* Once, on the boot CPU, before the first task. */
void thread_init_boot(void);

/* Saves the running task's vector registers where a switch would; or gives it initial ones. */
void thread_save_fpu(struct thread *t);
void thread_reset_fpu(void);
/*
 * Loads an area of FPU_AREA_SIZE that user mode has written, or, if not `extended`, its first 512 bytes
 * alone. Components that are not there, and the header, are corrected in place; false, and nothing is
 * loaded: MXCSR has a bit that the processor refuses. `area` is aligned to 64.
 */
bool thread_load_fpu(u8 *area, bool extended);

#endif
