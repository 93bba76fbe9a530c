/* Cells on VGA text memory or on a framebuffer: see display.h. */
#include "user/console/display.h"

#include "user/console/font.h"

/* Code page 437 from 0x80 on, which is what a PC's text mode shows. */
static const uint16_t cp437[128] = {
	0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8,
	0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2,
	0x00fb, 0x00f9, 0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1,
	0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd,
	0x00bc, 0x00a1, 0x00ab, 0x00bb, 0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562,
	0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534,
	0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560,
	0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b,
	0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580, 0x03b1, 0x00df, 0x0393,
	0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6,
	0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248, 0x00b0,
	0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

static uint8_t vga_code(uint16_t code)
{
	if (code < 0x80)
		return (uint8_t)code;
	for (unsigned int i = 0; i < 128; i++)
		if (cp437[i] == code)
			return (uint8_t)(0x80 + i);
	return '?';
}

static uint8_t exchanged(uint8_t colours)
{
	return (uint8_t)(colours >> 4 | colours << 4);
}

static void draw_text(struct display *d, unsigned int row, unsigned int column,
		      const struct cell *cell)
{
	volatile uint8_t *at = d->memory + row * d->mode.pitch + column * 2;

	at[0] = vga_code(cell->code);
	at[1] = cell->colours;
}

/* One of VGA's 16 colours as a pixel. */
static uint32_t pixel(const struct machine_framebuffer *m, unsigned int colour)
{
	uint8_t on = colour & 8 ? 0xff : 0xaa, off = colour & 8 ? 0x55 : 0;
	uint32_t red = colour & 4 ? on : off, green = colour & 2 ? on : off,
		 blue = colour & 1 ? on : off;

	return red >> (8 - m->red_bits) << m->red_shift |
	       green >> (8 - m->green_bits) << m->green_shift |
	       blue >> (8 - m->blue_bits) << m->blue_shift;
}

/* Stands for what the font does not have. */
static const uint8_t box[FONT_HEIGHT] = {0,    0,    0x7e, 0x42, 0x42, 0x42, 0x42, 0x42,
					 0x42, 0x42, 0x42, 0x42, 0x42, 0x7e, 0,    0};

static const uint8_t *glyph_of(uint16_t code)
{
	unsigned int low = 0, high = font_glyphs;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (font[middle].code == code)
			return font[middle].rows;
		if (font[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return box;
}

static void put_pixel(volatile uint8_t *at, unsigned int bytes, uint32_t value)
{
	if (bytes == 4) {
		*(volatile uint32_t *)at = value;
		return;
	}
	for (unsigned int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static void draw_glyph(struct display *d, unsigned int row, unsigned int column,
		       const struct cell *cell)
{
	const uint8_t *rows = glyph_of(cell->code);
	unsigned int bytes = (d->mode.bits_per_pixel + 7) / 8;
	uint32_t front = pixel(&d->mode, cell->colours & 0xf),
		 back = pixel(&d->mode, cell->colours >> 4);

	for (unsigned int y = 0; y < FONT_HEIGHT; y++) {
		volatile uint8_t *at = d->memory + (row * FONT_HEIGHT + y) * d->mode.pitch +
				       column * FONT_WIDTH * bytes;

		for (unsigned int x = 0; x < FONT_WIDTH; x++, at += bytes)
			put_pixel(at, bytes, rows[y] & 0x80 >> x ? front : back);
	}
}

static void draw(struct display *d, const struct screen *s, unsigned int row, unsigned int column,
		 bool cursor)
{
	struct cell cell = s->cells[row][column];

	if (cursor)
		cell.colours = exchanged(cell.colours);
	if (d->mode.type == MACHINE_FB_TEXT)
		draw_text(d, row, column, &cell);
	else
		draw_glyph(d, row, column, &cell);
}

static bool fits(unsigned int shift, unsigned int bits, unsigned int depth)
{
	return bits >= 1 && bits <= 8 && shift + bits <= depth;
}

bool display_init(struct display *d, const struct machine_framebuffer *m, void *memory)
{
	unsigned int depth = m->bits_per_pixel;
	bool colours = fits(m->red_shift, m->red_bits, depth) &&
		       fits(m->green_shift, m->green_bits, depth) &&
		       fits(m->blue_shift, m->blue_bits, depth);

	d->mode = *m;
	d->memory = NULL;
	d->cursor_shown = false;
	if (m->type == MACHINE_FB_TEXT) {
		d->rows = m->height;
		d->columns = m->width;
	} else {
		d->rows = m->height / FONT_HEIGHT;
		d->columns = m->width / FONT_WIDTH;
	}
	if (m->type != MACHINE_FB_TEXT &&
	    (m->type != MACHINE_FB_RGB || !colours || depth < 15 || depth > 32))
		return false;
	if (!d->rows || !d->columns ||
	    m->pitch < (m->type == MACHINE_FB_TEXT ? 2 : (depth + 7) / 8) * m->width)
		return false;
	if (d->rows > SCREEN_ROWS_MAX)
		d->rows = SCREEN_ROWS_MAX;
	if (d->columns > SCREEN_COLUMNS_MAX)
		d->columns = SCREEN_COLUMNS_MAX;
	d->memory = memory;
	return true;
}

void display_update(struct display *d, struct screen *s)
{
	const struct screen_cursor *c = &s->cursor;
	bool moved = d->cursor_shown == s->hidden || d->cursor_row != c->row ||
		     d->cursor_column != c->column;

	if (d->cursor_shown && moved)
		draw(d, s, d->cursor_row, d->cursor_column, false);
	for (unsigned int row = 0; row < d->rows; row++) {
		for (unsigned int i = s->changed[row].from; i < s->changed[row].to; i++)
			draw(d, s, row, i, false);
		moved |= row == c->row && s->changed[row].from < s->changed[row].to;
		s->changed[row].from = s->changed[row].to = 0;
	}
	d->cursor_shown = !s->hidden;
	d->cursor_row = c->row;
	d->cursor_column = c->column;
	if (d->cursor_shown && moved)
		draw(d, s, c->row, c->column, true);
}
