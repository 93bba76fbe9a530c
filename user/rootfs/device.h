/* The character devices that need no machine: /dev/null, zero, full, random, urandom. */
#ifndef USER_ROOTFS_DEVICE_H
#define USER_ROOTFS_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

bool device_exists(uint64_t rdev);

/* *data: `bytes` of it, or as many as there are at a time; they stay until the next read. How many; 0: the end. */
long device_read(uint64_t rdev, uint64_t bytes, const void **data);

/* What write(2) returns. The data do not matter. */
long device_write(uint64_t rdev, uint64_t bytes);

/* mmap(2): a new memory object, or -ENODEV. */
long device_object(uint64_t rdev, uint64_t bytes);

#endif
