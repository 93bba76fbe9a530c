/* What is written to a screen, taken apart: characters, control characters, escape sequences. See screen.h. */
#include "user/console/screen.h"

#include <string.h>

#define TAB         8
#define REPLACEMENT 0xfffd
#define NUMBER_MAX  9999

static void reset(struct screen *s)
{
	unsigned int rows = s->rows, columns = s->columns;

	memset(s, 0, sizeof(*s));
	s->rows = s->bottom = rows;
	s->columns = columns;
	s->cursor.foreground = SCREEN_PLAIN & 7;
	s->saved = s->cursor;
	for (unsigned int row = 0; row < rows; row++)
		screen_erase(s, row, 0, columns);
}

void screen_init(struct screen *s, unsigned int rows, unsigned int columns)
{
	s->rows = rows < 1 ? 1 : rows > SCREEN_ROWS_MAX ? SCREEN_ROWS_MAX : rows;
	s->columns = columns < 1 ? 1 : columns > SCREEN_COLUMNS_MAX ? SCREEN_COLUMNS_MAX : columns;
	reset(s);
}

static void restore_cursor(struct screen *s)
{
	s->cursor = s->saved;
	s->wrap_pending = false;
}

static void control(struct screen *s, uint8_t byte)
{
	switch (byte) {
	case '\b':
		screen_move(s, s->cursor.row, (long)s->cursor.column - 1);
		break;
	case '\t':
		screen_move(s, s->cursor.row, (s->cursor.column / TAB + 1) * TAB);
		break;
	case '\n':
	case '\v':
	case '\f':
		screen_line_feed(s);
		break;
	case '\r':
		screen_move(s, s->cursor.row, 0);
		break;
	case 033:
		s->state = SCREEN_ESCAPE;
		break;
	case 030:
	case 032:
		s->state = SCREEN_TEXT;
		break;
	}
}

static void escape(struct screen *s, uint8_t byte)
{
	s->state = SCREEN_TEXT;
	switch (byte) {
	case '[':
		s->state = SCREEN_SEQUENCE;
		s->nr_parameters = 0;
		s->mark = 0;
		break;
	case ']': /* operating system command, device control, private and application strings */
	case 'P':
	case 'X':
	case '^':
	case '_':
		s->state = SCREEN_STRING;
		break;
	case '(': /* character sets: there is one */
	case ')':
	case '*':
	case '+':
	case '#':
	case '%':
	case ' ':
		s->state = SCREEN_SKIP;
		break;
	case 'D':
		screen_line_feed(s);
		break;
	case 'E':
		s->cursor.column = 0;
		screen_line_feed(s);
		break;
	case 'M':
		screen_reverse_line_feed(s);
		break;
	case '7':
		s->saved = s->cursor;
		break;
	case '8':
		restore_cursor(s);
		break;
	case 'c':
		reset(s);
		break;
	}
}

/* Parameter `i`, or `otherwise` if it is not there or 0. */
static unsigned int parameter(const struct screen *s, unsigned int i, unsigned int otherwise)
{
	return i < s->nr_parameters && s->parameters[i] ? s->parameters[i] : otherwise;
}

static void erase_line(struct screen *s, unsigned int what)
{
	unsigned int column = s->cursor.column;

	if (what <= 2)
		screen_erase(s, s->cursor.row, what == 0 ? column : 0,
			     what == 1 ? column + 1 : s->columns);
}

static void erase_screen(struct screen *s, unsigned int what)
{
	unsigned int row = s->cursor.row, from = what == 0 ? row + 1 : 0,
		     to = what == 1 ? row : s->rows;

	if (what > 3)
		return;
	if (what <= 1)
		erase_line(s, what);
	for (unsigned int i = from; i < to; i++)
		screen_erase(s, i, 0, s->columns);
}

static void set_region(struct screen *s)
{
	unsigned int top = parameter(s, 0, 1) - 1, bottom = parameter(s, 1, s->rows);

	if (bottom > s->rows)
		bottom = s->rows;
	if (top + 1 >= bottom)
		return;
	s->top = top;
	s->bottom = bottom;
	screen_move(s, s->cursor.origin ? top : 0, 0);
}

/* Lines come or go at the cursor, within the region. */
static void shift_lines(struct screen *s, long n)
{
	if (s->cursor.row < s->top || s->cursor.row >= s->bottom)
		return;
	screen_scroll(s, s->cursor.row, s->bottom, -n);
	screen_move(s, s->cursor.row, 0);
}

static void private_mode(struct screen *s, unsigned int mode, bool on)
{
	switch (mode) {
	case 6:
		s->cursor.origin = on;
		screen_move(s, 0, 0);
		break;
	case 7:
		s->no_wrap = !on;
		break;
	case 25:
		s->hidden = !on;
		break;
	case 47:
	case 1047:
		screen_switch(s, on);
		break;
	case 1049:
		if (on)
			s->saved = s->cursor;
		screen_switch(s, on);
		if (!on)
			restore_cursor(s);
		break;
	}
}

static void set_modes(struct screen *s, bool on)
{
	for (unsigned int i = 0; i < s->nr_parameters; i++)
		if (s->mark == '?')
			private_mode(s, s->parameters[i], on);
		else if (!s->mark && s->parameters[i] == 4)
			s->insert = on;
}

/* Sequences that move the cursor. */
static bool movement(struct screen *s, uint8_t final)
{
	long n = parameter(s, 0, 1), row = s->cursor.row, column = s->cursor.column;
	long base = s->cursor.origin ? s->top : 0;

	switch (final) {
	case 'A':
		/* A region keeps those in who are in. */
		screen_move(s, row >= s->top && row - n < s->top ? s->top : row - n, column);
		return true;
	case 'B':
	case 'e':
		screen_move(s, row < s->bottom && row + n >= s->bottom ? s->bottom - 1 : row + n,
			    column);
		return true;
	case 'C':
	case 'a':
		screen_move(s, row, column + n);
		return true;
	case 'D':
		screen_move(s, row, column - n);
		return true;
	case 'E':
		screen_move(s, row + n, 0);
		return true;
	case 'F':
		screen_move(s, row - n, 0);
		return true;
	case 'G':
	case '`':
		screen_move(s, row, n - 1);
		return true;
	case 'H':
	case 'f':
		screen_move(s, base + n - 1, (long)parameter(s, 1, 1) - 1);
		return true;
	case 'd':
		screen_move(s, base + n - 1, column);
		return true;
	}
	return false;
}

static void sequence(struct screen *s, uint8_t final)
{
	long n = parameter(s, 0, 1);

	if (final == 'h' || final == 'l') {
		set_modes(s, final == 'h');
		return;
	}
	if (s->mark || movement(s, final))
		return;
	switch (final) {
	case 'J':
		erase_screen(s, parameter(s, 0, 0));
		break;
	case 'K':
		erase_line(s, parameter(s, 0, 0));
		break;
	case 'L':
		shift_lines(s, n);
		break;
	case 'M':
		shift_lines(s, -n);
		break;
	case '@':
		screen_shift(s, n);
		break;
	case 'P':
		screen_shift(s, -n);
		break;
	case 'X':
		screen_erase(s, s->cursor.row, s->cursor.column,
			     s->cursor.column + n < s->columns ? s->cursor.column + (unsigned int)n
							       : s->columns);
		break;
	case 'S':
		screen_scroll(s, s->top, s->bottom, n);
		break;
	case 'T':
		screen_scroll(s, s->top, s->bottom, -n);
		break;
	case 'm':
		screen_select_colours(s);
		break;
	case 'r':
		set_region(s);
		break;
	case 's':
		s->saved = s->cursor;
		break;
	case 'u':
		restore_cursor(s);
		break;
	}
}

static void digit(struct screen *s, uint8_t byte)
{
	unsigned int *p;

	if (!s->nr_parameters)
		s->parameters[s->nr_parameters++] = 0;
	p = &s->parameters[s->nr_parameters - 1];
	*p = *p * 10 + byte - '0';
	if (*p > NUMBER_MAX)
		*p = NUMBER_MAX;
}

/* A parameter begins. Those that there is no room for fall on the last. */
static void separator(struct screen *s)
{
	if (!s->nr_parameters)
		s->parameters[s->nr_parameters++] = 0;
	if (s->nr_parameters < SCREEN_PARAMETERS)
		s->nr_parameters++;
	s->parameters[s->nr_parameters - 1] = 0;
}

static void in_sequence(struct screen *s, uint8_t byte)
{
	if (byte >= '0' && byte <= '9') {
		digit(s, byte);
	} else if (byte == ';' || byte == ':') {
		separator(s);
	} else if (byte < 0x40) {
		s->mark = (char)byte;
	} else {
		s->state = SCREEN_TEXT;
		sequence(s, byte);
	}
}

static void text(struct screen *s, uint8_t byte)
{
	if (s->utf8_left && (byte & 0xc0) == 0x80) {
		s->utf8 = s->utf8 << 6 | (byte & 0x3f);
		if (--s->utf8_left == 0)
			screen_put(s, s->utf8 > 0xffff || s->utf8 < 0x80 ? REPLACEMENT
									 : (uint16_t)s->utf8);
		return;
	}
	if (s->utf8_left)
		screen_put(s, REPLACEMENT);
	s->utf8_left = byte >= 0xf0 && byte < 0xf8 ? 3 : byte >= 0xe0 ? 2 : 1;
	if (byte < 0x80)
		s->utf8_left = 0;
	if (byte >= 0x80 && (byte < 0xc0 || byte >= 0xf8)) {
		s->utf8_left = 0;
		screen_put(s, REPLACEMENT);
	} else if (byte < 0x80) {
		screen_put(s, byte);
	} else {
		s->utf8 = byte & (0x3f >> s->utf8_left);
	}
}

static void one_byte(struct screen *s, uint8_t byte)
{
	/* Within a sequence control characters do what they do, and the sequence goes on. */
	if (byte < 0x20 && s->state != SCREEN_STRING) {
		s->utf8_left = 0;
		control(s, byte);
		return;
	}
	if (byte == 0x7f)
		return;
	switch (s->state) {
	case SCREEN_TEXT:
		text(s, byte);
		break;
	case SCREEN_ESCAPE:
		escape(s, byte);
		break;
	case SCREEN_SEQUENCE:
		in_sequence(s, byte);
		break;
	case SCREEN_STRING:
		/* ESC ends it; the \ behind that is a sequence that says nothing. */
		if (byte == 033 || byte == '\a' || byte == 030 || byte == 032)
			s->state = byte == 033 ? SCREEN_ESCAPE : SCREEN_TEXT;
		break;
	case SCREEN_SKIP:
		s->state = SCREEN_TEXT;
		break;
	}
}

void screen_write(struct screen *s, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		one_byte(s, bytes[i]);
}
