/*
 * Builds multiboot2 tag lists for the host tests, and parses one from a block of its exact size, so
 * that AddressSanitizer sees one byte read too many.
 */
#ifndef BOOT_TESTS_MULTIBOOT2_LIST_H
#define BOOT_TESTS_MULTIBOOT2_LIST_H

#include "boot/tests/host_compat.h"

#include "boot/multiboot2.h"

#define INFO_PHYS 0x21000UL

struct list {
	u8 bytes[8192];
	u32 size;
};

static inline void put(struct list *l, const void *p, u32 n)
{
	assert_true(l->size + n <= sizeof(l->bytes));
	memcpy(l->bytes + l->size, p, n);
	l->size += n;
}

static inline void put32(struct list *l, u32 v)
{
	put(l, &v, 4);
}

static inline void put64(struct list *l, u64 v)
{
	put(l, &v, 8);
}

static inline void list_begin(struct list *l)
{
	memset(l, 0, sizeof(*l));
	put64(l, 0);
}

/* Appends a tag; returns its offset. */
static inline u32 tag(struct list *l, u32 type, const void *payload, u32 n)
{
	u32 at = l->size;

	put32(l, type);
	put32(l, 8 + n);
	put(l, payload, n);
	l->size = (u32)ALIGN_UP(l->size, 8);
	return at;
}

static inline void list_end(struct list *l)
{
	tag(l, 0, "", 0);
	memcpy(l->bytes, &l->size, 4);
}

static inline u32 tag_module(struct list *l, u32 start, u32 end, const char *name)
{
	struct list t = {.size = 0};

	put32(&t, start);
	put32(&t, end);
	put(&t, name, (u32)strlen(name) + 1);
	return tag(l, 3, t.bytes, t.size);
}

struct entry {
	u64 start, size;
	u32 type, zero;
};

static inline u32 tag_memory_map(struct list *l, const struct entry *e, u32 n)
{
	struct list t = {.size = 0};

	put32(&t, sizeof(*e));
	put32(&t, 0);
	put(&t, e, n * (u32)sizeof(*e));
	return tag(l, 6, t.bytes, t.size);
}

static const struct entry memory[] = {
	{0, 0x9fc00, 1, 0},
	{0x9fc00, 0x400, 2, 0},
	{0x100000, 0x700000, 1, 0},
	{0x800000, 0x100000, 1, 0}, /* continues the one before */
	{0x900000, 0, 2, 0},        /* empty */
	{0x3fe0000, 0x10000, 3, 0},
	{0x3ff0000, 0x10000, 4, 0}, /* NVS: ours is reserved */
	{0xfd00000000, 0x300000000, 99, 0},
};

/* The whole list of a typical GRUB, with a tag (4, basic memory) and a type that we do not know. */
static inline void valid_list(struct list *l)
{
	static const u8 rsdp1[20] = "RSD PTR 1", rsdp2[36] = "RSD PTR 2";
	struct list fb = {.size = 0};

	put64(&fb, 0xfd000000);
	put32(&fb, 5120);
	put32(&fb, 1280);
	put32(&fb, 800);
	put32(&fb, 32 | 1 << 8);
	put(&fb, "\20\10\10\7\1\6", 6); /* red, green, blue: position and size */

	list_begin(l);
	tag(l, 1, "pgsync=walk seed=7", 19);
	tag(l, 2, "GRUB 2.06", 10);
	tag(l, 4, "\1\2\3\4\5\6\7\10", 8);
	tag_module(l, 0x224000, 0x225234, "initramfs.cpio");
	tag_module(l, 0x226000, 0x226000, "");
	tag_memory_map(l, memory, ARRAY_SIZE(memory));
	tag(l, 8, fb.bytes, fb.size);
	tag(l, 15, rsdp2, sizeof(rsdp2));
	tag(l, 14, rsdp1, sizeof(rsdp1));
	tag(l, 0x12345, "whatever", 8);
	list_end(l);
}

static inline int parse(const void *bytes, size_t size, struct boot_info *out, const char **why)
{
	void *exact = malloc(size ? size : 1);
	int err;

	memcpy(exact, bytes, size);
	err = multiboot2_parse(exact, size, INFO_PHYS, out, why);
	free(exact);
	return err;
}

#endif
