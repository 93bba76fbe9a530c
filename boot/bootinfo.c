/*
 * The boot information: options of the command line, and the three calls by which the loaders'
 * parsers fill the tables. It parses no loader's format.
 *
 * Filled once by the boot CPU before kmain(), read only from then on: no lock.
 */
#include "boot/bootinfo.h"

#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/string.h"

struct boot_info boot_info;

int boot_fail(struct boot_info *info, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(info->error, sizeof(info->error), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* Whether [start, start + size) lies in what a page-table entry can address: 52 bits. */
static bool addressable(phys_addr_t start, u64 size)
{
	const u64 limit = 1UL << 52;

	return size <= limit && start <= limit - size;
}

static enum boot_mem_type mem_type(u32 e820_type)
{
	if (e820_type == 1)
		return BOOT_MEM_RAM;
	if (e820_type == 3)
		return BOOT_MEM_ACPI;
	return BOOT_MEM_RESERVED; /* NVS, bad, persistent, and what is yet to be invented */
}

int boot_add_range(struct boot_info *info, phys_addr_t start, u64 size, u32 e820_type)
{
	enum boot_mem_type type = mem_type(e820_type);
	struct boot_mem_range *last = info->nr_ranges ? &info->ranges[info->nr_ranges - 1] : NULL;

	if (!size)
		return 0;
	if (!addressable(start, size))
		return boot_fail(info, "memory range at %#lx of %#lx bytes exceeds 52 address bits",
				 start, size);
	if (last && last->type == type && last->start + last->size == start) {
		last->size += size;
		return 0;
	}
	if (info->nr_ranges == BOOT_MAX_RANGES)
		return boot_fail(info, "memory map has more than %d ranges; the next is at %#lx",
				 BOOT_MAX_RANGES, start);
	info->ranges[info->nr_ranges++] = (struct boot_mem_range){start, size, type};
	return 0;
}

int boot_reserve(struct boot_info *info, phys_addr_t start, u64 size)
{
	if (!size)
		return 0;
	if (!addressable(start, size))
		return boot_fail(info,
				 "reserved memory at %#lx of %#lx bytes exceeds 52 address bits",
				 start, size);
	if (info->nr_reserved == BOOT_MAX_RESERVED)
		return boot_fail(info,
				 "more than %d pieces of memory are in use; the next is at %#lx",
				 BOOT_MAX_RESERVED, start);
	info->reserved[info->nr_reserved++] = (struct boot_reserved){start, size};
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The value of one word if the word is `key` or `key=...`, else NULL. */
static char *word_value(char *word, char *end, const char *key)
{
	size_t n = strlen(key);

	if ((size_t)(end - word) < n || strncmp(word, key, n))
		return NULL;
	if (word + n == end)
		return end;
	return word[n] == '=' ? word + n + 1 : NULL;
}

/* The value of the last word `key` or `key=...` before `--`, and its end; or NULL. */
static char *find_value(const char *key, char **value_end)
{
	char *value = NULL, *end, *p = boot_info.cmdline;

	while (*p) {
		char *v;

		for (end = p; *end && !is_blank(*end); end++)
			;
		if (end - p == 2 && !strncmp(p, "--", 2))
			break;
		v = end > p ? word_value(p, end, key) : NULL;
		if (v) {
			value = v;
			*value_end = end;
		}
		p = *end ? end + 1 : end;
	}
	return value;
}

static void copy_value(char *buf, size_t size, const char *value, const char *end)
{
	if (size)
		strlcpy(buf, value, MIN(size, (size_t)(end - value) + 1));
}

const char *boot_option(const char *key, char *buf, size_t size)
{
	char *end, *value = find_value(key, &end);

	if (!value)
		return NULL;
	copy_value(buf, size, value, end);
	return buf;
}

const char *boot_option_take(const char *key, char *buf, size_t size)
{
	const char *found = NULL;
	char *value, *end;

	while ((value = find_value(key, &end))) {
		char *word = value - strlen(key) - (value[-1] == '=');
		size_t left = strlen(end + (*end != '\0')), room = strlen(word);

		if (!found)
			copy_value(buf, size, value, end);
		found = buf;
		memmove(word, end + (*end != '\0'), left);
		memset(word + left, 0, room - left);
	}
	return found;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* The whole of `s` as a number of 64 bits, or false. */
static bool parse_u64(const char *s, u64 *result)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	u64 base = hex ? 16 : 10, value = 0;

	if (hex)
		s += 2;
	if (!*s)
		return false;
	for (; *s; s++) {
		u64 digit = (u64)digit_value(*s);

		if (digit >= base || value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	*result = value;
	return true;
}

u64 boot_option_u64(const char *key, u64 def)
{
	char text[32]; /* a value that fills it was cut, and is no number for us */
	u64 value;

	if (!boot_option(key, text, sizeof(text)))
		return def;
	if (strlen(text) == sizeof(text) - 1 || !parse_u64(text, &value))
		panic("boot option %s=%s: not a decimal or 0x number of 64 bits", key, text);
	return value;
}
