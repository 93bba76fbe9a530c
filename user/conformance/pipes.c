/* Pipes, and waiting for them: poll, ppoll, select. */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/uio.h>

#include "user/conformance/files.h"

#define FULL 65536

static int ends[2];

static void new_pipe(int flags)
{
	NEED(CALL(SYS_pipe2, ends, flags) == 0);
}

static volatile sig_atomic_t seen;

static void count(int sig)
{
	seen = sig;
}

static void handle(int sig)
{
	NEED(sigaction(sig, &(struct sigaction){.sa_handler = count}, NULL) == 0);
}

/* --- pipes --- */

CASE(pipe, errnos)
{
	int two[2];

	show_ret("a flag that there is not", CALL(SYS_pipe2, two, O_CREAT));
	show_ret("to a kernel address", CALL(SYS_pipe, 0xffff888000000000));
	show_ret("to a bad address", CALL(SYS_pipe, 8));
	new_pipe(O_CLOEXEC);
	show("close-on-exec %d %d", fcntl(ends[0], F_GETFD), fcntl(ends[1], F_GETFD));
	show("flags %#o %#o", fcntl(ends[0], F_GETFL), fcntl(ends[1], F_GETFL));
	show_ret("write to the reader's end", CALL(SYS_write, ends[0], "x", 1));
	show_ret("read from the writer's end", CALL(SYS_read, ends[1], two, 1));
	show_ret("seek", CALL(SYS_lseek, ends[0], 0, SEEK_CUR));
	show_ret("pread", CALL(SYS_pread64, ends[0], two, 1, 0));
	show_ret("truncate", CALL(SYS_ftruncate, ends[1], 0));
	show_ret("list", CALL(SYS_getdents64, ends[0], two, 8));
	show_ret("change to it", CALL(SYS_fchdir, ends[0]));
	show_ret("map", CALL(SYS_mmap, 0, 4096, 1, 2, ends[0], 0));
}

CASE(pipe, bytes_and_the_end)
{
	char text[16] = "";
	int n = 0;

	new_pipe(0);
	show_ret("write", CALL(SYS_write, ends[1], "0123456789", 10));
	show_ret("nothing", CALL(SYS_write, ends[1], "x", 0));
	show_ret("ioctl", CALL(SYS_ioctl, ends[0], FIONREAD, &n));
	show("%d bytes there", n);
	show_ret("read four", CALL(SYS_read, ends[0], text, 4));
	show_ret("read more than there is", CALL(SYS_read, ends[0], text + 4, 12));
	show("%s", text);
	close(ends[1]);
	show_ret("at the end", CALL(SYS_read, ends[0], text, 4));
}

CASE(pipe, nobody_reads)
{
	new_pipe(0);
	close(ends[0]);
	handle(SIGPIPE);
	show_ret("write", CALL(SYS_write, ends[1], "x", 1));
	show("signal %d", seen);
	signal(SIGPIPE, SIG_IGN);
	show_ret("ignored", CALL(SYS_write, ends[1], "x", 1));
	show_ret("of nothing", CALL(SYS_write, ends[1], "x", 0));
}

static void write_to_nobody(void)
{
	signal(SIGPIPE, SIG_DFL);
	new_pipe(0);
	close(ends[0]);
	(void)CALL(SYS_write, ends[1], "x", 1);
}

CASE(pipe, nobody_reads_by_default)
{
	show_end("its writer", write_to_nobody);
}

CASE(pipe, without_waiting)
{
	static char much[2 * FULL];
	char byte;
	long n, all = 0;

	new_pipe(O_NONBLOCK);
	show_ret("empty", CALL(SYS_read, ends[0], &byte, 1));
	while ((n = CALL(SYS_write, ends[1], much, 4096)) > 0)
		all += n;
	show_ret("full", n);
	show("%ld bytes fit", all);
	show_ret("read", CALL(SYS_read, ends[0], much, 4096));
	show_ret("write what fits", CALL(SYS_write, ends[1], much, 4096));
	close(ends[1]);
	while ((n = CALL(SYS_read, ends[0], much, FULL)) > 0)
		all -= n;
	show("left: %ld", all);
}

/* A write that waits for room, in pieces, while a child reads. */
CASE(pipe, a_long_write)
{
	static char much[5 * FULL];
	pid_t pid;

	new_pipe(0);
	pid = fork();
	if (pid == 0) {
		long n, all = 0, wrong = 0;

		close(ends[1]);
		while ((n = CALL(SYS_read, ends[0], much, 10000)) > 0) {
			for (long i = 0; i < n; i++)
				wrong += much[i] != (char)((all + i) * 7);
			all += n;
		}
		show("%ld bytes, %ld of them wrong", all, wrong);
		_exit(0);
	}
	for (unsigned int i = 0; i < sizeof(much); i++)
		much[i] = (char)(i * 7);
	show_ret("write", CALL(SYS_write, ends[1], much, sizeof(much)));
	close(ends[1]);
	show_status("reader", status_of(pid));
}

CASE(pipe, vectors)
{
	char a[3] = "", b[9] = "";
	struct iovec out[] = {{"ab", 2}, {NULL, 0}, {"cdef", 4}}, in[] = {{a, 2}, {b, 8}};

	new_pipe(0);
	show_ret("writev", CALL(SYS_writev, ends[1], out, 3));
	show_ret("readv", CALL(SYS_readv, ends[0], in, 2));
	show("%s %s", a, b);
	show_ret("too many", CALL(SYS_writev, ends[1], out, 1025));
	show_ret("none", CALL(SYS_writev, ends[1], out, 0));
}

CASE(pipe, a_signal_ends_the_wait)
{
	char byte;

	new_pipe(0);
	handle(SIGALRM);
	alarm(1);
	show_ret("read", CALL(SYS_read, ends[0], &byte, 1));
	show("signal %d", seen);
}

/* --- poll and select --- */

static void show_poll(const char *what, int fd, int events)
{
	struct pollfd p = {.fd = fd, .events = (short)events};
	long ret = CALL(SYS_poll, &p, 1, 0);

	show("%s: %ld, %#x", what, ret, p.revents);
}

CASE(poll, a_pipe)
{
	const int all = POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM;
	char byte;

	new_pipe(0);
	show_poll("reader, empty", ends[0], all);
	show_poll("writer, empty", ends[1], all);
	NEED(CALL(SYS_write, ends[1], "x", 1) == 1);
	show_poll("reader", ends[0], all);
	show_poll("asked for nothing", ends[0], 0);
	show_poll("asked for one name", ends[0], POLLRDNORM);
	NEED(CALL(SYS_read, ends[0], &byte, 1) == 1);
	close(ends[1]);
	show_poll("reader without a writer", ends[0], all);
	new_pipe(0);
	close(ends[0]);
	show_poll("writer without a reader", ends[1], all);
}

CASE(poll, errnos)
{
	struct pollfd p[2] = {{.fd = 99, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
	struct timespec bad = {0, 1000000000}, none = {0, 0};

	show_ret("closed", CALL(SYS_poll, p, 2, 0));
	show("%#x %#x", p[0].revents, p[1].revents);
	show_ret("at a bad address", CALL(SYS_poll, 8, 1, 0));
	show_ret("too many", CALL(SYS_poll, p, 1ul << 31, 0));
	show_ret("none", CALL(SYS_poll, 0, 0, 0));
	show_ret("a time that is none", CALL(SYS_ppoll, p, 0, &bad, 0, 8));
	show_ret("a time at a bad address", CALL(SYS_ppoll, p, 0, 8, 0, 8));
	show_ret("a mask of another size", CALL(SYS_ppoll, p, 0, &none, &none, 4));
	show_ret("a mask at a bad address", CALL(SYS_ppoll, p, 0, &none, 8, 8));
}

CASE(poll, files_are_ready)
{
	int fd;

	new_directory();
	fd = file_with("f", "text");
	show_poll("a file", fd, POLLIN | POLLOUT);
	show_poll("a directory", open(".", O_RDONLY), POLLIN | POLLOUT);
}

/* The other side does something while we wait. */
CASE(poll, wakes)
{
	struct pollfd p;
	pid_t pid;

	new_pipe(0);
	p = (struct pollfd){.fd = ends[0], .events = POLLIN};
	pid = fork();
	if (pid == 0) {
		nap_ns(20000000);
		_exit(CALL(SYS_write, ends[1], "x", 1) != 1);
	}
	show_ret("poll", CALL(SYS_poll, &p, 1, -1));
	show("%#x", p.revents);
	show_status("writer", status_of(pid));
	show_ret("again", CALL(SYS_poll, &p, 1, -1));
}

CASE(poll, signals)
{
	struct timespec long_time = {60, 0};
	struct timeval left = {60, 0};
	unsigned long none = 0, usr1 = 1ul << (SIGUSR1 - 1), now = 0;
	struct pollfd p;
	fd_set set;

	new_pipe(0);
	p = (struct pollfd){.fd = ends[0], .events = POLLIN};
	handle(SIGALRM);
	alarm(1);
	show_ret("poll", CALL(SYS_poll, &p, 1, 60000));
	handle(SIGUSR1);
	NEED(CALL(SYS_rt_sigprocmask, SIG_BLOCK, &usr1, 0, 8) == 0);
	NEED(kill(getpid(), SIGUSR1) == 0);
	show_ret("ppoll that lets it in", CALL(SYS_ppoll, &p, 1, &long_time, &none, 8));
	show("signal %d", seen);
	NEED(CALL(SYS_rt_sigprocmask, SIG_BLOCK, 0, &now, 8) == 0);
	show("the mask is as it was: %d", now == usr1);
	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	alarm(1);
	show_ret("select", CALL(SYS_select, ends[0] + 1, &set, 0, 0, &left));
	show("its bit stays %d, time is left %d", FD_ISSET(ends[0], &set) != 0, left.tv_sec < 60);
}

CASE(poll, select_bits)
{
	struct timeval none = {0, 0}, second = {0, 1000000}, negative = {-1, 0};
	fd_set in, out;

	new_pipe(0);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(ends[0], &in);
	FD_SET(ends[1], &out);
	show_ret("empty", CALL(SYS_select, 64, &in, &out, 0, &none));
	show("reader %d, writer %d", FD_ISSET(ends[0], &in) != 0, FD_ISSET(ends[1], &out) != 0);
	NEED(CALL(SYS_write, ends[1], "x", 1) == 1);
	FD_SET(ends[0], &in);
	show_ret("both", CALL(SYS_select, 64, &in, &out, 0, 0));
	show_ret("bits that do not count", CALL(SYS_select, ends[0], &in, 0, 0, &none));
	FD_ZERO(&in);
	FD_SET(63, &in);
	show_ret("closed", CALL(SYS_select, 64, &in, 0, 0, &none));
	show_ret("fewer than none", CALL(SYS_select, -1, 0, 0, 0, &none));
	show_ret("a time that is none", CALL(SYS_select, 0, 0, 0, 0, &negative));
	show_ret("a second in microseconds", CALL(SYS_select, 0, 0, 0, 0, &second));
	show_ret("a set at a bad address", CALL(SYS_select, 64, 8, 0, 0, &none));
}
