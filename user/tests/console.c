/*
 * ABI tests: the console server, started by the test, without a serial port: nothing is typed, and what is written
 * has nowhere to go. What is left is the server's: descriptors, modes, whose terminal it is, and that a death of
 * the server is not noticed. After `machine` (init.c) the server has the right to know of processes too.
 */
#include "user/console/console.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>

#include "user/lib/procinfo.h"
#include "user/tests/machine.h"

struct served {
	int port, state;
	pid_t pid;
};

static void start_console(struct served *s)
{
	char port[32], state[32], processes[32];
	long right;

	s->pid = fork();
	if (s->pid)
		return;
	snprintf(port, sizeof(port), "port=%d", s->port);
	snprintf(state, sizeof(state), "state=%d", s->state);
	right = machine_processes(MACHINE_HANDLE, 0);
	snprintf(processes, sizeof(processes), "processes=%ld", right);
	/* The root is what is to be started. */
	CHECK_EQ(fs_root(-1), 0);
	execl("/sbin/console", "console", port, state, right < 0 ? NULL : processes, NULL);
	_exit(127);
}

/* The console is the root directory, and so every path's beginning: "/" is /dev/ttyS0. */
static int new_console(struct served *s, enum console_name name)
{
	int connection, fd;

	need_ipc();
	s->port = (int)ipc_port(IPC_INHERIT);
	s->state = (int)memobj_create(sizeof(struct console_state), 0);
	CHECK(s->port >= 0 && s->state >= 0);
	start_console(s);
	connection = (int)ipc_connect(s->port, name, 0);
	CHECK_EQ(fs_root(connection), 0);
	CHECK_EQ(close(connection), 0);
	fd = open("/", O_RDWR | O_NOCTTY);
	CHECK(fd >= 0);
	return fd;
}

static void end_console(struct served *s)
{
	CHECK_EQ(kill(s->pid, SIGKILL), 0);
	CHECK_EQ(status_of_pid(s->pid), SIGKILL);
}

TEST(console, is_a_terminal)
{
	struct winsize size;
	struct termios modes;
	struct served s;
	struct stat st;
	int fd = new_console(&s, CONSOLE_SERIAL);

	CHECK(isatty(fd));
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(S_ISCHR(st.st_mode) && st.st_rdev == makedev(4, 64));
	CHECK_EQ(stat("/", &st), 0);
	CHECK(S_ISCHR(st.st_mode) && st.st_rdev == makedev(4, 64));
	CHECK_EQ(tcgetattr(fd, &modes), 0);
	CHECK((modes.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG) &&
	      modes.c_cc[VINTR] == 3);
	CHECK_EQ(ioctl(fd, TIOCGWINSZ, &size), 0);
	CHECK(size.ws_row == 24 && size.ws_col == 80);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), -1);
	CHECK_EQ(errno, ESPIPE);
	CHECK_EQ(open("/x", O_RDWR), -1);
	CHECK_EQ(errno, ENOTDIR);
	CHECK_EQ(open("/", O_RDONLY | O_DIRECTORY), -1);
	CHECK_EQ(errno, ENOTDIR);
	end_console(&s);
}

TEST(console, flags_belong_to_the_open_description)
{
	struct served s;
	int fd = new_console(&s, CONSOLE_SERIAL), other = open("/", O_WRONLY), copy = dup(fd);
	char byte;

	CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR);
	CHECK_EQ(fcntl(copy, F_SETFL, O_NONBLOCK), 0);
	CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK);
	CHECK_EQ(fcntl(other, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_WRONLY);
	CHECK_EQ(read(fd, &byte, 1), -1);
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(read(other, &byte, 1), -1);
	CHECK_EQ(errno, EBADF);
	CHECK_EQ(write(other, "x", 1), 1);
	CHECK_EQ(close(other), 0);
	other = open("/", O_RDONLY);
	CHECK_EQ(write(other, "x", 1), -1);
	CHECK_EQ(errno, EBADF);
	/* Many of them come and go. */
	for (int i = 0; i < 2 * CONSOLE_OPENS; i++)
		CHECK_EQ(close(open("/", O_RDONLY | O_NOCTTY)), 0);
	end_console(&s);
}

TEST(console, modes_and_size_are_the_terminals)
{
	struct winsize size = {.ws_row = 50, .ws_col = 132};
	struct termios modes, now;
	struct served s;
	int fd = new_console(&s, CONSOLE_SERIAL), other = open("/", O_RDWR | O_NOCTTY), n = -1;
	char byte;

	CHECK_EQ(tcgetattr(fd, &modes), 0);
	cfmakeraw(&modes);
	modes.c_cc[VMIN] = 0;
	CHECK_EQ(tcsetattr(fd, TCSADRAIN, &modes), 0);
	CHECK_EQ(tcgetattr(other, &now), 0);
	CHECK_EQ(now.c_lflag, modes.c_lflag);
	CHECK_EQ(read(other, &byte, 1), 0);
	modes.c_cc[VTIME] = 1;
	CHECK_EQ(tcsetattr(fd, TCSAFLUSH, &modes), 0);
	CHECK_EQ(read(other, &byte, 1), 0);
	CHECK_EQ(ioctl(other, TIOCSWINSZ, &size), 0);
	memset(&size, 0, sizeof(size));
	CHECK_EQ(ioctl(fd, TIOCGWINSZ, &size), 0);
	CHECK(size.ws_row == 50 && size.ws_col == 132);
	CHECK_EQ(ioctl(fd, FIONREAD, &n), 0);
	CHECK_EQ(n, 0);
	CHECK_EQ(tcflush(fd, TCIOFLUSH), 0);
	CHECK_EQ(tcdrain(fd), 0);
	CHECK_EQ(tcflow(fd, TCOOFF) | tcflow(fd, TCOON), 0);
	end_console(&s);
}

TEST(console, ioctls_badly_made)
{
	struct served s;
	int fd = new_console(&s, CONSOLE_SERIAL);

	for (unsigned int i = 0; i < NR_WILD; i++) {
		void *wild = (void *)wild_address(i);

		CHECK_EQ(ioctl(fd, TCGETS, wild), -1);
		CHECK_EQ(errno, EFAULT);
		CHECK_EQ(ioctl(fd, TCSETS, wild_address(i)), -1);
		CHECK_EQ(errno, EFAULT);
		CHECK_EQ(ioctl(fd, TIOCSWINSZ, wild_address(i)), -1);
		CHECK_EQ(errno, EFAULT);
		CHECK_EQ(write(fd, wild, 10), -1);
		CHECK_EQ(errno, EFAULT);
	}
	CHECK_EQ(ioctl(fd, TCFLSH, 3), -1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(ioctl(fd, TCXONC, 4), -1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(ioctl(fd, 0x12345678, 0), -1);
	CHECK_EQ(errno, ENOTTY);
	CHECK_EQ(ioctl(fd, TIOCSTI, "x"), -1);
	CHECK_EQ(errno, EIO);
	end_console(&s);
}

static int terminal;
static volatile int *shared;
static volatile int signals_seen;

static void count_signal(int signal)
{
	signals_seen += signal;
}

static void wait_for_signals(int sum)
{
	while (signals_seen < sum)
		nap_ns(1000000);
	CHECK_EQ(signals_seen, sum);
}

/* --- whose terminal it is --- */

TEST(console, a_session_leader_gets_it)
{
	struct served s;
	int fd = new_console(&s, CONSOLE_SERIAL), group, mine, foreign = getpgrp();

	CHECK_EQ(ioctl(fd, TIOCGPGRP, &group), -1);
	CHECK_EQ(errno, ENOTTY);
	CHECK_EQ(ioctl(fd, TIOCSCTTY, 0), -1);
	CHECK_EQ(errno, EPERM);
	CHECK(setsid() > 0);
	CHECK_EQ(tcgetsid(fd), -1);
	mine = open("/", O_RDWR);
	CHECK_EQ(tcgetsid(mine), getpid());
	CHECK_EQ(tcgetpgrp(fd), getpid());
	CHECK_EQ(ioctl(fd, TIOCSCTTY, 0), 0);
	CHECK_EQ(tcsetpgrp(fd, 0x7ffffff), -1);
	CHECK_EQ(errno, ESRCH);
	CHECK_EQ(tcsetpgrp(fd, foreign), -1);
	CHECK_EQ(errno, EPERM);
	/* Who gives it up hangs up. */
	CHECK(signal(SIGHUP, count_signal) == SIG_DFL);
	CHECK_EQ(ioctl(fd, TIOCNOTTY), 0);
	wait_for_signals(SIGHUP);
	CHECK_EQ(tcgetsid(fd), -1);
	CHECK_EQ(errno, ENOTTY);
	end_console(&s);
}

/* The other leader of the test below. */
static void want_terminal(void)
{
	int fd = open("/", O_RDWR);

	CHECK(setsid() > 0);
	CHECK_EQ(ioctl(fd, TIOCSCTTY, 0), -1);
	CHECK_EQ(errno, EPERM);
	CHECK(open("/", O_RDWR) >= 0);
	CHECK_EQ(tcgetsid(fd), -1);
	CHECK_EQ(errno, ENOTTY);
	CHECK_EQ(ioctl(fd, TIOCSCTTY, 1), 0);
	CHECK_EQ(tcgetsid(fd), getpid());
}

static void lead_session(void)
{
	CHECK(setsid() > 0);
	CHECK_EQ(tcgetsid(open("/", O_RDWR)), getpid());
}

TEST(console, it_is_one_sessions_at_a_time)
{
	struct served s;
	int fd = new_console(&s, CONSOLE_SERIAL);

	CHECK(setsid() > 0);
	CHECK_EQ(ioctl(fd, TIOCSCTTY, 0), 0);
	CHECK_EQ(status_of(want_terminal), EXITED(0));
	CHECK_EQ(tcgetsid(fd), -1);
	/* That one has ended: the next leader may have it. */
	CHECK_EQ(status_of(lead_session), EXITED(0));
	CHECK_EQ(status_of(lead_session), EXITED(0));
	end_console(&s);
}

static void read_in_background(void)
{
	char byte;

	setpgid(0, 0);
	(void)read(terminal, &byte, 1);
}

static void write_in_background(void)
{
	setpgid(0, 0);
	if (write(terminal, "x", 1) == 1)
		_exit(7);
}

/* Starts it in the background, and returns the signal that stops it, or its exit status. */
static int stopped_by(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		fn();
		_exit(1);
	}
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	if (!WIFSTOPPED(status))
		return status;
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(status_of_pid(pid), SIGKILL);
	return WSTOPSIG(status);
}

TEST(console, the_background_stops)
{
	struct termios modes;
	struct served s;

	terminal = new_console(&s, CONSOLE_SERIAL);
	CHECK(setsid() > 0);
	CHECK_EQ(ioctl(terminal, TIOCSCTTY, 0), 0);
	CHECK_EQ(stopped_by(read_in_background), SIGTTIN);
	CHECK_EQ(stopped_by(write_in_background), EXITED(7));
	CHECK_EQ(tcgetattr(terminal, &modes), 0);
	modes.c_lflag |= TOSTOP;
	CHECK_EQ(tcsetattr(terminal, TCSANOW, &modes), 0);
	CHECK_EQ(write(terminal, "y", 1), 1);
	end_console(&s);
}

/* --- with the right to know of processes: who would not stop does not stop --- */

static void read_and_ignore(void)
{
	char byte;

	setpgid(0, 0);
	(void)signal(SIGTTIN, SIG_IGN);
	_exit(read(terminal, &byte, 1) == -1 && errno == EIO ? 3 : 4);
}

static void set_modes_in_background(void)
{
	struct termios modes;

	setpgid(0, 0);
	tcgetattr(terminal, &modes);
	(void)tcsetattr(terminal, TCSANOW, &modes);
	_exit(8);
}

static void set_modes_and_block(void)
{
	sigset_t ttou;

	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	(void)sigprocmask(SIG_BLOCK, &ttou, NULL);
	set_modes_in_background();
}

/* As a shell does that takes the terminal back. */
static void take_terminal(void)
{
	setpgid(0, 0);
	(void)signal(SIGTTOU, SIG_IGN);
	_exit(tcsetpgrp(terminal, getpid()) == 0 && tcgetpgrp(terminal) == getpid() ? 5 : 6);
}

/* In a group of its own, with a parent that has died. */
static void orphan(void)
{
	pid_t parent = getpid();
	char byte;

	if (fork())
		_exit(0);
	while (getppid() == parent)
		nap_ns(1000000);
	setpgid(0, 0);
	*shared = read(terminal, &byte, 1) == -1 ? errno : -1;
	_exit(0);
}

TEST(console, who_would_not_stop_is_told)
{
	struct termios modes;
	struct served s;

	need_machine();
	terminal = new_console(&s, CONSOLE_SERIAL);
	CHECK(setsid() > 0);
	CHECK_EQ(ioctl(terminal, TIOCSCTTY, 0), 0);
	CHECK_EQ(stopped_by(read_and_ignore), EXITED(3));
	CHECK_EQ(stopped_by(read_in_background), SIGTTIN);
	CHECK_EQ(stopped_by(set_modes_in_background), SIGTTOU);
	CHECK_EQ(stopped_by(set_modes_and_block), EXITED(8));
	CHECK_EQ(stopped_by(take_terminal), EXITED(5));
	(void)signal(SIGTTOU, SIG_IGN);
	CHECK_EQ(tcsetpgrp(terminal, getpid()), 0);
	CHECK_EQ(tcgetattr(terminal, &modes), 0);
	modes.c_lflag |= TOSTOP;
	CHECK_EQ(tcsetattr(terminal, TCSANOW, &modes), 0);
	CHECK_EQ(write(terminal, "y", 1), 1);
	(void)signal(SIGTTOU, SIG_DFL);
	CHECK_EQ(stopped_by(write_in_background), SIGTTOU);
	end_console(&s);
}

TEST(console, nobody_continues_an_orphan)
{
	struct served s;

	need_machine();
	shared = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	terminal = new_console(&s, CONSOLE_SERIAL);
	CHECK(setsid() > 0);
	CHECK_EQ(ioctl(terminal, TIOCSCTTY, 0), 0);
	CHECK_EQ(stopped_by(orphan), EXITED(0));
	while (!*shared)
		nap_ns(1000000);
	CHECK_EQ(*shared, EIO);
	end_console(&s);
}

/* A signal ends a read that waits. */
TEST(console, a_signal_ends_a_read)
{
	const struct itimerval soon = {.it_value.tv_usec = 50000};
	struct sigaction action = {.sa_handler = count_signal};
	struct served s;
	char byte;

	terminal = new_console(&s, CONSOLE_SERIAL);
	CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
	CHECK_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
	CHECK_EQ(read(terminal, &byte, 1), -1);
	CHECK_EQ(errno, EINTR);
	CHECK_EQ(signals_seen, SIGALRM);
	end_console(&s);
}

TEST(console, the_size_changes_under_the_foreground)
{
	struct sigaction action = {.sa_handler = count_signal};
	struct winsize size = {.ws_row = 30, .ws_col = 90};
	struct served s;

	terminal = new_console(&s, CONSOLE_SERIAL);
	CHECK(setsid() > 0);
	CHECK_EQ(ioctl(terminal, TIOCSCTTY, 0), 0);
	CHECK_EQ(sigaction(SIGWINCH, &action, NULL), 0);
	CHECK_EQ(ioctl(terminal, TIOCSWINSZ, &size), 0);
	wait_for_signals(SIGWINCH);
	/* The same size is no change; another one is. */
	CHECK_EQ(ioctl(terminal, TIOCSWINSZ, &size), 0);
	size.ws_row++;
	CHECK_EQ(ioctl(terminal, TIOCSWINSZ, &size), 0);
	wait_for_signals(2 * SIGWINCH);
	nap_ns(20000000);
	CHECK_EQ(signals_seen, 2 * SIGWINCH);
	end_console(&s);
}

/* --- a server that is killed --- */

static void wait_for_byte(void)
{
	char byte;

	/* VMIN 0, VTIME 2: nothing comes, however often the server dies meanwhile. */
	_exit(read(terminal, &byte, 1) == 0 ? 0 : 1);
}

TEST(console, a_death_is_not_noticed)
{
	struct winsize size = {.ws_row = 31, .ws_col = 91};
	struct termios modes;
	struct served s;
	pid_t reader;

	terminal = new_console(&s, CONSOLE_SERIAL);
	CHECK(setsid() > 0);
	CHECK_EQ(ioctl(terminal, TIOCSCTTY, 0), 0);
	CHECK_EQ(ioctl(terminal, TIOCSWINSZ, &size), 0);
	CHECK_EQ(tcgetattr(terminal, &modes), 0);
	cfmakeraw(&modes);
	modes.c_cc[VMIN] = 0;
	modes.c_cc[VTIME] = 5;
	CHECK_EQ(tcsetattr(terminal, TCSANOW, &modes), 0);
	CHECK_EQ(fcntl(terminal, F_SETFL, O_APPEND), 0);
	reader = fork();
	if (reader == 0)
		wait_for_byte();
	for (int i = 0; i < 5; i++) {
		end_console(&s);
		start_console(&s);
		memset(&size, 0, sizeof(size));
		CHECK_EQ(ioctl(terminal, TIOCGWINSZ, &size), 0);
		CHECK(size.ws_row == 31 && size.ws_col == 91);
		CHECK_EQ(tcgetpgrp(terminal), getpid());
		CHECK_EQ(fcntl(terminal, F_GETFL) & (O_ACCMODE | O_APPEND), O_RDWR | O_APPEND);
		CHECK_EQ(tcgetattr(terminal, &modes), 0);
		CHECK_EQ(modes.c_lflag & ICANON, 0);
	}
	CHECK_EQ(status_of_pid(reader), EXITED(0));
	end_console(&s);
}

TEST(console, is_polled)
{
	struct served s;
	struct pollfd p = {.fd = new_console(&s, CONSOLE_SERIAL), .events = POLLIN | POLLOUT};

	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLOUT);
	p.events = POLLIN;
	CHECK_EQ(poll(&p, 1, 20), 0);
	end_console(&s);
}
