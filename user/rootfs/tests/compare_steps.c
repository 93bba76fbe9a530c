/*
 * See compare.h. Each step_*() makes one call on the host and the same one here. A call by path begins at one of the
 * slots.
 */
#include "user/rootfs/tests/compare.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "user/rootfs/tests/client.h"

#define PATH_ROOM 1200
#define FAR       (3u << 20)

static uint64_t state;

/* --- chance --- */

static uint32_t rnd(uint32_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 0x2545f4914f6cdd1dull) >> 33) % below;
}

/* Few names, so that they meet. */
static void random_name(char *to)
{
	static const char *const names[] = {"a", "b",  "c", "d",   "a",  "b",
					    ".", "..", "",  "a.b", "..."};

	if (rnd(200) == 0) {
		unsigned int n = 254 + rnd(3);

		memset(to, 'x', n);
		to[n] = 0;
		return;
	}
	strcpy(to, names[rnd(COUNT(names))]);
}

static const char *random_path(char path[PATH_ROOM])
{
	unsigned int n = 1 + rnd(3);
	char name[300];

	strcpy(path, rnd(16) ? "" : "/");
	for (unsigned int i = 0; i < n; i++) {
		random_name(name);
		strcat(path, name);
		if (i + 1 < n || rnd(8) == 0)
			strcat(path, rnd(10) ? "/" : "//");
	}
	return path;
}

static unsigned int random_slot(void)
{
	unsigned int s = rnd(2) ? 0 : rnd(COMPARE_SLOTS);

	return slots[s].used ? s : 0;
}

/* What the file layer does with a path before rootfs sees it. */
static const char *ours(const char *path, uint64_t *at)
{
	if (*path == '/')
		*at = 0;
	while (*path == '/')
		path++;
	return path;
}

/* An empty path is the file layer's to refuse; what is none here may be "/" there. */
static bool is_refused(const char *path)
{
	return !*path;
}

static long our_stat(uint64_t at, const char *path, bool follow, struct stat *st)
{
	const char *rest = path ? ours(path, &at) : NULL;

	return client_stat(at, rest, follow, st);
}

/* --- calls by path --- */

static void step_open(void)
{
	static const int modes[] = {O_RDONLY, O_RDONLY, O_RDWR, O_WRONLY, O_RDWR};
	static const int bits[] = {O_CREAT,     O_EXCL,     O_TRUNC, O_APPEND,
				   O_DIRECTORY, O_NOFOLLOW, O_PATH};
	unsigned int at = random_slot(), to = 1 + rnd(COMPARE_SLOTS - 1);
	uint64_t cookie = slots[at].cookie;
	int flags = modes[rnd(COUNT(modes))] | O_NONBLOCK, fd;
	char path[PATH_ROOM];
	long got;

	for (unsigned int i = 0; i < COUNT(bits); i++)
		if (rnd(i ? 6 : 2) == 0)
			flags |= bits[i];
	/* From Linux 6.4 on refused, before that made and then refused. */
	if (flags & O_CREAT)
		flags &= ~O_DIRECTORY;
	random_path(path);
	NOTE("openat(%u, \"%s\", %#x)", at, path, flags);
	fd = openat(slots[at].fd, path, flags, 0640);
	if (is_refused(path))
		return;
	got = client_open(cookie, ours(path, &cookie), flags, 0640);
	if (fd < 0 && errno == ENXIO)
		got = got == FS_REDIRECT ? -ENXIO : got;
	if (fd >= 0 && got == -ENXIO) {
		/* A FIFO, whose server is not there. */
		close(fd);
		return;
	}
	expect(fd < 0 ? -errno : 0, got < 0 ? got : 0);
	if (fd < 0)
		return;
	if (slots[to].used) {
		close(slots[to].fd);
		client_close(slots[to].cookie);
	}
	slots[to].used = true;
	slots[to].fd = fd;
	slots[to].cookie = (uint64_t)got;
}

static void step_nameless(void)
{
	unsigned int at = random_slot(), to = 1 + rnd(COMPARE_SLOTS - 1);
	char path[PATH_ROOM];
	uint64_t cookie = slots[at].cookie;
	int flags = O_TMPFILE | (rnd(4) ? O_RDWR : O_RDONLY), fd;
	long got;

	random_path(path);
	if (is_refused(path))
		return;
	NOTE("openat(%u, \"%s\", O_TMPFILE)", at, path);
	fd = openat(slots[at].fd, path, flags, 0600);
	got = client_open(cookie, ours(path, &cookie), flags, 0600);
	expect(fd < 0 ? -errno : 0, got < 0 ? got : 0);
	if (fd < 0)
		return;
	if (slots[to].used) {
		close(slots[to].fd);
		client_close(slots[to].cookie);
	}
	slots[to].used = true;
	slots[to].fd = fd;
	slots[to].cookie = (uint64_t)got;
}

static void step_make(void)
{
	static const mode_t types[] = {S_IFREG, S_IFIFO, S_IFSOCK, 0,      S_IFLNK,
				       S_IFDIR, S_IFDIR, S_IFDIR,  S_IFDIR};
	unsigned int at = random_slot();
	mode_t mode = types[rnd(COUNT(types))] | (mode_t)rnd(01000);
	uint64_t cookie = slots[at].cookie;
	char path[PATH_ROOM];
	long ret;

	random_path(path);
	if (is_refused(path))
		return;
	NOTE("make(%u, \"%s\", %o)", at, path, mode);
	ret = host(S_ISDIR(mode) ? mkdirat(slots[at].fd, path, mode & 0777)
				 : mknodat(slots[at].fd, path, mode, 0));
	expect(ret, client_path(FS_MAKE, cookie, ours(path, &cookie), mode, 0));
}

static void step_symlink(void)
{
	char path[PATH_ROOM], target[PATH_ROOM];
	unsigned int at = random_slot();
	uint64_t cookie = slots[at].cookie;

	random_path(path);
	random_path(target);
	if (is_refused(path))
		return;
	NOTE("symlinkat(\"%s\", %u, \"%s\")", target, at, path);
	expect(host(symlinkat(target, slots[at].fd, path)),
	       client_symlink(cookie, ours(path, &cookie), target));
}

static void step_link(void)
{
	char path[PATH_ROOM], second[PATH_ROOM];
	unsigned int at = random_slot(), to = random_slot();
	uint64_t cookie = slots[at].cookie, other = slots[to].cookie;
	bool follow = rnd(2);
	long ret;

	random_path(path);
	random_path(second);
	if (is_refused(path) || is_refused(second))
		return;
	NOTE("linkat(%u, \"%s\", %u, \"%s\", %d)", at, path, to, second, follow);
	ret = host(
		linkat(slots[at].fd, path, slots[to].fd, second, follow ? AT_SYMLINK_FOLLOW : 0));
	expect(ret, client_two(FS_LINK, follow ? 0 : FS_NOFOLLOW, cookie, ours(path, &cookie),
			       other, ours(second, &other), 0));
}

static void step_rename(void)
{
	char path[PATH_ROOM], second[PATH_ROOM];
	unsigned int at = random_slot(), to = random_slot(), flags = rnd(3) ? 0 : rnd(4);
	uint64_t cookie = slots[at].cookie, other = slots[to].cookie;
	const char *first, *last;
	long ret;

	random_path(path);
	random_path(second);
	if (is_refused(path) || is_refused(second))
		return;
	NOTE("renameat2(%u, \"%s\", %u, \"%s\", %u)", at, path, to, second, flags);
	ret = host(syscall(SYS_renameat2, slots[at].fd, path, slots[to].fd, second, flags));
	first = ours(path, &cookie);
	last = ours(second, &other);
	expect(ret, client_two(FS_RENAME, 0, cookie, first, other, last, flags));
}

static void step_unlink(void)
{
	unsigned int at = random_slot();
	int flags = rnd(2) ? AT_REMOVEDIR : 0;
	uint64_t cookie = slots[at].cookie;
	char path[PATH_ROOM];

	random_path(path);
	if (is_refused(path))
		return;
	NOTE("unlinkat(%u, \"%s\", %#x)", at, path, flags);
	expect(host(unlinkat(slots[at].fd, path, flags)),
	       client_path(FS_UNLINK, cookie, ours(path, &cookie), (uint64_t)flags, 0));
}

static void step_stat(void)
{
	unsigned int at = random_slot();
	bool follow = rnd(2);
	char path[PATH_ROOM];
	struct stat a, b;
	long ret;

	random_path(path);
	if (is_refused(path))
		return;
	NOTE("fstatat(%u, \"%s\", %d)", at, path, follow);
	ret = host(fstatat(slots[at].fd, path, &a, follow ? 0 : AT_SYMLINK_NOFOLLOW));
	expect(ret, our_stat(slots[at].cookie, path, follow, &b));
	if (!ret)
		expect_stat(&a, &b);
}

static void step_readlink(void)
{
	char path[PATH_ROOM], a[PATH_ROOM], b[PATH_ROOM];
	unsigned int at = random_slot();
	struct call c = {.cookie = slots[at].cookie, .op = FS_READLINK, .room = b};
	long ret;

	random_path(path);
	if (is_refused(path))
		return;
	c.arg[0] = c.room_bytes = 1 + rnd(6);
	c.path = ours(path, &c.cookie);
	NOTE("readlinkat(%u, \"%s\", %zu)", at, path, c.room_bytes);
	ret = host(readlinkat(slots[at].fd, path, a, c.room_bytes));
	expect(ret, client_call(&c));
	if (ret > 0 && memcmp(a, b, (size_t)ret) != 0)
		differ("another target");
}

static void step_access(void)
{
	unsigned int at = random_slot(), mode = rnd(8);
	uint64_t cookie = slots[at].cookie;
	char path[PATH_ROOM];

	random_path(path);
	if (is_refused(path))
		return;
	NOTE("faccessat(%u, \"%s\", %u)", at, path, mode);
	expect(host(faccessat(slots[at].fd, path, (int)mode, 0)),
	       client_path(FS_ACCESS, cookie, ours(path, &cookie), mode, 0));
}

static void step_mode(void)
{
	unsigned int at = random_slot();
	mode_t mode = (mode_t)rnd(010000);
	uint64_t cookie = slots[at].cookie;
	char path[PATH_ROOM];

	random_path(path);
	if (is_refused(path))
		return;
	NOTE("fchmodat(%u, \"%s\", %o)", at, path, mode);
	expect(host(fchmodat(slots[at].fd, path, mode, 0)),
	       client_path(FS_CHMOD, cookie, ours(path, &cookie), mode, 0));
	NOTE("fchownat(%u, \"%s\", 0, 0)", at, path);
	cookie = slots[at].cookie;
	expect(host(fchownat(slots[at].fd, path, 0, (gid_t)-1, 0)),
	       client_path(FS_CHOWN, cookie, ours(path, &cookie), 0, (uint32_t)-1));
}

static void step_truncate(void)
{
	char path[PATH_ROOM], full[PATH_ROOM + 1];
	long size = rnd(8) ? (long)rnd(30000) : (long)rnd(FAR);

	/* There is no truncateat(2). */
	random_path(path);
	snprintf(full, sizeof(full), "/%s", path);
	NOTE("truncate(\"%s\", %ld)", full, size);
	expect(host(truncate(full, size)),
	       client_path(FS_TRUNCATE, 0, full + strspn(full, "/"), (uint64_t)size, 0));
}

static void step_times(void)
{
	unsigned int at = random_slot();
	const struct timespec times[2] = {{rnd(1000), rnd(1000)},
					  {rnd(1000), rnd(4) ? rnd(1000) : UTIME_OMIT}};
	struct call c = {.cookie = slots[at].cookie,
			 .op = FS_UTIMES,
			 .data = times,
			 .data_bytes = sizeof(times)};
	char path[PATH_ROOM];
	struct stat a, b;
	long ret;

	random_path(path);
	if (is_refused(path))
		return;
	c.path = ours(path, &c.cookie);
	NOTE("utimensat(%u, \"%s\")", at, path);
	ret = host(utimensat(slots[at].fd, path, times, 0));
	expect(ret, client_call(&c));
	if (ret || fstatat(slots[at].fd, path, &a, 0) || our_stat(slots[at].cookie, path, true, &b))
		return;
	if (a.st_atim.tv_sec != b.st_atim.tv_sec || a.st_atim.tv_nsec != b.st_atim.tv_nsec)
		differ("another time of access");
	if (times[1].tv_nsec != UTIME_OMIT &&
	    (a.st_mtim.tv_sec != b.st_mtim.tv_sec || a.st_mtim.tv_nsec != b.st_mtim.tv_nsec))
		differ("another time of change");
}

/* --- calls on what is open --- */

static uint64_t random_offset(void)
{
	return rnd(3) ? FS_CURRENT : rnd(10) ? rnd(30000) : rnd(FAR);
}

static void step_read(void)
{
	unsigned int s = rnd(COMPARE_SLOTS);
	size_t n = rnd(4) ? rnd(600) : rnd(COMPARE_DATA);
	uint64_t at = random_offset();
	long ret;

	if (!slots[s].used)
		return;
	NOTE("read(%u, %zu, %ld)", s, n, (long)at);
	ret = host(at == FS_CURRENT ? read(slots[s].fd, data_a, n)
				    : pread(slots[s].fd, data_a, n, (off_t)at));
	expect(ret, client_read(slots[s].cookie, data_b, n, at));
	if (ret > 0 && memcmp(data_a, data_b, (size_t)ret) != 0)
		differ("other bytes");
}

static void step_write(void)
{
	unsigned int s = rnd(COMPARE_SLOTS);
	size_t n = rnd(4) ? rnd(600) : rnd(COMPARE_DATA);
	uint64_t at = random_offset();
	struct call c = {.cookie = slots[s].cookie,
			 .op = FS_WRITE,
			 .arg = {n, at},
			 .data = data_a,
			 .data_bytes = n};

	if (!slots[s].used)
		return;
	memset(data_a, (int)rnd(256), n);
	NOTE("write(%u, %zu, %ld)", s, n, (long)at);
	/* A caller that a signal calls away comes again, and a part that cannot be read changes nothing. */
	if (rnd(8) == 0) {
		c.leaves = true;
		c.refused = n && rnd(2) ? 1 + rnd((uint32_t)n) : 0;
		(void)client_call(&c);
		c.leaves = false;
		c.refused = 0;
	}
	expect(host(at == FS_CURRENT ? write(slots[s].fd, data_a, n)
				     : pwrite(slots[s].fd, data_a, n, (off_t)at)),
	       client_call(&c));
}

static void step_seek(void)
{
	static const int whences[] = {SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE, 9};
	unsigned int s = rnd(COMPARE_SLOTS);
	int whence = whences[rnd(COUNT(whences))];
	long offset = (long)rnd(40000) - 5000, ret, got;
	struct call c = {.cookie = slots[s].cookie, .op = FS_SEEK};
	struct stat st;

	if (!slots[s].used || fstat(slots[s].fd, &st) || S_ISDIR(st.st_mode))
		return;
	/* One that was mapped has no holes. */
	if (any_mapped && (whence == SEEK_DATA || whence == SEEK_HOLE))
		return;
	c.arg[0] = (uint64_t)offset;
	c.arg[1] = (uint64_t)whence;
	NOTE("lseek(%u, %ld, %d)", s, offset, whence);
	ret = host(lseek(slots[s].fd, offset, whence));
	got = client_call(&c);
	expect(ret, got ? got : (long)c.word[0]);
}

static void step_fstat(void)
{
	unsigned int s = rnd(COMPARE_SLOTS);
	struct stat a, b;

	if (!slots[s].used)
		return;
	NOTE("fstat(%u)", s);
	expect(host(fstat(slots[s].fd, &a)), our_stat(slots[s].cookie, NULL, true, &b));
	expect_stat(&a, &b);
}

static void step_ftruncate(void)
{
	unsigned int s = rnd(COMPARE_SLOTS);
	long size = rnd(8) ? (long)rnd(30000) : (long)rnd(FAR);
	struct call c = {.cookie = slots[s].cookie, .op = FS_TRUNCATE, .arg = {(uint64_t)size}};

	if (!slots[s].used)
		return;
	NOTE("ftruncate(%u, %ld)", s, size);
	expect(host(ftruncate(slots[s].fd, size)), client_call(&c));
}

static void step_getpath(void)
{
	char a[PATH_ROOM * 4], b[FS_PATH_MAX];
	unsigned int s = rnd(COMPARE_SLOTS);
	struct call c = {.cookie = slots[s].cookie,
			 .op = FS_GETPATH,
			 .arg = {sizeof(b)},
			 .room = b,
			 .room_bytes = sizeof(b)};
	struct stat st;
	long ret;

	if (!slots[s].used || fstat(slots[s].fd, &st) || !S_ISDIR(st.st_mode) ||
	    fchdir(slots[s].fd))
		return;
	NOTE("getcwd in %u", s);
	ret = host(syscall(SYS_getcwd, a, sizeof(a)));
	expect(ret, client_call(&c));
	if (ret > 0 && strcmp(a, b) != 0)
		differ("another path");
}

/* Mapped or not, the file is the same. */
static void step_map(void)
{
	unsigned int s = rnd(COMPARE_SLOTS);
	struct call c = {.cookie = slots[s].cookie, .op = FS_MAP, .arg = {3 | FS_MAP_SHARED}};
	struct stat st;
	long ret;

	if (!slots[s].used || rnd(50) || fstat(slots[s].fd, &st) || !S_ISREG(st.st_mode))
		return;
	NOTE("map(%u)", s);
	ret = client_call(&c);
	if (ret)
		return;
	any_mapped = true;
	close(c.got_handle);
}

/* --- the run --- */

void compare_step(void)
{
	static void (*const steps[])(void) = {
		step_open,     step_open,     step_open,      step_make,    step_make,
		step_symlink,  step_link,     step_rename,    step_rename,  step_unlink,
		step_stat,     step_readlink, step_access,    step_mode,    step_truncate,
		step_times,    step_read,     step_read,      step_write,   step_write,
		step_seek,     step_fstat,    step_ftruncate, step_getpath, step_map,
		step_nameless,
	};

	if (!compare_nr++)
		state = compare_seed * 0x9e3779b97f4a7c15ull + 1;
	steps[rnd(COUNT(steps))]();
}
