/*
 * Bring-up of all CPUs: see arch/smp.h. ap.c has what one CPU does.
 *
 * At boot all application CPUs get their INIT, then all their start-up IPI, so they come up at the
 * same time; a second start-up IPI goes only to those that have not answered by the time the boot
 * CPU waits (SDM vol. 3A, 9.4.4). Later they come one by one.
 */
#include "arch/smp.h"

#include "arch/cpu.h"
#include "arch/timer.h"
#include "arch/x86/acpi.h"
#include "arch/x86/ap.h"
#include "arch/x86/apic.h"
#include "arch/x86/cpufeature.h"
#include "arch/x86/cpu_regs.h"
#include "arch/x86/desc.h"
#include "arch/x86/percpu.h"
#include "arch/x86/smp.h"
#include "boot/bootinfo.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "mm/memblock.h"

/* Give up when no CPU has moved on for this long: at boot, and of one that comes later. */
#define BOOT_PATIENCE_NS 5000000000UL
#define LATE_PATIENCE_NS 1000000000UL
/* Without an answer for so long, a CPU gets its second start-up IPI. */
#define SECOND_STARTUP_US 200

unsigned int nr_cpus = 1;
DECLARE_BITMAP(cpu_online_mask, NR_CPUS) = {1};
bool smp_all_online;

static unsigned int nr_boot_cpus = 1; /* started at boot */

unsigned int cpus_online(void)
{
	unsigned int cpu, n = 0;

	for_each_online_cpu (cpu)
		n++;
	return n;
}

/* The boot CPU is 0 wherever the MADT lists it; the others follow in the table's order. */
static void number_cpus(void)
{
	const struct acpi_madt *m = &acpi.madt;
	u8 self = cpuid(1, 0).ebx >> 24;
	bool found = m->nr_cpus == 0;

	cpu_apic_id[0] = self;
	for (unsigned int i = 0; i < m->nr_cpus; i++) {
		if (m->apic_id[i] == self)
			found = true;
		else if (nr_cpus < NR_CPUS)
			cpu_apic_id[nr_cpus++] = m->apic_id[i];
	}
	if (!found)
		panic("the boot CPU, APIC id %u, is not among the MADT's %u", self, m->nr_cpus);
}

void smp_prepare(void)
{
	u64 max = boot_option_u64("maxcpus", NR_CPUS);

	ASSERT(nr_cpus == 1);
	number_cpus();
	nr_boot_cpus = (unsigned int)MIN(MAX(max, 1UL), (u64)nr_cpus);
	for (unsigned int cpu = 1; cpu < nr_cpus; cpu++) {
		percpu_alloc(cpu);
		desc_set_ist_stacks(cpu, early_alloc_raw(IST_STACKS_SIZE, IST_STACK_SIZE));
	}
}

void smp_start_aps(void)
{
	if (nr_cpus == 1)
		return;
	ap_prepare();
	for (unsigned int cpu = 1; cpu < nr_boot_cpus; cpu++)
		if (ap_reset(cpu))
			panic("too little memory for the idle task of CPU %u", cpu);
	ap_reset_delay();
	for (unsigned int cpu = 1; cpu < nr_boot_cpus; cpu++)
		ap_startup(cpu);
	/*
	 * An emulator that runs all CPUs in one thread starts them here. QEMU, when it counts
	 * instructions, also moves virtual time on by some 20 ms a CPU: that must not fall into
	 * the calibration of the clocks that comes next.
	 */
	cpu_relax();
}

/* A number that changes whenever some CPU of boot moves on. */
static unsigned int total_progress(void)
{
	unsigned int sum = cpus_online();

	for (unsigned int cpu = 1; cpu < nr_boot_cpus; cpu++)
		sum += ap_stage(cpu);
	return sum;
}

static void print_dead(unsigned int cpu)
{
	printk("smp: cpu %u (APIC id %u) did not come up; last stage: %s (%u)\n", cpu,
	       cpu_apic_id[cpu], ap_stage_name(cpu), ap_stage(cpu));
}

static __noreturn void report_dead(void)
{
	unsigned int dead = 0, first = 0;

	for (unsigned int cpu = nr_boot_cpus - 1; cpu > 0; cpu--) {
		if (cpu_online(cpu))
			continue;
		print_dead(cpu);
		first = cpu;
		dead++;
	}
	panic("%u of %u CPUs did not come up; last stage of cpu %u (APIC id %u): %s", dead,
	      nr_boot_cpus, first, cpu_apic_id[first], ap_stage_name(first));
}

/* No CPU is out of our hands when all that the firmware lists have joined: then no other can. */
static void note_all_online(void)
{
	unsigned int listed = MAX(acpi.madt.nr_cpus, 1);

	smp_all_online = cpus_online() == listed && !acpi.madt.nr_too_big;
}

void smp_wait_online(void)
{
	unsigned int progress = 0;
	u64 deadline = 0;

	/* One that is merely slow ignores it: it no longer waits for one. */
	for (unsigned int cpu = 1; cpu < nr_boot_cpus; cpu++)
		ap_startup(cpu);
	while (cpus_online() < nr_boot_cpus) {
		unsigned int now = total_progress();

		if (now != progress) {
			progress = now;
			deadline = time_ns() + BOOT_PATIENCE_NS;
		} else if (time_ns() > deadline) {
			report_dead();
		}
		cpu_relax();
	}
	note_all_online();
	printk("smp: %u of %u CPUs online after %llu us\n", nr_boot_cpus, MAX(acpi.madt.nr_cpus, 1),
	       (unsigned long long)time_ns() / 1000);
}

/* --- later --- */

/* Whether `cpu` is online before it has stood still for too long. */
static bool comes_online(unsigned int cpu, void (*pause)(void))
{
	u64 deadline = time_ns() + LATE_PATIENCE_NS;
	unsigned int stage = 0;

	while (!cpu_online(cpu)) {
		if (ap_stage(cpu) != stage) {
			stage = ap_stage(cpu);
			deadline = time_ns() + LATE_PATIENCE_NS;
		} else if (time_ns() > deadline && ap_give_up(cpu)) {
			return false;
		}
		pause();
	}
	return true;
}

int smp_bring_up(unsigned int cpu, void (*pause)(void))
{
	int err = ap_reset(cpu);

	if (err)
		return err;
	ap_reset_delay();
	ap_startup(cpu);
	delay_us(SECOND_STARTUP_US);
	ap_startup(cpu);
	if (!comes_online(cpu, pause)) {
		print_dead(cpu);
		return -ETIMEDOUT;
	}
	note_all_online();
	return 0;
}
