/* Descriptor tables: see desc.h. Formats: SDM vol. 3A, 3.4.5 (segments), 6.14.1 (gates), 8.2.3
 * (TSS). */
#include "arch/x86/desc.h"

#include "arch/x86/cpu_regs.h"
#include "arch/x86/vectors.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"
#include "mm/pgsync/pgsync.h"

/* Present, code or data, accessed: the CPU then never writes the table. L = 64-bit, DPL in 45..46.
 */
#define DESC_KERNEL_CODE 0x00af9b000000ffffUL
#define DESC_KERNEL_DATA 0x00cf93000000ffffUL
#define DESC_USER_DATA   0x00cff3000000ffffUL
#define DESC_USER_CODE   0x00affb000000ffffUL

#define DESC_TYPE_TSS  0x89UL /* present, available 64-bit TSS */
#define GATE_INTERRUPT 0x8e   /* present, DPL 0, interrupts off on entry */
#define GATE_DPL_USER  0x60

struct gdt {
	u64 entry[7]; /* null, kernel code, data, user data, code, TSS in two */
};

struct idt_gate {
	u16 offset_low;
	u16 selector;
	u8 ist;
	u8 type;
	u16 offset_mid;
	u32 offset_high;
	u32 reserved;
};

struct table_register {
	u16 limit;
	u64 base;
} __packed;

_Static_assert(offsetof(struct tss, io_map) == 104, "TSS layout");
_Static_assert(sizeof(struct idt_gate) == 16, "IDT gate size");

/* entry.asm: the entry point of each vector. */
extern void *const trap_stubs[NR_VECTORS];

DEFINE_PER_CPU(struct tss, cpu_tss);

/* SYSCALL and a trap from user mode begin at the same place: one variable, which a switch writes once. */
__asm__(".globl cpu_kernel_stack\n\t.set cpu_kernel_stack, cpu_tss + 4");
_Static_assert(offsetof(struct tss, rsp) == 4, "cpu_kernel_stack is rsp[0]");
static DEFINE_PER_CPU(struct gdt, cpu_gdt)
__aligned(8);

static struct idt_gate idt[NR_VECTORS] __aligned(16);
static u8 boot_ist_stacks[IST_STACKS_SIZE] __aligned(IST_STACK_SIZE);
static u8 *ist_stacks[NR_CPUS] = {boot_ist_stacks};

void desc_set_ist_stacks(unsigned int cpu, void *mem)
{
	ASSERT_MSG(cpu < NR_CPUS, "cpu %u", cpu);
	ASSERT_MSG(IS_ALIGNED((unsigned long)mem, IST_STACK_SIZE), "%p", mem);
	ist_stacks[cpu] = mem;
}

bool desc_on_ist_stack(unsigned long addr)
{
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++) {
		unsigned long base = (unsigned long)ist_stacks[cpu];

		if (base && addr - base < IST_STACKS_SIZE)
			return true;
	}
	return false;
}

static void tss_fill(struct tss *tss, unsigned int cpu)
{
	ASSERT_MSG(ist_stacks[cpu], "cpu %u has no exception stacks", cpu);
	memset(tss, 0, offsetof(struct tss, io_map));
	memset(tss->io_map, 0xff, sizeof(*tss) - offsetof(struct tss, io_map));
	tss->iomap_base = TSS_NO_IO_MAP;
	for (unsigned int i = 0; i < IST_STACKS; i++) {
		u64 *top = (u64 *)(ist_stacks[cpu] + (i + 1) * IST_STACK_SIZE);

		top[-1] = percpu_offset[cpu];
		/* The CPU aligns the stack to 16 bytes before it pushes. */
		tss->ist[i] = (u64)&top[-2];
	}
}

static void gdt_fill(struct gdt *gdt, const struct tss *tss)
{
	u64 base = (u64)tss, limit = sizeof(*tss) - 1;

	*gdt = (struct gdt){{
		0,
		DESC_KERNEL_CODE,
		DESC_KERNEL_DATA,
		DESC_USER_DATA,
		DESC_USER_CODE,
		limit | (base & 0xffffff) << 16 | DESC_TYPE_TSS << 40 | (base >> 24 & 0xff) << 56,
		base >> 32,
	}};
}

/* Loading a null selector may clear the base that belongs to it: GS base is put back. */
static void load_segments(const struct gdt *gdt)
{
	struct table_register gdtr = {sizeof(*gdt) - 1, (u64)gdt};
	u64 gs_base = rdmsr(MSR_GS_BASE);

	__asm__ volatile(
		"lgdt %[gdtr]\n\t"
		"pushq %[cs]\n\t"
		"leaq 1f(%%rip), %%rax\n\t"
		"pushq %%rax\n\t"
		"lretq\n"
		"1:\n\t"
		"movl %[ds], %%ss\n\t"
		"movl %[null], %%ds\n\t"
		"movl %[null], %%es\n\t"
		"movl %[null], %%fs\n\t"
		"movl %[null], %%gs\n\t"
		:
		: [gdtr] "m"(gdtr), [cs] "i"(SEL_KERNEL_CS), [ds] "r"(SEL_KERNEL_DS), [null] "r"(0)
		: "rax", "memory");
	wrmsr(MSR_GS_BASE, gs_base);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	wrmsr(MSR_FS_BASE, 0);
}

void desc_init_cpu(unsigned int cpu)
{
	struct table_register idtr = {sizeof(idt) - 1, (u64)idt};
	struct tss *tss = per_cpu_ptr(&cpu_tss, cpu);
	struct gdt *gdt = per_cpu_ptr(&cpu_gdt, cpu);

	tss_fill(tss, cpu);
	gdt_fill(gdt, tss);
	load_segments(gdt);
	__asm__ volatile("ltr %w0" ::"r"(SEL_TSS) : "memory");
	__asm__ volatile("lidt %0" ::"m"(idtr) : "memory");
}

static void check_slot(unsigned int cpu, const void *what)
{
	unsigned int slot = root_slot((unsigned long)what);

	ASSERT_MSG(slot >= ROOT_KERNEL && kroot_from_birth(slot),
		   "cpu %u: %p, needed by every trap, is in slot %u", cpu, what, slot);
}

void desc_check_slots(unsigned int cpu)
{
	check_slot(cpu, idt);
	check_slot(cpu, per_cpu_ptr(&cpu_tss, cpu)); /* and all other per-CPU data */
	check_slot(cpu, per_cpu_ptr(&cpu_gdt, cpu));
	check_slot(cpu, ist_stacks[cpu]);
	check_slot(cpu, ist_stacks[cpu] + IST_STACKS_SIZE - 1);
	check_slot(cpu, trap_stubs[VECTOR_PAGE_FAULT]);
	check_slot(cpu, desc_check_slots); /* and all other code */
}

static void gate_set(unsigned int vector, unsigned int ist, u8 type)
{
	u64 entry = (u64)trap_stubs[vector];

	idt[vector] = (struct idt_gate){
		.offset_low = (u16)entry,
		.selector = SEL_KERNEL_CS,
		.ist = (u8)ist,
		.type = type,
		.offset_mid = (u16)(entry >> 16),
		.offset_high = (u32)(entry >> 32),
	};
}

void idt_init(void)
{
	for (unsigned int v = 0; v < NR_VECTORS; v++)
		gate_set(v, 0, GATE_INTERRUPT);
	gate_set(VECTOR_BREAKPOINT, 0, GATE_INTERRUPT | GATE_DPL_USER);
	gate_set(VECTOR_OVERFLOW, 0, GATE_INTERRUPT | GATE_DPL_USER);
	gate_set(VECTOR_DOUBLE_FAULT, IST_DOUBLE_FAULT, GATE_INTERRUPT);
	gate_set(VECTOR_NMI, IST_NMI, GATE_INTERRUPT);
	gate_set(VECTOR_MACHINE_CHECK, IST_MACHINE_CHECK, GATE_INTERRUPT);
}
