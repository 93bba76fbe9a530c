/*
 * The two sides of the property test, which compare_test.c runs: the calls are in compare_steps.c, what is looked at
 * and the judgement in compare_tree.c.
 *
 * Both sides have the same descriptors open, in slots; slot 0 is the root directory.
 */
#ifndef USER_ROOTFS_TESTS_COMPARE_H
#define USER_ROOTFS_TESTS_COMPARE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

/* Makes a new tmpfs the root of this process. False: it may not. */
bool compare_enter(void);

void compare_begin(unsigned long seed);
/* One random call on both sides. A difference ends the process with a message. */
void compare_step(void);
/* Everything that is in both trees. */
void compare_trees(void);
/* Closes and removes everything. */
void compare_wipe(void);

/* --- between the two files --- */

#define COMPARE_SLOTS 8
#define COMPARE_DATA  20000 /* bytes of one read or write at most */
#define COUNT(a)      (sizeof(a) / sizeof((a)[0]))

extern struct compare_slot {
	int fd;
	uint64_t cookie;
	bool used;
} slots[COMPARE_SLOTS];

extern unsigned long compare_seed, compare_nr; /* the step in hand */
extern char compare_call[4096];                /* what it is */
extern char data_a[COMPARE_DATA], data_b[COMPARE_DATA];
/* A file that somebody has mapped may have more memory than it needs, and no holes. */
extern bool any_mapped;

#define NOTE(...) snprintf(compare_call, sizeof(compare_call), __VA_ARGS__)

/* Ends the process. */
void differ(const char *how) __attribute__((noreturn));
/* Two results, or -errno. */
void expect(long linux_says, long we_say);
/* All but the times. */
void expect_stat(const struct stat *a, const struct stat *b);

/* What a call of the C library returns, as the kernel says it. */
static inline long host(long ret)
{
	return ret < 0 ? -errno : ret;
}

#endif
