/* This CPU's translations: see arch/mmu.h. Other CPUs' are mm/tlb.c's. */
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/x86/cpu_regs.h"

/* A write to CR3 spares global translations and nothing else (SDM vol. 3A, 4.10.4.1). */
void tlb_flush_user_local(void)
{
	unsigned long cr3;

	__asm__ volatile("movq %%cr3, %0; movq %0, %%cr3" : "=r"(cr3)::"memory");
}

void tlb_flush_all_local(void)
{
	unsigned long flags = irq_save();
	u64 cr4 = read_cr4();

	/*
	 * Any change of CR4.PGE drops everything, global translations too (SDM vol. 3A, 4.10.4.1).
	 */
	write_cr4(cr4 ^ CR4_PGE);
	write_cr4(cr4);
	irq_restore(flags);
}
