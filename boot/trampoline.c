/*
 * Puts the AP trampoline (boot/trampoline.asm) into its page; see boot/trampoline.h.
 */
#include "boot/trampoline.h"

#include "arch/page.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"

/* The words of the code that need the page's linear address: far pointers and the GDT register. */
struct trampoline_link {
	u32 protected_ip, protected_cs;
	u32 long_ip, long_cs;
	u16 unused;
	u16 gdt_limit;
	u32 gdt_base;
} __packed;

extern const u8 trampoline_link[];

int trampoline_install(void *page, phys_addr_t phys)
{
	size_t code = (size_t)(trampoline_end - trampoline_start);
	struct trampoline_params *params = trampoline_params(page);
	struct trampoline_link *link;

	_Static_assert(sizeof(struct trampoline_link) == 24,
		       "boot/trampoline.asm: trampoline_link");
	_Static_assert(sizeof(*params) == 5 * 8 + 256 * 2 + 256, "boot/trampoline.asm: PARAMS");
	ASSERT_MSG(code <= TRAMPOLINE_PARAMS_OFFSET, "trampoline code of %zu bytes", code);
	if (!IS_ALIGNED(phys, PAGE_SIZE) || phys + PAGE_SIZE > MiB(1))
		return -EINVAL;

	memset(page, 0, PAGE_SIZE);
	memcpy(page, trampoline_start, code);
	link = (struct trampoline_link *)((u8 *)page + (trampoline_link - trampoline_start));
	link->protected_ip += (u32)phys;
	link->long_ip += (u32)phys;
	link->gdt_base += (u32)phys;

	params->cr3 = kernel_image_phys(boot_root);
	memset(params->apic_to_cpu, 0xff, sizeof(params->apic_to_cpu));
	return 0;
}
