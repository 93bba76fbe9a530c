/* ABI tests: reading, writing and asking an open file, as messages; signals meanwhile. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "user/tests/files.h"

#define PATH(s) ((uintptr_t)(s))

static char buffer[4 * PAGE_SIZE];

/* As a message has a few bytes. */
static uint64_t word_of(const char *data, size_t bytes)
{
	uint64_t word = 0;

	memcpy(&word, data, bytes);
	return word;
}

TEST(files, read_and_write_say_how_much_and_where)
{
	struct script_answer *a;
	int fd;

	script_start();
	fd = script->connection;
	a = script_answer(3);
	memcpy(a->data, "abc", a->data_bytes = 3);
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(buffer), 100), 3);
	CHECK_EQ(memcmp(buffer, "abc\0", 4), 0);
	check_seen(script_last(0), FS_READ, 0, NULL, 100, FS_CURRENT, 0);
	CHECK_EQ(script_last(0)->in_bytes, 100);
	script_answer(2);
	CHECK_EQ(raw_syscall3(SYS_write, fd, PATH("xyz"), 3), 2);
	check_seen(script_last(0), FS_WRITE, FS_SHORT, NULL, 3, FS_CURRENT, word_of("xyz", 3));
	CHECK_EQ(memcmp(script_last(0)->data, "xyz", 3), 0);
	CHECK_EQ(raw_syscall4(SYS_pread64, fd, PATH(buffer), 5, 1ul << 40), 0);
	check_seen(script_last(0), FS_READ, FS_SHORT, NULL, 5, 1ul << 40, 0);
	CHECK_EQ(raw_syscall4(SYS_pwrite64, fd, PATH(buffer), 9, 7), 0);
	check_seen(script_last(0), FS_WRITE, 0, NULL, 9, 7, 0);
	CHECK_EQ(raw_syscall4(SYS_pread64, fd, PATH(buffer), 5, -1), -EINVAL);
	/* More than there was room for, or was sent; what no errno is. */
	script_answer(6);
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(buffer), 5), -EIO);
	script_answer(4);
	CHECK_EQ(raw_syscall3(SYS_write, fd, PATH(buffer), 3), -EIO);
	script_answer(-512);
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(buffer), 5), -EIO);
	script_answer(-4096);
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(buffer), 5), -EIO);
	script_end(8);
}

TEST(files, a_few_bytes_go_in_a_word)
{
	char *edge = (char *)mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) +
		     PAGE_SIZE;
	struct script_answer *a;
	int fd;

	script_start();
	fd = script->connection;
	CHECK_EQ(munmap(edge, PAGE_SIZE), 0);
	script_answer(8);
	CHECK_EQ(raw_syscall3(SYS_write, fd, PATH("12345678"), 8), 8);
	check_seen(script_last(0), FS_WRITE, FS_SHORT, NULL, 8, FS_CURRENT, word_of("12345678", 8));
	script_answer(9);
	CHECK_EQ(raw_syscall3(SYS_write, fd, PATH("123456789"), 9), 9);
	check_seen(script_last(0), FS_WRITE, 0, NULL, 9, FS_CURRENT, 0);
	/* The answer comes in a word, or beside it as any other. */
	memset(buffer, '-', sizeof(buffer));
	a = script_answer(3);
	a->word = FS_IN_WORD;
	a->word1 = word_of("abcdef", 6);
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(buffer), 8), 3);
	check_seen(script_last(0), FS_READ, FS_SHORT, NULL, 8, FS_CURRENT, 0);
	CHECK_EQ(script_last(0)->in_bytes, 8);
	CHECK_EQ(memcmp(buffer, "abc-", 4), 0);
	a = script_answer(2);
	memcpy(a->data, "ok", a->data_bytes = 2);
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(buffer), 8), 2);
	CHECK_EQ(memcmp(buffer, "okc-", 4), 0);
	/* Nobody has allowed it; more than asked for; nothing, at the end of the file. */
	script_answer(3)->word = FS_IN_WORD;
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(buffer), 9), -EIO);
	script_answer(3)->word = FS_IN_WORD;
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(buffer), 2), -EIO);
	script_answer(0)->word = FS_IN_WORD;
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(buffer), 8), 0);
	CHECK_EQ(memcmp(buffer, "okc-", 4), 0);
	/* A server gives nothing away to memory that is not there. */
	a = script_answer(2);
	a->data_bytes = 2;
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(edge - 1), 2), -EFAULT);
	check_seen(script_last(0), FS_READ, 0, NULL, 2, FS_CURRENT, 0);
	CHECK_EQ(script_last(0)->answered, -EFAULT);
	CHECK_EQ(raw_syscall3(SYS_write, fd, PATH(edge - 1), 2), -EFAULT);
	/* All that there is fits. */
	script_answer(1);
	CHECK_EQ(raw_syscall3(SYS_write, fd, PATH(edge - 1), 1), 1);
	script_end(9);
}

TEST(files, segments_are_one_message)
{
	const struct iovec out[6] = {{"a", 1},   {"bc", 2}, {NULL, 0},
				     {"def", 3}, {"g", 1},  {"h", 1}};
	struct iovec in[2] = {{buffer, 2}, {buffer + 10, 100}};
	struct script_answer *a;
	int fd;

	script_start();
	fd = script->connection;
	script_answer(8);
	CHECK_EQ(raw_syscall3(SYS_writev, fd, PATH(out), 6), 8);
	check_seen(script_last(0), FS_WRITE, 0, NULL, 8, FS_CURRENT, 0);
	CHECK_EQ(memcmp(script_last(0)->data, "abcdefgh", 8), 0);
	a = script_answer(4);
	memcpy(a->data, "wxyz", a->data_bytes = 4);
	CHECK_EQ(raw_syscall3(SYS_readv, fd, PATH(in), 2), 4);
	CHECK_EQ(memcmp(buffer, "wx", 3), 0);
	CHECK_EQ(memcmp(buffer + 10, "yz", 3), 0);
	CHECK_EQ(raw_syscall4(SYS_preadv, fd, PATH(in), 2, 9), 0);
	check_seen(script_last(0), FS_READ, 0, NULL, 102, 9, 0);
	CHECK_EQ(raw_syscall6(SYS_pwritev2, fd, PATH(out), 2, -1, 0, 0), 0);
	check_seen(script_last(0), FS_WRITE, 0, NULL, 3, FS_CURRENT, 0);
	CHECK_EQ(raw_syscall6(SYS_pwritev2, fd, PATH(out), 2, -1, 0, 1), -EOPNOTSUPP);
	/* The kernel's memory is nobody's to send. */
	in[1].iov_base = (void *)0xffff888000000000;
	CHECK_EQ(raw_syscall3(SYS_readv, fd, PATH(in), 2), -EFAULT);
	CHECK_EQ(raw_syscall3(SYS_writev, fd, PATH(in), 2), -EFAULT);
	CHECK_EQ(raw_syscall3(SYS_read, fd, 0xffff888000000000, 8), -EFAULT);
	CHECK_EQ(raw_syscall3(SYS_readv, fd, PATH(in), 1025), -EINVAL);
	script_end(4);
}

static struct script_answer *answer_rest(long taken)
{
	struct script_answer *a = script_answer(taken);

	a->word = FS_REST;
	return a;
}

TEST(files, a_write_goes_on_with_the_rest)
{
	struct iovec out[2] = {{"abc", 3}, {"defgh", 5}};
	int fd;

	script_start();
	fd = script->connection;
	answer_rest(2);
	answer_rest(3);
	script_answer(3);
	CHECK_EQ(raw_syscall4(SYS_pwritev, fd, PATH(out), 2, 100), 8);
	check_seen(script_last(2), FS_WRITE, 0, NULL, 8, 100, 0);
	check_seen(script_last(1), FS_WRITE, 0, NULL, 6, 102, 0);
	CHECK_EQ(memcmp(script_last(1)->data, "cdefgh", 6), 0);
	check_seen(script_last(0), FS_WRITE, 0, NULL, 3, 105, 0);
	CHECK_EQ(memcmp(script_last(0)->data, "fgh", 3), 0);
	/* An error that comes then is not said: what was written is. */
	answer_rest(1);
	script_answer(-ENOSPC);
	CHECK_EQ(raw_syscall3(SYS_write, fd, PATH("xyz"), 3), 1);
	check_seen(script_last(1), FS_WRITE, FS_SHORT, NULL, 3, FS_CURRENT, word_of("xyz", 3));
	check_seen(script_last(0), FS_WRITE, 0, NULL, 2, FS_CURRENT, 0);
	CHECK_EQ(memcmp(script_last(0)->data, "yz", 2), 0);
	/* Servers that would have it go on for ever. */
	answer_rest(0);
	CHECK_EQ(raw_syscall3(SYS_write, fd, PATH("xyz"), 3), 0);
	answer_rest(4);
	CHECK_EQ(raw_syscall3(SYS_write, fd, PATH("xyz"), 3), -EIO);
	script_end(7);
}

/* --- the end of a server, and of a pipe's reader --- */

static volatile sig_atomic_t caught;

static void count_signal(int sig)
{
	(void)sig;
	caught++;
}

static void handle(int sig, int flags)
{
	struct sigaction sa = {.sa_handler = count_signal, .sa_flags = flags};

	caught = 0;
	CHECK_EQ(sigaction(sig, &sa, NULL), 0);
}

TEST(files, a_broken_pipe_is_a_signal)
{
	int fd;

	script_start();
	fd = script->connection;
	handle(SIGPIPE, 0);
	script_answer(-EPIPE);
	CHECK_EQ(raw_syscall3(SYS_write, fd, PATH("x"), 1), -EPIPE);
	CHECK_EQ(caught, 1);
	answer_rest(1);
	script_answer(-EPIPE);
	CHECK_EQ(raw_syscall3(SYS_write, fd, PATH("xy"), 2), 1);
	CHECK_EQ(caught, 2);
	/* Of a read it is an errno and nothing else. */
	script_answer(-EPIPE);
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(buffer), 1), -EPIPE);
	CHECK_EQ(caught, 2);
	CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	script_answer(-EPIPE);
	CHECK_EQ(raw_syscall3(SYS_write, fd, PATH("x"), 1), -EPIPE);
	CHECK_EQ(caught, 2);
	script_end(5);
}

TEST(files, a_server_that_is_gone_is_an_io_error)
{
	struct stat st;
	int fd;

	script_start();
	fd = script->connection;
	script_answer(0)->die = true;
	CHECK_EQ(raw_syscall3(SYS_write, fd, PATH("x"), 1), -EIO);
	CHECK_EQ(status_of_pid(script->server), EXITED(1));
	CHECK_EQ(raw_syscall3(SYS_write, fd, PATH("x"), 1), -EIO);
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(buffer), 1), -EIO);
	CHECK_EQ(raw_syscall2(SYS_fstat, fd, PATH(&st)), -EIO);
	CHECK_EQ(raw_syscall2(SYS_stat, PATH("/"), PATH(&st)), -EIO);
	CHECK_EQ(close(fd), 0);
}

/* --- signals --- */

/* The signal comes while the client waits for an answer. */
static struct script_answer *answer_after_signal(long status)
{
	struct script_answer *a = script_answer(status);

	a->send_signal = SIGUSR1;
	return a;
}

TEST(files, a_signal_ends_a_read)
{
	struct script_answer *a;
	int fd;

	script_start();
	fd = script->connection;
	handle(SIGUSR1, 0);
	answer_after_signal(FS_DEFERRED);
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(buffer), 1), -EINTR);
	CHECK_EQ(caught, 1);
	answer_after_signal(FS_DEFERRED);
	CHECK_EQ(raw_syscall3(SYS_write, fd, PATH("x"), 1), -EINTR);
	CHECK_EQ(caught, 2);
	answer_after_signal(FS_DEFERRED);
	CHECK_EQ(raw_syscall2(SYS_open, PATH("fifo"), O_RDONLY), -EINTR);
	/* Who answers then hears that it has given nothing away. */
	a = answer_after_signal(5);
	a->wait_gone = true;
	a->data_bytes = 5;
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(buffer), 5), -EINTR);
	CHECK_EQ(raw_syscall1(SYS_fsync, fd), 0);
	CHECK_EQ(script_last(1)->answered, -ESRCH);
	script_end(5);
}

TEST(files, a_read_is_made_again_after_the_handler)
{
	struct script_answer *a;
	int fd;

	script_start();
	fd = script->connection;
	handle(SIGUSR1, SA_RESTART);
	answer_after_signal(FS_DEFERRED);
	a = script_answer(2);
	memcpy(a->data, "ok", a->data_bytes = 2);
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(buffer), 9), 2);
	CHECK_EQ(memcmp(buffer, "ok", 2), 0);
	CHECK_EQ(caught, 1);
	/* Both were asked the same. */
	check_seen(script_last(1), FS_READ, 0, NULL, 9, FS_CURRENT, 0);
	check_seen(script_last(0), FS_READ, 0, NULL, 9, FS_CURRENT, 0);
	script_end(2);
}

TEST(files, what_was_written_counts_when_a_signal_comes)
{
	int fd;

	script_start();
	fd = script->connection;
	handle(SIGUSR1, 0);
	answer_rest(2);
	answer_after_signal(FS_DEFERRED);
	CHECK_EQ(raw_syscall3(SYS_write, fd, PATH("xyz"), 3), 2);
	CHECK_EQ(caught, 1);
	script_end(2);
}

/* What cannot be begun twice is not interrupted: the signal waits for the answer. */
TEST(files, a_signal_does_not_end_a_mkdir)
{
	char memory[8];

	script_start();
	handle(SIGUSR1, 0);
	answer_after_signal(-EEXIST)->linger = true;
	CHECK_EQ(raw_syscall2(SYS_mkdir, PATH("d"), 0777), -EEXIST);
	CHECK_EQ(caught, 1);
	answer_after_signal(-EACCES)->linger = true;
	CHECK_EQ(raw_syscall3(SYS_open, PATH("f"), O_CREAT | O_RDWR, 0666), -EACCES);
	CHECK_EQ(caught, 2);
	CHECK_EQ(script_last(0)->answered, 0);
	answer_after_signal(7)->linger = true;
	CHECK_EQ(raw_syscall3(SYS_ioctl, script->connection, 0x5422, PATH(memory)), 7);
	CHECK_EQ(caught, 3);
	script_end(3);
}

static void wait_for_ever(void)
{
	script_answer(FS_DEFERRED);
	(void)raw_syscall2(SYS_mkdir, PATH("d"), 0777);
}

TEST(files, death_ends_every_wait)
{
	pid_t pid;

	script_start();
	pid = fork();
	if (pid == 0) {
		wait_for_ever();
		_exit(0);
	}
	while (script->nr_seen == 0)
		nap_ns(100000);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(status_of_pid(pid), KILLED(SIGKILL));
	script->nr_answers = 1;
	script_end(1);
}

/* FS_RESTART: the server has sent the signal, and the call is made again after it, or fails if a handler says so. */
TEST(files, a_server_may_have_the_call_made_again)
{
	int fd;

	script_start();
	fd = script->connection;
	script_answer(FS_RESTART);
	script_answer(0);
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(buffer), 1), 0);
	CHECK_EQ(script->nr_seen, 2);
	handle(SIGUSR1, 0);
	answer_after_signal(FS_RESTART);
	CHECK_EQ(raw_syscall3(SYS_read, fd, PATH(buffer), 1), -EINTR);
	CHECK_EQ(caught, 1);
	script_end(3);
}

/* --- the rest --- */

TEST(files, seek_and_directory)
{
	struct script_answer *a;
	int fd;

	script_start();
	fd = script->connection;
	a = script_answer(0);
	a->word = 1ul << 50;
	CHECK_EQ(raw_syscall3(SYS_lseek, fd, -5, SEEK_END), 1l << 50);
	check_seen(script_last(0), FS_SEEK, 0, NULL, -5ul, SEEK_END, 0);
	script_answer(-EINVAL);
	CHECK_EQ(raw_syscall3(SYS_lseek, fd, -5, SEEK_SET), -EINVAL);
	script_answer(24);
	CHECK_EQ(raw_syscall3(SYS_getdents64, fd, PATH(buffer), 512), 24);
	check_seen(script_last(0), FS_READDIR, 0, NULL, 512, 0, 0);
	script_answer(513);
	CHECK_EQ(raw_syscall3(SYS_getdents64, fd, PATH(buffer), 512), -EIO);
	script_answer(O_RDWR | O_APPEND);
	CHECK_EQ(raw_syscall3(SYS_fcntl, fd, F_GETFL, 0), O_RDWR | O_APPEND);
	CHECK_EQ(raw_syscall3(SYS_fcntl, fd, F_SETFL, O_NONBLOCK), 0);
	check_seen(script_last(0), FS_SETFL, 0, NULL, O_NONBLOCK, 0, 0);
	CHECK_EQ(raw_syscall1(SYS_fdatasync, fd), 0);
	check_seen(script_last(0), FS_SYNC, 0, NULL, 0, 0, 0);
	script_end(7);
}

/* The argument is a number, or an address of as many bytes as the server knows. */
TEST(files, ioctl_sends_what_is_there)
{
	struct script_answer *a;
	char *page;
	int fd;

	script_start();
	fd = script->connection;
	memset(buffer, 'x', FS_IOCTL_ROOM);
	a = script_answer(1);
	memcpy(a->data, "answer", a->data_bytes = 6);
	CHECK_EQ(raw_syscall3(SYS_ioctl, fd, 0x1234567800005401, PATH(buffer)), 1);
	check_seen(script_last(0), FS_IOCTL, 0, NULL, 0x5401, PATH(buffer), 0);
	CHECK_EQ(script_last(0)->data_bytes, FS_IOCTL_ROOM);
	CHECK_EQ(script_last(0)->data[FS_IOCTL_ROOM - 1], 'x');
	CHECK_EQ(memcmp(buffer, "answerx", 7), 0);
	CHECK_EQ(raw_syscall3(SYS_ioctl, fd, 0x540b, 2), 0);
	CHECK_EQ(script_last(0)->data_bytes, 0);
	CHECK_EQ(raw_syscall3(SYS_ioctl, fd, 0x540b, -1ul), 0);
	check_seen(script_last(0), FS_IOCTL, 0, NULL, 0x540b, -1ul, 0);
	CHECK_EQ(script_last(0)->in_bytes, 0);
	/* At the end of what is mapped. */
	page = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	CHECK(page != MAP_FAILED);
	CHECK_EQ(munmap(page + PAGE_SIZE, PAGE_SIZE), 0);
	a = script_answer(0);
	a->data_bytes = 8;
	CHECK_EQ(raw_syscall3(SYS_ioctl, fd, 0x5413, PATH(page + PAGE_SIZE - 8)), 0);
	CHECK_EQ(script_last(0)->data_bytes, 8);
	CHECK_EQ(ioctl(fd, FIOCLEX), 0);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(ioctl(fd, FIONCLEX), 0);
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	script_end(4);
}

/* A call of Linux leaves every register alone but rax, rcx and r11, whatever passes through them in the kernel. */
TEST(files, registers_are_kept)
{
	uintptr_t rdi, rsi = 5, rdx = SEEK_SET, r10, r8, r9;
	long ret;

	script_start();
	script_answer(0)->word = 77;
	rdi = (uintptr_t)script->connection;
	__asm__ volatile("mov $0x1010, %%r10\n\tmov $0x88, %%r8\n\tmov $0x99, %%r9\n\tsyscall\n\t"
			 "mov %%r10, %4\n\tmov %%r8, %5\n\tmov %%r9, %6"
			 : "=a"(ret), "+D"(rdi), "+S"(rsi), "+d"(rdx), "=&b"(r10), "=&r"(r8),
			   "=&r"(r9)
			 : "a"(SYS_lseek)
			 : "rcx", "r8", "r9", "r10", "r11", "memory");
	CHECK_EQ(r10, 0x1010);
	CHECK_EQ(r8, 0x88);
	CHECK_EQ(r9, 0x99);
	CHECK_EQ(ret, 77);
	CHECK_EQ(rdi, script->connection);
	CHECK_EQ(rsi, 5);
	CHECK_EQ(rdx, SEEK_SET);
	script_end(1);
}

/* Descriptors that are no file, and the log. */
TEST(files, the_log_is_a_terminal_without_a_driver)
{
	struct stat st;
	int port;

	need_ipc();
	if (isatty(1))
		SKIP("descriptor 1 is a terminal");
	CHECK_EQ(raw_syscall2(SYS_fstat, 1, PATH(&st)), 0);
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(raw_syscall4(SYS_newfstatat, 1, PATH(""), PATH(&st), AT_EMPTY_PATH), 0);
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(raw_syscall3(SYS_lseek, 1, 0, 0), -ESPIPE);
	CHECK_EQ(raw_syscall3(SYS_ioctl, 1, 0x5401, PATH(buffer)), -ENOTTY);
	CHECK_EQ(raw_syscall3(SYS_fcntl, 1, F_GETFL, 0), O_RDWR);
	CHECK_EQ(raw_syscall3(SYS_read, 0, PATH(buffer), 5), 0);
	CHECK_EQ(raw_syscall4(SYS_pwrite64, 1, PATH("x"), 1, 0), -ESPIPE);
	port = (int)ipc_port(0);
	CHECK_EQ(raw_syscall2(SYS_fstat, port, PATH(&st)), -EBADF);
	CHECK_EQ(raw_syscall3(SYS_write, port, PATH("x"), 1), -EBADF);
	CHECK_EQ(close(port), 0);
}
