/* What the boot code takes from kernel/base and a host's C library may lack. */
#ifndef BOOT_TESTS_HOST_COMPAT_H
#define BOOT_TESTS_HOST_COMPAT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "kernel/base/errno.h"
#include "kernel/base/string.h"

#include <string.h>

/* Weak: a newer C library has one. */
__attribute__((weak)) size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t length = strlen(src);

	if (size) {
		size_t n = length < size ? length : size - 1;

		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return length;
}

/* xorshift64*: the same numbers on every host. */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dUL;
}

#endif
