/*
 * What the loader told us, in one form for every loader.
 *
 * boot/multiboot2.c and boot/pvh.c fill it from GRUB's and QEMU's own structures; everything after
 * kmain() reads only this. All strings are copies, all addresses physical.
 */
#ifndef BOOT_BOOTINFO_H
#define BOOT_BOOTINFO_H

#include "kernel/base/types.h"

#define BOOT_MAX_RANGES   128
#define BOOT_MAX_MODULES  8
#define BOOT_MAX_RESERVED 32
#define BOOT_CMDLINE_MAX  1024

enum boot_mem_type { BOOT_MEM_RAM = 1, BOOT_MEM_RESERVED = 2, BOOT_MEM_ACPI = 3 };

struct boot_mem_range {
	phys_addr_t start;
	u64 size; /* bytes */
	enum boot_mem_type type;
};

struct boot_module {
	phys_addr_t start;
	u64 size;         /* bytes */
	char cmdline[64]; /* its name on the loader's side, cut to fit */
};

/* Memory in use although `ranges` calls it RAM: the kernel image, modules, what the loader wrote.
 */
struct boot_reserved {
	phys_addr_t start;
	u64 size; /* bytes */
};

/* Where a colour is in a pixel. */
struct boot_colour {
	u8 shift, bits;
};

struct boot_framebuffer {
	phys_addr_t addr; /* 0: none */
	u32 pitch;        /* bytes a row */
	u32 width, height;
	u8 bits_per_pixel;
	u8 type;                             /* multiboot2: 0 indexed, 1 RGB, 2 EGA text */
	struct boot_colour red, green, blue; /* of RGB; all 0: the loader did not say */
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
	unsigned int nr_reserved;
	struct boot_reserved reserved[BOOT_MAX_RESERVED];
	char error[160]; /* the parsers' sentence when they refuse */
};

extern struct boot_info boot_info;

/*
 * The value of `key=` on the kernel command line, copied to `buf` and terminated, or NULL when the
 * key is absent. A bare `key` gives an empty string. Words are parted by white space, there is no
 * quoting; of several the last counts; a value longer than `size` - 1 is cut. What follows the word
 * `--` belongs to the first user program and is not looked at.
 */
const char *boot_option(const char *key, char *buf, size_t size);

/* The same, and takes every word `key` or `key=...` off the command line: nobody reads it again. Boot only. */
const char *boot_option_take(const char *key, char *buf, size_t size);

/* The decimal or 0x value of `key=`, or `def` when absent. Not a number: panics with the text. */
u64 boot_option_u64(const char *key, u64 def);

/*
 * For the parsers. Each returns 0, or -EINVAL with the sentence in `info->error`.
 *
 * boot_fail() formats that sentence. boot_add_range() takes an e820 type (ACPI 6.5, table 15.14),
 * skips what is empty and joins what continues the range before it. boot_reserve() notes memory in
 * use; an empty piece is nothing.
 */
int boot_fail(struct boot_info *info, const char *fmt, ...) __printf(2, 3);
int boot_add_range(struct boot_info *info, phys_addr_t start, u64 size, u32 e820_type);
int boot_reserve(struct boot_info *info, phys_addr_t start, u64 size);

#endif
