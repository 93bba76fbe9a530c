/* mmap, munmap, mprotect, brk: what they allow, refuse and leave behind. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "user/conformance/conform.h"

#define P      PAGE_SIZE
#define RW     (PROT_READ | PROT_WRITE)
#define PRIV   (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHAR   (MAP_SHARED | MAP_ANONYMOUS)
#define KERNEL 0xffff800000000000
#define END    0x7ffffffff000

static volatile unsigned char *target;

static void read_target(void)
{
	(void)*target;
}

static void write_target(void)
{
	*target = 1;
}

static void call_target(void)
{
	((void (*)(void))(uintptr_t)target)();
}

static void show_access(const char *what, volatile unsigned char *at)
{
	target = at;
	show("%s", what);
	show_end("  read", read_target);
	show_end("  write", write_target);
}

static long map(uintptr_t at, size_t length, int prot, int flags)
{
	return CALL(SYS_mmap, at, length, prot, flags, -1, 0);
}

CASE(memory, mmap_errnos)
{
	show_fine("length 0", map(0, 0, RW, PRIV));
	show_fine("neither shared nor private", map(0, P, RW, MAP_ANONYMOUS));
	show_fine("both, which means validated", map(0, P, RW, PRIV | MAP_SHARED));
	show_fine("a length that wraps", map(0, -1ul, RW, PRIV));
	show_fine("all of user space", map(0, END, RW, PRIV | MAP_NORESERVE));
	show_fine("more than user space", map(0, END + P, RW, PRIV | MAP_NORESERVE));
	show_fine("half of all addresses", map(0, 1ul << 63, RW, PRIV | MAP_NORESERVE));
	show_fine("no file and not anonymous", map(0, P, RW, MAP_PRIVATE));
	show_fine("a descriptor that is not open, anonymous",
		  CALL(SYS_mmap, 0, P, RW, PRIV, 999, 0));
	show_fine("an offset that is no page's", CALL(SYS_mmap, 0, P, RW, PRIV, -1, 5));
	show_fine("an offset, anonymous", CALL(SYS_mmap, 0, P, RW, PRIV, -1, 7 * P));
}

CASE(memory, mmap_fixed_errnos)
{
	uintptr_t at = (uintptr_t)pages(3, RW, 0);

	show_fine("not a page's address", map(at + 1, P, RW, PRIV | MAP_FIXED));
	show_fine("in the kernel's half", map(KERNEL, P, RW, PRIV | MAP_FIXED));
	show_fine("not canonical", map(1ul << 47, P, RW, PRIV | MAP_FIXED));
	show_fine("over the end", map(END - P, 2 * P, RW, PRIV | MAP_FIXED));
	show_fine("an end that wraps", map(at, -P, RW, PRIV | MAP_FIXED));
	show_fine("no replacement of what is there", map(at, P, RW, PRIV | MAP_FIXED_NOREPLACE));
	show_fine("no replacement, half free",
		  map(at + 2 * P, 64 * P, RW, PRIV | MAP_FIXED_NOREPLACE));
	CALL(SYS_munmap, at, 3 * P);
	show("no replacement of what is free: %d",
	     map(at, P, RW, PRIV | MAP_FIXED_NOREPLACE) == (long)at);
	show("replacement: %d", map(at, 3 * P, RW, PRIV | MAP_FIXED) == (long)at);
}

CASE(memory, mmap_hints)
{
	uintptr_t at = (uintptr_t)pages(8, RW, 0);

	CALL(SYS_munmap, at + 4 * P, 4 * P);
	show("free: taken %d", map(at + 4 * P, P, RW, PRIV) == (long)(at + 4 * P));
	show("free, not a page's address: rounded down %d",
	     map(at + 6 * P + 123, P, RW, PRIV) == (long)(at + 6 * P));
	show("occupied: taken %d", map(at, P, RW, PRIV) == (long)at);
	show_fine("occupied", map(at, P, RW, PRIV));
	show_fine("in the kernel's half", map(KERNEL, P, RW, PRIV));
	show_fine("low", map(1, P, RW, PRIV));
}

CASE(memory, mmap_page_zero)
{
	show_fine("page 0", map(0, P, RW, PRIV | MAP_FIXED));
	target = (volatile unsigned char *)0;
	show_end("write to it", write_target);
}

CASE(memory, new_pages_are_zero)
{
	volatile unsigned char *p = pages(64, RW, 0);
	unsigned int sum = 0;

	memset((void *)p, 0xaa, 64 * P);
	CALL(SYS_munmap, p, 64 * P);
	p = pages(64, RW, 0);
	for (unsigned int i = 0; i < 64 * P; i++)
		sum += p[i];
	show("sum %u", sum);
}

CASE(memory, lengths_are_rounded_up)
{
	volatile unsigned char *p = pages(4, RW, 0);

	NEED(CALL(SYS_munmap, p + 2 * P, 2 * P) == 0);
	show("mmap of 1 byte: %d", map((uintptr_t)p, 1, PROT_READ, PRIV | MAP_FIXED) == (long)p);
	show_access("its last byte", p + P - 1);
	show_access("the byte after it", p + P);
	show_ret("munmap of one byte and a page", CALL(SYS_munmap, p, P + 1));
	show_access("the second page", p + P);
}

CASE(memory, munmap_errnos)
{
	uintptr_t at = (uintptr_t)pages(4, RW, 0);

	show_ret("length 0", CALL(SYS_munmap, at, 0));
	show_ret("not a page's address", CALL(SYS_munmap, at + 8, P));
	show_ret("in the kernel's half", CALL(SYS_munmap, KERNEL, P));
	show_ret("over the end", CALL(SYS_munmap, END - P, 2 * P));
	show_ret("a length that wraps", CALL(SYS_munmap, at, -1ul));
	show_ret("the middle", CALL(SYS_munmap, at + P, P));
	show_ret("a hole", CALL(SYS_munmap, at + P, P));
	show_ret("all, with the hole", CALL(SYS_munmap, at, 4 * P));
	show_ret("again", CALL(SYS_munmap, at, 4 * P));
}

CASE(memory, munmap_splits)
{
	volatile unsigned char *p = pages(5, RW, 0);

	for (unsigned int i = 0; i < 5; i++)
		p[i * P] = i + 1;
	show_ret("the middle", CALL(SYS_munmap, p + 2 * P, P));
	show("the rest: %d %d %d %d", p[0], p[P], p[3 * P], p[4 * P]);
	show_access("the middle", p + 2 * P);
	show_ret("over the hole", CALL(SYS_munmap, p + P, 3 * P));
	show("the rest: %d %d", p[0], p[4 * P]);
}

CASE(memory, mprotect_errnos)
{
	uintptr_t at = (uintptr_t)pages(4, RW, 0);

	show_ret("length 0", CALL(SYS_mprotect, at, 0, PROT_READ));
	show_ret("not a page's address", CALL(SYS_mprotect, at + 1, P, PROT_READ));
	show_ret("not a page's address, length 0", CALL(SYS_mprotect, at + 1, 0, PROT_READ));
	show_ret("a length that wraps", CALL(SYS_mprotect, at, -1ul, PROT_READ));
	show_ret("in the kernel's half", CALL(SYS_mprotect, KERNEL, P, PROT_READ));
	show_ret("unknown rights", CALL(SYS_mprotect, at, P, 0x100));
	show_ret("PROT_SEM", CALL(SYS_mprotect, at, P, RW | 8));
	show_ret("both growing directions",
		 CALL(SYS_mprotect, at, P, RW | PROT_GROWSDOWN | PROT_GROWSUP));
	show_ret("PROT_GROWSDOWN of what does not grow",
		 CALL(SYS_mprotect, at, P, RW | PROT_GROWSDOWN));
	show_ret("PROT_GROWSUP", CALL(SYS_mprotect, at, P, RW | PROT_GROWSUP));
	NEED(CALL(SYS_munmap, at + 2 * P, P) == 0);
	show_ret("over a hole", CALL(SYS_mprotect, at, 4 * P, PROT_READ));
	show_access("what was before the hole", (volatile unsigned char *)at);
	show_access("what was behind the hole", (volatile unsigned char *)at + 3 * P);
}

CASE(memory, rights)
{
	static const struct {
		const char *name;
		int prot;
	} rights[] = {
		{"none", PROT_NONE},     {"read", PROT_READ},
		{"write", PROT_WRITE},   {"read and write", RW},
		{"execute", PROT_EXEC},  {"read and execute", PROT_READ | PROT_EXEC},
		{"all", RW | PROT_EXEC},
	};
	volatile unsigned char *p = pages(1, RW, 0);

	p[0] = 0xc3; /* ret */
	for (unsigned int i = 0; i < ARRAY_SIZE(rights); i++) {
		NEED(CALL(SYS_mprotect, p, P, rights[i].prot) == 0);
		show("%s", rights[i].name);
		target = p;
		show_end("  call", call_target);
		show_end("  read", read_target);
		show_end("  write", write_target);
	}
}

CASE(memory, rights_come_and_go)
{
	volatile unsigned char *p = pages(3, RW, 0);

	p[P] = 7;
	show_ret("none", CALL(SYS_mprotect, p + P, P, PROT_NONE));
	show_access("now", p + P);
	show_ret("back", CALL(SYS_mprotect, p, 3 * P, RW));
	show("it was kept: %d", p[P]);
	show_access("now", p + P);
}

CASE(memory, brk)
{
	uintptr_t start = CALL(SYS_brk, 0), other;
	volatile unsigned char *p = (volatile unsigned char *)start;

	show("a page's address: %d", start % P == 0);
	show("grow: %d", (uintptr_t)CALL(SYS_brk, start + 3 * P) == start + 3 * P);
	show("zero: %d", p[0] + p[3 * P - 1]);
	p[0] = 1;
	p[2 * P] = 2;
	show("shrink: %d", (uintptr_t)CALL(SYS_brk, start + P) == start + P);
	show_access("what was given back", p + 2 * P);
	show("grow again: %d", (uintptr_t)CALL(SYS_brk, start + 3 * P) == start + 3 * P);
	show("kept %d, new %d", p[0], p[2 * P]);
	show("an odd byte: %d", (uintptr_t)CALL(SYS_brk, start + 100) == start + 100);
	show("below the start is refused: %d", (uintptr_t)CALL(SYS_brk, start - P) == start + 100);
	show("the kernel's half is refused: %d", (uintptr_t)CALL(SYS_brk, KERNEL) == start + 100);
	show("odd byte's page: %d", p[P - 1]);
	other = start + 100 * P;
	NEED(map(other, P, RW, PRIV | MAP_FIXED) == (long)other);
	show("over another mapping is refused: %d",
	     (uintptr_t)CALL(SYS_brk, other + P) == start + 100);
	show("up to another mapping is refused: %d",
	     (uintptr_t)CALL(SYS_brk, other) == start + 100);
	show("back to the start: %d", (uintptr_t)CALL(SYS_brk, start) == start);
	show_access("the first page", p);
}

CASE(memory, brk_part_can_be_unmapped)
{
	uintptr_t start = CALL(SYS_brk, 0);

	NEED((uintptr_t)CALL(SYS_brk, start + 4 * P) == start + 4 * P);
	show_ret("munmap in it", CALL(SYS_munmap, start + P, P));
	show_access("the hole", (volatile unsigned char *)start + P);
	show("grow: %d", (uintptr_t)CALL(SYS_brk, start + 6 * P) == start + 6 * P);
	show("shrink over the hole: %d", (uintptr_t)CALL(SYS_brk, start) == start);
}

CASE(memory, brk_after_fork)
{
	uintptr_t start = CALL(SYS_brk, 0);
	pid_t pid;

	NEED((uintptr_t)CALL(SYS_brk, start + P) == start + P);
	*(volatile int *)start = 5;
	pid = fork();
	if (pid == 0) {
		show("the child has the same end: %d", (uintptr_t)CALL(SYS_brk, 0) == start + P);
		show("it grows: %d", (uintptr_t)CALL(SYS_brk, start + 2 * P) == start + 2 * P);
		show("it reads %d", *(volatile int *)start);
		_exit(0);
	}
	status_of(pid);
	show("the parent's end stays: %d", (uintptr_t)CALL(SYS_brk, 0) == start + P);
}

CASE(memory, shared_over_fork)
{
	volatile unsigned char *s = pages(2, RW, SHAR), *p = pages(1, RW, 0);
	pid_t pid;

	s[0] = 1;
	p[0] = 1;
	pid = fork();
	if (pid == 0) {
		show("child: %d %d", s[0], p[0]);
		s[0] = 2;
		s[P] = 3;
		p[0] = 4;
		_exit(0);
	}
	status_of(pid);
	show("parent: %d %d %d", s[0], s[P], p[0]);
}

/* Writable for nobody at the fork, and for the child afterwards: still the parent's own copy. */
CASE(memory, private_made_writable_after_fork)
{
	volatile unsigned char *p = pages(1, RW, 0);
	pid_t pid;

	p[0] = 1;
	NEED(CALL(SYS_mprotect, p, P, PROT_READ) == 0);
	pid = fork();
	if (pid == 0) {
		CALL(SYS_mprotect, p, P, RW);
		p[0] = 2;
		show("child: %d", p[0]);
		_exit(0);
	}
	status_of(pid);
	show("parent: %d", p[0]);
}

CASE(memory, copies_of_a_chain_of_forks)
{
	volatile unsigned char *p = pages(1, RW, 0);
	pid_t pid;

	p[0] = 1;
	pid = fork();
	if (pid == 0) {
		pid_t inner;

		p[0] = 2;
		inner = fork();
		if (inner == 0) {
			p[0]++;
			show("grandchild: %d", p[0]);
			_exit(0);
		}
		p[1] = 9;
		status_of(inner);
		show("child: %d %d", p[0], p[1]);
		_exit(0);
	}
	status_of(pid);
	show("parent: %d %d", p[0], p[1]);
}

/* The kernel writes on the user's behalf: the copy must be made then too. */
CASE(memory, kernel_writes_to_a_copy)
{
	volatile unsigned char *p = pages(1, RW, 0);
	pid_t pid = fork();

	if (pid == 0) {
		show_ret("getrandom", CALL(SYS_getrandom, p, P, 0));
		_exit(0);
	}
	status_of(pid);
	pid = 0;
	for (unsigned int i = 0; i < P; i++)
		pid |= p[i];
	show("parent: %d", pid);
}

CASE(memory, kernel_and_rights)
{
	volatile unsigned char *p = pages(2, RW, 0);

	NEED(CALL(SYS_mprotect, p, P, PROT_READ) == 0);
	show_ret("write to what is read-only", CALL(SYS_getrandom, p, 8, 0));
	NEED(CALL(SYS_mprotect, p, P, PROT_NONE) == 0);
	show_ret("write to what has no rights", CALL(SYS_clock_gettime, 0, p));
	show_ret("write that ends where rights end", CALL(SYS_clock_gettime, 0, p + P));
	show_ret("write over the end", CALL(SYS_clock_gettime, 0, p + 2 * P - 8) != 0);
}
