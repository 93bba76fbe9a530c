/* User copies: the range check, SMAP, and the exception table. */
#include "arch/uaccess.h"

#include "arch/page.h"
#include "arch/x86/cpufeature.h"
#include "arch/x86/usercopy.h"
#include "kernel/base/contextcheck.h"
#include "kernel/base/kasan.h"
#include "kernel/base/mutant.h"
#include "kernel/base/preempt.h"

size_t raw_copy(void *dst, const void *src, size_t n);
long raw_strncpy(char *dst, const char *src, size_t size);
int raw_read64(u64 *value, const void *src);
int raw_read32(u32 *value, const void *src);
int raw_write32(void *dst, u32 value);
int raw_write64(void *dst, u64 value);
int raw_touch(void *p);
int raw_cmpxchg32(void *dst, u32 *old, u32 new);

struct ex_entry {
	u64 insn, fixup;
};

extern const struct ex_entry __ex_table_start[], __ex_table_end[];

u64 ex_table_fixup(u64 rip)
{
	for (const struct ex_entry *e = __ex_table_start; e < __ex_table_end; e++)
		if (e->insn == rip)
			return e->fixup;
	return 0;
}

static inline void user_access_begin(void)
{
	if (cpu_features.smap)
		__asm__ volatile("stac" ::: "memory", "cc");
}

static inline void user_access_end(void)
{
	if (cpu_features.smap)
		__asm__ volatile("clac" ::: "memory", "cc");
}

static bool user_range_ok(const void __user *p, size_t n)
{
	return n <= USER_END && (unsigned long)p <= USER_END - n;
}

int copy_from_user(void *dst, const void __user *src, size_t n)
{
	size_t left;

	might_sleep();
	if (!user_range_ok(src, n))
		return -EFAULT;
	kasan_check_write(dst, n);
	user_access_begin();
	left = raw_copy(dst, src, n);
	user_access_end();
	return left ? -EFAULT : 0;
}

int copy_to_user(void __user *dst, const void *src, size_t n)
{
	size_t left;

	might_sleep();
	if (!user_range_ok(dst, n))
		return -EFAULT;
	kasan_check_read(src, n);
	user_access_begin();
	left = raw_copy(dst, src, n);
	user_access_end();
	return left ? -EFAULT : 0;
}

DEFINE_PER_CPU(bool, usercopy_nofault);

/* Preemption off: the mark is the CPU's. */
static size_t copy_nofault(void *dst, const void *src, size_t n)
{
	size_t left;

	preempt_disable();
	this_cpu_write(usercopy_nofault, !MUTANT(nofault_faults));
	user_access_begin();
	left = raw_copy(dst, src, n);
	user_access_end();
	this_cpu_write(usercopy_nofault, false);
	preempt_enable();
	return left;
}

size_t copy_from_user_nofault(void *dst, const void __user *src, size_t n)
{
	kasan_check_write(dst, n);
	return user_range_ok(src, n) ? copy_nofault(dst, src, n) : n;
}

size_t copy_to_user_nofault(void __user *dst, const void *src, size_t n)
{
	kasan_check_read(src, n);
	return user_range_ok(dst, n) ? copy_nofault(dst, src, n) : n;
}

long strncpy_from_user(char *dst, const char __user *src, size_t size)
{
	size_t room = size;
	long n;

	might_sleep();
	if (!user_range_ok(src, 1))
		return -EFAULT;
	/* The string may end before the user range does: never look beyond that. */
	if (room > USER_END - (unsigned long)src)
		room = USER_END - (unsigned long)src;
	kasan_check_write(dst, size);
	user_access_begin();
	n = raw_strncpy(dst, src, room);
	user_access_end();
	if (n < 0)
		return -EFAULT;
	if ((size_t)n < room)
		return n;
	return room < size ? -EFAULT : -ENAMETOOLONG;
}

int get_user_u32(u32 *value, const u32 __user *src)
{
	int ret;

	might_sleep();
	if (!user_range_ok(src, sizeof(*src)))
		return -EFAULT;
	user_access_begin();
	ret = raw_read32(value, src);
	user_access_end();
	return ret ? -EFAULT : 0;
}

int put_user_u32(u32 value, u32 __user *dst)
{
	int ret;

	might_sleep();
	if (!user_range_ok(dst, sizeof(*dst)))
		return -EFAULT;
	user_access_begin();
	ret = raw_write32(dst, value);
	user_access_end();
	return ret ? -EFAULT : 0;
}

int probe_user_write(void __user *p)
{
	int ret;

	might_sleep();
	if (!user_range_ok(p, 1))
		return -EFAULT;
	user_access_begin();
	ret = raw_touch(p);
	user_access_end();
	return ret ? -EFAULT : 0;
}

int cmpxchg_user_u32(u32 __user *dst, u32 *old, u32 new)
{
	int ret;

	might_sleep();
	if (!user_range_ok(dst, sizeof(*dst)))
		return -EFAULT;
	user_access_begin();
	ret = raw_cmpxchg32(dst, old, new);
	user_access_end();
	return ret ? -EFAULT : 0;
}

int probe_kernel_read(u64 *value, const void *src)
{
	return raw_read64(value, src) ? -EFAULT : 0;
}

int probe_kernel_write(void *dst, u64 value)
{
	return raw_write64(dst, value) ? -EFAULT : 0;
}
