/* System calls about the system as a whole: its names, its memory, its age. */
#include "arch/timer.h"
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/string.h"
#include "kernel/futex.h"
#include "kernel/syscalls.h"
#include "kernel/task.h"
#include "mm/buddy.h"
#include "mm/page.h"

#define UTS_LEN 64 /* without the terminator */

struct utsname {
	char sysname[UTS_LEN + 1], nodename[UTS_LEN + 1], release[UTS_LEN + 1],
		version[UTS_LEN + 1], machine[UTS_LEN + 1], domainname[UTS_LEN + 1];
};

/*
 * The release is that of the Linux whose system calls these are, for that is what programs read it for: glibc
 * 2.35 and older ends a static program with "FATAL: kernel too old" below 3.2.0. What follows the dash says whose
 * kernel it is. uts_lock guards the two names that may change.
 */
static struct utsname uts = {
	.sysname = "Freewalk",
	.nodename = "freewalk",
	.release = "6.1.0-freewalk",
	.version = "#1 SMP PREEMPT",
	.machine = "x86_64",
	.domainname = "(none)",
};
static struct spinlock uts_lock = SPINLOCK_INIT(uts);

SYSCALL(uname)
{
	struct utsname now;

	UNUSED_ARGS(a1, a2, a3, a4, a5);
	spin_lock(&uts_lock);
	now = uts;
	spin_unlock(&uts_lock);
	return copy_to_user((void __user *)a0, &now, sizeof(now));
}

/* `len` as the user gave it. */
static long set_name(char *name, u64 from, int len)
{
	char new[UTS_LEN + 1] = "";

	if (len < 0 || len > UTS_LEN)
		return -EINVAL;
	if (copy_from_user(new, (const char __user *)from, (size_t)len))
		return -EFAULT;
	spin_lock(&uts_lock);
	memcpy(name, new, sizeof(new));
	spin_unlock(&uts_lock);
	return 0;
}

SYSCALL(sethostname)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return set_name(uts.nodename, a0, (int)a1);
}

SYSCALL(setdomainname)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return set_name(uts.domainname, a0, (int)a1);
}

struct sysinfo {
	s64 uptime;   /* seconds, begun ones included */
	u64 loads[3]; /* nobody counts them: 0 */
	u64 totalram, freeram, sharedram, bufferram, totalswap, freeswap; /* in mem_unit */
	u16 procs, pad;
	u64 totalhigh, freehigh;
	u32 mem_unit;
};
_Static_assert(sizeof(struct sysinfo) == 112, "as in Linux's ABI");

/* Threads, kernel threads included. */
static unsigned int count_tasks(void)
{
	const struct task_struct *t;
	unsigned int n = 0;

	rcu_read_lock();
	for (unsigned int b = 0; b < TASK_BUCKETS; b++)
		list_for_each_entry_rcu (t, &task_table[b].tasks, table_node)
			n++;
	rcu_read_unlock();
	return n;
}

SYSCALL(sysinfo)
{
	struct sysinfo info = {
		.uptime = (s64)((time_ns() + NSEC_PER_SEC - 1) / NSEC_PER_SEC),
		.totalram = nr_managed_pages() * PAGE_SIZE,
		.freeram = nr_free_pages() * PAGE_SIZE,
		.procs = (u16)MIN(count_tasks(), (unsigned int)(u16)-1),
		.mem_unit = 1,
	};

	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return copy_to_user((void __user *)a0, &info, sizeof(info));
}
