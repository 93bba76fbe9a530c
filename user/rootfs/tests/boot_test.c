/* host-test: user/rootfs/boot.c user/rootfs/tests/client.c user/rootfs/serve.c user/rootfs/serve_file.c
 * user/rootfs/serve_path.c user/rootfs/open.c user/rootfs/names.c user/rootfs/walk.c user/rootfs/dir.c
 * user/rootfs/inode.c user/rootfs/content.c user/rootfs/pool.c user/rootfs/device.c cflags: -D_GNU_SOURCE */
/* The tree that comes of boot files: attributes, missing directories, several names, copies of what is written to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "user/rootfs/boot.h"
#include "user/rootfs/pool.h"
#include "user/rootfs/tests/client.h"

#define LARGE 40000

static int begin(void **state)
{
	(void)state;
	client_begin();
	return 0;
}

/* A memory object of `bytes`, each of them `c`. */
static int object_of(char c, size_t bytes)
{
	int fd = memfd_create("boot", 0);

	assert_true(fd >= 0);
	for (size_t i = 0; i < bytes; i++)
		assert_int_equal(write(fd, &c, 1), 1);
	assert_int_equal(ftruncate(fd, (off_t)(bytes + POOL_PAGE - 1) / POOL_PAGE * POOL_PAGE), 0);
	return fd;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static long add(const char *name, uint32_t mode, int memory, uint64_t size)
{
	const struct boot_file file = {.name = name,
				       .mode = mode,
				       .memory = memory,
				       .size = size,
				       .mtime = 1000,
				       .uid = 3,
				       .gid = 4};

	return boot_add(&file);
}

static void test_attributes(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(add("usr/bin/x", S_IFREG | 04711, object_of('x', 5), 5), 0);
	assert_int_equal(client_stat(0, "usr/bin/x", true, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 04711);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(st.st_mtime, 1000);
	assert_int_equal(st.st_uid, 3);
	assert_int_equal(st.st_gid, 4);
	/* Directories on the way, until they are told of themselves. */
	assert_int_equal(client_stat(0, "usr", true, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
	assert_int_equal(add("usr", S_IFDIR | 0700, -1, 0), 0);
	assert_int_equal(client_stat(0, "usr", true, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(st.st_nlink, 3);
	assert_int_equal(add(".", S_IFDIR | 0751, -1, 0), 0);
	assert_int_equal(client_stat(0, "", true, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0751);
}

/* What cannot be added takes its handle along. */
static void test_errors(void **state)
{
	static char name[FS_PATH_MAX + 10];
	int fd = object_of('x', 5);

	(void)state;
	assert_int_equal(add("f", S_IFREG | 0644, -1, 0), 0);
	assert_int_equal(add("f/x", S_IFREG | 0644, fd, 5), -ENOTDIR);
	assert_false(is_open(fd));
	assert_int_equal(add("f", S_IFREG | 0644, -1, 0), -EEXIST);
	assert_int_equal(add("f", S_IFDIR | 0755, -1, 0), -EEXIST);
	assert_int_equal(add("g", 0170000, -1, 0), -EINVAL);
	assert_int_equal(add("l", S_IFLNK, -1, 0), -EINVAL);
	memset(name, 'n', sizeof(name) - 1);
	assert_int_equal(add(name, S_IFREG, -1, 0), -ENAMETOOLONG);
}

static void test_several_names(void **state)
{
	struct boot_file file = {.name = "a", .mode = S_IFREG | 0755, .size = LARGE, .id = 7};
	struct stat a, b;

	(void)state;
	file.memory = object_of('x', LARGE);
	assert_int_equal(boot_add(&file), 0);
	file.name = "d/b";
	file.memory = object_of('x', 1);
	assert_int_equal(boot_add(&file), 0);
	assert_false(is_open(file.memory));
	assert_int_equal(client_stat(0, "a", true, &a), 0);
	assert_int_equal(client_stat(0, "d/b", true, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(a.st_nlink, 2);
	assert_int_equal(boot_finish(), 0);
}

/* Programs stay the kernel's pages until they are written to; a short text is copied at once. */
static void test_contents(void **state)
{
	int program = object_of('p', LARGE), text = object_of('t', 100);
	struct call map = {.op = FS_MAP, .path = "program", .arg = {FS_MAP_EXEC}};
	uint64_t used = pool_used();
	char byte[2];
	long file;

	(void)state;
	assert_int_equal(add("program", S_IFREG | 0755, program, LARGE), 0);
	assert_int_equal(add("text", S_IFREG | 0644, text, 100), 0);
	assert_true(is_open(program));
	assert_false(is_open(text));
	assert_in_range(pool_used() - used, POOL_PAGE, 2 * POOL_PAGE);
	file = client_open(0, "program", O_RDWR, 0);
	assert_int_equal(client_read((uint64_t)file, byte, 2, LARGE - 1), 1);
	assert_int_equal(byte[0], 'p');
	assert_int_equal(client_call(&map), 0);
	assert_int_equal(map.word[0], LARGE);
	assert_int_equal(client_write((uint64_t)file, "X", 1, 5), 1);
	assert_false(is_open(program));
	assert_int_equal(client_read((uint64_t)file, byte, 2, 5), 2);
	assert_memory_equal(byte, "Xp", 2);
	/* Who runs it goes on with what it was. */
	assert_int_equal(pread(map.got_handle, byte, 1, 5), 1);
	assert_int_equal(byte[0], 'p');
	close(map.got_handle);
	assert_int_equal(client_read((uint64_t)client_open(0, "text", O_RDONLY, 0), byte, 2, 99),
			 1);
	assert_int_equal(byte[0], 't');
}

static void test_what_must_be_there(void **state)
{
	const struct boot_file link = {
		.name = "etc", .mode = S_IFLNK | 0777, .target = "usr/etc", .memory = -1};
	struct stat st;

	(void)state;
	assert_int_equal(boot_add(&link), 0);
	assert_int_equal(add("tmp", S_IFDIR | 0700, -1, 0), 0);
	assert_int_equal(boot_finish(), 0);
	assert_int_equal(client_stat(0, "dev/null", true, &st), 0);
	assert_int_equal(st.st_rdev, makedev(1, 3));
	assert_int_equal(st.st_mode, S_IFCHR | 0666);
	assert_int_equal(client_stat(0, "dev/fd", false, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	/* The archive's own word counts. */
	assert_int_equal(client_stat(0, "tmp", true, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(client_stat(0, "etc", false, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_attributes, begin),
		cmocka_unit_test_setup(test_errors, begin),
		cmocka_unit_test_setup(test_several_names, begin),
		cmocka_unit_test_setup(test_contents, begin),
		cmocka_unit_test_setup(test_what_must_be_there, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
