/*
 * System calls without a C library, in registers only: raw_syscall3(SYS_write, 1, text, length).
 *
 * Each returns what the kernel returned: a value, or -errno in [-4095, -1]. No errno, no
 * cancellation, no stack use: safe in a vfork child, in a task that has no thread-local storage,
 * and in programs that are linked without any library (user/bench, user/tiny). Numbers come from
 * <sys/syscall.h>, which is data only.
 *
 * RCX and R11 are lost to SYSCALL itself; the "memory" clobber makes every call a compiler barrier.
 */
#ifndef USER_LIB_RAWSYS_H
#define USER_LIB_RAWSYS_H

#include <stdint.h>
#include <sys/syscall.h>

static inline long raw_syscall6(long nr, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d,
				uintptr_t e, uintptr_t f)
{
	register uintptr_t r10 __asm__("r10") = d;
	register uintptr_t r8 __asm__("r8") = e;
	register uintptr_t r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long raw_syscall4(long nr, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d)
{
	register uintptr_t r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long raw_syscall3(long nr, uintptr_t a, uintptr_t b, uintptr_t c)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long raw_syscall2(long nr, uintptr_t a, uintptr_t b)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return ret;
}

static inline long raw_syscall1(long nr, uintptr_t a)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a) : "rcx", "r11", "memory");
	return ret;
}

static inline long raw_syscall0(long nr)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(nr) : "rcx", "r11", "memory");
	return ret;
}

/* Ends every thread of the process. */
static inline __attribute__((noreturn)) void raw_exit(int code)
{
	for (;;)
		raw_syscall1(SYS_exit_group, code);
}

#endif
