/* What read(2), poll(2) and FIONREAD see of what was typed. See tty.h. */
#include <errno.h>

#include "user/console/tty_internal.h"

#define DECISECOND 100000000ull /* VTIME's unit, in ns */

/* Canonical: bytes up to the line's end or `limit`. */
static uint32_t line_bytes(const struct tty *t, size_t limit)
{
	uint32_t n = 0;

	while (n < limit && t->tail + n != t->canon)
		if (is_delimiter(t, t->tail + n++))
			break;
	return n;
}

static bool is_end_of_file(const struct tty *t, uint32_t position)
{
	return is_delimiter(t, position) && input_at(t, position) == 0;
}

/* Of so many bytes of the queue, those that a program sees: the mark of VEOF is none. */
static uint32_t visible(const struct tty *t, uint32_t bytes)
{
	return bytes && is_end_of_file(t, t->tail + bytes - 1) ? bytes - 1 : bytes;
}

static uint32_t raw_bytes(const struct tty *t, size_t limit)
{
	uint32_t typed = t->head - t->tail;

	return typed < limit ? typed : (uint32_t)limit;
}

long tty_ready(const struct tty *t, size_t bytes, bool expired)
{
	uint32_t typed = raw_bytes(t, bytes);
	size_t least = t->termios.cc[VMIN];

	if (bytes == 0)
		return 0;
	if (lflag(t, ICANON)) {
		if (t->canon == t->tail)
			return -EAGAIN;
		return visible(t, line_bytes(t, bytes));
	}
	if (least == 0)
		return typed || expired || !t->termios.cc[VTIME] ? (long)typed : -EAGAIN;
	if (typed >= (least < bytes ? least : bytes) || (expired && typed))
		return typed;
	return -EAGAIN;
}

uint64_t tty_timeout(const struct tty *t)
{
	if (lflag(t, ICANON) || (t->termios.cc[VMIN] && t->head == t->tail))
		return 0;
	return t->termios.cc[VTIME] * DECISECOND;
}

size_t tty_peek(const struct tty *t, void *buffer, size_t bytes)
{
	uint32_t n = lflag(t, ICANON) ? visible(t, line_bytes(t, bytes)) : raw_bytes(t, bytes);
	uint8_t *to = buffer;

	for (uint32_t i = 0; i < n; i++)
		to[i] = input_at(t, t->tail + i);
	return n;
}

/* IXOFF: there is room again. */
static void unthrottle(struct tty *t)
{
	if (!t->full || t->head - t->tail > 128)
		return;
	t->full = false;
	t->flow_char = t->termios.cc[VSTART];
}

void tty_consume(struct tty *t, size_t bytes)
{
	uint32_t n;

	if (!lflag(t, ICANON)) {
		t->tail += raw_bytes(t, bytes);
		t->canon = t->tail;
	} else {
		n = line_bytes(t, bytes);
		/* The mark of VEOF right behind what was asked for belongs to it: the next read is not of nothing. */
		if (n && n == bytes && !is_delimiter(t, t->tail + n - 1) &&
		    t->tail + n != t->canon && is_end_of_file(t, t->tail + n))
			n++;
		while (n--)
			set_delimiter(t, t->tail++, false);
	}
	unthrottle(t);
}

size_t tty_readable(const struct tty *t)
{
	size_t n = 0;

	if (!lflag(t, ICANON))
		return t->head - t->tail;
	for (uint32_t i = t->tail; i != t->canon; i++)
		n += !is_end_of_file(t, i);
	return n;
}

bool tty_poll_in(const struct tty *t)
{
	uint32_t least = t->termios.cc[VTIME] || !t->termios.cc[VMIN] ? 1 : t->termios.cc[VMIN];

	return lflag(t, ICANON) ? t->canon != t->tail : t->head - t->tail >= least;
}
