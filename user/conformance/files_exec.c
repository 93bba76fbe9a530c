/* Programs and mappings of files: scripts, execveat, mmap of descriptors. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "user/conformance/files.h"

#define PAGE 4096

static void script(const char *path, const char *text)
{
	int fd = file_with(path, text);

	NEED(fchmod(fd, 0755) == 0);
	close(fd);
}

static void show_run(const char *what, const char *path)
{
	const char *argv[] = {"zero", "one", NULL}, *envp[] = {NULL};
	pid_t pid = fork();

	if (pid == 0)
		_exit((int)-CALL(SYS_execve, path, argv, envp));
	show_status(what, status_of(pid));
}

CASE(script, errnos)
{
	new_directory();
	script("empty", "");
	script("no_name", "#!\n");
	script("blanks", "#! \t\nx");
	script("no_such", "#!/bin/nothing\n");
	script("itself", "#!./itself\n");
	script("directory", "#!.\n");
	script("text", "echo\n");
	show_run("empty", "empty");
	show_run("no interpreter", "no_name");
	show_run("blanks", "blanks");
	show_run("no such interpreter", "no_such");
	show_run("its own interpreter", "itself");
	show_run("a directory", "directory");
	show_run("no magic", "text");
	NEED(chmod("no_such", 0644) == 0);
	show_run("not executable", "no_such");
}

CASE(script, interpreters)
{
	new_directory();
	script("plain", "#!/bin/tiny\n");
	script("blanks", "#! \t /bin/tiny  with an argument \n");
	script("no_newline", "#!/bin/tiny");
	script("second", "#!./plain\n");
	script("third", "#!./second\n");
	script("fourth", "#!./third\n");
	script("fifth", "#!./fourth\n");
	script("sixth", "#!./fifth\n");
	show_run("plain", "plain");
	show_run("with blanks", "./blanks");
	show_run("without a newline", "no_newline");
	show_run("two deep", "second");
	show_run("five deep", "fifth");
	show_run("six deep", "sixth");
}

static long exec_at(int fd, const char *path, int flags)
{
	const char *argv[] = {"x", NULL}, *envp[] = {NULL};
	pid_t pid = fork();

	if (pid == 0)
		_exit((int)-CALL(SYS_execveat, fd, path, argv, envp, flags));
	return status_of(pid);
}

CASE(script, execveat)
{
	int bin = open("/bin", O_RDONLY | O_DIRECTORY), tiny = open("/bin/tiny", O_RDONLY);

	show_status("from a directory", (int)exec_at(bin, "tiny", 0));
	show_status("a file itself", (int)exec_at(tiny, "", AT_EMPTY_PATH));
	show_status("an empty path", (int)exec_at(tiny, "", 0));
	show_status("a directory itself", (int)exec_at(bin, "", AT_EMPTY_PATH));
	show_status("from a file", (int)exec_at(tiny, "x", 0));
	show_status("from nothing", (int)exec_at(99, "tiny", 0));
	show_status("from nothing, by a whole path", (int)exec_at(99, "/bin/tiny", 0));
	show_status("a flag that there is not", (int)exec_at(bin, "tiny", 1));
}

/* --- mmap of files --- */

static long map(int fd, size_t bytes, int prot, int flags, long offset)
{
	return CALL(SYS_mmap, 0, bytes, prot, flags, fd, offset);
}

static void show_map(const char *what, int fd, int prot, int flags)
{
	long ret = map(fd, PAGE, prot, flags, 0);

	show_fine(what, ret);
}

CASE(filemap, rights)
{
	int fd, in, out;

	new_directory();
	fd = file_with("f", "text");
	in = open("f", O_RDONLY);
	out = open("f", O_WRONLY);
	show_map("private, read and write", in, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	show_map("shared, read", in, PROT_READ, MAP_SHARED);
	show_map("shared, write, to a reader", in, PROT_READ | PROT_WRITE, MAP_SHARED);
	show_map("shared, write", fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	show_map("to a writer", out, PROT_READ, MAP_PRIVATE);
	show_map("shared, to a writer", out, PROT_WRITE, MAP_SHARED);
	show_map("a directory", open(".", O_RDONLY), PROT_READ, MAP_PRIVATE);
	show_map("neither private nor shared", fd, PROT_READ, 0);
	show_ret("an odd offset", map(fd, PAGE, PROT_READ, MAP_PRIVATE, 1));
	show_ret("of no length", map(fd, 0, PROT_READ, MAP_PRIVATE, 0));
}

CASE(filemap, later_rights)
{
	long p;

	new_directory();
	(void)file_with("f", "text");
	p = map(open("f", O_RDONLY), PAGE, PROT_READ, MAP_SHARED, 0);
	show_ret("shared, of a reader", CALL(SYS_mprotect, p, PAGE, PROT_READ | PROT_WRITE));
	p = map(open("f", O_RDWR), PAGE, PROT_READ, MAP_SHARED, 0);
	show_ret("shared", CALL(SYS_mprotect, p, PAGE, PROT_READ | PROT_WRITE));
	p = map(open("f", O_RDONLY), PAGE, PROT_READ, MAP_PRIVATE, 0);
	show_ret("private", CALL(SYS_mprotect, p, PAGE, PROT_READ | PROT_WRITE));
}

CASE(filemap, what_is_written)
{
	char *shared, *private, text[8] = "";
	int fd;

	new_directory();
	fd = file_with("f", "01234567");
	shared = (char *)map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	private = (char *)map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
	private[0] = 'p';
	shared[1] = 's';
	NEED(CALL(SYS_pwrite64, fd, "w", 1, 2) == 1);
	show_ret("read", CALL(SYS_pread64, fd, text, 8, 0));
	show("file %.8s, shared %.8s, private begins %c", text, shared, private[0]);
	show("behind the end: %d", shared[100]);
	close(fd);
	unlink("f");
	show("without a name %.8s", shared);
}

static char *behind;

static void touch_behind(void)
{
	*(volatile char *)behind = 1;
}

CASE(filemap, behind_the_end)
{
	new_directory();
	behind = (char *)map(file_with("f", "text"), 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			     0);
	show_end("in the last page", touch_behind);
	behind += PAGE;
	show_end("in the page behind it", touch_behind);
}
