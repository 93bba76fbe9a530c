/* Argument strings and the initial user stack: see exec.h. Layout: System V ABI x86-64, 3.4.1. */
#include "arch/cpu.h"
#include "arch/timer.h"
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"
#include "kernel/exec.h"
#include "kernel/random.h"
#include "mm/buddy.h"

#define AT_NULL     0
#define AT_PHDR     3
#define AT_PHENT    4
#define AT_PHNUM    5
#define AT_PAGESZ   6
#define AT_BASE     7
#define AT_FLAGS    8
#define AT_ENTRY    9
#define AT_UID      11
#define AT_EUID     12
#define AT_GID      13
#define AT_EGID     14
#define AT_PLATFORM 15
#define AT_HWCAP    16
#define AT_CLKTCK   17
#define AT_SECURE   23
#define AT_RANDOM   25
#define AT_HWCAP2   26
#define AT_EXECFN   31

#define HWCAP2_FSGSBASE 2 /* RDFSBASE and its kin may be used; the kernel needs them, too */

#define ELF_PHENT 56

void args_init(struct exec_args *args)
{
	args->argc = args->envc = 0;
	args->bytes = 0;
	memset(args->pages, 0, sizeof(args->pages));
}

/*
 * Where the next byte goes, and how much the page holds from there; allocates the page. NULL:
 * -ENOMEM.
 */
static char *args_room(struct exec_args *args, size_t *room)
{
	size_t page = args->bytes / PAGE_SIZE, off = args->bytes % PAGE_SIZE;

	if (!args->pages[page]) {
		args->pages[page] = alloc_page(GFP_KERNEL);
		if (!args->pages[page])
			return NULL;
	}
	*room = PAGE_SIZE - off;
	return (char *)page_address(args->pages[page]) + off;
}

typedef long (*copy_string)(char *dst, const char *src, size_t size);

static long copy_kernel_string(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size);

	memcpy(dst, src, n < size ? n + 1 : size);
	return n < size ? (long)n : -ENAMETOOLONG;
}

static long copy_user_string(char *dst, const char *src, size_t size)
{
	return strncpy_from_user(dst, src, size);
}

static int args_add(struct exec_args *args, const char *src, copy_string copy)
{
	for (;;) {
		size_t room;
		char *dst;
		long n;

		if (args->bytes >= ARG_BYTES_MAX)
			return -E2BIG;
		dst = args_room(args, &room);
		if (!dst)
			return -ENOMEM;
		n = copy(dst, src, room);
		if (n >= 0) {
			args->bytes += (size_t)n + 1;
			return 0;
		}
		if (n != -ENAMETOOLONG)
			return (int)n;
		args->bytes += room;
		src += room;
	}
}

/* The strings of one array; NULL counts as empty, as in Linux. */
static int args_add_user(struct exec_args *args, const char __user *const __user *v,
			 unsigned int *count)
{
	for (*count = 0; v; ++*count) {
		const char *s;
		int ret;

		if (*count == ARG_PTRS_MAX)
			return -E2BIG;
		if (copy_from_user(&s, v + *count, sizeof(s)))
			return -EFAULT;
		if (!s)
			return 0;
		ret = args_add(args, s, copy_user_string);
		if (ret)
			return ret;
	}
	return 0;
}

int args_copy_user(struct exec_args *args, const char __user *const __user *argv,
		   const char __user *const __user *envp)
{
	int ret;

	ret = args_add_user(args, argv, &args->argc);
	/* Programs take argv[0] for granted, and would read the environment for their arguments. */
	if (!ret && !args->argc) {
		args->argc = 1;
		ret = args_add(args, "", copy_kernel_string);
	}
	return ret ? ret : args_add_user(args, envp, &args->envc);
}

static int args_add_kernel(struct exec_args *args, const char *const *v, unsigned int *count)
{
	for (*count = 0; v[*count]; ++*count) {
		int ret = args_add(args, v[*count], copy_kernel_string);

		if (ret)
			return ret;
	}
	return 0;
}

int args_copy_kernel(struct exec_args *args, const char *const *argv, const char *const *envp)
{
	int ret;

	ret = args_add_kernel(args, argv, &args->argc);
	return ret ? ret : args_add_kernel(args, envp, &args->envc);
}

void args_free(struct exec_args *args)
{
	for (size_t i = 0; i < ARG_PAGES && args->pages[i]; i++)
		free_page(args->pages[i]);
}

/* Length of the string at byte `off` of the argument block, with its terminator. */
static size_t args_strlen(const struct exec_args *args, size_t off)
{
	size_t n = 0;

	for (;;) {
		size_t at = off + n, in = at % PAGE_SIZE;
		const char *page = page_address(args->pages[at / PAGE_SIZE]);
		size_t part = strnlen(page + in, PAGE_SIZE - in);

		n += part;
		if (in + part < PAGE_SIZE)
			return n + 1;
	}
}

/* Everything in `from` from byte `off` on. */
static int args_add_rest(struct exec_args *args, const struct exec_args *from, size_t off)
{
	while (off < from->bytes) {
		const char *src =
			(const char *)page_address(from->pages[off / PAGE_SIZE]) + off % PAGE_SIZE;
		size_t room, part = MIN(from->bytes - off, PAGE_SIZE - off % PAGE_SIZE);
		char *dst;

		if (args->bytes >= ARG_BYTES_MAX)
			return -E2BIG;
		dst = args_room(args, &room);
		if (!dst)
			return -ENOMEM;
		part = MIN(part, room);
		memcpy(dst, src, part);
		args->bytes += part;
		off += part;
	}
	return 0;
}

int args_replace_first(struct exec_args *args, const char *const *first, unsigned int n)
{
	struct exec_args old = *args;
	int ret = 0;

	args_init(args);
	for (unsigned int i = 0; i < n && !ret; i++)
		ret = args_add(args, first[i], copy_kernel_string);
	if (!ret)
		ret = args_add_rest(args, &old, args_strlen(&old, 0));
	args->argc = old.argc - 1 + n;
	args_free(&old);
	return ret;
}

/* The new stack's pages, written through the direct map: the address space is not loaded yet. */
struct stack_writer {
	struct mm_struct *mm;
	unsigned long at; /* page address of the page written last */
	u8 *page;         /* the same in the direct map */
};

/* The page at `va`, made when it is not there yet. NULL: no memory. */
static u8 *stack_page(struct stack_writer *w, unsigned long va)
{
	struct page *page;

	va &= PAGE_MASK;
	if (w->at == va)
		return w->page;
	w->at = va;
	w->page = mm_page_address(w->mm, va);
	if (w->page)
		return w->page;
	page = alloc_page(GFP_KERNEL | GFP_ZERO);
	if (!page)
		return NULL;
	if (mm_insert_page(w->mm, va, page)) {
		free_page(page);
		return NULL;
	}
	w->page = page_address(page);
	return w->page;
}

static int stack_write(struct stack_writer *w, unsigned long va, const void *src, size_t n)
{
	const u8 *from = src;

	while (n) {
		size_t off = va & ~PAGE_MASK, part = MIN(n, PAGE_SIZE - off);
		u8 *page = stack_page(w, va);

		if (!page)
			return -ENOMEM;
		memcpy(page + off, from, part);
		va += part;
		from += part;
		n -= part;
	}
	return 0;
}

static int write_strings(struct stack_writer *w, const struct exec_args *args, unsigned long to)
{
	for (size_t done = 0; done < args->bytes;) {
		size_t part = MIN(args->bytes - done, PAGE_SIZE);
		int ret = stack_write(w, to + done, page_address(args->pages[done / PAGE_SIZE]),
				      part);

		if (ret)
			return ret;
		done += part;
	}
	return 0;
}

/*
 * Pointers to `count` strings that begin at `*off` of the block, which stands at `strings`; then
 * NULL.
 */
static int write_pointers(struct stack_writer *w, const struct exec_args *args, unsigned int count,
			  unsigned long strings, size_t *off, unsigned long *sp)
{
	for (unsigned int i = 0; i <= count; i++) {
		u64 p = i < count ? strings + *off : 0;
		int ret = stack_write(w, *sp, &p, sizeof(p));

		if (ret)
			return ret;
		if (i < count)
			*off += args_strlen(args, *off);
		*sp += sizeof(p);
	}
	return 0;
}

long args_build_stack(const struct exec_args *args, struct mm_struct *mm,
		      const struct elf_image *elf, const char *execfn)
{
	struct stack_writer w = {.mm = mm};
	size_t name = strlen(execfn) + 1, off = 0;
	unsigned long fn = MM_ARGS_END - name, strings = fn - args->bytes;
	const struct {
		char platform[8];
		u64 seed[2];
	} words_apart = {"x86_64", {random_u64(), random_u64()}};
	unsigned long random = ALIGN_DOWN(strings - 16, 16), sp, start;
	unsigned long platform = random - sizeof(words_apart.platform);
	u64 argc = args->argc;
	const u64 auxv[] = {
		AT_PHDR,     elf->phdr_addr,
		AT_PHENT,    ELF_PHENT,
		AT_PHNUM,    elf->phnum,
		AT_PAGESZ,   PAGE_SIZE,
		AT_BASE,     0,
		AT_FLAGS,    0,
		AT_ENTRY,    elf->entry,
		AT_UID,      0,
		AT_EUID,     0,
		AT_GID,      0,
		AT_EGID,     0,
		AT_SECURE,   0,
		AT_PLATFORM, platform,
		AT_HWCAP,    cpu_hwcap(),
		AT_HWCAP2,   HWCAP2_FSGSBASE,
		AT_CLKTCK,   100,
		AT_RANDOM,   random,
		AT_EXECFN,   fn,
		AT_NULL,     0,
	};
	size_t words = 1 + args->argc + 1 + args->envc + 1;

	start = ALIGN_DOWN(platform - sizeof(auxv) - words * sizeof(u64), 16);
	sp = start;
	mm_grow_stack(mm, start & PAGE_MASK);
	if (stack_write(&w, fn, execfn, name) || write_strings(&w, args, strings) ||
	    stack_write(&w, platform, &words_apart, sizeof(words_apart)) ||
	    stack_write(&w, sp, &argc, sizeof(argc)))
		return -ENOMEM;
	sp += sizeof(argc);
	if (write_pointers(&w, args, args->argc, strings, &off, &sp))
		return -ENOMEM;
	mm->args.start = strings;
	mm->args.argv = (u32)off;
	mm->args.environ = (u32)(args->bytes - off);
	if (write_pointers(&w, args, args->envc, strings, &off, &sp) ||
	    stack_write(&w, sp, auxv, sizeof(auxv)))
		return -ENOMEM;
	return (long)start;
}
