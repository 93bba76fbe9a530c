/*
 * Where boot ends: called once, on the boot CPU, with boot_info filled and the boot page tables
 * loaded.
 */
#ifndef KERNEL_KMAIN_H
#define KERNEL_KMAIN_H

void kmain(void);

#endif
