/* See device.h. */
#include "user/rootfs/device.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/sysmacros.h>

#include "user/rootfs/kernel.h"

#define MEMORY_MAJOR 1
#define CHUNK        16384u /* bytes */

enum { MINOR_NULL = 3, MINOR_ZERO = 5, MINOR_FULL = 7, MINOR_RANDOM = 8, MINOR_URANDOM = 9 };

/* 0: none of them. */
static unsigned int minor_of(uint64_t rdev)
{
	unsigned int n = minor(rdev);

	if (major(rdev) != MEMORY_MAJOR)
		return 0;
	return n == MINOR_NULL || n == MINOR_ZERO || n == MINOR_FULL || n == MINOR_RANDOM ||
			       n == MINOR_URANDOM
		       ? n
		       : 0;
}

bool device_exists(uint64_t rdev)
{
	return minor_of(rdev);
}

long device_read(uint64_t rdev, uint64_t bytes, const void **data)
{
	static const char zeroes[CHUNK];
	static char random[CHUNK];
	size_t n = bytes < CHUNK ? bytes : CHUNK;

	switch (minor_of(rdev)) {
	case MINOR_ZERO:
	case MINOR_FULL:
		*data = zeroes;
		return (long)n;
	case MINOR_RANDOM:
	case MINOR_URANDOM:
		*data = random;
		return getrandom(random, n, 0) == (ssize_t)n ? (long)n : -EIO;
	default:
		return 0;
	}
}

long device_write(uint64_t rdev, uint64_t bytes)
{
	return minor_of(rdev) == MINOR_FULL && bytes ? -ENOSPC : (long)bytes;
}

long device_object(uint64_t rdev, uint64_t bytes)
{
	return minor_of(rdev) == MINOR_ZERO ? object_create(bytes) : -ENODEV;
}
