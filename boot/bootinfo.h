/*
 * What the loader told us, in one form for every loader.
 *
 * boot/multiboot2.c and boot/pvh.c fill it from GRUB's and QEMU's own structures; everything after
 * kmain() reads only this. All strings are copies, all addresses physical.
 */
#ifndef BOOT_BOOTINFO_H
#define BOOT_BOOTINFO_H

#include "kernel/base/types.h"

#define BOOT_MAX_RANGES	 128
#define BOOT_MAX_MODULES 8
#define BOOT_CMDLINE_MAX 1024

enum boot_mem_type { BOOT_MEM_RAM = 1, BOOT_MEM_RESERVED = 2, BOOT_MEM_ACPI = 3 };

struct boot_mem_range {
	phys_addr_t start;
	u64 size; /* bytes */
	enum boot_mem_type type;
};

struct boot_module {
	phys_addr_t start;
	u64 size;	  /* bytes */
	char cmdline[64]; /* its name on the loader's side, cut to fit */
};

struct boot_framebuffer {
	phys_addr_t addr; /* 0: none */
	u32 pitch;	  /* bytes a row */
	u32 width, height;
	u8 bits_per_pixel;
	u8 type; /* multiboot2: 0 indexed, 1 RGB, 2 EGA text */
};

struct boot_info {
	char loader[32];
	char cmdline[BOOT_CMDLINE_MAX];
	unsigned int nr_ranges;
	unsigned int nr_modules;
	struct boot_mem_range ranges[BOOT_MAX_RANGES];
	struct boot_module modules[BOOT_MAX_MODULES];
	phys_addr_t rsdp; /* ACPI root pointer; 0: search the BIOS areas */
	struct boot_framebuffer fb;
};

extern struct boot_info boot_info;

/*
 * The value of `key=` on the kernel command line, copied to `buf` and terminated, or NULL when the key is absent.
 * A bare `key` gives an empty string.
 */
const char *boot_option(const char *key, char *buf, size_t size);

/* The decimal or 0x value of `key=`, or `def` when absent. Not a number: panics with the text. */
u64 boot_option_u64(const char *key, u64 def);

#endif
