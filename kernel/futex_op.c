/*
 * FUTEX_WAKE_OP: what is done to the second word, and how its old value is compared, in one argument.
 *
 *	bits 31 to 28	the operation, and OP_SHIFT
 *	bits 27 to 24	the comparison
 *	bits 23 to 12	the operation's argument, with a sign
 *	bits 11 to 0	the comparison's, with a sign
 */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/futex.h"

#define OP_SHIFT 8 /* in the operation: the number is 1 << oparg */

static int apply(unsigned int op, u32 old, u32 arg, u32 *new)
{
	switch (op) {
	case 0:
		*new = arg;
		return 0;
	case 1:
		*new = old + arg;
		return 0;
	case 2:
		*new = old | arg;
		return 0;
	case 3:
		*new = old & ~arg;
		return 0;
	case 4:
		*new = old ^ arg;
		return 0;
	default:
		return -ENOSYS;
	}
}

/* 0, 1 or -ENOSYS. */
static int compare(unsigned int cmp, s32 old, s32 arg)
{
	switch (cmp) {
	case 0:
		return old == arg;
	case 1:
		return old != arg;
	case 2:
		return old < arg;
	case 3:
		return old <= arg;
	case 4:
		return old > arg;
	case 5:
		return old >= arg;
	default:
		return -ENOSYS;
	}
}

/* A field of 12 bits with a sign. */
static s32 signed12(u32 field)
{
	return (s32)(field << 20) >> 20;
}

int futex_change_word(u32 __user *addr, u32 what)
{
	unsigned int op = what >> 28 & 7;
	u32 arg = (u32)signed12(what >> 12), old, seen, new;
	int ret;

	if (what >> 28 & OP_SHIFT)
		arg = 1u << (arg & 31);
	if (get_user_u32(&old, addr))
		return -EFAULT;
	do {
		seen = old;
		ret = apply(op, old, arg, &new);
		if (ret)
			return ret;
		if (cmpxchg_user_u32(addr, &old, new))
			return -EFAULT;
	} while (old != seen);
	return compare(what >> 24 & 15, (s32)old, signed12(what));
}
