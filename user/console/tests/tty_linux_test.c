/* host-test: user/console/tty_input.c user/console/tty_erase.c user/console/tty_output.c user/console/tty_read.c
 * user/console/tty_modes.c cflags: -D_GNU_SOURCE */
/*
 * The line discipline beside Linux's own: the same keys, writes, reads and changes of modes go to a
 * pseudo-terminal of this host and to a struct tty; what comes out of both must be equal.
 *
 * Linux hands typed bytes to its line discipline in a worker. A read or a poll that finds nothing waits for it
 * (sync_linux()); before a step that could overtake it there is one.
 *
 * One known difference is not worth its code, and met by one in ten thousand of these sessions: how far Linux
 * goes back over a tab after a change from raw mode with echo, in a line that was begun before.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "user/console/tty_internal.h"

#define SEEDS    400
#define STEPS    40
#define PATIENCE 5000 /* ms, against hangs */

struct pair {
	int master, slave;
	struct tty tty;
	unsigned int seed, step;
	uint64_t random;
	char told[1 << 14]; /* what was done, for a failure */
};

static unsigned int pick(struct pair *p, unsigned int below)
{
	p->random = p->random * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned int)(p->random >> 33) % below;
}

static void tell(struct pair *p, const char *what, const uint8_t *data, size_t bytes)
{
	size_t at = strlen(p->told);

	at += snprintf(p->told + at, sizeof(p->told) - at, "\n  %s", what);
	for (size_t i = 0; i < bytes && at + 8 < sizeof(p->told); i++)
		at += snprintf(p->told + at, sizeof(p->told) - at, " %02x", data[i]);
}

static void differ(struct pair *p, const char *what, long theirs, long ours)
{
	printf("%s\n", p->told);
	fail_msg("seed %u step %u: %s: Linux %ld, ours %ld", p->seed, p->step, what, theirs, ours);
}

static size_t linux_readable(struct pair *p)
{
	int n = -1;

	assert_int_equal(ioctl(p->slave, FIONREAD, &n), 0);
	return (size_t)n;
}

/* Takes `bytes` of echo and output from both sides and compares them. */
static void compare_output(struct pair *p)
{
	uint8_t ours[TTY_OUTPUT], theirs[TTY_OUTPUT];
	size_t n = tty_transmit(&p->tty, ours, sizeof(ours)), got = 0;

	while (got < n) {
		struct pollfd poll_master = {.fd = p->master, .events = POLLIN};

		if (poll(&poll_master, 1, PATIENCE) != 1)
			differ(p, "output ends early", (long)got, (long)n);
		got += (size_t)read(p->master, theirs + got, sizeof(theirs) - got);
	}
	tell(p, "output", ours, n);
	for (size_t i = 0; i < got; i++)
		if (i >= n || theirs[i] != ours[i])
			differ(p, "output", theirs[i], i < n ? ours[i] : -1);
}

static void compare_read(struct pair *p, size_t bytes)
{
	uint8_t ours[TTY_INPUT], theirs[TTY_INPUT];
	long n = tty_ready(&p->tty, bytes, false), got;

	if (n == -EAGAIN) {
		n = tty_ready(&p->tty, bytes, true);
		if (n == 0)
			n = -EAGAIN;
	}
	if (n >= 0) {
		assert_int_equal(tty_peek(&p->tty, ours, bytes), n);
		tty_consume(&p->tty, bytes);
	}
	got = read(p->slave, theirs, bytes);
	if (got < 0)
		got = -errno;
	tell(p, "read", ours, n > 0 ? (size_t)n : 0);
	if (got != n)
		differ(p, "read", got, n);
	if (n > 0 && memcmp(ours, theirs, (size_t)n))
		differ(p, "read other bytes", theirs[0], ours[0]);
}

/* Linux's line discipline has seen all that was typed. */
static void sync_linux(struct pair *p)
{
	struct pollfd poll_slave = {.fd = p->slave, .events = POLLIN};

	while (tty_readable(&p->tty) || (lflag(&p->tty, ICANON) && tty_poll_in(&p->tty)))
		compare_read(p, 100);
	(void)poll(&poll_slave, 1, 0);
	if (linux_readable(p) != tty_readable(&p->tty))
		differ(p, "readable", (long)linux_readable(p), (long)tty_readable(&p->tty));
}

static void type(struct pair *p, uint8_t byte)
{
	size_t before = tty_readable(&p->tty);
	bool echoes;

	tell(p, "type", &byte, 1);
	assert_int_equal(write(p->master, &byte, 1), 1);
	tty_receive(&p->tty, byte);
	echoes = tty_pending(&p->tty) && !p->tty.stopped;
	compare_output(p);
	if (!echoes && tty_readable(&p->tty) == before)
		sync_linux(p);
	for (unsigned int ms = 0; linux_readable(p) != tty_readable(&p->tty); ms++) {
		if (ms >= PATIENCE)
			differ(p, "readable", (long)linux_readable(p), (long)tty_readable(&p->tty));
		usleep(1000);
	}
}

static void set_both(struct pair *p, const struct tty_termios *termios)
{
	tell(p, "modes", (const uint8_t *)termios, sizeof(*termios));
	assert_int_equal(ioctl(p->slave, TCSETS, termios), 0);
	tty_set_termios(&p->tty, termios);
	compare_output(p);
}

static uint32_t some_flags(struct pair *p, const uint32_t *flags, unsigned int nr,
			   unsigned int percent)
{
	uint32_t set = 0;

	for (unsigned int i = 0; i < nr; i++)
		if (pick(p, 100) < percent)
			set |= flags[i];
	return set;
}

#define SOME(p, percent, ...)                                                                      \
	some_flags(p, (const uint32_t[]){__VA_ARGS__},                                             \
		   sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), percent)

static void random_modes(struct pair *p)
{
	static const uint8_t odd[] = {0, 'x', 0xff, '\r', '\n', '\t', 'y', 3};
	struct tty_termios termios = p->tty.termios;

	/* Linux post-processes an echo when it goes out, by the modes of then. */
	if (p->tty.stopped && tty_pending(&p->tty))
		return;
	sync_linux(p);
	termios.iflag =
		SOME(p, 30, INLCR, IGNCR, ISTRIP, IXON, IXANY, PARMRK) | SOME(p, 70, ICRNL, IUTF8);
	termios.oflag = SOME(p, 80, OPOST, ONLCR) | SOME(p, 15, OCRNL, ONOCR, ONLRET, XTABS);
	termios.lflag = SOME(p, 80, ICANON, ECHO, ECHOE, ECHOK, ECHOKE, ECHOCTL, IEXTEN) |
			SOME(p, 30, ISIG, ECHONL, NOFLSH);
	termios.cc[VMIN] = pick(p, 4);
	termios.cc[VTIME] = pick(p, 2);
	if (pick(p, 3) == 0)
		termios.cc[VEOL] = odd[pick(p, sizeof(odd))];
	if (pick(p, 3) == 0)
		termios.cc[VEOL2] = odd[pick(p, sizeof(odd))];
	if (pick(p, 8) == 0)
		termios.cc[pick(p, VEOL2 + 1)] = odd[pick(p, sizeof(odd))];
	set_both(p, &termios);
}

static uint8_t random_key(struct pair *p)
{
	static const uint8_t keys[] = {
		'a',       'b',       'x',       '_',       ' ',       '.',       '\t',
		'\r',      '\n',      0177,      0177,      'U' & 037, 'W' & 037, 'V' & 037,
		'D' & 037, 'R' & 037, 'C' & 037, 'Z' & 037, 'S' & 037, 'Q' & 037, 1,
		27,        0,         0xc3,      0xa4,      0xe2,      0x82,      0xac,
		0xff,      0xd7,      '\b',      'y',       'Q' & 037,
	};

	return keys[pick(p, sizeof(keys))];
}

/* An echo that is thrown away before it went out has moved the column here, and has not in Linux. */
static bool discards_echo(const struct tty *t, uint8_t key)
{
	return tty_pending(t) && lflag(t, ISIG) &&
	       (is_cc(t, VINTR, key) || is_cc(t, VQUIT, key) || is_cc(t, VSUSP, key));
}

static void type_something(struct pair *p)
{
	uint8_t key = random_key(p);

	/* Without OPOST nobody counts columns, but Linux counts 0xff. */
	if (!discards_echo(&p->tty, key) && (oflag(&p->tty, OPOST) || key != 0xff))
		type(p, key);
}

static void random_write(struct pair *p)
{
	uint8_t data[12];
	size_t bytes = 1 + pick(p, sizeof(data));

	/* One that is stopped takes nothing of a write in Linux, where it has no buffer behind it. */
	if (p->tty.stopped)
		return;
	sync_linux(p);
	for (size_t i = 0; i < bytes; i++)
		data[i] = random_key(p);
	tell(p, "write", data, bytes);
	assert_int_equal(write(p->slave, data, bytes), bytes);
	assert_int_equal(tty_write(&p->tty, data, bytes), bytes);
	compare_output(p);
}

static void open_pair(struct pair *p, unsigned int seed)
{
	int unlock = 0;

	memset(p, 0, sizeof(*p));
	p->seed = seed;
	p->random = seed * 2654435761u + 1;
	p->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	assert_true(p->master >= 0);
	assert_int_equal(ioctl(p->master, TIOCSPTLCK, &unlock), 0);
	p->slave = ioctl(p->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK);
	assert_true(p->slave >= 0);
	tty_init(&p->tty);
	set_both(p, &p->tty.termios);
}

static void close_pair(struct pair *p)
{
	uint8_t byte;

	/* Nothing more comes out of Linux. */
	sync_linux(p);
	compare_output(p);
	assert_int_equal(read(p->master, &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_true(tty_valid(&p->tty));
	close(p->master);
	close(p->slave);
}

static void run_seed(unsigned int seed)
{
	struct pair p;

	open_pair(&p, seed);
	for (p.step = 0; p.step < STEPS; p.step++) {
		unsigned int what = pick(&p, 20);

		if (what < 13)
			type_something(&p);
		else if (what < 16)
			compare_read(&p, 1 + pick(&p, 6));
		else if (what < 18)
			random_write(&p);
		else
			random_modes(&p);
	}
	close_pair(&p);
}

static void random_sessions(void **state)
{
	for (unsigned int seed = 1; seed <= SEEDS; seed++)
		run_seed(seed);
}

static void type_all(struct pair *p, const char *text)
{
	while (*text)
		type(p, (uint8_t)*text++);
}

/* What people do most. */
static void a_line_is_edited(void **state)
{
	static const char *const lines[] = {
		"abc\177\177xy\n",
		"one two  \027three\n",
		"one\ttwo\t\177\177x\ty\n",
		"k\025m\022n\n",
		"\303\244\342\202\254\177\177o\n",
		"a\026\003\026\177b\177\177\n",
		"half\004\004\004",
		"x\003y\034z\032\n",
		"\023q\021\n",
	};
	struct pair p;

	for (unsigned int i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		open_pair(&p, i);
		type_all(&p, lines[i]);
		close_pair(&p);
	}
}

/* The mark of VEOF right behind what a read asks for. */
static void end_of_file_at_the_edge(void **state)
{
	struct pair p;

	for (size_t bytes = 1; bytes <= 5; bytes++) {
		open_pair(&p, (unsigned int)bytes);
		type_all(&p, "abc\004d\004\004e\n");
		for (unsigned int i = 0; i < 6; i++)
			compare_read(&p, bytes);
		close_pair(&p);
	}
}

/* A line that is longer than the buffer, in every phase of its overflow. */
static void an_overlong_line(void **state)
{
	struct pair p;

	open_pair(&p, 0);
	for (unsigned int i = 0; i < TTY_INPUT - 16; i++) {
		uint8_t byte = 'a' + i % 26;

		assert_int_equal(write(p.master, &byte, 1), 1);
		tty_receive(&p.tty, byte);
	}
	compare_output(&p);
	for (unsigned int i = 0; i < 20; i++)
		type(&p, 'A' + (uint8_t)i);
	type_all(&p, "\177\177Z\n");
	close_pair(&p);
}

/* Bytes typed in one mode and read in the other. */
static void modes_change_under_what_was_typed(void **state)
{
	static const char *const typed[] = {"", "ab", "ab\n", "ab\ncd", "ab\004", "ab\004cd\n"};
	struct tty_termios termios;
	struct pair p;

	for (unsigned int i = 0; i < sizeof(typed) / sizeof(*typed); i++) {
		open_pair(&p, i);
		termios = p.tty.termios;
		for (unsigned int turns = 0; turns < 3; turns++) {
			type_all(&p, typed[i]);
			termios.lflag ^= ICANON;
			set_both(&p, &termios);
			compare_read(&p, 4);
		}
		close_pair(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_edited),
		cmocka_unit_test(end_of_file_at_the_edge),
		cmocka_unit_test(an_overlong_line),
		cmocka_unit_test(modes_change_under_what_was_typed),
		cmocka_unit_test(random_sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
