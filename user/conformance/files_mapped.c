/* Files' pages, mapped: what mmap(2) and execve(2) share with read(2) and write(2). */
#include <string.h>
#include <sys/mman.h>

#include "user/conformance/files.h"

#define PAGE 4096

static volatile char *map_file(int fd, size_t bytes, int prot, int flags, off_t offset)
{
	char *at = mmap(NULL, bytes, prot, flags, fd, offset);

	NEED(at != MAP_FAILED);
	return at;
}

CASE(fmap, errnos)
{
	int fd, reads, writes;

	new_directory();
	fd = file_with("f", "text");
	reads = open("f", O_RDONLY);
	writes = open("f", O_WRONLY);
	show_fine("to read", CALL(SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, reads, 0));
	show_fine("to write", CALL(SYS_mmap, 0, PAGE, PROT_WRITE, MAP_SHARED, reads, 0));
	show_fine("to write privately", CALL(SYS_mmap, 0, PAGE, PROT_WRITE, MAP_PRIVATE, reads, 0));
	show_fine("O_WRONLY", CALL(SYS_mmap, 0, PAGE, PROT_WRITE, MAP_SHARED, writes, 0));
	show_fine("O_WRONLY, to read privately",
		  CALL(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, writes, 0));
	show_fine("O_PATH", CALL(SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, open("f", O_PATH), 0));
	show_fine("a directory",
		  CALL(SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, open(".", O_RDONLY), 0));
	show_fine("nothing", CALL(SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, 99, 0));
	show_fine("no bytes", CALL(SYS_mmap, 0, 0, PROT_READ, MAP_SHARED, fd, 0));
	show_fine("an odd offset", CALL(SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, 100));
	show_fine("neither shared nor private", CALL(SYS_mmap, 0, PAGE, PROT_READ, 0, fd, 0));
}

CASE(fmap, shared_is_the_file)
{
	volatile char *a, *b;
	char text[8] = "";
	int fd;

	new_directory();
	fd = file_with("f", "0123456789");
	a = map_file(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	b = map_file(fd, PAGE, PROT_READ, MAP_SHARED, 0);
	a[3] = 'x';
	show("the other mapping sees %c", b[3]);
	show_ret("read", CALL(SYS_pread64, fd, text, 6, 0));
	show("%s", text);
	show_ret("write", CALL(SYS_pwrite64, fd, "ABC", 3, 5));
	show("the mappings see %c and %c", a[5], b[7]);
	close(fd);
	if (fork() == 0) {
		a[0] = 'c';
		_exit(0);
	}
	NEED(wait_child(-1, &(int){0}) == 0);
	show("a child's store: %c", b[0]);
	a[9] = '!';
	show_text("f");
	NEED(munmap((void *)a, PAGE) == 0 && unlink("f") == 0);
	show("without a name: %c", b[9]);
}

CASE(fmap, private_is_a_copy)
{
	volatile char *a;
	int fd;

	new_directory();
	fd = file_with("f", "0123456789");
	a = map_file(fd, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
	a[3] = 'x';
	show("it sees %c and %c", a[3], a[4]);
	show_text("f");
	NEED(pwrite(fd, "ABCDEF", 6, 0) == 6);
	show("it sees %c still", a[3]);
	show("zeroes behind the end: %d", a[10]);
}

CASE(fmap, a_later_write_right)
{
	int fd, reads;
	char *a, *b;

	new_directory();
	fd = file_with("f", "0123456789");
	reads = open("f", O_RDONLY);
	a = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	b = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reads, 0);
	NEED(a != MAP_FAILED && b != MAP_FAILED);
	show_ret("of a descriptor that writes",
		 CALL(SYS_mprotect, a, PAGE, PROT_READ | PROT_WRITE));
	show_ret("of one that reads", CALL(SYS_mprotect, b, PAGE, PROT_READ | PROT_WRITE));
	a[1] = 'x';
	show_text("f");
}

CASE(fmap, offsets)
{
	volatile char *a;
	int fd;

	new_directory();
	fd = file_with("f", "");
	NEED(ftruncate(fd, 3 * PAGE) == 0);
	a = map_file(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 2 * PAGE);
	a[5] = 'x';
	a[PAGE - 1] = 'y';
	NEED(pwrite(fd, "z", 1, 2 * PAGE + 6) == 1);
	show("%c%c", a[5], a[6]);
	a = map_file(fd, 3 * PAGE, PROT_READ, MAP_SHARED, 0);
	show("%d %c%c%c", a[2 * PAGE], a[2 * PAGE + 5], a[2 * PAGE + 6], a[3 * PAGE - 1]);
	show_ret("msync", CALL(SYS_msync, a, 3 * PAGE, MS_SYNC));
}

static volatile char *beyond;

static void touch_beyond(void)
{
	beyond[0] = beyond[0];
}

CASE(fmap, behind_the_end)
{
	volatile char *a;
	int fd;

	new_directory();
	fd = file_with("f", "text");
	a = map_file(fd, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	a[100] = 'x';
	show("in the last page: %c", a[100]);
	show_text("f");
	beyond = a + PAGE;
	show_end("in the next one", touch_beyond);
	NEED(ftruncate(fd, 2 * PAGE) == 0);
	show_end("when the file is longer", touch_beyond);
	beyond = a + 2 * PAGE;
	show_end("behind that", touch_beyond);
}

CASE(fmap, a_program_that_is_copied)
{
	static char copy[1 << 16];
	int from, to, status;
	ssize_t n;
	pid_t pid;

	new_directory();
	from = open(conform_path, O_RDONLY);
	to = open("program", O_RDWR | O_CREAT, 0644);
	NEED(from >= 0 && to >= 0);
	while ((n = read(from, copy, sizeof(copy))) > 0)
		NEED(write(to, copy, (size_t)n) == n);
	show_ret("without an x bit", CALL(SYS_execve, "program", NULL, NULL));
	NEED(fchmod(to, 0755) == 0);
	close(to);
	show_ret("access", CALL(SYS_access, "program", X_OK));
	pid = fork();
	if (pid == 0) {
		char mark[100] = "CONFORM_CASE=";
		char *argv[] = {"", NULL}, *envp[] = {mark, NULL};

		strcat(mark, conform_current);
		CALL(SYS_execve, "./program", argv, envp);
		_exit(99);
	}
	status = status_of(pid);
	show_status("end", status);
	show_ret("a directory", CALL(SYS_execve, ".", NULL, NULL));
	show_ret("a file with a slash", CALL(SYS_execve, "program/", NULL, NULL));
	show_ret("nothing", CALL(SYS_execve, "x", NULL, NULL));
}
