/* host-test: boot/multiboot2.c boot/bootinfo.c */
/*
 * The multiboot2 parser: what a valid list means, one refusal per rule, every truncation.
 */
#include "boot/tests/multiboot2_list.h"

static void expect_refusal(const struct list *l, const char *needle)
{
	static struct boot_info out;
	const char *why = NULL;

	assert_int_equal(parse(l->bytes, l->size, &out, &why), -EINVAL);
	assert_non_null(why);
	if (!strstr(why, needle))
		fail_msg("said \"%s\", expected \"%s\"", why, needle);
}

static void expect_accepted(const struct list *l, struct boot_info *out)
{
	const char *why = NULL;

	if (parse(l->bytes, l->size, out, &why))
		fail_msg("refused: %s", why);
	assert_null(why);
}

static void test_valid(void **state)
{
	static struct boot_info out;
	struct list l;

	(void)state;
	valid_list(&l);
	expect_accepted(&l, &out);
	assert_string_equal(out.cmdline, "pgsync=walk seed=7");
	assert_string_equal(out.loader, "GRUB 2.06");
	assert_int_equal(out.nr_modules, 2);
	assert_int_equal(out.modules[0].start, 0x224000);
	assert_int_equal(out.modules[0].size, 0x1234);
	assert_string_equal(out.modules[0].cmdline, "initramfs.cpio");
	assert_int_equal(out.modules[1].size, 0);
	assert_int_equal(out.nr_ranges, 6);
	assert_int_equal(out.ranges[1].type, BOOT_MEM_RESERVED);
	assert_int_equal(out.ranges[2].start, 0x100000);
	assert_int_equal(out.ranges[2].size, 0x800000);
	assert_int_equal(out.ranges[3].type, BOOT_MEM_ACPI);
	assert_int_equal(out.ranges[4].type, BOOT_MEM_RESERVED);
	assert_int_equal(out.ranges[5].type, BOOT_MEM_RESERVED);
	assert_int_equal(out.fb.addr, 0xfd000000);
	assert_int_equal(out.fb.pitch, 5120);
	assert_int_equal(out.fb.width, 1280);
	assert_int_equal(out.fb.height, 800);
	assert_int_equal(out.fb.bits_per_pixel, 32);
	assert_int_equal(out.fb.type, 1);
	assert_int_equal(out.fb.red.shift, 16);
	assert_int_equal(out.fb.red.bits, 8);
	assert_int_equal(out.fb.green.shift, 8);
	assert_int_equal(out.fb.green.bits, 7);
	assert_int_equal(out.fb.blue.shift, 1);
	assert_int_equal(out.fb.blue.bits, 6);
	assert_memory_equal(l.bytes + (out.rsdp - INFO_PHYS), "RSD PTR 2", 9);
	assert_int_equal(out.nr_reserved, 2);
	assert_int_equal(out.reserved[0].start, INFO_PHYS);
	assert_int_equal(out.reserved[0].size, l.size);
	assert_int_equal(out.reserved[1].start, 0x224000);
	assert_int_equal(out.reserved[1].size, 0x1234);
}

static void test_nothing_in_it(void **state)
{
	static struct boot_info out;
	struct list l;

	(void)state;
	list_begin(&l);
	list_end(&l);
	expect_accepted(&l, &out);
	assert_int_equal(out.nr_ranges + out.nr_modules, 0);
	assert_int_equal(out.rsdp, 0);
	assert_int_equal(out.fb.addr, 0);
}

/* Every length of a valid list, with the size that it claims left alone and made to agree. */
static void test_every_truncation(void **state)
{
	static struct boot_info out;
	const char *why;
	struct list l;
	u32 n, full;

	(void)state;
	valid_list(&l);
	full = l.size;
	for (n = 0; n < full; n++) {
		assert_int_equal(parse(l.bytes, n, &out, &why), -EINVAL);
		assert_non_null(why);
	}
	for (n = 8; n < full; n++) {
		memcpy(l.bytes, &n, 4);
		assert_int_equal(parse(l.bytes, n, &out, &why), -EINVAL);
		assert_non_null(why);
	}
}

static void test_list_size(void **state)
{
	struct list l = {.size = 0};
	static struct boot_info out;
	const char *why;

	(void)state;
	expect_refusal(&l, "only 0 bytes are readable");
	list_begin(&l);
	expect_refusal(&l, "claims 0 bytes");
	list_end(&l);
	memcpy(l.bytes, &(u32){0xffffffff}, 4);
	expect_refusal(&l, "claims 4294967295 bytes, not 16 to 16");
	assert_int_equal(multiboot2_parse(l.bytes, l.size, 0x21004, &out, &why), -EINVAL);
	assert_non_null(strstr(why, "0x21004 is not 8-byte aligned"));
}

static void test_tag_size(void **state)
{
	static const u32 sizes[] = {0, 1, 7, 17, 0x7fffffff, 0xfffffff8, 0xfffffff9, 0xffffffff};
	struct list l;
	size_t i;
	u32 at;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		list_begin(&l);
		at = tag(&l, 0x777, "", 0);
		list_end(&l);
		memcpy(l.bytes + at + 4, &sizes[i], 4);
		expect_refusal(&l, sizes[i] < 8 ? "type 1911 at byte 8 has a size of"
						: "and passes the end at 24");
	}
}

static void test_no_end_tag(void **state)
{
	struct list l;

	(void)state;
	list_begin(&l);
	tag(&l, 1, "x", 2);
	memcpy(l.bytes, &l.size, 4);
	expect_refusal(&l, "has no end tag");
}

static void test_strings(void **state)
{
	char text[BOOT_CMDLINE_MAX + 1];
	static struct boot_info out;
	struct list l;

	(void)state;
	memset(text, 'a', sizeof(text));
	list_begin(&l);
	tag(&l, 1, "abc", 3);
	list_end(&l);
	expect_refusal(&l, "command line at byte 8 is not terminated");

	list_begin(&l);
	tag(&l, 2, "abc", 3);
	list_end(&l);
	expect_refusal(&l, "loader name at byte 8 is not terminated");

	list_begin(&l);
	tag(&l, 3, "\0\0\0\0\0\0\0\0abc", 11);
	list_end(&l);
	expect_refusal(&l, "module name at byte 8 is not terminated");

	text[BOOT_CMDLINE_MAX] = '\0';
	list_begin(&l);
	tag(&l, 1, text, BOOT_CMDLINE_MAX + 1);
	list_end(&l);
	expect_refusal(&l, "is 1024 characters long, 1023 are possible");

	list_begin(&l); /* names may be cut, the longest command line fits */
	tag(&l, 1, text + 1, BOOT_CMDLINE_MAX);
	tag(&l, 2, text + 1, BOOT_CMDLINE_MAX);
	list_end(&l);
	expect_accepted(&l, &out);
	assert_int_equal(strlen(out.cmdline), BOOT_CMDLINE_MAX - 1);
	assert_int_equal(strlen(out.loader), sizeof(out.loader) - 1);
}

static void test_too_short(void **state)
{
	static const struct {
		u32 type, least;
	} types[] = {{1, 9}, {2, 9}, {3, 17}, {6, 16}, {8, 31}, {14, 28}, {15, 44}};
	static const u8 zero[64];
	struct list l;
	size_t i;
	u32 n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		for (n = 8; n < types[i].least; n++) {
			list_begin(&l);
			tag(&l, types[i].type, zero, n - 8);
			list_end(&l);
			expect_refusal(&l, "needs");
		}
	}
}

static void test_modules(void **state)
{
	struct list l;
	int i;

	(void)state;
	list_begin(&l);
	tag_module(&l, 0x2000, 0x1fff, "m");
	list_end(&l);
	expect_refusal(&l, "module at byte 8 ends at 0x1fff before its start 0x2000");

	list_begin(&l);
	for (i = 0; i <= BOOT_MAX_MODULES; i++)
		tag_module(&l, 0x1000, 0x2000, "m");
	list_end(&l);
	expect_refusal(&l, "is one more than 8");
}

static void test_memory_map(void **state)
{
	static const u32 entry_sizes[] = {0, 1, 8, 16, 23, 25, 28, 32, 0x80000000, 0xffffffff};
	struct entry bad[] = {{0x1000, 0x1000, 1, 0}, {0xfffffffffffff000, 0x2000, 1, 0}};
	static struct boot_info out;
	struct list l;
	size_t i;
	u32 at;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(entry_sizes); i++) {
		list_begin(&l);
		at = tag_memory_map(&l, memory, 2);
		list_end(&l);
		memcpy(l.bytes + at + 8, &entry_sizes[i], 4);
		expect_refusal(&l, "memory map at byte 8: 48 bytes of entries of");
	}

	list_begin(&l);
	tag_memory_map(&l, bad, 2);
	list_end(&l);
	expect_refusal(&l, "range at 0xfffffffffffff000 of 0x2000 bytes exceeds 52");

	bad[1] = (struct entry){0x10000, 1UL << 52, 2, 0};
	list_begin(&l);
	tag_memory_map(&l, bad, 2);
	list_end(&l);
	expect_refusal(&l, "exceeds 52");

	list_begin(&l); /* they divide evenly, but the specification wants a multiple of 8 */
	at = tag_memory_map(&l, memory, 3);
	list_end(&l);
	memcpy(l.bytes + at + 8, &(u32){36}, 4);
	expect_refusal(&l, "memory map at byte 8: 72 bytes of entries of 36");

	list_begin(&l); /* entries of 48 bytes: every other one of ours is padding */
	at = tag_memory_map(&l, memory, 4);
	list_end(&l);
	memcpy(l.bytes + at + 8, &(u32){48}, 4);
	expect_accepted(&l, &out);
	assert_int_equal(out.nr_ranges, 2);
	assert_int_equal(out.ranges[1].start, 0x100000);
}

static void test_too_many_ranges(void **state)
{
	struct entry e[BOOT_MAX_RANGES + 1];
	static struct boot_info out;
	struct list l;
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(e); i++)
		e[i] = (struct entry){i * 0x2000UL, 0x1000, 1, 0};
	list_begin(&l);
	tag_memory_map(&l, e, BOOT_MAX_RANGES);
	list_end(&l);
	expect_accepted(&l, &out);
	assert_int_equal(out.nr_ranges, BOOT_MAX_RANGES);

	list_begin(&l);
	tag_memory_map(&l, e, BOOT_MAX_RANGES + 1);
	list_end(&l);
	expect_refusal(&l, "more than 128 ranges; the next is at 0x100000");
}

static void test_twice(void **state)
{
	struct list l;

	(void)state;
	list_begin(&l);
	tag(&l, 1, "a", 2);
	tag(&l, 1, "b", 2);
	list_end(&l);
	expect_refusal(&l, "a second command line at byte 24");

	list_begin(&l);
	tag_memory_map(&l, memory, 1);
	tag_memory_map(&l, memory, 1);
	list_end(&l);
	expect_refusal(&l, "a second memory map");
}

static void test_rsdp(void **state)
{
	static const u8 rsdp1[20] = "RSD PTR ", rsdp2[36] = "RSD PTR ", bad[20] = "RSD PTX ";
	static struct boot_info out;
	struct list l;

	(void)state;
	list_begin(&l);
	tag(&l, 14, rsdp1, 20);
	list_end(&l);
	expect_accepted(&l, &out);
	assert_int_equal(out.rsdp, INFO_PHYS + 16);

	list_begin(&l); /* the newer form wins in this order too */
	tag(&l, 14, rsdp1, 20);
	tag(&l, 15, rsdp2, 36);
	list_end(&l);
	expect_accepted(&l, &out);
	assert_int_equal(out.rsdp, INFO_PHYS + 8 + 32 + 8);

	list_begin(&l);
	tag(&l, 14, bad, 20);
	list_end(&l);
	expect_refusal(&l, "ACPI tag at byte 8 does not hold an RSDP");
}

static void test_unknown_framebuffer(void **state)
{
	static const u8 fb[24] = {[0] = 1, [21] = 3};
	static struct boot_info out;
	struct list l;

	(void)state;
	list_begin(&l);
	tag(&l, 8, fb, sizeof(fb));
	list_end(&l);
	expect_accepted(&l, &out);
	assert_int_equal(out.fb.addr, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_nothing_in_it),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_list_size),
		cmocka_unit_test(test_tag_size),
		cmocka_unit_test(test_no_end_tag),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_too_short),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_memory_map),
		cmocka_unit_test(test_too_many_ranges),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_rsdp),
		cmocka_unit_test(test_unknown_framebuffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
