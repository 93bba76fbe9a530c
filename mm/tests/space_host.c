/* The machine of the property test of address spaces: see space_host.h. */
#include "mm/tests/space_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/mmu.h"
#include "kernel/base/errno.h"
#include "kernel/base/wait.h"
#include "mm/buddy.h"
#include "mm/huge.h"
#include "mm/memobj.h"
#include "mm/pagezero.h"
#include "mm/pgtable.h"
#include "mm/slab.h"
#include "mm/tlb.h"
#include "tools/host/mm_host.h"

#define ARENA MiB(64)

pte_t swapper_pg_dir[PT_ENTRIES] __aligned(4096);
struct mm_root swapper_root = {.pgd = swapper_pg_dir};
struct page *host_file[FILE_PAGES];
struct memobj *host_file_object;

static struct boot_info info;
static pte_t *touching; /* the TLB of the CPU that takes a fault */

/* --- what mm/pgsync, the scheduler and the processor give to mm --- */

struct mm_root *pgd_alloc(void)
{
	struct mm_root *root = root_object_alloc();

	if (!root)
		return NULL;
	root->pgd = root_page_alloc();
	if (!root->pgd) {
		root_object_free(root);
		return NULL;
	}
	root->state = ROOT_READY;
	return root;
}

void pgd_free(struct mm_root *root)
{
	assert_int_equal(root->state, ROOT_DEAD);
	for (unsigned int i = 0; i < PT_ENTRIES; i++)
		assert_int_equal(root->pgd[i], 0);
	root_page_free(root->pgd);
	root_object_free(root);
}

int kroot_populate(unsigned long start, unsigned long end)
{
	(void)start;
	(void)end;
	return -ENOMEM;
}

bool kroot_ready(unsigned int slot)
{
	(void)slot;
	return false;
}

int set_memory_write(unsigned long va, unsigned int n, bool writable)
{
	(void)va;
	(void)n;
	(void)writable;
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

bool task_must_die(void)
{
	return false;
}

void copy_page(void *dst, const void *src)
{
	memcpy(dst, src, PAGE_SIZE);
}

/* --- TLBs: the entry of each page, with PTE_PS where it is one of 2 MiB --- */

/* Whether the translation that was filled for page n covers an address in [start, end). */
static bool covers(pte_t e, unsigned int n, unsigned long start, unsigned long end)
{
	unsigned long size = pte_huge(e) ? HUGE_SIZE : PAGE_SIZE;
	unsigned long at = ALIGN_DOWN(page_va(n), size);

	return e && at < end && start < at + size;
}

static void drop_range(pte_t *tlb, unsigned long start, unsigned long end)
{
	for (unsigned int n = 0; n < WINDOW; n++)
		if (covers(tlb[n], n, start, end))
			tlb[n] = 0;
}

/* As INVLPG: a page of whatever size. */
static void drop_page(pte_t *tlb, unsigned long va)
{
	va = ALIGN_DOWN(va, PAGE_SIZE);
	drop_range(tlb, va, va + PAGE_SIZE);
}

static struct space *space_of(const struct mm_struct *mm)
{
	for (unsigned int i = 0; i < SPACES; i++)
		if (spaces[i].mm == mm)
			return &spaces[i];
	return NULL; /* not finished yet, or given up */
}

void tlb_flush_page_local(unsigned long va)
{
	assert_non_null(touching);
	drop_page(touching, va);
}

void tlb_flush_mm(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct space *s = space_of(mm);

	assert_true(start < end && IS_ALIGNED(start | end, PAGE_SIZE));
	for (unsigned int cpu = 0; s && cpu < CPUS; cpu++)
		drop_range(s->tlb[cpu], start, end);
}

void tlb_flush_tables(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	tlb_flush_mm(mm, start, end);
}

void tlb_flush_batch(struct mm_struct *mm, const struct tlb_batch *batch)
{
	if (batch->n > TLB_BATCH)
		tlb_flush_mm(mm, 0, USER_END);
	for (unsigned int i = 0; batch->n <= TLB_BATCH && i < batch->n; i++)
		tlb_flush_mm(mm, batch->va[i], batch->va[i] + PAGE_SIZE);
}

void tlb_shoot_lazy(struct mm_struct *mm)
{
	tlb_flush_mm(mm, 0, USER_END);
}

static bool entry_allows(pte_t e, unsigned long access)
{
	if (!(e & PTE_P) || !(e & PTE_U))
		return false;
	if ((access & FAULT_WRITE) && !(e & PTE_W))
		return false;
	return !(access & FAULT_EXEC) || !(e & PTE_NX);
}

static pte_t walk(const struct space *s, unsigned int n)
{
	unsigned int level;
	const pte_t *entry = pt_leaf(s->mm->root->pgd, page_va(n), &level);

	return entry ? *entry + page_va(n) % pt_span(level) : 0;
}

int host_touch(struct space *s, unsigned int n, unsigned long access, u64 **page)
{
	pte_t *tlb = s->tlb[below(CPUS)];

	for (unsigned int tries = 0;; tries++) {
		pte_t e = tlb[n];
		int ret;

		/* As x86: an entry that is not there is not remembered. */
		if (!e && (walk(s, n) & PTE_P))
			e = tlb[n] = walk(s, n);
		/* Never one of 2 MiB and one of 4 KiB (SDM vol. 3A, 4.10.4.2). */
		if (e && walk(s, n))
			assert_int_equal(pte_huge(e), pte_huge(walk(s, n)));
		if (entry_allows(e, access)) {
			*page = phys_to_virt(pte_phys(e));
			return 0;
		}
		/* Not for ever: the first time it is repaired, the second it is seen. */
		assert_true(tries < 2);
		touching = tlb;
		ret = mm_fault(s->mm, page_va(n) + below(PAGE_SIZE), access);
		touching = NULL;
		if (ret)
			return ret;
	}
}

static void check_translation(pte_t e, pte_t now)
{
	assert_true(now & PTE_P);
	assert_int_equal(pte_phys(e), pte_phys(now));
	assert_int_equal(pte_huge(e), pte_huge(now));
	assert_true(!(e & PTE_W) || (now & PTE_W));
	assert_true((e & PTE_NX) || !(now & PTE_NX));
}

void host_check_tlb(const struct space *s)
{
	for (unsigned int cpu = 0; cpu < CPUS; cpu++)
		for (unsigned int n = 0; n < WINDOW; n++)
			if (s->tlb[cpu][n])
				check_translation(s->tlb[cpu][n], walk(s, n));
}

/* --- the machine --- */

void host_boot(void)
{
	mm_host_create(ARENA);
	mm_host_add_range(&info, 0, ARENA, BOOT_MEM_RAM);
	mm_host_boot(&info);
	slab_init();
	mm_init();
	host_file_object = memobj_create(FILE_PAGES);
	for (unsigned int i = 0; i < FILE_PAGES; i++) {
		u64 *words;

		host_file[i] = alloc_page(GFP_KERNEL);
		assert_int_equal(memobj_add_page(host_file_object, i, host_file[i]), 0);
		words = page_address(host_file[i]);
		memset(words, 0x66, PAGE_SIZE);
		words[0] = file_content(i).first;
		words[PT_ENTRIES - 1] = file_content(i).last;
	}
}

u64 host_drained_pages(void)
{
	pt_cache_drain();
	kmem_cache_drain_cpu();
	page_caches_drain();
	return nr_free_pages();
}
