/*
 * Bring-up of all CPUs: see arch/smp.h.
 *
 * All application CPUs get their INIT, then all their start-up IPI, so they come up at the same
 * time; a second start-up IPI goes only to those that have not answered by the time the boot CPU
 * waits (SDM vol. 3A, 9.4.4). Each writes its stage to its own byte of the trampoline page, so that
 * one that dies is named together with the place.
 */
#include "arch/smp.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/page.h"
#include "arch/pgtable.h"
#include "arch/timer.h"
#include "arch/x86/acpi.h"
#include "arch/x86/apic.h"
#include "arch/x86/cpu_regs.h"
#include "arch/x86/cpufeature.h"
#include "arch/x86/desc.h"
#include "arch/x86/paging.h"
#include "arch/x86/percpu.h"
#include "arch/x86/smp.h"
#include "boot/bootinfo.h"
#include "boot/trampoline.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/string.h"
#include "kernel/kstack.h"
#include "mm/memblock.h"

/* Stages after AP_STAGE_ENTRY, which means: in C, on the kernel's root. */
enum {
	AP_STAGE_TABLES = AP_STAGE_ENTRY + 1,
	AP_STAGE_FEATURES,
	AP_STAGE_ROOT,
	AP_STAGE_APIC,
	AP_STAGE_ONLINE,
	AP_NR_STAGES
};

static const char *const stage_names[AP_NR_STAGES] = {
	[AP_STAGE_NONE] = "no answer to the start-up IPI",
	[AP_STAGE_REAL] = "real mode",
	[AP_STAGE_PROTECTED] = "protected mode",
	[AP_STAGE_LONG] = "long mode, boot page tables",
	[AP_STAGE_ENTRY] = "kernel entry, kernel page tables",
	[AP_STAGE_TABLES] = "GDT, TSS and IDT loaded",
	[AP_STAGE_FEATURES] = "features enabled",
	[AP_STAGE_ROOT] = "reference root recorded",
	[AP_STAGE_APIC] = "local APIC on",
	[AP_STAGE_ONLINE] = "online",
};

#define INIT_DELAY_US 200
#define PROGRESS_NS   5000000000UL /* give up when no CPU has moved on for this long */

unsigned int nr_cpus = 1;
DECLARE_BITMAP(cpu_online_mask, NR_CPUS) = {1};
bool smp_all_online;

/* For ap_entry.asm: the reference root, on which a CPU enters C and stays until it has joined. */
u64 ap_root;
void ap_entry(void);
__noreturn void ap_start(unsigned int cpu);

static u64 ap_stacks[NR_CPUS];
static phys_addr_t joined_on[NR_CPUS];
static volatile u8 *ap_stage; /* by CPU number, in the trampoline page */

unsigned int cpus_online(void)
{
	unsigned int cpu, n = 0;

	for_each_online_cpu (cpu)
		n++;
	return n;
}

unsigned long ap_stack_top(unsigned int cpu)
{
	ASSERT_MSG(cpu > 0 && cpu < nr_cpus && ap_stacks[cpu], "cpu %u", cpu);
	return ap_stacks[cpu];
}

/* The boot CPU is 0 wherever the MADT lists it; the others follow in the table's order. */
static void number_cpus(unsigned int max)
{
	const struct acpi_madt *m = &acpi.madt;
	u8 self = cpuid(1, 0).ebx >> 24;
	bool found = m->nr_cpus == 0;

	cpu_apic_id[0] = self;
	for (unsigned int i = 0; i < m->nr_cpus; i++) {
		if (m->apic_id[i] == self)
			found = true;
		else if (nr_cpus < max)
			cpu_apic_id[nr_cpus++] = m->apic_id[i];
	}
	if (!found)
		panic("the boot CPU, APIC id %u, is not among the MADT's %u", self, m->nr_cpus);
}

void smp_prepare(void)
{
	u64 max = boot_option_u64("maxcpus", NR_CPUS);

	ASSERT(nr_cpus == 1);
	number_cpus((unsigned int)MIN(max, (u64)NR_CPUS));
	for (unsigned int cpu = 1; cpu < nr_cpus; cpu++) {
		percpu_alloc(cpu);
		desc_set_ist_stacks(cpu, early_alloc_raw(IST_STACKS_SIZE, IST_STACK_SIZE));
	}
}

static bool page_is_reserved(phys_addr_t page)
{
	for (unsigned int i = 0; i < boot_info.nr_reserved; i++) {
		const struct boot_reserved *r = &boot_info.reserved[i];

		if (page < r->start + r->size && r->start < page + PAGE_SIZE)
			return true;
	}
	return false;
}

static bool page_is_ram(phys_addr_t page)
{
	bool ram = false;

	for (unsigned int i = 0; i < boot_info.nr_ranges; i++) {
		const struct boot_mem_range *r = &boot_info.ranges[i];
		bool inside = page >= r->start && page + PAGE_SIZE <= r->start + r->size;
		bool touches = page < r->start + r->size && r->start < page + PAGE_SIZE;

		if (r->type == BOOT_MEM_RAM)
			ram |= inside;
		else if (touches)
			return false;
	}
	return ram;
}

/* The first MiB belongs to nobody's allocator. Page 0 has the BIOS's vectors and data. */
static phys_addr_t trampoline_page(void)
{
	for (phys_addr_t page = PAGE_SIZE; page < KiB(640); page += PAGE_SIZE)
		if (page_is_ram(page) && !page_is_reserved(page))
			return page;
	panic("no free page below 640 KiB to start %u CPUs from", nr_cpus - 1);
}

phys_addr_t ap_joined_root(unsigned int cpu)
{
	return joined_on[cpu];
}

/* For the mutant of I38: what the reference root is at this moment, and not what it becomes. */
static __maybe_unused phys_addr_t snapshot_of_reference(void)
{
	static pte_t snapshot[PT_ENTRIES] __aligned(PAGE_SIZE);

	memcpy(snapshot, swapper_pg_dir, sizeof(snapshot));
	return kernel_image_phys(snapshot);
}

static u32 trampoline_setup(void)
{
	phys_addr_t pa = trampoline_page();
	struct trampoline_params *params;
	void *page = phys_to_virt(pa);
	int err = trampoline_install(page, pa);

	if (err)
		panic("trampoline at %#llx refused: %d", (unsigned long long)pa, err);
	params = trampoline_params(page);
	params->cr4 = read_cr4() & CR4_LA57; /* as many levels as the boot CPU has */
	params->entry = (u64)ap_entry;
	params->stacks = ap_stacks;
	for (unsigned int cpu = 1; cpu < nr_cpus; cpu++) {
		ap_stacks[cpu] = kstack_alloc_boot();
		params->apic_to_cpu[cpu_apic_id[cpu]] = (u16)cpu;
	}
	ap_stage = params->stage;
	ap_root = MUTANT(ap_on_snapshot) ? snapshot_of_reference() : read_cr3() & PTE_PHYS_MASK;
	return (u32)pa;
}

static u32 startup_page;

void smp_start_aps(void)
{
	if (nr_cpus == 1)
		return;
	startup_page = trampoline_setup();
	for (unsigned int cpu = 1; cpu < nr_cpus; cpu++)
		apic_send_init(cpu_apic_id[cpu]);
	delay_us(INIT_DELAY_US);
	for (unsigned int cpu = 1; cpu < nr_cpus; cpu++)
		apic_send_startup(cpu_apic_id[cpu], startup_page);
	/*
	 * An emulator that runs all CPUs in one thread starts them here. QEMU, when it counts
	 * instructions, also moves virtual time on by some 20 ms a CPU: that must not fall into
	 * the calibration of the clocks that comes next.
	 */
	cpu_relax();
}

/* In C, on the kernel's root and this CPU's own stack; the boot GDT, no IDT, GS base 0. */
void ap_start(unsigned int cpu)
{
	percpu_load(cpu);
	ap_stage[cpu] = AP_STAGE_ENTRY;
	desc_init_cpu(cpu);
	ap_stage[cpu] = AP_STAGE_TABLES;
	cpu_features_init();
	ap_stage[cpu] = AP_STAGE_FEATURES;
	if (!MUTANT(ap_on_snapshot))
		paging_load_ap();
	ap_stage[cpu] = AP_STAGE_ROOT;
	apic_init_cpu();
	ap_stage[cpu] = AP_STAGE_APIC;
	ASSERT_MSG(apic_id() == cpu_apic_id[cpu], "cpu %u: APIC id %u, expected %u", cpu, apic_id(),
		   cpu_apic_id[cpu]);
	ap_stage[cpu] = AP_STAGE_ONLINE;
	/*
	 * Growth visits the roots of online CPUs. Until now it would have missed this one's, unless
	 * that is the reference itself (I38); and no CPU loads another before it is online.
	 */
	joined_on[cpu] = read_cr3() & PTE_PHYS_MASK;
	if (!MUTANT(ap_on_snapshot))
		ASSERT_MSG(joined_on[cpu] == kernel_image_phys(swapper_pg_dir),
			   "cpu %u joins on root %#lx", cpu, (unsigned long)joined_on[cpu]);
	/* A full barrier: who sees the bit sees all that this CPU has set up. */
	set_bit(cpu, cpu_online_mask);
	sched_ap_start();
}

/* A number that changes whenever some CPU moves on. */
static unsigned int total_progress(void)
{
	unsigned int sum = cpus_online();

	for (unsigned int cpu = 1; cpu < nr_cpus; cpu++)
		sum += ap_stage[cpu];
	return sum;
}

static const char *stage_name(unsigned int stage)
{
	return stage < AP_NR_STAGES ? stage_names[stage] : "a stage unknown to us";
}

static __noreturn void report_dead(void)
{
	unsigned int dead = 0, first = 0;

	for (unsigned int cpu = nr_cpus - 1; cpu > 0; cpu--) {
		if (cpu_online(cpu))
			continue;
		printk("smp: cpu %u (APIC id %u) did not come up; last stage: %s (%u)\n", cpu,
		       cpu_apic_id[cpu], stage_name(ap_stage[cpu]), ap_stage[cpu]);
		first = cpu;
		dead++;
	}
	panic("%u of %u CPUs did not come up; last stage of cpu %u (APIC id %u): %s", dead, nr_cpus,
	      first, cpu_apic_id[first], stage_name(ap_stage[first]));
}

void smp_wait_online(void)
{
	unsigned int progress = 0;
	u64 deadline = 0;

	/* One that is merely slow ignores it: it no longer waits for one. */
	for (unsigned int cpu = 1; cpu < nr_cpus; cpu++)
		if (ap_stage[cpu] == AP_STAGE_NONE)
			apic_send_startup(cpu_apic_id[cpu], startup_page);
	while (cpus_online() < nr_cpus) {
		unsigned int now = total_progress();

		if (now != progress) {
			progress = now;
			deadline = time_ns() + PROGRESS_NS;
		} else if (time_ns() > deadline) {
			report_dead();
		}
		cpu_relax();
	}
	smp_all_online = nr_cpus == MAX(acpi.madt.nr_cpus, 1) && !acpi.madt.nr_too_big;
	printk("smp: %u of %u CPUs online after %llu us\n", nr_cpus, MAX(acpi.madt.nr_cpus, 1),
	       (unsigned long long)time_ns() / 1000);
}
