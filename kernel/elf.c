/*
 * The ELF checker: see kernel/elf.h.
 *
 * Headers are copied before they are looked at: nothing says that they are aligned, and who can write to the file
 * may do so meanwhile.
 */
#include "kernel/elf.h"

#include "arch/page.h"
#include "kernel/base/errno.h"
#include "kernel/base/string.h"

/* gABI chapter 4, ELF header. */
struct elf64_ehdr {
	u8 ident[16];
	u16 type;
	u16 machine;
	u32 version;
	u64 entry;
	u64 phoff;
	u64 shoff;
	u32 flags;
	u16 ehsize;
	u16 phentsize;
	u16 phnum;
	u16 shentsize;
	u16 shnum;
	u16 shstrndx;
};

/* gABI chapter 5, program header. */
struct elf64_phdr {
	u32 type;
	u32 flags;
	u64 offset;
	u64 vaddr;
	u64 paddr;
	u64 filesz;
	u64 memsz;
	u64 align;
};

/* clang-format off */
_Static_assert(sizeof(struct elf64_ehdr) == 64, "gABI");
_Static_assert(sizeof(struct elf64_phdr) == 56, "gABI");
/* clang-format on */

#define IDENT_CLASS   4
#define IDENT_DATA    5
#define IDENT_VERSION 6

#define ELFCLASS64  2
#define ELFDATA2LSB 1
#define EV_CURRENT  1
#define ET_EXEC     2
#define ET_DYN      3
#define ELF_MACHINE 62 /* AMD64 */

#define PT_LOAD      1
#define PT_INTERP    3
#define PT_GNU_STACK 0x6474e551u

struct parser {
	elf_reader read;
	void *file;
	u64 size;
	struct elf64_ehdr ehdr;
	struct elf_image *out;
	const char **why;
};

static int refuse(struct parser *p, int err, const char *why)
{
	*p->why = why;
	return err;
}

static int read_file(struct parser *p, u64 offset, void *dst, size_t n)
{
	int err = p->read(p->file, offset, dst, n);

	return err ? refuse(p, err, "it cannot be read") : 0;
}

static int check_header(struct parser *p)
{
	const struct elf64_ehdr *h = &p->ehdr;
	int err;

	if (p->size < sizeof(*h))
		return refuse(p, -ENOEXEC, "shorter than an ELF header");
	err = read_file(p, 0, &p->ehdr, sizeof(*h));
	if (err)
		return err;
	if (memcmp(h->ident, "\177ELF", 4))
		return refuse(p, -ENOEXEC, "no ELF magic");
	if (h->ident[IDENT_CLASS] != ELFCLASS64)
		return refuse(p, -ENOEXEC, "not of class ELF64");
	if (h->ident[IDENT_DATA] != ELFDATA2LSB)
		return refuse(p, -ENOEXEC, "not little-endian");
	if (h->ident[IDENT_VERSION] != EV_CURRENT || h->version != EV_CURRENT)
		return refuse(p, -ENOEXEC, "unknown ELF version");
	if (h->type != ET_EXEC && h->type != ET_DYN)
		return refuse(p, -ENOEXEC, "neither ET_EXEC nor ET_DYN");
	if (h->machine != ELF_MACHINE)
		return refuse(p, -ENOEXEC, "for another machine");
	if (h->phentsize != sizeof(struct elf64_phdr))
		return refuse(p, -ENOEXEC, "program headers of unknown size");
	if (h->phnum == 0 || h->phnum > ELF_MAX_PHDRS)
		return refuse(p, -ENOEXEC, "no program headers, or too many");
	if (h->phoff > p->size || h->phnum * sizeof(struct elf64_phdr) > p->size - h->phoff)
		return refuse(p, -ENOEXEC, "program headers past the end of the file");
	return 0;
}

/* Segments come in ascending order and share no page: each page has one set of rights. */
static int check_order(struct parser *p, const struct elf64_phdr *ph)
{
	const struct elf_segment *last;

	if (p->out->nr_segments == 0)
		return 0;
	last = &p->out->segments[p->out->nr_segments - 1];
	if (ph->vaddr < last->vaddr)
		return refuse(p, -ENOEXEC, "segments out of order");
	if (ALIGN_DOWN(ph->vaddr, PAGE_SIZE) < ALIGN_UP(last->vaddr + last->memsz, PAGE_SIZE))
		return refuse(p, -ENOEXEC, "segments overlap, or share a page");
	return 0;
}

/* ph->vaddr has the bias added already. */
static int check_segment(struct parser *p, const struct elf64_phdr *ph)
{
	if (ph->filesz > ph->memsz)
		return refuse(p, -EINVAL, "a segment larger in the file than in memory");
	if (ph->memsz > ~0UL - ph->vaddr)
		return refuse(p, -EINVAL, "a segment wraps around the address space");
	if (ph->vaddr + ph->memsz > USER_END)
		return refuse(p, -ENOMEM, "a segment ends above user space");
	if (ph->vaddr < ELF_MIN_ADDR)
		return refuse(p, -EPERM, "a segment below 64 KiB");
	if (ph->filesz && (ph->offset > p->size || ph->filesz > p->size - ph->offset))
		return refuse(p, -ENOEXEC, "a segment past the end of the file");
	if (ph->filesz && (ph->offset - ph->vaddr) % PAGE_SIZE)
		return refuse(p, -EINVAL, "a segment's offset and address differ within the page");
	return check_order(p, ph);
}

static int add_segment(struct parser *p, struct elf64_phdr *ph)
{
	struct elf_image *out = p->out;
	int err;

	if (ph->memsz == 0 && ph->filesz == 0)
		return 0;
	if (ph->vaddr > ~0UL - out->bias)
		return refuse(p, -EINVAL, "an address and the load bias overflow");
	ph->vaddr += out->bias;
	err = check_segment(p, ph);
	if (err)
		return err;
	if (out->nr_segments == ELF_MAX_SEGMENTS)
		return refuse(p, -ENOEXEC, "too many segments");

	out->segments[out->nr_segments++] = (struct elf_segment){
		.vaddr = ph->vaddr,
		.memsz = ph->memsz,
		.offset = ph->filesz ? ph->offset : 0,
		.filesz = ph->filesz,
		.flags = ph->flags & (ELF_R | ELF_W | ELF_X),
	};
	if ((ph->flags & ELF_W) && (ph->flags & ELF_X))
		out->write_exec = true;
	return 0;
}

static int parse_phdr(struct parser *p, unsigned int i)
{
	struct elf64_phdr ph;
	int err = read_file(p, p->ehdr.phoff + i * sizeof(ph), &ph, sizeof(ph));

	if (err)
		return err;
	switch (ph.type) {
	case PT_LOAD:
		return add_segment(p, &ph);
	case PT_INTERP:
		return refuse(p, -ENOEXEC, "wants an interpreter: only static programs run here");
	case PT_GNU_STACK:
		p->out->exec_stack = ph.flags & ELF_X;
		return 0;
	default:
		return 0;
	}
}

/* Whether [addr, addr + len) is file-backed memory of one segment with all of `flags`. */
static bool in_file_part(const struct elf_image *e, unsigned long addr, unsigned long len,
			 u32 flags)
{
	const struct elf_segment *s;

	for (s = e->segments; s < e->segments + e->nr_segments; s++)
		if (addr >= s->vaddr && addr - s->vaddr <= s->filesz &&
		    len <= s->filesz - (addr - s->vaddr))
			return (s->flags & flags) == flags;
	return false;
}

/* Where the segment that holds the program headers in the file puts them, or 0. A C library reads
 * them there. */
static unsigned long find_phdrs(const struct parser *p)
{
	unsigned long bytes = p->ehdr.phnum * sizeof(struct elf64_phdr);
	const struct elf_segment *s = p->out->segments;
	const struct elf_segment *end = s + p->out->nr_segments;

	for (; s < end; s++)
		if (p->ehdr.phoff >= s->offset && p->ehdr.phoff - s->offset <= s->filesz &&
		    bytes <= s->filesz - (p->ehdr.phoff - s->offset))
			return s->vaddr + (p->ehdr.phoff - s->offset);
	return 0;
}

static int check_entry(struct parser *p)
{
	struct elf_image *out = p->out;

	if (out->nr_segments == 0)
		return refuse(p, -ENOEXEC, "nothing to load");
	if (p->ehdr.entry > ~0UL - out->bias)
		return refuse(p, -EINVAL, "the entry point and the load bias overflow");
	out->entry = p->ehdr.entry + out->bias;
	if (!in_file_part(out, out->entry, 1, ELF_X))
		return refuse(p, -ENOEXEC, "the entry point is in no executable segment");
	return 0;
}

int elf_parse(elf_reader read, void *file, u64 size, struct elf_image *out, const char **why)
{
	struct parser p = {.read = read, .file = file, .size = size, .out = out, .why = why};
	unsigned long bias = out->bias;
	unsigned int i;
	int err;

	*out = (struct elf_image){0};
	err = check_header(&p);
	if (err)
		return err;
	if (p.ehdr.type == ET_DYN) {
		if (!IS_ALIGNED(bias, PAGE_SIZE))
			return refuse(&p, -EINVAL,
				      "the load bias is not a multiple of the page size");
		out->bias = bias;
	}
	out->phnum = p.ehdr.phnum;
	for (i = 0; i < p.ehdr.phnum; i++) {
		err = parse_phdr(&p, i);
		if (err)
			return err;
	}
	out->phdr_addr = find_phdrs(&p);
	return check_entry(&p);
}
