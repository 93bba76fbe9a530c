/* What there is to show text on. */
#ifndef USER_INIT_SCREEN_H
#define USER_INIT_SCREEN_H

#include <stddef.h>

/*
 * A handle of the memory that the loader's screen shows; `mode` gets how it is laid out, as the console server reads it
 * (user/console/main.c). -ENODEV: there is none, or -errno.
 */
long screen_right(int machine, char *mode, size_t room);

#endif
