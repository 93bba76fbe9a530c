/*
 * A text that grows: what a file of /proc holds from when it is read at its beginning until it is read there again.
 * For want of memory it fails, once and for all: text_failed().
 */
#ifndef USER_PROC_TEXT_H
#define USER_PROC_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is an empty one. */
struct text {
	char *bytes;
	size_t length, room;
	bool failed;
};

void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for `bytes` more at the end, to be filled and then added to `length`; NULL: no memory. */
char *text_reserve(struct text *t, size_t bytes);
/* Blanks until the last line has so many characters. */
void text_pad(struct text *t, size_t column);
void text_free(struct text *t);

#endif
