/*
 * The two virtual layouts of arch/page.h. boot/entry.asm copies one of them to page_layout, before
 * paging is on.
 */
#include "arch/x86/layout.h"

const struct page_layout page_layout_4 = {
	.user_end = 0x00007ffffffff000UL,
	.page_offset = 0xffff888000000000UL,
	.vmalloc_start = 0xffffc90000000000UL,
	.vmemmap_start = 0xffffea0000000000UL,
	.vmalloc_slots = 64,
	.levels = 4,
};

const struct page_layout page_layout_5 = {
	.user_end = 0x00fffffffffff000UL,
	.page_offset = 0xff11000000000000UL,
	.vmalloc_start = 0xffa0000000000000UL,
	.vmemmap_start = 0xffd4000000000000UL,
	.vmalloc_slots = 50,
	.levels = 5,
};

/* clang-format off */
_Static_assert(sizeof(struct page_layout) == 48, "boot/entry.asm: PAGE_LAYOUT_SIZE");
/* clang-format on */
