/*
 * For the host tests: a client of the handlers, in place of messages, and of what rootfs wants of the kernel.
 *
 * A call is what the file layer would send. Paths and data lie in heap blocks of their exact size, so that the
 * sanitizer sees a byte too far.
 */
#ifndef USER_ROOTFS_TESTS_CLIENT_H
#define USER_ROOTFS_TESTS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "kernel/abi/fs.h"

#define CLIENT_LIMIT (16ull << 20) /* bytes of the pool */

/* A new, empty tree. */
void client_begin(void);
/* Nothing that the tree has been given but its root is left in use; ends the test otherwise. */
void client_end(void);

struct call {
	uint64_t cookie;
	unsigned int op, flags;
	uint64_t arg[3];
	const char *path; /* NULL: without FS_BY_PATH */
	const void *data;
	size_t data_bytes;
	void *room; /* for the answer's data */
	size_t room_bytes;
	int handle;     /* that comes with it, is dup'ed; 0: none */
	bool leaves;    /* before it is answered */
	size_t refused; /* data from this byte on cannot be read, nor room written to; 0: all can */
	/* Results. */
	uint64_t word[2], connection;
	size_t got_bytes;
	int got_handle; /* the test's own; -1: none */
	char rest[FS_PATH_MAX];
};

/* What the call returns. */
long client_call(struct call *c);

/* Calls by path, from the directory `at`. */
long client_path(unsigned int op, uint64_t at, const char *path, uint64_t a, uint64_t b);
/* A cookie or -errno. */
long client_open(uint64_t at, const char *path, int flags, int mode);
void client_close(uint64_t cookie);
long client_stat(uint64_t at, const char *path, bool follow, struct stat *st);
/* LINK, RENAME: with a second path. */
long client_two(unsigned int op, unsigned int flags, uint64_t at, const char *path, uint64_t to,
		const char *second, uint64_t c);
long client_symlink(uint64_t at, const char *path, const char *target);
long client_read(uint64_t file, void *buffer, size_t bytes, uint64_t offset);
long client_write(uint64_t file, const void *buffer, size_t bytes, uint64_t offset);

#endif
