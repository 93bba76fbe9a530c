/*
 * The final kernel page tables, built at boot in swapper_pg_dir: the image by the rights of its
 * sections, the direct map, the fixed mappings, the slot for kernel stacks.
 */
#include "arch/x86/paging.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/x86/cpu_regs.h"
#include "arch/x86/cpufeature.h"
#include "arch/x86/fixmap.h"
#include "boot/bootinfo.h"
#include "kernel/base/kasan.h"
#include "kernel/base/panic.h"
#include "mm/memblock.h"
#include "mm/mm.h"

/* I/O APICs, HPET, local APICs and firmware live from here to 4 GiB on every PC: no memory. */
#define DEVICE_WINDOW 0xfec00000UL

pte_t swapper_pg_dir[PT_ENTRIES] __aligned(4096);

extern char __text_start[], __text_end[], __rodata_start[], __rodata_end[];
extern char __data_start[], __bss_end[], __ksyms_start[], _kernel_end[];

static phys_addr_t table_phys(const void *table)
{
	if ((unsigned long)table >= KERNEL_VMA)
		return kernel_image_phys(table);
	return virt_to_phys(table);
}

static pte_t *early_next(pte_t *entry)
{
	if (!pte_present(*entry)) {
		void *table = early_alloc(PAGE_SIZE, PAGE_SIZE);

		*entry = pte_make(table_phys(table), PTE_KERNEL_TABLE);
	}
	return pte_table(*entry);
}

unsigned int arch_leaf_level(unsigned long va, phys_addr_t pa, u64 bytes)
{
	for (unsigned int level = cpu_features.gib_pages ? 3 : 2; level > 1; level--)
		if (IS_ALIGNED(va | pa, pt_span(level)) && bytes >= pt_span(level))
			return level;
	return 1;
}

void arch_map_early(unsigned long va, phys_addr_t pa, u64 bytes, u64 prot)
{
	ASSERT_MSG(IS_ALIGNED(va | pa | bytes, PAGE_SIZE), "%#lx -> %#lx, %#lx bytes", va,
		   (unsigned long)pa, (unsigned long)bytes);
	while (bytes) {
		unsigned int leaf = arch_leaf_level(va, pa, bytes);
		pte_t *entry = &swapper_pg_dir[pt_index(va, PT_ROOT_LEVEL)];

		for (unsigned int level = PT_ROOT_LEVEL; level > leaf; level--)
			entry = &early_next(entry)[pt_index(va, level - 1)];
		ASSERT_MSG(!pte_present(*entry), "%#lx is mapped already: %#lx", va,
			   (unsigned long)*entry);
		*entry = pte_make(pa, prot | (leaf > 1 ? PTE_PS : 0));
		va += pt_span(leaf);
		pa += pt_span(leaf);
		bytes -= pt_span(leaf);
	}
}

void arch_hook_table(unsigned long va, pte_t *table)
{
	pte_t *entry = &swapper_pg_dir[pt_index(va, PT_ROOT_LEVEL)];

	for (unsigned int level = PT_ROOT_LEVEL; level > 2; level--)
		entry = &early_next(entry)[pt_index(va, level - 1)];
	ASSERT_MSG(!pte_present(*entry), "%#lx is mapped already: %#lx", va, (unsigned long)*entry);
	*entry = pte_make(table_phys(table), PTE_KERNEL_TABLE);
}

static void map_image(const char *start, const char *end, u64 prot)
{
	phys_addr_t pa = kernel_image_phys(start);

	arch_map_early((unsigned long)start, pa,
		       ALIGN_UP((unsigned long)end, PAGE_SIZE) - (unsigned long)start, prot);
}

/* The end of what must be reachable below 4 GiB: RAM and the firmware's tables. */
static phys_addr_t low_end(void)
{
	phys_addr_t end = MiB(1);

	for (unsigned int i = 0; i < boot_info.nr_ranges; i++) {
		const struct boot_mem_range *r = &boot_info.ranges[i];

		if (r->start >= DEVICE_WINDOW || r->type == BOOT_MEM_RESERVED)
			continue;
		if (r->start + r->size > end)
			end = MIN(r->start + r->size, DEVICE_WINDOW);
	}
	return ALIGN_UP(end, pt_span(2));
}

static void map_direct(void)
{
	phys_addr_t text = kernel_image_phys(__text_start), data = kernel_image_phys(__data_start);
	phys_addr_t low = low_end(), high = ALIGN_UP(memblock_end(), pt_span(2));

	/* Neither the text nor the constants may be written through the direct map. */
	arch_map_early(PAGE_OFFSET, 0, text, PROT_KERNEL_RW);
	arch_map_early(PAGE_OFFSET + text, text, data - text, PROT_KERNEL_RO);
	arch_map_early(PAGE_OFFSET + data, data, low - data, PROT_KERNEL_RW);
	if (high > GiB(4))
		arch_map_early(PAGE_OFFSET + GiB(4), GiB(4), high - GiB(4), PROT_KERNEL_RW);
}

/* The reference root before load_root() exists for it: boot only. */
static void load_swapper(void)
{
	__asm__ volatile("movq %0, %%cr3" ::"r"(kernel_image_phys(swapper_pg_dir)) : "memory");
	tlb_flush_all_local();
}

void paging_init(void)
{
	map_image(__text_start, __text_end, PROT_KERNEL_RX);
	map_image(__rodata_start, __rodata_end, PROT_KERNEL_RO);
	map_image(__data_start, __bss_end, PROT_KERNEL_RW);
	map_image(__ksyms_start, _kernel_end, PROT_KERNEL_RO);
	map_direct();
	fixmap_init();
	if (SAN_ADDRESS)
		kasan_map_boot();
	/*
	 * Kernel stacks come and go below this slot; the slot itself every root has from birth
	 * (I30).
	 */
	early_next(&swapper_pg_dir[root_slot(KSTACK_START)]);
	load_swapper();
	if (SAN_ADDRESS)
		kasan_start();
}

void paging_load_ap(void)
{
	load_swapper();
}
