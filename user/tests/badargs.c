/* ABI tests: wild pointers in every argument of every system call, unknown calls. Errors, never a
 * crash. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "user/tests/abitest.h"

#define WILD 0x57494c44ul /* in the table: here comes the wild address */

#define CWD ((uintptr_t)AT_FDCWD)

/* Which kinds an argument takes without -EFAULT. */
#define NULL_FINE 1 /* NULL means: not wanted */

static uint64_t zero[64]; /* no time */
static uint64_t good[64]; /* a good buffer where another argument needs one */
static char whole[2 * PAGE_SIZE] __attribute__((aligned(4096)));

static const struct call {
	const char *name;
	long nr;
	uintptr_t args[6];
	unsigned int flags;
} calls[] = {
	{"write", SYS_write, {1, WILD, 64}, 0},
	{"writev", SYS_writev, {1, WILD, 2}, 0},
	{"execve path", SYS_execve, {WILD, 0, 0}, 0},
	{"execveat path", SYS_execveat, {CWD, WILD, 0, 0, 0}, 0},
	{"clock_gettime", SYS_clock_gettime, {1, WILD}, 0},
	{"nanosleep", SYS_nanosleep, {WILD, 0}, 0},
	{"clock_nanosleep", SYS_clock_nanosleep, {1, 0, WILD, 0}, 0},
	{"uname", SYS_uname, {WILD}, 0},
	{"clone3", SYS_clone3, {WILD, 64}, 0},
	{"getrlimit", SYS_getrlimit, {3, WILD}, 0},
	{"setrlimit", SYS_setrlimit, {4, WILD}, 0},
	{"prlimit64 new", SYS_prlimit64, {0, 4, WILD, 0}, NULL_FINE},
	{"prlimit64 old", SYS_prlimit64, {0, 4, 0, WILD}, NULL_FINE},
	{"getrusage", SYS_getrusage, {0, WILD}, 0},
	{"times", SYS_times, {WILD}, NULL_FINE},
	{"sysinfo", SYS_sysinfo, {WILD}, 0},
	{"time", SYS_time, {WILD}, NULL_FINE},
	{"sethostname", SYS_sethostname, {WILD, 4}, 0},
	{"setdomainname", SYS_setdomainname, {WILD, 4}, 0},
	{"getresuid real", SYS_getresuid, {WILD, (uintptr_t)good, (uintptr_t)good}, 0},
	{"getresgid saved", SYS_getresgid, {(uintptr_t)good, (uintptr_t)good, WILD}, 0},
	{"setgroups", SYS_setgroups, {4, WILD}, 0},
	{"capget", SYS_capget, {WILD, (uintptr_t)good}, 0},
	{"sched_setaffinity", SYS_sched_setaffinity, {0, 128, WILD}, 0},
	{"sched_getaffinity", SYS_sched_getaffinity, {0, 128, WILD}, 0},
	{"getcpu cpu", SYS_getcpu, {WILD, 0, 0}, NULL_FINE},
	{"getcpu node", SYS_getcpu, {0, WILD, 0}, NULL_FINE},
	{"rt_sigaction new", SYS_rt_sigaction, {SIGUSR1, WILD, 0, 8}, NULL_FINE},
	{"rt_sigaction old", SYS_rt_sigaction, {SIGUSR1, 0, WILD, 8}, NULL_FINE},
	{"rt_sigprocmask new", SYS_rt_sigprocmask, {SIG_BLOCK, WILD, 0, 8}, NULL_FINE},
	{"rt_sigprocmask old", SYS_rt_sigprocmask, {SIG_BLOCK, 0, WILD, 8}, NULL_FINE},
	{"arch_prctl get fs", SYS_arch_prctl, {0x1003, WILD}, 0},
	{"arch_prctl get gs", SYS_arch_prctl, {0x1004, WILD}, 0},
	{"clock_getres", SYS_clock_getres, {1, WILD}, NULL_FINE},
	{"gettimeofday time", SYS_gettimeofday, {WILD, 0}, NULL_FINE},
	{"gettimeofday zone", SYS_gettimeofday, {0, WILD}, NULL_FINE},
	{"mincore", SYS_mincore, {(uintptr_t)whole, 8192, WILD}, 0},
	{"sched_setaffinity short", SYS_sched_setaffinity, {0, 8, WILD}, 0},
	{"getrandom", SYS_getrandom, {WILD, 16, 0}, 0},
	{"poll", SYS_poll, {WILD, 1, 0}, 0},
	{"ppoll files", SYS_ppoll, {WILD, 1, (uintptr_t)zero, 0, 8}, 0},
	{"ppoll mask", SYS_ppoll, {0, 0, (uintptr_t)zero, WILD, 8}, NULL_FINE},
	{"select files", SYS_select, {64, WILD, 0, 0, (uintptr_t)zero}, NULL_FINE},
	{"pselect6 mask", SYS_pselect6, {0, 0, 0, 0, (uintptr_t)zero, WILD}, NULL_FINE},
	/* Paths are looked at first, so it does not matter what is there. */
	{"open", SYS_open, {WILD, 0}, 0},
	{"creat", SYS_creat, {WILD, 0}, 0},
	{"openat", SYS_openat, {CWD, WILD, 0}, 0},
	{"stat path", SYS_stat, {WILD, (uintptr_t)good}, 0},
	{"lstat path", SYS_lstat, {WILD, (uintptr_t)good}, 0},
	{"newfstatat path", SYS_newfstatat, {CWD, WILD, (uintptr_t)good, 0}, 0},
	{"statx path", SYS_statx, {CWD, WILD, 0, 0, (uintptr_t)good}, 0},
	{"fstat", SYS_fstat, {1, WILD}, 0},
	{"access", SYS_access, {WILD, 0}, 0},
	{"faccessat", SYS_faccessat, {CWD, WILD, 0}, 0},
	{"faccessat2", SYS_faccessat2, {CWD, WILD, 0, 0}, 0},
	{"readlink path", SYS_readlink, {WILD, (uintptr_t)good, 64}, 0},
	{"readlinkat path", SYS_readlinkat, {CWD, WILD, (uintptr_t)good, 64}, 0},
	{"statfs path", SYS_statfs, {WILD, (uintptr_t)good}, 0},
	{"chdir", SYS_chdir, {WILD}, 0},
	{"mkdir", SYS_mkdir, {WILD, 0}, 0},
	{"mkdirat", SYS_mkdirat, {CWD, WILD, 0}, 0},
	{"mknod", SYS_mknod, {WILD, 0, 0}, 0},
	{"mknodat", SYS_mknodat, {CWD, WILD, 0, 0}, 0},
	{"rmdir", SYS_rmdir, {WILD}, 0},
	{"unlink", SYS_unlink, {WILD}, 0},
	{"unlinkat", SYS_unlinkat, {CWD, WILD, 0}, 0},
	{"symlink target", SYS_symlink, {WILD, (uintptr_t) "x"}, 0},
	{"symlinkat target", SYS_symlinkat, {WILD, CWD, (uintptr_t) "x"}, 0},
	{"link", SYS_link, {WILD, (uintptr_t) "x"}, 0},
	{"linkat", SYS_linkat, {CWD, WILD, CWD, (uintptr_t) "x", 0}, 0},
	{"rename", SYS_rename, {WILD, (uintptr_t) "x"}, 0},
	{"renameat", SYS_renameat, {CWD, WILD, CWD, (uintptr_t) "x"}, 0},
	{"renameat2", SYS_renameat2, {CWD, WILD, CWD, (uintptr_t) "x", 0}, 0},
	{"truncate", SYS_truncate, {WILD, 0}, 0},
	{"chmod", SYS_chmod, {WILD, 0}, 0},
	{"fchmodat", SYS_fchmodat, {CWD, WILD, 0}, 0},
	{"chown", SYS_chown, {WILD, 0, 0}, 0},
	{"lchown", SYS_lchown, {WILD, 0, 0}, 0},
	{"fchownat", SYS_fchownat, {CWD, WILD, 0, 0, 0}, 0},
	{"utime times", SYS_utime, {(uintptr_t) "", WILD}, NULL_FINE},
	{"utimes times", SYS_utimes, {(uintptr_t) "", WILD}, NULL_FINE},
	{"futimesat times", SYS_futimesat, {CWD, (uintptr_t) "", WILD}, NULL_FINE},
	{"utimensat times", SYS_utimensat, {CWD, (uintptr_t) "", WILD, 0}, NULL_FINE},
};

static bool expects_fault(const struct call *c, unsigned int kind)
{
	return !(kind == 0 && c->flags & NULL_FINE);
}

/* One wild address of each kind. An object that begins at the last mapped byte may straddle: that
 * must fail too. */
static void try_call(const struct call *c)
{
	for (unsigned int kind = 0; kind < NR_WILD; kind++) {
		uintptr_t wild = wild_address(kind);
		uintptr_t a[6];
		long ret;

		for (int i = 0; i < 6; i++)
			a[i] = c->args[i] == WILD ? wild : c->args[i];
		ret = raw_syscall6(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		if (!expects_fault(c, kind) || ret == -EFAULT)
			continue;
		/* Linux writes what fits of a write that straddles, and of random bytes. */
		if (kind == 3 && ret == 1 && (c->nr == SYS_write || c->nr == SYS_getrandom))
			continue;
		/* A path may end at the boundary: the byte there is no terminator, but the kernel
		 * may not have the file. */
		say("# %s with %s (%#lx): %ld, not %d", c->name, wild_names[kind],
		    (unsigned long)wild, ret, -EFAULT);
		_exit(TEST_FAILED);
	}
}

TEST(badargs, wild_pointers)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++)
		try_call(&calls[i]);
}

TEST(badargs, wild_pointers_in_writev)
{
	for (unsigned int kind = 1; kind < NR_WILD; kind++) {
		struct iovec iov = {(void *)wild_address(kind), 64};
		long ret = raw_syscall3(SYS_writev, 1, (uintptr_t)&iov, 1);

		CHECK(ret == -EFAULT || (kind == 3 && ret == 1));
	}
	CHECK_EQ(raw_syscall3(SYS_writev, 1, (uintptr_t)good, -1), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_writev, 1, (uintptr_t)good, 1025), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_writev, 1, (uintptr_t)good, 0), 0);
}

TEST(badargs, wild_pointers_in_wait4)
{
	for (unsigned int kind = 1; kind < NR_WILD; kind++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		CHECK_EQ(raw_syscall4(SYS_wait4, pid, wild_address(kind), 0, 0), -EFAULT);
		raw_syscall4(SYS_wait4, pid, 0, 0, 0); /* reaped already, or not: both will do */
		pid = fork();
		if (pid == 0)
			_exit(0);
		CHECK_EQ(raw_syscall4(SYS_wait4, pid, 0, 0, wild_address(kind)), -EFAULT);
		raw_syscall4(SYS_wait4, pid, 0, 0, 0);
	}
}

TEST(badargs, wild_pointers_in_execve)
{
	for (unsigned int kind = 1; kind < NR_WILD; kind++) {
		uintptr_t path = (uintptr_t)options.tiny;
		uintptr_t wild = wild_address(kind);
		uintptr_t list[2] = {wild, 0};
		uintptr_t none[1] = {0};

		CHECK_EQ(raw_syscall3(SYS_execve, path, wild, (uintptr_t)none), -EFAULT);
		CHECK_EQ(raw_syscall3(SYS_execve, path, (uintptr_t)none, wild), -EFAULT);
		CHECK_EQ(raw_syscall3(SYS_execve, path, (uintptr_t)list, (uintptr_t)none), -EFAULT);
		CHECK_EQ(raw_syscall3(SYS_execve, path, (uintptr_t)none, (uintptr_t)list), -EFAULT);
	}
}

TEST(badargs, wild_pointers_in_futex)
{
	for (unsigned int kind = 0; kind < NR_WILD; kind++) {
		uintptr_t wild = wild_address(kind) & -4ul;
		long ret;

		if (kind == 3)
			continue; /* an aligned word does not straddle */
		ret = raw_syscall4(SYS_futex, wild, 128 /* FUTEX_WAIT_PRIVATE */, 0, 0);
		CHECK_EQ(ret, -EFAULT);
		if (kind == 0)
			continue; /* NULL: no timeout */
		ret = raw_syscall4(SYS_futex, (uintptr_t)good, 128, 0, wild_address(kind));
		CHECK_EQ(ret, -EFAULT);
	}
}

/* The kernel writes there when the thread ends: it must ignore that it cannot. */
TEST(badargs, wild_clear_child_tid)
{
	for (unsigned int kind = 1; kind < NR_WILD; kind++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0) {
			raw_syscall1(SYS_set_tid_address, wild_address(kind));
			raw_exit(0);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
	}
}

TEST(badargs, wild_robust_list)
{
	for (unsigned int kind = 1; kind < NR_WILD; kind++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0) {
			raw_syscall2(SYS_set_robust_list, wild_address(kind), 24);
			raw_exit(0);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
	}
	CHECK_EQ(raw_syscall2(SYS_set_robust_list, (uintptr_t)good, 7), -EINVAL);
}

/* A base outside user space would be the kernel's to dereference. */
TEST(badargs, wild_segment_bases)
{
	static const uintptr_t bases[] = {0xffffffff80000000, 0xffff888000000000,
					  0x8000000000000000, 0x0100000000000000};

	for (unsigned int i = 0; i < ARRAY_SIZE(bases); i++) {
		CHECK_EQ(raw_syscall2(SYS_arch_prctl, 0x1002 /* ARCH_SET_FS */, bases[i]), -EPERM);
		CHECK_EQ(raw_syscall2(SYS_arch_prctl, 0x1001 /* ARCH_SET_GS */, bases[i]), -EPERM);
	}
	CHECK_EQ(raw_syscall2(SYS_arch_prctl, 0x7777, 0), -EINVAL);
}

TEST(badargs, wild_stacks_and_tids_in_clone)
{
	const unsigned long settings =
		0x00100000 | 0x01000000 | 0x00200000; /* PARENT_SETTID CHILD_SETTID CLEARTID */

	for (unsigned int kind = 1; kind < NR_WILD; kind++) {
		uintptr_t wild = wild_address(kind);
		int status = -1;
		long pid = raw_syscall6(SYS_clone, settings | SIGCHLD, 0, wild, wild, 0, 0);

		if (pid == 0)
			raw_exit(0);
		if (pid == -EFAULT)
			continue;
		CHECK(pid > 0);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
	}
	/* CLONE_SETTLS outside user space; flags that exclude each other. */
	CHECK_EQ(raw_syscall6(SYS_clone, 0x00080000 | SIGCHLD, 0, 0, 0, 0xffff888000000000, 0),
		 -EPERM);
	CHECK_EQ(raw_syscall6(SYS_clone, 0x00010000, 0, 0, 0, 0, 0), -EINVAL); /* THREAD alone */
}

TEST(badargs, file_descriptors)
{
	CHECK_EQ(raw_syscall3(SYS_write, -1, (uintptr_t)good, 1), -EBADF);
	CHECK_EQ(raw_syscall3(SYS_write, 1000000, (uintptr_t)good, 1), -EBADF);
	CHECK_EQ(raw_syscall3(SYS_writev, -1, (uintptr_t)good, 1), -EBADF);
	CHECK_EQ(raw_syscall3(SYS_ioctl, -1, 0x5413, (uintptr_t)good), -EBADF);
	CHECK_EQ(raw_syscall3(SYS_write, 1, (uintptr_t)good, 0), 0);
}

TEST(badargs, signals)
{
	CHECK_EQ(raw_syscall4(SYS_rt_sigaction, 0, 0, (uintptr_t)good, 8), -EINVAL);
	CHECK_EQ(raw_syscall4(SYS_rt_sigaction, 65, 0, (uintptr_t)good, 8), -EINVAL);
	CHECK_EQ(raw_syscall4(SYS_rt_sigaction, SIGKILL, (uintptr_t)good, 0, 8), -EINVAL);
	CHECK_EQ(raw_syscall4(SYS_rt_sigaction, SIGUSR1, 0, (uintptr_t)good, 4), -EINVAL);
	CHECK_EQ(raw_syscall4(SYS_rt_sigprocmask, 0, 0, (uintptr_t)good, 4), -EINVAL);
	CHECK_EQ(raw_syscall4(SYS_rt_sigprocmask, 77, (uintptr_t)good, 0, 8), -EINVAL);
}

TEST(badargs, unknown_system_calls)
{
	static const unsigned long numbers[] = {
		600,     999,        1023,       2000,       4096,       0xffff,
		0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x40000258,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++)
		CHECK_EQ(raw_syscall6(numbers[i], -1ul, -1ul, -1ul, -1ul, -1ul, -1ul), -ENOSYS);
	CHECK_EQ(raw_syscall0(-1), -ENOSYS);
	CHECK_EQ(raw_syscall0(-4096), -ENOSYS);
	CHECK_EQ(raw_syscall0((long)0x8000000000000000ul),
		 options.host ? raw_syscall0(0) : -ENOSYS);
	CHECK_EQ(raw_syscall0(0x1234567800000999), -ENOSYS);
}

/* Of calls that had a number in Linux, and have none any more. The kernel's log names each of them once. */
TEST(badargs, calls_that_nobody_has)
{
	for (unsigned int i = 0; i < 3; i++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0) {
			CHECK_EQ(raw_syscall0(SYS_create_module), -ENOSYS);
			CHECK_EQ(raw_syscall0(SYS_query_module), -ENOSYS);
			_exit(0);
		}
		CHECK_EQ(wait_child(pid, &status), 0);
		CHECK_EQ(status, 0);
	}
}

/* Every number with nonsense in every argument: whatever comes back, we still live. */
TEST(badargs, nonsense_in_every_call)
{
	static const uintptr_t nonsense[] = {-1ul, 0x8000000000000000, 0xffff888000000000,
					     0x00007fffffffffff};
	static const int implemented[] = {
		SYS_write,
		SYS_writev,
		SYS_mprotect,
		SYS_munmap,
		SYS_brk,
		SYS_ioctl,
		SYS_getcpu,
		SYS_uname,
		SYS_futex,
		SYS_wait4,
		SYS_nanosleep,
		SYS_execve,
		SYS_rt_sigaction,
		SYS_rt_sigprocmask,
		SYS_arch_prctl,
		SYS_getrandom,
		SYS_clock_gettime,
		SYS_clock_nanosleep,
		SYS_sched_setaffinity,
		SYS_sched_getaffinity,
		SYS_set_robust_list,
		SYS_mmap,
		SYS_mremap,
		SYS_madvise,
		SYS_mincore,
		SYS_msync,
		SYS_mlock,
		SYS_munlock,
		SYS_mlockall,
		SYS_prctl,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(implemented); i++) {
		for (unsigned int j = 0; j < ARRAY_SIZE(nonsense); j++) {
			uintptr_t n = nonsense[j];
			long ret = raw_syscall6(implemented[i], n, n, n, n, n, n);

			CHECK(ret < 0 || implemented[i] == SYS_brk ||
			      implemented[i] == SYS_set_robust_list);
		}
	}
}
