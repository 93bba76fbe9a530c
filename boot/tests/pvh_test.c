/* host-test: boot/pvh.c boot/bootinfo.c */
/*
 * The PVH parser: valid start information of both versions, one refusal per rule, every truncation
 * of the memory that may be read, and a fuzz. The memory is a block of its exact size, so that
 * AddressSanitizer sees one byte read too many.
 */
#include "boot/tests/host_compat.h"

#include "boot/pvh.h"

#define WINDOW      0x1000UL /* physical address of the block */
#define FUZZ_ROUNDS 200000

/* As Xen's header has it, and where this test lays things. */
struct image {
	struct {
		u32 magic, version, flags, nr_modules;
		u64 modlist, cmdline, rsdp, memmap;
		u32 memmap_entries, reserved;
	} info;
	struct {
		u64 addr, size;
		u32 type, reserved;
	} memmap[4];
	struct {
		u64 addr, size, cmdline, reserved;
	} modules[2];
	char cmdline[32];
	char module_name[80];
	u8 module[16];
};

#define PHYS(member) (WINDOW + offsetof(struct image, member))

static void valid_image(struct image *m)
{
	memset(m, 0, sizeof(*m));
	m->info.magic = 0x336ec578;
	m->info.version = 1;
	m->info.nr_modules = 2;
	m->info.modlist = PHYS(modules);
	m->info.cmdline = PHYS(cmdline);
	m->info.rsdp = 0xf59d0;
	m->info.memmap = PHYS(memmap);
	m->info.memmap_entries = 4;
	strcpy(m->cmdline, "pgsync=list n=1");
	m->memmap[0].size = 0x9fc00;
	m->memmap[0].type = 1;
	m->memmap[1].addr = 0xf0000;
	m->memmap[1].size = 0x10000;
	m->memmap[1].type = 2;
	m->memmap[2].addr = 0x100000;
	m->memmap[2].size = 0xfee0000;
	m->memmap[2].type = 1;
	m->memmap[3].addr = 0xffe0000;
	m->memmap[3].size = 0x20000;
	m->memmap[3].type = 3;
	m->modules[0].addr = PHYS(module);
	m->modules[0].size = sizeof(m->module);
	m->modules[0].cmdline = PHYS(module_name);
	memset(m->module_name, 'n', sizeof(m->module_name) - 1);
	m->modules[1].addr = PHYS(module);
}

static int parse(const struct image *m, size_t size, phys_addr_t info, struct boot_info *out,
		 const char **why)
{
	struct pvh_window window = {.base = malloc(size ? size : 1), .start = WINDOW, .size = size};
	int err;

	memcpy((void *)window.base, m, size);
	err = pvh_parse(&window, info, out, why);
	free((void *)window.base);
	return err;
}

static void expect_refusal(const struct image *m, const char *needle)
{
	static struct boot_info out;
	const char *why = NULL;

	assert_int_equal(parse(m, sizeof(*m), WINDOW, &out, &why), -EINVAL);
	assert_non_null(why);
	if (!strstr(why, needle))
		fail_msg("said \"%s\", expected \"%s\"", why, needle);
}

static void expect_accepted(const struct image *m, size_t size, struct boot_info *out)
{
	const char *why = NULL;

	if (parse(m, size, WINDOW, out, &why))
		fail_msg("refused: %s", why);
	assert_null(why);
}

static void test_valid(void **state)
{
	static struct boot_info out;
	struct image m;

	(void)state;
	valid_image(&m);
	expect_accepted(&m, sizeof(m), &out);
	assert_string_equal(out.loader, "PVH");
	assert_string_equal(out.cmdline, "pgsync=list n=1");
	assert_int_equal(out.rsdp, 0xf59d0);
	assert_int_equal(out.nr_ranges, 4);
	assert_int_equal(out.ranges[2].start, 0x100000);
	assert_int_equal(out.ranges[2].type, BOOT_MEM_RAM);
	assert_int_equal(out.ranges[3].type, BOOT_MEM_ACPI);
	assert_int_equal(out.nr_modules, 2);
	assert_int_equal(out.modules[0].start, PHYS(module));
	assert_int_equal(out.modules[0].size, 16);
	assert_int_equal(strlen(out.modules[0].cmdline), 63); /* cut */
	assert_string_equal(out.modules[1].cmdline, "");
	/* start information, command line, memory map, module list, module, its name */
	assert_int_equal(out.nr_reserved, 6);
	assert_int_equal(out.reserved[0].start, WINDOW);
	assert_int_equal(out.reserved[0].size, 56);
	assert_int_equal(out.reserved[1].size, 16);
}

static void test_version_0(void **state)
{
	static struct boot_info out;
	struct image m;

	(void)state;
	valid_image(&m);
	m.info.version = 0;
	expect_accepted(&m, sizeof(m), &out);
	assert_int_equal(out.nr_ranges, 0);
	assert_int_equal(out.nr_modules, 2);

	m.info.nr_modules = 0;
	m.info.cmdline = 0;
	expect_accepted(&m, 40, &out); /* not one byte of version 1 is needed */
	assert_string_equal(out.cmdline, "");
	m.info.version = 2; /* later versions only add */
	m.info.cmdline = PHYS(cmdline);
	expect_accepted(&m, sizeof(m), &out);
	assert_int_equal(out.nr_ranges, 4);
}

static void test_every_truncation(void **state)
{
	size_t needed = sizeof(struct image);
	static struct boot_info out;
	const char *why;
	struct image m;
	size_t n;

	(void)state;
	valid_image(&m);
	for (n = 0; n < needed; n++) {
		assert_int_equal(parse(&m, n, WINDOW, &out, &why), -EINVAL);
		assert_non_null(why);
	}
}

static void test_info_address(void **state)
{
	static const u64 outside[] = {0, WINDOW - 1, WINDOW + sizeof(struct image), UINT64_MAX};
	static struct boot_info out;
	const char *why;
	struct image m;
	size_t i;

	(void)state;
	valid_image(&m);
	for (i = 0; i < ARRAY_SIZE(outside); i++) {
		assert_int_equal(parse(&m, sizeof(m), outside[i], &out, &why), -EINVAL);
		assert_non_null(strstr(why, "cannot be reached"));
	}
	m.info.magic ^= 1;
	expect_refusal(&m, "at 0x1000 has magic 0x336ec579");
}

static void test_pointers(void **state)
{
	static const u64 outside[] = {1, WINDOW - 1, WINDOW + sizeof(struct image), 1UL << 32,
				      UINT64_MAX};
	struct image m;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(outside); i++) {
		valid_image(&m);
		m.info.cmdline = outside[i];
		expect_refusal(&m, "command line at");
		valid_image(&m);
		m.info.memmap = outside[i];
		expect_refusal(&m, "memory map of 4 entries at");
		valid_image(&m);
		m.info.modlist = outside[i];
		expect_refusal(&m, "list of 2 modules at");
		valid_image(&m);
		m.modules[0].addr = outside[i];
		expect_refusal(&m, "module 0 at");
		valid_image(&m);
		m.modules[0].cmdline = outside[i];
		expect_refusal(&m, "module name at");
	}
}

static void test_sizes(void **state)
{
	struct image m;

	(void)state;
	valid_image(&m);
	m.info.nr_modules = BOOT_MAX_MODULES + 1;
	expect_refusal(&m, "9 modules, 8 are possible");
	m.info.nr_modules = 0xffffffff;
	expect_refusal(&m, "4294967295 modules");
	valid_image(&m);
	m.info.memmap_entries = 0xffffffff;
	expect_refusal(&m, "memory map of 4294967295 entries");
	valid_image(&m);
	m.modules[0].size = UINT64_MAX;
	expect_refusal(&m, "module 0 at");
	valid_image(&m);
	m.memmap[1].size = UINT64_MAX;
	expect_refusal(&m, "exceeds 52 address bits");
	valid_image(&m);
	memset(m.cmdline, 'x', sizeof(m) - offsetof(struct image, cmdline));
	expect_refusal(&m, "command line at 0x10d8 has no end within 128 bytes");
}

static void mutate(struct image *m, u64 *rng)
{
	static const u64 nasty[] = {
		0,          1,          8,         WINDOW,    WINDOW + sizeof(struct image) - 1,
		0x7fffffff, 0xffffffff, 1UL << 32, 1UL << 63, UINT64_MAX};
	u64 changes = 1 + next_random(rng) % 4, *words = (u64 *)m;
	size_t n = sizeof(*m) / sizeof(*words);

	while (changes--) {
		u64 *word = &words[next_random(rng) % n];

		switch (next_random(rng) % 4) {
		case 0:
			((u8 *)m)[next_random(rng) % sizeof(*m)] = (u8)next_random(rng);
			break;
		case 1:
			*word = nasty[next_random(rng) % ARRAY_SIZE(nasty)];
			break;
		case 2:
			*word += next_random(rng) % 33 - 16;
			break;
		default:
			*word = words[next_random(rng) % n];
		}
	}
}

static void test_fuzz(void **state)
{
	u32 accepted = 0, refused = 0, round, i;
	static struct boot_info out;
	struct image m;
	u64 rng = 3141592;

	(void)state;
	for (round = 0; round < FUZZ_ROUNDS; round++) {
		size_t size = sizeof(m);
		const char *why = NULL;
		int err;

		valid_image(&m);
		mutate(&m, &rng);
		if (next_random(&rng) % 8 == 0)
			size = next_random(&rng) % sizeof(m);
		err = parse(&m, size, WINDOW, &out, &why);
		assert_true(err == 0 || err == -EINVAL);
		if (err) {
			refused++;
			assert_true(why == out.error && strlen(why) > 10);
			continue;
		}
		accepted++;
		assert_true(out.nr_ranges <= BOOT_MAX_RANGES && out.nr_modules <= BOOT_MAX_MODULES);
		for (i = 0; i < out.nr_modules; i++)
			assert_true(out.modules[i].start >= WINDOW &&
				    out.modules[i].start + out.modules[i].size <= WINDOW + size);
	}
	print_message("fuzz: %u images, %u accepted, %u refused\n", round, accepted, refused);
	assert_true(accepted > FUZZ_ROUNDS / 20 && refused > FUZZ_ROUNDS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_version_0),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_info_address),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_fuzz),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
