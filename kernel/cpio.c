/*
 * The cpio newc reader: see kernel/cpio.h.
 *
 * A header is 110 bytes of ASCII: the magic and 13 numbers of 8 hexadecimal digits. The name
 * follows, then the data, each padded so that what comes next starts at a multiple of 4 bytes from
 * the archive's start.
 */
#include "kernel/cpio.h"

#include "kernel/base/errno.h"
#include "kernel/base/string.h"

#define MAGIC        "070701"
#define MAGIC_LEN    6
#define FIELD_LEN    8
#define HEADER_LEN   110
#define TRAILER      "TRAILER!!!"
#define NAME_MAX_LEN 4096 /* with the terminator: PATH_MAX of the Linux ABI */

enum field {
	F_INO,
	F_MODE,
	F_UID,
	F_GID,
	F_NLINK,
	F_MTIME,
	F_FILESIZE,
	F_DEV_MAJOR,
	F_DEV_MINOR,
	F_RDEV_MAJOR,
	F_RDEV_MINOR,
	F_NAMESIZE,
	F_CHECK,
	NR_FIELDS
};

static int fail(struct cpio_reader *r, size_t offset, const char *why)
{
	r->offset = offset;
	r->why = why;
	return -EINVAL;
}

/* The value of a hexadecimal digit, or -1. */
static int hex_digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hex(const u8 *p, u32 *value)
{
	u32 v = 0;
	int i, digit;

	for (i = 0; i < FIELD_LEN; i++) {
		digit = hex_digit(p[i]);
		if (digit < 0)
			return false;
		v = v << 4 | (u32)digit;
	}
	*value = v;
	return true;
}

/* The whole header is inside of the archive. */
static int parse_fields(struct cpio_reader *r, u32 *field)
{
	size_t at = r->offset + MAGIC_LEN;
	int i;

	for (i = 0; i < NR_FIELDS; i++, at += FIELD_LEN)
		if (!parse_hex(r->base + at, &field[i]))
			return fail(r, at, "a header field is not hexadecimal");
	return 0;
}

/* `at`: offset of the name, inside of the archive or just past its end. */
static int check_name(struct cpio_reader *r, size_t at, u32 namesize)
{
	const char *name = (const char *)r->base + at;

	if (namesize < 2 || namesize > NAME_MAX_LEN)
		return fail(r, at, "the name is empty or longer than 4095 bytes");
	if (namesize > r->size - at)
		return fail(r, at, "the archive ends in a name");
	if (strnlen(name, namesize) != namesize - 1)
		return fail(r, at, "the name is not terminated where its size says");
	return 0;
}

static void fill_entry(struct cpio_entry *e, const u32 *field)
{
	e->name_len = field[F_NAMESIZE] - 1;
	e->size = field[F_FILESIZE];
	e->mode = field[F_MODE];
	e->ino = field[F_INO];
	e->nlink = field[F_NLINK];
	e->dev_major = field[F_DEV_MAJOR];
	e->dev_minor = field[F_DEV_MINOR];
	e->uid = field[F_UID];
	e->gid = field[F_GID];
	e->mtime = field[F_MTIME];
	e->rdev_major = field[F_RDEV_MAJOR];
	e->rdev_minor = field[F_RDEV_MINOR];
}

int cpio_next(struct cpio_reader *r, struct cpio_entry *e)
{
	size_t name, data;
	u32 field[NR_FIELDS];

	if (r->why)
		return -EINVAL;
	if (r->offset >= r->size)
		return fail(r, r->offset, "the archive ends without a trailer");
	if (r->size - r->offset < HEADER_LEN)
		return fail(r, r->offset, "the archive ends in a header");
	if (memcmp(r->base + r->offset, MAGIC, MAGIC_LEN))
		return fail(r, r->offset, "no newc header (070701)");
	if (parse_fields(r, field))
		return -EINVAL;

	name = r->offset + HEADER_LEN;
	if (check_name(r, name, field[F_NAMESIZE]))
		return -EINVAL;
	fill_entry(e, field);
	e->name = (const char *)r->base + name;
	if (e->name_len == sizeof(TRAILER) - 1 && !memcmp(e->name, TRAILER, sizeof(TRAILER)))
		return 0;

	/* No overflow: namesize is bounded, filesize is compared with what is left. */
	data = ALIGN_UP(name + field[F_NAMESIZE], 4);
	if (data > r->size || e->size > r->size - data)
		return fail(r, r->offset, "the archive ends in a file's data");
	e->data = r->base + data;
	r->offset = ALIGN_UP(data + e->size, 4);
	return 1;
}
