/* ABI tests: calls that change names and what files are, as messages. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <utime.h>

#include "user/tests/files.h"

#define PATH(s) ((uintptr_t)(s))
#define CWD     ((uintptr_t)AT_FDCWD)

TEST(files, make_and_remove)
{
	script_start();
	raw_syscall1(SYS_umask, 022);
	CHECK_EQ(raw_syscall2(SYS_mkdir, PATH("d"), 07777), 0);
	check_seen(script_last(0), FS_MAKE, FS_NOFOLLOW, "d", S_IFDIR | 01755, 0, 0);
	CHECK_EQ(raw_syscall3(SYS_mknod, PATH("f"), 0666, 0), 0);
	check_seen(script_last(0), FS_MAKE, FS_NOFOLLOW, "f", S_IFREG | 0644, 0, 0);
	CHECK_EQ(raw_syscall4(SYS_mknodat, CWD, PATH("c"), S_IFCHR | 0600, 0x501), 0);
	check_seen(script_last(0), FS_MAKE, FS_NOFOLLOW, "c", S_IFCHR | 0600, 0x501, 0);
	CHECK_EQ(raw_syscall3(SYS_mknod, PATH("f"), S_IFDIR, 0), -EPERM);
	CHECK_EQ(raw_syscall1(SYS_unlink, PATH("f")), 0);
	check_seen(script_last(0), FS_UNLINK, FS_NOFOLLOW, "f", 0, 0, 0);
	CHECK_EQ(raw_syscall3(SYS_unlinkat, CWD, PATH("f"), AT_REMOVEDIR), 0);
	check_seen(script_last(0), FS_UNLINK, FS_NOFOLLOW, "f", AT_REMOVEDIR, 0, 0);
	CHECK_EQ(raw_syscall3(SYS_unlinkat, CWD, PATH("f"), 1), -EINVAL);
	script_end(5);
}

TEST(files, a_symbolic_link_is_sent_behind_its_path)
{
	script_start();
	CHECK_EQ(raw_syscall2(SYS_symlink, PATH("../to"), PATH("/at")), 0);
	check_seen(script_last(0), FS_SYMLINK, FS_NOFOLLOW, "at", 5, 0, 0);
	CHECK_EQ(script_last(0)->data_bytes, 5);
	CHECK_EQ(memcmp(script_last(0)->data, "../to", 5), 0);
	CHECK_EQ(raw_syscall2(SYS_symlink, PATH(""), PATH("at")), -ENOENT);
	script_end(1);
}

TEST(files, two_paths_go_to_one_server)
{
	struct script_answer *a;
	int fd;

	script_start();
	script_answer(0)->connections = 1;
	fd = open("dir", O_RDONLY);
	CHECK(fd > 2);
	CHECK_EQ(raw_syscall6(SYS_renameat2, CWD, PATH("from"), fd, PATH("to/here"), 1, 0), 0);
	check_seen(script_last(0), FS_RENAME, FS_NOFOLLOW, "from", 1, 7, 1);
	CHECK_EQ(script_last(0)->data_bytes, 7);
	CHECK_EQ(memcmp(script_last(0)->data, "to/here", 7), 0);
	CHECK_EQ(raw_syscall6(SYS_linkat, fd, PATH("old"), CWD, PATH("/new"), AT_SYMLINK_FOLLOW, 0),
		 0);
	check_seen(script_last(0), FS_LINK, 0, "old", ROOT_COOKIE, 3, 0);
	CHECK_EQ(script_last(0)->cookie, 1);
	/* The second one stays when the first is redirected. */
	a = script_answer(FS_REDIRECT);
	memcpy(a->data, "far", a->word = a->data_bytes = 3);
	CHECK_EQ(raw_syscall2(SYS_rename, PATH("near"), PATH("new")), 0);
	check_seen(script_last(0), FS_RENAME, FS_NOFOLLOW, "far", ROOT_COOKIE, 3, 0);
	CHECK_EQ(memcmp(script_last(0)->data, "new", 3), 0);
	CHECK_EQ(raw_syscall6(SYS_renameat2, CWD, PATH("a"), CWD, PATH("b"), 3, 0), -EINVAL);
	CHECK_EQ(raw_syscall6(SYS_renameat2, CWD, PATH("a"), CWD, PATH("b"), 8, 0), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_rename, PATH("a"), PATH("")), -ENOENT);
	CHECK_EQ(close(fd), 0);
	script_end(5);
}

/* Another server's directory, at once or by way of a redirect. */
TEST(files, two_servers_cannot_share_a_name)
{
	int port, other;

	script_start();
	port = (int)ipc_port(0);
	other = (int)ipc_connect(port, 1, 0);
	CHECK(other > 2);
	CHECK_EQ(raw_syscall4(SYS_renameat, other, PATH("a"), CWD, PATH("b")), -EXDEV);
	CHECK_EQ(raw_syscall6(SYS_linkat, CWD, PATH("a"), other, PATH("b"), 0, 0), -EXDEV);
	script_answer(FS_REDIRECT)->connections = 1;
	script->answers[0].alien = true;
	CHECK_EQ(raw_syscall2(SYS_rename, PATH("a"), PATH("b")), -EXDEV);
	CHECK_EQ(close(other) + close(port), 0);
	/* The alien one has not closed on the server's own port. */
	script->next_cookie = 0;
	script_end(1);
}

TEST(files, what_a_file_is)
{
	script_start();
	CHECK_EQ(raw_syscall2(SYS_truncate, PATH("f"), 1l << 33), 0);
	check_seen(script_last(0), FS_TRUNCATE, 0, "f", 1l << 33, 0, 0);
	CHECK_EQ(raw_syscall2(SYS_truncate, PATH("f"), -1), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_ftruncate, script->connection, 5), 0);
	check_seen(script_last(0), FS_TRUNCATE, 0, NULL, 5, 0, 0);
	CHECK_EQ(raw_syscall2(SYS_chmod, PATH("f"), S_IFREG | 04755), 0);
	check_seen(script_last(0), FS_CHMOD, 0, "f", 04755, 0, 0);
	CHECK_EQ(raw_syscall2(SYS_fchmod, script->connection, 0600), 0);
	check_seen(script_last(0), FS_CHMOD, 0, NULL, 0600, 0, 0);
	CHECK_EQ(raw_syscall3(SYS_lchown, PATH("f"), 0xffffffff, 1000), 0);
	check_seen(script_last(0), FS_CHOWN, FS_NOFOLLOW, "f", -1ul, 1000, 0);
	CHECK_EQ(raw_syscall6(SYS_fchownat, script->connection, PATH(""), 1, 2, AT_EMPTY_PATH, 0),
		 0);
	check_seen(script_last(0), FS_CHOWN, 0, NULL, 1, 2, 0);
	script_end(6);
}

static void check_times(long s0, long ns0, long s1, long ns1)
{
	const struct timespec *t = (const struct timespec *)(const void *)script_last(0)->data;

	CHECK_EQ(script_last(0)->data_bytes, 2 * sizeof(*t));
	CHECK_EQ(t[0].tv_sec, s0);
	CHECK_EQ(t[0].tv_nsec, ns0);
	CHECK_EQ(t[1].tv_sec, s1);
	CHECK_EQ(t[1].tv_nsec, ns1);
}

TEST(files, times_are_timespecs_whatever_the_call)
{
	const struct timespec ts[2] = {{1, 2}, {0, UTIME_OMIT}};
	const struct timeval tv[2] = {{3, 4}, {5, 999999}}, bad[2] = {{0, 0}, {0, 1000000}};
	const struct utimbuf seconds = {6, 7};

	script_start();
	CHECK_EQ(raw_syscall4(SYS_utimensat, CWD, PATH("f"), PATH(ts), AT_SYMLINK_NOFOLLOW), 0);
	check_seen(script_last(0), FS_UTIMES, FS_NOFOLLOW, "f", 0, 0, 0);
	check_times(1, 2, 0, UTIME_OMIT);
	CHECK_EQ(raw_syscall4(SYS_utimensat, script->connection, 0, 0, 0), 0);
	check_seen(script_last(0), FS_UTIMES, 0, NULL, 0, 0, 0);
	check_times(0, UTIME_NOW, 0, UTIME_NOW);
	CHECK_EQ(raw_syscall2(SYS_utimes, PATH("f"), PATH(tv)), 0);
	check_times(3, 4000, 5, 999999000);
	CHECK_EQ(raw_syscall2(SYS_utimes, PATH("f"), PATH(bad)), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_utime, PATH("f"), PATH(&seconds)), 0);
	check_times(6, 0, 7, 0);
	script_end(4);
}

TEST(files, a_pipe_is_two_connections)
{
	int fds[2];

	script_start();
	script_answer(0)->connections = 2;
	CHECK_EQ(raw_syscall2(SYS_pipe2, PATH(fds), O_CLOEXEC | O_NONBLOCK), 0);
	check_seen(script_last(0), FS_PIPE, 0, "dev/pipe", O_CLOEXEC | O_NONBLOCK, 0, 0);
	CHECK(fds[0] > 2 && fds[1] > fds[0]);
	CHECK_EQ(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(raw_syscall2(SYS_pipe2, PATH(fds), O_CREAT), -EINVAL);
	script_answer(0)->connections = 1;
	CHECK_EQ(raw_syscall1(SYS_pipe, PATH(fds)), -EIO);
	/* Nobody knows their numbers, so they must not stay. */
	script_answer(0)->connections = 2;
	CHECK_EQ(raw_syscall1(SYS_pipe, 8), -EFAULT);
	CHECK_EQ(close(fds[0]) + close(fds[1]), 0);
	script_end(3);
}
