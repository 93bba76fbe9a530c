/*
 * Control registers of every CPU: the protections that the processor offers are on, and all CPUs
 * have the same, since a thread moves between them.
 *
 * What the processor offers is asked of CPUID here and not of cpu_features, so that a feature which
 * start-up forgot does not pass. Bits: SDM vol. 3A, 2.5; MSRs: vol. 4.
 */
#include "arch/cpu.h"
#include "arch/smp.h"
#include "arch/x86/cpu_regs.h"
#include "arch/x86/desc.h"
#include "kernel/base/ktest.h"
#include "kernel/workers.h"

struct sample {
	u32 cpu, runs;
	unsigned long cr0, cr4;
	u64 efer, star, lstar, sfmask, gs_base, pat;
	u64 gdt_base, idt_base;
	u16 tr;
};

static struct sample samples[NR_CPUS];

struct table_register {
	u16 limit;
	u64 base;
} __packed;

static void take_sample(void *arg)
{
	struct sample *s = &samples[cpu_id()];
	struct table_register gdt, idt;

	(void)arg;
	__asm__ volatile("sgdt %0" : "=m"(gdt));
	__asm__ volatile("sidt %0" : "=m"(idt));
	__asm__ volatile("str %0" : "=m"(s->tr));
	s->cpu = cpu_id();
	s->runs++;
	s->cr0 = read_cr0();
	s->cr4 = read_cr4();
	s->efer = rdmsr(MSR_EFER);
	s->star = rdmsr(MSR_STAR);
	s->lstar = rdmsr(MSR_LSTAR);
	s->sfmask = rdmsr(MSR_SFMASK);
	s->gs_base = rdmsr(MSR_GS_BASE);
	s->pat = rdmsr(MSR_PAT);
	s->gdt_base = gdt.base;
	s->idt_base = idt.base;
}

static void sample_all(void)
{
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		samples[cpu] = (struct sample){.cpu = ~0u};
	run_on_each_cpu(take_sample, NULL);
}

/* CR4 bits that the processor could have set. */
static unsigned long cr4_offered(void)
{
	u32 ebx = cpuid(7, 0).ebx, ecx = cpuid(7, 0).ecx;
	unsigned long bits = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_FSGSBASE;

	bits |= cpuid(1, 0).edx >> 13 & 1 ? CR4_PGE : 0;
	bits |= ebx >> 7 & 1 ? CR4_SMEP : 0;
	bits |= ebx >> 20 & 1 ? CR4_SMAP : 0;
	bits |= ecx >> 2 & 1 ? CR4_UMIP : 0;
	bits |= ecx >> 16 & 1 ? CR4_LA57 : 0;
	return bits;
}

KTEST(cpuregs, protections_are_on_everywhere)
{
	unsigned long want = cr4_offered();
	unsigned int cpu;

	sample_all();
	for_each_online_cpu (cpu) {
		const struct sample *s = &samples[cpu];

		KTEST_EXPECT_EQ(s->runs, 1);
		KTEST_EXPECT_EQ(s->cr4 & want, want);
		KTEST_EXPECT_EQ(s->cr0 & (CR0_WP | CR0_NE | CR0_MP), CR0_WP | CR0_NE | CR0_MP);
		KTEST_EXPECT_EQ(s->cr0 & (CR0_EM | CR0_TS), 0);
		KTEST_EXPECT_EQ(s->efer & (EFER_NXE | EFER_SCE | EFER_LME),
				EFER_NXE | EFER_SCE | EFER_LME);
		/* A system call enters with interrupts off and with SMAP's door (AC) shut. */
		KTEST_EXPECT_EQ(s->sfmask & 0x40200, 0x40200);
	}
}

KTEST(cpuregs, all_cpus_are_equal)
{
	const struct sample *boot = &samples[0];
	unsigned int cpu, n = 0;

	sample_all();
	for_each_online_cpu (cpu) {
		const struct sample *s = &samples[cpu];

		n++;
		KTEST_EXPECT_EQ(s->cpu, cpu);
		KTEST_EXPECT_EQ(s->cr0, boot->cr0);
		KTEST_EXPECT_EQ(s->cr4, boot->cr4);
		KTEST_EXPECT_EQ(s->efer, boot->efer);
		KTEST_EXPECT_EQ(s->star, boot->star);
		KTEST_EXPECT_EQ(s->lstar, boot->lstar);
		KTEST_EXPECT_EQ(s->sfmask, boot->sfmask);
		KTEST_EXPECT_EQ(s->idt_base, boot->idt_base);
		KTEST_EXPECT_EQ(s->tr, SEL_TSS);
		/* Kinds 0 to 3: write-back, write-combining, uncached but for MTRRs, uncached. */
		KTEST_EXPECT_EQ(s->pat & 0xffffffff, 0x00070106);
	}
	KTEST_EXPECT_EQ(n, nr_cpus);
}

/* GS base, GDT and TSS are each CPU's own. */
KTEST(cpuregs, own_state_is_own)
{
	unsigned int cpu, other;

	sample_all();
	for_each_online_cpu (cpu) {
		KTEST_EXPECT_EQ(samples[cpu].gs_base, percpu_offset[cpu]);
		for (other = 0; other < cpu; other++) {
			KTEST_EXPECT(samples[cpu].gs_base != samples[other].gs_base);
			KTEST_EXPECT(samples[cpu].gdt_base != samples[other].gdt_base);
		}
	}
}
