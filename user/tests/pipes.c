/* ABI tests: pipes and FIFOs, as the pipe server has them. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "user/lib/rawsys.h"
#include "user/tests/abitest.h"

#define CAPACITY 65536

static char block[2 * CAPACITY];

/* Skips the test where there are no files: without servers. */
static void make(int fds[2], int flags)
{
	if (pipe2(fds, flags)) {
		if (errno == ENOENT)
			SKIP("needs the servers");
		CHECK_EQ(errno, 0);
	}
}

TEST(pipes, bytes_go_through)
{
	char buf[16];
	struct stat st;
	int fds[2], n = -1;

	make(fds, 0);
	CHECK_EQ(write(fds[1], "hello", 5), 5);
	CHECK_EQ(ioctl(fds[0], FIONREAD, &n), 0);
	CHECK_EQ(n, 5);
	CHECK_EQ(read(fds[0], buf, 3), 3);
	CHECK_EQ(read(fds[0], buf + 3, sizeof(buf) - 3), 2);
	CHECK(memcmp(buf, "hello", 5) == 0);
	CHECK_EQ(read(fds[0], buf, 0), 0);
	CHECK_EQ(write(fds[1], buf, 0), 0);
	CHECK_EQ(fstat(fds[0], &st), 0);
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_EQ(fcntl(fds[0], F_GETFL) & O_ACCMODE, O_RDONLY);
	CHECK_EQ(fcntl(fds[1], F_GETFL) & O_ACCMODE, O_WRONLY);
	CHECK_EQ(fcntl(fds[0], F_GETFD), 0);
	CHECK_EQ(lseek(fds[0], 0, SEEK_CUR), -1);
	CHECK_EQ(errno, ESPIPE);
	CHECK_EQ(pread(fds[0], buf, 1, 0), -1);
	CHECK_EQ(errno, ESPIPE);
	CHECK_EQ(read(fds[1], buf, 1), -1);
	CHECK_EQ(errno, EBADF);
	CHECK_EQ(write(fds[0], buf, 1), -1);
	CHECK_EQ(errno, EBADF);
}

TEST(pipes, their_end)
{
	char c;
	int fds[2];

	make(fds, O_CLOEXEC);
	CHECK_EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(write(fds[1], "x", 1), 1);
	close(fds[1]);
	CHECK_EQ(read(fds[0], &c, 1), 1);
	CHECK_EQ(read(fds[0], &c, 1), 0);
	close(fds[0]);
	signal(SIGPIPE, SIG_IGN);
	make(fds, 0);
	close(fds[0]);
	CHECK_EQ(write(fds[1], "x", 1), -1);
	CHECK_EQ(errno, EPIPE);
	/* Not for the file layer's own sake: a server that is gone is no broken pipe. */
	signal(SIGPIPE, SIG_DFL);
	if (fork() == 0) {
		(void)!write(fds[1], "x", 1);
		_exit(1);
	}
	int status = -1;
	CHECK(wait(&status) > 0);
	CHECK_EQ(status, KILLED(SIGPIPE));
}

TEST(pipes, bad_memory)
{
	int fds[2];
	char c;

	make(fds, 0);
	CHECK_EQ(write(fds[1], (void *)1, 1), -1);
	CHECK_EQ(errno, EFAULT);
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK_EQ(read(fds[0], (void *)1, 1), -1);
	CHECK_EQ(errno, EFAULT);
	CHECK_EQ(read(fds[0], &c, 1), 1);
	CHECK_EQ(c, 'x');
	CHECK_EQ(pipe2(fds, 1), -1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(raw_syscall1(SYS_pipe, 1), -EFAULT);
}

TEST(pipes, without_waiting)
{
	int fds[2];
	char c;

	make(fds, O_NONBLOCK);
	CHECK(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	CHECK_EQ(read(fds[0], &c, 1), -1);
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(write(fds[1], block, sizeof(block)), CAPACITY);
	CHECK_EQ(write(fds[1], block, 1), -1);
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(fcntl(fds[0], F_SETFL, 0), 0);
	CHECK_EQ(fcntl(fds[0], F_GETFL), O_RDONLY);
	for (int left = CAPACITY; left;)
		left -= (int)read(fds[0], block, sizeof(block));
}

/* A process that writes `bytes` of a pattern and closes. */
static pid_t writer(int fds[2], size_t bytes)
{
	pid_t pid = fork();

	if (pid == 0) {
		close(fds[0]);
		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = (char)(i * 7);
		_exit(write(fds[1], block, bytes) == (ssize_t)bytes ? 0 : 1);
	}
	return pid;
}

/* More than fits: the writer waits, and says how much it wrote when all is through. */
TEST(pipes, a_long_write_goes_through)
{
	int fds[2], status = -1;
	size_t got = 0;
	ssize_t n;

	make(fds, 0);
	writer(fds, sizeof(block));
	close(fds[1]);
	while ((n = read(fds[0], block + got, 1000)) > 0)
		got += (size_t)n;
	CHECK_EQ(n, 0);
	CHECK_EQ(got, sizeof(block));
	for (size_t i = 0; i < sizeof(block); i++)
		CHECK(block[i] == (char)(i * 7));
	CHECK(wait(&status) > 0);
	CHECK_EQ(status, EXITED(0));
}

/* Writers of PIPE_BUF bytes and less are not mixed. */
TEST(pipes, short_writes_are_whole)
{
	enum { WRITERS = 4, ROUNDS = 40, BYTES = 3000 };
	int fds[2], counts[WRITERS] = {0};
	static char buf[BYTES];

	make(fds, 0);
	for (int w = 0; w < WRITERS; w++) {
		if (fork())
			continue;
		memset(block, 'a' + w, BYTES);
		for (int i = 0; i < ROUNDS; i++)
			if (write(fds[1], block, BYTES) != BYTES)
				_exit(1);
		_exit(0);
	}
	close(fds[1]);
	for (;;) {
		size_t got = 0;
		ssize_t n = 0;

		while (got < BYTES && (n = read(fds[0], buf + got, BYTES - got)) > 0)
			got += (size_t)n;
		if (!n)
			break;
		for (size_t i = 1; i < BYTES; i++)
			CHECK(buf[i] == buf[0]);
		counts[buf[0] - 'a']++;
	}
	for (int w = 0; w < WRITERS; w++)
		CHECK_EQ(counts[w], ROUNDS);
	while (wait(NULL) > 0)
		;
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* A signal ends the wait, and nothing is lost by it. */
TEST(pipes, interrupted)
{
	struct sigaction a = {.sa_handler = on_alarm};
	struct itimerval t = {.it_value.tv_usec = 20000};
	int fds[2];
	char c;

	make(fds, 0);
	CHECK_EQ(sigaction(SIGALRM, &a, NULL), 0);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(setitimer(ITIMER_REAL, &t, NULL), 0);
		CHECK_EQ(read(fds[0], &c, 1), -1);
		CHECK_EQ(errno, EINTR);
	}
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK_EQ(read(fds[0], &c, 1), 1);
	/* What was written until then counts. */
	CHECK_EQ(setitimer(ITIMER_REAL, &t, NULL), 0);
	CHECK_EQ(write(fds[1], block, sizeof(block)), CAPACITY);
	/* One that is to be made again waits on. */
	a.sa_flags = SA_RESTART;
	CHECK_EQ(sigaction(SIGALRM, &a, NULL), 0);
	for (int left = CAPACITY; left;)
		left -= (int)read(fds[0], block, sizeof(block));
	if (fork() == 0) {
		nap_ns(60000000);
		_exit(write(fds[1], "y", 1) == 1 ? 0 : 1);
	}
	CHECK_EQ(setitimer(ITIMER_REAL, &t, NULL), 0);
	CHECK_EQ(read(fds[0], &c, 1), 1);
	CHECK_EQ(c, 'y');
}

TEST(pipes, polled)
{
	int fds[2], status = -1;
	struct pollfd p[2];
	char c;

	make(fds, 0);
	p[0] = (struct pollfd){.fd = fds[0], .events = POLLIN};
	p[1] = (struct pollfd){.fd = fds[1], .events = POLLOUT};
	CHECK_EQ(poll(p, 2, -1), 1);
	CHECK_EQ(p[1].revents, POLLOUT);
	CHECK_EQ(poll(p, 1, 0), 0);
	CHECK_EQ(poll(p, 1, 20), 0);
	/* Woken by another process, and by the end. */
	if (fork() == 0) {
		close(fds[0]);
		nap_ns(20000000);
		if (write(fds[1], "x", 1) != 1)
			_exit(1);
		nap_ns(20000000);
		_exit(0);
	}
	close(fds[1]);
	CHECK_EQ(poll(p, 1, -1), 1);
	CHECK_EQ(p[0].revents, POLLIN);
	CHECK_EQ(read(fds[0], &c, 1), 1);
	CHECK_EQ(poll(p, 1, -1), 1);
	CHECK_EQ(p[0].revents, POLLHUP);
	CHECK(wait(&status) > 0);
	CHECK_EQ(status, EXITED(0));
	make(fds, 0);
	close(fds[0]);
	p[0] = (struct pollfd){.fd = fds[1], .events = POLLOUT};
	CHECK_EQ(poll(p, 1, -1), 1);
	CHECK_EQ(p[0].revents, POLLOUT | POLLERR);
}

TEST(pipes, fifos)
{
	char name[] = "/tmp/fifoXXXXXX", c;
	int r, w, status = -1;

	make((int[2]){0}, 0);
	CHECK(mkdtemp(name) != NULL);
	CHECK_EQ(chdir(name), 0);
	CHECK_EQ(mkfifo("f", 0600), 0);
	CHECK_EQ(mkfifo("f", 0600), -1);
	CHECK_EQ(errno, EEXIST);
	CHECK_EQ(open("f", O_WRONLY | O_NONBLOCK), -1);
	CHECK_EQ(errno, ENXIO);
	if (fork() == 0) {
		w = open("f", O_WRONLY);
		_exit(w >= 0 && write(w, "z", 1) == 1 ? 0 : 1);
	}
	r = open("f", O_RDONLY);
	CHECK(r >= 0);
	CHECK_EQ(read(r, &c, 1), 1);
	CHECK_EQ(c, 'z');
	CHECK_EQ(read(r, &c, 1), 0);
	CHECK(wait(&status) > 0);
	CHECK_EQ(status, EXITED(0));
	CHECK_EQ(unlink("f"), 0);
	CHECK_EQ(rmdir(name), 0);
}

/* By the number of one's own descriptor, as shells do for <(...). */
TEST(pipes, by_descriptor)
{
	struct stat st;
	char name[40], c;
	int fds[2], again;

	make(fds, 0);
	if (access("/proc/self", F_OK))
		SKIP("needs /proc");
	CHECK_EQ(write(fds[1], "ab", 2), 2);
	sprintf(name, "/dev/fd/%d", fds[0]);
	again = open(name, O_RDONLY);
	CHECK(again > fds[1]);
	CHECK_EQ(read(again, &c, 1), 1);
	CHECK_EQ(c, 'a');
	CHECK_EQ(stat(name, &st), 0);
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_EQ(access(name, R_OK), 0);
	sprintf(name, "/proc/%d/fd/%d", (int)getpid(), again);
	again = open(name, O_RDONLY);
	CHECK_EQ(read(again, &c, 1), 1);
	CHECK_EQ(c, 'b');
	CHECK_EQ(open(name, O_RDONLY | O_DIRECTORY), -1);
	CHECK_EQ(errno, ENOTDIR);
	sprintf(name, "/proc/self/fd/%d", 900);
	CHECK_EQ(open(name, O_RDONLY), -1);
	CHECK_EQ(errno, ENOENT);
	sprintf(name, "/proc/self/fd/%dx", fds[0]);
	CHECK_EQ(open(name, O_RDONLY), -1);
	CHECK_EQ(errno, ENOENT);
}

/* Hundreds at once; numbers run out with an errno, and all come back. */
TEST(pipes, many)
{
	static int fds[400][2];
	char c;

	make(fds[0], 0);
	for (int i = 1; i < 400; i++)
		CHECK_EQ(pipe(fds[i]), 0);
	for (int i = 0; i < 400; i++)
		CHECK_EQ(write(fds[i][1], &(char){(char)i}, 1), 1);
	for (int i = 0; i < 400; i++) {
		CHECK_EQ(read(fds[i][0], &c, 1), 1);
		CHECK_EQ(c, (char)i);
		close(fds[i][0]);
		close(fds[i][1]);
	}
	for (int i = 0; i < 3000; i++) {
		CHECK_EQ(pipe(fds[0]), 0);
		close(fds[0][0]);
		close(fds[0][1]);
	}
}
