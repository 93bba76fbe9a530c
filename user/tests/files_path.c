/* ABI tests: calls by path, as messages. */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "user/tests/files.h"

#define PATH(s) ((uintptr_t)(s))
#define CWD     ((uintptr_t)AT_FDCWD)

/* Another process's root is not ours, and there is none before it has been set. */
TEST(files, without_a_root_there_is_nothing)
{
	struct stat st;

	need_ipc();
	CHECK_EQ(fs_root(-1), 0);
	CHECK_EQ(raw_syscall2(SYS_stat, PATH("/"), PATH(&st)), -ENOENT);
	CHECK_EQ(raw_syscall2(SYS_open, PATH("x"), 0), -ENOENT);
	CHECK_EQ(raw_syscall2(SYS_getcwd, PATH(&st), sizeof(st)), -ENOENT);
	CHECK_EQ(raw_syscall1(SYS_chdir, PATH("/")), -ENOENT);
	CHECK_EQ(raw_syscall1(SYS_umask, 077), 022);
	CHECK_EQ(raw_syscall1(SYS_umask, 0), 077);
	CHECK_EQ(fs_root((int)ipc_port(0)), -ENOTDIR);
	CHECK_EQ(fs_root(99), -EBADF);
	CHECK_EQ(fs_root(-1), 0);
	script_start();
	CHECK_EQ(raw_syscall2(SYS_access, PATH("/x"), 0), 0);
	CHECK_EQ(fs_root(-1), 0);
	CHECK_EQ(raw_syscall2(SYS_access, PATH("/x"), 0), -ENOENT);
	CHECK_EQ(raw_syscall2(SYS_access, PATH("x"), 0), -ENOENT);
	script_end(1);
}

TEST(files, open_sends_a_path_and_gets_a_descriptor)
{
	int fd, second;

	script_start();
	raw_syscall1(SYS_umask, 027);
	script_answer(0)->connections = 1;
	fd = open("///a//b/", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	CHECK(fd > 2);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	check_seen(script_last(0), FS_OPEN, 0, "a//b/", 0100000 | O_RDWR | O_CREAT | O_CLOEXEC,
		   0640, 0);
	CHECK_EQ(script_last(0)->cookie, ROOT_COOKIE);
	CHECK_EQ(script_last(0)->in_bytes, FS_PATH_MAX);
	script_answer(0)->connections = 1;
	second = (int)raw_syscall4(SYS_openat, fd, PATH("x"), O_RDONLY, 0777);
	CHECK_EQ(fcntl(second, F_GETFD), 0);
	check_seen(script_last(0), FS_OPEN, 0, "x", O_RDONLY, 0, 0);
	CHECK_EQ(script_last(0)->cookie, 1);
	script_answer(-ENOTDIR);
	CHECK_EQ(raw_syscall4(SYS_openat, fd, PATH("/"), O_RDONLY, 0), -ENOTDIR);
	check_seen(script_last(0), FS_OPEN, 0, "", O_RDONLY, 0, 0);
	CHECK_EQ(script_last(0)->cookie, ROOT_COOKIE);
	/* A server that forgets what it was to bring, or brings too much. */
	script_answer(0);
	CHECK_EQ(raw_syscall2(SYS_open, PATH("x"), 0), -EIO);
	script_answer(0)->connections = 2;
	CHECK_EQ(raw_syscall2(SYS_open, PATH("x"), 0), -EIO);
	CHECK_EQ(raw_syscall2(SYS_open, PATH(""), 0), -ENOENT);
	CHECK_EQ(raw_syscall4(SYS_openat, 1, PATH("x"), 0, 0), -ENOTDIR);
	CHECK_EQ(raw_syscall4(SYS_openat, 99, PATH("x"), 0, 0), -EBADF);
	CHECK_EQ(close(fd) + close(second), 0);
	script_end(5);
}

TEST(files, a_path_has_an_end)
{
	static char path[FS_PATH_MAX + 1];

	script_start();
	memset(path, '/', FS_PATH_MAX);
	CHECK_EQ(raw_syscall2(SYS_open, PATH(path), 0), -ENAMETOOLONG);
	path[FS_PATH_MAX - 1] = 0;
	script_answer(-ENOENT);
	CHECK_EQ(raw_syscall2(SYS_open, PATH(path), 0), -ENOENT);
	check_seen(script_last(0), FS_OPEN, 0, "", 0, 0, 0);
	script_end(1);
}

static void redirect_to(const char *rest, unsigned int connections)
{
	struct script_answer *a = script_answer(FS_REDIRECT);

	a->data_bytes = a->word = strlen(rest);
	memcpy(a->data, rest, a->word);
	a->connections = connections;
}

TEST(files, a_redirect_goes_on_there)
{
	script_start();
	redirect_to("at/another", 1);
	redirect_to("from/the/root", 0);
	redirect_to("", 1);
	script_answer(0);
	CHECK_EQ(raw_syscall2(SYS_access, PATH("one/two"), W_OK), 0);
	check_seen(script_last(3), FS_ACCESS, 0, "one/two", W_OK, 0, 0);
	check_seen(script_last(2), FS_ACCESS, 0, "at/another", W_OK, 0, 0);
	check_seen(script_last(1), FS_ACCESS, 0, "from/the/root", W_OK, 0, 0);
	check_seen(script_last(0), FS_ACCESS, 0, "", W_OK, 0, 0);
	CHECK_EQ(script_last(2)->cookie, 1);
	CHECK_EQ(script_last(1)->cookie, ROOT_COOKIE);
	CHECK_EQ(script_last(0)->cookie, 2);
	/* Words that are no path, and too many connections. */
	script_answer(FS_REDIRECT)->word = FS_PATH_MAX;
	CHECK_EQ(raw_syscall2(SYS_access, PATH("x"), 0), -EIO);
	redirect_to("x", 2);
	CHECK_EQ(raw_syscall2(SYS_access, PATH("x"), 0), -EIO);
	script_answer(FS_REDIRECT);
	CHECK_EQ(raw_syscall3(SYS_lseek, script->connection, 0, 0), -EIO);
	script_end(7);
}

TEST(files, redirects_come_to_an_end)
{
	script_start();
	for (unsigned int i = 0; i < FS_LINKS_MAX; i++)
		redirect_to("again", i % 2);
	script_answer(-ENOTEMPTY);
	CHECK_EQ(raw_syscall1(SYS_rmdir, PATH("x")), -ENOTEMPTY);
	check_seen(script_last(0), FS_UNLINK, FS_NOFOLLOW, "again", AT_REMOVEDIR, 0, 0);
	script_end(FS_LINKS_MAX + 1);
}

TEST(files, a_loop_of_redirects_is_found)
{
	script_start();
	for (unsigned int i = 0; i < FS_LINKS_MAX + 1; i++)
		redirect_to("again", 0);
	CHECK_EQ(raw_syscall1(SYS_unlink, PATH("x")), -ELOOP);
	script_end(FS_LINKS_MAX + 1);
}

/* --- the working directory --- */

static void *change_directory(void *unused)
{
	(void)unused;
	script_answer(0)->connections = 1;
	CHECK_EQ(chdir("/sub"), 0);
	raw_syscall1(SYS_umask, 011);
	return NULL;
}

TEST(files, threads_share_a_working_directory_and_processes_do_not)
{
	pid_t pid;

	script_start();
	CHECK_EQ(pthread_join(start_thread(change_directory, NULL), NULL), 0);
	check_seen(script_last(0), FS_OPEN, 0, "sub", O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0);
	script_answer(-ENOENT);
	CHECK_EQ(raw_syscall2(SYS_access, PATH("x"), 0), -ENOENT);
	CHECK_EQ(script_last(0)->cookie, 1);
	pid = fork();
	if (pid == 0) {
		script_answer(0)->connections = 1;
		CHECK_EQ(chdir("child"), 0);
		CHECK_EQ(script_last(0)->cookie, 1);
		CHECK_EQ(raw_syscall1(SYS_umask, 0), 011);
		_exit(0);
	}
	CHECK_EQ(status_of_pid(pid), EXITED(0));
	script_answer(-ENOENT);
	CHECK_EQ(raw_syscall2(SYS_access, PATH("x"), 0), -ENOENT);
	CHECK_EQ(script_last(0)->cookie, 1);
	CHECK_EQ(raw_syscall1(SYS_umask, 0), 011);
	/* Back to the root's connection, so that the directory's is gone. */
	CHECK_EQ(fs_root(script->connection), 0);
	script_end(4);
}

static struct script_answer *answer_stat(mode_t mode)
{
	const struct stat st = {
		.st_dev = 0x12345678,
		.st_ino = 5,
		.st_mode = mode,
		.st_nlink = 2,
		.st_uid = 3,
		.st_gid = 4,
		.st_rdev = 0x89abcdef,
		.st_size = 1l << 40,
		.st_blksize = 512,
		.st_blocks = 7,
		.st_atim = {1, 2},
		.st_mtim = {3, 4},
		.st_ctim = {5, 999999999},
	};
	struct script_answer *a = script_answer(0);

	a->data_bytes = sizeof(st);
	memcpy(a->data, &st, sizeof(st));
	return a;
}

TEST(files, fchdir_wants_a_directory)
{
	int fd;

	script_start();
	script_answer(0)->connections = 1;
	fd = open("x", O_RDONLY);
	CHECK(fd > 2);
	answer_stat(S_IFREG | 0644);
	CHECK_EQ(raw_syscall1(SYS_fchdir, fd), -ENOTDIR);
	answer_stat(S_IFDIR | 0755);
	CHECK_EQ(raw_syscall1(SYS_fchdir, fd), 0);
	script_answer(-ENOENT);
	CHECK_EQ(raw_syscall2(SYS_access, PATH("x"), 0), -ENOENT);
	CHECK_EQ(script_last(0)->cookie, 1);
	CHECK_EQ(raw_syscall1(SYS_fchdir, 1), -ENOTDIR);
	CHECK_EQ(raw_syscall1(SYS_fchdir, 99), -EBADF);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(fs_root(script->connection), 0);
	script_end(4);
}

TEST(files, getcwd_asks_the_directory)
{
	struct script_answer *a;
	char path[64];

	script_start();
	a = script_answer(8);
	a->data_bytes = 8;
	memcpy(a->data, "/a/dir/", 8);
	CHECK_EQ(raw_syscall2(SYS_getcwd, PATH(path), sizeof(path)), 8);
	CHECK_EQ(strcmp(path, "/a/dir/"), 0);
	check_seen(script_last(0), FS_GETPATH, 0, NULL, sizeof(path), 0, 0);
	/* More than there is room for was not written. */
	script_answer(65);
	CHECK_EQ(raw_syscall2(SYS_getcwd, PATH(path), sizeof(path)), -EIO);
	script_end(2);
}

/* --- stat --- */

TEST(files, stat_and_its_kin)
{
	struct stat st;
	int fd;

	script_start();
	answer_stat(S_IFREG | 0640);
	CHECK_EQ(raw_syscall2(SYS_stat, PATH("/x"), PATH(&st)), 0);
	check_seen(script_last(0), FS_STAT, 0, "x", 0, 0, 0);
	CHECK_EQ(st.st_ino, 5);
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	CHECK_EQ(st.st_size, 1l << 40);
	CHECK_EQ(st.st_ctim.tv_nsec, 999999999);
	answer_stat(S_IFLNK);
	CHECK_EQ(raw_syscall2(SYS_lstat, PATH("x"), PATH(&st)), 0);
	check_seen(script_last(0), FS_STAT, FS_NOFOLLOW, "x", 0, 0, 0);
	answer_stat(0);
	CHECK_EQ(raw_syscall4(SYS_newfstatat, CWD, PATH("x"), PATH(&st), AT_SYMLINK_NOFOLLOW), 0);
	check_seen(script_last(0), FS_STAT, FS_NOFOLLOW, "x", 0, 0, 0);
	CHECK_EQ(raw_syscall4(SYS_newfstatat, CWD, PATH("x"), PATH(&st), 0x200), -EINVAL);
	CHECK_EQ(raw_syscall4(SYS_newfstatat, CWD, PATH(""), PATH(&st), 0), -ENOENT);
	answer_stat(0);
	CHECK_EQ(raw_syscall4(SYS_newfstatat, CWD, PATH(""), PATH(&st), AT_EMPTY_PATH), 0);
	check_seen(script_last(0), FS_STAT, 0, NULL, 0, 0, 0);
	script_answer(0)->connections = 1;
	fd = open("x", 0);
	answer_stat(S_IFDIR);
	CHECK_EQ(raw_syscall2(SYS_fstat, fd, PATH(&st)), 0);
	CHECK_EQ(st.st_mode, S_IFDIR);
	CHECK_EQ(script_last(0)->cookie, 1);
	CHECK_EQ(close(fd), 0);
	script_end(6);
}

/* The C library has none. */
struct stat_x {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, pad;
	uint64_t ino, size, blocks, attributes_mask;
	struct {
		int64_t sec;
		uint32_t nsec, pad;
	} atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t spare[14];
};

TEST(files, statx_is_stat_in_another_order)
{
	struct stat_x st;

	script_start();
	answer_stat(S_IFREG | 0600);
	CHECK_EQ(raw_syscall6(SYS_statx, CWD, PATH("x"), AT_SYMLINK_NOFOLLOW, 0xfff, PATH(&st), 0),
		 0);
	check_seen(script_last(0), FS_STAT, FS_NOFOLLOW, "x", 0, 0, 0);
	CHECK_EQ(st.mask, 0x7ff);
	CHECK_EQ(st.mode, S_IFREG | 0600);
	CHECK_EQ(st.size, 1ul << 40);
	CHECK_EQ(st.nlink, 2);
	CHECK_EQ(st.dev_major, 0x456);
	CHECK_EQ(st.dev_minor, 0x12378);
	CHECK_EQ(st.rdev_major, 0xbcd & 0xfff);
	CHECK_EQ(st.rdev_minor, 0x89aef);
	CHECK_EQ(st.mtime.sec, 3);
	CHECK_EQ(st.ctime.nsec, 999999999);
	CHECK_EQ(raw_syscall6(SYS_statx, CWD, PATH("x"), 0x6000, 0, PATH(&st), 0), -EINVAL);
	script_end(1);
}

/* What a server has not written shows nothing of the kernel's. */
TEST(files, a_short_answer_leaks_nothing)
{
	static const char zeroes[sizeof(struct statfs)];
	struct statfs fs;

	script_start();
	memset(&fs, 1, sizeof(fs));
	CHECK_EQ(raw_syscall2(SYS_statfs, PATH(""), PATH(&fs)), -ENOENT);
	CHECK_EQ(raw_syscall2(SYS_statfs, PATH("/"), PATH(&fs)), 0);
	/* But the path, which has stood there. */
	CHECK_EQ(memcmp((char *)&fs + 1, zeroes, sizeof(fs) - 1), 0);
	memset(&fs, 1, sizeof(fs));
	CHECK_EQ(raw_syscall2(SYS_fstatfs, script->connection, PATH(&fs)), 0);
	CHECK_EQ(memcmp(&fs, zeroes, sizeof(fs)), 0);
	script_end(2);
}

TEST(files, readlink_and_access)
{
	char target[8] = "........";
	struct script_answer *a;

	script_start();
	a = script_answer(5);
	memcpy(a->data, "abcdefgh", a->data_bytes = 8);
	CHECK_EQ(raw_syscall3(SYS_readlink, PATH("x"), PATH(target), 8), 5);
	CHECK_EQ(memcmp(target, "abcde...", 8), 0);
	check_seen(script_last(0), FS_READLINK, FS_NOFOLLOW, "x", 8, 0, 0);
	CHECK_EQ(raw_syscall3(SYS_readlink, PATH("x"), PATH(target), 0), -EINVAL);
	script_answer(9);
	CHECK_EQ(raw_syscall3(SYS_readlink, PATH("x"), PATH(target), 8), -EIO);
	CHECK_EQ(raw_syscall2(SYS_access, PATH("x"), 8), -EINVAL);
	CHECK_EQ(raw_syscall4(SYS_faccessat2, CWD, PATH("x"), 1, AT_SYMLINK_NOFOLLOW), 0);
	check_seen(script_last(0), FS_ACCESS, FS_NOFOLLOW, "x", 1, 0, 0);
	script_end(3);
}
