/* host-test: user/rootfs/tests/client.c user/rootfs/serve.c user/rootfs/serve_file.c
 * user/rootfs/serve_path.c user/rootfs/open.c user/rootfs/names.c user/rootfs/walk.c user/rootfs/dir.c
 * user/rootfs/inode.c user/rootfs/content.c user/rootfs/pool.c user/rootfs/device.c cflags: -D_GNU_SOURCE */
/*
 * What compare_test.c cannot ask of a Linux: mount points, devices, FIFOs, mapped files, the limit, callers that leave,
 * cookies that are wrong, large directories; and messages without any sense.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "user/rootfs/content.h"
#include "user/rootfs/open.h"
#include "user/rootfs/pool.h"
#include "user/rootfs/tests/client.h"

#define FUZZ_ROUNDS 300000
#define MANY        20000

static int begin(void **state)
{
	(void)state;
	client_begin();
	return 0;
}

static long make(const char *path, mode_t mode)
{
	return client_path(FS_MAKE, 0, path, mode, 0);
}

static long remove_name(const char *path, bool directory)
{
	return client_path(FS_UNLINK, 0, path, directory ? AT_REMOVEDIR : 0, 0);
}

static uint64_t open_file(const char *path, int flags)
{
	long cookie = client_open(0, path, flags, 0644);

	assert_true(cookie > 0);
	return (uint64_t)cookie;
}

/* --- mount points --- */

static long mount(const char *path, int handle)
{
	struct call c = {.op = FS_MOUNT, .path = path, .handle = handle};

	return client_call(&c);
}

/* Where a path leads; what is left of it is compared. */
static void expect_away(unsigned int op, const char *path, const char *rest)
{
	struct call c = {.op = op, .path = path};

	assert_int_equal(client_call(&c), FS_REDIRECT);
	assert_string_equal(c.rest, rest);
	assert_true(c.got_handle >= 0);
	close(c.got_handle);
}

static void test_mount(void **state)
{
	int null = open("/dev/null", O_RDONLY);

	(void)state;
	assert_int_equal(make("proc", S_IFDIR | 0555), 0);
	assert_int_equal(make("tmp", S_IFDIR | 0777), 0);
	assert_int_equal(mount("nothing", null), -ENOENT);
	assert_int_equal(mount("proc", 0), -EINVAL);
	assert_int_equal(mount("", null), -EBUSY);
	assert_int_equal(mount("proc", null), 0);
	expect_away(FS_OPEN, "proc/1/maps", "1/maps");
	expect_away(FS_STAT, "proc", "");
	expect_away(FS_OPEN, "proc/", "");
	expect_away(FS_OPEN, "tmp/../proc/.//self/../x/", ".//self/../x/");
	assert_int_equal(client_symlink(0, "tmp/link", "../proc/1"), 0);
	assert_int_equal(client_symlink(0, "tmp/far", "/tmp/link/fd"), 0);
	expect_away(FS_OPEN, "tmp/link/maps", "1/maps");
	expect_away(FS_OPEN, "tmp/far//0", "1/fd/0");
	expect_away(FS_READLINK, "tmp/far/exe", "1/fd/exe");
	assert_int_equal(remove_name("proc", true), -EBUSY);
	assert_int_equal(client_two(FS_RENAME, 0, 0, "proc", 0, "p", 0), -EBUSY);
	assert_int_equal(client_two(FS_RENAME, 0, 0, "tmp", 0, "proc", 0), -EBUSY);
	assert_int_equal(client_two(FS_RENAME, 0, 0, "proc/a", 0, "tmp/a", 0), -EXDEV);
	assert_int_equal(client_two(FS_LINK, 0, 0, "tmp/link", 0, "proc/a", 0), -EXDEV);
	assert_int_equal(make("proc", S_IFDIR), -EEXIST);
	/* Again: in its place. */
	assert_int_equal(mount("proc", null), 0);
	assert_int_equal(client_path(FS_UNMOUNT, 0, "proc", 0, 0), 0);
	assert_int_equal(client_path(FS_UNMOUNT, 0, "proc", 0, 0), -EINVAL);
	assert_int_equal(client_path(FS_ACCESS, 0, "proc", 0, 0), 0);
	assert_int_equal(remove_name("tmp/link", false), 0);
	assert_int_equal(remove_name("tmp/far", false), 0);
	assert_int_equal(remove_name("tmp", true), 0);
	assert_int_equal(remove_name("proc", true), 0);
	close(null);
	client_end();
}

/* A link with more behind it than a path has room for. */
static void test_rest_too_long(void **state)
{
	char target[FS_PATH_MAX], path[FS_PATH_MAX];
	struct call c = {.op = FS_STAT, .path = path};
	int null = open("/dev/null", O_RDONLY);

	(void)state;
	assert_int_equal(make("m", S_IFDIR), 0);
	assert_int_equal(mount("m", null), 0);
	memset(target, 'x', sizeof(target));
	memcpy(target, "m/", 2);
	for (unsigned int i = 200; i < 3000; i += 200)
		target[i] = '/';
	target[3000] = 0;
	assert_int_equal(client_symlink(0, "l", target), 0);
	snprintf(path, sizeof(path), "l/%.1000s", target);
	expect_away(FS_STAT, "l/y", strcat(target, "/y") + 2);
	strcat(path, "/z");
	c.path = path;
	assert_int_equal(client_call(&c), FS_REDIRECT);
	close(c.got_handle);
	snprintf(path, sizeof(path), "l/%.2000s", target);
	assert_int_equal(client_call(&c), -ENAMETOOLONG);
	close(null);
}

/* --- what is no regular file --- */

static uint64_t device(const char *name, unsigned int number)
{
	assert_int_equal(client_path(FS_MAKE, 0, name, S_IFCHR | 0666, makedev(1, number)), 0);
	return open_file(name, O_RDWR);
}

static void test_devices(void **state)
{
	static const char zeroes[100000];
	static char a[100000], b[100000];
	uint64_t null = device("null", 3), zero = device("zero", 5), full = device("full", 7),
		 random = device("urandom", 9);
	struct call map = {.cookie = zero, .op = FS_MAP, .arg = {PROT_READ}};

	(void)state;
	assert_int_equal(client_read(null, a, 10, FS_CURRENT), 0);
	assert_int_equal(client_write(null, a, 10, FS_CURRENT), 10);
	memset(a, 1, sizeof(a));
	assert_int_equal(client_read(zero, a, sizeof(a), FS_CURRENT), sizeof(a));
	assert_memory_equal(a, zeroes, sizeof(a));
	assert_int_equal(client_write(full, a, 1, FS_CURRENT), -ENOSPC);
	assert_int_equal(client_write(full, a, 0, FS_CURRENT), 0);
	assert_int_equal(client_read(full, a, 5, FS_CURRENT), 5);
	assert_int_equal(client_read(random, a, sizeof(a), FS_CURRENT), sizeof(a));
	assert_int_equal(client_read(random, b, sizeof(b), FS_CURRENT), sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a, a + 50000, 50000);
	assert_int_equal(client_call(&map), 0);
	close(map.got_handle);
	map.cookie = null;
	assert_int_equal(client_call(&map), -ENODEV);
	assert_int_equal(client_path(FS_MAKE, 0, "tty", S_IFCHR | 0666, makedev(5, 0)), 0);
	assert_int_equal(client_open(0, "tty", O_RDWR, 0), -ENXIO);
	assert_true(client_open(0, "tty", O_PATH, 0) > 0);
}

static void test_fifo(void **state)
{
	struct call c = {.op = FS_OPEN, .path = "fifo", .arg = {O_RDONLY}};
	int null = open("/dev/null", O_RDONLY);
	char rest[40];
	struct stat st;

	(void)state;
	assert_int_equal(make("fifo", S_IFIFO | 0600), 0);
	assert_int_equal(client_stat(0, "fifo", true, &st), 0);
	assert_int_equal(client_call(&c), -ENXIO);
	assert_int_equal(make("dev", S_IFDIR), 0);
	assert_int_equal(make("dev/pipe", S_IFDIR), 0);
	assert_int_equal(client_call(&c), -ENXIO);
	assert_int_equal(mount("dev/pipe", null), 0);
	snprintf(rest, sizeof(rest), "fifo/%lu", (unsigned long)st.st_ino);
	expect_away(FS_OPEN, "fifo", rest);
	expect_away(FS_PIPE, "dev/pipe", "");
	assert_int_equal(client_path(FS_PIPE, 0, "dev", 0, 0), -ENXIO);
	assert_int_equal(client_open(0, "fifo", O_CREAT | O_EXCL, 0), -EEXIST);
	assert_int_equal(client_open(0, "fifo/", O_RDONLY, 0), -ENOTDIR);
	assert_int_equal(client_open(0, "fifo", O_DIRECTORY, 0), -ENOTDIR);
	close(null);
}

/* --- contents --- */

static void test_mapped(void **state)
{
	uint64_t file = open_file("f", O_CREAT | O_RDWR), reader = open_file("f", O_RDONLY);
	struct call map = {
		.cookie = file, .op = FS_MAP, .arg = {PROT_READ | PROT_WRITE | FS_MAP_SHARED}};
	struct call empty = map, exec = {.op = FS_MAP, .path = "f", .arg = {FS_MAP_EXEC}};
	struct call bad = {
		.op = FS_WRITE, .arg = {3, 5000}, .data = "xyz", .data_bytes = 3, .refused = 1};
	char text[8] = "", *at;
	struct stat st;

	(void)state;
	assert_int_equal(client_write(file, "before", 6, FS_CURRENT), 6);
	assert_int_equal(client_call(&map), 0);
	assert_int_equal(map.word[0], 6);
	at = mmap(NULL, CONTENT_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, map.got_handle, 0);
	assert_true(at != MAP_FAILED);
	assert_string_equal(at, "before");
	assert_int_equal(client_write(file, "after", 5, 3), 5);
	assert_string_equal(at, "befafter");
	memcpy(at, "xyz", 3);
	assert_int_equal(client_read(file, text, 8, 0), 8);
	assert_memory_equal(text, "xyzafter", 8);
	/* What is cut off is gone, and stays so when the file grows again. */
	assert_int_equal(client_path(FS_TRUNCATE, 0, "f", 4, 0), 0);
	assert_int_equal(client_path(FS_TRUNCATE, 0, "f", 8, 0), 0);
	assert_memory_equal(at, "xyza\0\0\0\0", 8);
	/* What cannot be read is not written, and the file no longer; nor for who leaves. */
	bad.cookie = file;
	assert_int_equal(client_call(&bad), -EFAULT);
	bad.refused = 0;
	bad.leaves = true;
	assert_int_equal(client_call(&bad), 3);
	assert_int_equal(client_stat(0, "f", true, &st), 0);
	assert_int_equal(st.st_size, 8);
	/* An empty file is another one's pages. */
	assert_int_equal(client_path(FS_TRUNCATE, 0, "f", 0, 0), 0);
	assert_int_equal(client_write(file, "new", 3, 0), 3);
	assert_memory_equal(at, "xyza", 4);
	assert_int_equal(client_path(FS_TRUNCATE, 0, "f", 0, 0), 0);
	assert_int_equal(client_call(&empty), 0);
	assert_int_equal(empty.word[0], 0);
	close(map.got_handle);
	close(empty.got_handle);
	munmap(at, CONTENT_MAX);
	map.cookie = reader;
	assert_int_equal(client_call(&map), -EACCES);
	assert_int_equal(client_call(&exec), -EACCES);
	assert_int_equal(client_path(FS_CHMOD, 0, "f", 0100, 0), 0);
	assert_int_equal(client_call(&exec), 0);
	close(exec.got_handle);
	client_close(file);
	client_close(reader);
	assert_int_equal(remove_name("f", false), 0);
	client_end();
}

static void test_limit(void **state)
{
	static char data[1 << 20];
	uint64_t file = open_file("f", O_CREAT | O_RDWR), other = open_file("g", O_CREAT | O_RDWR),
		 total = 0, used;
	struct call map = {
		.cookie = other, .op = FS_MAP, .arg = {PROT_READ | PROT_WRITE | FS_MAP_SHARED}};
	unsigned int n = 0;
	char name[40];
	long ret;

	(void)state;
	assert_int_equal(client_write(file, data, 1, CONTENT_MAX), -EFBIG);
	assert_int_equal(client_write(file, data, 9, CONTENT_MAX - 1), 1);
	assert_int_equal(client_path(FS_TRUNCATE, 0, "f", CONTENT_MAX + 1, 0), -EFBIG);
	assert_int_equal(client_path(FS_TRUNCATE, 0, "f", 0, 0), 0);
	used = pool_used();
	while ((ret = client_write(file, data, sizeof(data), FS_CURRENT)) > 0)
		total += (uint64_t)ret;
	assert_int_equal(ret, -ENOSPC);
	assert_in_range(total, CLIENT_LIMIT - (2 << 20), CLIENT_LIMIT);
	/* It can still be looked at, made shorter and removed. */
	assert_int_equal(client_read(file, data, 10, total - 10), 10);
	assert_int_equal(client_path(FS_TRUNCATE, 0, "f", total / 2, 0), 0);
	assert_int_equal(client_path(FS_TRUNCATE, 0, "g", CLIENT_LIMIT, 0), 0);
	assert_int_equal(client_call(&map), -ENOSPC);
	assert_int_equal(client_path(FS_TRUNCATE, 0, "f", 0, 0), 0);
	assert_int_equal(client_path(FS_TRUNCATE, 0, "g", 0, 0), 0);
	assert_int_equal(pool_used(), used);
	/* Names are counted too. */
	do
		snprintf(name, sizeof(name), "d%u", n++);
	while (!(ret = make(name, S_IFDIR)));
	assert_int_equal(ret, -ENOSPC);
	assert_int_equal(client_symlink(0, "l", "x"), -ENOSPC);
	for (n--; n > 0; n--) {
		snprintf(name, sizeof(name), "d%u", n - 1);
		assert_int_equal(remove_name(name, true), 0);
	}
	client_close(file);
	client_close(other);
	assert_int_equal(remove_name("f", false), 0);
	assert_int_equal(remove_name("g", false), 0);
	client_end();
}

/* --- callers that leave, and descriptions --- */

static void test_nobody_listens(void **state)
{
	uint64_t file = open_file("f", O_CREAT | O_RDWR);
	char text[4] = "";
	struct call read = {.cookie = file,
			    .op = FS_READ,
			    .arg = {3, FS_CURRENT},
			    .room = text,
			    .room_bytes = 3};
	struct call write = {.cookie = file,
			     .op = FS_WRITE,
			     .arg = {3, FS_CURRENT},
			     .data = "xxx",
			     .data_bytes = 3};
	struct call list = {.op = FS_READDIR, .arg = {100}, .room_bytes = 100};
	char names[100] __attribute__((aligned(8)));
	struct call twin = {.op = FS_OPEN, .path = "f", .leaves = true};
	uint32_t open = open_count();
	struct stat st;

	(void)state;
	write.leaves = true;
	assert_int_equal(client_call(&write), 3);
	assert_int_equal(client_stat(0, "f", true, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(st.st_blocks, 0);
	write.leaves = false;
	assert_int_equal(client_write(file, "abcdef", 6, 0), 6);
	read.leaves = true;
	assert_int_equal(client_call(&read), 3);
	read.leaves = false;
	assert_int_equal(client_call(&read), 3);
	assert_memory_equal(text, "abc", 3);
	read.refused = 1;
	assert_int_equal(client_call(&read), -EFAULT);
	read.refused = 0;
	assert_int_equal(client_call(&read), 3);
	assert_memory_equal(text, "def", 3);
	list.room = names;
	list.leaves = true;
	assert_true(client_call(&list) > 0);
	list.leaves = false;
	assert_true(client_call(&list) > 0);
	assert_string_equal(((struct dirent *)names)->d_name, ".");
	/* Nobody has the new connection. */
	assert_int_equal(client_call(&twin), 0);
	assert_int_equal(open_count(), open);
}

static long flags_of(uint64_t file)
{
	struct call c = {.cookie = file, .op = FS_GETFL};

	return client_call(&c);
}

static void test_descriptions(void **state)
{
	uint64_t file = open_file("f", O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC),
		 path = open_file("f", O_PATH);
	struct call set = {.cookie = file, .op = FS_SETFL, .arg = {O_NONBLOCK | O_RDWR | O_CREAT}};
	struct call poll = {.cookie = file, .op = FS_POLL, .arg = {POLLIN | POLLOUT | POLLPRI, 77}};
	struct call seek = {.cookie = path, .op = FS_SEEK};
	char c;

	(void)state;
	assert_int_equal(flags_of(file), O_WRONLY | O_APPEND | 0100000);
	assert_int_equal(client_call(&set), 0);
	assert_int_equal(flags_of(file), O_WRONLY | O_NONBLOCK | 0100000);
	assert_int_equal(flags_of(path), O_PATH);
	assert_int_equal(client_call(&poll), POLLIN | POLLOUT);
	assert_int_equal(client_read(file, &c, 1, 0), -EBADF);
	assert_int_equal(client_read(path, &c, 1, 0), -EBADF);
	assert_int_equal(client_write(path, &c, 1, 0), -EBADF);
	assert_int_equal(client_call(&seek), -EBADF);
	assert_int_equal(client_read(0, &c, 1, 0), -EISDIR);
	assert_int_equal(client_read(file + 1, &c, 1, 0), -EBADF);
	client_close(file);
	assert_int_equal(client_read(file, &c, 1, 0), -EBADF);
	/* The index is used again, the cookie is not. */
	assert_true(open_file("f", O_RDWR) != file);
	assert_int_equal(client_write(file, &c, 1, 0), -EBADF);
	assert_int_equal(client_two(FS_RENAME, 0, 0, "f", file, "g", 0), -EBADF);
	assert_int_equal(client_two(FS_RENAME, 0, 0, "f", path, "g", 0), -ENOTDIR);
	client_close(0);
	assert_int_equal(client_path(FS_ACCESS, 0, "f", 0, 0), 0);
}

/* --- directories --- */

static unsigned int count_names(uint64_t dir, char *seen, unsigned int step)
{
	static char buffer[4096] __attribute__((aligned(8)));
	struct call c = {.cookie = dir,
			 .op = FS_READDIR,
			 .arg = {sizeof(buffer)},
			 .room = buffer,
			 .room_bytes = sizeof(buffer)};
	unsigned int n = 0, number;
	long bytes;

	while ((bytes = client_call(&c)) > 0) {
		for (long i = 0; i < bytes;) {
			struct dirent *d = (struct dirent *)(buffer + i);

			if (sscanf(d->d_name, "file%u", &number) == 1)
				assert_int_equal(seen[number]++, 0);
			i += d->d_reclen;
			n++;
		}
		/* Meanwhile: every third of those that are still to come goes, and others come. */
		for (unsigned int i = 0; step && i < 10; i++, step += 3) {
			char name[32];

			snprintf(name, sizeof(name), "file%u", step);
			if (step < MANY && !seen[step] && !remove_name(name, false))
				seen[step] = 1;
			snprintf(name, sizeof(name), "new%u", step);
			assert_int_equal(make(name, S_IFREG), 0);
		}
	}
	assert_int_equal(bytes, 0);
	return n;
}

static void test_many_names(void **state)
{
	static char seen[MANY];
	uint64_t dir = open_file(".", O_RDONLY);
	struct call rewind = {.cookie = dir, .op = FS_SEEK},
		    small = {.cookie = dir, .op = FS_READDIR, .arg = {23}};
	char name[32];

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "file%u", i);
		assert_int_equal(make(name, S_IFREG), 0);
	}
	assert_int_equal(client_call(&small), -EINVAL);
	assert_int_equal(count_names(dir, seen, 0), MANY + 2);
	assert_int_equal(client_call(&rewind), 0);
	memset(seen, 0, sizeof(seen));
	/* Each that was there all the time is seen once; those that come are not. */
	(void)count_names(dir, seen, 2);
	for (unsigned int i = 0; i < MANY; i++)
		assert_int_equal(seen[i], 1);
}

/* As deep as there is room: nothing recurses. */
static void test_deep(void **state)
{
	uint64_t at = 0, next;
	unsigned int depth = 0;
	struct call path = {.op = FS_GETPATH, .arg = {FS_PATH_MAX}};

	(void)state;
	while (client_path(FS_MAKE, at, "d", S_IFDIR, 0) == 0) {
		next = (uint64_t)client_open(at, "d", O_RDONLY, 0);
		client_close(at);
		at = next;
		depth++;
	}
	assert_in_range(depth, 20000, 200000);
	path.cookie = at;
	assert_int_equal(client_call(&path), -ERANGE);
	/* From below: each is removed while the one in it, which is gone already, still knows it. */
	next = (uint64_t)client_open(at, "..", O_RDONLY, 0);
	for (unsigned int i = 0; i < depth; i++) {
		uint64_t up = (uint64_t)client_open(next, "..", O_RDONLY, 0);

		assert_int_equal(client_path(FS_UNLINK, next, "d", AT_REMOVEDIR, 0), 0);
		client_close(next);
		next = up;
	}
	path.room_bytes = 0;
	assert_int_equal(client_call(&path), -ENOENT);
	client_close(at);
	client_close(next);
	client_end();
}

/* --- anything at all --- */

static uint32_t rnd(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*state >> 33) % below;
}

static uint64_t odd_number(uint64_t *state)
{
	static const uint64_t odd[] = {0,           1,         2,          3,
				       4096,        INT64_MAX, UINT64_MAX, 1ull << 32,
				       CONTENT_MAX, 0x100,     0xffffffff};

	return rnd(state, 3) ? odd[rnd(state, 11)] : rnd(state, 100);
}

static const char *odd_path(uint64_t *state)
{
	static const char *const odd[] = {"",  "a",   "b",   "a/b",      "..",  "/",     "a/../b/",
					  "l", "l/l", "a//", "dev/pipe", "dev", "\xff\n"};

	return rnd(state, 4) ? odd[rnd(state, 13)] : NULL;
}

/* Every operation with arguments, paths, data and cookies that mean nothing. */
static void test_nonsense(void **state)
{
	static char room[70000];
	uint64_t chance = 1, cookies[16] = {0};
	int null = open("/dev/null", O_RDONLY);

	(void)state;
	for (unsigned int i = 0; i < FUZZ_ROUNDS; i++) {
		char data[64];
		unsigned int slot = rnd(&chance, 16);
		struct call c = {
			.cookie = rnd(&chance, 8) ? cookies[slot] : odd_number(&chance),
			.op = 1 + rnd(&chance, FS_OPS - 1),
			.flags = rnd(&chance, 4) & FS_NOFOLLOW,
			.arg = {odd_number(&chance), odd_number(&chance), odd_number(&chance)},
			.path = odd_path(&chance),
			.data = data,
			.data_bytes = rnd(&chance, sizeof(data)),
			.room = room,
			.room_bytes = rnd(&chance, 2) ? sizeof(room) : rnd(&chance, 200),
			.handle = rnd(&chance, 20) ? 0 : null,
			.leaves = rnd(&chance, 10) == 0,
			.refused = rnd(&chance, 10) ? 0 : 1 + rnd(&chance, 64),
		};

		if (c.op == FS_RENAME || c.op == FS_LINK || c.op == FS_SYMLINK)
			c.arg[c.op != FS_SYMLINK] = c.data_bytes;
		for (size_t k = 0; k < c.data_bytes; k++)
			data[k] = "ab/.l\0x"[rnd(&chance, 7)];
		/* The longest read takes long. */
		if (c.op == FS_READ && c.arg[0] > sizeof(room))
			c.arg[0] = sizeof(room);
		(void)client_call(&c);
		if (c.got_handle >= 0)
			close(c.got_handle);
		if (c.connection && !c.leaves) {
			client_close(cookies[slot]);
			cookies[slot] = c.connection;
		}
	}
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_mount, begin),
		cmocka_unit_test_setup(test_rest_too_long, begin),
		cmocka_unit_test_setup(test_devices, begin),
		cmocka_unit_test_setup(test_fifo, begin),
		cmocka_unit_test_setup(test_mapped, begin),
		cmocka_unit_test_setup(test_limit, begin),
		cmocka_unit_test_setup(test_nobody_listens, begin),
		cmocka_unit_test_setup(test_descriptions, begin),
		cmocka_unit_test_setup(test_many_names, begin),
		cmocka_unit_test_setup(test_deep, begin),
		cmocka_unit_test_setup(test_nonsense, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
