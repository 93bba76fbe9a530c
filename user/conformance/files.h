/* For the cases about files: each works in a new, empty directory of its own. */
#ifndef USER_CONFORMANCE_FILES_H
#define USER_CONFORMANCE_FILES_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "user/conformance/conform.h"

#define CWD ((uintptr_t)AT_FDCWD)

/* Makes the directory the working one. */
void new_directory(void);
/* A file with this text, opened for reading and writing. Its descriptor. */
int file_with(const char *path, const char *text);
/* Type, mode, links, size and blocks of 512 bytes (of a regular file) of a name; of a directory not its size. */
void show_file(const char *path);
void show_fd(const char *what, int fd);
/* What is in it, in the order of the alphabet; of at most 16 names. */
void show_text(const char *path);
void show_names(const char *path);
/* Removes the descriptor's number from what can be told: "fine", or the errno. Closes it. */
void show_open(const char *what, long fd);

#endif
