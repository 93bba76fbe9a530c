/*
 * Multiboot2 tag list -> struct boot_info; see boot/multiboot2.h.
 *
 * The list is two words (total size, zero) and then tags, each { u32 type, u32 size, payload } on
 * an 8-byte boundary; a tag of type 0 ends it. Walking checks that a tag lies inside the list and
 * is as long as its type needs; the functions per type check the rest. They read through get_u32()
 * and get_u64() by offset, so that no alignment is assumed and no structure is laid over foreign
 * bytes.
 */
#include "boot/multiboot2.h"

#include "kernel/base/errno.h"
#include "kernel/base/string.h"

#define LIST_HEADER 8
#define TAG_HEADER  8

/* One tag, proven to lie inside the list. */
struct mb2_tag {
	const u8 *data; /* its header included */
	u32 type;
	u32 size;   /* bytes from data on */
	u32 offset; /* in the list, for messages */
	phys_addr_t phys;
};

static u32 get_u32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static u64 get_u64(const u8 *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The string that fills the tag from `at` on; NULL when it has no end. */
static const char *tag_string(const struct mb2_tag *tag, u32 at)
{
	const char *s = (const char *)tag->data + at;

	return strnlen(s, tag->size - at) < tag->size - at ? s : NULL;
}

static int parse_cmdline(const struct mb2_tag *tag, struct boot_info *out)
{
	const char *s = tag_string(tag, TAG_HEADER);

	if (!s)
		return boot_fail(out, "multiboot2: command line at byte %u is not terminated",
				 tag->offset);
	if (strlcpy(out->cmdline, s, sizeof(out->cmdline)) >= sizeof(out->cmdline))
		return boot_fail(out,
				 "multiboot2: command line at byte %u is %zu characters long, %d "
				 "are possible",
				 tag->offset, strlen(s), BOOT_CMDLINE_MAX - 1);
	return 0;
}

static int parse_loader(const struct mb2_tag *tag, struct boot_info *out)
{
	const char *s = tag_string(tag, TAG_HEADER);

	if (!s)
		return boot_fail(out, "multiboot2: loader name at byte %u is not terminated",
				 tag->offset);
	strlcpy(out->loader, s, sizeof(out->loader));
	return 0;
}

static int parse_module(const struct mb2_tag *tag, struct boot_info *out)
{
	u32 start = get_u32(tag->data + 8), end = get_u32(tag->data + 12);
	const char *s = tag_string(tag, 16);
	struct boot_module *module;

	if (end < start)
		return boot_fail(out,
				 "multiboot2: module at byte %u ends at %#x before its start %#x",
				 tag->offset, end, start);
	if (!s)
		return boot_fail(out, "multiboot2: module name at byte %u is not terminated",
				 tag->offset);
	if (out->nr_modules == BOOT_MAX_MODULES)
		return boot_fail(out, "multiboot2: module at byte %u is one more than %d",
				 tag->offset, BOOT_MAX_MODULES);
	module = &out->modules[out->nr_modules++];
	module->start = start;
	module->size = end - start;
	strlcpy(module->cmdline, s, sizeof(module->cmdline));
	return boot_reserve(out, module->start, module->size);
}

static int parse_memory_map(const struct mb2_tag *tag, struct boot_info *out)
{
	u32 entry_size = get_u32(tag->data + 8), bytes = tag->size - 16, at;

	if (entry_size < 24 || entry_size % 8 || bytes % entry_size)
		return boot_fail(out,
				 "multiboot2: memory map at byte %u: %u bytes of entries of %u",
				 tag->offset, bytes, entry_size);
	for (at = 16; at < tag->size; at += entry_size) {
		const u8 *entry = tag->data + at;
		int err = boot_add_range(out, get_u64(entry), get_u64(entry + 8),
					 get_u32(entry + 16));

		if (err)
			return err;
	}
	return 0;
}

static int parse_framebuffer(const struct mb2_tag *tag, struct boot_info *out)
{
	const u8 *p = tag->data;

	if (p[29] > 2)
		return 0; /* a kind invented after us: do without */
	out->fb.addr = get_u64(p + 8);
	out->fb.pitch = get_u32(p + 16);
	out->fb.width = get_u32(p + 20);
	out->fb.height = get_u32(p + 24);
	out->fb.bits_per_pixel = p[28];
	out->fb.type = p[29];
	/* Type 1 has a position and a size of each colour behind two reserved bytes. */
	if (p[29] == 1 && tag->size >= 38) {
		out->fb.red = (struct boot_colour){p[32], p[33]};
		out->fb.green = (struct boot_colour){p[34], p[35]};
		out->fb.blue = (struct boot_colour){p[36], p[37]};
	}
	return 0;
}

/* The tag holds a copy of the firmware's RSDP; the newer form wins, whichever comes first. */
static int parse_rsdp(const struct mb2_tag *tag, struct boot_info *out)
{
	if (memcmp(tag->data + TAG_HEADER, "RSD PTR ", 8))
		return boot_fail(out, "multiboot2: ACPI tag at byte %u does not hold an RSDP",
				 tag->offset);
	if (tag->type == 15 || !out->rsdp)
		out->rsdp = tag->phys + TAG_HEADER;
	return 0;
}

static const struct mb2_parser {
	u32 type;
	u32 min_size; /* bytes, tag header included */
	bool once;
	const char *name;
	int (*parse)(const struct mb2_tag *tag, struct boot_info *out);
} parsers[] = {
	{1, TAG_HEADER + 1, true, "command line", parse_cmdline},
	{2, TAG_HEADER + 1, true, "loader name", parse_loader},
	{3, 16 + 1, false, "module", parse_module},
	{6, 16, true, "memory map", parse_memory_map},
	{8, 31, true, "framebuffer", parse_framebuffer},
	{14, TAG_HEADER + 20, true, "ACPI 1.0 RSDP", parse_rsdp},
	{15, TAG_HEADER + 36, true, "ACPI 2.0 RSDP", parse_rsdp},
};

static int parse_tag(const struct mb2_tag *tag, u32 *seen, struct boot_info *out)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parsers); i++) {
		const struct mb2_parser *parser = &parsers[i];

		if (parser->type != tag->type)
			continue;
		if (tag->size < parser->min_size)
			return boot_fail(out, "multiboot2: %s at byte %u has %u bytes, needs %u",
					 parser->name, tag->offset, tag->size, parser->min_size);
		if (parser->once && (*seen & 1U << i))
			return boot_fail(out, "multiboot2: a second %s at byte %u", parser->name,
					 tag->offset);
		*seen |= 1U << i;
		return parser->parse(tag, out);
	}
	return 0; /* of no interest, or unknown: the specification says to skip it */
}

static int parse_tags(const u8 *list, u32 total, phys_addr_t phys, struct boot_info *out)
{
	u64 at = LIST_HEADER; /* 64 bits: rounding up may step past 4 GiB */
	u32 seen = 0;

	while (at + TAG_HEADER <= total) {
		struct mb2_tag tag = {
			.data = list + at,
			.type = get_u32(list + at),
			.size = get_u32(list + at + 4),
			.offset = (u32)at,
			.phys = phys + at,
		};
		int err;

		if (tag.size < TAG_HEADER)
			return boot_fail(out,
					 "multiboot2: tag of type %u at byte %u has a size of %u",
					 tag.type, tag.offset, tag.size);
		if (tag.size > total - at)
			return boot_fail(out,
					 "multiboot2: tag of type %u at byte %u has %u bytes and "
					 "passes the end at %u",
					 tag.type, tag.offset, tag.size, total);
		if (tag.type == 0)
			return 0;
		err = parse_tag(&tag, &seen, out);
		if (err)
			return err;
		at += ALIGN_UP((u64)tag.size, 8);
	}
	return boot_fail(out, "multiboot2: the tag list of %u bytes has no end tag", total);
}

static int parse_list(const u8 *list, size_t mapped, phys_addr_t phys, struct boot_info *out)
{
	u32 total;
	int err;

	if (!IS_ALIGNED(phys, 8))
		return boot_fail(out, "multiboot2: information at %#lx is not 8-byte aligned",
				 phys);
	if (mapped < LIST_HEADER)
		return boot_fail(out,
				 "multiboot2: information at %#lx: only %zu bytes are readable",
				 phys, mapped);
	total = get_u32(list);
	if (total < LIST_HEADER + TAG_HEADER || total > mapped)
		return boot_fail(out,
				 "multiboot2: information at %#lx claims %u bytes, not 16 to %zu",
				 phys, total, mapped);
	err = boot_reserve(out, phys, total);
	return err ? err : parse_tags(list, total, phys, out);
}

int multiboot2_parse(const void *info, size_t mapped_bytes, phys_addr_t info_phys,
		     struct boot_info *out, const char **why)
{
	int err;

	memset(out, 0, sizeof(*out));
	*why = NULL;
	err = parse_list(info, mapped_bytes, info_phys, out);
	if (err)
		*why = out->error;
	return err;
}
