/* ABI tests: poll, select and their kin, as messages. */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>

#include "user/tests/files.h"

#define PATH(s) ((uintptr_t)(s))

static volatile sig_atomic_t caught;

static void count_signal(int sig)
{
	(void)sig;
	caught++;
}

static void handle_usr1(void)
{
	struct sigaction sa = {.sa_handler = count_signal, .sa_flags = SA_RESTART};

	caught = 0;
	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
}

static long poll_one(struct pollfd *fd, int ms)
{
	return raw_syscall3(SYS_poll, PATH(fd), 1, ms);
}

/* The server said: not now, with an id to remember. */
static void check_asked(unsigned int back, uint64_t events, bool waits)
{
	const struct script_seen *seen = script_last(back);

	CHECK_EQ(seen->op, FS_POLL);
	CHECK_EQ(seen->arg[0], events);
	if (waits)
		CHECK_EQ(seen->arg[1] >> 32, raw_syscall0(SYS_gettid));
	else
		CHECK_EQ(seen->arg[1], 0);
}

TEST(files, poll_asks_and_returns_what_is_ready)
{
	struct pollfd fd;

	script_start();
	fd = (struct pollfd){.fd = script->connection, .events = POLLIN | POLLOUT | POLLRDNORM};
	script_answer(POLLIN | POLLHUP);
	CHECK_EQ(poll_one(&fd, -1), 1);
	CHECK_EQ(fd.revents, POLLIN | POLLRDNORM | POLLHUP);
	CHECK_EQ(fd.events, POLLIN | POLLOUT | POLLRDNORM);
	check_asked(0, POLLIN | POLLOUT, true);
	/* What was not asked for is not said. */
	script_answer(POLLOUT | POLLPRI | 0x7000);
	fd.events = POLLWRNORM;
	CHECK_EQ(poll_one(&fd, 0), 1);
	CHECK_EQ(fd.revents, POLLWRNORM);
	script_answer(-ENOMEM);
	CHECK_EQ(poll_one(&fd, 0), 1);
	CHECK_EQ(fd.revents, POLLERR);
	CHECK_EQ(poll_one(&fd, 0), 0);
	CHECK_EQ(fd.revents, 0);
	check_asked(0, POLLOUT, false);
	script_end(4);
}

TEST(files, poll_waits_for_a_notice)
{
	struct pollfd fd;

	script_start();
	fd = (struct pollfd){.fd = script->connection, .events = POLLIN};
	script_answer(0)->notify = true;
	script_answer(0)->notify = true;
	script_answer(POLLIN);
	CHECK_EQ(poll_one(&fd, -1), 1);
	CHECK_EQ(fd.revents, POLLIN);
	check_asked(2, POLLIN, true);
	check_asked(1, POLLIN, true);
	check_asked(0, POLLIN, true);
	/* One poll, one id; and another one for the next. */
	CHECK_EQ(script_last(2)->arg[1], script_last(0)->arg[1]);
	script_answer(0)->notify = true;
	script_answer(POLLIN);
	CHECK_EQ(poll_one(&fd, 100000), 1);
	CHECK(script_last(0)->arg[1] != script_last(2)->arg[1]);
	script_end(3 + 2);
}

TEST(files, poll_asks_once_more_when_its_time_is_over)
{
	struct pollfd fd;

	script_start();
	fd = (struct pollfd){.fd = script->connection, .events = POLLIN};
	CHECK_EQ(poll_one(&fd, 1), 0);
	CHECK_EQ(script->nr_seen, 2);
	check_asked(1, POLLIN, true);
	check_asked(0, POLLIN, false);
	CHECK_EQ(raw_syscall3(SYS_poll, 0, 0, 1), 0);
	script_end(2);
}

TEST(files, poll_of_what_is_no_file)
{
	struct pollfd fds[6];
	int port;

	script_start();
	port = (int)ipc_port(0);
	fds[0] = (struct pollfd){.fd = 99, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = -1, .events = POLLIN, .revents = 7};
	/* The log, or a terminal. */
	fds[2] = (struct pollfd){.fd = 1, .events = POLLOUT};
	fds[3] = (struct pollfd){.fd = port, .events = POLLIN};
	fds[4] = (struct pollfd){.fd = script->connection, .events = POLLIN};
	fds[5] = (struct pollfd){.fd = script->connection, .events = POLLIN};
	script_answer(0);
	script_answer(POLLIN);
	CHECK_EQ(raw_syscall3(SYS_poll, PATH(fds), 6, -1), 4);
	CHECK_EQ(fds[0].revents, POLLNVAL);
	CHECK_EQ(fds[1].revents, 0);
	CHECK_EQ(fds[2].revents, POLLOUT);
	CHECK_EQ(fds[3].revents, POLLNVAL);
	CHECK_EQ(fds[4].revents, 0);
	CHECK_EQ(fds[5].revents, POLLIN);
	CHECK_EQ(raw_syscall3(SYS_poll, PATH(fds), 1025, 0), -EINVAL);
	CHECK_EQ(close(port), 0);
	script_end(2);
}

TEST(files, poll_ends_with_its_server)
{
	struct pollfd fd;

	script_start();
	fd = (struct pollfd){.fd = script->connection, .events = POLLIN};
	script_answer(0);
	script_answer(0)->die = true;
	if (fork() == 0) {
		while (script->nr_seen < 1)
			nap_ns(100000);
		(void)raw_syscall1(SYS_fsync, script->connection);
		_exit(0);
	}
	CHECK_EQ(poll_one(&fd, -1), 1);
	CHECK_EQ(fd.revents, POLLERR);
	CHECK_EQ(status_of_pid(script->server), EXITED(1));
}

TEST(files, who_notifies_nobody_hears_it)
{
	int port;

	need_ipc();
	port = (int)ipc_port(0);
	CHECK_EQ(raw_syscall2(SYS_fs_notify, port, 1ul << 32), -ESRCH);
	CHECK_EQ(raw_syscall2(SYS_fs_notify, 99, 1), -EBADF);
	CHECK_EQ(raw_syscall2(SYS_fs_notify, 1, 1), -EBADF);
	CHECK_EQ(close(port), 0);
}

/* --- signals --- */

/* The signal comes while the server is asked, which waits for its answer all the same. */
static void answer_with_signal(void)
{
	script_answer(0)->send_signal = SIGUSR1;
}

TEST(files, a_signal_ends_a_poll)
{
	struct timespec time = {100, 0};
	struct timeval left = {100, 0};
	struct pollfd fd;
	fd_set set;

	script_start();
	fd = (struct pollfd){.fd = script->connection, .events = POLLIN};
	handle_usr1();
	answer_with_signal();
	CHECK_EQ(poll_one(&fd, 100000), -EINTR);
	CHECK_EQ(caught, 1);
	answer_with_signal();
	CHECK_EQ(raw_syscall6(SYS_ppoll, PATH(&fd), 1, PATH(&time), 0, 0, 0), -EINTR);
	CHECK_EQ(caught, 2);
	FD_ZERO(&set);
	FD_SET(script->connection, &set);
	answer_with_signal();
	CHECK_EQ(raw_syscall6(SYS_select, 64, PATH(&set), 0, 0, PATH(&left), 0), -EINTR);
	CHECK_EQ(caught, 3);
	CHECK(FD_ISSET(script->connection, &set));
	CHECK(left.tv_sec < 100 && left.tv_sec > 0);
	script_end(3);
}

TEST(files, ppoll_changes_the_mask_while_it_waits)
{
	struct timespec time = {100, 0}, now = {0, 0};
	uint64_t usr1 = 1ul << (SIGUSR1 - 1), none = 0, mask = 0;
	uint64_t select_mask[2] = {PATH(&none), 8};

	script_start();
	handle_usr1();
	CHECK_EQ(raw_syscall4(SYS_rt_sigprocmask, SIG_BLOCK, PATH(&usr1), 0, 8), 0);
	CHECK_EQ(kill(getpid(), SIGUSR1), 0);
	CHECK_EQ(caught, 0);
	CHECK_EQ(raw_syscall6(SYS_ppoll, 0, 0, PATH(&time), PATH(&none), 8, 0), -EINTR);
	CHECK_EQ(caught, 1);
	CHECK_EQ(raw_syscall4(SYS_rt_sigprocmask, SIG_BLOCK, 0, PATH(&mask), 8), 0);
	CHECK_EQ(mask, usr1);
	CHECK_EQ(kill(getpid(), SIGUSR1), 0);
	CHECK_EQ(raw_syscall6(SYS_pselect6, 0, 0, 0, 0, PATH(&time), PATH(select_mask)), -EINTR);
	CHECK_EQ(caught, 2);
	/* Without a signal it is as it was. */
	CHECK_EQ(raw_syscall6(SYS_ppoll, 0, 0, PATH(&now), PATH(&none), 8, 0), 0);
	mask = 0;
	CHECK_EQ(raw_syscall4(SYS_rt_sigprocmask, SIG_BLOCK, 0, PATH(&mask), 8), 0);
	CHECK_EQ(mask, usr1);
	CHECK_EQ(raw_syscall6(SYS_ppoll, 0, 0, PATH(&now), PATH(&none), 4, 0), -EINVAL);
	script_end(0);
}

/* --- select --- */

TEST(files, select_has_a_bit_for_each_file)
{
	struct timeval now = {0, 0}, bad = {0, -1};
	fd_set in, out, except;
	int fd;

	script_start();
	fd = script->connection;
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&except);
	FD_SET(fd, &in);
	FD_SET(fd, &out);
	FD_SET(fd, &except);
	FD_SET(1, &out);
	script_answer(POLLIN);
	CHECK_EQ(raw_syscall6(SYS_select, fd + 1, PATH(&in), PATH(&out), PATH(&except), 0, 0), 2);
	check_asked(0, POLLIN | POLLOUT | POLLPRI, false);
	CHECK(FD_ISSET(fd, &in) && !FD_ISSET(fd, &out) && !FD_ISSET(fd, &except));
	CHECK(FD_ISSET(1, &out));
	/* An error makes it readable and writable. */
	FD_SET(fd, &out);
	FD_CLR(1, &out);
	script_answer(POLLERR);
	CHECK_EQ(raw_syscall6(SYS_select, fd + 1, PATH(&in), PATH(&out), 0, 0, 0), 2);
	/* Nothing now; bits above the number do not count. */
	CHECK_EQ(raw_syscall6(SYS_select, fd + 1, PATH(&in), 0, 0, PATH(&now), 0), 0);
	CHECK(!FD_ISSET(fd, &in));
	FD_SET(900, &in);
	CHECK_EQ(raw_syscall6(SYS_select, 64, PATH(&in), 0, 0, PATH(&now), 0), 0);
	CHECK_EQ(raw_syscall6(SYS_select, 901, PATH(&in), 0, 0, PATH(&now), 0), -EBADF);
	CHECK_EQ(raw_syscall6(SYS_select, -1, PATH(&in), 0, 0, PATH(&now), 0), -EINVAL);
	CHECK_EQ(raw_syscall6(SYS_select, 0, 0, 0, 0, PATH(&bad), 0), -EINVAL);
	script_end(3);
}
