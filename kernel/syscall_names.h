/*
 * The names of Linux's system calls by their x86-64 numbers, for the log. The table is made by
 * tools/syscall-names when the kernel is built.
 */
#ifndef KERNEL_SYSCALL_NAMES_H
#define KERNEL_SYSCALL_NAMES_H

/* NULL: Linux has no call of that number. */
extern const char *const syscall_names[];
extern const unsigned int nr_syscall_names;

#endif
