/*
 * Interrupt vectors. 0 to 31 belong to the processor (SDM vol. 3A, 6.3.1); a higher number is a
 * higher priority in the local APIC.
 */
#ifndef ARCH_X86_VECTORS_H
#define ARCH_X86_VECTORS_H

#define VECTOR_DEBUG         1
#define VECTOR_NMI           2
#define VECTOR_BREAKPOINT    3
#define VECTOR_OVERFLOW      4
#define VECTOR_INVALID_OP    6
#define VECTOR_DOUBLE_FAULT  8
#define VECTOR_GP            13
#define VECTOR_PAGE_FAULT    14
#define VECTOR_MACHINE_CHECK 18

#define VECTOR_PIC      0x20 /* .. 0x2f: the masked 8259s' spurious interrupts */
#define VECTOR_SCI      0x30 /* the platform's events (ACPI) */
#define VECTOR_DEVICE   0x40 /* .. 0xbf: the lines of arch/irq.h */
#define VECTOR_TIMER    0xf0
#define VECTOR_RESCHED  0xf1 /* look at need_resched */
#define VECTOR_CALL     0xf2 /* TLB shootdown, call function */
#define VECTOR_STOP     0xf3
#define VECTOR_SPURIOUS 0xff /* no end-of-interrupt for this one */

#define NR_VECTORS 256

#endif
