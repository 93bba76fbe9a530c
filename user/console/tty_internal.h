/* Between the files of the line discipline: see tty.h. */
#ifndef USER_CONSOLE_TTY_INTERNAL_H
#define USER_CONSOLE_TTY_INTERNAL_H

#include <termios.h>

#include "user/console/tty.h"

#define TTY_TAB 8

static inline bool iflag(const struct tty *t, uint32_t flag)
{
	return t->termios.iflag & flag;
}

static inline bool oflag(const struct tty *t, uint32_t flag)
{
	return t->termios.oflag & flag;
}

static inline bool lflag(const struct tty *t, uint32_t flag)
{
	return t->termios.lflag & flag;
}

/* Whether `byte` is that control character. One that is 0 is switched off. */
static inline bool is_cc(const struct tty *t, unsigned int index, uint8_t byte)
{
	return byte && t->termios.cc[index] == byte;
}

/* In every locale; a byte of 0x80 to 0x9f is none, for it may be a part of a character. */
static inline bool is_control(uint8_t byte)
{
	return byte < 0x20 || byte == 0x7f;
}

/* The second byte, or a later one, of a character in UTF-8. */
static inline bool is_continuation(const struct tty *t, uint8_t byte)
{
	return iflag(t, IUTF8) && (byte & 0xc0) == 0x80;
}

static inline uint8_t input_at(const struct tty *t, uint32_t position)
{
	return t->input[position % TTY_INPUT];
}

static inline bool is_delimiter(const struct tty *t, uint32_t position)
{
	position %= TTY_INPUT;
	return t->delimiter[position / 8] >> position % 8 & 1;
}

static inline void set_delimiter(struct tty *t, uint32_t position, bool is)
{
	uint8_t bit = 1 << position % 8, *byte = &t->delimiter[position % TTY_INPUT / 8];

	*byte = is ? *byte | bit : *byte & ~bit;
}

/* --- tty_output.c --- */

/* Echoes a byte that was typed, a control character as ^X if ECHOCTL. */
void tty_echo(struct tty *t, uint8_t byte);
/* Echoes it as it is (but post-processed). */
void tty_echo_raw(struct tty *t, uint8_t byte);
/* The line that is being typed begins at the cursor. */
void tty_mark_column(struct tty *t);
/*
 * Goes back over a tab that was echoed; `columns`: how many characters are between it and the last tab
 * (after_tab), or the line's beginning.
 */
void tty_echo_untab(struct tty *t, unsigned int columns, bool after_tab);
/* VSTART: goes on, unless TCOOFF holds it. */
void tty_start(struct tty *t);

/* --- tty_erase.c --- */

/* VERASE, VWERASE or VKILL was typed. */
void tty_erase(struct tty *t, uint8_t byte);

#endif
