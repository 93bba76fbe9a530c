/* What a file is besides its contents: mode, owner, times, numbers. */
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "user/conformance/files.h"

CASE(attribute, mode)
{
	int fd;

	new_directory();
	fd = file_with("f", "");
	NEED(symlink("f", "l") == 0 && mkdir("d", 0755) == 0);
	show_ret("chmod", CALL(SYS_chmod, "f", 04711));
	show_file("f");
	show_ret("by a link", CALL(SYS_chmod, "l", 0100600));
	show_file("f");
	show_ret("fchmod", CALL(SYS_fchmod, fd, 0444));
	show_file("f");
	show_ret("of a directory", CALL(SYS_fchmodat, CWD, "d", 01777));
	show_file("d");
	show_ret("of nothing", CALL(SYS_chmod, "x", 0600));
	show_ret("of a bad descriptor", CALL(SYS_fchmod, 99, 0600));
	show_open("root writes it all the same", CALL(SYS_open, "f", O_RDWR));
}

CASE(attribute, owner)
{
	struct stat st;

	new_directory();
	close(file_with("f", ""));
	NEED(symlink("f", "l") == 0 && chmod("f", 06755) == 0);
	show_ret("chown", CALL(SYS_chown, "f", 11, 22));
	show_file("f");
	NEED(stat("f", &st) == 0);
	show("%u %u", st.st_uid, st.st_gid);
	show_ret("only the group", CALL(SYS_chown, "l", -1, 33));
	show_ret("of the link itself", CALL(SYS_lchown, "l", 44, -1));
	NEED(stat("l", &st) == 0);
	show("%u %u", st.st_uid, st.st_gid);
	NEED(lstat("l", &st) == 0);
	show("%u %u", st.st_uid, st.st_gid);
	show_ret("of nothing", CALL(SYS_chown, "x", 0, 0));
}

CASE(attribute, access)
{
	new_directory();
	close(file_with("f", ""));
	NEED(chmod("f", 0) == 0 && mkdir("d", 0) == 0 && symlink("x", "l") == 0);
	show_ret("is it there", CALL(SYS_access, "f", F_OK));
	show_ret("may root read it", CALL(SYS_access, "f", R_OK | W_OK));
	show_ret("run it", CALL(SYS_access, "f", X_OK));
	NEED(chmod("f", 0010) == 0);
	show_ret("run it with one x bit", CALL(SYS_access, "f", X_OK));
	show_ret("a directory", CALL(SYS_access, "d", R_OK | W_OK | X_OK));
	show_ret("a link to nothing", CALL(SYS_access, "l", F_OK));
	show_ret("unknown bits", CALL(SYS_access, "f", 8));
	show_ret("nothing", CALL(SYS_access, "x", F_OK));
}

static void show_times(const char *path, int which)
{
	struct stat st;

	NEED(lstat(path, &st) == 0);
	show("%s: read %ld.%09ld, changed %ld.%09ld", path, which & 1 ? (long)st.st_atime : 0,
	     which & 1 ? st.st_atim.tv_nsec : 0, which & 2 ? (long)st.st_mtime : 0,
	     which & 2 ? st.st_mtim.tv_nsec : 0);
}

CASE(attribute, times)
{
	struct timespec t[2] = {{1000, 11}, {2000, 22}};
	int fd;

	new_directory();
	fd = file_with("f", "");
	NEED(symlink("f", "l") == 0);
	show_ret("both", CALL(SYS_utimensat, CWD, "f", t, 0));
	show_times("f", 3);
	t[0].tv_nsec = UTIME_OMIT;
	t[1].tv_sec = 3000;
	show_ret("the second", CALL(SYS_utimensat, CWD, "l", t, 0));
	show_times("f", 3);
	t[0] = (struct timespec){4000, 44};
	t[1].tv_nsec = UTIME_NOW;
	show_ret("the first, by descriptor", CALL(SYS_utimensat, fd, NULL, t, 0));
	show_times("f", 1);
	t[0].tv_nsec = 1000000000;
	show_ret("too many nanoseconds", CALL(SYS_utimensat, CWD, "f", t, 0));
	show_ret("of nothing", CALL(SYS_utimensat, CWD, "x", NULL, 0));
	show_ret("of a link itself", CALL(SYS_utimensat, CWD, "l", NULL, AT_SYMLINK_NOFOLLOW));
	show_times("f", 1);
}

static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* Which of the three times an operation moves. */
static void show_moved(const char *what, const char *path, const struct stat *before)
{
	struct stat after;

	NEED(lstat(path, &after) == 0);
	show("%s moves%s%s%s", what, is_later(&after.st_atim, &before->st_atim) ? " atime" : "",
	     is_later(&after.st_mtim, &before->st_mtim) ? " mtime" : "",
	     is_later(&after.st_ctim, &before->st_ctim) ? " ctime" : "");
}

#define MOVED(what, path, call)                                                                    \
	do {                                                                                       \
		struct stat before_;                                                               \
		NEED(lstat(path, &before_) == 0);                                                  \
		nap_ns(20000000);                                                                  \
		NEED((call) >= 0);                                                                 \
		show_moved(what, path, &before_);                                                  \
	} while (0)

CASE(attribute, times_that_move)
{
	char text[8];
	int fd;

	new_directory();
	fd = file_with("f", "text");
	NEED(mkdir("d", 0755) == 0);
	MOVED("write", "f", write(fd, "x", 1));
	MOVED("write of nothing", "f", write(fd, "", 0));
	MOVED("the first read", "f", pread(fd, text, 4, 0));
	MOVED("chmod", "f", chmod("f", 0600));
	MOVED("link", "f", link("f", "g"));
	MOVED("rename", "f", rename("g", "h"));
	MOVED("unlink", "f", unlink("h"));
	MOVED("ftruncate", "f", ftruncate(fd, 2));
	MOVED("ftruncate to the same", "f", ftruncate(fd, 2));
	MOVED("truncate to the same", "f", truncate("f", 2));
	MOVED("a name in a directory", "d", mkdir("d/e", 0755));
	MOVED("a name less", "d", rmdir("d/e"));
	MOVED("chmod of what is in it", "d", chmod("d", 0700));
	MOVED("open with O_TRUNC", "f", open("f", O_RDONLY | O_TRUNC));
}

CASE(attribute, numbers)
{
	struct stat a, b, c;

	new_directory();
	close(file_with("f", ""));
	close(file_with("g", ""));
	NEED(link("f", "h") == 0);
	NEED(stat("f", &a) == 0 && stat("g", &b) == 0 && stat("h", &c) == 0);
	show("two files: %s", a.st_ino == b.st_ino ? "the same number" : "two numbers");
	show("two names: %s", a.st_ino == c.st_ino ? "the same number" : "two numbers");
	show("device: %s", a.st_dev == b.st_dev ? "the same" : "two");
	NEED(unlink("f") == 0 && stat("h", &c) == 0);
	show("one name less: %s", a.st_ino == c.st_ino ? "the same number" : "another number");
	show("block size %ld", (long)a.st_blksize);
	NEED(mknod("n", S_IFCHR | 0600, makedev(5, 1)) == 0 && stat("n", &a) == 0);
	show("a device: %u %u", major(a.st_rdev), minor(a.st_rdev));
}

CASE(attribute, stat_errnos)
{
	struct stat st;

	new_directory();
	close(file_with("f", ""));
	show_ret("nothing", CALL(SYS_stat, "x", &st));
	show_ret("in a file", CALL(SYS_stat, "f/x", &st));
	show_ret("a file with a slash", CALL(SYS_lstat, "f/", &st));
	show_ret("to a bad address", CALL(SYS_stat, "f", 8));
	show_ret("a bad descriptor", CALL(SYS_fstat, 99, &st));
	show_ret("an empty path", CALL(SYS_newfstatat, CWD, "", &st, 0));
	show_ret("AT_EMPTY_PATH",
		 CALL(SYS_newfstatat, open("f", O_RDONLY), "", &st, AT_EMPTY_PATH));
	show("it is a file: %d", S_ISREG(st.st_mode));
	show_ret("the working directory by it", CALL(SYS_newfstatat, CWD, "", &st, AT_EMPTY_PATH));
	show("it is a directory: %d", S_ISDIR(st.st_mode));
	show_ret("unknown flags", CALL(SYS_newfstatat, CWD, "f", &st, 1));
}

CASE(attribute, file_system)
{
	struct statfs s;

	new_directory();
	close(file_with("f", ""));
	show_ret("statfs", CALL(SYS_statfs, "f", &s));
	show("names of %ld, blocks of %ld", (long)s.f_namelen, (long)s.f_bsize);
	show("some are free: %d, not more than there are: %d", s.f_bfree > 0,
	     s.f_bfree <= s.f_blocks);
	show_ret("fstatfs", CALL(SYS_fstatfs, open(".", O_RDONLY), &s));
	show_ret("of nothing", CALL(SYS_statfs, "x", &s));
	show_ret("fsync", CALL(SYS_fsync, open("f", O_RDONLY)));
	show_ret("fdatasync", CALL(SYS_fdatasync, open("f", O_RDONLY)));
	show_ret("fsync of nothing", CALL(SYS_fsync, 99));
	show_ret("sync", CALL(SYS_sync));
}

CASE(attribute, make_nodes)
{
	new_directory();
	show_ret("a file", CALL(SYS_mknod, "a", 0644, 0));
	show_ret("a file by its type", CALL(SYS_mknod, "b", S_IFREG | 0644, 0));
	show_ret("a fifo", CALL(SYS_mknod, "c", S_IFIFO | 0644, 0));
	show_ret("a socket", CALL(SYS_mknod, "d", S_IFSOCK | 0644, 0));
	show_ret("a device", CALL(SYS_mknod, "e", S_IFCHR | 0644, 0x103));
	show_ret("a directory", CALL(SYS_mknod, "f", S_IFDIR | 0755, 0));
	show_ret("a link", CALL(SYS_mknod, "g", S_IFLNK | 0777, 0));
	show_ret("no type", CALL(SYS_mknod, "h", 0170000, 0));
	show_ret("a name that is there", CALL(SYS_mknod, "a", 0644, 0));
	show_ret("a name with a slash", CALL(SYS_mknod, "i/", 0644, 0));
	show_open("the socket", CALL(SYS_open, "d", O_RDWR));
	show_file("c");
	show_file("e");
	show_names(".");
}
