/* ABI tests: /proc as programs read it. Where there is no /proc they are skipped. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "user/tests/abitest.h"

static void need_proc(void)
{
	struct stat st;

	if (stat("/proc/self/stat", &st))
		SKIP("needs /proc");
}

/* A whole file, read in pieces of so many bytes; with a NUL behind it. */
static char *slurp_by(const char *path, size_t piece)
{
	static char text[1 << 20];
	int fd = open(path, O_RDONLY);
	size_t done = 0;
	ssize_t n;

	CHECK(fd >= 0);
	while ((n = read(fd, text + done, piece)) > 0) {
		done += (size_t)n;
		CHECK(done + piece < sizeof(text));
	}
	CHECK_EQ(n, 0);
	CHECK_EQ(close(fd), 0);
	text[done] = 0;
	return text;
}

static char *slurp(const char *path)
{
	return slurp_by(path, 4096);
}

static char *slurp_of(pid_t pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return slurp(path);
}

/* The n-th field of a stat line, from 3 on. */
static long stat_field(const char *line, unsigned int n)
{
	const char *at = strrchr(line, ')');

	CHECK(at != NULL);
	at += 2;
	for (unsigned int i = 3; i < n; i++)
		at = strchr(at, ' ') + 1;
	return n == 3 ? *at : strtol(at, NULL, 10);
}

TEST(proc, stat_says_who_it_is)
{
	const char *line;

	need_proc();
	CHECK_EQ(prctl(PR_SET_NAME, "a) (b c"), 0);
	line = slurp("/proc/self/stat");
	CHECK_EQ(atoi(line), getpid());
	CHECK_EQ(strncmp(strchr(line, '('), "(a) (b c) ", 10), 0);
	CHECK_EQ(stat_field(line, 4), getppid());
	CHECK_EQ(stat_field(line, 5), getpgrp());
	CHECK_EQ(stat_field(line, 6), getsid(0));
	CHECK_EQ(stat_field(line, 20), 1);
	CHECK(stat_field(line, 23) > 0 && stat_field(line, 24) > 0);
	CHECK_EQ(strcmp(slurp("/proc/self/comm"), "a) (b c\n"), 0);
}

TEST(proc, status_has_the_same_by_name)
{
	char expected[64];
	const char *text;

	need_proc();
	signal(SIGUSR2, SIG_IGN);
	text = slurp("/proc/self/status");
	snprintf(expected, sizeof(expected), "\nPid:\t%d\nPPid:\t%d\n", (int)getpid(),
		 (int)getppid());
	CHECK(strstr(text, expected) != NULL);
	CHECK(strncmp(text, "Name:\tabitest\n", 14) == 0);
	text = strstr(text, "\nSigIgn:\t");
	CHECK(text && strtoul(text + 9, NULL, 16) >> (SIGUSR2 - 1) & 1);
}

TEST(proc, states_of_a_child)
{
	pid_t pid;

	need_proc();
	pid = fork();
	while (pid == 0)
		pause();
	while (stat_field(slurp_of(pid, "stat"), 3) != 'S')
		nap_ns(1000000);
	CHECK_EQ(kill(pid, SIGSTOP), 0);
	while (stat_field(slurp_of(pid, "stat"), 3) != 'T')
		nap_ns(1000000);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	while (stat_field(slurp_of(pid, "stat"), 3) != 'Z')
		nap_ns(1000000);
	CHECK_EQ(slurp_of(pid, "cmdline")[0], 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(proc, a_process_that_has_gone)
{
	char path[64], text[16];
	int fd, dir;
	pid_t pid;

	need_proc();
	pid = fork();
	while (pid == 0)
		pause();
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	dir = open(path, O_RDONLY | O_DIRECTORY);
	fd = openat(dir, "comm", O_RDONLY);
	CHECK(dir >= 0 && fd >= 0);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK_EQ(read(fd, text, sizeof(text)), -1);
	CHECK_EQ(errno, ESRCH);
	CHECK_EQ(open(path, O_RDONLY), -1);
	CHECK_EQ(errno, ENOENT);
	CHECK_EQ(openat(dir, "stat", O_RDONLY), -1);
	CHECK(errno == ENOENT || errno == ESRCH);
}

TEST(proc, arguments_and_environment)
{
	char *const argv[] = {"first", "helper", "pause", "b c", NULL};
	char *const envp[] = {"X=1", "Y=", NULL};
	char path[64], own[256] = "", target[256] = "";
	pid_t pid;

	need_proc();
	CHECK(readlink("/proc/self/exe", own, sizeof(own) - 1) > 0 && own[0] == '/');
	pid = vfork();
	if (pid == 0) {
		execve(own, argv, envp);
		_exit(98);
	}
	/* Linux lets the parent go on before it says what the arguments are. */
	while (!slurp_of(pid, "cmdline")[0])
		nap_ns(1000000);
	CHECK_EQ(memcmp(slurp_of(pid, "cmdline"), "first\0helper\0pause\0b c", 23), 0);
	CHECK_EQ(memcmp(slurp_of(pid, "environ"), "X=1\0Y=", 7), 0);
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	CHECK(readlink(path, target, sizeof(target) - 1) > 0);
	CHECK_EQ(strcmp(target, own), 0);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

/* The line of maps that holds an address. */
static char *map_of(const void *address)
{
	static char line[256];

	for (char *at = slurp("/proc/self/maps"); *at; at = strchr(at, '\n') + 1) {
		unsigned long start, end;

		CHECK_EQ(sscanf(at, "%lx-%lx ", &start, &end), 2);
		if ((unsigned long)address < start || (unsigned long)address >= end)
			continue;
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
		return line;
	}
	CHECK(false);
	return NULL;
}

TEST(proc, maps)
{
	char local = 0, *area;

	need_proc();
	area = mmap(NULL, 3 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED);
	CHECK_EQ(mprotect(area + PAGE_SIZE, PAGE_SIZE, PROT_NONE), 0);
	CHECK(strstr(map_of(area), " rw-s ") != NULL);
	CHECK(strstr(map_of(area + PAGE_SIZE), " ---s ") != NULL);
	CHECK(strstr(map_of(&local), " rw-p ") && strstr(map_of(&local), "[stack]"));
	CHECK(strstr(map_of((void *)stat_field), " r-xp ") != NULL);
	CHECK(strstr(map_of((void *)stat_field), "/abitest") != NULL);
	CHECK(strstr(map_of((void *)stat_field), "[") == NULL);
}

/* A reader in small pieces reads one text, although what it is about changes meanwhile; from the start a new one. */
TEST(proc, what_is_read_is_a_snapshot)
{
	static char first[1 << 16], rest[1 << 16];
	ssize_t n, more;
	char *area;
	int fd;

	need_proc();
	fd = open("/proc/self/maps", O_RDONLY);
	CHECK(fd >= 0);
	n = read(fd, first, sizeof(first));
	CHECK(n > 0);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(read(fd, rest, 10), 10);
	area = mmap((void *)0x300000000000, PAGE_SIZE, PROT_READ,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(area != MAP_FAILED);
	if (!options.host) {
		more = read(fd, rest + 10, sizeof(rest) - 10);
		CHECK_EQ(more, n - 10);
		CHECK_EQ(memcmp(first, rest, (size_t)n), 0);
	}
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	more = read(fd, rest, sizeof(rest) - 1);
	CHECK(more > n);
	rest[more] = 0;
	CHECK(strstr(rest, "\n300000000000-300000001000 r--p ") != NULL);
	CHECK_EQ(pread(fd, rest, 12, 0), 12);
	CHECK_EQ(memcmp(first, rest, 12), 0);
}

TEST(proc, pieces_make_the_same_whole)
{
	char whole[4096];

	need_proc();
	strcpy(whole, slurp("/proc/self/maps"));
	CHECK_EQ(strcmp(whole, slurp_by("/proc/self/maps", 100)), 0);
}

TEST(proc, directories)
{
	bool found_self = false, found_link = false;
	struct dirent *d;
	char text[16];
	DIR *dir;

	need_proc();
	dir = opendir("/proc");
	CHECK(dir != NULL);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	while ((d = readdir(dir))) {
		found_self |= strcmp(d->d_name, text) == 0 && d->d_type == DT_DIR;
		found_link |= strcmp(d->d_name, "self") == 0 && d->d_type == DT_LNK;
	}
	CHECK(found_self && found_link);
	closedir(dir);
	dir = opendir("/proc/self/task");
	CHECK(dir != NULL);
	for (unsigned int n = 0; (d = readdir(dir)); n++)
		CHECK(d->d_name[0] == '.' || strcmp(d->d_name, text) == 0);
	closedir(dir);
	CHECK_EQ(chdir("/proc/self/task"), 0);
	CHECK_EQ(chdir("../../../proc"), 0);
	CHECK(getcwd(text, sizeof(text)) && strcmp(text, "/proc") == 0);
}

TEST(proc, what_cannot_be_done)
{
	struct statfs fs;
	struct stat st;

	need_proc();
	CHECK_EQ(statfs("/proc", &fs), 0);
	CHECK_EQ(fs.f_type, 0x9fa0);
	CHECK_EQ(stat("/proc/self/stat", &st), 0);
	CHECK(S_ISREG(st.st_mode) && st.st_size == 0);
	CHECK_EQ(open("/proc/self/nothing", O_RDONLY), -1);
	CHECK_EQ(errno, ENOENT);
	CHECK_EQ(open("/proc/self/stat/", O_RDONLY), -1);
	CHECK_EQ(errno, ENOTDIR);
	CHECK_EQ(open("/proc/self/stat", O_RDONLY | O_DIRECTORY), -1);
	CHECK_EQ(errno, ENOTDIR);
	CHECK_EQ(open("/proc/self", O_RDONLY | O_NOFOLLOW), -1);
	CHECK_EQ(errno, ELOOP);
	CHECK_EQ(open("/proc/self/", O_RDWR), -1);
	CHECK_EQ(errno, EISDIR);
	CHECK_EQ(mkdir("/proc/x", 0700), -1);
	CHECK_EQ(unlink("/proc/self/stat"), -1);
	CHECK_EQ(errno, EPERM);
	CHECK_EQ(rename("/proc/version", "/proc/x"), -1);
}

TEST(proc, the_machine)
{
	unsigned long total, left;
	double up, idle;

	need_proc();
	CHECK_EQ(sscanf(slurp("/proc/meminfo"), "MemTotal: %lu kB\nMemFree: %lu kB", &total, &left),
		 2);
	CHECK(total > left && left > 0);
	CHECK_EQ(sscanf(slurp("/proc/uptime"), "%lf %lf", &up, &idle), 2);
	CHECK(up > 0);
	CHECK(strncmp(slurp("/proc/stat"), "cpu  ", 5) == 0);
	CHECK(strstr(slurp("/proc/stat"), "\nctxt ") && strstr(slurp("/proc/stat"), "\nbtime "));
	CHECK(strncmp(slurp("/proc/cpuinfo"), "processor\t: 0\n", 14) == 0);
	CHECK(strstr(slurp("/proc/loadavg"), "/") != NULL);
	CHECK(strstr(slurp("/proc/mounts"), " /proc proc ") != NULL);
}

TEST(proc, page_tables)
{
	char expected[32];
	const char *text;

	need_proc();
	if (options.host)
		SKIP("Linux has no such file");
	text = slurp("/proc/pgsync");
	CHECK(strncmp(text, "strategy ", 9) == 0);
	snprintf(expected, sizeof(expected), "\n%7d abitest ", (int)getpid());
	CHECK(strstr(text, expected) != NULL);
	snprintf(expected, sizeof(expected), "\n%d\t1\tabitest\tlive\t", (int)getpid());
	CHECK(strstr(slurp("/proc/pgsync.tsv"), expected) != NULL);
}

/* Reads about everybody while processes come and go. */
TEST(proc, a_crowd)
{
	static char text[65536];
	pid_t children[2];
	struct dirent *d;

	need_proc();
	for (unsigned int i = 0; i < 2; i++) {
		children[i] = fork();
		while (children[i] == 0) {
			pid_t pid = fork();

			if (pid == 0)
				_exit(0);
			waitpid(pid, NULL, 0);
		}
	}
	for (unsigned int round = 0; round < 3; round++) {
		DIR *dir = opendir("/proc");

		CHECK(dir != NULL);
		while ((d = readdir(dir))) {
			char path[64];
			ssize_t n;
			int fd;

			snprintf(path, sizeof(path), "/proc/%d/stat", atoi(d->d_name));
			fd = open(path, O_RDONLY);
			CHECK(fd >= 0 || errno == ENOENT || errno == ESRCH);
			n = fd < 0 ? 0 : read(fd, text, sizeof(text));
			CHECK(n >= 0 || errno == ESRCH);
			if (fd >= 0)
				CHECK_EQ(close(fd), 0);
		}
		closedir(dir);
	}
	for (unsigned int i = 0; i < 2; i++) {
		CHECK_EQ(kill(children[i], SIGKILL), 0);
		CHECK_EQ(waitpid(children[i], NULL, 0), children[i]);
	}
}

/* Whether the process has that name; no, if it has just ended. */
static bool is_called(const char *pid, const char *name)
{
	char path[300], comm[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return false;
	(void)!read(fd, comm, sizeof(comm) - 1);
	CHECK_EQ(close(fd), 0);
	return strcmp(comm, name) == 0;
}

/* The number of the server, by its name. */
static pid_t find_server(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;
	pid_t found = 0;

	CHECK(dir != NULL);
	while ((d = readdir(dir)))
		if (atoi(d->d_name) && is_called(d->d_name, "proc\n"))
			found = atoi(d->d_name);
	closedir(dir);
	CHECK(found > 0);
	return found;
}

TEST(proc, its_server_dies)
{
	pid_t server;
	char text[16];
	int fd;

	need_proc();
	if (options.host)
		SKIP("Linux has no server of it");
	server = find_server();
	fd = open("/proc/self/stat", O_RDONLY);
	CHECK(fd >= 0 && read(fd, text, 4) == 4);
	CHECK_EQ(kill(server, SIGKILL), 0);
	/* What was open is lost, and everything else is as before. */
	CHECK_EQ(read(fd, text, 4), -1);
	CHECK_EQ(errno, EIO);
	CHECK_EQ(atoi(slurp("/proc/self/stat")), getpid());
	CHECK(find_server() != server);
}
