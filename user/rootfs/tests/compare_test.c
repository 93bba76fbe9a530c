/* host-test: user/rootfs/tests/client.c user/rootfs/tests/compare_tree.c user/rootfs/tests/compare_steps.c
 * user/rootfs/serve.c user/rootfs/serve_file.c
 * user/rootfs/serve_path.c user/rootfs/open.c user/rootfs/names.c user/rootfs/walk.c user/rootfs/dir.c
 * user/rootfs/inode.c user/rootfs/content.c user/rootfs/pool.c user/rootfs/device.c cflags: -D_GNU_SOURCE */
/*
 * Property test of the tree: random calls, made here and on a tmpfs of the Linux that the test runs on; results,
 * errors and what is there afterwards must be equal.
 *
 * COMPARE_SEED=7 COMPARE_STEPS=100000000 repeats a run, and makes it longer. A failure says seed and step, and the
 * call.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "user/rootfs/tests/compare.h"

#define STEPS      100000ul
#define WIPE_EVERY 5000
#define LOOK_EVERY 250

static unsigned long number(const char *name, unsigned long fallback)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : fallback;
}

/* In a process of its own: its root directory is the tmpfs. */
static int run(unsigned long seed, unsigned long steps)
{
	compare_begin(seed);
	for (unsigned long i = 0; i < steps; i++) {
		compare_step();
		if (i % LOOK_EVERY == 0)
			compare_trees();
		if (i % WIPE_EVERY == 0)
			compare_wipe();
	}
	compare_wipe();
	return 0;
}

static void test_compare(void **state)
{
	unsigned long seed = number("COMPARE_SEED", 1), steps = number("COMPARE_STEPS", STEPS);
	int status = 0;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(compare_enter() ? run(seed, steps) : 77);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status == 77 << 8) {
		print_message(
			"this host lets nobody but root mount a tmpfs: nothing to compare with\n");
		skip();
	}
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_compare)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
