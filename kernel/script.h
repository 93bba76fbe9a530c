/*
 * "#!" lines: which program interprets a file. Pure.
 *
 * As Linux's fs/binfmt_script.c: the first line, or as much of it as SCRIPT_LINE_MAX bytes show; the
 * interpreter's path, and all that is left as one argument.
 */
#ifndef KERNEL_SCRIPT_H
#define KERNEL_SCRIPT_H

#include "kernel/base/types.h"

#define SCRIPT_LINE_MAX 256 /* bytes, with a NUL */

static inline bool script_is(const char *line)
{
	return line[0] == '#' && line[1] == '!';
}

/*
 * `line` is the beginning of the file, with zeroes behind its end, and its last byte zero. *interpreter and
 * *argument (NULL: there is none) become strings in it. 0; -ENOEXEC: no interpreter, or its path is cut off.
 */
int script_parse(char line[SCRIPT_LINE_MAX], char **interpreter, char **argument);

#endif
