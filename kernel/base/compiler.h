/*
 * What the compiler is asked to do or not to do.
 *
 * READ_ONCE and WRITE_ONCE make one access that is neither torn, repeated nor invented. They order
 * nothing; barrier.h does.
 */
#ifndef KERNEL_BASE_COMPILER_H
#define KERNEL_BASE_COMPILER_H

#define __packed         __attribute__((packed))
#define __aligned(n)     __attribute__((aligned(n)))
#define __noreturn       __attribute__((noreturn))
#define __used           __attribute__((used))
#define __maybe_unused   __attribute__((unused))
#define __section(name)  __attribute__((section(name)))
#define __printf(fmt, a) __attribute__((format(printf, fmt, a)))
#define __must_check     __attribute__((warn_unused_result))
#define noinline         __attribute__((noinline))
#undef __always_inline /* the C library of a host test has its own */
#define __always_inline inline __attribute__((always_inline))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* The compiler moves no memory access across this point. The processor may. */
#define barrier() __asm__ volatile("" ::: "memory")

#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#define ARRAY_SIZE(a)                   (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - __builtin_offsetof(type, member)))

/* A pointer into user space: never dereferenced, only handed to arch/uaccess.h. */
#define __user

#endif
