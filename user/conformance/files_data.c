/* What is in a file: reading, writing, holes, its length; and the devices that are like files. */
#include <string.h>
#include <sys/uio.h>

#include "user/conformance/files.h"

#define PAGE 4096

CASE(data, read_and_write)
{
	char text[16] = "";
	int fd;

	new_directory();
	fd = file_with("f", "0123456789");
	show_ret("at the end", CALL(SYS_read, fd, text, 4));
	show_ret("pread", CALL(SYS_pread64, fd, text, 4, 3));
	show("%.4s", text);
	show_ret("over the end", CALL(SYS_pread64, fd, text, 4, 8));
	show_ret("behind the end", CALL(SYS_pread64, fd, text, 4, 100));
	show_ret("at -1", CALL(SYS_pread64, fd, text, 4, -1));
	show_ret("nothing", CALL(SYS_pread64, fd, text, 0, 0));
	show_ret("nothing, to a bad address", CALL(SYS_pread64, fd, 8, 0, 0));
	show_ret("to a bad address", CALL(SYS_pread64, fd, 8, 4, 0));
	show_ret("from a bad address", CALL(SYS_pwrite64, fd, 8, 4, 0));
	show_ret("pwrite", CALL(SYS_pwrite64, fd, "abc", 3, 2));
	show_ret("at -1", CALL(SYS_pwrite64, fd, "abc", 3, -1));
	show_ret("the offset is where it was", CALL(SYS_lseek, fd, 0, SEEK_CUR));
	show_text("f");
}

CASE(data, vectors)
{
	char a[4] = "", b[8] = "";
	struct iovec out[] = {{"ab", 2}, {NULL, 0}, {"cdef", 4}}, in[] = {{a, 3}, {b, 8}};
	int fd;

	new_directory();
	fd = file_with("f", "");
	show_ret("writev", CALL(SYS_writev, fd, out, 3));
	show_ret("pwritev", CALL(SYS_pwritev, fd, out, 3, 4));
	show_text("f");
	show_ret("preadv", CALL(SYS_preadv, fd, in, 2, 0));
	show("%.3s %.8s", a, b);
	show_ret("readv at the end", CALL(SYS_readv, fd, in, 2));
	show_ret("preadv at -1", CALL(SYS_preadv, fd, in, 2, -1));
}

CASE(data, seek)
{
	int fd, dir;

	new_directory();
	fd = file_with("f", "0123456789");
	show_ret("set", CALL(SYS_lseek, fd, 3, SEEK_SET));
	show_ret("cur", CALL(SYS_lseek, fd, 4, SEEK_CUR));
	show_ret("end", CALL(SYS_lseek, fd, -2, SEEK_END));
	show_ret("behind the end", CALL(SYS_lseek, fd, 100, SEEK_END));
	show_ret("before the beginning", CALL(SYS_lseek, fd, -1, SEEK_SET));
	show_ret("far before", CALL(SYS_lseek, fd, -111, SEEK_CUR));
	show_ret("the offset is where it was", CALL(SYS_lseek, fd, 0, SEEK_CUR));
	show_ret("unknown", CALL(SYS_lseek, fd, 0, 17));
	show_ret("over the largest", CALL(SYS_lseek, fd, 0x7fffffffffffffff, SEEK_CUR));
	show_ret("of nothing", CALL(SYS_lseek, 99, 0, SEEK_SET));
	dir = open(".", O_RDONLY);
	show_ret("of a directory", CALL(SYS_lseek, dir, 0, SEEK_SET));
	show_ret("before it", CALL(SYS_lseek, dir, -1, SEEK_SET));
}

CASE(data, holes)
{
	char text[8];
	int fd;

	new_directory();
	fd = file_with("f", "");
	show_ret("write far off", CALL(SYS_pwrite64, fd, "end", 3, 10 * PAGE));
	show_fd("it", fd);
	memset(text, 'x', sizeof(text));
	show_ret("read in the hole", CALL(SYS_pread64, fd, text, 8, 5 * PAGE));
	show("%d %d", text[0], text[7]);
	show_fd("it", fd);
	show_ret("write in the hole", CALL(SYS_pwrite64, fd, "middle", 6, 4 * PAGE + 100));
	show_fd("it", fd);
	show_ret("first data", CALL(SYS_lseek, fd, 0, SEEK_DATA));
	show_ret("hole behind", CALL(SYS_lseek, fd, 4 * PAGE + 50, SEEK_HOLE));
	show_ret("data behind", CALL(SYS_lseek, fd, 5 * PAGE, SEEK_DATA));
	show_ret("the last hole", CALL(SYS_lseek, fd, 10 * PAGE, SEEK_HOLE));
	show_ret("data behind the end", CALL(SYS_lseek, fd, 10 * PAGE + 3, SEEK_DATA));
	show_ret("a hole at 1", CALL(SYS_lseek, fd, 1, SEEK_HOLE));
}

CASE(data, truncate)
{
	int fd;

	new_directory();
	fd = file_with("f", "0123456789");
	NEED(mkdir("d", 0755) == 0 && mkfifo("p", 0644) == 0 && symlink("f", "l") == 0);
	show_ret("shorter", CALL(SYS_truncate, "f", 4));
	show_text("f");
	show_ret("longer", CALL(SYS_truncate, "l", 8));
	show_text("f");
	show_ret("by descriptor", CALL(SYS_ftruncate, fd, 3 * PAGE));
	show_fd("it", fd);
	show_ret("to -1", CALL(SYS_ftruncate, fd, -1));
	show_ret("to nothing", CALL(SYS_ftruncate, fd, 0));
	show_fd("it", fd);
	show_ret("a directory", CALL(SYS_truncate, "d", 0));
	show_ret("a fifo", CALL(SYS_truncate, "p", 0));
	show_ret("what is not there", CALL(SYS_truncate, "x", 0));
	show_ret("path to -1", CALL(SYS_truncate, "f", -1));
	show_ret("one that is open to read", CALL(SYS_ftruncate, open("f", O_RDONLY), 0));
	show_ret("an open directory", CALL(SYS_ftruncate, open("d", O_RDONLY), 0));
}

/* What was cut off does not come back. */
CASE(data, shorter_and_longer)
{
	char text[PAGE];
	int fd;

	new_directory();
	fd = file_with("f", "");
	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 3; i++)
		NEED(write(fd, text, sizeof(text)) == PAGE);
	NEED(ftruncate(fd, PAGE + 10) == 0);
	show_fd("shorter", fd);
	NEED(ftruncate(fd, 3 * PAGE) == 0);
	show_fd("longer", fd);
	NEED(pread(fd, text, PAGE, PAGE) == PAGE);
	show("%d %d %d", text[9], text[10], text[PAGE - 1]);
	NEED(pread(fd, text, PAGE, 2 * PAGE) == PAGE);
	show("%d %d", text[0], text[PAGE - 1]);
}

/* A large file in pieces of odd sizes, seen by another description. */
CASE(data, large)
{
	static unsigned char piece[70001], back[70001];
	unsigned long sum = 0, want = 0;
	int fd, other;
	ssize_t n;

	new_directory();
	fd = file_with("f", "");
	for (unsigned int i = 0; i < 20; i++) {
		for (unsigned int k = 0; k < sizeof(piece); k++)
			want += piece[k] = (unsigned char)(i * 31 + k / 7);
		NEED(write(fd, piece, sizeof(piece)) == (ssize_t)sizeof(piece));
	}
	other = open("f", O_RDONLY);
	while ((n = read(other, back, 65537)) > 0)
		for (ssize_t k = 0; k < n; k++)
			sum += back[k];
	show("the last read says %ld, the sums are %s", (long)n,
	     sum == want ? "equal" : "not equal");
	show_fd("it", fd);
}

CASE(data, devices)
{
	char text[8] = "xxxxxxx";
	int fd;

	/* Linux's archive has none of them. */
	umask(0);
	(void)mkdir("/dev", 0755);
	(void)mknod("/dev/null", S_IFCHR | 0666, 0x103);
	(void)mknod("/dev/zero", S_IFCHR | 0666, 0x105);
	(void)mknod("/dev/full", S_IFCHR | 0666, 0x107);
	fd = open("/dev/null", O_RDWR);
	NEED(fd >= 0);
	show_fd("null", fd);
	show_ret("write", CALL(SYS_write, fd, "text", 4));
	show_ret("read", CALL(SYS_read, fd, text, 4));
	show_ret("lseek", CALL(SYS_lseek, fd, 5, SEEK_SET));
	show_ret("ftruncate", CALL(SYS_ftruncate, fd, 0));
	fd = open("/dev/zero", O_RDWR);
	show_ret("zero: read", CALL(SYS_read, fd, text, 4));
	show("%d %d %d", text[0], text[3], text[4]);
	show_ret("write", CALL(SYS_write, fd, "text", 4));
	fd = open("/dev/full", O_RDWR);
	show_ret("full: read", CALL(SYS_read, fd, text, 8));
	show_ret("write", CALL(SYS_write, fd, "text", 4));
	show_ret("ioctl", CALL(SYS_ioctl, fd, 0x5401, text));
}
