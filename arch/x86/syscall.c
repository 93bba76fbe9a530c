/* System calls: the machine's side. The table is kernel/syscall_table.c. */
#include "arch/syscall.h"

#include "arch/cpu.h"
#include "arch/trap.h"
#include "arch/x86/cpu_regs.h"
#include "arch/x86/desc.h"
#include "arch/x86/regs.h"

/* RFLAGS bits that SYSCALL clears: TF, IF, DF, NT, AC. */
#define SYSCALL_RFLAGS_MASK 0x44700UL

void syscall_entry(void);
long syscall_other(struct regs *regs);

void syscall_init_cpu(void)
{
	wrmsr(MSR_STAR, (u64)SEL_KERNEL_CS << 32 | (u64)SEL_KERNEL_DS << 48);
	wrmsr(MSR_LSTAR, (u64)syscall_entry);
	wrmsr(MSR_SFMASK, SYSCALL_RFLAGS_MASK);
}

/* A number above the table. entry.asm stores what it returns. */
long syscall_other(struct regs *regs)
{
	return syscall_unknown(regs->vector);
}
