/*
 * Checks a static 64-bit ELF executable and says what to map.
 *
 * Accepted: ET_EXEC, and ET_DYN without an interpreter (static-pie), which goes to a load bias of
 * the caller's choice. Pure: reads the headers, each once, and allocates nothing. What it returns needs no second
 * check before it is mapped: segments are in order, in user space, disjoint as pages, and their
 * file parts are inside of the file.
 *
 * Source: System V ABI (gABI) chapters 4 and 5; errors as Linux's fs/binfmt_elf.c returns them.
 */
#ifndef KERNEL_ELF_H
#define KERNEL_ELF_H

#include "kernel/base/types.h"

#define ELF_MAX_SEGMENTS 16
#define ELF_MAX_PHDRS    64

/* Nothing is mapped below: a NULL pointer plus an offset must fault (Linux's vm.mmap_min_addr). */
#define ELF_MIN_ADDR 0x10000UL

#define ELF_X 1u /* as p_flags has them */
#define ELF_W 2u
#define ELF_R 4u

/* Bytes [vaddr, vaddr + filesz) come from the file at `offset`, up to vaddr + memsz they are zero.
 */
struct elf_segment {
	unsigned long vaddr;  /* load bias included; same offset in its page as `offset` has */
	unsigned long memsz;  /* > 0 */
	unsigned long offset; /* bytes from the file's start */
	unsigned long filesz; /* <= memsz */
	u32 flags;            /* ELF_R | ELF_W | ELF_X */
};

struct elf_image {
	unsigned long
		bias; /* IN: page-aligned place of an ET_DYN. OUT: what was added, 0 for ET_EXEC */
	unsigned long entry;
	unsigned long phdr_addr; /* AT_PHDR, or 0: the program headers are in no segment */
	unsigned int phnum;      /* AT_PHNUM */
	bool exec_stack;         /* PT_GNU_STACK asks for it */
	bool write_exec;         /* some segment is both writable and executable */
	unsigned int nr_segments;
	struct elf_segment segments[ELF_MAX_SEGMENTS]; /* by ascending address */
};

/* Copies n bytes at `offset`, which the file has. 0, or -errno. */
typedef int (*elf_reader)(void *file, u64 offset, void *dst, size_t n);

/*
 * 0, or with *why a text that says what is wrong:
 *	what `read` says
 *	-ENOEXEC	not such an executable, truncated, or one that contradicts itself
 *	-EINVAL		file size over memory size, offset and address apart, address arithmetic
 *			overflows
 *	-ENOMEM		a segment ends above user space
 *	-EPERM		a segment below ELF_MIN_ADDR
 *
 * After an error the contents of *out mean nothing.
 */
int elf_parse(elf_reader read, void *file, u64 size, struct elf_image *out, const char **why);

#endif
