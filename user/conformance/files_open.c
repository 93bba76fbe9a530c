/* open(2) and what it makes of a path. */
#include <string.h>

#include "user/conformance/files.h"

#define LONG_NAME_BYTES 256

CASE(open, errnos)
{
	new_directory();
	close(file_with("f", "text"));
	NEED(mkdir("d", 0755) == 0);
	show_open("nothing", CALL(SYS_open, "nothing", O_RDONLY));
	show_open("an empty path", CALL(SYS_open, "", O_RDONLY));
	show_open("no path", CALL(SYS_open, 0, O_RDONLY));
	show_open("a bad path", CALL(SYS_open, 8, O_RDONLY));
	show_open("a file as a directory", CALL(SYS_open, "f/x", O_RDONLY));
	show_open("a file with a slash", CALL(SYS_open, "f/", O_RDONLY));
	show_open("a file, O_DIRECTORY", CALL(SYS_open, "f", O_RDONLY | O_DIRECTORY));
	show_open("a directory to read", CALL(SYS_open, "d", O_RDONLY));
	show_open("a directory to write", CALL(SYS_open, "d", O_WRONLY));
	show_open("a directory to read and write", CALL(SYS_open, "d", O_RDWR));
	show_open("a directory, O_CREAT", CALL(SYS_open, "d", O_RDONLY | O_CREAT, 0644));
	show_open("a directory, O_TRUNC", CALL(SYS_open, "d", O_RDONLY | O_TRUNC));
	show_open("in a directory that is not", CALL(SYS_open, "x/y", O_RDWR | O_CREAT, 0644));
	show_open("to make, with a slash", CALL(SYS_open, "x/", O_RDWR | O_CREAT, 0644));
	show_open("a directory with a slash", CALL(SYS_open, "d//", O_RDONLY));
	show_open("at a bad descriptor", CALL(SYS_openat, 99, "f", O_RDONLY));
	show_open("an absolute path there", CALL(SYS_openat, 99, "/", O_RDONLY));
}

CASE(open, exclusive)
{
	new_directory();
	show_open("a new one", CALL(SYS_open, "f", O_RDWR | O_CREAT | O_EXCL, 0600));
	show_open("again", CALL(SYS_open, "f", O_RDWR | O_CREAT | O_EXCL, 0600));
	NEED(symlink("nowhere", "l") == 0);
	show_open("a link to nothing", CALL(SYS_open, "l", O_RDWR | O_CREAT | O_EXCL, 0600));
	show_open("the same without O_EXCL", CALL(SYS_open, "l", O_RDWR | O_CREAT, 0600));
	show_file("nowhere");
	show_open("a dot", CALL(SYS_open, ".", O_RDONLY | O_CREAT | O_EXCL, 0600));
	show_names(".");
}

CASE(open, mode_and_umask)
{
	new_directory();
	umask(027);
	close(open("a", O_CREAT | O_WRONLY, 0666));
	close(open("b", O_CREAT | O_WRONLY, 07777));
	close(creat("c", 0777));
	NEED(mkdir("d", 07777) == 0);
	NEED(mknod("e", S_IFREG | 0666, 0) == 0);
	NEED(mknod("f", S_IFIFO | 0666, 0) == 0);
	for (const char *name = "a\0b\0c\0d\0e\0f\0"; *name; name += 2)
		show_file(name);
	show_ret("umask", CALL(SYS_umask, 0777));
	show_ret("and then", CALL(SYS_umask, 01234));
	show_ret("of more bits", CALL(SYS_umask, 022));
}

/* What may be read may not be written, and the other way round. */
CASE(open, access_modes)
{
	int fd;
	char c = 'x';

	new_directory();
	close(file_with("f", "text"));
	fd = open("f", O_RDONLY);
	show_ret("O_RDONLY: read", CALL(SYS_read, fd, &c, 1));
	show_ret("O_RDONLY: write", CALL(SYS_write, fd, &c, 1));
	show_ret("O_RDONLY: ftruncate", CALL(SYS_ftruncate, fd, 0));
	fd = open("f", O_WRONLY);
	show_ret("O_WRONLY: read", CALL(SYS_read, fd, &c, 1));
	show_ret("O_WRONLY: write", CALL(SYS_write, fd, &c, 1));
	fd = open("f", O_PATH);
	show_ret("O_PATH: read", CALL(SYS_read, fd, &c, 1));
	show_ret("O_PATH: write", CALL(SYS_write, fd, &c, 1));
	show_ret("O_PATH: lseek", CALL(SYS_lseek, fd, 0, SEEK_SET));
	show_ret("O_PATH: ftruncate", CALL(SYS_ftruncate, fd, 0));
	show_ret("O_PATH: fchmod", CALL(SYS_fchmod, fd, 0600));
	show_fd("O_PATH", fd);
	show_text("f");
}

CASE(open, status_flags)
{
	int fd, copy;

	new_directory();
	fd = open("f", O_RDWR | O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC, 0644);
	show("at first %#lo", CALL(SYS_fcntl, fd, F_GETFL));
	copy = dup(fd);
	show_ret("set", CALL(SYS_fcntl, fd, F_SETFL, O_APPEND | O_NONBLOCK | O_WRONLY | O_CREAT));
	show("then %#lo", CALL(SYS_fcntl, copy, F_GETFL));
	show_ret("unset", CALL(SYS_fcntl, copy, F_SETFL, 0));
	show("then %#lo", CALL(SYS_fcntl, fd, F_GETFL));
	show("of a directory %#lo",
	     CALL(SYS_fcntl, open(".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW), F_GETFL));
	show("by O_PATH %#lo", CALL(SYS_fcntl, open("f", O_PATH | O_RDWR | O_TRUNC), F_GETFL));
}

CASE(open, append)
{
	int fd, other;

	new_directory();
	fd = file_with("f", "one");
	other = open("f", O_WRONLY | O_APPEND);
	show_ret("offset", CALL(SYS_lseek, other, 0, SEEK_CUR));
	show_ret("write", CALL(SYS_write, other, " two", 4));
	show_ret("offset", CALL(SYS_lseek, other, 0, SEEK_CUR));
	show_ret("the other one writes", CALL(SYS_write, fd, " 3", 2));
	show_ret("pwrite at 0", CALL(SYS_pwrite64, other, " four", 5, 0));
	show_ret("offset", CALL(SYS_lseek, other, 0, SEEK_CUR));
	show_text("f");
}

CASE(open, truncates)
{
	int fd;

	new_directory();
	fd = file_with("f", "some text");
	show_open("O_TRUNC, to read", CALL(SYS_open, "f", O_RDONLY | O_TRUNC));
	show_fd("who had it open", fd);
	show_ret("writes at its offset", CALL(SYS_write, fd, "x", 1));
	show_fd("then", fd);
	show_text("f");
}

CASE(open, no_follow)
{
	new_directory();
	close(file_with("f", "text"));
	NEED(symlink("f", "l") == 0 && symlink(".", "d") == 0);
	show_open("a link", CALL(SYS_open, "l", O_RDONLY | O_NOFOLLOW));
	show_open("a file", CALL(SYS_open, "f", O_RDONLY | O_NOFOLLOW));
	show_open("by way of a link", CALL(SYS_open, "d/f", O_RDONLY | O_NOFOLLOW));
	show_open("a link to a directory",
		  CALL(SYS_open, "d", O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
	show_open("with a slash", CALL(SYS_open, "d/", O_RDONLY | O_NOFOLLOW));
	show_fd("O_PATH", open("l", O_PATH | O_NOFOLLOW));
}

CASE(open, without_a_name)
{
	int fd;

	new_directory();
	show_open("to read", CALL(SYS_open, ".", O_TMPFILE | O_RDONLY, 0600));
	show_open("in a file", CALL(SYS_open, "x", O_TMPFILE | O_RDWR, 0600));
	fd = open(".", O_TMPFILE | O_RDWR, 0640);
	NEED(fd >= 0);
	show_ret("write", CALL(SYS_write, fd, "text", 4));
	show_fd("it", fd);
	show_names(".");
}

CASE(open, names_that_are_long)
{
	static char name[LONG_NAME_BYTES + 1], path[5000];

	new_directory();
	memset(name, 'n', LONG_NAME_BYTES - 1);
	show_open("255", CALL(SYS_open, name, O_RDWR | O_CREAT, 0644));
	show_open("255 again", CALL(SYS_open, name, O_RDWR));
	name[LONG_NAME_BYTES - 1] = 'n';
	show_open("256", CALL(SYS_open, name, O_RDWR | O_CREAT, 0644));
	show_ret("256 as a directory", CALL(SYS_mkdir, name, 0755));
	show_ret("256 to be removed", CALL(SYS_unlink, name));
	memset(path, '/', sizeof(path) - 1);
	path[4095] = 0;
	show_open("4095 slashes", CALL(SYS_open, path, O_RDONLY));
	path[4095] = '/';
	path[4096] = 0;
	show_open("4096 slashes", CALL(SYS_open, path, O_RDONLY));
	for (int i = 0; i < 4094; i += 2)
		memcpy(path + i, "./", 2);
	path[4094] = 0;
	show_open("2047 dots", CALL(SYS_open, path, O_RDONLY));
}

CASE(open, numbers_and_descriptions)
{
	char c;
	int a, b;

	new_directory();
	close(file_with("f", "abcdef"));
	a = open("f", O_RDONLY);
	show_ret("the lowest number that is free", a);
	b = open("f", O_RDONLY);
	NEED(read(a, &c, 1) == 1);
	show_ret("another description has an offset of its own", CALL(SYS_lseek, b, 0, SEEK_CUR));
	b = dup(a);
	NEED(read(b, &c, 1) == 1);
	show_ret("a copy shares it", CALL(SYS_lseek, a, 0, SEEK_CUR));
	if (fork() == 0) {
		NEED(read(a, &c, 1) == 1);
		_exit(0);
	}
	NEED(wait_child(-1, &(int){0}) == 0);
	show_ret("a child shares it", CALL(SYS_lseek, a, 0, SEEK_CUR));
}

CASE(open, slashes_and_dots)
{
	int dir;

	new_directory();
	NEED(mkdir("d", 0755) == 0);
	close(file_with("d/f", "text"));
	close(file_with("...", "dots"));
	close(file_with(".hidden", "hidden"));
	dir = open("d", O_RDONLY);
	for (const char *path = ".//d/./f\0d/../d//f\0d/f/.\0d/f/..\0./...\0.hidden\0d/.\0d/..\0";
	     *path; path += strlen(path) + 1)
		show_open(path, CALL(SYS_open, path, O_RDONLY));
	show_open("f in d", CALL(SYS_openat, dir, "f", O_RDONLY));
	show_open("../d/f from d", CALL(SYS_openat, dir, "../d/f", O_RDONLY));
	show_open("more dots than directories", CALL(SYS_open, "../../../../../../tmp", O_RDONLY));
	show_open("in a file's descriptor", CALL(SYS_openat, open("d/f", O_RDONLY), "x", O_RDONLY));
	show_open("its empty path", CALL(SYS_openat, dir, "", O_RDONLY));
}

/* Descriptors that an exec does not keep, and what a process has open at most. */
CASE(open, as_many_as_there_are)
{
	int first, fd, n = 0;

	new_directory();
	first = file_with("f", "text");
	while ((fd = open("f", O_RDONLY)) >= 0)
		n++;
	show("the last one says %s", errno_name(errno));
	show("some were opened: %d", n > 100);
	show_ret("to make one", CALL(SYS_open, "g", O_RDWR | O_CREAT, 0644));
	close(first);
	show_ret("with a number that is free", CALL(SYS_open, "f", O_RDONLY));
}
