/* host-test: user/console/tty_input.c user/console/tty_erase.c user/console/tty_output.c user/console/tty_read.c
 * user/console/tty_modes.c cflags: -D_GNU_SOURCE */
/*
 * The line discipline by itself: what a pseudo-terminal of Linux cannot show (tty_linux_test.c): signals, limits,
 * time, flow control towards the sender, state that comes from elsewhere.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "user/console/tty_internal.h"

static struct tty tty;

static int setup(void **state)
{
	tty_init(&tty);
	return 0;
}

static void type(const char *text)
{
	while (*text)
		tty_receive(&tty, (uint8_t)*text++);
}

static void expect_output(const char *text)
{
	char buffer[TTY_OUTPUT];
	size_t n = tty_transmit(&tty, buffer, sizeof(buffer));

	assert_int_equal(n, strlen(text));
	assert_memory_equal(buffer, text, n);
}

static void expect_read(const char *text)
{
	char buffer[100];

	assert_int_equal(tty_ready(&tty, sizeof(buffer), false), strlen(text));
	assert_int_equal(tty_peek(&tty, buffer, sizeof(buffer)), strlen(text));
	assert_memory_equal(buffer, text, strlen(text));
	tty_consume(&tty, sizeof(buffer));
}

static void set_raw(uint8_t least, uint8_t deciseconds)
{
	struct tty_termios raw = tty.termios;

	raw.lflag = 0;
	raw.iflag = 0;
	raw.oflag = 0;
	raw.cc[VMIN] = least;
	raw.cc[VTIME] = deciseconds;
	tty_set_termios(&tty, &raw);
}

static void keys_raise_signals(void **state)
{
	type("abc\003");
	assert_int_equal(tty.signals, 1u << SIGINT);
	assert_int_equal(tty_ready(&tty, 100, false), -EAGAIN);
	expect_output("^C");
	tty.signals = 0;
	type("\034\032");
	assert_int_equal(tty.signals, 1u << SIGQUIT | 1u << SIGTSTP);
	type("\n");
	expect_read("\n");
}

static void signals_flush_unless_told_not_to(void **state)
{
	struct tty_termios modes = tty.termios;

	modes.lflag |= NOFLSH;
	tty_set_termios(&tty, &modes);
	type("abc\003\n");
	expect_output("abc^C\r\n");
	expect_read("abc\n");
	modes.lflag &= ~ISIG;
	tty.signals = 0;
	tty_set_termios(&tty, &modes);
	type("\003\n");
	assert_int_equal(tty.signals, 0);
	expect_read("\003\n");
}

/* What a reader that has left was to get is still there. */
static void a_read_is_taken_in_two_steps(void **state)
{
	char buffer[8];

	type("one\ntwo\n");
	assert_int_equal(tty_peek(&tty, buffer, sizeof(buffer)), 4);
	expect_read("one\n");
	expect_read("two\n");
	assert_int_equal(tty_ready(&tty, 8, false), -EAGAIN);
	type("\004");
	assert_true(tty_poll_in(&tty));
	assert_int_equal(tty_readable(&tty), 0);
	expect_read("");
	assert_false(tty_poll_in(&tty));
	assert_int_equal(tty_ready(&tty, 0, false), 0);
}

static void raw_reads_wait_for_bytes_and_time(void **state)
{
	char buffer[8];

	/* VMIN > 0, VTIME 0: for so many, or what was asked for. */
	set_raw(3, 0);
	type("ab");
	assert_int_equal(tty_ready(&tty, 8, false), -EAGAIN);
	assert_false(tty_poll_in(&tty));
	assert_int_equal(tty_ready(&tty, 2, false), 2);
	assert_int_equal(tty_timeout(&tty), 0);
	type("c");
	assert_true(tty_poll_in(&tty));
	expect_read("abc");
	/* Both: the time runs from the first byte on. */
	set_raw(3, 2);
	assert_int_equal(tty_timeout(&tty), 0);
	assert_int_equal(tty_ready(&tty, 8, true), -EAGAIN);
	type("d");
	assert_int_equal(tty_timeout(&tty), 200000000);
	assert_int_equal(tty_ready(&tty, 8, false), -EAGAIN);
	assert_int_equal(tty_ready(&tty, 8, true), 1);
	tty_consume(&tty, 8);
	/* VMIN 0, VTIME > 0: for one byte, but not for ever. */
	set_raw(0, 5);
	assert_int_equal(tty_timeout(&tty), 500000000);
	assert_int_equal(tty_ready(&tty, 8, false), -EAGAIN);
	assert_int_equal(tty_ready(&tty, 8, true), 0);
	type("e");
	assert_int_equal(tty_ready(&tty, 8, false), 1);
	tty_consume(&tty, 8);
	/* Neither: never. */
	set_raw(0, 0);
	assert_int_equal(tty_ready(&tty, 8, false), 0);
	type("fg");
	assert_int_equal(tty_peek(&tty, buffer, 1), 1);
	tty_consume(&tty, 1);
	expect_read("g");
}

static void writers_wait_and_echo_goes_on(void **state)
{
	static char page[TTY_OUTPUT], out[TTY_OUTPUT];
	size_t taken, n;

	memset(page, '\n', sizeof(page));
	taken = tty_write(&tty, page, sizeof(page));
	assert_in_range(taken, 1, TTY_OUTPUT / 4);
	assert_int_equal(tty_write(&tty, page, 1), 0);
	assert_false(tty_poll_out(&tty));
	n = tty_pending(&tty);
	assert_int_equal(n, 2 * taken);
	type("x");
	assert_int_equal(tty_pending(&tty), n + 1);
	/* However much is typed, what programs have written is kept. */
	type("\023");
	for (unsigned int i = 0; i < 3 * TTY_OUTPUT; i++)
		type("\022");
	assert_int_equal(tty_pending(&tty), TTY_OUTPUT);
	assert_int_equal(tty_transmit(&tty, out, sizeof(out)), 0);
	type("\021");
	assert_int_equal(tty_transmit(&tty, out, sizeof(out)), TTY_OUTPUT);
	assert_memory_equal(out, "\r\n\r\n", 4);
	assert_int_equal(out[n], 'x');
	assert_true(tty_poll_out(&tty));
}

static void flow_is_held_by_a_program(void **state)
{
	assert_int_equal(tty_flow(&tty, TCOOFF), 0);
	tty_write(&tty, "a", 1);
	type("\021");
	expect_output("");
	assert_int_equal(tty_flow(&tty, TCION), 0);
	expect_output("\021");
	assert_int_equal(tty_flow(&tty, TCOON), 0);
	expect_output("a");
	type("\023");
	assert_int_equal(tty_flow(&tty, TCOON), 0);
	tty_write(&tty, "b", 1);
	expect_output("");
	assert_int_equal(tty_flow(&tty, TCIOFF), 0);
	expect_output("\023");
	assert_int_equal(tty_flow(&tty, 17), -EINVAL);
	tty_flush_output(&tty);
	type("\021");
	expect_output("");
}

static void the_sender_is_stopped_before_it_is_too_late(void **state)
{
	char buffer[TTY_INPUT];
	unsigned int n = 0;

	set_raw(1, 0);
	tty.termios.iflag = IXOFF;
	while (tty_room(&tty)) {
		type("x");
		n++;
		if (tty.flow_char)
			break;
	}
	assert_in_range(n, TTY_INPUT - 200, TTY_INPUT - 100);
	expect_output("\023");
	while (tty_room(&tty)) {
		type("y");
		n++;
	}
	assert_int_equal(n, TTY_INPUT - 1);
	expect_output("");
	/* Without room a byte is lost; nothing else is. */
	type("z");
	assert_int_equal(tty_peek(&tty, buffer, sizeof(buffer)), n);
	assert_int_equal(buffer[n - 1], 'y');
	tty_consume(&tty, n - 128);
	expect_output("\021");
	assert_true(tty_room(&tty));
}

static void a_break_is_a_byte_or_a_signal(void **state)
{
	char buffer[8];

	set_raw(1, 0);
	tty_break(&tty);
	tty.termios.iflag = PARMRK;
	tty_break(&tty);
	type("\377");
	assert_int_equal(tty_peek(&tty, buffer, sizeof(buffer)), 6);
	assert_memory_equal(buffer, "\0\377\0\0\377\377", 6);
	tty.termios.iflag = IGNBRK | BRKINT;
	tty_break(&tty);
	assert_int_equal(tty.signals, 0);
	assert_int_equal(tty_readable(&tty), 6);
	tty.termios.iflag = BRKINT;
	tty_break(&tty);
	assert_int_equal(tty.signals, 1u << SIGINT);
	assert_int_equal(tty_readable(&tty), 0);
}

/* A byte that takes two places (PARMRK) when there is one. */
static void the_last_place_is_the_last(void **state)
{
	tty.termios.iflag = PARMRK;
	tty.termios.lflag = ICANON;
	for (unsigned int i = 0; i < TTY_INPUT + 8; i++)
		type("\377");
	assert_int_equal(tty.head - tty.tail, TTY_INPUT);
	assert_true(tty_valid(&tty));
}

/* Each number out of place is seen. */
static void state_from_elsewhere_is_looked_at(void **state)
{
	struct tty good;

	type("abc\nd");
	tty_write(&tty, "x", 1);
	good = tty;
	assert_true(tty_valid(&tty));
	tty.magic++;
	assert_false(tty_valid(&tty));
	tty = good;
	tty.head = tty.tail + TTY_INPUT + 1;
	assert_false(tty_valid(&tty));
	tty = good;
	tty.canon = tty.head + 1;
	assert_false(tty_valid(&tty));
	tty = good;
	tty.out_tail = tty.out_head + 1;
	assert_false(tty_valid(&tty));
	tty = good;
	tty.session = -1;
	assert_false(tty_valid(&tty));
	tty = good;
	tty.foreground = -1;
	assert_false(tty_valid(&tty));
}

/* Positions are counted up for ever: 32 bits of them come round. */
static void positions_come_round(void **state)
{
	char buffer[4];

	tty.head = tty.canon = tty.tail = tty.out_head = tty.out_tail = 0xfffffffe;
	type("abcdef\n");
	expect_output("abcdef\r\n");
	assert_int_equal(tty_peek(&tty, buffer, 4), 4);
	assert_memory_equal(buffer, "abcd", 4);
	tty_consume(&tty, 4);
	expect_read("ef\n");
	assert_true(tty_valid(&tty));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(keys_raise_signals, setup),
		cmocka_unit_test_setup(signals_flush_unless_told_not_to, setup),
		cmocka_unit_test_setup(a_read_is_taken_in_two_steps, setup),
		cmocka_unit_test_setup(raw_reads_wait_for_bytes_and_time, setup),
		cmocka_unit_test_setup(writers_wait_and_echo_goes_on, setup),
		cmocka_unit_test_setup(flow_is_held_by_a_program, setup),
		cmocka_unit_test_setup(the_sender_is_stopped_before_it_is_too_late, setup),
		cmocka_unit_test_setup(a_break_is_a_byte_or_a_signal, setup),
		cmocka_unit_test_setup(the_last_place_is_the_last, setup),
		cmocka_unit_test_setup(state_from_elsewhere_is_looked_at, setup),
		cmocka_unit_test_setup(positions_come_round, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
