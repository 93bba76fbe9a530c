/*
 * Starting one application CPU, for smp.c. The calls but ap_prepare() come in this order for a CPU,
 * by one caller at a time; ap_start(), which the CPU itself runs, is nobody's to call.
 */
#ifndef ARCH_X86_AP_H
#define ARCH_X86_AP_H

#include "kernel/base/types.h"

/* Boot CPU, on the reference root, CPUs numbered: the trampoline page, once. Panics when there is no room. */
void ap_prepare(void);

/*
 * INIT to a CPU that is not online; whatever it did before is over. -ENOMEM: no memory for its idle
 * task. ap_reset_delay() must come between this and ap_startup(), once for any number of CPUs.
 */
int ap_reset(unsigned int cpu);
void ap_reset_delay(void);

/*
 * A start-up interrupt, if the CPU has not answered one before. To be sent again after a while (SDM
 * vol. 3A, 9.4.4).
 */
void ap_startup(unsigned int cpu);

/* What a CPU has come to, and how that is called. It counts up. */
unsigned int ap_stage(unsigned int cpu);
const char *ap_stage_name(unsigned int cpu);

/* True: the CPU will not join any more. False: it has just done so, and is online at once. */
bool ap_give_up(unsigned int cpu);

#endif
