/* Directories, links, removing, renaming. */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "user/conformance/files.h"

#define NOREPLACE 1
#define EXCHANGE  2

CASE(dir, make_errnos)
{
	new_directory();
	close(file_with("f", ""));
	NEED(symlink("nowhere", "l") == 0);
	show_ret("a new one", CALL(SYS_mkdir, "d", 0755));
	show_ret("again", CALL(SYS_mkdir, "d", 0755));
	show_ret("with a slash", CALL(SYS_mkdir, "e/", 0755));
	show_ret("a file's name", CALL(SYS_mkdir, "f", 0755));
	show_ret("in a file", CALL(SYS_mkdir, "f/x", 0755));
	show_ret("in nothing", CALL(SYS_mkdir, "x/y", 0755));
	show_ret("a link's name", CALL(SYS_mkdir, "l", 0755));
	show_ret("a link's name with a slash", CALL(SYS_mkdir, "l/", 0755));
	show_ret(".", CALL(SYS_mkdir, ".", 0755));
	show_ret("..", CALL(SYS_mkdir, "..", 0755));
	show_ret("/", CALL(SYS_mkdir, "/", 0755));
	show_ret("nothing", CALL(SYS_mkdir, "", 0755));
	show_names(".");
}

CASE(dir, remove_errnos)
{
	new_directory();
	close(file_with("f", ""));
	NEED(mkdir("d", 0755) == 0 && mkdir("d/e", 0755) == 0 && symlink("d", "l") == 0);
	show_ret("one that is not empty", CALL(SYS_rmdir, "d"));
	show_ret("a file", CALL(SYS_rmdir, "f"));
	show_ret("a link to one", CALL(SYS_rmdir, "l"));
	show_ret("the same with a slash", CALL(SYS_rmdir, "l/"));
	show_ret("nothing", CALL(SYS_rmdir, "x"));
	show_ret("in a file", CALL(SYS_rmdir, "f/x"));
	show_ret(".", CALL(SYS_rmdir, "d/e/."));
	show_ret("..", CALL(SYS_rmdir, "d/e/.."));
	show_ret("/", CALL(SYS_rmdir, "/"));
	show_ret("unlink of one", CALL(SYS_unlink, "d"));
	show_ret("unlink of .", CALL(SYS_unlink, "d/."));
	show_ret("the inner one", CALL(SYS_rmdir, "d/e/"));
	show_ret("the outer one", CALL(SYS_rmdir, "d"));
	show_ret("unlinkat, unknown flags", CALL(SYS_unlinkat, CWD, "f", 1));
	show_names(".");
}

CASE(dir, links_are_counted)
{
	new_directory();
	show_file(".");
	NEED(mkdir("a", 0755) == 0 && mkdir("b", 0755) == 0);
	close(file_with("f", ""));
	show_file(".");
	NEED(mkdir("a/c", 0755) == 0);
	show_file("a");
	NEED(rename("a/c", "b/c") == 0);
	show_file("a");
	show_file("b");
	NEED(rmdir("b/c") == 0 && rmdir("b") == 0);
	show_file(".");
}

/* A directory that somebody still has open when it is removed. */
CASE(dir, removed_and_open)
{
	char path[200];
	int fd;

	new_directory();
	NEED(mkdir("d", 0755) == 0);
	fd = open("d", O_RDONLY);
	NEED(rmdir("d") == 0);
	show_fd("it", fd);
	show_open("in it", CALL(SYS_openat, fd, "x", O_RDWR | O_CREAT, 0644));
	show_ret("mkdir in it", CALL(SYS_mkdirat, fd, "x", 0755));
	show_ret("symlink in it", CALL(SYS_symlinkat, "x", fd, "y"));
	show_open(". in it", CALL(SYS_openat, fd, ".", O_RDONLY));
	show_open(".. of it", CALL(SYS_openat, fd, "..", O_RDONLY));
	show_ret("getdents64", CALL(SYS_getdents64, fd, path, sizeof(path)));
	show_ret("fchdir", CALL(SYS_fchdir, fd));
	show_ret("getcwd", CALL(SYS_getcwd, path, sizeof(path)));
	show_open("its name again", CALL(SYS_open, "../d", O_RDWR | O_CREAT, 0644));
}

CASE(dir, reading)
{
	char buffer[1000];
	int fd;

	new_directory();
	NEED(mkdir("d", 0755) == 0 && symlink("d", "l") == 0 && mkfifo("p", 0644) == 0);
	fd = file_with("f", "");
	show_names(".");
	show_ret("of a file", CALL(SYS_getdents64, fd, buffer, sizeof(buffer)));
	fd = open("d", O_RDONLY);
	show_ret("with too little room", CALL(SYS_getdents64, fd, buffer, 10));
	show_ret("of an empty one", CALL(SYS_getdents64, fd, buffer, sizeof(buffer)));
	show_ret("again", CALL(SYS_getdents64, fd, buffer, sizeof(buffer)));
	show_ret("back", CALL(SYS_lseek, fd, 0, SEEK_SET));
	show_ret("from the beginning", CALL(SYS_getdents64, fd, buffer, sizeof(buffer)));
	show_ret("read(2) of one", CALL(SYS_read, fd, buffer, 1));
	show_ret("of nothing", CALL(SYS_getdents64, 99, buffer, sizeof(buffer)));
}

/* How often each of 200 names is seen while some are removed. */
CASE(dir, reading_while_names_go)
{
	unsigned char seen[200] = {0};
	char name[16], buffer[600] __attribute__((aligned(8)));
	int fd, often = 0, never = 0;
	long n;

	new_directory();
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "%03d", i);
		close(file_with(name, ""));
	}
	fd = open(".", O_RDONLY);
	while ((n = CALL(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < n; at += *(unsigned short *)(buffer + at + 16)) {
			int i;

			/* What has been seen is removed. */
			if (sscanf(buffer + at + 19, "%3d", &i) != 1)
				continue;
			seen[i]++;
			NEED(unlink(buffer + at + 19) == 0);
		}
	}
	for (int i = 0; i < 200; i++) {
		never += seen[i] == 0;
		often += seen[i] > 1;
	}
	show("never %d, more than once %d", never, often);
	show_names(".");
}

CASE(dir, working_directory)
{
	char path[200];
	int fd;

	new_directory();
	close(file_with("f", ""));
	NEED(mkdir("d", 0755) == 0 && symlink("d", "l") == 0);
	show_ret("a file", CALL(SYS_chdir, "f"));
	show_ret("nothing", CALL(SYS_chdir, "x"));
	show_ret("a link", CALL(SYS_chdir, "l"));
	NEED(getcwd(path, sizeof(path)));
	show("the path is %s", path);
	show_ret("its bytes", CALL(SYS_getcwd, path, sizeof(path)));
	show_ret("in too little room", CALL(SYS_getcwd, path, strlen(path)));
	show_ret("in no room", CALL(SYS_getcwd, path, 0));
	show_ret("..", CALL(SYS_chdir, ".."));
	fd = open("f", O_RDONLY);
	show_ret("fchdir to a file", CALL(SYS_fchdir, fd));
	show_ret("fchdir to nothing", CALL(SYS_fchdir, 99));
	NEED(chdir("d") == 0 && rename("../d", "../e") == 0);
	NEED(getcwd(path, sizeof(path)));
	show("then %s", path);
	NEED(chdir("/") == 0 && getcwd(path, sizeof(path)));
	show("then %s", path);
	show_ret(".. of the root", CALL(SYS_chdir, "../.."));
	NEED(getcwd(path, sizeof(path)));
	show("then %s", path);
}

CASE(dir, group_is_inherited)
{
	new_directory();
	NEED(mkdir("d", 0755) == 0);
	NEED(chown("d", -1, 77) == 0 && chmod("d", 02755) == 0);
	NEED(mkdir("d/e", 0755) == 0);
	close(file_with("d/f", ""));
	show_file("d/e");
	show_file("d/f");
}

CASE(link, hard)
{
	int fd;

	new_directory();
	fd = file_with("f", "text");
	NEED(mkdir("d", 0755) == 0 && symlink("f", "l") == 0);
	show_ret("a second name", CALL(SYS_link, "f", "g"));
	show_ret("again", CALL(SYS_link, "f", "g"));
	show_ret("of nothing", CALL(SYS_link, "x", "y"));
	show_ret("of a directory", CALL(SYS_link, "d", "e"));
	show_ret("to a directory's name", CALL(SYS_link, "f", "d"));
	show_ret("of a file with a slash", CALL(SYS_link, "f/", "h"));
	show_ret("to a name with a slash", CALL(SYS_link, "f", "h/"));
	show_ret("of a link", CALL(SYS_link, "l", "m"));
	show_ret("of what it names", CALL(SYS_linkat, CWD, "l", CWD, "n", AT_SYMLINK_FOLLOW));
	show_ret("unknown flags", CALL(SYS_linkat, CWD, "l", CWD, "o", 1));
	show_file("f");
	show_file("m");
	show_ret("write", CALL(SYS_write, fd, " more", 5));
	show_text("g");
	NEED(unlink("f") == 0 && unlink("n") == 0);
	show_fd("the last name", fd);
	NEED(unlink("g") == 0);
	show_fd("no name", fd);
	show_ret("read", CALL(SYS_pread64, fd, (char[10]){0}, 10, 0));
}

CASE(link, symbolic)
{
	char text[300];

	new_directory();
	close(file_with("f", "text"));
	show_ret("to a file", CALL(SYS_symlink, "f", "l"));
	show_ret("to nothing", CALL(SYS_symlink, "no/where", "m"));
	show_ret("to an empty name", CALL(SYS_symlink, "", "n"));
	show_ret("with an empty name", CALL(SYS_symlink, "f", ""));
	show_ret("a name that is there", CALL(SYS_symlink, "f", "l"));
	show_ret("a name with a slash", CALL(SYS_symlink, "f", "n/"));
	show_file("l");
	show_file("m");
	show_text("l");
	show_text("m");
	show_ret("readlink", CALL(SYS_readlink, "m", text, sizeof(text)));
	show_ret("in less room", CALL(SYS_readlink, "m", text, 2));
	show("%.2s", text);
	show_ret("in no room", CALL(SYS_readlink, "m", text, 0));
	show_ret("of a file", CALL(SYS_readlink, "f", text, sizeof(text)));
	show_ret("of nothing", CALL(SYS_readlink, "x", text, sizeof(text)));
	show_ret("access by it", CALL(SYS_access, "m", 0));
	show_ret("chmod by it", CALL(SYS_chmod, "l", 0600));
	show_file("f");
	show_ret("unlink", CALL(SYS_unlink, "l"));
	show_names(".");
}

CASE(link, loops)
{
	char from[8], to[8];

	new_directory();
	NEED(symlink("a", "a") == 0 && symlink("b", "c") == 0 && symlink("c", "b") == 0);
	show_open("itself", CALL(SYS_open, "a", O_RDONLY));
	show_open("each other", CALL(SYS_open, "c/x", O_RDONLY));
	show_ret("stat", CALL(SYS_stat, "a", (char[200]){0}));
	show_file("a");
	close(file_with("0", "text"));
	for (int i = 1; i <= 41; i++) {
		snprintf(from, sizeof(from), "%d", i);
		snprintf(to, sizeof(to), "%d", i - 1);
		NEED(symlink(to, from) == 0);
	}
	show_open("40 links", CALL(SYS_open, "40", O_RDONLY));
	show_open("41 links", CALL(SYS_open, "41", O_RDONLY));
}

CASE(link, through_directories)
{
	new_directory();
	NEED(mkdir("d", 0755) == 0 && mkdir("d/e", 0755) == 0);
	close(file_with("d/e/f", "text"));
	NEED(symlink("d/e", "l") == 0 && symlink("../l/../e", "d/m") == 0);
	NEED(symlink("/tmp/link.through_directories/d", "n") == 0 && symlink("l/", "o") == 0);
	show_text("l/f");
	show_text("d/m/f");
	show_text("n/m/../e/./f");
	show_text("o/f");
	show_open("l/..//e", CALL(SYS_open, "l/..//e", O_RDONLY | O_DIRECTORY));
	show_open("f/..", CALL(SYS_open, "l/f/..", O_RDONLY));
	show_open("l/f/", CALL(SYS_open, "l/f/", O_RDONLY));
	show_open("to make, through a link with a slash",
		  CALL(SYS_open, "o", O_RDWR | O_CREAT, 0644));
}

CASE(rename, errnos)
{
	new_directory();
	close(file_with("f", "text"));
	NEED(mkdir("d", 0755) == 0 && mkdir("d/e", 0755) == 0 && mkdir("empty", 0755) == 0);
	show_ret("nothing", CALL(SYS_rename, "x", "y"));
	show_ret("a directory into itself", CALL(SYS_rename, "d", "d/e/x"));
	show_ret("a directory over what it is in", CALL(SYS_rename, "d/e", "d"));
	show_ret("a file over a directory", CALL(SYS_rename, "f", "d"));
	show_ret("a directory over a file", CALL(SYS_rename, "d", "f"));
	show_ret("over a directory that is not empty", CALL(SYS_rename, "empty", "d"));
	show_ret("a file, with a slash", CALL(SYS_rename, "f/", "g"));
	show_ret("a file to a name with a slash", CALL(SYS_rename, "f", "g/"));
	show_ret("a directory to a name with a slash", CALL(SYS_rename, "empty", "g/"));
	show_ret(".", CALL(SYS_rename, ".", "x"));
	show_ret("to ..", CALL(SYS_rename, "f", "d/.."));
	show_ret("/", CALL(SYS_rename, "/", "x"));
	show_ret("in nothing", CALL(SYS_rename, "f", "x/y"));
	show_ret("in a file", CALL(SYS_rename, "d", "f/y"));
	show_ret("to nothing", CALL(SYS_rename, "f", ""));
	show_names(".");
}

CASE(rename, replaces)
{
	int fd;

	new_directory();
	close(file_with("f", "new"));
	fd = file_with("g", "old");
	show_ret("a file over a file", CALL(SYS_rename, "f", "g"));
	show_text("g");
	show_fd("what it was", fd);
	NEED(mkdir("d", 0755) == 0 && mkdir("e", 0755) == 0);
	close(file_with("d/x", ""));
	show_ret("a directory over an empty one", CALL(SYS_rename, "d", "e"));
	show_names("e");
	NEED(symlink("g", "l") == 0);
	show_ret("a link over a file", CALL(SYS_rename, "l", "g"));
	show_open("which leads to itself", CALL(SYS_open, "g", O_RDONLY));
	show_ret("to its own name", CALL(SYS_rename, "e", "e"));
	show_names(".");
}

CASE(rename, two_names_of_one_file)
{
	new_directory();
	close(file_with("f", "text"));
	NEED(link("f", "g") == 0);
	show_ret("one over the other", CALL(SYS_rename, "f", "g"));
	show_names(".");
	show_file("f");
}

CASE(rename, flags)
{
	new_directory();
	close(file_with("f", "one"));
	close(file_with("g", "two"));
	NEED(mkdir("d", 0755) == 0);
	show_ret("not over g", CALL(SYS_renameat2, CWD, "f", CWD, "g", NOREPLACE));
	show_ret("not over itself", CALL(SYS_renameat2, CWD, "f", CWD, "f", NOREPLACE));
	show_ret("to a new name", CALL(SYS_renameat2, CWD, "f", CWD, "h", NOREPLACE));
	show_ret("exchange", CALL(SYS_renameat2, CWD, "g", CWD, "h", EXCHANGE));
	show_ret("with nothing", CALL(SYS_renameat2, CWD, "g", CWD, "x", EXCHANGE));
	show_ret("with a directory", CALL(SYS_renameat2, CWD, "g", CWD, "d", EXCHANGE));
	show_ret("both", CALL(SYS_renameat2, CWD, "g", CWD, "h", NOREPLACE | EXCHANGE));
	show_ret("unknown", CALL(SYS_renameat2, CWD, "g", CWD, "h", 1 << 20));
	show_text("d");
	show_text("h");
	show_names(".");
}

CASE(rename, between_directories)
{
	int a, b;

	new_directory();
	NEED(mkdir("a", 0755) == 0 && mkdir("b", 0755) == 0 && mkdir("a/d", 0755) == 0);
	close(file_with("a/d/f", "text"));
	a = open("a", O_RDONLY);
	b = open("b", O_PATH);
	show_ret("a directory", CALL(SYS_renameat, a, "d", b, "e"));
	show_text("b/e/f");
	NEED(chdir("b/e") == 0);
	show_open(".. is where it is now", CALL(SYS_open, "../../b", O_RDONLY));
	show_file("..");
	show_ret("back", CALL(SYS_renameat, b, "e", a, "d"));
	show_file("..");
	show_ret("from a descriptor of a file",
		 CALL(SYS_renameat, open("f", O_RDONLY), "x", a, "y"));
	show_ret("from none", CALL(SYS_renameat, 99, "x", a, "y"));
}

CASE(unlink, open_files_live_on)
{
	char text[8] = "";
	int fd, other;

	new_directory();
	fd = file_with("f", "text");
	show_ret("unlink", CALL(SYS_unlink, "f"));
	show_ret("again", CALL(SYS_unlink, "f"));
	show_fd("it", fd);
	show_ret("write", CALL(SYS_write, fd, "more", 4));
	show_ret("read", CALL(SYS_pread64, fd, text, 8, 0));
	show("%.8s", text);
	other = file_with("f", "another");
	show_fd("it", fd);
	show_fd("another one", other);
}

CASE(unlink, errnos)
{
	new_directory();
	close(file_with("f", ""));
	NEED(symlink(".", "l") == 0);
	show_ret("nothing", CALL(SYS_unlink, "x"));
	show_ret("in a file", CALL(SYS_unlink, "f/x"));
	show_ret("a file with a slash", CALL(SYS_unlink, "f/"));
	show_ret("a link with a slash", CALL(SYS_unlink, "l/"));
	show_ret("an empty path", CALL(SYS_unlink, ""));
	show_ret("/", CALL(SYS_unlink, "/"));
	show_ret("at a file", CALL(SYS_unlinkat, open("f", O_RDONLY), "x", 0));
	show_ret("by way of a link", CALL(SYS_unlink, "l/f"));
	show_names(".");
}

/* Two processes, each with its own working directory, and one that is shared. */
CASE(dir, working_directory_of_a_child)
{
	int status;
	pid_t pid;

	new_directory();
	NEED(mkdir("d", 0755) == 0);
	close(file_with("d/f", "text"));
	pid = fork();
	if (pid == 0) {
		show_text("d/f");
		NEED(chdir("d") == 0);
		show_text("f");
		_exit(0);
	}
	status = status_of(pid);
	show_status("end", status);
	show_text("f");
	show_text("d/f");
}

CASE(unlink, many)
{
	char name[16];
	int failed = 0;

	new_directory();
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		failed += CALL(SYS_mknod, name, S_IFREG | 0644, 0) != 0;
	}
	show("%d could not be made", failed);
	for (int i = 2999; i >= 0; i--) {
		snprintf(name, sizeof(name), "f%d", (i * 7) % 3000);
		failed += CALL(SYS_unlink, name) != 0;
	}
	show("%d could not be removed", failed);
	show_names(".");
	show_file(".");
}
