/* host-test: kernel/initramfs.c kernel/cpio.c */
/*
 * The table over archives made here, with a page allocator of its own that counts, and that can run
 * dry at any point.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/initramfs.h"

#include "kernel/base/errno.h"
#include "kernel/cpio.h"
#include "mm/buddy.h"
#include "mm/memobj.h"

#define ARENA_PAGES 64

unsigned long host_page_offset;
unsigned long host_vmemmap;

static struct page page_array[ARENA_PAGES];
static bool used[ARENA_PAGES];
static unsigned int pages_left;

struct page *alloc_pages(unsigned int order, gfp_t gfp)
{
	unsigned int n = 1u << order, at, i;

	if (pages_left < n)
		return NULL;
	for (at = 0; at + n <= ARENA_PAGES; at += n) {
		for (i = 0; i < n && !used[at + i]; i++)
			;
		if (i < n)
			continue;
		for (i = 0; i < n; i++)
			used[at + i] = true;
		pages_left -= n;
		memset(page_address(&page_array[at]), gfp & GFP_ZERO ? 0 : 0xa5, n * PAGE_SIZE);
		return &page_array[at];
	}
	return NULL;
}

struct page *alloc_page(gfp_t gfp)
{
	return alloc_pages(0, gfp);
}

void free_pages(struct page *page, unsigned int order)
{
	unsigned int i, at = (unsigned int)(page - page_array);

	for (i = 0; i < 1u << order; i++) {
		assert_true(used[at + i]);
		used[at + i] = false;
		pages_left++;
	}
}

void free_page(struct page *page)
{
	free_pages(page, 0);
}

/* A page each holds the object itself, and so counts it. */
struct memobj {
	struct page *self;
	unsigned long nr_pages;
	struct page *pages[8];
};

struct memobj *memobj_create(unsigned long nr_pages)
{
	struct page *self = alloc_page(GFP_ZERO);
	struct memobj *obj = self ? page_address(self) : NULL;

	assert_true(nr_pages > 0 && nr_pages <= ARRAY_SIZE(obj->pages));
	if (obj)
		*obj = (struct memobj){.self = self, .nr_pages = nr_pages};
	return obj;
}

int memobj_add_page(struct memobj *obj, unsigned long index, struct page *page)
{
	assert_true(index < obj->nr_pages && !obj->pages[index]);
	/* As if it needed a node. */
	if (!pages_left)
		return -ENOMEM;
	obj->pages[index] = page;
	return 0;
}

void memobj_put(struct memobj *obj)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(obj->pages); i++)
		if (obj->pages[i])
			free_page(obj->pages[i]);
	free_page(obj->self);
}

static char archive[64 << 10];
static size_t archive_len;

static void add_linked(const char *name, u32 mode, const void *data, size_t n, unsigned int ino,
		       unsigned int nlink)
{
	archive_len +=
		(size_t)sprintf(archive + archive_len,
				"070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", ino,
				mode, 0, 0, nlink, 0, n, 0, 0, 0, 0, strlen(name) + 1, 0);
	strcpy(archive + archive_len, name);
	archive_len = ALIGN_UP(archive_len + strlen(name) + 1, 4);
	memcpy(archive + archive_len, data, n);
	archive_len = ALIGN_UP(archive_len + n, 4);
}

static void add(const char *name, const void *data, size_t n)
{
	static unsigned int ino;

	add_linked(name, CPIO_REGULAR | 0755, data, n, ++ino, 1);
}

static int begin(void **state)
{
	static void *arena;

	(void)state;
	if (!arena)
		arena = aligned_alloc(PAGE_SIZE, ARENA_PAGES * PAGE_SIZE);
	host_page_offset = (unsigned long)arena;
	host_vmemmap = (unsigned long)page_array;
	memset(used, 0, sizeof(used));
	memset(archive, 0, sizeof(archive));
	pages_left = ARENA_PAGES;
	archive_len = 0;
	return 0;
}

static void end_archive(void)
{
	add("TRAILER!!!", "", 0);
}

static void check_file(const char *path, const char *data, size_t n)
{
	const struct initramfs_file *f = initramfs_lookup(path);
	size_t i;

	assert_non_null(f);
	assert_int_equal(f->size, n);
	assert_memory_equal(f->data, data, n);
	assert_int_equal(!f->contents, !n);
	for (i = 0; i < ALIGN_UP(n, PAGE_SIZE); i++) {
		const u8 *page = page_address(f->contents->pages[i / PAGE_SIZE]);

		assert_int_equal(page[i % PAGE_SIZE], i < n ? (u8)data[i] : 0);
	}
}

/* One table per process: the failures, which leave nothing behind, come before the success. */
static void test_every_allocation_may_fail(void **state)
{
	static char big[3 * 4096 + 1];
	unsigned int room;

	(void)state;
	memset(big, 'b', sizeof(big));
	add("big", big, sizeof(big));
	add("small", "s", 1);
	end_archive();
	/* The table; an object and four pages; an object, a page, and one more for its node. */
	for (room = 0; room < 9; room++) {
		pages_left = room;
		assert_int_equal(initramfs_init(archive, archive_len), -ENOMEM);
		assert_int_equal(pages_left, room);
		assert_null(initramfs_lookup("big"));
		assert_int_equal(initramfs_count(), 0);
		assert_int_equal(initramfs_pages(), 0);
	}
}

static void test_a_damaged_archive(void **state)
{
	(void)state;
	add("one", "1", 1);
	add("two", "2", 1);
	assert_int_equal(initramfs_init(archive, archive_len), -EINVAL);
	end_archive();
	archive[archive_len / 2] = 'g';
	assert_int_equal(initramfs_init(archive, archive_len), -EINVAL);
	assert_int_equal(initramfs_init(archive, 0), -EINVAL);
	assert_null(initramfs_lookup("one"));
	assert_int_equal(pages_left, ARENA_PAGES);
}

/* More files than one block of memory could hold entries for. */
static void test_a_table_too_large(void **state)
{
	size_t n = 80000, i;
	char *many = malloc(n * 116 + 200);

	(void)state;
	add("f", "", 0);
	for (i = 0; i < n; i++)
		memcpy(many + i * archive_len, archive, archive_len);
	i = n * archive_len;
	archive_len = 0;
	end_archive();
	memcpy(many + i, archive, archive_len);
	assert_int_equal(initramfs_init(many, i + archive_len), -ENOMEM);
	free(many);
}

/* By number: what has its name, in the archive's order; of two with one name the later. */
static void check_order(void)
{
	static const char *const first[] = {"bin",   "bin/page", "bin/two", "empty", "bin/init",
					    "hard1", "hard2",    "hard3",   "link"};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(first); i++)
		assert_string_equal(initramfs_file(i)->name, first[i]);
	for (; i < initramfs_count(); i++)
		assert_ptr_equal(initramfs_lookup(initramfs_file(i)->name), initramfs_file(i));
	assert_null(initramfs_file(i));
	assert_null(initramfs_file(-1ul));
}

static void test_lookup(void **state)
{
	static char text[4096], two[2 * 4096 - 3];
	char name[32];
	int i;

	(void)state;
	memset(text, 't', sizeof(text));
	memset(two, '2', sizeof(two));
	add_linked("bin", CPIO_DIRECTORY | 0755, "", 0, 900, 2);
	add("bin/init", "first", 5);
	add("./bin/page", text, sizeof(text));
	add("/bin/two", two, sizeof(two));
	add("empty", "", 0);
	add("bin/init", "second one", 10);
	add_linked("hard1", CPIO_REGULAR | 0755, "", 0, 1000, 3);
	add_linked("hard2", CPIO_REGULAR | 0755, "", 0, 1000, 3);
	add_linked("hard3", CPIO_REGULAR | 0755, "shared", 6, 1000, 3);
	add_linked("link", CPIO_SYMLINK | 0777, "bin/init", 8, 1001, 1);
	for (i = 0; i < 150; i++) {
		sprintf(name, "etc/file%d", i);
		add(name, i % 10 ? "" : name, i % 10 ? 0 : strlen(name));
	}
	end_archive();
	assert_int_equal(initramfs_init(archive, archive_len), 0);

	check_file("/bin/init", "second one", 10);
	check_file("bin/init", "second one", 10);
	check_file("./bin/init", "second one", 10);
	check_file("//bin/init", "second one", 10);
	check_file("/bin/page", text, sizeof(text));
	check_file("/bin/two", two, sizeof(two));
	check_file("/empty", "", 0);
	check_file("/hard1", "shared", 6);
	check_file("/hard2", "shared", 6);
	check_file("/hard3", "shared", 6);
	check_file("/link", "bin/init", 8);
	assert_int_equal(initramfs_lookup("/bin")->mode, CPIO_DIRECTORY | 0755);
	assert_int_equal(initramfs_lookup("/bin/init")->mode, CPIO_REGULAR | 0755);
	for (i = 0; i < 150; i++) {
		sprintf(name, "etc/file%d", i);
		check_file(name, name, i % 10 ? 0 : strlen(name));
	}
	check_order();
	assert_null(initramfs_lookup("bin/ini"));
	assert_null(initramfs_lookup("bin/initx"));
	assert_null(initramfs_lookup(""));
	assert_null(initramfs_lookup("/"));
	assert_int_equal(initramfs_count(), 159);
	assert_int_equal(initramfs_pages(), 1 + 1 + 1 + 2 + 1 + 1 + 15);
}

static void test_a_second_call_is_a_mistake(void **state)
{
	(void)state;
	expect_assert_failure(initramfs_init(archive, archive_len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_every_allocation_may_fail, begin),
		cmocka_unit_test_setup(test_a_damaged_archive, begin),
		cmocka_unit_test_setup(test_a_table_too_large, begin),
		cmocka_unit_test_setup(test_lookup, begin),
		cmocka_unit_test(test_a_second_call_is_a_mistake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
