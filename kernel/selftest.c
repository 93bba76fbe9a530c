/* Deliberate crashes: see selftest.h. */
#include "kernel/selftest.h"

#include "arch/cpu.h"
#include "arch/ipi.h"
#include "arch/mmu.h"
#include "boot/bootinfo.h"
#include "kernel/base/barrier.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/san.h"
#include "kernel/base/string.h"
#include "kernel/pin.h"
#include "kernel/task.h"
#include "kernel/task_mm.h"
#include "mm/mm.h"
#include "mm/pgtable.h"
#include "mm/set_memory.h"
#include "mm/vmalloc.h"

static noinline void crash_panic(void)
{
	panic("selftest: asked for it, value %d", 42);
}

/* The report asks who runs, and faults. */
static noinline void crash_panicnested(void)
{
	this_cpu_write(current_task, (struct task_struct *)(unsigned long)8);
	panic("selftest: the report is broken, value %d", 42);
}

static bool others_are_busy;

static noinline int be_busy(void *unused)
{
	(void)unused;
	preempt_disable();
	smp_store_release(&others_are_busy, true);
	while (READ_ONCE(others_are_busy))
		cpu_relax();
	return 0;
}

/* What another CPU was about is in the report. */
static noinline void crash_panicothers(void)
{
	unsigned int other = cpu_id() ? 0 : 1;

	if (IS_ERR(kthread_create(be_busy, NULL, "busy", (int)other)))
		return;
	while (!smp_load_acquire(&others_are_busy))
		cpu_relax();
	panic("selftest: CPU %u is busy", other);
}

static noinline void crash_nullderef(void)
{
	*(volatile int *)(unsigned long)8 = 1;
}

static noinline unsigned long recurse(unsigned long depth)
{
	volatile unsigned long frame[64];

	frame[depth % 64] = depth;
	return recurse(depth + 1) + frame[depth % 64];
}

static noinline void crash_stackoverflow(void)
{
	(void)recurse(0);
}

static noinline void crash_wxtext(void)
{
	*(volatile unsigned char *)(unsigned long)crash_panic = 0xcc;
}

/* Nothing executes it: the audit must find it. */
static noinline void crash_wxmapping(void)
{
	void *page = vmalloc(PAGE_SIZE);
	pte_t *entry = page ? pt_walk(swapper_pg_dir, (unsigned long)page, 1, false) : NULL;

	ASSERT(entry);
	WRITE_ONCE(*entry, *entry & ~PTE_NX);
	set_memory_assert_wx();
}

/* Nobody waits for it (cpu_call_nmi() would). */
static noinline void crash_nmi(void)
{
	ipi_nmi(cpu_id());
	for (int i = 0; i < 1000000; i++)
		cpu_relax();
}

/* With pgsync=none: a touch of what only the reference root has. */
static noinline void crash_missingslot(void)
{
	struct mm_struct *mm = mm_alloc();
	const volatile char *p;

	ASSERT(mm);
	exec_mmap(mm);
	p = vmalloc_fresh_slot(PAGE_SIZE, false);
	ASSERT(!IS_ERR(p));
	(void)*p;
}

/*
 * A root before its late copy. Without the assertion in load_root(), and where that compares no
 * generation, the next instruction is the last one.
 */
static noinline void crash_loadunready(void)
{
	struct mm_struct *mm = mm_alloc();

	if (!mm)
		return;
	irq_disable();
	switch_mm(mm);
}

/* Process 1 gets an address space, so that there is a root that somebody owns. */
static noinline void crash_pinnedwrite(void)
{
	struct mm_struct *mm = mm_alloc();
	int n;

	if (!mm)
		panic("selftest: no memory for an address space");
	exec_mmap(mm);
	n = pin_all_roots(PIN_FREEZE_NS);
	if (n != 1)
		panic("selftest: %d roots are pinned, not 1", n);
	mm->root->pgd[403] = 0;
}

static const struct selftest crashes[] = {
	{"panic", crash_panic, false},
	{"panicnested", crash_panicnested, false},
	{"panicothers", crash_panicothers, false},
	{"nullderef", crash_nullderef, false},
	{"stackoverflow", crash_stackoverflow, false},
	{"wxtext", crash_wxtext, false},
	{"wxmapping", crash_wxmapping, false},
	{"nmi", crash_nmi, false},
	{"missingslot", crash_missingslot, false},
	{"loadunready", crash_loadunready, false},
	{"pinnedwrite", crash_pinnedwrite, false},
};

static const struct selftest *find(const struct selftest *tests, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(tests[i].name, name) == 0)
			return &tests[i];
	return NULL;
}

/* True: it was there, and has done what it does. */
static bool try(const struct selftest *tests, size_t n, const char *name)
{
	const struct selftest *t = find(tests, n, name);

	if (!t)
		return false;
	t->crash();
	if (!t->later)
		BUG("selftest %s did not crash", name);
	return true;
}

/* True: it was there, and the sanitizer has not found it. A frame of its own, for the backtrace. */
static noinline bool selftest_sanitizer(const char *name)
{
	unsigned int n;
	const struct selftest *tests = sanitizer_selftests(&n);
	const struct selftest *t = find(tests, n, name);

	if (!t)
		return false;
	t->crash();
	return true;
}

static void print_names(const struct selftest *tests, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printk(" %s", tests[i].name);
}

void selftest_run(void)
{
	unsigned int nr_checkers;
	const struct selftest *checkers = checker_selftests(&nr_checkers);
	char name[32];

	if (!boot_option("selftest", name, sizeof(name)))
		return;
	if (try(crashes, ARRAY_SIZE(crashes), name) || try(checkers, nr_checkers, name))
		return;
	if ((SAN_ADDRESS || SAN_UNDEFINED) && selftest_sanitizer(name))
		BUG("selftest %s was not found", name);
	printk("selftest=%s is unknown; known:", name);
	print_names(crashes, ARRAY_SIZE(crashes));
	print_names(checkers, nr_checkers);
	panic("there is no such selftest");
}
