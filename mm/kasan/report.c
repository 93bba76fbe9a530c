/*
 * What is said of an access to memory that may not be used: of which kind it is, whose the memory is or was,
 * the shadow around it; then a panic, which prints the calls that led there.
 */
#include "arch/machine.h"
#include "arch/page.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "mm/kasan/kasan.h"
#include "mm/memmap.h"
#include "mm/page.h"
#include "mm/slab_core.h"

/* The first word of a frame that has redzones; a description and the function follow (GCC, asan.cc). */
#define FRAME_MAGIC 0x41b58ab3UL
#define FRAME_MAX   2048

#define ROWS     5
#define ROW_SIZE 16

static const char *kind_of(u8 why)
{
	switch (why) {
	case KASAN_STACK_LEFT:
	case KASAN_STACK_MIDDLE:
	case KASAN_STACK_RIGHT:
		return "out of bounds of a variable on the stack";
	case KASAN_GLOBAL:
		return "out of bounds of a static object";
	case KASAN_SLAB_FREE:
		return "use after free of an object";
	case KASAN_SLAB_REDZONE:
		return "out of bounds of an object";
	case KASAN_STACK_FREE:
		return "use of a dead thread's stack";
	case KASAN_PAGE_REDZONE:
		return "out of bounds of a large allocation";
	case KASAN_PAGE_FREE:
		return "use of a free page";
	default:
		return "use of memory that may not be used";
	}
}

/* A granule that may be used in part says how much of it; why not more, the next one says. */
static u8 why_not(unsigned long bad)
{
	u8 why = *shadow_of(bad);

	return why < GRANULE ? *shadow_of(bad + GRANULE) : why;
}

/* --- objects --- */

/* The object in whose place the address is, or NULL; objects of slabs only. */
static void *object_at(unsigned long addr, struct kmem_cache **cache)
{
	unsigned long base, offset;
	struct page *page;
	u64 pfn;

	if (addr < PAGE_OFFSET || addr >= VMALLOC_START)
		return NULL;
	pfn = virt_to_phys((void *)addr) >> PAGE_SHIFT;
	if (!pfn_has_page(pfn))
		return NULL;
	page = pfn_to_page(pfn);
	if (page->type != PAGE_SLAB)
		return NULL;
	*cache = page->slab.cache;
	base = ALIGN_DOWN(addr, PAGE_SIZE << (*cache)->order);
	offset = (addr - base) / (*cache)->size * (*cache)->size;
	return (void *)(base + offset);
}

/* How much of the object may be used; of a free one, all. */
static size_t usable_bytes(const struct kmem_cache *cache, const void *obj)
{
	unsigned long bad = kasan_first_bad((unsigned long)obj, cache->size);

	return bad > (unsigned long)obj ? bad - (unsigned long)obj : cache->object_size;
}

static void describe_object(const struct kmem_cache *cache, const void *obj, unsigned long bad)
{
	const struct kasan_tracks *tracks = kasan_tracks(cache, obj);
	size_t bytes = usable_bytes(cache, obj);
	unsigned long offset = bad - (unsigned long)obj;

	if (offset >= bytes)
		printk("%lu bytes behind", offset - bytes);
	else
		printk("%lu bytes into", offset);
	printk(" the object at %p of %s, which has %zu bytes\n", obj, cache->name, bytes);
	kasan_track_print("allocated", &tracks->alloc);
	if (*shadow_of((unsigned long)obj) == KASAN_SLAB_FREE)
		kasan_track_print("freed", &tracks->free);
}

/* --- variables --- */

static void describe_global(unsigned long bad)
{
	const struct kasan_global *g = kasan_global_at(bad);

	if (g)
		printk("%lu bytes behind %s, which has %lu bytes (%s)\n", bad - g->start - g->size,
		       g->name, g->size, g->file);
}

/*
 * The frame begins with a redzone of 32 bytes. What the compiler says of it: how many variables there are;
 * for each its offset, its size, the length of its name, its name and line.
 */
static void describe_stack(unsigned long bad)
{
	const unsigned long *frame = (const unsigned long *)ALIGN_DOWN(bad, GRANULE);

	for (size_t down = 0; down < FRAME_MAX; down += GRANULE, frame--) {
		if (!kasan_covered((unsigned long)frame))
			return;
		if (frame[0] != FRAME_MAGIC || *shadow_of((unsigned long)frame) != KASAN_STACK_LEFT)
			continue;
		printk("%lu bytes into the frame of\n", bad - (unsigned long)frame);
		pc_print(" ", frame[2] + 1); /* where it begins: no return address */
		printk("  variables: %s\n", (const char *)frame[1]);
		return;
	}
}

static void print_shadow(unsigned long bad)
{
	unsigned long row = ALIGN_DOWN(kasan_shadow(bad), ROW_SIZE) - ROWS / 2 * ROW_SIZE;

	printk("shadow, a byte for each 8 of memory:\n");
	for (int i = 0; i < ROWS; i++, row += ROW_SIZE) {
		unsigned long memory = (row - KASAN_OFFSET) << KASAN_SHIFT;
		char line[ROW_SIZE * 4 + 1];
		size_t n = 0;

		if (!kasan_covered(memory))
			continue;
		for (unsigned long at = row; at < row + ROW_SIZE; at++)
			n += (size_t)snprintf(line + n, sizeof(line) - n,
					      at == kasan_shadow(bad) ? "[%02x]" : " %02x",
					      *(const u8 *)at);
		printk("  %016lx:%s\n", memory, line);
	}
}

void kasan_report(unsigned long addr, size_t bytes, enum kasan_access access, unsigned long pc,
		  unsigned long bad)
{
	static const char *const names[] = {"read", "write", "free"};
	u8 why = why_not(bad);
	const char *kind = access == KASAN_FREE ? "second free of an object" : kind_of(why);
	struct kmem_cache *cache;
	void *obj = object_at(bad, &cache);

	printk("KASAN: %s: %s of %zu bytes at %#lx by\n", kind, names[access], bytes, addr);
	pc_print(" ", pc);
	if (obj)
		describe_object(cache, obj, bad);
	else if (why == KASAN_GLOBAL)
		describe_global(bad);
	else if (why >= KASAN_STACK_LEFT && why <= KASAN_STACK_RIGHT)
		describe_stack(bad);
	print_shadow(bad);
	kasan_stop();
	panic("KASAN: %s: %s of %zu bytes at %#lx", kind, names[access], bytes, addr);
}
