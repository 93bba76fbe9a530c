/*
 * Two sorted lists of disjoint ranges: the RAM, and what of it is still free. Both are built from
 * the loader's map by adding all RAM first and then cutting out all that is not, so that the order
 * of the map's entries and their overlaps do not matter.
 *
 * When a list is full the smaller piece of a split is dropped: memory is lost, nothing is handed
 * out twice.
 */
#include "mm/memblock.h"

#include "arch/page.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/string.h"

#define MAX_RANGES 512
#define LOW_MEMORY MiB(1)
#define MIN_RAM    MiB(4) /* less cannot hold the page array and a first process */

struct range_list {
	unsigned int n;
	u64 lost; /* bytes dropped because the list was full */
	struct phys_range r[MAX_RANGES];
};

static struct range_list ram, avail;
static bool closed;

phys_addr_t memblock_limit = GiB(4);

static u64 range_bytes(const struct phys_range *r)
{
	return r->end - r->start;
}

/* Makes a hole at index i. The caller has checked that there is room. */
static void list_open(struct range_list *l, unsigned int i)
{
	ASSERT_MSG(l->n < MAX_RANGES && i <= l->n, "n %u i %u", l->n, i);
	memmove(&l->r[i + 1], &l->r[i], (l->n - i) * sizeof(l->r[0]));
	l->n++;
}

static void list_close(struct range_list *l, unsigned int i)
{
	ASSERT_MSG(i < l->n, "n %u i %u", l->n, i);
	l->n--;
	memmove(&l->r[i], &l->r[i + 1], (l->n - i) * sizeof(l->r[0]));
}

/* Adds [start, end), merging whatever it touches. */
static void list_add_range(struct range_list *l, phys_addr_t start, phys_addr_t end)
{
	unsigned int i = 0;

	if (start >= end)
		return;
	while (i < l->n && l->r[i].end < start)
		i++;
	while (i < l->n && l->r[i].start <= end) {
		start = MIN(start, l->r[i].start);
		end = MAX(end, l->r[i].end);
		list_close(l, i);
	}
	if (l->n == MAX_RANGES) {
		l->lost += end - start;
		return;
	}
	list_open(l, i);
	l->r[i] = (struct phys_range){start, end};
}

/* Range i loses its middle [start, end) and falls in two. */
static void list_split(struct range_list *l, unsigned int i, phys_addr_t start, phys_addr_t end)
{
	struct phys_range low = {l->r[i].start, start}, high = {end, l->r[i].end};

	if (l->n == MAX_RANGES) {
		bool keep_low = range_bytes(&low) >= range_bytes(&high);

		l->lost += range_bytes(keep_low ? &high : &low);
		l->r[i] = keep_low ? low : high;
		return;
	}
	list_open(l, i);
	l->r[i] = low;
	l->r[i + 1] = high;
}

static void list_cut(struct range_list *l, phys_addr_t start, phys_addr_t end)
{
	unsigned int i = 0;

	while (i < l->n && start < end) {
		struct phys_range *r = &l->r[i];

		if (r->end <= start) {
			i++;
		} else if (r->start >= end) {
			return;
		} else if (r->start < start && r->end > end) {
			list_split(l, i, start, end);
			return;
		} else if (r->start < start) {
			r->end = start;
			i++;
		} else if (r->end > end) {
			r->start = end;
			return;
		} else {
			list_close(l, i);
		}
	}
}

/* The end of [start, start + size), MEMBLOCK_PHYS_MAX at most also when the sum wraps. */
static phys_addr_t clamped_end(phys_addr_t start, u64 size)
{
	if (start >= MEMBLOCK_PHYS_MAX || size > MEMBLOCK_PHYS_MAX - start)
		return MEMBLOCK_PHYS_MAX;
	return start + size;
}

/* RAM counts only by whole pages. An entry whose end wraps is not believed at all. */
static void add_ram(const struct boot_mem_range *e)
{
	phys_addr_t start, end;

	if (e->start + e->size < e->start) {
		printk("memblock: ignoring RAM at %#llx: its size %#llx wraps\n",
		       (unsigned long long)e->start, (unsigned long long)e->size);
		return;
	}
	if (e->start >= MEMBLOCK_PHYS_MAX)
		return;
	start = ALIGN_UP(e->start, PAGE_SIZE);
	end = ALIGN_DOWN(clamped_end(e->start, e->size), PAGE_SIZE);
	list_add_range(&ram, start, end);
}

/* What is not RAM takes every page that it touches. */
static void cut_pages(struct range_list *l, phys_addr_t start, u64 size)
{
	if (size == 0 || start >= MEMBLOCK_PHYS_MAX)
		return;
	list_cut(l, ALIGN_DOWN(start, PAGE_SIZE), ALIGN_UP(clamped_end(start, size), PAGE_SIZE));
}

void memblock_init(const struct boot_info *info)
{
	unsigned int i;

	ASSERT_MSG(info->nr_ranges <= BOOT_MAX_RANGES, "%u ranges", info->nr_ranges);
	ram.n = avail.n = 0;
	ram.lost = avail.lost = 0;
	closed = false;
	for (i = 0; i < info->nr_ranges; i++)
		if (info->ranges[i].type == BOOT_MEM_RAM)
			add_ram(&info->ranges[i]);
	for (i = 0; i < info->nr_ranges; i++)
		if (info->ranges[i].type != BOOT_MEM_RAM)
			cut_pages(&ram, info->ranges[i].start, info->ranges[i].size);
	avail = ram;
	memblock_reserve(0, LOW_MEMORY);
	for (i = 0; i < info->nr_modules; i++)
		memblock_reserve(info->modules[i].start, info->modules[i].size);
	for (i = 0; i < info->nr_reserved; i++)
		memblock_reserve(info->reserved[i].start, info->reserved[i].size);
	if (memblock_ram_bytes() < MIN_RAM || avail.n == 0)
		panic("too little memory: %llu KiB of RAM in %u entries of the loader's map, need "
		      "%llu KiB",
		      (unsigned long long)memblock_ram_bytes() >> 10, info->nr_ranges,
		      (unsigned long long)MIN_RAM >> 10);
}

void memblock_reserve(phys_addr_t start, u64 size)
{
	ASSERT_MSG(!closed, "start %#llx: the page allocator owns all memory now",
		   (unsigned long long)start);
	cut_pages(&avail, start, size);
}

/* The highest fitting address at or above range.start, or 0: address 0 is never free. */
static phys_addr_t fit(const struct phys_range *r, u64 bytes, u64 align)
{
	phys_addr_t end = MIN(r->end, memblock_limit);
	phys_addr_t start;

	if (end <= r->start || end - r->start < bytes)
		return 0;
	start = ALIGN_DOWN(end - bytes, align);
	return start >= r->start ? start : 0;
}

static __noreturn void out_of_memory(size_t bytes, size_t align)
{
	u64 left = 0;

	for (unsigned int i = 0; i < avail.n; i++)
		left += range_bytes(&avail.r[i]);
	panic("too little memory: no %zu bytes aligned to %zu below %#llx; %llu KiB left in %u "
	      "ranges, "
	      "%llu KiB of RAM",
	      bytes, align, (unsigned long long)memblock_limit, (unsigned long long)left >> 10,
	      avail.n, (unsigned long long)memblock_ram_bytes() >> 10);
}

void *early_alloc_raw(size_t bytes, size_t align)
{
	ASSERT_MSG(!closed, "%zu bytes: the page allocator owns all memory now", bytes);
	ASSERT_MSG(bytes && bytes < MEMBLOCK_PHYS_MAX, "%zu bytes", bytes);
	ASSERT_MSG(align && (align & (align - 1)) == 0, "align %zu", align);
	align = MAX(align, 8);
	bytes = ALIGN_UP(bytes, 8);
	for (unsigned int i = avail.n; i-- > 0;) {
		phys_addr_t start = fit(&avail.r[i], bytes, align);

		if (start) {
			list_cut(&avail, start, start + bytes);
			return phys_to_virt(start);
		}
	}
	out_of_memory(bytes, align);
}

void *early_alloc(size_t bytes, size_t align)
{
	return memset(early_alloc_raw(bytes, align), 0, bytes);
}

bool memblock_ram(unsigned int i, struct phys_range *range)
{
	if (i >= ram.n)
		return false;
	*range = ram.r[i];
	return true;
}

/* Small allocations leave ends that are not page aligned: those ranges shrink, to nothing if need
 * be. */
bool memblock_free(unsigned int i, struct phys_range *range)
{
	if (i >= avail.n)
		return false;
	range->start = ALIGN_UP(avail.r[i].start, PAGE_SIZE);
	range->end = MAX(ALIGN_DOWN(avail.r[i].end, PAGE_SIZE), range->start);
	return true;
}

bool memblock_overlaps_ram(phys_addr_t start, phys_addr_t end)
{
	struct phys_range r;

	for (unsigned int i = 0; memblock_ram(i, &r); i++)
		if (start < r.end && r.start < end)
			return true;
	return false;
}

phys_addr_t memblock_end(void)
{
	ASSERT(ram.n > 0);
	return ram.r[ram.n - 1].end;
}

u64 memblock_ram_bytes(void)
{
	u64 bytes = 0;

	for (unsigned int i = 0; i < ram.n; i++)
		bytes += range_bytes(&ram.r[i]);
	return bytes;
}

void memblock_close(void)
{
	if (ram.lost || avail.lost)
		printk("memblock: %llu KiB lost, the memory map has too many pieces\n",
		       (unsigned long long)(ram.lost + avail.lost) >> 10);
	closed = true;
}
