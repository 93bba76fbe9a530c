/*
 * The virtual layout: as many levels as CR4 of every CPU says, the areas where Linux has them with
 * so many, in their order, all canonical, and large enough for the memory that there can be.
 */
#include "arch/x86/layout.h"

#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/x86/cpu_regs.h"
#include "arch/x86/percpu.h"
#include "kernel/base/ktest.h"
#include "kernel/workers.h"
#include "mm/memblock.h"
#include "mm/page.h"

extern const char __rodata_start[], __rodata_end[];

static void expect_levels(void *unused)
{
	(void)unused;
	KTEST_EXPECT_EQ((read_cr4() & CR4_LA57) != 0, PT_ROOT_LEVEL == 5);
}

KTEST(layout, levels_are_those_of_every_cpu)
{
	bool offered = cpuid(7, 0).ecx >> 16 & 1;

	KTEST_EXPECT_EQ(PT_ROOT_LEVEL, offered ? 5 : 4);
	run_on_each_cpu(expect_levels, NULL);
}

KTEST(layout, is_read_only)
{
	const char *p = (const char *)&page_layout;

	KTEST_EXPECT(p >= __rodata_start && p + sizeof(page_layout) <= __rodata_end);
}

/* Whether the bits above those that are translated repeat the highest of these. */
static bool canonical(unsigned long va)
{
	unsigned int bits = pt_shift(PT_ROOT_LEVEL) + 9;

	return (unsigned long)((long)(va << (64 - bits)) >> (64 - bits)) == va;
}

KTEST(layout, areas_follow_each_other)
{
	u64 frames = MEMBLOCK_PHYS_MAX / PAGE_SIZE;
	unsigned long ends[] = {
		root_slot_va(ROOT_KERNEL),
		PAGE_OFFSET,
		PAGE_OFFSET + MEMBLOCK_PHYS_MAX,
		VMALLOC_START,
		VMALLOC_START + VMALLOC_SLOTS * ROOT_SLOT_SIZE,
		VMEMMAP_START,
		VMEMMAP_START + frames * sizeof(struct page),
		KSTACK_START,
		KSTACK_START + KSTACK_AREA,
		KERNEL_VMA,
	};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		KTEST_EXPECT(canonical(ends[i]) && (!i || ends[i] >= ends[i - 1]));
	KTEST_EXPECT(canonical(USER_END - 1) && !canonical(USER_END + PAGE_SIZE));
	KTEST_EXPECT(USER_WINDOW_END <= USER_END);
}

KTEST(layout, slots_are_linuxs)
{
	bool five = PT_ROOT_LEVEL == 5;

	KTEST_EXPECT_EQ(root_slot(PAGE_OFFSET), 273);
	KTEST_EXPECT_EQ(root_slot(VMALLOC_START), five ? 416 : 402);
	KTEST_EXPECT_EQ(root_slot(VMALLOC_START) + VMALLOC_SLOTS, 466);
	KTEST_EXPECT_EQ(root_slot(VMEMMAP_START), 468);
	KTEST_EXPECT_EQ(root_slot(KSTACK_START), five ? 511 : 508);
	KTEST_EXPECT_EQ(root_slot(KSTACK_START + KSTACK_AREA - 1), root_slot(KSTACK_START));
	KTEST_EXPECT_EQ(root_slot(KERNEL_VMA), 511);
	KTEST_EXPECT(VMALLOC_SLOTS <= VMALLOC_SLOTS_MAX);
}

/* Per-CPU data of a CPU that is not there is nowhere, also with one level more. */
KTEST(layout, no_area_is_no_address)
{
	for (unsigned int cpu = nr_cpus; cpu < NR_CPUS; cpu++)
		KTEST_EXPECT(!canonical((unsigned long)__rodata_start + percpu_offset[cpu]));
}
