/*
 * Planted faults, one for each kind of memory that SAN=address watches: see selftest.h. What each must be
 * called in its report is in tools/tests/test_san.py.
 *
 * Indexes come through volatile variables, so that the compiler does not see the fault.
 */
#include "kernel/selftest.h"

#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"
#include "kernel/kstack.h"
#include "mm/buddy.h"
#include "mm/memblock.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"

static volatile size_t thirteen = 13, three = 3;
static volatile char sink;

static char global[13];

static noinline char *allocate(void)
{
	char *p = kmalloc(thirteen, GFP_KERNEL);

	ASSERT(p);
	return p;
}

static noinline void release(const char *p)
{
	kfree(p);
}

static noinline void fault_heap_read(void)
{
	sink = allocate()[thirteen];
}

static noinline void fault_heap_write(void)
{
	allocate()[thirteen + three] = 1;
}

static noinline void fault_heap_before(void)
{
	const char *first = allocate(), *second = allocate();

	sink = *(MAX(first, second) - three);
}

static noinline void fault_heap_large(void)
{
	char *p = kmalloc(PAGE_SIZE * 3 + thirteen, GFP_KERNEL);

	ASSERT(p);
	p[PAGE_SIZE * 3 + thirteen] = 1;
}

static noinline void fault_memset(void)
{
	memset(allocate(), 0, thirteen + three);
	sink = 1; /* not the last call: a jump would be the caller's */
}

static noinline void fault_user_copy(void)
{
	sink = (char)copy_from_user(allocate(), (const void __user *)PAGE_SIZE, thirteen + three);
}

static noinline void fault_use_after_free(void)
{
	char *p = allocate();

	release(p);
	p[three] = 1;
}

/* What has been freed since does not hide it: the object waits in the quarantine. */
static noinline void fault_use_long_after_free(void)
{
	char *p = allocate();

	release(p);
	for (int i = 0; i < 100; i++)
		release(allocate());
	sink = p[three];
}

static noinline void fault_double_free(void)
{
	char *p = allocate();

	release(p);
	release(p);
}

static noinline void fault_page_after_free(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	char *p;

	ASSERT(page);
	p = page_address(page);
	free_page(page);
	sink = p[thirteen];
}

static noinline void fault_dead_stack(void)
{
	unsigned long top = kstack_alloc();

	ASSERT(top);
	kstack_free(top);
	sink = *(char *)(top - KSTACK_SIZE / 2);
}

static noinline void fill(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)i;
}

static noinline void fault_stack(void)
{
	char array[13];

	fill(array, sizeof(array));
	sink = array[thirteen];
}

static noinline void fault_stack_written(void)
{
	char array[13];

	fill(array, thirteen + three + 1);
	sink = array[three];
}

static noinline void fault_global(void)
{
	fill(global, thirteen + three);
	sink = global[three];
}

/* Somewhere in memory, which nobody has just after boot. */
static noinline void fault_wild(void)
{
	*((char *)phys_to_virt(memblock_end() / 2) + thirteen) = 1;
}

/* Of a DIMM at 512 GiB, which has its own shadow. */
static noinline void fault_hot_memory(void)
{
	sink = *((char *)phys_to_virt(GiB(512) + MiB(100)) + thirteen);
}

/* No shadow is needed: the pages are gone, and no CPU has their translation any more. */
static noinline void fault_vmalloc_after_free(void)
{
	char *p = vmalloc(PAGE_SIZE);

	ASSERT(p);
	p[three] = 1;
	vfree(p);
	sink = p[three];
}

static noinline void fault_vmalloc_guard(void)
{
	char *p = vmalloc(PAGE_SIZE);

	ASSERT(p);
	p[PAGE_SIZE + three] = 1;
}

static const struct selftest faults[] = {
	{"kasan_heap_read", fault_heap_read, false},
	{"kasan_heap_write", fault_heap_write, false},
	{"kasan_heap_before", fault_heap_before, false},
	{"kasan_heap_large", fault_heap_large, false},
	{"kasan_memset", fault_memset, false},
	{"kasan_user_copy", fault_user_copy, false},
	{"kasan_use_after_free", fault_use_after_free, false},
	{"kasan_use_long_after_free", fault_use_long_after_free, false},
	{"kasan_double_free", fault_double_free, false},
	{"kasan_page_after_free", fault_page_after_free, false},
	{"kasan_dead_stack", fault_dead_stack, false},
	{"kasan_stack", fault_stack, false},
	{"kasan_stack_written", fault_stack_written, false},
	{"kasan_global", fault_global, false},
	{"kasan_wild", fault_wild, false},
	{"kasan_hot_memory", fault_hot_memory, false},
	{"kasan_vmalloc_after_free", fault_vmalloc_after_free, false},
	{"kasan_vmalloc_guard", fault_vmalloc_guard, false},
};

const struct selftest *sanitizer_selftests(unsigned int *n)
{
	*n = ARRAY_SIZE(faults);
	return faults;
}
