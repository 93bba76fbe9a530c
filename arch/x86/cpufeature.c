/* CPU features: see cpufeature.h. Leaves and bits: SDM vol. 2A, CPUID; control bits: vol. 3A, 2.5.
 */
#include "arch/x86/cpufeature.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/pgtable.h"
#include "arch/x86/cpu_regs.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"

struct cpu_features cpu_features;

enum cpuid_reg { REG_EAX, REG_EBX, REG_ECX, REG_EDX };

struct feature_bit {
	u32 leaf;
	enum cpuid_reg reg;
	u8 bit;
	const char *name;
};

/* Without any one of these the kernel cannot run. */
static const struct feature_bit required[] = {
	{0x00000001, REG_EDX, 4, "tsc"},      {0x00000001, REG_EDX, 5, "msr"},
	{0x00000001, REG_EDX, 9, "apic"},     {0x00000001, REG_EDX, 24, "fxsr"},
	{0x00000001, REG_EDX, 16, "pat"},     {0x00000001, REG_EDX, 26, "sse2"},
	{0x00000007, REG_EBX, 0, "fsgsbase"}, {0x80000001, REG_EDX, 11, "syscall"},
	{0x80000001, REG_EDX, 20, "nx"},      {0x80000001, REG_EDX, 29, "long mode"},
};

static bool cpu_has(u32 leaf, enum cpuid_reg reg, unsigned int bit)
{
	struct cpuid_regs r = cpuid(leaf & 0x80000000, 0);
	u32 v;

	if (leaf > r.eax)
		return false;
	r = cpuid(leaf, 0);
	v = reg == REG_EAX ? r.eax : reg == REG_EBX ? r.ebx : reg == REG_ECX ? r.ecx : r.edx;
	return v >> bit & 1;
}

static void check_required(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(required); i++) {
		const struct feature_bit *f = &required[i];

		if (!cpu_has(f->leaf, f->reg, f->bit))
			panic("cpu %u lacks the required feature '%s' (CPUID leaf %#x, bit %u); "
			      "with QEMU use -cpu max",
			      cpu_id(), f->name, f->leaf, f->bit);
	}
}

static struct cpu_features detect(void)
{
	return (struct cpu_features){
		.pge = cpu_has(0x1, REG_EDX, 13),
		.xsave = cpu_has(0x1, REG_ECX, 26),
		.avx = cpu_has(0x1, REG_ECX, 26) && cpu_has(0x1, REG_ECX, 28),
		.hypervisor = cpu_has(0x1, REG_ECX, 31),
		.smep = cpu_has(0x7, REG_EBX, 7),
		.smap = cpu_has(0x7, REG_EBX, 20),
		.umip = cpu_has(0x7, REG_ECX, 2),
		.gib_pages = cpu_has(0x80000001, REG_EDX, 26),
		.rdtscp = cpu_has(0x80000001, REG_EDX, 27),
		.invariant_tsc = cpu_has(0x80000007, REG_EDX, 8),
		.phys_bits = cpuid(0x80000008, 0).eax & 0xff,
		.hwcap = cpuid(0x1, 0).edx,
		.xsave_size = 512,
	};
}

/*
 * Kinds of memory that the bits PAT, PCD and PWT of an entry choose from (SDM vol. 3A, 12.12): as after reset, but
 * PWT alone is write-combining in place of write-through. No entry has it when this is set.
 */
#define PAT_KINDS 0x0007040600070106UL

/* A thread moves between CPUs with its XSAVE area and its rights: every CPU must offer the same. */
static void check_same(const struct cpu_features *mine)
{
	const struct cpu_features *boot = &cpu_features;

	if (mine->pge < boot->pge || mine->smep < boot->smep || mine->smap < boot->smap ||
	    mine->umip < boot->umip || mine->xsave < boot->xsave || mine->avx < boot->avx ||
	    mine->rdtscp < boot->rdtscp || mine->gib_pages < boot->gib_pages)
		panic("cpu %u has fewer features than the boot cpu: pge %d smep %d smap %d umip %d "
		      "xsave %d avx %d rdtscp %d 1gb-pages %d",
		      cpu_id(), mine->pge, mine->smep, mine->smap, mine->umip, mine->xsave,
		      mine->avx, mine->rdtscp, mine->gib_pages);
}

static void enable_xsave(struct cpu_features *f)
{
	if (!f->xsave)
		return;
	f->xcr0 = XCR0_X87 | XCR0_SSE | (f->avx ? XCR0_AVX : 0);
	xsetbv(0, f->xcr0);
	/* Leaf 0xd, EBX: the size for what XCR0 enables now. */
	f->xsave_size = cpuid(0xd, 0).ebx;
}

void cpu_features_init(void)
{
	unsigned long cr4 = read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_FSGSBASE;
	struct cpu_features f;

	check_required();
	f = detect();
	if (cpu_id() != 0)
		check_same(&f);

	write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE | CR0_WP);
	cr4 |= f.pge ? CR4_PGE : 0;
	cr4 |= f.smep ? CR4_SMEP : 0;
	cr4 |= f.smap ? CR4_SMAP : 0;
	cr4 |= f.umip ? CR4_UMIP : 0;
	cr4 |= f.xsave ? CR4_OSXSAVE : 0;
	write_cr4(cr4);
	wrmsr(MSR_PAT, PAT_KINDS);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE | EFER_SCE);
	/* RDTSCP and RDPID give user space its CPU number from here. */
	if (f.rdtscp)
		wrmsr(MSR_TSC_AUX, cpu_id());
	enable_xsave(&f);
	if (cpu_id() == 0)
		cpu_features = f;
}

void cpu_features_print(void)
{
	const struct cpu_features *f = &cpu_features;

	printk("cpu: nx wp fsgsbase%s%s%s%s%s%s%s, xsave area %u bytes\n", f->pge ? " pge" : "",
	       f->smep ? " smep" : "", f->smap ? " smap" : "", f->umip ? " umip" : "",
	       f->xsave ? " xsave" : "", f->avx ? " avx" : "", f->gib_pages ? " pdpe1gb" : "",
	       f->xsave_size);
	printk("paging: %u levels; one root slot spans %lu GiB, vmalloc has %lu of them\n",
	       PT_ROOT_LEVEL, ROOT_SLOT_SIZE >> 30, VMALLOC_SLOTS);
}

bool arch_has_phys(phys_addr_t pa, u64 bytes)
{
	return pa + bytes >= pa && (pa + bytes - 1) >> cpu_features.phys_bits == 0;
}

u32 cpu_hwcap(void)
{
	return cpu_features.hwcap;
}
