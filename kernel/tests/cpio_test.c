/* host-test: kernel/cpio.c */
/*
 * A good archive, a table of broken ones, every truncation, and seeded damage. Archives live in
 * heap blocks of their exact size, so that the sanitizer sees one byte too far.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/base/errno.h"
#include "kernel/cpio.h"

#define FUZZ_ROUNDS 200000

static char archive[4096];
static size_t archive_len;

static void add(const char *name, u32 mode, const char *data, size_t n)
{
	archive_len +=
		(size_t)sprintf(archive + archive_len,
				"070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 7,
				mode, 1, 2, 3, 4, n, 5, 6, 8, 9, strlen(name) + 1, 0);
	strcpy(archive + archive_len, name);
	archive_len = ALIGN_UP(archive_len + strlen(name) + 1, 4);
	memcpy(archive + archive_len, data, n);
	archive_len = ALIGN_UP(archive_len + n, 4);
}

static int make(void **state)
{
	(void)state;
	memset(archive, 0, sizeof(archive));
	archive_len = 0;
	add("bin", CPIO_DIRECTORY | 0755, "", 0);
	add("bin/hello", CPIO_REGULAR | 0755, "hello", 5);
	add("x", CPIO_REGULAR | 0600, "12345678", 8);
	add("TRAILER!!!", 0, "", 0);
	return 0;
}

/* Reads a copy of exactly n bytes to its end; touches all that it is given. */
static int read_all(const char *bytes, size_t n, struct cpio_reader *out, unsigned int *entries)
{
	char *copy = malloc(n ? n : 1);
	volatile unsigned int sum = 0;
	struct cpio_entry e;
	size_t i;
	int err;

	memcpy(copy, bytes, n);
	*out = cpio_open(copy, n);
	for (*entries = 0; (err = cpio_next(out, &e)) == 1; (*entries)++) {
		assert_int_equal(strlen(e.name), e.name_len);
		for (i = 0; i < e.size; i++)
			sum += ((const u8 *)e.data)[i];
	}
	if (err) {
		assert_int_equal(err, -EINVAL);
		assert_non_null(out->why);
		assert_int_equal(cpio_next(out, &e), -EINVAL);
	}
	free(copy);
	return err;
}

static void test_good_archive(void **state)
{
	struct cpio_reader r = cpio_open(archive, archive_len);
	struct cpio_entry e;

	(void)state;
	assert_int_equal(cpio_next(&r, &e), 1);
	assert_string_equal(e.name, "bin");
	assert_int_equal(e.mode, CPIO_DIRECTORY | 0755);
	assert_int_equal(e.size, 0);
	assert_int_equal(cpio_next(&r, &e), 1);
	assert_string_equal(e.name, "bin/hello");
	assert_int_equal(e.size, 5);
	assert_memory_equal(e.data, "hello", 5);
	assert_int_equal(e.ino, 7);
	assert_int_equal(e.uid, 1);
	assert_int_equal(e.gid, 2);
	assert_int_equal(e.nlink, 3);
	assert_int_equal(e.mtime, 4);
	assert_int_equal(e.dev_major, 5);
	assert_int_equal(e.dev_minor, 6);
	assert_int_equal(e.rdev_major, 8);
	assert_int_equal(e.rdev_minor, 9);
	assert_int_equal(cpio_next(&r, &e), 1);
	assert_memory_equal(e.data, "12345678", 8);
	assert_int_equal(cpio_next(&r, &e), 0);
	assert_int_equal(cpio_next(&r, &e), 0);
}

/* Offsets into the first entry. */
static const struct {
	const char *what;
	size_t at;
	const char *bytes;
	size_t error_at;
} broken[] = {
	{"magic", 0, "070707", 0},
	{"checksum magic", 0, "070702", 0},
	{"no digit in ino", 6, "g", 6},
	{"no digit in mode", 14, "/", 14},
	{"blank in filesize", 54, " ", 54},
	{"sign in filesize", 54, "-", 54},
	{"no digit in the check field", 109, "\200", 102},
	{"huge filesize", 54, "ffffffff", 0},
	{"filesize past the end", 54, "00001000", 0},
	{"name size 0", 94, "00000000", 110},
	{"name size 1", 94, "00000001", 110},
	{"name size short", 94, "00000003", 110},
	{"name size long", 94, "00000005", 110},
	{"name size past PATH_MAX", 94, "00001001", 110},
	{"name size past the end", 94, "00001000", 110},
	{"name size huge", 94, "ffffffff", 110},
};

static void test_broken_archives(void **state)
{
	struct cpio_reader r;
	unsigned int n;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(broken); i++) {
		make(state);
		memcpy(archive + broken[i].at, broken[i].bytes, strlen(broken[i].bytes));
		if (read_all(archive, archive_len, &r, &n) != -EINVAL ||
		    r.offset != broken[i].error_at)
			fail_msg("%s: %s at %zu", broken[i].what, r.why ? r.why : "accepted",
				 r.offset);
		assert_int_equal(n, 0);
	}
}

/* What is whole is read; the trailer needs no padding. */
static void test_every_truncation(void **state)
{
	size_t n, whole = archive_len - 1;
	struct cpio_reader r;
	unsigned int entries;

	(void)state;
	while (archive[whole - 1] == '\0')
		whole--;
	whole++;
	for (n = 0; n < archive_len; n++)
		assert_int_equal(read_all(archive, n, &r, &entries), n < whole ? -EINVAL : 0);
}

/* A file size that leads into the middle of the archive, or to exactly its end. */
static void test_sizes_at_the_edge(void **state)
{
	struct cpio_reader r;
	unsigned int n;

	(void)state;
	memcpy(archive + 54, "00000001", 8);
	assert_int_equal(read_all(archive, archive_len, &r, &n), -EINVAL);
	sprintf(archive + 54, "%08zx", archive_len - 116);
	archive[62] = '0';
	assert_int_equal(read_all(archive, archive_len, &r, &n), -EINVAL);
	assert_int_equal(n, 1);
	assert_string_equal(r.why, "the archive ends without a trailer");
}

static u64 random_next(u64 *seed)
{
	u64 z = (*seed += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static void test_damage(void **state)
{
	static const char likely[] = "0123456789abcdefF\0g";
	unsigned int round, entries, refused = 0;
	char copy[sizeof(archive)];
	struct cpio_reader r;
	u64 seed = 1;

	(void)state;
	for (round = 0; round < FUZZ_ROUNDS; round++) {
		u64 hits = 1 + random_next(&seed) % 4;
		size_t len = archive_len;

		memcpy(copy, archive, archive_len);
		while (hits--) {
			u64 v = random_next(&seed);

			copy[v % archive_len] =
				v >> 63 ? (char)(v >> 32) : likely[(v >> 32) % sizeof(likely)];
		}
		if (random_next(&seed) % 4 == 0)
			len = random_next(&seed) % archive_len;
		if (read_all(copy, len, &r, &entries))
			refused++;
	}
	assert_true(refused > FUZZ_ROUNDS / 2);
	assert_true(refused < FUZZ_ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_good_archive, make),
		cmocka_unit_test_setup(test_broken_archives, make),
		cmocka_unit_test_setup(test_every_truncation, make),
		cmocka_unit_test_setup(test_sizes_at_the_edge, make),
		cmocka_unit_test_setup(test_damage, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
