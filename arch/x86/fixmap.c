/* Fixed mappings: see fixmap.h. */
#include "arch/x86/fixmap.h"

#include "arch/mmu.h"
#include "kernel/base/panic.h"
#include "arch/x86/paging.h"

static pte_t fixmap_table[PT_ENTRIES] __aligned(4096);

static unsigned int nr_early; /* boot */

static unsigned long fixmap_va(unsigned int index)
{
	return FIXMAP_START + index * PAGE_SIZE;
}

void fixmap_init(void)
{
	arch_hook_table(FIXMAP_START, fixmap_table);
}

static void set_entry(unsigned int index, pte_t entry)
{
	ASSERT_MSG(index < PT_ENTRIES, "index %u", index);
	WRITE_ONCE(fixmap_table[index], entry);
	tlb_flush_page_local(fixmap_va(index));
}

void *fixmap_set(enum fixmap_index index, phys_addr_t pa, u64 prot)
{
	ASSERT_MSG(index < FIX_EARLY && IS_ALIGNED(pa, PAGE_SIZE), "index %u -> %#llx", index,
		   (unsigned long long)pa);
	set_entry(index, pte_make(pa, prot));
	return (void *)fixmap_va(index);
}

const void *early_map(phys_addr_t pa, size_t bytes)
{
	phys_addr_t start = ALIGN_DOWN(pa, PAGE_SIZE);
	unsigned int first = FIX_EARLY + nr_early;
	size_t n;

	if (pa > PTE_PHYS_MASK || bytes > PT_ENTRIES * PAGE_SIZE)
		return NULL;
	n = (ALIGN_UP(pa + bytes, PAGE_SIZE) - start) >> PAGE_SHIFT;
	if (n > PT_ENTRIES - first)
		return NULL;
	for (size_t i = 0; i < n; i++)
		set_entry(first + (unsigned int)i, pte_make(start + i * PAGE_SIZE, PROT_KERNEL_RO));
	nr_early += (unsigned int)n;
	return (const void *)(fixmap_va(first) + (pa - start));
}

unsigned int early_mapped(void)
{
	return nr_early;
}

void early_unmap_to(unsigned int n)
{
	ASSERT_MSG(n <= nr_early, "%u of %u", n, nr_early);
	while (nr_early > n)
		set_entry(FIX_EARLY + --nr_early, 0);
}
