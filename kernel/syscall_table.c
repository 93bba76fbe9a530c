/* The table of system calls, by Linux's x86-64 numbers, and what happens to every other number. */
#include "arch/syscall.h"
#include "arch/trap.h"
#include "boot/bootinfo.h"
#include "kernel/abi/cpu.h"
#include "kernel/abi/pgctl.h"
#include "kernel/base/bitops.h"
#include "kernel/base/errno.h"
#include "kernel/base/printk.h"
#include "kernel/base/trace.h"
#include "kernel/pgctl.h"
#include "kernel/syscall_names.h"
#include "kernel/syscalls.h"
#include "kernel/task.h"
#include "kernel/workers.h"
#include "mm/oom.h"

/* Up to the last of our own. */
#define TABLE_SIZE (SYS_cpu_online + 1)

/* Each unknown number is said once. */
static DECLARE_BITMAP(said, TABLE_SIZE + 1);

/* Of Linux's calls; "" for a number that none has. */
static const char *name_of(u64 nr)
{
	const char *name = nr < nr_syscall_names ? syscall_names[nr] : NULL;

	return name ? name : "";
}

static long no_such_call(u64 nr)
{
	unsigned int bit = nr < TABLE_SIZE ? (unsigned int)nr : TABLE_SIZE;
	const char *name = name_of(nr);

	if (!test_and_set_bit(bit, said) && boot_option_u64("unknowncalls", 1))
		printk("pid %d (%s): system call %lld%s%s is not implemented\n", current->pid,
		       current->comm, (long long)nr, *name ? " " : "", name);
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

u64 sys_call_count = TABLE_SIZE;

SYSCALL(pgctl)
{
	UNUSED_ARGS(a4, a5);
	return do_pgctl((unsigned int)a0, a1, a2, (void __user *)a3);
}

SYSCALL(cpu_online)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return pgctl_allowed() ? cpu_bring_online((unsigned int)a0) : -EPERM;
}

noinline long syscall_again(void)
{
	u64 a[6];
	long ret;

	if (current->calls_again || !memory_reclaim())
		return -ENOMEM;
	thread_syscall_args(&current->thread, a);
	current->calls_again = true;
	ret = sys_call_table[thread_syscall_nr(&current->thread)](a[0], a[1], a[2], a[3], a[4],
								  a[5]);
	current->calls_again = false;
	return ret;
}

static long traced_call(unsigned long nr)
{
	u64 a[6];
	long ret;

	thread_syscall_args(&current->thread, a);
	TRACE(sys_enter, nr, a[0]);
	ret = sys_call_table[nr](a[0], a[1], a[2], a[3], a[4], a[5]);
	TRACE(sys_exit, nr, ret);
	return ret;
}

long syscall_unknown(unsigned long nr)
{
	return nr < TABLE_SIZE ? traced_call(nr) : no_such_call(nr);
}
