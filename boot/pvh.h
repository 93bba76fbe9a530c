/*
 * The PVH start information (struct hvm_start_info, Xen's public header arch-x86/hvm/start_info.h),
 * as `qemu -kernel` hands it over. Its parts are scattered over physical memory.
 */
#ifndef BOOT_PVH_H
#define BOOT_PVH_H

#include "boot/bootinfo.h"

/* Ours: what boot/entry.asm passes when the PVH entry was used, which has no magic of its own. */
#define BOOT_MAGIC_PVH 0x50564821

/* The physical memory that the parser may read: [start, start + size) is seen at `base`. */
struct pvh_window {
	const void *base;
	phys_addr_t start;
	u64 size; /* bytes */
};

/*
 * Reads the start information at `info_phys`, version 0 or 1, into `out` (overwritten whole).
 * Version 0 has no memory map: out->nr_ranges is then 0 and the caller decides. The structures,
 * strings and modules are put into out->reserved.
 *
 * No byte outside the window is read, whatever the structures say. Returns 0, or -EINVAL with
 * *why = a sentence inside `out`. Touches no global; any context.
 */
int pvh_parse(const struct pvh_window *mem, phys_addr_t info_phys, struct boot_info *out,
	      const char **why);

#endif
