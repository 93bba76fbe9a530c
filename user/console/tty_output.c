/*
 * What goes out: post-processing of what programs write (OPOST), and the echo of what is typed. See tty.h.
 *
 * Both go into one queue, in their order. Writers fill one half of it and then wait; the echo of a person's keys
 * has the other half, and is dropped only when that is full too, which takes a line that has stood still for long.
 */
#include <errno.h>

#include "user/console/tty_internal.h"

#define WRITERS_SHARE (TTY_OUTPUT / 2)
#define WAKE_BELOW    256 /* POLLOUT: as in Linux */

static void emit(struct tty *t, uint8_t byte)
{
	if (tty_pending(t) < TTY_OUTPUT)
		t->output[t->out_head++ % TTY_OUTPUT] = byte;
}

static void newline(struct tty *t)
{
	if (oflag(t, ONLRET))
		t->column = 0;
	if (oflag(t, ONLCR)) {
		t->column = 0;
		emit(t, '\r');
	}
	t->canon_column = t->column;
	emit(t, '\n');
}

static void carriage_return(struct tty *t)
{
	if (oflag(t, ONOCR) && t->column == 0)
		return;
	if (!oflag(t, OCRNL) || oflag(t, ONLRET))
		t->canon_column = t->column = 0;
	emit(t, oflag(t, OCRNL) ? '\n' : '\r');
}

static void tab(struct tty *t)
{
	unsigned int columns = TTY_TAB - t->column % TTY_TAB;

	t->column += columns;
	if ((t->termios.oflag & TABDLY) != XTABS)
		emit(t, '\t');
	else
		while (columns--)
			emit(t, ' ');
}

static void post_process(struct tty *t, uint8_t byte)
{
	switch (byte) {
	case '\n':
		newline(t);
		return;
	case '\r':
		carriage_return(t);
		return;
	case '\t':
		tab(t);
		return;
	case '\b':
		if (t->column > 0)
			t->column--;
		break;
	default:
		if (is_control(byte))
			break;
		if (!is_continuation(t, byte))
			t->column++;
	}
	emit(t, byte);
}

void tty_echo_raw(struct tty *t, uint8_t byte)
{
	if (oflag(t, OPOST))
		post_process(t, byte);
	else
		emit(t, byte);
}

void tty_echo(struct tty *t, uint8_t byte)
{
	if (!lflag(t, ECHOCTL) || !is_control(byte) || byte == '\t') {
		tty_echo_raw(t, byte);
		return;
	}
	emit(t, '^');
	emit(t, byte ^ 0100);
	t->column += 2;
}

void tty_mark_column(struct tty *t)
{
	t->canon_column = t->column;
}

void tty_echo_untab(struct tty *t, unsigned int columns, bool after_tab)
{
	unsigned int back;

	columns %= TTY_TAB;
	if (!after_tab)
		columns += t->canon_column;
	back = TTY_TAB - columns % TTY_TAB;
	while (back--) {
		emit(t, '\b');
		if (t->column > 0)
			t->column--;
	}
}

size_t tty_write_room(const struct tty *t)
{
	/* One byte becomes eight at most: a tab. */
	return tty_pending(t) + TTY_TAB <= WRITERS_SHARE ? WRITERS_SHARE - tty_pending(t) : 0;
}

void tty_unwrite(struct tty *t, struct tty_mark mark)
{
	t->out_head = mark.out_head;
	t->column = mark.column;
	t->canon_column = mark.canon_column;
}

bool tty_stops_background(const struct tty *t)
{
	return lflag(t, TOSTOP);
}

size_t tty_write(struct tty *t, const void *data, size_t bytes)
{
	const uint8_t *byte = data;
	size_t done = 0;

	for (; done < bytes && tty_write_room(t); done++)
		if (oflag(t, OPOST))
			post_process(t, byte[done]);
		else
			emit(t, byte[done]);
	return done;
}

bool tty_poll_out(const struct tty *t)
{
	return !t->stopped && tty_pending(t) < WRITERS_SHARE - WAKE_BELOW;
}

size_t tty_transmit(struct tty *t, void *buffer, size_t room)
{
	uint8_t *to = buffer;
	size_t bytes = 0;

	if (room && t->flow_char) {
		to[bytes++] = t->flow_char;
		t->flow_char = 0;
	}
	while (!t->stopped && bytes < room && tty_pending(t))
		to[bytes++] = t->output[t->out_tail++ % TTY_OUTPUT];
	return bytes;
}

void tty_start(struct tty *t)
{
	if (!t->held)
		t->stopped = false;
}

void tty_flush_output(struct tty *t)
{
	t->out_tail = t->out_head;
}

int tty_flow(struct tty *t, int action)
{
	switch (action) {
	case TCOOFF:
		t->stopped = t->held = true;
		return 0;
	case TCOON:
		if (t->held)
			t->stopped = t->held = false;
		return 0;
	case TCIOFF:
	case TCION:
		t->flow_char = t->termios.cc[action == TCIOFF ? VSTOP : VSTART];
		return 0;
	default:
		return -EINVAL;
	}
}
