/*
 * What is typed, byte by byte: signals, flow control, editing of the line, echo. See tty.h.
 *
 * Source: termios(3), and Linux's drivers/tty/n_tty.c for the order in which the rules apply where that can be seen.
 */
#include <signal.h>

#include "user/console/tty_internal.h"

static void put(struct tty *t, uint8_t byte)
{
	if (t->head - t->tail < TTY_INPUT)
		t->input[t->head++ % TTY_INPUT] = byte;
}

/* PARMRK: 0xff that was typed is doubled, to be told from one that marks a break. */
static void put_marked(struct tty *t, uint8_t byte)
{
	if (byte == 0xff && iflag(t, PARMRK))
		put(t, byte);
	put(t, byte);
}

/* The byte ends a line, which can be read now. */
static void put_delimiter(struct tty *t, uint8_t byte)
{
	set_delimiter(t, t->head, true);
	put(t, byte);
	t->canon = t->head;
}

static void echo_line_byte(struct tty *t, uint8_t byte)
{
	if (lflag(t, ICANON) && t->canon == t->head)
		tty_mark_column(t);
	tty_echo(t, byte);
}

/* A byte that means itself. */
static void receive_plain(struct tty *t, uint8_t byte)
{
	if (lflag(t, ECHO))
		echo_line_byte(t, byte);
	put_marked(t, byte);
}

/* A newline that was typed as a carriage return, where lines are not edited. */
static void receive_return(struct tty *t)
{
	if (lflag(t, ECHO))
		tty_echo_raw(t, '\n');
	put(t, '\n');
}

static void raise_signal(struct tty *t, int signal)
{
	t->signals |= 1u << signal;
	if (lflag(t, NOFLSH))
		return;
	tty_flush_output(t);
	tty_flush_input(t);
}

/* VINTR, VQUIT, VSUSP. */
static bool receive_signal(struct tty *t, uint8_t byte)
{
	int signal;

	if (is_cc(t, VINTR, byte))
		signal = SIGINT;
	else if (is_cc(t, VQUIT, byte))
		signal = SIGQUIT;
	else if (is_cc(t, VSUSP, byte))
		signal = SIGTSTP;
	else
		return false;
	raise_signal(t, signal);
	if (iflag(t, IXON))
		tty_start(t);
	if (lflag(t, ECHO))
		tty_echo(t, byte);
	return true;
}

static bool receive_flow(struct tty *t, uint8_t byte)
{
	if (is_cc(t, VSTART, byte))
		tty_start(t);
	else if (is_cc(t, VSTOP, byte))
		t->stopped = true;
	else
		return false;
	return true;
}

static void begin_literal(struct tty *t)
{
	t->literal = true;
	if (lflag(t, ECHO) && lflag(t, ECHOCTL)) {
		tty_echo_raw(t, '^');
		tty_echo_raw(t, '\b');
	}
}

static void reprint(struct tty *t, uint8_t byte)
{
	tty_echo(t, byte);
	tty_echo_raw(t, '\n');
	for (uint32_t i = t->canon; i != t->head; i++)
		tty_echo(t, input_at(t, i));
}

/* What has a meaning in a line that is being edited. */
static bool receive_editing(struct tty *t, uint8_t byte)
{
	bool extended = lflag(t, IEXTEN);

	if (is_cc(t, VERASE, byte) || is_cc(t, VKILL, byte) ||
	    (is_cc(t, VWERASE, byte) && extended)) {
		tty_erase(t, byte);
	} else if (is_cc(t, VLNEXT, byte) && extended) {
		begin_literal(t);
	} else if (is_cc(t, VREPRINT, byte) && extended && lflag(t, ECHO)) {
		reprint(t, byte);
	} else if (byte == '\n') {
		if (lflag(t, ECHO | ECHONL))
			tty_echo_raw(t, byte);
		put_delimiter(t, byte);
	} else if (is_cc(t, VEOF, byte)) {
		put_delimiter(t, 0);
	} else if (is_cc(t, VEOL, byte) || (is_cc(t, VEOL2, byte) && extended)) {
		if (lflag(t, ECHO))
			echo_line_byte(t, byte);
		if (byte == 0xff && iflag(t, PARMRK))
			put(t, byte);
		put_delimiter(t, byte);
	} else {
		return false;
	}
	return true;
}

/* IXANY: any byte that is none of the above lets the output go on. */
static void start_by_any(struct tty *t)
{
	if (iflag(t, IXON) && iflag(t, IXANY))
		tty_start(t);
}

static void receive(struct tty *t, uint8_t byte)
{
	bool returned;

	if (iflag(t, ISTRIP))
		byte &= 0x7f;
	if (t->literal) {
		start_by_any(t);
		receive_plain(t, byte);
		t->literal = false;
		return;
	}
	if (iflag(t, IXON) && receive_flow(t, byte))
		return;
	if (lflag(t, ISIG) && receive_signal(t, byte))
		return;
	start_by_any(t);
	returned = byte == '\r' && iflag(t, ICRNL);
	if (byte == '\r' && iflag(t, IGNCR))
		return;
	if (returned)
		byte = '\n';
	else if (byte == '\n' && iflag(t, INLCR))
		byte = '\r';
	if (lflag(t, ICANON) && receive_editing(t, byte))
		return;
	if (returned)
		receive_return(t);
	else
		receive_plain(t, byte);
}

/* Bytes that can still be put, in every mode. */
static uint32_t places(const struct tty *t)
{
	uint32_t left = TTY_INPUT - (t->head - t->tail);

	return (iflag(t, PARMRK) ? (left + 2) / 3 : left) - 1;
}

/* A line that fills everything: bytes that edit it must come through, others replace its last one. */
static bool overlong(const struct tty *t)
{
	return lflag(t, ICANON) && t->canon == t->tail;
}

bool tty_room(const struct tty *t)
{
	return (int32_t)places(t) > 0 || overlong(t);
}

/* IXOFF: tells the sender to stop before it is too late. */
static void throttle(struct tty *t)
{
	if (!iflag(t, IXOFF) || t->full || t->head - t->tail < TTY_INPUT - 128 || overlong(t))
		return;
	t->full = true;
	t->flow_char = t->termios.cc[VSTOP];
}

void tty_receive(struct tty *t, uint8_t byte)
{
	if (!tty_room(t))
		return;
	if ((int32_t)places(t) < 0)
		t->head--;
	receive(t, byte);
	throttle(t);
}

void tty_break(struct tty *t)
{
	if (iflag(t, IGNBRK))
		return;
	if (iflag(t, BRKINT)) {
		raise_signal(t, SIGINT);
		return;
	}
	if ((int32_t)places(t) <= 0)
		return;
	if (iflag(t, PARMRK)) {
		put(t, 0xff);
		put(t, 0);
	}
	put(t, 0);
}
