/* Cross-CPU calls, for the trap code. */
#ifndef ARCH_X86_CALL_H
#define ARCH_X86_CALL_H

/* VECTOR_CALL arrived. Interrupts off. */
void call_interrupt(void);

#endif
