/* Cross-CPU calls, for the trap code. */
#ifndef ARCH_X86_CALL_H
#define ARCH_X86_CALL_H

#include "kernel/base/types.h"

/* VECTOR_CALL arrived. Interrupts off. */
void call_interrupt(void);

/* An NMI arrived. False: it is no call. */
bool call_nmi(void);

#endif
