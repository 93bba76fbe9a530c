/*
 * I/O permission bitmaps: see arch/ioports.h.
 *
 * A CPU's bitmap stays as it was when it is taken out of force: only the TSS's offset of it changes. So a driver that
 * comes back, as long as no other driver ran here, costs one store.
 */
#include "arch/ioports.h"

#include "arch/x86/desc.h"
#include "kernel/base/atomic.h"
#include "kernel/base/barrier.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"
#include "mm/slab.h"

struct io_bitmap {
	u64 generation;      /* release: of the contents; no two bitmaps ever have the same */
	u32 first, end;      /* bytes of map[] outside of which no port is allowed */
	u8 map[IO_MAP_SIZE]; /* a bit is 0: the port is allowed */
};

/* The last one that was given to a bitmap; A. */
static u64 generations;

/* What this CPU's bitmap is a copy of, and where it has bits that are 0. Of itself alone, interrupts off. */
static DEFINE_PER_CPU(u64, io_generation);
static DEFINE_PER_CPU(u32, io_first);
static DEFINE_PER_CPU(u32, io_end);

struct io_bitmap *io_bitmap_alloc(void)
{
	struct io_bitmap *b = kmalloc(sizeof(*b), GFP_KERNEL);

	if (!b)
		return NULL;
	b->generation = atomic_add_return(&generations, 1);
	b->first = b->end = 0;
	memset(b->map, 0xff, sizeof(b->map));
	return b;
}

void io_bitmap_free(struct io_bitmap *b)
{
	kfree(b);
}

void io_bitmap_allow(struct io_bitmap *b, u32 first, u32 count)
{
	ASSERT_MSG(count && first < IO_PORTS && count <= IO_PORTS - first, "%u ports from %#x",
		   count, first);
	for (u32 port = first; port < first + count; port++)
		b->map[port / 8] &= (u8) ~(1 << port % 8);
	WRITE_ONCE(b->first, b->end ? MIN(b->first, first / 8) : first / 8);
	WRITE_ONCE(b->end, MAX(b->end, (first + count - 1) / 8 + 1));
	/*
	 * Release: the bits, then the generation. Partner: io_bitmap_load(). Who loads some of the bits under the
	 * generation of before loads them once more when a port is refused.
	 */
	smp_store_release(&b->generation, atomic_add_return(&generations, 1));
}

/* Where this CPU's copy has bits that are 0, or `b` has. */
static void copy_map(u8 *to, const struct io_bitmap *b)
{
	u32 first = READ_ONCE(b->first), end = READ_ONCE(b->end);
	u32 low = MIN(first, this_cpu_read(io_first)), high = MAX(end, this_cpu_read(io_end));

	memcpy(to + low, b->map + low, high - low);
	this_cpu_write(io_first, first);
	this_cpu_write(io_end, end);
}

bool io_bitmap_load(const struct io_bitmap *b)
{
	struct tss *tss = this_cpu_ptr(&cpu_tss);
	u64 generation = smp_load_acquire(&b->generation);
	bool same = this_cpu_read(io_generation) == generation;

	if (same && io_bitmap_loaded())
		return false;
	if (!same) {
		copy_map(tss->io_map, b);
		this_cpu_write(io_generation, generation);
	}
	tss->iomap_base = offsetof(struct tss, io_map);
	return true;
}

void io_bitmap_unload(void)
{
	this_cpu_write(cpu_tss.iomap_base, TSS_NO_IO_MAP);
}

bool io_bitmap_loaded(void)
{
	return this_cpu_read(cpu_tss.iomap_base) != TSS_NO_IO_MAP;
}
