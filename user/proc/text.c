/* A text that grows: see text.h. */
#include "user/proc/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *text_reserve(struct text *t, size_t bytes)
{
	size_t room = t->room ? t->room : 512;
	char *more;

	while (room - t->length < bytes)
		room *= 2;
	if (room > t->room) {
		more = t->failed ? NULL : realloc(t->bytes, room);
		if (!more) {
			t->failed = true;
			return NULL;
		}
		t->bytes = more;
		t->room = room;
	}
	return t->bytes + t->length;
}

void text_printf(struct text *t, const char *format, ...)
{
	va_list args;
	char *end;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	end = text_reserve(t, (size_t)n + 1);
	if (!end)
		return;
	va_start(args, format);
	vsnprintf(end, (size_t)n + 1, format, args);
	va_end(args);
	t->length += (size_t)n;
}

void text_pad(struct text *t, size_t column)
{
	size_t line = t->length;
	char *end;

	while (line > 0 && t->bytes[line - 1] != '\n')
		line--;
	if (t->length - line >= column)
		return;
	column -= t->length - line;
	end = text_reserve(t, column);
	if (!end)
		return;
	memset(end, ' ', column);
	t->length += column;
}

void text_free(struct text *t)
{
	free(t->bytes);
	*t = (struct text){0};
}
