/* ESC [ ... m: colours and what else a character looks like. See screen.h. Source: ECMA-48, SGR; console_codes(4). */
#include "user/console/screen.h"

/* The order of ECMA-48 is red, green, blue from bit 0; VGA's is blue, green, red. */
static uint8_t vga_colour(unsigned int colour)
{
	return (uint8_t)((colour & 1) << 2 | (colour & 2) | (colour & 4) >> 2);
}

static void reset(struct screen_cursor *c)
{
	c->foreground = SCREEN_PLAIN & 7;
	c->background = 0;
	c->bold = c->reverse = false;
}

/* One of 256 colours: the first 16, the grey ones and the cube come down to 8. */
static uint8_t nearest(unsigned int colour)
{
	if (colour < 16)
		return vga_colour(colour & 7);
	if (colour >= 232)
		return colour >= 244 ? 7 : 0;
	colour -= 16;
	return (uint8_t)((colour / 36 >= 3) << 2 | (colour / 6 % 6 >= 3) << 1 | (colour % 6 >= 3));
}

/* 38 and 48: 5;N or 2;R;G;B follow. Returns how many parameters that is; *colour stays if it is none that is known. */
static unsigned int extended(const unsigned int *p, unsigned int left, uint8_t *colour)
{
	if (left >= 2 && p[0] == 5) {
		*colour = nearest(p[1] & 0xff);
		return 2;
	}
	if (left >= 4 && p[0] == 2) {
		*colour = (uint8_t)((p[1] >= 128) << 2 | (p[2] >= 128) << 1 | (p[3] >= 128));
		return 4;
	}
	return left;
}

static void select_one(struct screen_cursor *c, unsigned int p)
{
	if (p == 0)
		reset(c);
	else if (p == 1)
		c->bold = true;
	else if (p == 22)
		c->bold = false;
	else if (p == 7 || p == 27)
		c->reverse = p == 7;
	else if (p >= 30 && p <= 37)
		c->foreground = vga_colour(p - 30);
	else if (p == 39)
		c->foreground = SCREEN_PLAIN & 7;
	else if (p >= 40 && p <= 47)
		c->background = vga_colour(p - 40);
	else if (p == 49)
		c->background = 0;
	else if (p >= 90 && p <= 97)
		c->foreground = vga_colour(p - 90) | 8;
	else if (p >= 100 && p <= 107)
		c->background = vga_colour(p - 100);
}

void screen_select_colours(struct screen *s)
{
	struct screen_cursor *c = &s->cursor;

	if (!s->nr_parameters)
		reset(c);
	for (unsigned int i = 0; i < s->nr_parameters; i++) {
		unsigned int p = s->parameters[i], left = s->nr_parameters - i - 1;

		if (p == 38)
			i += extended(s->parameters + i + 1, left, &c->foreground);
		else if (p == 48)
			i += extended(s->parameters + i + 1, left, &c->background);
		else
			select_one(c, p);
	}
}
