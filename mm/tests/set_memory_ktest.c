/*
 * Rights in the direct map (I36): a page that was made read-only is so for every CPU on return,
 * lazy ones included; splitting a large page changes nothing that anybody can read; and nothing
 * stays behind.
 *
 * Each test has a block of 2 MiB to itself, so that no kernel object lies under the large page
 * that it splits.
 */
#include "mm/set_memory.h"

#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/uaccess.h"
#include "kernel/base/atomic.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/base/panic.h"
#include "kernel/tests/actor.h"
#include "kernel/workers.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/pgtable.h"
#include "mm/vmalloc.h"

#define ORDER 9 /* 2 MiB */
#define PAGES (1u << ORDER)

static u64 pattern(const u64 *word)
{
	return (u64)word * 0x9e3779b97f4a7c15UL;
}

/* The first word of page i of the block. */
static u64 *word_of(struct page *block, unsigned int i)
{
	return (u64 *)page_address(block + i);
}

static struct page *block_alloc(void)
{
	struct page *block = alloc_pages(ORDER, GFP_KERNEL);

	ASSERT(block);
	for (unsigned int i = 0; i < PAGES; i++)
		*word_of(block, i) = pattern(word_of(block, i));
	return block;
}

static void expect_contents(struct page *block)
{
	for (unsigned int i = 0; i < PAGES; i++) {
		u64 value = 0;

		KTEST_EXPECT_EQ(probe_kernel_read(&value, word_of(block, i)), 0);
		KTEST_EXPECT_EQ(value, pattern(word_of(block, i)));
	}
}

/* The level of the page that maps `va`. */
static unsigned int leaf_level(const void *va)
{
	for (unsigned int level = PT_ROOT_LEVEL - 1; level > 1; level--) {
		const pte_t *entry = pt_walk(swapper_pg_dir, (unsigned long)va, level, false);

		if (pte_leaf(*entry, level))
			return level;
	}
	return 1;
}

static struct {
	u64 *word;
	u32 written, refused; /* A */
} all;

/* Writes what is there already. */
static void write_on_cpu(void *unused)
{
	int ret = probe_kernel_write(all.word, pattern(all.word));

	(void)unused;
	atomic_inc(ret ? &all.refused : &all.written);
}

/* On how many CPUs the word can be written. */
static u32 writers(u64 *word)
{
	all.word = word;
	all.written = all.refused = 0;
	run_on_each_cpu(write_on_cpu, NULL);
	KTEST_EXPECT_EQ(all.written + all.refused, cpus_online());
	return all.written;
}

KTEST(guard, i36_read_only_is_so_on_every_cpu)
{
	struct page *block = block_alloc();
	unsigned int level = leaf_level(word_of(block, 0));
	unsigned long va = (unsigned long)word_of(block, 7);

	/* Every CPU has the translation, and it says that the page may be written. */
	KTEST_EXPECT_EQ(writers(word_of(block, 7)), cpus_online());
	KTEST_EXPECT_EQ(set_memory_ro(va, 2), 0);
	KTEST_EXPECT_EQ(writers(word_of(block, 7)), 0);
	KTEST_EXPECT_EQ(writers(word_of(block, 8)), 0);
	/* The neighbours have nothing to do with it. */
	KTEST_EXPECT_EQ(writers(word_of(block, 6)), cpus_online());
	KTEST_EXPECT_EQ(writers(word_of(block, 9)), cpus_online());
	expect_contents(block);
	KTEST_EXPECT_EQ(leaf_level(word_of(block, 7)), 1);
	/* A table that still says two things stays. */
	set_memory_tidy();
	KTEST_EXPECT_EQ(leaf_level(word_of(block, 7)), 1);
	KTEST_EXPECT_EQ(set_memory_rw(va, 2), 0);
	KTEST_EXPECT_EQ(writers(word_of(block, 7)), cpus_online());
	set_memory_tidy();
	KTEST_EXPECT_EQ(leaf_level(word_of(block, 7)), level);
	expect_contents(block);
	free_pages(block, ORDER);
}

static struct {
	u64 *word;
	u32 stage; /* release by who comes to it */
	int before, after;
} busy;

/* Holds its translation, without a switch of tasks or anything else that could make it drop it. */
static void write_before_and_after(void *unused)
{
	(void)unused;
	busy.before = probe_kernel_write(busy.word, pattern(busy.word));
	smp_store_release(&busy.stage, 1);
	while (smp_load_acquire(&busy.stage) != 2)
		cpu_relax();
	busy.after = probe_kernel_write(busy.word, pattern(busy.word));
}

KTEST(guard, i36_a_busy_cpu_loses_its_translation)
{
	struct page *block;
	struct actor a;

	if (cpus_online() < 2)
		KTEST_SKIP("needs 2 CPUs");
	block = block_alloc();
	busy.word = word_of(block, 100);
	busy.stage = 0;
	actor_start(&a, cpu_id() ? 0 : 1);
	actor_post(&a, write_before_and_after, NULL);
	while (smp_load_acquire(&busy.stage) != 1)
		yield_and_relax();
	KTEST_EXPECT_EQ(set_memory_ro((unsigned long)busy.word, 1), 0);
	smp_store_release(&busy.stage, 2);
	actor_wait(&a);
	actor_stop(&a);
	KTEST_EXPECT_EQ(busy.before, 0);
	KTEST_EXPECT_EQ(busy.after, -EFAULT);
	KTEST_EXPECT_EQ(set_memory_rw((unsigned long)busy.word, 1), 0);
	set_memory_tidy();
	free_pages(block, ORDER);
}

/* A block under a page of 1 GiB, or NULL. The others on the way to it are given back. */
static struct page *block_in_gigabyte(void)
{
	struct page *block, *next, *found = NULL;
	LIST_HEAD(others);

	while (!found && (block = alloc_pages(ORDER, GFP_KERNEL))) {
		if (leaf_level(page_address(block)) == 3)
			found = block;
		else
			list_add(&block->lru, &others);
	}
	list_for_each_entry_safe (block, next, &others, lru)
		free_pages(block, ORDER);
	return found;
}

KTEST(guard, i36_a_gigabyte_page_is_split_twice)
{
	struct page *block = block_in_gigabyte();
	unsigned long va;

	if (!block)
		KTEST_SKIP("no page of 1 GiB in the direct map");
	va = (unsigned long)word_of(block, 3);
	for (unsigned int i = 0; i < PAGES; i++)
		*word_of(block, i) = pattern(word_of(block, i));
	KTEST_EXPECT_EQ(writers(word_of(block, 3)), cpus_online());
	KTEST_EXPECT_EQ(set_memory_ro(va, 1), 0);
	KTEST_EXPECT_EQ(writers(word_of(block, 3)), 0);
	KTEST_EXPECT_EQ(writers(word_of(block, 4)), cpus_online());
	KTEST_EXPECT_EQ(leaf_level(word_of(block, 3)), 1);
	/* The other 2 MiB of it are whole. */
	KTEST_EXPECT_EQ(leaf_level((void *)(va ^ pt_span(2))), 2);
	expect_contents(block);
	KTEST_EXPECT_EQ(set_memory_rw(va, 1), 0);
	set_memory_tidy();
	KTEST_EXPECT_EQ(leaf_level(word_of(block, 3)), 3);
	expect_contents(block);
	free_pages(block, ORDER);
}

/* --- W^X --- */

#define RET 0xc3

static u32 executed; /* A */

static void execute_on_cpu(void *code)
{
	((void (*)(void))code)();
	atomic_inc(&executed);
}

static bool executable(unsigned long va)
{
	const pte_t *entry = pt_walk(swapper_pg_dir, va, 1, false);

	return entry && !(*entry & PTE_NX);
}

/* `code`: two pages of nobody else's, with rights of data. */
static void make_and_run_code(u8 *code)
{
	unsigned long va = (unsigned long)code;

	*code = RET;
	KTEST_EXPECT_EQ(set_memory_x(va, 1), -EPERM);
	KTEST_EXPECT_EQ(set_memory_ro(va, 1), 0);
	/* The second page can be written, so neither becomes executable. */
	KTEST_EXPECT_EQ(set_memory_x(va, 2), -EPERM);
	KTEST_EXPECT(!executable(va));
	KTEST_EXPECT_EQ(set_memory_x(va, 1), 0);
	KTEST_EXPECT(executable(va) && !executable(va + PAGE_SIZE));
	executed = 0;
	run_on_each_cpu(execute_on_cpu, code);
	KTEST_EXPECT_EQ(executed, cpus_online());
	KTEST_EXPECT_EQ(set_memory_rw(va, 1), -EPERM);
	KTEST_EXPECT_EQ(writers((u64 *)code), 0);
	KTEST_EXPECT_EQ(set_memory_audit().found, 0);
	KTEST_EXPECT_EQ(set_memory_nx(va, 1), 0);
	KTEST_EXPECT(!executable(va));
	KTEST_EXPECT_EQ(set_memory_rw(va, 2), 0);
	*code = 0;
}

KTEST(guard, i36_no_page_is_writable_and_executable)
{
	struct page *block = block_alloc();
	unsigned int level = leaf_level(word_of(block, 0));

	make_and_run_code((u8 *)word_of(block, 20));
	set_memory_tidy();
	KTEST_EXPECT_EQ(leaf_level(word_of(block, 20)), level);
	free_pages(block, ORDER);
}

KTEST(guard, i36_rights_of_vmalloc_pages)
{
	u8 *code = vmalloc(2 * PAGE_SIZE);

	KTEST_EXPECT(code);
	if (!code)
		return;
	make_and_run_code(code);
	/* It may be freed with whatever rights: the next who has the addresses finds data. */
	KTEST_EXPECT_EQ(set_memory_ro((unsigned long)code, 2), 0);
	KTEST_EXPECT_EQ(set_memory_x((unsigned long)code, 2), 0);
	vfree(code);
	vmalloc_purge();
	code = vmalloc(2 * PAGE_SIZE);
	KTEST_EXPECT(code);
	if (!code)
		return;
	KTEST_EXPECT(!executable((unsigned long)code));
	code[0] = code[PAGE_SIZE] = 1;
	vfree(code);
}

static struct page *short_block;

static void without_memory(void *unused)
{
	(void)unused;
	pt_cache_drain();
	alloc_fail_nth(1);
	KTEST_EXPECT_EQ(set_memory_ro((unsigned long)word_of(short_block, 0), PAGES), -ENOMEM);
	KTEST_EXPECT_EQ(alloc_fail_left(), 0);
	alloc_fail_nth(0);
}

KTEST(guard, i36_without_memory_nothing_changes)
{
	struct actor a;

	set_memory_tidy();
	short_block = block_alloc();
	if (leaf_level(word_of(short_block, 0)) > 1) {
		/* Bound to a CPU, whose cache of tables it empties. */
		actor_start(&a, 0);
		actor_run(&a, without_memory, NULL);
		actor_stop(&a);
		KTEST_EXPECT_EQ(writers(word_of(short_block, 0)), cpus_online());
		KTEST_EXPECT(leaf_level(word_of(short_block, 0)) > 1);
		expect_contents(short_block);
	} else {
		ktest_skip("no large page in the direct map");
	}
	free_pages(short_block, ORDER);
}
