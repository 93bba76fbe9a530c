/*
 * An application CPU's way from its start-up interrupt into cpu_online_mask: see ap.h.
 *
 * Two sides. Who starts a CPU sends INIT and start-up interrupts and watches the CPU's stage, one
 * byte in the trampoline page, so that one that dies is named together with the place. The CPU comes
 * by the trampoline to ap_start(), sets itself up, and joins.
 *
 * What a CPU touches before it joins (I38). The trampoline runs on boot_root, which growth never
 * reaches: it touches boot slots only. ap_entry loads the reference root before the first access to
 * the stack; from there on growth is seen at once, since it is in the reference that a slot is first
 * stored. The CPU's stack, per-CPU area and exception stacks lie in slots from birth, and were
 * mapped before it was started. It loads no other root until it has joined: pgsync_cpu_join() has
 * that argument.
 *
 * What it may have cached before it joins. Until its bit is set no flush comes to it, and a kernel
 * address that it has translated may have been unmapped meanwhile. So it drops all translations
 * once it has joined:
 *
 *	joins				unmaps
 *	  set_bit(cpu_online_mask)	  entry = 0
 *	  (LOCKed: full barrier)	  smp_mb()		(tlb_flush_kernel_all)
 *	  drop all translations		  interrupt who is in cpu_online_mask
 *
 * Either the CPU is interrupted, or its bit comes after the look at the mask, the removed entry
 * before the flush, and what is translated after the flush is what is there now.
 *
 * A CPU that answers too late must not join behind the back of who gave it up: ap_state is moved
 * from STARTING by a compare-and-swap, once, by one of the two.
 */
#include "arch/x86/ap.h"

#include "arch/cpu.h"
#include "arch/machine.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/timer.h"
#include "arch/x86/apic.h"
#include "arch/x86/cpu_regs.h"
#include "arch/x86/cpufeature.h"
#include "arch/x86/desc.h"
#include "arch/x86/paging.h"
#include "arch/x86/percpu.h"
#include "arch/x86/smp.h"
#include "boot/bootinfo.h"
#include "boot/trampoline.h"
#include "kernel/base/atomic.h"
#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/racepoint.h"
#include "kernel/base/string.h"
#include "mm/pgsync/pgsync.h"

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

/* For ap_entry.asm: the reference root, on which a CPU enters C and stays until it has joined. */
u64 ap_root;
void ap_entry(void);
__noreturn void ap_start(unsigned int cpu);

enum ap_state { AP_OFF, AP_STARTING, AP_JOINED, AP_GIVEN_UP };

static u32 ap_state[NR_CPUS]; /* A */
static u64 ap_stacks[NR_CPUS];
static phys_addr_t joined_on[NR_CPUS];
static volatile u8 *ap_stages; /* by CPU number, in the trampoline page */
static u32 startup_page;

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
	panic("no free page below 640 KiB to start CPUs from");
}

/* For the mutant of I38: what the reference root is at this moment, and not what it becomes. */
static __maybe_unused phys_addr_t snapshot_of_reference(void)
{
	static pte_t snapshot[PT_ENTRIES] __aligned(PAGE_SIZE);

	memcpy(snapshot, swapper_pg_dir, sizeof(snapshot));
	return kernel_image_phys(snapshot);
}

void ap_prepare(void)
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
	for (unsigned int cpu = 1; cpu < nr_cpus; cpu++)
		params->apic_to_cpu[cpu_apic_id[cpu]] = (u16)cpu;
	ap_stages = params->stage;
	ap_root = MUTANT(ap_on_snapshot) ? snapshot_of_reference() : read_cr3() & PTE_PHYS_MASK;
	startup_page = (u32)pa;
}

/* --- who starts a CPU --- */

int ap_reset(unsigned int cpu)
{
	ASSERT_MSG(cpu > 0 && cpu < nr_cpus && !cpu_online(cpu), "cpu %u", cpu);
	ap_stacks[cpu] = sched_prepare_cpu(cpu);
	if (!ap_stacks[cpu])
		return -ENOMEM;
	ap_stages[cpu] = AP_STAGE_NONE;
	WRITE_ONCE(ap_state[cpu], AP_STARTING);
	apic_send_init(cpu_apic_id[cpu]);
	return 0;
}

void ap_reset_delay(void)
{
	delay_us(INIT_DELAY_US);
}

void ap_startup(unsigned int cpu)
{
	if (ap_stages[cpu] == AP_STAGE_NONE)
		apic_send_startup(cpu_apic_id[cpu], startup_page);
}

bool ap_give_up(unsigned int cpu)
{
	/* Partner: the same in ap_may_join(). */
	return atomic_cmpxchg(&ap_state[cpu], AP_STARTING, AP_GIVEN_UP) == AP_STARTING;
}

unsigned int ap_stage(unsigned int cpu)
{
	return ap_stages[cpu];
}

const char *ap_stage_name(unsigned int cpu)
{
	unsigned int stage = ap_stages[cpu];

	return stage < AP_NR_STAGES ? stage_names[stage] : "a stage unknown to us";
}

phys_addr_t ap_joined_root(unsigned int cpu)
{
	return joined_on[cpu];
}

unsigned long ap_stack_top(unsigned int cpu)
{
	ASSERT_MSG(cpu > 0 && cpu < nr_cpus && ap_stacks[cpu], "cpu %u", cpu);
	return ap_stacks[cpu];
}

/* --- the CPU --- */

/* Whether somebody still waits for this CPU. */
static bool ap_may_join(unsigned int cpu)
{
	/* Partner: the same in ap_give_up(). */
	u32 state = atomic_cmpxchg(&ap_state[cpu], AP_STARTING, AP_JOINED);

	return state == AP_STARTING || MUTANT(ap_joins_late);
}

static void ap_join(unsigned int cpu)
{
	joined_on[cpu] = read_cr3() & PTE_PHYS_MASK;
	if (!MUTANT(ap_on_snapshot))
		ASSERT_MSG(joined_on[cpu] == kernel_image_phys(swapper_pg_dir),
			   "cpu %u joins on root %#lx", cpu, (unsigned long)joined_on[cpu]);
	pgsync_cpu_join();
	if (!MUTANT(join_no_flush))
		tlb_flush_all_local();
	RACE_POINT(ap_joined);
}

/* In C, on the kernel's root and this CPU's own stack; the boot GDT, no IDT, GS base 0. */
void ap_start(unsigned int cpu)
{
	percpu_load(cpu);
	ap_stages[cpu] = AP_STAGE_ENTRY;
	desc_init_cpu(cpu);
	ap_stages[cpu] = AP_STAGE_TABLES;
	cpu_features_init();
	ap_stages[cpu] = AP_STAGE_FEATURES;
	if (!MUTANT(ap_on_snapshot))
		paging_load_ap();
	ap_stages[cpu] = AP_STAGE_ROOT;
	apic_init_cpu();
	ap_stages[cpu] = AP_STAGE_APIC;
	ASSERT_MSG(apic_id() == cpu_apic_id[cpu], "cpu %u: APIC id %u, expected %u", cpu, apic_id(),
		   cpu_apic_id[cpu]);
	sched_ap_enter();
	RACE_POINT(ap_arrives);
	if (!ap_may_join(cpu))
		machine_halt();
	ap_stages[cpu] = AP_STAGE_ONLINE;
	ap_join(cpu);
	sched_ap_start();
}
