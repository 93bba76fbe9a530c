/* ABI tests: descriptors as such: dup, dup2, dup3, fcntl, close, close_range, over fork, exec and threads. */
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "user/tests/abitest.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Nothing but 0, 1 and 2. */
static void only_three(void)
{
	CHECK_EQ(raw_syscall3(SYS_close_range, 3, ~0u, 0), 0);
	for (int fd = 0; fd < 3; fd++)
		CHECK(is_open(fd));
}

TEST(handles, the_lowest_free_number)
{
	only_three();
	CHECK_EQ(dup(1), 3);
	CHECK_EQ(dup(1), 4);
	CHECK_EQ(dup(1), 5);
	CHECK_EQ(close(3), 0);
	CHECK_EQ(close(4), 0);
	CHECK_EQ(dup(5), 3);
	CHECK_EQ(fcntl(1, F_DUPFD, 5), 6);
	CHECK_EQ(fcntl(1, F_DUPFD, 100), 100);
	CHECK_EQ(dup(1), 4);
	CHECK_EQ(dup(1), 7);
	CHECK_EQ(close(100), 0);
	CHECK_EQ(close(100), -1);
	CHECK_EQ(errno, EBADF);
}

TEST(handles, dup2_replaces)
{
	only_three();
	CHECK_EQ(dup2(1, 40), 40);
	CHECK_EQ(dup2(1, 40), 40);
	CHECK_EQ(dup2(40, 40), 40);
	CHECK_EQ(dup2(41, 41), -1);
	CHECK_EQ(errno, EBADF);
	CHECK_EQ(dup2(41, 40), -1);
	CHECK(is_open(40));
	CHECK_EQ(raw_syscall3(SYS_dup3, 40, 40, 0), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_dup3, 40, 41, 1), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_dup3, 40, 41, O_CLOEXEC), 41);
	CHECK_EQ(fcntl(41, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(dup2(41, 42), 42);
	CHECK_EQ(fcntl(42, F_GETFD), 0);
	CHECK_EQ(write(42, "", 0), 0);
}

TEST(handles, bad_numbers)
{
	static const unsigned long bad[] = {3, 1023, 1024, 0x7fffffff, 0x80000000, 0xffffffff};

	only_three();
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_EQ(raw_syscall1(SYS_close, bad[i]), -EBADF);
		CHECK_EQ(raw_syscall1(SYS_dup, bad[i]), -EBADF);
		CHECK_EQ(raw_syscall2(SYS_dup2, bad[i], 5), -EBADF);
		CHECK_EQ(raw_syscall3(SYS_fcntl, bad[i], F_GETFD, 0), -EBADF);
		CHECK_EQ(raw_syscall3(SYS_fcntl, bad[i], F_DUPFD, 0), -EBADF);
		CHECK_EQ(raw_syscall3(SYS_write, bad[i], (uintptr_t) "x", 1), -EBADF);
		CHECK_EQ(raw_syscall3(SYS_read, bad[i], 0, 0), -EBADF);
		if (bad[i] >= 0x7fffffff)
			CHECK_EQ(raw_syscall2(SYS_dup2, 1, bad[i]), -EBADF);
	}
	CHECK_EQ(raw_syscall3(SYS_fcntl, 1, F_DUPFD, -1ul), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_close_range, 5, 4, 0), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_close_range, 5, 6, 1), -EINVAL);
	/* The upper half of the register is not looked at. */
	CHECK_EQ(raw_syscall1(SYS_dup, 0x100000001), 3);
}

TEST(handles, they_run_out_and_come_back)
{
	int fd, n = 0;

	only_three();
	while ((fd = dup(1)) >= 0)
		n++;
	CHECK_EQ(errno, EMFILE);
	CHECK(n > 100);
	CHECK(is_open(n + 2) && !is_open(n + 3));
	CHECK_EQ(dup2(1, n + 2), n + 2);
	CHECK_EQ(fcntl(1, F_DUPFD, 0), -1);
	CHECK_EQ(errno, EMFILE);
	CHECK_EQ(close(n), 0);
	CHECK_EQ(dup(1), n);
	only_three();
	CHECK_EQ(dup(1), 3);
}

static int status_after(pid_t pid)
{
	int status = -1;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

TEST(handles, fork_copies_and_shares_nothing)
{
	pid_t pid;

	only_three();
	CHECK_EQ(dup2(1, 70), 70);
	pid = fork();
	if (pid == 0) {
		CHECK(is_open(70));
		CHECK_EQ(close(70), 0);
		CHECK_EQ(dup2(1, 71), 71);
		_exit(0);
	}
	CHECK_EQ(status_after(pid), 0);
	CHECK(is_open(70) && !is_open(71));
}

static void *close_and_open(void *unused)
{
	(void)unused;
	CHECK_EQ(close(70), 0);
	CHECK_EQ(dup2(1, 71), 71);
	return NULL;
}

TEST(handles, threads_share)
{
	only_three();
	CHECK_EQ(dup2(1, 70), 70);
	CHECK_EQ(pthread_join(start_thread(close_and_open, NULL), NULL), 0);
	CHECK(!is_open(70) && is_open(71));
}

int open_handles(void)
{
	int bits = 0;

	for (int fd = 3; fd < 7; fd++)
		bits |= is_open(fd) << (fd - 3);
	return bits;
}

TEST(handles, exec_closes_what_it_shall)
{
	char *argv[] = {(char *)options.self, "helper", "open", NULL};
	pid_t pid;

	only_three();
	CHECK_EQ(dup(1), 3);
	CHECK_EQ(fcntl(1, F_DUPFD_CLOEXEC, 0), 4);
	CHECK_EQ(dup(1), 5);
	CHECK_EQ(dup(1), 6);
	CHECK_EQ(fcntl(5, F_SETFD, FD_CLOEXEC), 0);
	CHECK_EQ(fcntl(5, F_SETFD, 0), 0);
	CHECK_EQ(raw_syscall3(SYS_close_range, 6, 6, 4 /* CLOSE_RANGE_CLOEXEC */), 0);
	pid = fork();
	if (pid == 0) {
		execv(options.self, argv);
		_exit(99);
	}
	CHECK_EQ(status_after(pid), EXITED(1 | 4));
	for (int fd = 3; fd < 7; fd++)
		CHECK(is_open(fd));
}
