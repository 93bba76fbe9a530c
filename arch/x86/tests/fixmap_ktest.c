/*
 * Registers and firmware's tables: the local APIC is reached through a fixed mapping in a slot from
 * birth, and through no other address; what ACPI was read by is gone; ioremap() shows the same
 * registers, uncached, and refuses RAM.
 */
#include "arch/x86/fixmap.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/x86/acpi.h"
#include "arch/x86/apic.h"
#include "arch/x86/cpu_regs.h"
#include "arch/x86/vectors.h"
#include "kernel/base/bitops.h"
#include "kernel/base/ktest.h"
#include "mm/buddy.h"
#include "mm/pgsync/pgsync.h"
#include "mm/pgtable.h"
#include "mm/vmalloc.h"

#define APIC_VERSION_REGISTER 0x30
#define IOAPIC_PIN0           0x10
#define IOAPIC_VERSION        0x01

static pte_t entry_for(const void *va)
{
	const pte_t *entry = pt_walk(swapper_pg_dir, (unsigned long)va, 1, false);

	return entry ? *entry : 0;
}

static void expect_uncached(const void *va, phys_addr_t pa)
{
	KTEST_EXPECT_EQ(entry_for(va), pte_make(ALIGN_DOWN(pa, PAGE_SIZE), PROT_KERNEL_MMIO));
}

static phys_addr_t apic_phys(void)
{
	return rdmsr(MSR_APIC_BASE) & PTE_PHYS_MASK;
}

KTEST(fixmap, local_apic_has_one_address_and_no_root_lacks_it)
{
	KTEST_EXPECT_EQ(apic_regs, FIXMAP_START + FIX_APIC * PAGE_SIZE);
	KTEST_EXPECT(kroot_from_birth(root_slot((unsigned long)apic_regs)));
	expect_uncached(apic_regs, apic_phys());
	KTEST_EXPECT(!kernel_maps((unsigned long)phys_to_virt(apic_phys())));
	for (unsigned int i = 0; i < acpi.madt.nr_ioapics; i++)
		KTEST_EXPECT(!kernel_maps((unsigned long)phys_to_virt(acpi.madt.ioapics[i].addr)));
}

KTEST(fixmap, what_boot_has_read_is_gone)
{
	KTEST_EXPECT_EQ(early_mapped(), 0);
	for (unsigned long i = FIX_EARLY; i < PT_ENTRIES; i++)
		KTEST_EXPECT_EQ(entry_for((void *)(FIXMAP_START + i * PAGE_SIZE)), 0);
}

KTEST(fixmap, early_mappings_are_a_stack)
{
	const u8 *low, *high;
	unsigned int n;

	/* What the BIOS left there, over a border of pages, and again on its own. */
	low = early_map(0xf0ff8, 16);
	n = early_mapped();
	KTEST_EXPECT_EQ(n, 2);
	high = early_map(0xf1000, 8);
	KTEST_EXPECT(low && high && low + 8 != high);
	KTEST_EXPECT_EQ(*(const u64 *)(low + 8), *(const u64 *)high);
	KTEST_EXPECT_EQ(entry_for(high), pte_make(0xf1000, PROT_KERNEL_RO));
	early_unmap_to(n);
	KTEST_EXPECT_EQ(entry_for(high), 0);
	KTEST_EXPECT(entry_for(low) != 0);
	/* What does not fit is refused, and leaves nothing behind. */
	KTEST_EXPECT(!early_map(0, PT_ENTRIES * PAGE_SIZE));
	KTEST_EXPECT(!early_map(0, ~0UL));
	KTEST_EXPECT(!early_map(~0UL, 1));
	KTEST_EXPECT_EQ(early_mapped(), n);
	early_unmap_to(0);
}

KTEST(ioremap, shows_registers)
{
	u8 *regs = ioremap(apic_phys() + APIC_VERSION_REGISTER, 4);

	KTEST_EXPECT(regs);
	if (!regs)
		return;
	expect_uncached((void *)((unsigned long)regs & PAGE_MASK), apic_phys());
	KTEST_EXPECT_EQ(mmio_read32(regs), apic_read(APIC_VERSION_REGISTER));
	KTEST_EXPECT(mmio_read32(regs) != 0);
	iounmap(regs);
	KTEST_EXPECT(!kernel_maps((unsigned long)regs));
}

/* By a mapping of their own: each line of each I/O APIC is masked, but for one that has a vector. */
KTEST(ioremap, shows_that_boot_has_masked_all_lines)
{
	for (unsigned int i = 0; i < acpi.madt.nr_ioapics; i++) {
		u8 *regs = ioremap(acpi.madt.ioapics[i].addr, 32);
		u32 last;

		KTEST_EXPECT(regs);
		if (!regs)
			return;
		mmio_write32(regs, IOAPIC_VERSION);
		last = mmio_read32(regs + 16) >> 16 & 0xff;
		KTEST_EXPECT(last > 0);
		for (u32 pin = 0; pin <= last; pin++) {
			mmio_write32(regs, IOAPIC_PIN0 + 2 * pin);
			KTEST_EXPECT((mmio_read32(regs + 16) & BIT(16)) ||
				     (mmio_read32(regs + 16) & 0xff) == VECTOR_SCI);
		}
		iounmap(regs);
	}
}

KTEST(ioremap, refuses_memory)
{
	struct page *page = alloc_page(GFP_KERNEL);

	KTEST_EXPECT(page);
	if (!page)
		return;
	KTEST_EXPECT(!ioremap(page_to_phys(page), PAGE_SIZE));
	KTEST_EXPECT(!ioremap(page_to_phys(page) + PAGE_SIZE - 1, 1));
	KTEST_EXPECT(!ioremap(0, 1UL << 40));
	KTEST_EXPECT(!ioremap(apic_phys(), 0));
	free_page(page);
}
