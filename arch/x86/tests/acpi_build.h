/*
 * Builds ACPI tables for the host tests: bytes are appended, then seal() writes length and
 * checksum.
 *
 * exact() hands a table over in a heap block of just its size, so that the address sanitizer sees
 * the first byte read outside.
 */
#ifndef ARCH_X86_TESTS_ACPI_BUILD_H
#define ARCH_X86_TESTS_ACPI_BUILD_H

#include <stddef.h>
#include <stdint.h>

#define TABLE_ROOM 8192

struct table {
	uint8_t b[TABLE_ROOM];
	size_t n;
};

static inline void put(struct table *t, size_t at, const void *src, size_t n)
{
	memcpy(t->b + at, src, n);
	if (at + n > t->n)
		t->n = at + n;
}

static inline void put32(struct table *t, size_t at, uint32_t v)
{
	put(t, at, &v, 4);
}

static inline void put64(struct table *t, size_t at, uint64_t v)
{
	put(t, at, &v, 8);
}

static inline void append(struct table *t, const uint8_t *bytes, size_t n)
{
	put(t, t->n, bytes, n);
}

#define APPEND(t, ...) append((t), (const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

static inline void fix_sum(uint8_t *p, size_t n, size_t at)
{
	uint8_t sum = 0;

	p[at] = 0;
	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + p[i]);
	p[at] = (uint8_t)-sum;
}

/* Length and checksum of the header. */
static inline void seal(struct table *t)
{
	put32(t, 4, (uint32_t)t->n);
	fix_sum(t->b, t->n, 9);
}

static inline struct table header(const char *signature, size_t size)
{
	struct table t = {.n = size};

	memcpy(t.b, signature, 4);
	return t;
}

/* A copy of the first n bytes in a block of just that size. */
static inline uint8_t *exact(const struct table *t, size_t n)
{
	uint8_t *p = malloc(n ? n : 1);

	assert_non_null(p);
	memcpy(p, t->b, n);
	return p;
}

static inline struct table fadt(size_t size)
{
	struct table t = header("FACP", size);

	put32(&t, 40, 0x7fe1000);
	t.b[46] = 9;
	put32(&t, 56, 0x600);
	put32(&t, 80, 0xafe0);
	t.b[88] = 4;
	t.b[92] = 4;
	put32(&t, 48, 0xb2);
	t.b[52] = 0xf1;
	put32(&t, 64, 0x604);
	put32(&t, 76, 0x608);
	t.b[91] = 4;
	t.b[108] = 0x32;
	if (size > 128) {
		put32(&t, 112, 1 << 10);
		t.b[116] = 1;
		put64(&t, 120, 0xcf9);
		t.b[128] = 0x0f;
	}
	if (size >= 148)
		put64(&t, 140, 0x1007fe1000);
	t.n = size;
	seal(&t);
	return t;
}

#endif
