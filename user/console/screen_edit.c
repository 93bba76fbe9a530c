/* The cells of a screen, and how they move: see screen.h. */
#include <string.h>

#include "user/console/screen.h"

void screen_changed(struct screen *s, unsigned int row, unsigned int from, unsigned int to)
{
	if (s->changed[row].from == s->changed[row].to) {
		s->changed[row].from = from;
		s->changed[row].to = to;
		return;
	}
	if (from < s->changed[row].from)
		s->changed[row].from = from;
	if (to > s->changed[row].to)
		s->changed[row].to = to;
}

static uint8_t colours(const struct screen_cursor *c)
{
	uint8_t foreground = c->foreground | (c->bold ? 8 : 0), background = c->background;

	return c->reverse ? (foreground & 7) << 4 | background | (c->bold ? 8 : 0)
			  : background << 4 | foreground;
}

/* Erased cells have the background that is selected (as on a Linux console and xterm). */
void screen_erase(struct screen *s, unsigned int row, unsigned int from, unsigned int to)
{
	struct cell empty = {' ', (uint8_t)(s->cursor.background << 4 | (SCREEN_PLAIN & 0xf))};

	for (unsigned int i = from; i < to; i++)
		s->cells[row][i] = empty;
	if (from < to)
		screen_changed(s, row, from, to);
}

void screen_scroll(struct screen *s, unsigned int top, unsigned int bottom, long n)
{
	unsigned int rows = bottom - top, by = (unsigned int)(n < 0 ? -n : n);

	if (by > rows)
		by = rows;
	if (n > 0)
		memmove(s->cells[top], s->cells[top + by], (rows - by) * sizeof(s->cells[0]));
	else
		memmove(s->cells[top + by], s->cells[top], (rows - by) * sizeof(s->cells[0]));
	for (unsigned int row = top; row < bottom; row++)
		screen_changed(s, row, 0, s->columns);
	for (unsigned int i = 0; i < by; i++)
		screen_erase(s, n > 0 ? bottom - 1 - i : top + i, 0, s->columns);
}

void screen_line_feed(struct screen *s)
{
	s->wrap_pending = false;
	if (s->cursor.row + 1 == s->bottom)
		screen_scroll(s, s->top, s->bottom, 1);
	else if (s->cursor.row + 1 < s->rows)
		s->cursor.row++;
}

void screen_reverse_line_feed(struct screen *s)
{
	s->wrap_pending = false;
	if (s->cursor.row == s->top)
		screen_scroll(s, s->top, s->bottom, -1);
	else if (s->cursor.row)
		s->cursor.row--;
}

void screen_move(struct screen *s, long row, long column)
{
	long top = s->cursor.origin ? s->top : 0, bottom = s->cursor.origin ? s->bottom : s->rows;

	if (row < top)
		row = top;
	if (row >= bottom)
		row = bottom - 1;
	if (column < 0)
		column = 0;
	if (column >= (long)s->columns)
		column = s->columns - 1;
	s->cursor.row = (unsigned int)row;
	s->cursor.column = (unsigned int)column;
	s->wrap_pending = false;
}

void screen_shift(struct screen *s, long n)
{
	unsigned int from = s->cursor.column, left = s->columns - from;
	unsigned int by = (unsigned int)(n < 0 ? -n : n);
	struct cell *row = s->cells[s->cursor.row];

	if (by > left)
		by = left;
	s->wrap_pending = false;
	screen_changed(s, s->cursor.row, from, s->columns);
	if (n > 0) {
		memmove(row + from + by, row + from, (left - by) * sizeof(*row));
		screen_erase(s, s->cursor.row, from, from + by);
	} else {
		memmove(row + from, row + from + by, (left - by) * sizeof(*row));
		screen_erase(s, s->cursor.row, s->columns - by, s->columns);
	}
}

void screen_put(struct screen *s, uint16_t code)
{
	struct screen_cursor *c = &s->cursor;

	if (s->wrap_pending && !s->no_wrap) {
		c->column = 0;
		screen_line_feed(s);
	}
	if (s->insert)
		screen_shift(s, 1);
	s->cells[c->row][c->column] = (struct cell){code, colours(c)};
	screen_changed(s, c->row, c->column, c->column + 1);
	s->wrap_pending = c->column + 1 == s->columns;
	if (!s->wrap_pending)
		c->column++;
}

void screen_switch(struct screen *s, bool second)
{
	if (s->second == second)
		return;
	s->second = second;
	if (second)
		memcpy(s->first, s->cells, sizeof(s->first));
	else
		memcpy(s->cells, s->first, sizeof(s->first));
	for (unsigned int row = 0; row < s->rows; row++) {
		screen_changed(s, row, 0, s->columns);
		if (second)
			screen_erase(s, row, 0, s->columns);
	}
}
