/* Descriptors as numbers: dup, close, fcntl, limits, what fork and exec do to them. */
#include <fcntl.h>
#include <sched.h>
#include <sys/uio.h>

#include "user/conformance/conform.h"

#define NO_FD 777

CASE(file, dup_errnos)
{
	show_ret("of what is not open", CALL(SYS_dup, NO_FD));
	show_ret("of -1", CALL(SYS_dup, -1));
	show_ret("dup2 of what is not open", CALL(SYS_dup2, NO_FD, 5));
	show_ret("dup2 of what is not open to itself", CALL(SYS_dup2, NO_FD, NO_FD));
	show_ret("dup2 to -1", CALL(SYS_dup2, 1, -1));
	show_ret("dup2 to a number that is too high", CALL(SYS_dup2, 1, 1 << 30));
	show_ret("dup2 to itself", CALL(SYS_dup2, 1, 1));
	show_ret("dup3 to itself", CALL(SYS_dup3, 1, 1, 0));
	show_ret("dup3, unknown flags", CALL(SYS_dup3, 1, 5, 1));
	show_ret("dup3 of what is not open", CALL(SYS_dup3, NO_FD, 5, 0));
}

CASE(file, lowest_free_number)
{
	show_ret("dup", CALL(SYS_dup, 1));
	show_ret("dup", CALL(SYS_dup, 1));
	show_ret("dup", CALL(SYS_dup, 1));
	show_ret("close 4", CALL(SYS_close, 4));
	show_ret("dup", CALL(SYS_dup, 1));
	show_ret("dup2 to 9", CALL(SYS_dup2, 1, 9));
	show_ret("dup2 to 9 again", CALL(SYS_dup2, 2, 9));
	show_ret("dup", CALL(SYS_dup, 1));
	show_ret("F_DUPFD from 7", CALL(SYS_fcntl, 1, F_DUPFD, 7));
	show_ret("F_DUPFD from 7", CALL(SYS_fcntl, 1, F_DUPFD, 7));
	show_ret("F_DUPFD from 7", CALL(SYS_fcntl, 1, F_DUPFD, 7));
}

CASE(file, close_errnos)
{
	show_ret("what is not open", CALL(SYS_close, NO_FD));
	show_ret("-1", CALL(SYS_close, -1));
	NEED(CALL(SYS_dup2, 1, 5) == 5);
	show_ret("what is open", CALL(SYS_close, 5));
	show_ret("again", CALL(SYS_close, 5));
}

CASE(file, close_range)
{
	for (int fd = 10; fd < 20; fd++)
		NEED(CALL(SYS_dup2, 1, fd) == fd);
	show_ret("first after last", CALL(SYS_close_range, 5, 4, 0));
	show_ret("unknown flags", CALL(SYS_close_range, 10, 11, 64));
	show_ret("12 to 14", CALL(SYS_close_range, 12, 14, 0));
	for (int fd = 10; fd < 20; fd++)
		show("%d is open: %d", fd, CALL(SYS_fcntl, fd, F_GETFD) >= 0);
	show_ret("all from 10 on", CALL(SYS_close_range, 10, -1u, 0));
	show_ret("is 19 open", CALL(SYS_fcntl, 19, F_GETFD));
}

CASE(file, fcntl_of_descriptors)
{
	show_ret("of what is not open", CALL(SYS_fcntl, NO_FD, F_GETFD));
	show_ret("unknown command", CALL(SYS_fcntl, 1, 9999, 0));
	NEED(CALL(SYS_dup2, 1, 5) == 5);
	show_ret("flags", CALL(SYS_fcntl, 5, F_GETFD));
	show_ret("set close-on-exec", CALL(SYS_fcntl, 5, F_SETFD, FD_CLOEXEC));
	show_ret("flags", CALL(SYS_fcntl, 5, F_GETFD));
	show_ret("a copy has none", CALL(SYS_dup2, 5, 6));
	show_ret("flags", CALL(SYS_fcntl, 6, F_GETFD));
	show_ret("dup3 with O_CLOEXEC", CALL(SYS_dup3, 5, 7, O_CLOEXEC));
	show_ret("flags", CALL(SYS_fcntl, 7, F_GETFD));
	show_ret("F_DUPFD_CLOEXEC", CALL(SYS_fcntl, 1, F_DUPFD_CLOEXEC, 8));
	show_ret("flags", CALL(SYS_fcntl, 8, F_GETFD));
	show_ret("F_DUPFD from -1", CALL(SYS_fcntl, 1, F_DUPFD, -1));
	show_ret("F_DUPFD from too high", CALL(SYS_fcntl, 1, F_DUPFD, 1 << 30));
}

CASE(file, calls_on_what_is_not_open)
{
	char byte = 0;
	struct iovec iov = {&byte, 1};

	show_ret("read", CALL(SYS_read, NO_FD, &byte, 1));
	show_ret("write", CALL(SYS_write, NO_FD, &byte, 1));
	show_ret("write of nothing", CALL(SYS_write, NO_FD, &byte, 0));
	show_ret("writev", CALL(SYS_writev, NO_FD, &iov, 1));
	show_ret("writev of nothing", CALL(SYS_writev, NO_FD, &iov, 0));
	show_ret("ioctl", CALL(SYS_ioctl, NO_FD, 0x5401, 0));
	show_ret("read, -1", CALL(SYS_read, -1, &byte, 1));
	CALL(SYS_close, 2);
	show_ret("write to what was closed", CALL(SYS_write, 2, &byte, 1));
}

CASE(file, write_errnos)
{
	show_ret("from a bad address", CALL(SYS_write, 1, 1, 5));
	show_ret("nothing from a bad address", CALL(SYS_write, 1, 1, 0));
	show_ret("from the kernel's half", CALL(SYS_write, 1, 0xffff888000000000, 5));
	show_ret("writev of a bad list", CALL(SYS_writev, 1, 1, 1));
	show_ret("writev of too many", CALL(SYS_writev, 1, 1, 1025));
	show_ret("writev of none", CALL(SYS_writev, 1, 1, 0));
	show_ret("writev of -1", CALL(SYS_writev, 1, 1, -1));
}

CASE(file, writev_is_one_line)
{
	static char frame[] = "= file.writev_is_one_line | in ", three[] = "three ",
		    parts[] = "parts\n";
	struct iovec iov[] = {{frame, sizeof(frame) - 1}, {three, 6}, {NULL, 0}, {parts, 6}};

	show_ret("writev", CALL(SYS_writev, 1, iov, 4));
}

CASE(file, child_has_its_own_table)
{
	pid_t pid;

	NEED(CALL(SYS_dup2, 1, 5) == 5);
	pid = fork();
	if (pid == 0) {
		show_ret("child: 5 is open", CALL(SYS_fcntl, 5, F_GETFD));
		CALL(SYS_close, 5);
		CALL(SYS_dup2, 1, 6);
		_exit(0);
	}
	status_of(pid);
	show_ret("parent: 5 is open", CALL(SYS_fcntl, 5, F_GETFD));
	show_ret("parent: 6 is not", CALL(SYS_fcntl, 6, F_GETFD));
}

static void *close_five(void *unused)
{
	(void)unused;
	show_ret("thread closes 5", CALL(SYS_close, 5));
	return NULL;
}

CASE(file, threads_share_a_table)
{
	NEED(CALL(SYS_dup2, 1, 5) == 5);
	join(thread(close_five, NULL));
	show_ret("5", CALL(SYS_fcntl, 5, F_GETFD));
}

CASE(file, clone_shares_a_table)
{
	long pid;

	NEED(CALL(SYS_dup2, 1, 5) == 5);
	pid = CALL(SYS_clone, CLONE_FILES | 17 /* SIGCHLD */, 0, 0, 0, 0);
	if (pid == 0) {
		CALL(SYS_close, 5);
		raw_exit(0);
	}
	status_of(pid);
	show_ret("5", CALL(SYS_fcntl, 5, F_GETFD));
}

HELPER(descriptors)
{
	(void)argc;
	(void)argv;
	(void)envp;
	for (int fd = 5; fd < 8; fd++)
		show_ret("after exec", CALL(SYS_fcntl, fd, F_GETFD));
	return 0;
}

CASE(file, close_on_exec)
{
	pid_t pid = fork();

	if (pid == 0) {
		NEED(CALL(SYS_dup2, 1, 5) == 5);
		NEED(CALL(SYS_dup3, 1, 6, O_CLOEXEC) == 6);
		NEED(CALL(SYS_dup2, 6, 7) == 7);
		_exit(-exec_helper("descriptors", NULL, NULL, NULL));
	}
	show_status("end", status_of(pid));
}

/* An exec leaves a table that is shared with another process to that one. */
CASE(file, exec_stops_sharing)
{
	long pid;

	NEED(CALL(SYS_dup3, 1, 6, O_CLOEXEC) == 6);
	pid = CALL(SYS_clone, CLONE_FILES | 17 /* SIGCHLD */, 0, 0, 0, 0);
	if (pid == 0)
		raw_exit(-exec_helper("descriptors", NULL, NULL, NULL));
	show_status("end", status_of(pid));
	show_ret("6 is still open here", CALL(SYS_fcntl, 6, F_GETFD));
}
