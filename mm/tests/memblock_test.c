/* host-test: mm/memblock.c tools/host/mm_host.c mm/memmap.c mm/buddy.c mm/zone.c mm/allocfail.c */
/*
 * The boot-time allocator against hostile memory maps. Random maps are compared with a model that
 * looks at each page: RAM is a page that a RAM entry covers whole and that no other entry touches.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mm/memblock.h"
#include "mm/page.h"
#include "tools/host/mm_host.h"

#define ARENA       MiB(64)
#define ARENA_PAGES (ARENA / PAGE_SIZE)

static struct boot_info info;

static void fresh(void)
{
	memset(&info, 0, sizeof(info));
	memblock_limit = GiB(4);
}

static void assert_ram(unsigned int i, phys_addr_t start, phys_addr_t end)
{
	struct phys_range r;

	assert_true(memblock_ram(i, &r));
	assert_int_equal(r.start, start);
	assert_int_equal(r.end, end);
}

static void test_plain(void **state)
{
	struct phys_range r;

	fresh();
	mm_host_add_range(&info, MiB(1), MiB(63), BOOT_MEM_RAM);
	mm_host_add_range(&info, 0, 0x9fc00, BOOT_MEM_RAM);
	mm_host_add_range(&info, 0x9fc00, 0x400, BOOT_MEM_RESERVED);
	memblock_init(&info);
	assert_ram(0, 0, 0x9f000);
	assert_ram(1, MiB(1), MiB(64));
	assert_false(memblock_ram(2, &r));
	assert_int_equal(memblock_end(), MiB(64));
	assert_int_equal(memblock_ram_bytes(), MiB(63) + 0x9f000);
	assert_false(memblock_overlaps_ram(0x9f000, MiB(1)));
	assert_true(memblock_overlaps_ram(0x9f000, MiB(1) + 1));
	assert_true(memblock_overlaps_ram(0x9efff, 0x9f000));
	assert_false(memblock_overlaps_ram(MiB(64), MiB(70)));
	/* The first MiB is RAM, and never free. */
	assert_true(memblock_free(0, &r));
	assert_int_equal(r.start, MiB(1));
	assert_false(memblock_free(1, &r));
}

static void test_reserved_wins(void **state)
{
	fresh();
	mm_host_add_range(&info, MiB(16) + 1, 10, BOOT_MEM_ACPI);
	mm_host_add_range(&info, 0, MiB(32), BOOT_MEM_RAM);
	mm_host_add_range(&info, MiB(8), MiB(40), BOOT_MEM_RAM);
	memblock_init(&info);
	assert_ram(0, 0, MiB(16));
	assert_ram(1, MiB(16) + PAGE_SIZE, MiB(48));
}

static void test_wrapping(void **state)
{
	struct phys_range r;

	fresh();
	mm_host_add_range(&info, 0, MiB(64), BOOT_MEM_RAM);
	mm_host_add_range(&info, MiB(32), ~0ULL, BOOT_MEM_RAM);      /* wraps: ignored */
	mm_host_add_range(&info, MiB(48), ~0ULL, BOOT_MEM_RESERVED); /* wraps: to the end */
	mm_host_add_range(&info, ~0ULL - 4095, 8192, BOOT_MEM_RAM);  /* wraps to 4096 */
	mm_host_add_range(&info, ~0ULL - 4095, 4095, BOOT_MEM_ACPI); /* beyond all */
	mm_host_add_range(&info, TiB(64), GiB(1), BOOT_MEM_RAM);     /* beyond the direct map */
	mm_host_add_range(&info, MiB(8), 0, BOOT_MEM_RESERVED);      /* empty */
	memblock_init(&info);
	assert_ram(0, 0, MiB(48));
	assert_false(memblock_ram(1, &r));
}

static void test_modules_and_reservations(void **state)
{
	struct phys_range r;

	fresh();
	mm_host_add_range(&info, 0, MiB(64), BOOT_MEM_RAM);
	info.nr_modules = 1;
	info.modules[0].start = MiB(4) + 100;
	info.modules[0].size = 5000; /* touches two pages */
	info.nr_reserved = 1;
	info.reserved[0].start = MiB(2);
	info.reserved[0].size = MiB(1);
	memblock_init(&info);
	memblock_reserve(MiB(60), GiB(9));
	assert_true(memblock_free(0, &r));
	assert_true(r.start == MiB(1) && r.end == MiB(2));
	assert_true(memblock_free(1, &r));
	assert_true(r.start == MiB(3) && r.end == MiB(4));
	assert_true(memblock_free(2, &r));
	assert_true(r.start == MiB(4) + 2 * PAGE_SIZE && r.end == MiB(60));
	assert_false(memblock_free(3, &r));
	/* Reserved memory is RAM all the same. */
	assert_ram(0, 0, MiB(64));
}

static void test_too_little(void **state)
{
	fresh();
	EXPECT_PANIC("too little memory", memblock_init(&info));
	mm_host_add_range(&info, 0, MiB(2), BOOT_MEM_RAM);
	EXPECT_PANIC("too little memory: 2048 KiB", memblock_init(&info));
	info.ranges[0].size = MiB(8);
	memblock_init(&info);
	assert_non_null(early_alloc(MiB(6), 8));
	EXPECT_PANIC("too little memory: no 1050000 bytes", early_alloc(1050000, 8));
	EXPECT_PANIC("align", early_alloc(8, 24));
	EXPECT_PANIC("assertion failed", early_alloc(0, 8));
}

static void test_limit(void **state)
{
	fresh();
	mm_host_add_range(&info, 0, MiB(64), BOOT_MEM_RAM);
	memblock_init(&info);
	memblock_limit = MiB(16) + 123;
	for (int i = 0; i < 14; i++) {
		phys_addr_t pa = virt_to_phys(early_alloc(MiB(1), PAGE_SIZE));

		assert_true(pa >= MiB(1) && pa + MiB(1) <= memblock_limit);
	}
	EXPECT_PANIC("too little memory", early_alloc(MiB(1) + 1, 1));
	memblock_limit = MEMBLOCK_PHYS_MAX;
	assert_true(virt_to_phys(early_alloc(MiB(2), MiB(2))) == MiB(62));
}

/* What one page is. */
enum { NOTHING, RAM, TAKEN };

static u8 model[ARENA_PAGES];

/* Edges anywhere, often on or beside a page boundary, sometimes far beyond the arena. */
static u64 random_edge(void)
{
	u64 edge = (u64)mm_host_below(ARENA_PAGES) * PAGE_SIZE;

	switch (mm_host_below(4)) {
	case 0:
		return edge;
	case 1:
		return edge + 1;
	case 2:
		return edge + PAGE_SIZE - 1;
	default:
		return edge + mm_host_below(PAGE_SIZE);
	}
}

static void model_range(u64 start, u64 end, bool is_ram)
{
	for (u64 p = 0; p < ARENA_PAGES; p++) {
		u64 lo = p * PAGE_SIZE, hi = lo + PAGE_SIZE;

		if (is_ram && start <= lo && end >= hi)
			model[p] = RAM;
		if (!is_ram && start < hi && end > lo && start < end)
			model[p] = NOTHING;
	}
}

/* RAM entries are all applied before the others: so does the model. */
static void random_map(void)
{
	unsigned int n = 1 + mm_host_below(20);

	memset(model, NOTHING, sizeof(model));
	mm_host_add_range(&info, 0, ARENA, BOOT_MEM_RAM);
	model_range(0, ARENA, true);
	for (unsigned int i = 0; i < n; i++) {
		u64 a = random_edge(), b = random_edge();
		u64 size = mm_host_below(16) ? mm_host_below(2) ? b % MiB(1) : b : ~0ULL;
		bool bogus_ram = mm_host_below(2);

		if (bogus_ram && size != ~0ULL)
			size = MIN(size, ARENA - a);
		mm_host_add_range(&info, a, size,
				  bogus_ram ? BOOT_MEM_RAM
					    : (enum boot_mem_type)(2 + mm_host_below(3)));
		if (!bogus_ram)
			model_range(a, a + size < a ? ~0ULL : a + size, false);
	}
	/* Order must not matter. */
	for (unsigned int i = 0; i < info.nr_ranges; i++) {
		unsigned int j = mm_host_below(info.nr_ranges);
		struct boot_mem_range t = info.ranges[i];

		info.ranges[i] = info.ranges[j];
		info.ranges[j] = t;
	}
}

static void compare_ram(void)
{
	struct phys_range r;
	u64 p = 0;

	for (unsigned int i = 0; memblock_ram(i, &r); i++) {
		assert_true(r.start < r.end && r.end <= ARENA);
		assert_true(IS_ALIGNED(r.start, PAGE_SIZE) && IS_ALIGNED(r.end, PAGE_SIZE));
		for (; p < r.start / PAGE_SIZE; p++)
			assert_int_equal(model[p], NOTHING);
		for (; p < r.end / PAGE_SIZE; p++)
			assert_int_equal(model[p], RAM);
	}
	for (; p < ARENA_PAGES; p++)
		assert_int_equal(model[p], NOTHING);
}

/* Marks what is handed out; nothing may be handed out twice or be anything but RAM above 1 MiB. */
static void take(phys_addr_t pa, u64 bytes)
{
	assert_true(pa >= MiB(1));
	for (u64 p = pa / PAGE_SIZE; p <= (pa + bytes - 1) / PAGE_SIZE; p++) {
		assert_int_not_equal(model[p], NOTHING);
		model[p] = TAKEN;
	}
}

static void random_allocations(void)
{
	for (int i = 0; i < 50; i++) {
		u64 align = 1ULL << mm_host_below(15), bytes = 1 + mm_host_below(60000);
		u8 *mem = early_alloc(bytes, align);

		assert_true(IS_ALIGNED(virt_to_phys(mem), align));
		for (u64 b = 0; b < bytes; b++)
			assert_int_equal(mem[b], 0);
		memset(mem, 0xee, bytes); /* a second owner would not find zeroes */
		take(virt_to_phys(mem), bytes);
	}
}

static void compare_free(void)
{
	struct phys_range r;

	for (unsigned int i = 0; memblock_free(i, &r); i++)
		for (u64 p = r.start / PAGE_SIZE; p < r.end / PAGE_SIZE; p++)
			assert_int_equal(model[p], RAM);
}

static void test_random_maps(void **state)
{
	for (int round = 0; round < 1000; round++) {
		fresh();
		memset(phys_to_virt(0), 0, 1); /* the arena is there */
		random_map();
		memblock_limit = MEMBLOCK_PHYS_MAX;
		/* Too little RAM is the panic's test. */
		u64 ram = 0;
		for (u64 p = 256; p < ARENA_PAGES; p++)
			ram += model[p] == RAM;
		if (ram < MiB(16) / PAGE_SIZE)
			continue;
		memblock_init(&info);
		compare_ram();
		if (round % 10 == 0) {
			random_allocations();
			compare_free();
		}
	}
}

/* More pieces than the list holds: memory may be lost, never handed out twice. */
static void test_full_list(void **state)
{
	struct phys_range r;
	unsigned int n = 0;
	u64 bytes = 0;

	fresh();
	mm_host_add_range(&info, 0, ARENA, BOOT_MEM_RAM);
	memblock_init(&info);
	for (u64 p = 257; p < ARENA_PAGES; p += 2)
		memblock_reserve(p * PAGE_SIZE, 1);
	for (; memblock_free(n, &r); n++) {
		bytes += r.end - r.start;
		for (u64 p = r.start / PAGE_SIZE; p < r.end / PAGE_SIZE; p++)
			assert_int_equal(p % 2, 0);
	}
	assert_in_range(n, 1, 512);
	assert_true(bytes > 0 && bytes <= n * PAGE_SIZE);
}

static void test_closed(void **state)
{
	fresh();
	mm_host_add_range(&info, 0, ARENA, BOOT_MEM_RAM);
	memblock_init(&info);
	memblock_close();
	EXPECT_PANIC("owns all memory", early_alloc(8, 8));
	EXPECT_PANIC("owns all memory", memblock_reserve(MiB(4), 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),       cmocka_unit_test(test_reserved_wins),
		cmocka_unit_test(test_wrapping),    cmocka_unit_test(test_modules_and_reservations),
		cmocka_unit_test(test_too_little),  cmocka_unit_test(test_limit),
		cmocka_unit_test(test_random_maps), cmocka_unit_test(test_full_list),
		cmocka_unit_test(test_closed),
	};

	mm_host_create(ARENA);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
