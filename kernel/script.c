/* "#!" lines: see script.h. */
#include "kernel/script.h"

#include "kernel/base/errno.h"
#include "kernel/base/string.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *skip_blanks(char *s)
{
	while (is_blank(*s))
		s++;
	return s;
}

/* The end of the word at `s`. */
static char *word_end(char *s)
{
	while (*s && !is_blank(*s))
		s++;
	return s;
}

/* Cuts the line off at its end. False: it goes on behind what we see of it. */
static bool end_line(char *line)
{
	char *end = strchr(line, '\n');
	bool whole = end || strnlen(line, SCRIPT_LINE_MAX) < SCRIPT_LINE_MAX - 1;

	end = end ? end : line + strnlen(line, SCRIPT_LINE_MAX);
	while (end > line + 2 && is_blank(end[-1]))
		end--;
	*end = '\0';
	return whole;
}

int script_parse(char line[SCRIPT_LINE_MAX], char **interpreter, char **argument)
{
	bool whole = end_line(line);
	char *name = skip_blanks(line + 2), *end = word_end(name), *rest = skip_blanks(end);

	/* An argument may be cut off, a path may not. */
	if (!*name || (!whole && !*end))
		return -ENOEXEC;
	*end = '\0';
	*interpreter = name;
	*argument = *rest ? rest : NULL;
	return 0;
}
