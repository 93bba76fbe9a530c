/*
 * The files of the boot archive: a read-only table, made once at boot.
 *
 *	initramfs_init(archive, bytes)	reads the whole cpio archive
 *	initramfs_lookup("/bin/x")	the entry of that name; "bin/x" and "./bin/x" are the same name
 *
 * Each file has its contents twice: `data` in one piece, in the archive (which must stay), for
 * whoever parses it; and copied into a memory object, so that programs map text without copying it.
 * The object is the table's for ever, and its pages are not to be written: private mappings, and
 * shared ones that stay read-only.
 *
 * After initramfs_init() nothing changes, so readers need no lock. Symbolic links are entries and
 * are not followed.
 */
#ifndef KERNEL_INITRAMFS_H
#define KERNEL_INITRAMFS_H

#include "kernel/base/types.h"

struct memobj;

struct initramfs_file {
	const char *name;        /* without leading slash; in the archive */
	const void *data;        /* `size` bytes in one piece, in the archive */
	u64 size;                /* bytes */
	u32 mode;                /* type and permissions, as CPIO_* of kernel/cpio.h */
	struct memobj *contents; /* the same bytes, then zeroes; NULL: none */

	struct initramfs_file *next; /* for the table itself: in its hash bucket */
	u32 ino, nlink, dev_major, dev_minor;
	u32 uid, gid, mtime, rdev_major, rdev_minor;
};

/*
 * Once, at boot, when pages can be allocated. `archive` is a kernel address. 0; -EINVAL: the
 * archive is damaged, and a message says what and where; -ENOMEM. After an error the table is empty
 * and nothing is held.
 */
int initramfs_init(const void *archive, size_t bytes);

/* NULL: no such file. Any context. */
const struct initramfs_file *initramfs_lookup(const char *path);

/* The index-th name of the archive, in its order; NULL: there are no more. Any context. */
const struct initramfs_file *initramfs_file(unsigned long index);

/* Files and directories in the table, and pages that their contents occupy. */
unsigned int initramfs_count(void);
u64 initramfs_pages(void);

#endif
