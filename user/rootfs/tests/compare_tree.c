/* See compare.h. */
#include "user/rootfs/tests/compare.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "user/rootfs/tests/client.h"

struct compare_slot slots[COMPARE_SLOTS];
unsigned long compare_seed, compare_nr;
char compare_call[4096];
char data_a[COMPARE_DATA], data_b[COMPARE_DATA];
bool any_mapped;

/* --- judging --- */

void differ(const char *how)
{
	fprintf(stderr, "compare: seed %lu, step %lu: %s\n  %s\n", compare_seed, compare_nr,
		compare_call, how);
	_exit(1);
}

void expect(long linux_says, long we_say)
{
	char text[200];

	if (linux_says == we_say)
		return;
	/* Of two things that are wrong Linux may see the other one first. */
	if (linux_says < 0 && we_say == -ENAMETOOLONG)
		return;
	snprintf(text, sizeof(text), "Linux: %ld (%s), rootfs: %ld (%s)", linux_says,
		 linux_says < 0 ? strerror((int)-linux_says) : "", we_say,
		 we_say < 0 ? strerror((int)-we_say) : "");
	differ(text);
}

/* --- what is there --- */

/* Numbers of inodes belong together in pairs. */
static struct {
	uint64_t host, ours;
} pairs[1 << 16];

static void expect_pair(uint64_t host_ino, uint64_t our_ino)
{
	unsigned int i = (unsigned int)((host_ino * 0x9e3779b97f4a7c15ull) >> 48);

	if (pairs[i].host == host_ino && pairs[i].ours != our_ino)
		differ("another inode");
	pairs[i].host = host_ino;
	pairs[i].ours = our_ino;
}

/* A long symbolic link has a page there. */
static bool same_blocks(const struct stat *a, const struct stat *b)
{
	if (!S_ISREG(a->st_mode))
		return true;
	return any_mapped ? a->st_blocks <= b->st_blocks : a->st_blocks == b->st_blocks;
}

void expect_stat(const struct stat *a, const struct stat *b)
{
	char text[300];

	expect_pair(a->st_ino, b->st_ino);
	if (a->st_mode == b->st_mode && a->st_nlink == b->st_nlink && a->st_uid == b->st_uid &&
	    a->st_gid == b->st_gid && a->st_size == b->st_size && same_blocks(a, b) &&
	    a->st_rdev == b->st_rdev)
		return;
	snprintf(text, sizeof(text),
		 "Linux: mode %o nlink %lu size %ld blocks %ld; rootfs: mode %o nlink %lu size %ld "
		 "blocks %ld",
		 a->st_mode, (unsigned long)a->st_nlink, (long)a->st_size, (long)a->st_blocks,
		 b->st_mode, (unsigned long)b->st_nlink, (long)b->st_size, (long)b->st_blocks);
	differ(text);
}

/* --- all that is there --- */

struct list {
	unsigned int n;
	char names[64][300];
};

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void list_host(int fd, struct list *l)
{
	DIR *d = fdopendir(dup(fd));
	struct dirent *e;

	l->n = 0;
	rewinddir(d);
	while ((e = readdir(d)))
		snprintf(l->names[l->n++], sizeof(l->names[0]), "%u %.260s", e->d_type, e->d_name);
	closedir(d);
	qsort(l->names, l->n, sizeof(l->names[0]), by_name);
}

static void list_ours(uint64_t cookie, struct list *l)
{
	char buffer[400] __attribute__((aligned(8)));
	struct call seek = {.cookie = cookie, .op = FS_SEEK};
	long n;

	l->n = 0;
	expect(0, client_call(&seek));
	for (;;) {
		struct call c = {.cookie = cookie,
				 .op = FS_READDIR,
				 .arg = {sizeof(buffer)},
				 .room = buffer,
				 .room_bytes = sizeof(buffer)};

		n = client_call(&c);
		if (n <= 0)
			break;
		for (long i = 0; i < n;) {
			struct dirent *e = (struct dirent *)(buffer + i);

			if (l->n == COUNT(l->names))
				differ("names without end");
			snprintf(l->names[l->n++], sizeof(l->names[0]), "%u %.260s", e->d_type,
				 e->d_name);
			i += e->d_reclen;
		}
	}
	expect(0, n);
	qsort(l->names, l->n, sizeof(l->names[0]), by_name);
}

static void compare_file(int fd, uint64_t cookie)
{
	long n, at = 0;

	do {
		n = host(pread(fd, data_a, COMPARE_DATA, at));
		expect(n, client_read(cookie, data_b, COMPARE_DATA, (uint64_t)at));
		if (n > 0 && memcmp(data_a, data_b, (size_t)n) != 0)
			differ("other contents");
		at += n;
	} while (n > 0);
}

/* Compares, or removes, what is in a directory. */
static void each_in(int fd, uint64_t cookie, bool removes)
{
	struct list a, b;

	list_host(fd, &a);
	list_ours(cookie, &b);
	expect(a.n, b.n);
	for (unsigned int i = 0; i < a.n; i++) {
		const char *name = strchr(a.names[i], ' ') + 1;
		struct stat st, other;
		int below;
		long ours_below;

		if (strcmp(a.names[i], b.names[i]) != 0)
			differ("other names");
		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		expect(host(fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW)),
		       client_stat(cookie, name, false, &other));
		expect_stat(&st, &other);
		if (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)) {
			below = openat(fd, name, O_RDONLY);
			ours_below = client_open(cookie, name, O_RDONLY, 0);
			if (below < 0 || ours_below < 0)
				differ("cannot be opened");
			if (S_ISDIR(st.st_mode))
				each_in(below, (uint64_t)ours_below, removes);
			else
				compare_file(below, (uint64_t)ours_below);
			close(below);
			client_close((uint64_t)ours_below);
		}
		if (removes)
			expect(host(unlinkat(fd, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0)),
			       client_path(FS_UNLINK, cookie, name,
					   S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0, 0));
	}
}

void compare_trees(void)
{
	NOTE("looking at everything");
	each_in(slots[0].fd, 0, false);
}

void compare_wipe(void)
{
	NOTE("removing everything");
	for (unsigned int s = 1; s < COMPARE_SLOTS; s++) {
		if (!slots[s].used)
			continue;
		close(slots[s].fd);
		client_close(slots[s].cookie);
		slots[s].used = false;
	}
	each_in(slots[0].fd, 0, true);
	any_mapped = false;
	client_end();
}

/* --- the run --- */

void compare_begin(unsigned long seed)
{
	compare_seed = seed;
	umask(0);
	client_begin();
	slots[0].fd = open("/", O_RDONLY | O_DIRECTORY);
	slots[0].used = true;
	if (slots[0].fd < 0)
		differ("no root");
	NOTE("modes of the roots");
	expect(host(fchmod(slots[0].fd, 0755)), 0);
}

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/* Root of a user name space, for who is not root. */
static bool become_root(void)
{
	char map[64];
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (uid == 0)
		return unshare(CLONE_NEWNS) == 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return false;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (!write_text("/proc/self/uid_map", map) || !write_text("/proc/self/setgroups", "deny"))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return write_text("/proc/self/gid_map", map);
}

bool compare_enter(void)
{
	return become_root() && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("compare", "/tmp", "tmpfs", 0, "huge=never") == 0 && chroot("/tmp") == 0 &&
	       chdir("/") == 0;
}
