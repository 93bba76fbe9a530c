/*
 * Reads an archive in cpio "newc" format (magic 070701, as of Linux's initramfs) from memory.
 *
 *	struct cpio_reader r = cpio_open(archive, bytes);
 *	while ((err = cpio_next(&r, &entry)) == 1)
 *		...
 *	if (err < 0)
 *		printk("%s at byte %zu\n", r.why, r.offset);
 *
 * Pure: no allocation, no copy, no output; names and data point into the archive, which must stay.
 * Every field is checked before it is used: the archive may be hostile. Compressed archives, the
 * checksum form (070702) and what follows the trailer are not for this reader.
 *
 * Format: linux/Documentation/driver-api/early-userspace/buffer-format.rst.
 */
#ifndef KERNEL_CPIO_H
#define KERNEL_CPIO_H

#include "kernel/base/types.h"

/* File types in `mode`, as in the Linux ABI. */
#define CPIO_TYPE_MASK 0170000u
#define CPIO_DIRECTORY 0040000u
#define CPIO_REGULAR   0100000u
#define CPIO_SYMLINK   0120000u

struct cpio_reader {
	const u8 *base;
	size_t size;
	size_t offset;   /* bytes: of the next header, or of the header or field that is wrong */
	const char *why; /* NULL, or what is wrong */
};

struct cpio_entry {
	const char *name; /* terminated; not empty */
	size_t name_len;  /* the terminator left out */
	const void *data; /* 4-byte aligned in the archive, no more */
	u32 size;         /* bytes */
	u32 mode;
	u32 ino, nlink, dev_major, dev_minor; /* equal for the names of one file */
	u32 uid, gid, mtime, rdev_major, rdev_minor;
};

static inline struct cpio_reader cpio_open(const void *archive, size_t bytes)
{
	return (struct cpio_reader){.base = archive, .size = bytes};
}

/*
 * 1: *e is the next entry; 0: the trailer was reached; -EINVAL: r->why and r->offset say what is
 * wrong, and every later call says the same.
 */
int cpio_next(struct cpio_reader *r, struct cpio_entry *e);

#endif
