/*
 * Descriptor tables: per-CPU GDT and TSS, one IDT for all.
 *
 * The selectors' order is what SYSCALL and SYSRET demand: STAR[47:32] = KERNEL_CS (SS is the next),
 * and STAR[63:48] = KERNEL_DS, from which SYSRET makes SS = USER_DS, CS = USER_CS (SDM vol. 2B,
 * SYSRET).
 */
#ifndef ARCH_X86_DESC_H
#define ARCH_X86_DESC_H

#include "arch/ioports.h"
#include "kernel/base/percpu.h"
#include "kernel/base/types.h"

#define SEL_KERNEL_CS 0x08
#define SEL_KERNEL_DS 0x10
#define SEL_USER_DS   0x1b
#define SEL_USER_CS   0x23
#define SEL_TSS       0x28

/*
 * Stacks of their own for the exceptions that may strike when the current one cannot be trusted.
 * Each is aligned to its size, and its highest word holds the CPU's own GS base, which the entry
 * code reads because GS may be the user's there (entry.asm knows the size too).
 */
#define IST_STACK_SIZE    8192
#define IST_DOUBLE_FAULT  1
#define IST_NMI           2
#define IST_MACHINE_CHECK 3
#define IST_STACKS        3
#define IST_STACKS_SIZE   (IST_STACKS * IST_STACK_SIZE)

#define IO_MAP_SIZE (IO_PORTS / 8) /* bytes */

/* SDM vol. 3A, 8.7: 64-bit task-state segment. */
struct tss {
	u32 reserved0;
	u64 rsp[3]; /* stacks for ring 0, 1, 2 */
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 iomap_base; /* where the I/O permission bitmap begins, or TSS_NO_IO_MAP (arch/ioports.h) */
	/* A port's bit and the next one are read as two bytes, so one more byte follows (SDM vol. 1, 19.5.2). */
	u8 io_map[IO_MAP_SIZE];
	u8 io_map_end; /* ones */
} __packed;

/* Behind the TSS's limit: no port for user mode. */
#define TSS_NO_IO_MAP ((u16)sizeof(struct tss))

DECLARE_PER_CPU(struct tss, cpu_tss);

/* Application CPU's exception stacks, IST_STACKS_SIZE bytes aligned to IST_STACK_SIZE; kept for
 * ever. */
void desc_set_ist_stacks(unsigned int cpu, void *mem);

/* Builds and loads the running CPU's GDT and TSS, loads the IDT. Keeps GS base. Interrupts off. */
void desc_init_cpu(unsigned int cpu);

/*
 * Panics unless all that the running CPU needs before it can handle a page fault lies in root slots
 * from birth: descriptor tables, exception stacks, per-CPU data, entry code (I30). After
 * pgsync_init().
 */
void desc_check_slots(unsigned int cpu);

/* Boot CPU, before the first desc_init_cpu(). */
void idt_init(void);

/* Whether `addr` lies on an exception stack of some CPU. Any context. */
bool desc_on_ist_stack(unsigned long addr);

#endif
