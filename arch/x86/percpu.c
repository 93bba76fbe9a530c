/* Per-CPU areas: see percpu.h. */
#include "arch/x86/percpu.h"

#include "arch/cpu.h"
#include "arch/x86/cpu_regs.h"
#include "kernel/base/panic.h"
#include "kernel/base/preempt.h"
#include "kernel/base/string.h"
#include "mm/memblock.h"

/* linker.ld */
extern u8 __percpu_start[], __percpu_end[];

/* Room to keep the section as it was linked; boot says so when it no longer fits. */
#define PERCPU_MAX KiB(32)

/*
 * Added to an image address this is non-canonical, with four levels and with five: per_cpu() of a
 * CPU without an area faults with #GP in place of writing into another CPU's.
 */
#define PERCPU_NO_AREA (1UL << 62)

unsigned long percpu_offset[NR_CPUS] = {0, [1 ... NR_CPUS - 1] = PERCPU_NO_AREA};

DEFINE_PER_CPU(unsigned long, percpu_this_offset);
DEFINE_PER_CPU(unsigned int, cpu_number);
DEFINE_PER_CPU(u32, cpu_owner)
= 1;

/* Preemption is off until the scheduler runs its first task. */
DEFINE_PER_CPU(u32, preempt_count)
= PREEMPT_NO_RESCHED | 1;

static u8 percpu_pristine[PERCPU_MAX];

static size_t percpu_size(void)
{
	return (size_t)(__percpu_end - __percpu_start);
}

void percpu_init_boot(void)
{
	wrmsr(MSR_GS_BASE, 0);
	ASSERT_MSG(percpu_size() <= PERCPU_MAX, "%zu bytes of per-CPU variables", percpu_size());
	memcpy(percpu_pristine, __percpu_start, percpu_size());
}

/* Keeps the section's alignment within a page, whatever its variables ask for. */
static void *percpu_area_alloc(size_t size)
{
	size_t in_page = (unsigned long)__percpu_start & ~PAGE_MASK;

	return (u8 *)early_alloc(ALIGN_UP(size + in_page, PAGE_SIZE), PAGE_SIZE) + in_page;
}

void percpu_alloc(unsigned int cpu)
{
	void *area;

	ASSERT_MSG(cpu > 0 && cpu < NR_CPUS, "cpu %u", cpu);
	ASSERT_MSG(percpu_offset[cpu] == PERCPU_NO_AREA, "cpu %u has an area", cpu);
	area = percpu_area_alloc(percpu_size());
	memcpy(area, percpu_pristine, percpu_size());
	percpu_offset[cpu] = (unsigned long)area - (unsigned long)__percpu_start;
	per_cpu(percpu_this_offset, cpu) = percpu_offset[cpu];
	per_cpu(cpu_number, cpu) = cpu;
	per_cpu(cpu_owner, cpu) = cpu + 1;
}

void percpu_load(unsigned int cpu)
{
	wrmsr(MSR_GS_BASE, percpu_offset[cpu]);
}
