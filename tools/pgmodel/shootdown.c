/*
 * Scenarios of TLB shootdown (mm/tlb.c), with the TLB in the model.
 *
 * An address space of two pages and the one table that maps them. A CPU's TLB fills itself from
 * memory when a page is accessed, and as early as the processor may: right after CR3 is written. It
 * loses a page by INVLPG, all by a write to CR3. With it goes what the processor has cached of the
 * way to the table.
 *
 * Properties: nobody uses a page through a stale translation after it was freed; and in no state may
 * a processor walk a table that was freed, whether its CPU is lazy or not.
 */
#include "tools/pgmodel/scenarios.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "mm/tlb.h"
#include "tools/pgmodel/world.h"

#define PAGES 2
#define VA(n) ((n)*PAGE_SIZE)

static struct task_struct *thread;
static struct mm_struct *space;

static u64 entries[PAGES]; /* 1: mapped */
static u64 page_freed[PAGES];
static u64 table_freed;

static DEFINE_PER_CPU(u64, tlb[PAGES]); /* own CPU only: 1: translated */
static DEFINE_PER_CPU(u64, walker);     /* the processor knows the way to the table */

/* --- the processor --- */

static void drop_all(void)
{
	for (unsigned int n = 0; n < PAGES; n++)
		WRITE_ONCE((*this_cpu_ptr(&tlb))[n], 0);
	model_store_now(this_cpu_ptr(&walker), 0);
}

static void fill(unsigned int n)
{
	model_store_now(this_cpu_ptr(&walker), 1);
	WRITE_ONCE((*this_cpu_ptr(&tlb))[n], READ_ONCE(entries[n]));
}

void tlb_flush_page_local(unsigned long va)
{
	WRITE_ONCE((*this_cpu_ptr(&tlb))[va / PAGE_SIZE], 0);
	model_store_now(this_cpu_ptr(&walker), 0);
}

void tlb_flush_user_local(void)
{
	drop_all();
	fill(0);
}

void tlb_flush_all_local(void)
{
	model_fail("tlb_flush_all_local() is not modelled");
}

/* Other scenarios have no user pages. */
void world_cr3_written(const pte_t *pgd)
{
	if (!space)
		return;
	drop_all();
	if (pgd == space->root->pgd)
		fill(0);
}

static void use(unsigned int n)
{
	if (!(*this_cpu_ptr(&tlb))[n])
		fill(n);
	if ((*this_cpu_ptr(&tlb))[n])
		MODEL_REQUIRE(!READ_ONCE(page_freed[n]),
			      "CPU %u uses page %u, which is freed, by an old translation",
			      model_cpu(), n);
}

/* --- the two sides --- */

static void unmap(unsigned int n)
{
	WRITE_ONCE(entries[n], 0);
	tlb_flush_mm(space, VA(n), VA(n + 1));
	WRITE_ONCE(page_freed[n], 1);
}

static void unmap_first(void)
{
	unmap(0);
}

static void unmap_second(void)
{
	unmap(1);
}

static void unmap_table(void)
{
	WRITE_ONCE(entries[0], 0);
	tlb_flush_tables(space, VA(0), VA(1));
	WRITE_ONCE(page_freed[0], 1);
	WRITE_ONCE(table_freed, 1);
}

static void load_and_use(void)
{
	do_run(thread);
	use(0);
	answer_calls();
	use(0);
	idle_daemon();
}

static void use_from_time_to_time(void)
{
	use(0);
	answer_calls();
	go_idle();
	answer_calls();
	do_run(thread);
	use(0);
	answer_calls();
	use(0);
	idle_daemon();
}

static void use_both_pages(void)
{
	use(0);
	use(1);
	answer_calls();
	answer_calls();
	use(0);
	use(1);
	idle_daemon();
}

static void run_and_idle(void)
{
	use(0);
	go_idle();
	idle_daemon();
}

/* --- beginnings --- */

static void boot(unsigned int cpu)
{
	world_boot();
	for (unsigned int i = 0; i < MAX_ACTORS; i++)
		model_ignore(per_cpu_ptr(&tlb_cpu_stats, i), sizeof(struct tlb_stats));
	for (unsigned int n = 0; n < PAGES; n++) {
		entries[n] = 1;
		page_freed[n] = 0;
	}
	table_freed = 0;
	space = NULL;
	thread = boot_process(cpu);
	space = thread->mm;
}

static void boot_running(void)
{
	boot(1);
}

static void boot_not_loaded(void)
{
	boot(NO_CPU);
}

/* --- properties --- */

static void no_walk_into_freed(void)
{
	unsigned int cpu;

	for_each_cpu (cpu)
		MODEL_REQUIRE(!READ_ONCE(table_freed) || !READ_ONCE(per_cpu(walker, cpu)),
			      "the processor of CPU %u may walk a page table that was freed", cpu);
}

#define SCENARIO(name_, setup_, invariant_, about_, ...)                                           \
	static const struct program name_ = {                                                      \
		.about = about_,                                                                   \
		.actors = {__VA_ARGS__},                                                           \
		.setup = setup_,                                                                   \
		.invariant = invariant_,                                                           \
	}

SCENARIO(shoot_load, boot_not_loaded, NULL,
	 "a page is unmapped while a CPU loads the address space", {"unmap", unmap_first},
	 {"load", load_and_use, true});
SCENARIO(shoot_lazy, boot_running, NULL, "a page is unmapped while a CPU becomes lazy and returns",
	 {"unmap", unmap_first}, {"use", use_from_time_to_time, true});
SCENARIO(shoot_two, boot_running, NULL, "two pages are unmapped at once", {"unmap", unmap_first},
	 {"use", use_both_pages, true}, {"unmap", unmap_second});
SCENARIO(shoot_table, boot_running, no_walk_into_freed,
	 "a page table is freed while a CPU becomes lazy", {"unmap", unmap_table},
	 {"use", run_and_idle, true});

#define ROW(s)                                                                                     \
	{                                                                                          \
		"model", #s, &s, GOOD, GOOD, "walk"                                                \
	}

const struct row shootdown_rows[] = {
	ROW(shoot_load), ROW(shoot_lazy), ROW(shoot_two), ROW(shoot_table), {0},
};
