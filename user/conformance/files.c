/* See files.h. */
#include "user/conformance/files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 16

void new_directory(void)
{
	static const char tmp[] = "/tmp/";
	char path[sizeof(tmp) + sizeof(conform_current)] = "/tmp/";

	/* Linux's archive has none. */
	(void)mkdir("/tmp", 01777);
	strcat(path, conform_current);
	NEED(mkdir(path, 0755) == 0);
	NEED(chdir(path) == 0);
	umask(022);
}

int file_with(const char *path, const char *text)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	ssize_t n = (ssize_t)strlen(text);

	NEED(fd >= 0);
	NEED(write(fd, text, (size_t)n) == n);
	return fd;
}

static const char *type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "link";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	case S_IFCHR:
		return "character device";
	default:
		return "something else";
	}
}

static void show_stat(const char *what, const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		show("%s: file %03o, links %lu, size %ld, blocks %ld", what, st->st_mode & 07777,
		     (unsigned long)st->st_nlink, (long)st->st_size, (long)st->st_blocks);
	else if (S_ISDIR(st->st_mode))
		show("%s: directory %03o, links %lu", what, st->st_mode & 07777,
		     (unsigned long)st->st_nlink);
	else
		show("%s: %s %03o, links %lu, size %ld", what, type_of(st->st_mode),
		     st->st_mode & 07777, (unsigned long)st->st_nlink, (long)st->st_size);
}

void show_file(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		show_stat(path, &st);
	else
		show("%s: %s", path, errno_name(errno));
}

void show_fd(const char *what, int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0)
		show_stat(what, &st);
	else
		show("%s: %s", what, errno_name(errno));
}

void show_text(const char *path)
{
	char text[200];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0) {
		show("%s: %s", path, errno_name(errno));
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		text[i] = text[i] ? text[i] : '0';
	text[n] = 0;
	show("%s: \"%s\"", path, text);
	close(fd);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

void show_names(const char *path)
{
	char names[NAMES_MAX][40];
	DIR *d = opendir(path);
	struct dirent *e;
	int n = 0;

	if (!d) {
		show("%s: %s", path, errno_name(errno));
		return;
	}
	while ((e = readdir(d)) && n < NAMES_MAX)
		snprintf(names[n++], sizeof(names[0]), "%.30s (%d)", e->d_name, e->d_type);
	closedir(d);
	qsort(names, (size_t)n, sizeof(names[0]), by_name);
	for (int i = 0; i < n; i++)
		show("in %s: %s", path, names[i]);
}

void show_open(const char *what, long fd)
{
	show_fine(what, fd);
	if (fd >= 0)
		close((int)fd);
}
