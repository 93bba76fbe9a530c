/*
 * Memory and string functions: see kernel/base/string.h.
 *
 * Eight bytes at a time through general registers, 64 to a round. Not `rep movsb`: under emulation
 * each of its iterations is an instruction. What does not fill a word is done by one more word that
 * overlaps the last one, so there is no byte loop.
 *
 * Under the address sanitizer they check their operands as a whole, and are compiled without its checks.
 */
#include "kernel/base/string.h"

#include "kernel/base/kasan.h"

/* Any address, any effective type. */
struct word64 {
	u64 v;
} __packed __attribute__((may_alias));

struct word32 {
	u32 v;
} __packed __attribute__((may_alias));

/* Keeps the compiler from seeing that a loop is memcpy, memset or strlen and calling just that. */
#define NO_IDIOM(p) __asm__("" : "+r"(p))

#define ROUND 64

static __always_inline u64 load64(const u8 *p)
{
	return ((const struct word64 *)p)->v;
}

static __always_inline void store64(u8 *p, u64 v)
{
	((struct word64 *)p)->v = v;
}

static __always_inline u32 load32(const u8 *p)
{
	return ((const struct word32 *)p)->v;
}

static __always_inline void store32(u8 *p, u32 v)
{
	((struct word32 *)p)->v = v;
}

static __always_inline void copy64(u8 *d, const u8 *s)
{
	store64(d, load64(s));
}

/* n < 8. All loads come before all stores: overlapping operands are fine. */
static __always_inline void copy_small(u8 *d, const u8 *s, size_t n)
{
	if (n >= 4) {
		u32 first = load32(s), last = load32(s + n - 4);

		store32(d, first);
		store32(d + n - 4, last);
	} else if (n) {
		u8 first = s[0], middle = s[n / 2], last = s[n - 1];

		d[0] = first;
		d[n / 2] = middle;
		d[n - 1] = last;
	}
}

/* Also right for overlapping operands with dst below src: the tail is read before anything is
 * written. */
void *memcpy(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;
	u8 *last = d + n - 8;
	u64 tail;

	kasan_check_read(src, n);
	kasan_check_write(dst, n);
	if (n < 8) {
		copy_small(d, s, n);
		return dst;
	}
	tail = load64(s + n - 8);
	for (; n >= ROUND; n -= ROUND, d += ROUND, s += ROUND) {
		NO_IDIOM(d);
		copy64(d, s);
		copy64(d + 8, s + 8);
		copy64(d + 16, s + 16);
		copy64(d + 24, s + 24);
		copy64(d + 32, s + 32);
		copy64(d + 40, s + 40);
		copy64(d + 48, s + 48);
		copy64(d + 56, s + 56);
	}
	for (; n > 8; n -= 8, d += 8, s += 8) {
		NO_IDIOM(d);
		copy64(d, s);
	}
	store64(last, tail);
	return dst;
}

/* From the end down, for dst inside [src, src + n). */
static void copy_backward(u8 *d, const u8 *s, size_t n)
{
	u64 head;

	if (n < 8) {
		copy_small(d, s, n);
		return;
	}
	head = load64(s);
	for (; n > 8; n -= 8) {
		NO_IDIOM(n);
		copy64(d + n - 8, s + n - 8);
	}
	store64(d, head);
}

void *memmove(void *dst, const void *src, size_t n)
{
	if ((uintptr_t)dst - (uintptr_t)src >= n)
		return memcpy(dst, src, n);
	kasan_check_read(src, n);
	kasan_check_write(dst, n);
	copy_backward(dst, src, n);
	return dst;
}

static __always_inline void set_small(u8 *d, u64 v, size_t n)
{
	if (n >= 4) {
		store32(d, (u32)v);
		store32(d + n - 4, (u32)v);
	} else if (n) {
		d[0] = (u8)v;
		d[n / 2] = (u8)v;
		d[n - 1] = (u8)v;
	}
}

void *memset(void *dst, int c, size_t n)
{
	u64 v = (u8)c * 0x0101010101010101ull;
	u8 *d = dst;
	u8 *last = d + n - 8;

	kasan_check_write(dst, n);
	if (n < 8) {
		set_small(d, v, n);
		return dst;
	}
	for (; n >= ROUND; n -= ROUND, d += ROUND) {
		NO_IDIOM(d);
		store64(d, v);
		store64(d + 8, v);
		store64(d + 16, v);
		store64(d + 24, v);
		store64(d + 32, v);
		store64(d + 40, v);
		store64(d + 48, v);
		store64(d + 56, v);
	}
	/* Less than a round: halves of it, and the last word over what may be there already. */
	if (n > 32) {
		store64(d, v);
		store64(d + 8, v);
		store64(d + 16, v);
		store64(d + 24, v);
		d += 32;
		n -= 32;
	}
	if (n > 16) {
		store64(d, v);
		store64(d + 8, v);
		d += 16;
		n -= 16;
	}
	if (n > 8)
		store64(d, v);
	store64(last, v);
	return dst;
}

/* As numbers in which the first byte counts most. */
static int compare64(u64 a, u64 b)
{
	a = __builtin_bswap64(a);
	b = __builtin_bswap64(b);
	return a < b ? -1 : a > b;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *p = a, *q = b;

	kasan_check_read(a, n);
	kasan_check_read(b, n);
	for (; n >= 8; n -= 8, p += 8, q += 8)
		if (load64(p) != load64(q))
			return compare64(load64(p), load64(q));
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p) {
		p++;
		NO_IDIOM(p);
	}
	kasan_check_read(s, (size_t)(p - s) + 1);
	return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; n--)
		a++, b++;
	return n ? (u8)*a - (u8)*b : 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)(uintptr_t)s;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);
	size_t n;

	if (size) {
		n = MIN(len, size - 1);
		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return len;
}
