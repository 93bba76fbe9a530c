/* The final kernel page tables. */
#ifndef ARCH_X86_PAGING_H
#define ARCH_X86_PAGING_H

/*
 * Boot CPU: builds swapper_pg_dir (image by section rights, direct map, device window), loads it.
 */
void paging_init(void);

/* Application CPU, from the trampoline's root: loads swapper_pg_dir. */
void paging_load_ap(void);

#endif
