/*
 * Reading and writing user memory, and guarded accesses to kernel memory.
 *
 * A user address is checked to end below USER_END, and only inside these calls may the kernel touch
 * user pages (SMAP). A fault that mm cannot resolve makes the call return -EFAULT. They may sleep,
 * so no spin lock and no mmap_lock may be held.
 */
#ifndef ARCH_UACCESS_H
#define ARCH_UACCESS_H

#include "kernel/base/errno.h"
#include "kernel/base/types.h"

/*
 * The address of a member of what a user's pointer `p` points to, he says. Not &p->member, which claims
 * that such an object is there, and aligned: an address of the user's is a number until it has been copied from.
 */
#define user_member(p, member)                                                                     \
	((__typeof__((p)->member) __user *)((unsigned long)(p) +                                   \
					    __builtin_offsetof(__typeof__(*(p)), member)))

/* 0 or -EFAULT; on -EFAULT part of the bytes may have been copied. n is in bytes. */
int copy_from_user(void *dst, const void __user *src, size_t n);
int copy_to_user(void __user *dst, const void *src, size_t n);

/*
 * The same where a fault may not be handled, under mmap_lock: copies as far as the pages are there. Returns the
 * bytes NOT copied. What is there may still be refused with all of n: a range that is not the user's.
 */
size_t copy_from_user_nofault(void *dst, const void __user *src, size_t n);
size_t copy_to_user_nofault(void __user *dst, const void *src, size_t n);

/*
 * Copies a string with its terminator, at most `size` bytes. Its length, -EFAULT, or -ENAMETOOLONG.
 */
long strncpy_from_user(char *dst, const char __user *src, size_t size);

/* One aligned 32-bit word, for futexes. */
int get_user_u32(u32 *value, const u32 __user *src);
int put_user_u32(u32 value, u32 __user *dst);
/*
 * Compare and exchange, a full barrier: stores `new` if *old is there, and *old gets what was there. 0, or
 * -EFAULT and nothing has changed.
 */
int cmpxchg_user_u32(u32 __user *dst, u32 *old, u32 new);

/* Whether a byte there could be written just now, which a store would find out; it keeps its value. 0 or -EFAULT. */
int probe_user_write(void __user *p);

/* Reads kernel memory that may not be mapped. 0 or -EFAULT. Any context. */
int probe_kernel_read(u64 *value, const void *src);
/* Writes kernel memory that may be missing or read-only. 0, or -EFAULT: nothing was written. */
int probe_kernel_write(void *dst, u64 value);

#endif
