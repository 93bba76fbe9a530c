/* host-test: user/console/display.c user/console/screen.c user/console/screen_edit.c user/console/screen_colour.c */
/*
 * What a screen looks like in VGA text memory and on framebuffers of several depths: each pixel of a cell, the
 * cursor, and that nothing outside of the mode's bytes is touched (AddressSanitizer sees to that).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/console/display.h"
#include "user/console/font.h"

/* An L, and a blank. */
const struct glyph font[] = {
	{' ', {0}},
	{'L',
	 {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
	  0xff}},
};
const unsigned int font_glyphs = 2;

static struct screen screen;
static struct display display;

static void put(const char *text)
{
	screen_write(&screen, (const uint8_t *)text, strlen(text));
	display_update(&display, &screen);
}

static uint8_t *show(const struct machine_framebuffer *mode)
{
	uint8_t *memory = calloc(mode->height, mode->pitch);

	assert_true(display_init(&display, mode, memory));
	screen_init(&screen, display.rows, display.columns);
	display_update(&display, &screen);
	return memory;
}

static void text_memory(void **state)
{
	const struct machine_framebuffer mode = {
		.type = MACHINE_FB_TEXT, .width = 80, .height = 25, .pitch = 160};
	uint8_t *memory = show(&mode);

	assert_int_equal(display.rows, 25);
	assert_int_equal(display.columns, 80);
	assert_memory_equal(memory, " \x70 \x07", 4);
	put("\033[2;3H\033[1;44mA\303\244\342\224\200\342\202\254");
	assert_memory_equal(memory + 160 + 4, "A\x1f\x84\x1f\xc4\x1f?\x1f \x70", 10);
	assert_memory_equal(memory, " \x07 \x07", 4);
	put("\033[?25l");
	assert_memory_equal(memory + 160 + 12, " \x07", 2);
	put("\033[?25h\033[3;1H");
	assert_memory_equal(memory + 160 + 12, " \x07", 2);
	assert_memory_equal(memory + 320, " \x70", 2);
	free(memory);
}

/* Written to where the cursor is: it is drawn over the new cell. */
static void the_cursor_stays_visible(void **state)
{
	const struct machine_framebuffer mode = {
		.type = MACHINE_FB_TEXT, .width = 80, .height = 25, .pitch = 160};
	uint8_t *memory = show(&mode);

	put("x\r");
	assert_memory_equal(memory, "x\x70 \x07", 4);
	put("y\r");
	assert_memory_equal(memory, "y\x70 \x07", 4);
	put("\033[2J");
	assert_memory_equal(memory, " \x70 \x07", 4);
	free(memory);
}

static uint32_t pixel_at(const uint8_t *memory, const struct machine_framebuffer *m, unsigned int x,
			 unsigned int y)
{
	unsigned int bytes = (m->bits_per_pixel + 7) / 8;
	uint32_t value = 0;

	memcpy(&value, memory + y * m->pitch + x * bytes, bytes);
	return value;
}

static void framebuffers(void **state)
{
	static const struct {
		uint8_t depth, red_shift, bits, green_shift, green_bits;
		uint32_t red, white;
	} modes[] = {
		{32, 16, 8, 8, 8, 0xaa0000, 0xaaaaaa},
		{24, 16, 8, 8, 8, 0xaa0000, 0xaaaaaa},
		{16, 11, 5, 5, 6, 21 << 11, 21 << 11 | 42 << 5 | 21},
		{15, 10, 5, 5, 5, 21 << 10, 21 << 10 | 21 << 5 | 21},
	};

	for (unsigned int i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		/* Not whole cells, and rows that are longer than what is shown. */
		struct machine_framebuffer m = {
			.type = MACHINE_FB_RGB,
			.width = 43,
			.height = 37,
			.pitch = 43 * 4 + 12,
			.bits_per_pixel = modes[i].depth,
			.red_shift = modes[i].red_shift,
			.red_bits = modes[i].bits,
			.green_shift = modes[i].green_shift,
			.green_bits = modes[i].green_bits,
			.blue_bits = modes[i].bits,
		};
		uint8_t *memory = show(&m);

		assert_int_equal(display.rows, 2);
		assert_int_equal(display.columns, 5);
		put("\033[2;2HL\033[31mL\033[?25l");
		for (unsigned int y = 0; y < FONT_HEIGHT; y++)
			for (unsigned int x = 0; x < FONT_WIDTH; x++) {
				bool lit = x == 0 || y == FONT_HEIGHT - 1;

				assert_int_equal(pixel_at(memory, &m, 8 + x, 16 + y),
						 lit ? modes[i].white : 0);
				assert_int_equal(pixel_at(memory, &m, 16 + x, 16 + y),
						 lit ? modes[i].red : 0);
				assert_int_equal(pixel_at(memory, &m, 24 + x, 16 + y), 0);
			}
		free(memory);
	}
}

static void modes_that_it_cannot_show(void **state)
{
	const struct machine_framebuffer good = {
		.type = MACHINE_FB_RGB,
		.width = 80,
		.height = 32,
		.pitch = 320,
		.bits_per_pixel = 32,
		.red_shift = 16,
		.red_bits = 8,
		.green_shift = 8,
		.green_bits = 8,
		.blue_bits = 8,
	};
	struct machine_framebuffer m = good;
	uint8_t byte;

	assert_true(display_init(&display, &m, &byte));
	m.type = MACHINE_FB_INDEXED;
	assert_false(display_init(&display, &m, &byte));
	assert_null(display.memory);
	m = good;
	m.red_bits = 0;
	assert_false(display_init(&display, &m, &byte));
	m = good;
	m.green_shift = 25;
	assert_false(display_init(&display, &m, &byte));
	m = good;
	m.bits_per_pixel = 8;
	assert_false(display_init(&display, &m, &byte));
	m = good;
	m.pitch = 319;
	assert_false(display_init(&display, &m, &byte));
	m = good;
	m.height = 15;
	assert_false(display_init(&display, &m, &byte));
	m = good;
	m.width = 10000;
	m.pitch = 40000;
	assert_true(display_init(&display, &m, &byte));
	assert_int_equal(display.columns, SCREEN_COLUMNS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_memory),
		cmocka_unit_test(the_cursor_stays_visible),
		cmocka_unit_test(framebuffers),
		cmocka_unit_test(modes_that_it_cannot_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
