/* The virtual layouts between which boot/entry.asm chooses. */
#ifndef ARCH_X86_LAYOUT_H
#define ARCH_X86_LAYOUT_H

#include "arch/page.h"

extern const struct page_layout page_layout_4, page_layout_5;

#endif
