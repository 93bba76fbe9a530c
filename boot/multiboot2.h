/*
 * Multiboot2 boot information (Multiboot2 Specification 2.0, section 3.6), as GRUB hands it over.
 */
#ifndef BOOT_MULTIBOOT2_H
#define BOOT_MULTIBOOT2_H

#include "boot/bootinfo.h"

/* In EAX when a Multiboot2 loader starts us. */
#define BOOT_MAGIC_MULTIBOOT2 0x36d76289

/*
 * Reads the tag list at `info`, of which `mapped_bytes` may be read, into `out` (overwritten
 * whole). `info_phys` is its physical address. The list, the modules and nothing else are put
 * into out->reserved; whether there is any memory map is the caller's question.
 *
 * Nothing in the list is believed: whatever its bytes are, no byte outside [info, info +
 * mapped_bytes) is read. Returns 0, or -EINVAL with *why = a sentence inside `out`. Touches no
 * global; any context.
 */
int multiboot2_parse(const void *info, size_t mapped_bytes, phys_addr_t info_phys,
		     struct boot_info *out, const char **why);

#endif
