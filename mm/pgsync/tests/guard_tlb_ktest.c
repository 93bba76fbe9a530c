/*
 * Guards of what lies below a slot: pages and addresses are used again only when no CPU translates
 * them any more, one that idles on a borrowed root included (I35, I37).
 */
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/uaccess.h"
#include "kernel/base/ktest.h"
#include "mm/pgsync/tests/support.h"
#include "mm/pgtable.h"
#include "mm/vmalloc.h"

/* A read on the last CPU, by a kernel thread that borrows a process's root there. */
struct reading {
	const void *va;
	u64 value;
	int ret;
};

static struct {
	struct actor actor;
	struct mm_struct *mm;
} borrower;

/* On the first CPU: who flushes has flushed himself. */
static struct actor freer;

static void read_there(void *arg)
{
	struct reading *r = arg;

	r->ret = probe_kernel_read(&r->value, r->va);
}

static struct reading read_lazily(const void *va)
{
	struct reading r = {.va = va};

	actor_run(&borrower.actor, read_there, &r);
	KTEST_EXPECT_EQ(cpu_with_root(borrower.mm->root), last_cpu());
	return r;
}

static void borrower_start(void)
{
	actor_start(&freer, 0);
	borrower.mm = mm_alloc();
	mmget(borrower.mm);
	actor_start(&borrower.actor, (int)last_cpu());
	actor_run(&borrower.actor, adopt_new_mm, borrower.mm);
	actor_run(&borrower.actor, exit_mm_lazily, NULL);
}

static void borrower_stop(void)
{
	actor_stop(&freer);
	actor_stop(&borrower.actor);
	mmput(borrower.mm);
	unload_borrowed();
}

/* Not through `va`: only the borrower shall have a translation of it. */
static void write_behind(const void *va, u64 value)
{
	const pte_t *entry = pt_walk(swapper_pg_dir, (unsigned long)va, 1, false);

	*(u64 *)phys_to_virt(pte_phys(*entry)) = value;
}

static void free_there(void *va)
{
	vfree(va);
}

static void purge_there(void *unused)
{
	(void)unused;
	vmalloc_purge();
}

static bool alone(void)
{
	if (cpus_online() > 1)
		return false;
	ktest_skip("the CPU that frees flushes itself");
	return true;
}

KTEST(guard, i35_a_lazy_cpu_does_not_read_what_was_freed)
{
	void *va;

	if (alone())
		return;
	vmalloc_purge();
	/* First, so that the root is born with the slot: what is asked here is not growth's. */
	va = vmalloc(PAGE_SIZE);
	write_behind(va, 1);
	borrower_start();
	KTEST_EXPECT_EQ(read_lazily(va).ret, 0);
	actor_run(&freer, free_there, va);
	actor_run(&freer, purge_there, NULL);
	KTEST_EXPECT_EQ(read_lazily(va).ret, -EFAULT);
	borrower_stop();
}

KTEST(guard, i37_addresses_are_used_again_after_the_flush_and_not_before)
{
	struct reading r;
	void *va, *other;

	if (alone())
		return;
	vmalloc_purge();
	va = vmalloc(PAGE_SIZE);
	write_behind(va, 1);
	borrower_start();
	r = read_lazily(va);
	KTEST_EXPECT(r.ret == 0 && r.value == 1);
	actor_run(&freer, free_there, va);
	/* No CPU has flushed, so the addresses are nobody's. */
	other = vmalloc(PAGE_SIZE);
	KTEST_EXPECT(other != va);
	write_behind(other, 2);
	r = read_lazily(other);
	KTEST_EXPECT(r.ret == 0 && r.value == 2);
	actor_run(&freer, free_there, other);
	actor_run(&freer, purge_there, NULL);
	/* All have: the same addresses lead to the new page. */
	other = vmalloc(PAGE_SIZE);
	KTEST_EXPECT_EQ(other, va);
	write_behind(other, 3);
	r = read_lazily(other);
	KTEST_EXPECT(r.ret == 0 && r.value == 3);
	vfree(other);
	borrower_stop();
	vmalloc_purge();
}
