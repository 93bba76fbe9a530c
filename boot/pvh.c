/*
 * PVH start information -> struct boot_info; see boot/pvh.h.
 *
 * Every pointer in it is a physical address that in_window() turns into one of ours, or refuses.
 * Structures are copied out, so that no alignment is assumed.
 */
#include "boot/pvh.h"

#include "kernel/base/errno.h"
#include "kernel/base/string.h"

#define START_INFO_MAGIC 0x336ec578

struct hvm_start_info {
	u32 magic;
	u32 version;
	u32 flags;
	u32 nr_modules;
	u64 modlist_paddr;
	u64 cmdline_paddr;
	u64 rsdp_paddr;
	/* version 1 and later */
	u64 memmap_paddr;
	u32 memmap_entries;
	u32 reserved;
};

#define START_INFO_V0_SIZE offsetof(struct hvm_start_info, memmap_paddr)

struct hvm_modlist_entry {
	u64 paddr;
	u64 size;
	u64 cmdline_paddr;
	u64 reserved;
};

struct hvm_memmap_entry {
	u64 addr;
	u64 size;
	u32 type; /* as in e820 */
	u32 reserved;
};

/* [phys, phys + bytes) as the parser sees it, or NULL when not all of it is in the window. */
static const u8 *in_window(const struct pvh_window *mem, phys_addr_t phys, u64 bytes)
{
	if (phys < mem->start || phys - mem->start > mem->size)
		return NULL;
	if (bytes > mem->size - (phys - mem->start))
		return NULL;
	return (const u8 *)mem->base + (phys - mem->start);
}

/*
 * Copies the string at `phys` and notes its memory as in use. Reads at most `limit` bytes of it: no
 * end among them is an error, a copy that is cut is not. Address 0 is an empty string.
 */
static int copy_string(const struct pvh_window *mem, phys_addr_t phys, size_t limit, char *dst,
		       size_t size, const char *what, struct boot_info *out)
{
	const char *s;
	u64 readable;
	size_t length;

	if (!phys)
		return 0;
	s = (const char *)in_window(mem, phys, 1);
	if (!s)
		return boot_fail(out, "pvh: %s at %#lx cannot be reached", what, phys);
	readable = MIN((u64)limit, mem->size - (phys - mem->start));
	length = strnlen(s, readable);
	if (length == readable)
		return boot_fail(out, "pvh: %s at %#lx has no end within %lu bytes", what, phys,
				 readable);
	strlcpy(dst, s, size);
	return boot_reserve(out, phys, length + 1);
}

static int parse_module(const struct pvh_window *mem, const u8 *p, struct boot_info *out)
{
	struct boot_module *module = &out->modules[out->nr_modules++];
	struct hvm_modlist_entry entry;
	int err;

	memcpy(&entry, p, sizeof(entry));
	if (!in_window(mem, entry.paddr, entry.size))
		return boot_fail(out, "pvh: module %u at %#lx of %#lx bytes cannot be reached",
				 out->nr_modules - 1, entry.paddr, entry.size);
	module->start = entry.paddr;
	module->size = entry.size;
	err = boot_reserve(out, module->start, module->size);
	if (err)
		return err;
	return copy_string(mem, entry.cmdline_paddr, BOOT_CMDLINE_MAX, module->cmdline,
			   sizeof(module->cmdline), "module name", out);
}

static int parse_modules(const struct pvh_window *mem, const struct hvm_start_info *info,
			 struct boot_info *out)
{
	u64 bytes = (u64)info->nr_modules * sizeof(struct hvm_modlist_entry);
	const u8 *list;
	u32 i;
	int err;

	if (!info->nr_modules)
		return 0;
	if (info->nr_modules > BOOT_MAX_MODULES)
		return boot_fail(out, "pvh: %u modules, %d are possible", info->nr_modules,
				 BOOT_MAX_MODULES);
	list = in_window(mem, info->modlist_paddr, bytes);
	if (!list)
		return boot_fail(out, "pvh: list of %u modules at %#lx cannot be reached",
				 info->nr_modules, info->modlist_paddr);
	err = boot_reserve(out, info->modlist_paddr, bytes);
	for (i = 0; i < info->nr_modules && !err; i++)
		err = parse_module(mem, list + i * sizeof(struct hvm_modlist_entry), out);
	return err;
}

static int parse_memory_map(const struct pvh_window *mem, const struct hvm_start_info *info,
			    struct boot_info *out)
{
	u64 bytes = (u64)info->memmap_entries * sizeof(struct hvm_memmap_entry);
	const u8 *table = in_window(mem, info->memmap_paddr, bytes);
	int err = 0;
	u32 i;

	if (!info->memmap_entries)
		return 0;
	if (!table)
		return boot_fail(out, "pvh: memory map of %u entries at %#lx cannot be reached",
				 info->memmap_entries, info->memmap_paddr);
	for (i = 0; i < info->memmap_entries && !err; i++) {
		struct hvm_memmap_entry entry;

		memcpy(&entry, table + i * sizeof(entry), sizeof(entry));
		err = boot_add_range(out, entry.addr, entry.size, entry.type);
	}
	return err ? err : boot_reserve(out, info->memmap_paddr, bytes);
}

static int read_start_info(const struct pvh_window *mem, phys_addr_t phys,
			   struct hvm_start_info *info, struct boot_info *out)
{
	const u8 *p = in_window(mem, phys, START_INFO_V0_SIZE);

	memset(info, 0, sizeof(*info));
	if (!p)
		return boot_fail(out, "pvh: start information at %#lx cannot be reached", phys);
	memcpy(info, p, START_INFO_V0_SIZE);
	if (info->magic != START_INFO_MAGIC)
		return boot_fail(out, "pvh: start information at %#lx has magic %#x, not %#x", phys,
				 info->magic, START_INFO_MAGIC);
	if (!info->version)
		return boot_reserve(out, phys, START_INFO_V0_SIZE);
	p = in_window(mem, phys, sizeof(*info)); /* later versions only add to version 1 */
	if (!p)
		return boot_fail(out, "pvh: start information at %#lx of version %u is cut off",
				 phys, info->version);
	memcpy(info, p, sizeof(*info));
	return boot_reserve(out, phys, sizeof(*info));
}

static int parse(const struct pvh_window *mem, phys_addr_t phys, struct boot_info *out)
{
	struct hvm_start_info info;
	int err = read_start_info(mem, phys, &info, out);

	if (!err)
		err = copy_string(mem, info.cmdline_paddr, sizeof(out->cmdline), out->cmdline,
				  sizeof(out->cmdline), "command line", out);
	if (!err)
		err = parse_memory_map(mem, &info, out);
	if (!err)
		err = parse_modules(mem, &info, out);
	if (err)
		return err;
	strlcpy(out->loader, "PVH", sizeof(out->loader));
	out->rsdp = info.rsdp_paddr;
	return 0;
}

int pvh_parse(const struct pvh_window *mem, phys_addr_t info_phys, struct boot_info *out,
	      const char **why)
{
	int err;

	memset(out, 0, sizeof(*out));
	*why = NULL;
	err = parse(mem, info_phys, out);
	if (err)
		*why = out->error;
	return err;
}
