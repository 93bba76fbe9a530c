/*
 * A screen of text, as a VT100 and its successors have it: what is written to a terminal becomes cells. It
 * computes only; display.h shows it.
 *
 * It knows what programs in a terminal need whose TERM is vt102 or linux: cursor movement, erasing, inserting and
 * deleting, scroll regions, colours, the second screen of full-screen programs, UTF-8. It answers nothing:
 * questions such as ESC[6n are for the terminal at the other end of the serial line.
 *
 * Source: ECMA-48; DEC VT100 and VT220 manuals; console_codes(4).
 */
#ifndef USER_CONSOLE_SCREEN_H
#define USER_CONSOLE_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCREEN_ROWS_MAX    100
#define SCREEN_COLUMNS_MAX 256
#define SCREEN_PARAMETERS  16

/* As in VGA text mode: background in the upper half, foreground in the lower; bit 3 of each: bright. */
#define SCREEN_PLAIN 0x07

struct cell {
	uint16_t code; /* Unicode, of the basic plane */
	uint8_t colours;
};

struct screen_cursor {
	unsigned int row, column;
	uint8_t foreground, background;
	bool bold, reverse;
	bool origin; /* rows count from the scroll region's top, and stay within */
};

enum screen_state {
	SCREEN_TEXT,
	SCREEN_ESCAPE,   /* ESC */
	SCREEN_SEQUENCE, /* ESC [ */
	SCREEN_STRING,   /* ESC ] and so on, until BEL or ESC \ */
	SCREEN_SKIP,     /* ESC ( and so on: one byte more */
};

struct screen {
	unsigned int rows, columns;
	struct screen_cursor cursor, saved;
	bool wrap_pending; /* the last column was written to: the next character begins a line */
	bool no_wrap, insert, hidden;
	unsigned int top, bottom; /* the scroll region's rows: [top, bottom) */
	bool second;              /* the second screen is shown */

	enum screen_state state;
	unsigned int parameters[SCREEN_PARAMETERS], nr_parameters;
	char mark; /* '?', '>' or another byte behind ESC [ that makes the sequence a private one; 0: none */
	uint32_t utf8; /* bits so far */
	unsigned int utf8_left;

	struct cell cells[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX];
	struct cell first[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX]; /* the first screen, meanwhile */
	/* Cells that have changed since somebody has looked: [from, to) of each row. */
	struct {
		unsigned int from, to;
	} changed[SCREEN_ROWS_MAX];
};

/* Empty; rows and columns are limited to what there is room for, and 1 at least. */
void screen_init(struct screen *s, unsigned int rows, unsigned int columns);
void screen_write(struct screen *s, const uint8_t *bytes, size_t n);

/* --- between screen.c (the parser), screen_edit.c (the cells) and screen_colour.c --- */

/* Writes a character at the cursor. */
void screen_put(struct screen *s, uint16_t code);
/* Down one row; in the region's last the region scrolls. */
void screen_line_feed(struct screen *s);
/* Up one row; in the region's first the region scrolls down. */
void screen_reverse_line_feed(struct screen *s);
/* To a row and column from 0, limited to what there is. */
void screen_move(struct screen *s, long row, long column);
void screen_erase(struct screen *s, unsigned int row, unsigned int from, unsigned int to);
/* Rows [top, bottom): up by `n`, or down if it is negative; the rows that come are empty. */
void screen_scroll(struct screen *s, unsigned int top, unsigned int bottom, long n);
/* The cursor's row, from the cursor on: `n` cells come, or go if it is negative. */
void screen_shift(struct screen *s, long n);
void screen_switch(struct screen *s, bool second);
void screen_changed(struct screen *s, unsigned int row, unsigned int from, unsigned int to);
/* ESC [ ... m */
void screen_select_colours(struct screen *s);

#endif
