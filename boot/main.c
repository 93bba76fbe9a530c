/*
 * The first C code: what the loader said becomes boot_info, then kmain().
 *
 * Runs once, on the boot CPU, on the boot stack and the boot page tables, interrupts off, with no
 * allocator. What cannot be understood ends in panic() with the parser's sentence.
 */
#include "arch/console.h"
#include "arch/page.h"
#include "boot/bootinfo.h"
#include "boot/multiboot2.h"
#include "boot/pvh.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/kmain.h"

/* What boot/entry.asm maps at PAGE_OFFSET. */
#define BOOT_MAPPED GiB(4)

extern const u8 _kernel_start[], _kernel_end[];

void boot_main(u32 loader_magic, u64 info_phys);

static int parse_loader_info(u32 magic, u64 info_phys, const char **why)
{
	const struct pvh_window window = {.base = phys_to_virt(0), .start = 0, .size = BOOT_MAPPED};

	if (magic == BOOT_MAGIC_MULTIBOOT2)
		return multiboot2_parse(phys_to_virt(info_phys), BOOT_MAPPED - info_phys, info_phys,
					&boot_info, why);
	if (magic == BOOT_MAGIC_PVH)
		return pvh_parse(&window, info_phys, &boot_info, why);
	*why = boot_info.error;
	return boot_fail(&boot_info, "the loader's magic is %#x: neither Multiboot2 nor PVH",
			 magic);
}

static bool any_ram(void)
{
	unsigned int i;

	for (i = 0; i < boot_info.nr_ranges; i++) {
		if (boot_info.ranges[i].type == BOOT_MEM_RAM)
			return true;
	}
	return false;
}

/* From boot/entry.asm. `info_phys` is below 4 GiB: it came in a 32-bit register. */
void boot_main(u32 loader_magic, u64 info_phys)
{
	const char *why;

	early_console_init();
	if (parse_loader_info(loader_magic, info_phys, &why))
		panic("boot: %s", why);
	if (boot_reserve(&boot_info, kernel_image_phys(_kernel_start),
			 (u64)(_kernel_end - _kernel_start)))
		panic("boot: %s", boot_info.error);
	if (!any_ram())
		panic("boot: the loader (%s) gave no memory map with RAM in it: %u ranges",
		      boot_info.loader, boot_info.nr_ranges);
	printk("boot: started by %s: %u memory ranges, %u modules, command line: %s\n",
	       boot_info.loader, boot_info.nr_ranges, boot_info.nr_modules, boot_info.cmdline);
	kmain();
	panic("boot: kmain() returned");
}
