/* host-test: mm/vmalloc.c mm/vrange.c kernel/base/avl.c mm/slab.c mm/magazine.c mm/poison.c
 * mm/buddy.c mm/zone.c mm/allocfail.c mm/memblock.c mm/memmap.c tools/host/mm_host.c */
/*
 * vmalloc over page tables that are a hash table here. It knows which addresses and pages some
 * CPU's TLB may still hold: mapping one of them again before a flush fails the test. Root slots
 * become ready when something is mapped in them, and never otherwise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/preempt.h"
#include "kernel/base/wait.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/pgsync/pgsync.h"
#include "mm/pgtable.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"
#include "tools/host/mm_host.h"

#define ARENA      MiB(256)
#define PAGES      (ARENA / PAGE_SIZE)
#define FIRST_SLOT 402
#define HASH       (1u << 18)

static struct boot_info info;
static u64 boot_free;

/* One kernel page-table entry, in a table with open addressing; entries stay once they have been
 * used. */
struct entry {
	unsigned long va;
	struct page *page; /* NULL: not mapped, or a device's */
	phys_addr_t pa;    /* a device's, or 0 */
	bool stale;        /* a TLB may hold it */
};

static struct entry table[HASH];
static unsigned int stale[HASH], nr_stale;
static bool page_stale[PAGES];
static bool page_mapped[PAGES];
static bool ready[ROOT_SLOTS];
static unsigned int flushes, mapped;

/* The next slots that kmap_pages() finds memory for a table of: -1 any number. */
static int table_budget = -1;

static struct entry *entry_of(unsigned long va)
{
	unsigned int h = (unsigned int)((va >> PAGE_SHIFT) * 0x9e3779b97f4a7c15ull >> 46) % HASH;

	while (table[h].va && table[h].va != va)
		h = (h + 1) % HASH;
	table[h].va = va;
	return &table[h];
}

bool kroot_ready(unsigned int slot)
{
	return ready[slot];
}

static bool install_slot(unsigned int slot)
{
	if (ready[slot])
		return true;
	if (table_budget == 0)
		return false;
	if (table_budget > 0)
		table_budget--;
	ready[slot] = true;
	return true;
}

static void unmap_one(unsigned long va)
{
	struct entry *e = entry_of(va);

	assert_true(e->page || e->pa);
	if (e->page) {
		page_stale[page_to_pfn(e->page)] = true;
		page_mapped[page_to_pfn(e->page)] = false;
	}
	e->page = NULL;
	e->pa = 0;
	e->stale = true;
	stale[nr_stale++] = (unsigned int)(e - table);
	mapped--;
}

int kmap_pages(unsigned long va, struct page **pages, unsigned int n)
{
	assert_int_equal(preempt_depth(), 0);
	for (unsigned int i = 0; i < n; i++) {
		struct entry *e = entry_of(va + i * PAGE_SIZE);
		u64 pfn = page_to_pfn(pages[i]);

		if (!install_slot(root_slot(va + i * PAGE_SIZE))) {
			while (i-- > 0)
				unmap_one(va + i * PAGE_SIZE);
			return -ENOMEM;
		}
		assert_null(e->page);
		assert_false(e->stale);
		assert_false(page_stale[pfn]);
		assert_false(page_mapped[pfn]);
		assert_int_equal(pages[i]->refcount, 1);
		e->page = pages[i];
		page_mapped[pfn] = true;
		mapped++;
	}
	return 0;
}

void kunmap_pages(unsigned long va, unsigned int n)
{
	assert_int_equal(preempt_depth(), 0);
	for (unsigned int i = 0; i < n; i++)
		unmap_one(va + i * PAGE_SIZE);
}

/* The registers of devices are at no page of the arena. */
int kmap_phys(unsigned long va, phys_addr_t pa, unsigned int n, u64 prot)
{
	assert_int_equal(preempt_depth(), 0);
	assert_int_equal(prot, PROT_KERNEL_MMIO);
	for (unsigned int i = 0; i < n; i++) {
		struct entry *e = entry_of(va + i * PAGE_SIZE);

		if (!install_slot(root_slot(va + i * PAGE_SIZE))) {
			while (i-- > 0)
				unmap_one(va + i * PAGE_SIZE);
			return -ENOMEM;
		}
		assert_false(e->page || e->pa || e->stale);
		e->pa = pa + i * PAGE_SIZE;
		mapped++;
	}
	return 0;
}

void mutex_lock_slow(struct mutex *m)
{
	panic("deadlock on mutex %p", (void *)m);
}

void wake_up(struct wait_queue *wq)
{
	panic("nobody waits on %p", (void *)wq);
}

/* Until now every page that a TLB may hold must still have belonged to its range. */
void tlb_flush_kernel_all(void)
{
	assert_int_equal(preempt_depth(), 0);
	for (u64 pfn = 0; pfn < PAGES; pfn++) {
		if (page_stale[pfn])
			assert_int_equal(pfn_to_page(pfn)->refcount, 1);
		page_stale[pfn] = false;
	}
	while (nr_stale)
		table[stale[--nr_stale]].stale = false;
	flushes++;
}

static int boot(void **state)
{
	mm_host_create(ARENA);
	mm_host_add_range(&info, 0, ARENA, BOOT_MEM_RAM);
	mm_host_boot(&info);
	slab_init();
	boot_free = nr_free_pages();
	return 0;
}

static void assert_all_free(void)
{
	vmalloc_purge();
	kmem_cache_drain_cpu();
	page_caches_drain();
	assert_int_equal(mapped, 0);
	assert_int_equal(vmalloc_bytes(), 0);
	assert_int_equal(slab_report(), 0);
	assert_int_equal(nr_free_pages(), boot_free);
}

/* Every page of the range is mapped, and the page after it is not. */
static void assert_range(const void *addr, size_t bytes)
{
	unsigned long va = (unsigned long)addr;

	assert_true(IS_ALIGNED(va, PAGE_SIZE) && va >= VMALLOC_START);
	for (size_t done = 0; done < bytes; done += PAGE_SIZE)
		assert_non_null(entry_of(va + done)->page);
	assert_null(entry_of(va + ALIGN_UP(bytes, PAGE_SIZE))->page);
}

static void test_first_range(void **state)
{
	void *a, *b;

	assert_int_equal(vmalloc_slots_free(), VMALLOC_SLOTS);
	assert_null(vmalloc(0));
	assert_null(vmalloc(~0ul));
	assert_null(vmalloc(GiB(3)));
	a = vmalloc(1);
	b = vmalloc(PAGE_SIZE + 1);
	assert_int_equal((unsigned long)a, VMALLOC_START);
	/* One page of a, one guard. */
	assert_int_equal((unsigned long)b, VMALLOC_START + 2 * PAGE_SIZE);
	assert_range(a, 1);
	assert_range(b, PAGE_SIZE + 1);
	assert_int_equal(vmalloc_slots_free(), VMALLOC_SLOTS - 1);
	assert_int_equal(vmalloc_bytes(), 3 * PAGE_SIZE);
	vfree(a);
	vfree(b);
	vfree(NULL);
	assert_all_free();
}

static void test_lazy_purge(void **state)
{
	unsigned int before = flushes;
	void *a[64], *big;

	for (int i = 0; i < 64; i++)
		a[i] = vmalloc(PAGE_SIZE);
	for (int i = 0; i < 63; i++)
		vfree(a[i]);
	assert_int_equal(flushes, before);
	assert_int_equal(nr_stale, 63);
	vfree(a[63]);
	assert_int_equal(flushes, before + 1);
	assert_int_equal(nr_stale, 0);

	big = vmalloc(MiB(31));
	vfree(big);
	assert_int_equal(flushes, before + 1);
	big = vmalloc(MiB(1));
	vfree(big);
	assert_int_equal(flushes, before + 2);
	assert_all_free();
	assert_int_equal(flushes, before + 2);
}

/* Memory that only a flush can free is found before an allocation fails. */
static void test_purge_when_short(void **state)
{
	unsigned int before = flushes;
	void *a[7], *b;

	/* Less waits than makes a flush due, and more than is left is asked for. */
	for (int i = 0; i < 7; i++)
		assert_non_null(a[i] = vmalloc(MiB(30)));
	vfree(a[0]);
	assert_int_equal(flushes, before);
	b = vmalloc(MiB(60));
	assert_non_null(b);
	assert_int_equal(flushes, before + 1);
	vfree(b);
	for (int i = 1; i < 7; i++)
		vfree(a[i]);
	assert_all_free();
}

struct range {
	void *addr;
	size_t bytes;
};

static struct range held[500];

static void test_random(void **state)
{
	unsigned int n = 0;

	for (u32 step = 0; step < 300000; step++) {
		if (mm_host_below(100) < (step / 20000 % 2 ? 45 : 55) && n < ARRAY_SIZE(held)) {
			size_t bytes = 1 + (mm_host_below(50) ? mm_host_below(60000)
							      : mm_host_below(4000000));
			void *addr = vmalloc(bytes);

			if (!addr)
				continue;
			assert_range(addr, bytes);
			held[n++] = (struct range){addr, bytes};
		} else if (n) {
			unsigned int i = mm_host_below(n);

			assert_range(held[i].addr, held[i].bytes);
			vfree(held[i].addr);
			held[i] = held[--n];
		}
		if (step % 10007 == 0)
			vmalloc_purge();
	}
	while (n)
		vfree(held[--n].addr);
	assert_all_free();
	/* The first fit never needed a second slot. */
	assert_int_equal(vmalloc_slots_free(), VMALLOC_SLOTS - 1);
}

static void forget_slots(unsigned int first)
{
	assert_all_free();
	for (unsigned int s = first; s < ROOT_SLOTS; s++)
		ready[s] = false;
	assert_int_equal(vmalloc_reset_slots(first), 0);
}

static void test_fresh_slots(void **state)
{
	void *a, *b, *c;

	a = vmalloc_fresh_slot(3 * PAGE_SIZE, false);
	assert_int_equal((unsigned long)a, root_slot_va(FIRST_SLOT + 1));
	assert_range(a, 3 * PAGE_SIZE);
	b = vmalloc_fresh_slot(5 * PAGE_SIZE, true);
	assert_int_equal((unsigned long)b, root_slot_va(FIRST_SLOT + 3) - 2 * PAGE_SIZE);
	assert_range(b, 5 * PAGE_SIZE);
	assert_true(ready[FIRST_SLOT + 2] && ready[FIRST_SLOT + 3]);
	assert_int_equal(vmalloc_slots_free(), VMALLOC_SLOTS - 4);
	/* A freed slot is not fresh. */
	vfree(a);
	vmalloc_purge();
	c = vmalloc_fresh_slot(1, true); /* made two pages */
	assert_int_equal((unsigned long)c, root_slot_va(FIRST_SLOT + 5) - PAGE_SIZE);
	assert_int_equal(vmalloc_reset_slots(FIRST_SLOT + 1), -EBUSY);
	vfree(b);
	vfree(c);
	assert_int_equal(vmalloc_reset_slots(FIRST_SLOT + 1), -EBUSY);
	forget_slots(FIRST_SLOT + 1);
	assert_int_equal(vmalloc_slots_free(), VMALLOC_SLOTS - 1);
}

static void test_slots_run_out(void **state)
{
	unsigned int n = 0, straddling = 0;
	void *addr;

	while (!IS_ERR(addr = vmalloc_fresh_slot(PAGE_SIZE * 4, straddling < 10))) {
		straddling += straddling < 10;
		held[n++] = (struct range){addr, PAGE_SIZE * 4};
	}
	assert_int_equal(PTR_ERR(addr), -ENOSPC);
	/* 10 straddling ranges took 20 of 63 slots. */
	assert_int_equal(n, 10 + 43);
	assert_int_equal(vmalloc_slots_free(), 0);
	assert_int_equal(PTR_ERR(vmalloc_fresh_slot(PAGE_SIZE, true)), -ENOSPC);
	addr = vmalloc(PAGE_SIZE);
	assert_int_equal((unsigned long)addr, VMALLOC_START);
	vfree(addr);
	while (n)
		vfree(held[--n].addr);
	forget_slots(FIRST_SLOT + 1);
}

/* I26: the first table is found, the second is not. */
static void test_straddle_fails_half_way(void **state)
{
	void *addr;

	table_budget = 1;
	assert_int_equal(PTR_ERR(vmalloc_fresh_slot(8 * PAGE_SIZE, true)), -ENOMEM);
	table_budget = -1;
	assert_true(ready[FIRST_SLOT + 1] && !ready[FIRST_SLOT + 2]);
	assert_int_equal(mapped, 0);
	/* The installed slot stays used for good, the other is fresh again after the flush. */
	vmalloc_purge();
	assert_int_equal(vmalloc_slots_free(), VMALLOC_SLOTS - 2);
	addr = vmalloc_fresh_slot(8 * PAGE_SIZE, true);
	assert_int_equal((unsigned long)addr, root_slot_va(FIRST_SLOT + 3) - 4 * PAGE_SIZE);
	assert_range(addr, 8 * PAGE_SIZE);
	vfree(addr);
	forget_slots(FIRST_SLOT + 1);
}

/* Each allocation on the way fails once; nothing may leak and no slot be lost. */
static void test_injected_faults(void **state)
{
	for (int kind = 0; kind < 3; kind++) {
		void *addr = NULL;
		long n = 0;

		do {
			alloc_fail_nth(++n);
			addr = kind ? vmalloc_fresh_slot(20 * PAGE_SIZE, kind == 2)
				    : vmalloc(20 * PAGE_SIZE);
			/* A page that is not found is looked for once more: success in spite of the
			 * fault. */
			if (!alloc_fail_left() && addr && !IS_ERR(addr)) {
				vfree(addr);
				vmalloc_purge();
				addr = NULL;
			}
			assert_true(n < 100);
		} while (!addr || IS_ERR(addr));
		alloc_fail_nth(0);
		assert_true(n > 20);
		vfree(addr);
		assert_all_free();
	}
	forget_slots(FIRST_SLOT + 1);
}

static void test_out_of_memory(void **state)
{
	/* Larger than what is left, smaller than what the array of pages allows. */
	void *a = vmalloc(ALIGN_DOWN(boot_free * PAGE_SIZE / 2, PAGE_SIZE));

	assert_non_null(a);
	assert_null(vmalloc(boot_free * PAGE_SIZE * 6 / 10));
	assert_int_equal(PTR_ERR(vmalloc_fresh_slot(boot_free * PAGE_SIZE * 6 / 10, false)),
			 -ENOMEM);
	assert_int_equal(vmalloc_slots_free(), VMALLOC_SLOTS - 1);
	vfree(a);
	assert_all_free();
}

#define DEVICE GiB(4)

static void test_ioremap(void **state)
{
	unsigned int before = flushes;
	u64 bytes = vmalloc_bytes(), free_before;
	char *a, *b;

	/* RAM, a part of it, its last byte; nothing; what is beyond all addresses. */
	assert_null(ioremap(MiB(2), PAGE_SIZE));
	assert_null(ioremap(ARENA - 1, PAGE_SIZE));
	assert_null(ioremap(0, GiB(8)));
	assert_null(ioremap(DEVICE, 0));
	assert_null(ioremap(~0ul, 1));
	assert_null(ioremap(DEVICE, ~0ul));
	assert_int_equal(mapped, 0);
	iounmap(ioremap(DEVICE, 1));
	assert_all_free();
	before = flushes;
	/* The first one has made slabs. */
	iounmap(ioremap(DEVICE, 1));
	free_before = nr_free_pages();
	/* Two pages, for the registers lie across a border. */
	a = ioremap(DEVICE + PAGE_SIZE - 8, 16);
	b = ioremap(ARENA, 1);
	assert_int_equal((unsigned long)a % PAGE_SIZE, PAGE_SIZE - 8);
	assert_int_equal(entry_of((unsigned long)a & PAGE_MASK)->pa, DEVICE);
	assert_int_equal(entry_of((unsigned long)a + 8)->pa, DEVICE + PAGE_SIZE);
	assert_int_equal(entry_of((unsigned long)a + 8 + PAGE_SIZE)->pa, 0);
	assert_int_equal(entry_of((unsigned long)b)->pa, ARENA);
	assert_int_equal(mapped, 3);
	/* No page is anybody's. */
	assert_int_equal(vmalloc_bytes(), bytes);
	assert_int_equal(nr_free_pages(), free_before);
	iounmap(a);
	iounmap(b);
	iounmap(NULL);
	/* Lazily, as vfree(). */
	assert_int_equal(flushes, before);
	assert_int_equal(nr_stale, 4);
	assert_all_free();
	assert_int_equal(flushes, before + 1);
}

static void test_free_of_the_other_kind(void **state)
{
	void *registers = ioremap(DEVICE, 1), *memory = vmalloc(1);

	EXPECT_PANIC("of the other kind", vfree(registers));
	EXPECT_PANIC("of the other kind", iounmap(memory));
	EXPECT_PANIC("no range starts there", iounmap((char *)registers + PAGE_SIZE));
}

static void test_bad_frees(void **state)
{
	char *a = vmalloc(3 * PAGE_SIZE);

	EXPECT_PANIC("no range starts there", vfree(a + PAGE_SIZE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_range),
		cmocka_unit_test(test_lazy_purge),
		cmocka_unit_test(test_purge_when_short),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_fresh_slots),
		cmocka_unit_test(test_slots_run_out),
		cmocka_unit_test(test_straddle_fails_half_way),
		cmocka_unit_test(test_injected_faults),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_ioremap),
		cmocka_unit_test(test_bad_frees),
		cmocka_unit_test(test_free_of_the_other_kind),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
