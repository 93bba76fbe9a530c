/* Names of kernel addresses: see ksyms.h. The table's form is what tools/ksyms writes. */
#include "arch/x86/ksyms.h"

#include "arch/page.h"

struct ksym {
	u32 addr; /* from KERNEL_VMA, ascending */
	u32 name; /* from the table's first byte */
};

struct ksyms_table {
	u32 count;
	u32 reserved;
	struct ksym syms[];
};

extern const struct ksyms_table ksyms_table;

/* linker.ld */
extern const char __text_start[], __text_end[];

const char *ksym_lookup(unsigned long addr, unsigned long *offset)
{
	const struct ksyms_table *t = &ksyms_table;
	u32 rel = (u32)(addr - KERNEL_VMA), low = 0, high = t->count;

	if (addr < (unsigned long)__text_start || addr >= (unsigned long)__text_end)
		return NULL;
	/* syms[low - 1].addr <= rel < syms[high].addr */
	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (t->syms[mid].addr <= rel)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0)
		return NULL;
	*offset = rel - t->syms[low - 1].addr;
	return (const char *)t + t->syms[low - 1].name;
}
