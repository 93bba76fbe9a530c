/* Local APIC: see apic.h, arch/ipi.h, arch/timer.h. */
#include "arch/x86/apic.h"
#include "arch/x86/vectors.h"

#include "arch/ipi.h"
#include "arch/mmu.h"
#include "arch/page.h"
#include "arch/smp.h"
#include "arch/timer.h"
#include "arch/x86/acpi.h"
#include "arch/x86/cpu_regs.h"
#include "arch/x86/cpufeature.h"
#include "arch/x86/fixmap.h"
#include "arch/x86/ioapic.h"
#include "arch/x86/smp.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "mm/pgsync/pgsync.h"

#define APIC_BASE_X2APIC (1UL << 10)
#define APIC_BASE_ENABLE (1UL << 11)
#define APIC_BASE_MASK   0x000ffffffffff000UL

#define SVR_ENABLE     (1U << 8)
#define LVT_MASKED     (1U << 16)
#define LVT_NMI        (4U << 8)
#define ICR_FIXED      (0U << 8)
#define ICR_NMI        (4U << 8)
#define ICR_INIT       (5U << 8)
#define ICR_STARTUP    (6U << 8)
#define ICR_PENDING    (1U << 12)
#define ICR_ASSERT     (1U << 14)
#define ICR_ALL_OTHERS (3U << 18)

#define DIVIDE_BY_16 3U

/* 8259 pair. */
#define PIC1_CMD  0x20
#define PIC1_DATA 0x21
#define PIC2_CMD  0xa0
#define PIC2_DATA 0xa1

u8 *apic_regs;
u8 cpu_apic_id[NR_CPUS];

/* Timer counts a nanosecond, 32.32 fixed point; 0 until calibrated. */
static u64 timer_mult;

/* Whether an IPI must wait until the one before it has left: hypervisors deliver at once. */
static bool icr_may_be_busy = true;

/* The masked pair can still raise spurious interrupts: they must not look like exceptions. */
static void pic_disable(void)
{
	outb(PIC1_CMD, 0x11); /* ICW1: edge, cascade, ICW4 follows */
	outb(PIC2_CMD, 0x11);
	outb(PIC1_DATA, VECTOR_PIC);
	outb(PIC2_DATA, VECTOR_PIC + 8);
	outb(PIC1_DATA, 4); /* the second one is on line 2 */
	outb(PIC2_DATA, 2);
	outb(PIC1_DATA, 1); /* 8086 mode */
	outb(PIC2_DATA, 1);
	outb(PIC1_DATA, 0xff);
	outb(PIC2_DATA, 0xff);
}

/* x2APIC leads back to xAPIC only by way of "disabled" (SDM vol. 3A, 11.12.5). */
static void enable_xapic(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	if (base & APIC_BASE_X2APIC) {
		base &= ~(APIC_BASE_X2APIC | APIC_BASE_ENABLE);
		wrmsr(MSR_APIC_BASE, base);
	}
	if (!(base & APIC_BASE_ENABLE))
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
}

void apic_init_boot(void)
{
	phys_addr_t pa;

	pic_disable();
	ioapic_init();
	enable_xapic();
	pa = rdmsr(MSR_APIC_BASE) & APIC_BASE_MASK;
	if (pa != acpi.madt.lapic_addr)
		printk("apic: registers are at %#llx, the MADT says %#llx\n",
		       (unsigned long long)pa, (unsigned long long)acpi.madt.lapic_addr);
	/* Interrupts end here, in any context and on any root (I30). */
	apic_regs = fixmap_set(FIX_APIC, pa, PROT_KERNEL_MMIO);
	ASSERT(kroot_from_birth(root_slot((unsigned long)apic_regs)));
	icr_may_be_busy = !cpu_features.hypervisor;
	cpu_apic_id[0] = apic_id();
	apic_init_cpu();
}

void apic_init_cpu(void)
{
	enable_xapic();
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	/* Only the boot CPU takes the platform's NMI. */
	apic_write(APIC_LVT_LINT1, LVT_NMI | (cpu_id() ? LVT_MASKED : 0));
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_16);
	apic_write(APIC_TIMER_INITIAL, 0);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER); /* one-shot */
	apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	/* What was in service before us would block every interrupt of its priority. */
	apic_eoi();
}

/* The two halves belong together: no interrupt handler of this CPU may send between them. */
static void icr_send(u8 dest, u32 command)
{
	unsigned long flags = irq_save();

	while (unlikely(icr_may_be_busy) && (apic_read(APIC_ICR_LOW) & ICR_PENDING))
		cpu_relax();
	apic_write(APIC_ICR_HIGH, (u32)dest << 24);
	apic_write(APIC_ICR_LOW, command | ICR_ASSERT);
	irq_restore(flags);
}

void ipi_send(unsigned int cpu, u8 vector)
{
	ASSERT_MSG(cpu < nr_cpus, "cpu %u of %u", cpu, nr_cpus);
	icr_send(cpu_apic_id[cpu], ICR_FIXED | vector);
}

/* True when `mask` names every CPU but `self`, and no CPU of the machine is out of our hands. */
static bool mask_is_all_others(const unsigned long *mask, unsigned int self)
{
	if (!smp_all_online)
		return false;
	for (unsigned int i = 0; i < BITS_TO_LONGS(NR_CPUS); i++) {
		unsigned long own = BIT_WORD_INDEX(self) == i ? BIT_IN_WORD(self) : 0;

		if ((mask[i] | own) != cpu_online_mask[i])
			return false;
	}
	return true;
}

void ipi_send_mask(const unsigned long *mask, u8 vector)
{
	unsigned long flags = irq_save();
	unsigned int cpu, self = cpu_id();

	/* One register write in place of one per CPU. */
	if (mask_is_all_others(mask, self))
		icr_send(0, ICR_ALL_OTHERS | ICR_FIXED | vector);
	else
		for_each_set_bit (cpu, mask, NR_CPUS)
			if (cpu != self)
				ipi_send(cpu, vector);
	irq_restore(flags);
}

void ipi_nmi(unsigned int cpu)
{
	ASSERT_MSG(cpu < nr_cpus, "cpu %u of %u", cpu, nr_cpus);
	icr_send(cpu_apic_id[cpu], ICR_NMI);
}

void ipi_broadcast_nmi(void)
{
	unsigned int cpu;

	if (!apic_regs)
		return;
	/* One by one: a CPU that has no IDT yet would reset the machine. */
	for_each_online_cpu (cpu)
		if (cpu != cpu_id())
			ipi_nmi(cpu);
}

void apic_send_init(u8 id)
{
	icr_send(id, ICR_INIT);
}

void apic_send_startup(u8 id, u32 page)
{
	ASSERT_MSG(IS_ALIGNED(page, PAGE_SIZE) && page < MiB(1), "%#x", page);
	icr_send(id, ICR_STARTUP | page >> PAGE_SHIFT);
}

void apic_timer_free_run(void)
{
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | LVT_MASKED);
	apic_write(APIC_TIMER_INITIAL, ~0U);
}

void apic_timer_set_rate(u64 hz)
{
	ASSERT_MSG(hz >= 1000 && hz >> 32 == 0, "%llu Hz", (unsigned long long)hz);
	timer_mult = (hz << 32) / 1000000000;
	apic_write(APIC_TIMER_INITIAL, 0);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
}

void timer_arm_ns(u64 delta_ns)
{
	u64 count;

	ASSERT(timer_mult);
	count = (u64)(((unsigned __int128)delta_ns * timer_mult) >> 32);
	/* 0 would stop it; what does not fit comes early, as the contract says. */
	if (unlikely(count - 1 >= UINT32_MAX))
		count = count ? UINT32_MAX : 1;
	apic_write(APIC_TIMER_INITIAL, (u32)count);
}

void timer_stop(void)
{
	apic_write(APIC_TIMER_INITIAL, 0);
}

bool arch_keeps_phys(phys_addr_t pa, u64 bytes)
{
	phys_addr_t end = pa + bytes, local = rdmsr(MSR_APIC_BASE) & APIC_BASE_MASK;
	bool keeps = pa < local + PAGE_SIZE && local < end;

	for (unsigned int i = 0; i < acpi.madt.nr_ioapics; i++) {
		phys_addr_t page = ALIGN_DOWN(acpi.madt.ioapics[i].addr, PAGE_SIZE);

		keeps |= pa < page + PAGE_SIZE && page < end;
	}
	return keeps;
}
