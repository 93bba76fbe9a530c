/* Slots, roots and address spaces for the in-kernel tests: see support.h. */
#include "mm/pgsync/tests/support.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/uaccess.h"
#include "kernel/base/ktest.h"
#include "kernel/base/panic.h"
#include "kernel/task_mm.h"
#include "kernel/workers.h"
#include "mm/buddy.h"
#include "mm/pgtable.h"
#include "mm/tlb.h"

static struct page *pages[TEST_SLOTS];
static phys_addr_t tables[TEST_SLOTS];

bool skip_without_growth(void)
{
	if (never_grows())
		ktest_skip("every slot is from birth");
	return never_grows();
}

int grow_slot(unsigned int slot)
{
	struct page *table = pt_table_alloc();
	int ret;

	ASSERT(table);
	ret = kroot_install(slot, page_to_phys(table));
	if (ret)
		pt_table_free(table);
	return kroot_from_birth(slot) ? 0 : ret;
}

static u64 pattern(unsigned int slot)
{
	return slot * 0x9e3779b97f4a7c15UL;
}

void map_page_in(unsigned int slot)
{
	struct page *page = alloc_page(GFP_KERNEL);

	ASSERT(page && slot >= TEST_SLOT && slot < TEST_SLOT + TEST_SLOTS);
	pages[slot - TEST_SLOT] = page;
	/* Through the direct map: under pgsync=none this CPU's root may lack the slot. */
	*(u64 *)page_address(page) = pattern(slot);
	if (kmap_pages(root_slot_va(slot), &page, 1))
		panic("no memory to map a page in slot %u", slot);
}

int read_page_in(unsigned int slot)
{
	u64 value;
	int ret = probe_kernel_read(&value, (void *)root_slot_va(slot));

	if (!ret && value != pattern(slot))
		panic("slot %u leads to another page: %#lx", slot, (unsigned long)value);
	return ret;
}

void unload_here(void *unused)
{
	(void)unused;
	leave_borrowed_mm();
}

void unload_borrowed(void)
{
	run_on_each_cpu(unload_here, NULL);
}

static void reset_stopped(void *arg)
{
	(void)arg;
	(void)pgsync_reset_slots(TEST_SLOT, TEST_SLOTS, tables);
}

static void drain_here(void *unused)
{
	(void)unused;
	root_cache_drain();
}

void drain_root_caches(void)
{
	run_on_each_cpu(drain_here, NULL);
}

void test_slots_reset(void)
{
	unload_borrowed();
	drain_root_caches();
	for (unsigned int i = 0; i < TEST_SLOTS; i++)
		if (pages[i])
			kunmap_pages(root_slot_va(TEST_SLOT + i), 1);
	stop_machine(reset_stopped, NULL);
	for (unsigned int i = 0; i < TEST_SLOTS; i++) {
		if (tables[i])
			pt_free_slot_tables(TEST_SLOT + i, tables[i]);
		if (pages[i])
			free_page(pages[i]);
		pages[i] = NULL;
	}
}

bool root_has(const struct mm_root *root, unsigned int slot)
{
	return pte_present(swapper_pg_dir[slot]) &&
	       pte_same(READ_ONCE(root->pgd[slot]), swapper_pg_dir[slot]);
}

struct pgsync_audit audit_now(void)
{
	struct pgsync_audit result;

	pgsync_audit(&result);
	return result;
}

int cpu_with_root(const struct mm_root *root)
{
	int found = -1;
	unsigned int cpu;

	for_each_online_cpu (cpu)
		if (loaded_root(cpu) == root)
			found = (int)cpu;
	return found;
}

struct walk_count {
	const struct mm_root *root;
	unsigned int n;
};

static void count_root(struct mm_root *root, void *arg)
{
	struct walk_count *count = arg;

	count->n += root == count->root;
}

unsigned int times_walked(const struct mm_root *root)
{
	struct walk_count count = {.root = root};

	rcu_read_lock();
	for_each_task_root(count_root, &count);
	rcu_read_unlock();
	return count.n;
}

unsigned int last_cpu(void)
{
	return cpus_online() - 1;
}

struct mm_struct *mm_pinned(void)
{
	struct mm_struct *mm = mm_alloc();

	ASSERT(mm);
	arch_pgd_init_late(mm->root);
	return mm;
}

void adopt_new_mm(void *mm)
{
	exec_mmap(mm);
}

void adopt_mm(void *arg)
{
	struct mm_struct *mm = arg, *borrowed;

	ASSERT(!current->mm);
	task_lock(current);
	borrowed = current->active_mm;
	WRITE_ONCE(current->mm, mm);
	irq_disable();
	switch_mm(mm);
	current->active_mm = mm;
	irq_enable();
	task_unlock(current);
	mmdrop(borrowed);
}

void exit_mm(void *unused)
{
	(void)unused;
	leave_mm();
}

void exit_mm_lazily(void *unused)
{
	struct mm_struct *mm = current->mm;

	(void)unused;
	ASSERT(READ_ONCE(mm->mm_users) > 1);
	task_lock(current);
	/* active_mm stays, and holds the structure from now on. */
	mmgrab(mm);
	WRITE_ONCE(current->mm, NULL);
	tlb_enter_lazy();
	task_unlock(current);
	mmput(mm);
}
