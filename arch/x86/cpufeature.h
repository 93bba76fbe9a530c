/*
 * What the processor can do, and the control bits that switch it on.
 *
 * cpu_features_init() runs on every CPU: the boot CPU decides, the others must offer the same.
 */
#ifndef ARCH_X86_CPUFEATURE_H
#define ARCH_X86_CPUFEATURE_H

#include "kernel/base/types.h"

/* Written by the boot CPU before any other CPU runs; true means present AND switched on. */
struct cpu_features {
	bool pge, smep, smap, umip, xsave, avx, rdtscp, gib_pages, invariant_tsc;
	bool hypervisor; /* CPUID says that this is a virtual machine */
	u64 xcr0;        /* components enabled for XSAVE; 0 without it */
	u32 phys_bits;   /* of a physical address */
	u32 hwcap;       /* CPUID leaf 1, EDX */
	u32 xsave_size;  /* bytes of an XSAVE area for xcr0 in the standard form; 512 without it */
};

extern struct cpu_features cpu_features;

/*
 * Sets CR0, CR4, EFER and XCR0 of the running CPU. Panics, by name, when a required feature is
 * missing (syscall, nx, fsgsbase, fxsr, sse2, apic, tsc, and long mode itself), or when an
 * application CPU lacks what the boot CPU has switched on. Interrupts off; needs the per-CPU base.
 */
void cpu_features_init(void);

/* Two lines of the log: what is on, and the levels of the page tables. */
void cpu_features_print(void);

#endif
