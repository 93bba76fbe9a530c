/*
 * The page on which application processors wake up.
 *
 *	trampoline_install(page, phys)	copies the code and links it to its address
 *	trampoline_params(page)		what the boot CPU fills in before the start-up IPI
 *
 * Any number of processors may run it at once: it has no lock, no shared stack and writes nothing
 * but the caller's own stage byte. A processor finds its CPU number by its initial APIC id (CPUID
 * leaf 1, EBX 31:24); one that the table does not name halts for good.
 *
 * `entry` is reached on the root `cr3` with
 *	rdi = CPU number	rsp = stacks[cpu] - 8, as after a call	rbp = 0
 *	interrupts off, DF clear, GDT = boot_gdt, FS = GS base 0, no IDT
 * and must not return. Nothing has been written to the stack: it may lie where `cr3` does not
 * reach, if `entry` is assembly that loads another root before it touches it.
 */
#ifndef BOOT_TRAMPOLINE_H
#define BOOT_TRAMPOLINE_H

#include "kernel/base/types.h"

/* Where a processor has come to. Values from AP_STAGE_ENTRY on are written by the entry's side. */
enum ap_stage {
	AP_STAGE_NONE = 0,      /* never answered the start-up IPI */
	AP_STAGE_REAL = 1,      /* 16-bit code runs */
	AP_STAGE_PROTECTED = 2, /* 32-bit code runs, paging off */
	AP_STAGE_LONG = 3,      /* 64-bit code runs on the boot root; next is `entry` */
	AP_STAGE_ENTRY = 4,
};

#define TRAMPOLINE_NO_CPU 0xffff

/* The selectors of boot_gdt, which is in force from the 64-bit entry until arch loads its own. */
#define BOOT_CS32 0x08
#define BOOT_CS64 0x10
#define BOOT_DS   0x18

/*
 * The last bytes of the page; boot/trampoline.asm knows the offsets. It is inside the page because
 * real mode can reach nothing above 1 MiB.
 */
struct trampoline_params {
	u64 cr3;           /* physical, below 4 GiB, maps the page onto itself: boot_root */
	u64 entry;         /* virtual */
	const u64 *stacks; /* virtual: stack top of each CPU number, 16-byte aligned */
	u64 cr4; /* wanted bits; PAE is added. LA57 as `cr3` wants it. No PCIDE: it needs long mode */
	u64 efer;             /* wanted bits; LME and NXE are added */
	u16 apic_to_cpu[256]; /* by APIC id; TRAMPOLINE_NO_CPU: not ours */
	u8 stage[256];        /* by CPU number: enum ap_stage */
};

#define TRAMPOLINE_PARAMS_OFFSET (PAGE_SIZE - sizeof(struct trampoline_params))

extern const u8 trampoline_start[], trampoline_end[];
extern u64 boot_root[512]; /* FROZEN: code on it may touch only slots 0, 273 and 511 */

static inline struct trampoline_params *trampoline_params(void *page)
{
	return (struct trampoline_params *)((u8 *)page + TRAMPOLINE_PARAMS_OFFSET);
}

/*
 * Prepares the page: code, its own far pointers, an empty APIC table, cr3 = boot_root. `page` is
 * the virtual and `phys` the physical address, page aligned and below 1 MiB (else -EINVAL). The
 * caller owns the page, fills entry, stacks and apic_to_cpu, and may free it once every processor
 * has passed AP_STAGE_LONG.
 */
int trampoline_install(void *page, phys_addr_t phys);

#endif
