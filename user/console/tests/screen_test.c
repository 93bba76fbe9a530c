/* host-test: user/console/screen.c user/console/screen_edit.c user/console/screen_colour.c */
/* The screen: sequences that programs send, what the cells are then, and any bytes at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/console/screen.h"

static struct screen screen;

static int setup(void **state)
{
	screen_init(&screen, 5, 10);
	return 0;
}

static void put(const char *text)
{
	screen_write(&screen, (const uint8_t *)text, strlen(text));
}

/* Rows without the blanks at their ends, joined by |; what is not ASCII is shown as its code. */
static void expect(const char *text)
{
	char got[1024] = "", *end = got;

	for (unsigned int row = 0; row < screen.rows; row++) {
		char *last = end;

		for (unsigned int i = 0; i < screen.columns; i++) {
			uint16_t code = screen.cells[row][i].code;

			end += sprintf(end, code < 0x80 ? "%c" : "<%x>", code);
			if (code != ' ')
				last = end;
		}
		end = last;
		*end++ = '|';
		*end = 0;
	}
	while (end > got && end[-1] == '|')
		*--end = 0;
	assert_string_equal(got, text);
}

static void expect_cursor(unsigned int row, unsigned int column)
{
	assert_int_equal(screen.cursor.row, row);
	assert_int_equal(screen.cursor.column, column);
}

static void text_wraps_and_scrolls(void **state)
{
	put("0123456789");
	expect_cursor(0, 9);
	put("a\r\nb\nc");
	expect("0123456789|a|b| c");
	put("\r\n4\r\n5");
	expect("a|b| c|4|5");
	put("\b\bxy\tz\tw");
	expect_cursor(4, 9);
	expect("a|b| c|4|xy      zw");
}

static void a_terminal_without_wrapping(void **state)
{
	put("\033[?7l0123456789abc\033[?7h");
	expect("012345678c");
	put("\033[1;10Hxy");
	expect("012345678x|y");
}

static void the_cursor_moves(void **state)
{
	put("\033[3;4Ha\033[Hb\033[99;99Hc\033[2Ad\033[Ee\033[Ff\033[5Gg\033[2dh");
	expect("b|     h|f  ag    d|e|         c");
	put("\033[2;2H\0337\033[5;5H\0338x\033[s\033[1;1H\033[uy\033[1D\033[3Cz");
	expect("b| xy  z|f  ag    d|e|         c");
	put("\033[;5H\033[0;0H+");
	expect("+| xy  z|f  ag    d|e|         c");
}

static void cells_are_erased(void **state)
{
	for (char row[] = "\r\n0123456789"; row[2] < '5'; row[2]++)
		put(row[2] == '0' ? row + 2 : row);
	put("\033[2;4H\033[K\033[3;4H\033[1K\033[4;4H\033[2K");
	expect("0123456789|112|    456789||4123456789");
	put("\033[2;2H\033[J");
	expect("0123456789|1");
	put("\033[1;3H\033[3X\033[1J");
	expect("     56789|1");
	put("\033[2J");
	expect("");
	expect_cursor(0, 2);
}

static void cells_and_lines_are_put_in_and_taken_out(void **state)
{
	put("abcdef\033[3G\033[2@");
	expect("ab  cdef");
	put("\033[3P");
	expect("abdef");
	put("\033[4h12\033[4l3");
	expect("ab123ef");
	put("\r\nB\r\nC\r\nD\033[2;1H\033[2L");
	expect("ab123ef|||B|C");
	put("\033[3M");
	expect("ab123ef|C");
	put("\033[9@\033[9P\033[99L\033[99M");
	expect("ab123ef");
}

static void a_region_scrolls_by_itself(void **state)
{
	put("0\r\n1\r\n2\r\n3\r\n4\033[2;4r");
	expect_cursor(0, 0);
	put("\033[4;1H\n");
	expect("0|2|3||4");
	put("\033[2;1H\033M\033M");
	expect("0|||2|4");
	/* Outside of it nothing moves. */
	put("\033[5;1H\n\n");
	expect("0|||2|4");
	put("\033[S\033[T");
	expect("0|||2|4");
	put("\033[?6h\033[Ha\033[99;1Hb\033[?6l\033[r");
	expect("0|a||b|4");
	put("\033[3;3r\033[4;2r\033[5;1H\n");
	expect("a||b|4");
}

static void full_screen_programs_have_a_second_screen(void **state)
{
	put("shell\r\n$ ");
	put("\033[?1049h\033[H\033[J~\r\n~\033[?25l");
	assert_true(screen.hidden);
	expect("~|~");
	put("\033[?1049l\033[?25hx");
	assert_false(screen.hidden);
	expect("shell|$ x");
}

static uint8_t colours_of(const char *sequence)
{
	put("\033[H");
	put(sequence);
	put("x");
	return screen.cells[0][0].colours;
}

static void colours_are_the_screens(void **state)
{
	assert_int_equal(colours_of(""), 0x07);
	assert_int_equal(colours_of("\033[31m"), 0x04);
	assert_int_equal(colours_of("\033[1;44m"), 0x1c);
	assert_int_equal(colours_of("\033[0;7m"), 0x70);
	assert_int_equal(colours_of("\033[27;92;103m"), 0x6a);
	assert_int_equal(colours_of("\033[39;49m"), 0x07);
	assert_int_equal(colours_of("\033[38;5;1;48;2;0;0;255m"), 0x14);
	assert_int_equal(colours_of("\033[38;5;46m"), 0x12);
	assert_int_equal(colours_of("\033[38;5m"), 0x12);
	assert_int_equal(colours_of("\033[m"), 0x07);
	put("\033[42m\033[K");
	assert_int_equal(screen.cells[0][5].colours, 0x27);
}

static void characters_are_utf8(void **state)
{
	put("\303\244\342\224\200\360\237\230\200");
	expect("<e4><2500><fffd>");
	/* Broken ones take one place each, and hide nothing. */
	put("\r\n\303a\200b\377c\342\224d\300\200");
	expect("<e4><2500><fffd>|<fffd>a<fffd>b<fffd>c<fffd>d<fffd>");
	put("\r\n\303\033[31mz");
	expect("<e4><2500><fffd>|<fffd>a<fffd>b<fffd>c<fffd>d<fffd>|z");
}

static void what_it_does_not_know_is_not_shown(void **state)
{
	put("a\033]0;title\007b\033P1$x\033\\c\033(Bd\033[>1ce\033[?2004hf\033[6n\033[1;2;3zg\033="
	    "h\0337");
	expect("abcdefgh");
	put("\033[1\r\n2\030i\033[\033[1;1Hj");
	expect("jbcdefgh|i");
	put("\033c");
	expect("");
	expect_cursor(0, 0);
}

static void changes_are_told(void **state)
{
	memset(screen.changed, 0, sizeof(screen.changed));
	put("\033[2;3Hab\033[2;7Hc\033[4;1H\033[K");
	assert_int_equal(screen.changed[0].to, 0);
	assert_int_equal(screen.changed[1].from, 2);
	assert_int_equal(screen.changed[1].to, 7);
	assert_int_equal(screen.changed[3].to, 10);
	memset(screen.changed, 0, sizeof(screen.changed));
	put("\033[5;1H\n");
	for (unsigned int row = 0; row < 5; row++)
		assert_int_equal(screen.changed[row].to, 10);
}

/* A copy of the cells that follows the changes is equal to them. */
static void any_bytes_at_all(void **state)
{
	static const char likely[] = "\033[[[;?0129HJKLMPX@STABCDEFGdefrhlmsu78ABc\n\r\t\b\303\244";
	static struct cell shown[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX];

	srand(1);
	for (unsigned int size = 1; size < 60; size++) {
		screen_init(&screen, size % 7, size * 5);
		for (unsigned int i = 0; i < 4000; i++) {
			uint8_t byte = rand() % 4 ? (uint8_t)likely[rand() % (sizeof(likely) - 1)]
						  : (uint8_t)rand();

			screen_write(&screen, &byte, 1);
			assert_true(screen.cursor.row < screen.rows &&
				    screen.cursor.column < screen.columns);
			assert_true(screen.top < screen.bottom && screen.bottom <= screen.rows);
			for (unsigned int row = 0; row < screen.rows; row++) {
				assert_true(screen.changed[row].to <= screen.columns);
				for (unsigned int j = screen.changed[row].from;
				     j < screen.changed[row].to; j++)
					shown[row][j] = screen.cells[row][j];
				screen.changed[row].from = screen.changed[row].to = 0;
			}
		}
		for (unsigned int row = 0; row < screen.rows; row++)
			for (unsigned int j = 0; j < screen.columns; j++)
				assert_int_equal(shown[row][j].code, screen.cells[row][j].code);
	}
	screen_init(&screen, 10000, 10000);
	assert_int_equal(screen.rows, SCREEN_ROWS_MAX);
	assert_int_equal(screen.columns, SCREEN_COLUMNS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(text_wraps_and_scrolls, setup),
		cmocka_unit_test_setup(a_terminal_without_wrapping, setup),
		cmocka_unit_test_setup(the_cursor_moves, setup),
		cmocka_unit_test_setup(cells_are_erased, setup),
		cmocka_unit_test_setup(cells_and_lines_are_put_in_and_taken_out, setup),
		cmocka_unit_test_setup(a_region_scrolls_by_itself, setup),
		cmocka_unit_test_setup(full_screen_programs_have_a_second_screen, setup),
		cmocka_unit_test_setup(colours_are_the_screens, setup),
		cmocka_unit_test_setup(characters_are_utf8, setup),
		cmocka_unit_test_setup(what_it_does_not_know_is_not_shown, setup),
		cmocka_unit_test_setup(changes_are_told, setup),
		cmocka_unit_test_setup(any_bytes_at_all, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
