/*
 * Rights of the kernel half, as the page tables have them and not as paging.c meant them: the whole
 * of swapper_pg_dir is walked, large pages too, and every leaf is judged.
 *
 *	nothing is both writable and executable; nothing but the text is executable;
 *	no page of text or constants can be written through any address (the direct map is another
 *	name for them); no user bit at any level; every leaf is global; the user half is empty.
 *
 * The last test plants one mapping of each forbidden kind and wants it found.
 */
#include "arch/mmu.h"
#include "kernel/base/ktest.h"
#include "kernel/base/printk.h"
#include "mm/buddy.h"
#include "mm/pgtable.h"
#include "mm/set_memory.h"
#include "mm/vmalloc.h"

extern char __text_start[], __text_end[], __rodata_start[], __rodata_end[];
extern char __data_start[], __bss_end[], __ksyms_start[], _kernel_end[];

enum finding {
	WRITE_EXEC,
	EXEC_NOT_TEXT,
	CONSTANT_WRITABLE,
	USER_BIT,
	NOT_GLOBAL,
	NR_FINDINGS,
};

struct census {
	u64 leaves;
	u64 large; /* of them, above level 1 */
	u64 text_pages;
	u64 found[NR_FINDINGS];
	unsigned long first[NR_FINDINGS]; /* address of the first one */
};

static void report(struct census *c, enum finding what, unsigned long va)
{
	if (c->found[what]++ == 0)
		c->first[what] = va;
}

static bool inside(unsigned long start, unsigned long bytes, const char *from, const char *to)
{
	return start >= (unsigned long)from && start + bytes <= (unsigned long)to;
}

/* Whether the physical range has a page of text or of constants. */
static bool has_constants(phys_addr_t pa, unsigned long bytes)
{
	return pa < kernel_image_phys(__rodata_end) && pa + bytes > kernel_image_phys(__text_start);
}

static void judge_leaf(const struct pt_leaf_view *leaf, void *arg)
{
	struct census *c = arg;
	unsigned long va = leaf->va, bytes = pt_span(leaf->level);
	bool write = leaf->rights & PTE_W, exec = !(leaf->rights & PTE_NX);
	/* Bits 12 to 12 + 9 * level of a large page are not address: PAT and zeros. */
	phys_addr_t pa = ALIGN_DOWN(pte_phys(leaf->entry), bytes);

	c->leaves++;
	c->large += leaf->level > 1;
	if (write && exec)
		report(c, WRITE_EXEC, va);
	if (exec && !inside(va, bytes, __text_start, __text_end))
		report(c, EXEC_NOT_TEXT, va);
	if (exec)
		c->text_pages += bytes / PAGE_SIZE;
	if (write && has_constants(pa, bytes))
		report(c, CONSTANT_WRITABLE, va);
	if (leaf->rights & PTE_U)
		report(c, USER_BIT, va);
	if (!(leaf->entry & PTE_G))
		report(c, NOT_GLOBAL, va);
}

static void take_census(struct census *c)
{
	*c = (struct census){0};
	pt_walk_kernel(judge_leaf, c);
}

KTEST(wx, whole_kernel_half)
{
	static const char *const names[NR_FINDINGS] = {
		"writable and executable", "executable outside the text",
		"text or constants writable", "open to user mode", "not global"};
	struct census c;

	take_census(&c);
	for (unsigned int i = 0; i < NR_FINDINGS; i++)
		if (c.found[i])
			printk("# %llu mappings are %s, the first at %#lx\n",
			       (unsigned long long)c.found[i], names[i], c.first[i]);
	KTEST_EXPECT_EQ(c.found[WRITE_EXEC], 0);
	KTEST_EXPECT_EQ(c.found[EXEC_NOT_TEXT], 0);
	KTEST_EXPECT_EQ(c.found[CONSTANT_WRITABLE], 0);
	KTEST_EXPECT_EQ(c.found[USER_BIT], 0);
	KTEST_EXPECT_EQ(c.found[NOT_GLOBAL], 0);
	KTEST_EXPECT_EQ(c.text_pages, (u64)(__text_end - __text_start) / PAGE_SIZE);
	/* The walk has seen the direct map, which is made of large pages. */
	KTEST_EXPECT(c.leaves > c.text_pages && c.large > 0);
}

KTEST(wx, user_half_is_empty)
{
	for (unsigned int i = 0; i < ROOT_KERNEL; i++)
		KTEST_EXPECT_EQ(swapper_pg_dir[i], 0);
}

/* Every page of [from, to) is mapped to its place in the image with just these rights. */
static void expect_section(const char *from, const char *to, bool write, bool exec)
{
	for (const char *p = from; p < to; p += PAGE_SIZE) {
		unsigned long va = (unsigned long)p;
		unsigned int level = 1;
		pte_t *entry = NULL;

		for (; level < PT_ROOT_LEVEL && !entry; level++)
			entry = pt_walk(swapper_pg_dir, va, level, false);
		KTEST_EXPECT(entry && pte_present(*entry));
		if (!entry)
			return;
		level--;
		KTEST_EXPECT_EQ(ALIGN_DOWN(pte_phys(*entry), pt_span(level)) + va % pt_span(level),
				kernel_image_phys(p));
		KTEST_EXPECT_EQ(!!(*entry & PTE_W), write);
		KTEST_EXPECT_EQ(!(*entry & PTE_NX), exec);
	}
}

KTEST(wx, sections_of_the_image)
{
	expect_section(__text_start, __text_end, false, true);
	expect_section(__rodata_start, __rodata_end, false, false);
	expect_section(__data_start, __bss_end, true, false);
	expect_section(__ksyms_start, _kernel_end, false, false);
}

/* What is pointed to by constants and code must lie where the test above looked. */
KTEST(wx, sections_hold_what_they_should)
{
	static const char constant[] = "constant";
	static char variable[] = "variable";

	KTEST_EXPECT(inside((unsigned long)take_census, 1, __text_start, __text_end));
	KTEST_EXPECT(inside((unsigned long)constant, 1, __rodata_start, __rodata_end));
	KTEST_EXPECT(inside((unsigned long)variable, 1, __data_start, __bss_end));
	KTEST_EXPECT(inside((unsigned long)swapper_pg_dir, 1, __data_start, __bss_end));
}

KTEST(wx, planted_mappings_are_found)
{
	phys_addr_t text = kernel_image_phys(__text_start);
	void *area = vmalloc(PAGE_SIZE);
	pte_t *entry, honest;
	struct census c;

	KTEST_EXPECT(area);
	if (!area)
		return;
	entry = pt_walk(swapper_pg_dir, (unsigned long)area, 1, false);
	honest = *entry;
	/* Nobody touches the address, so what the entry says in between reaches no TLB. */
	WRITE_ONCE(*entry, honest & ~PTE_NX);
	take_census(&c);
	KTEST_EXPECT_EQ(c.found[WRITE_EXEC], 1);
	KTEST_EXPECT_EQ(c.first[WRITE_EXEC], area);
	KTEST_EXPECT_EQ(set_memory_audit().found, 1);
	KTEST_EXPECT_EQ(set_memory_audit().first, area);
	KTEST_EXPECT_EQ(c.found[EXEC_NOT_TEXT], 1);
	WRITE_ONCE(*entry, honest | PTE_U);
	take_census(&c);
	KTEST_EXPECT_EQ(c.found[USER_BIT], 1);
	WRITE_ONCE(*entry, honest & ~PTE_G);
	take_census(&c);
	KTEST_EXPECT_EQ(c.found[NOT_GLOBAL], 1);
	WRITE_ONCE(*entry, pte_make(text, PROT_KERNEL_RW));
	take_census(&c);
	KTEST_EXPECT_EQ(c.found[CONSTANT_WRITABLE], 1);
	KTEST_EXPECT_EQ(c.first[CONSTANT_WRITABLE], area);
	WRITE_ONCE(*entry, honest);
	KTEST_EXPECT_EQ(set_memory_audit().found, 0);
	vfree(area);
}
