/* The font of the framebuffer: made by tools/mkfont when the programs are built. */
#ifndef USER_CONSOLE_FONT_H
#define USER_CONSOLE_FONT_H

#include <stdint.h>

#define FONT_WIDTH  8
#define FONT_HEIGHT 16

struct glyph {
	uint16_t code;             /* Unicode */
	uint8_t rows[FONT_HEIGHT]; /* from the top; the highest bit is the leftmost column */
};

/* By code. */
extern const struct glyph font[];
extern const unsigned int font_glyphs;

#endif
