/* The table of system calls, by Linux's x86-64 numbers, and what happens to every other number. */
#include "arch/syscall.h"
#include "arch/trap.h"
#include "kernel/abi/pgctl.h"
#include "kernel/base/bitops.h"
#include "kernel/base/errno.h"
#include "kernel/base/printk.h"
#include "kernel/syscalls.h"
#include "kernel/task.h"

#define TABLE_SIZE 335

/* Each unknown number is said once. */
static DECLARE_BITMAP(said, TABLE_SIZE + 1);

static long no_such_call(u64 nr)
{
	unsigned int bit = nr < TABLE_SIZE ? (unsigned int)nr : TABLE_SIZE;

	if (!test_and_set_bit(bit, said))
		printk("%s[%d]: system call %lld is not implemented\n", current->comm, current->pid,
		       (long long)nr);
	return -ENOSYS;
}

static SYSCALL(none)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return no_such_call(thread_syscall_nr(&current->thread));
}

#define SYSCALL_ENTRY(nr, name) [nr] = sys_##name,

const syscall_fn sys_call_table[TABLE_SIZE] = {[0 ... TABLE_SIZE - 1] = sys_none,
					       SYSCALLS(SYSCALL_ENTRY)};

const u64 sys_call_count = TABLE_SIZE;

long syscall_unknown(unsigned long nr, unsigned long a0, unsigned long a1, unsigned long a2,
		     unsigned long a3)
{
	if (nr == SYS_pgctl)
		return do_pgctl((unsigned int)a0, a1, a2, (void __user *)a3);
	return no_such_call(nr);
}
