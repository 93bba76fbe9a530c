/*
 * Between exec.c and args.c: the argument strings on their way from the old program to the new
 * one's stack.
 */
#ifndef KERNEL_EXEC_H
#define KERNEL_EXEC_H

#include "kernel/elf.h"
#include "mm/mm.h"

/*
 * As Linux with an 8 MiB stack: strings and pointers may take a quarter... of which we give this
 * much to the strings.
 */
#define ARG_PAGES     32
#define ARG_BYTES_MAX (ARG_PAGES * PAGE_SIZE)
#define ARG_PTRS_MAX  (ARG_BYTES_MAX / sizeof(u64))

/* All argument strings, then all environment strings, each with its terminator. */
struct exec_args {
	unsigned int argc, envc;
	size_t bytes;
	struct page *pages[ARG_PAGES];
};

/* None yet. args_free() in any case. */
void args_init(struct exec_args *args);
/* Into none. 0, -E2BIG, -EFAULT, -ENOMEM. */
int args_copy_user(struct exec_args *args, const char __user *const __user *argv,
		   const char __user *const __user *envp);
int args_copy_kernel(struct exec_args *args, const char *const *argv, const char *const *envp);
/* The n strings at `first`, the kernel's, come in place of argument 0. 0, -E2BIG, -ENOMEM. */
int args_replace_first(struct exec_args *args, const char *const *first, unsigned int n);
void args_free(struct exec_args *args);

/*
 * Builds the initial stack of the Linux ABI (strings, auxiliary vector, pointers, argc) in a new
 * address space that has a stack mapping, and notes in it where they are. Returns the stack pointer, 16-byte
 * aligned, or -ENOMEM. execfn is a kernel string.
 */
long args_build_stack(const struct exec_args *args, struct mm_struct *mm,
		      const struct elf_image *elf, const char *execfn);

#endif
