/*
 * ABI tests: bad arguments in every call that is not about memory: numbers out of range, unknown
 * flags and commands, wrong sizes, processes and descriptors that there are not, times that are
 * none; and the errno of each, by the first thing that Linux finds wrong. Wild pointers are in
 * badargs.c, calls about memory in badmap.c.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "user/tests/abitest.h"

/* In the table: what is known only when it is used. */
#define SELF     0x53454c460001ul /* the process's number */
#define BUFFER   0x53454c460002ul /* good memory, zeroes */
#define TIME_BAD 0x53454c460003ul /* a timespec with 10^9 nanoseconds */
#define TIME_NEG 0x53454c460004ul /* one with -1 seconds */
#define NS_NEG   0x53454c460005ul /* one with -1 nanoseconds */
#define ACTION   0x53454c460006ul /* a sigaction that ignores the signal */
#define PROGRAM  0x53454c460007ul /* a program's path */
#define LONG     0x53454c460008ul /* a string of 8,191 characters */
#define EMPTY    0x53454c460009ul /* "" */
#define NOWHERE  0x53454c46000aul /* the path of no file */
#define FOLDER   0x53454c46000bul /* the path of a directory */
#define ODD      0x53454c46000cul /* good memory, not aligned */

#define KERNEL   0xffffffff80100000ul
#define INT_MIN_ 0x80000000ul
#define NOBODY   4194305ul /* above the largest number that a process has */
#define NO_FD    1000000ul

#define FUTEX_WAIT_PRIVATE        128
#define FUTEX_WAKE_PRIVATE        129
#define FUTEX_WAIT_BITSET_PRIVATE 137
#define FUTEX_WAKE_BITSET_PRIVATE 138

#define CLONE_FLAG_VM      0x100
#define CLONE_FLAG_SIGHAND 0x800
#define CLONE_FLAG_THREAD  0x10000

static const struct bad_call {
	long nr;
	uintptr_t args[6];
	long want; /* 0: that it must succeed */
} calls[] = {
	{SYS_read, {-1ul, BUFFER, 1}, -EBADF},
	{SYS_read, {NO_FD, BUFFER, 1}, -EBADF},
	{SYS_read, {INT_MIN_, BUFFER, 1}, -EBADF},
	{SYS_read, {NO_FD, KERNEL, 1}, -EBADF},
	{SYS_write, {-1ul, BUFFER, 1}, -EBADF},
	{SYS_write, {NO_FD, KERNEL, 0}, -EBADF},
	{SYS_write, {1, BUFFER, -1ul}, -EFAULT},
	{SYS_write, {1, BUFFER, 1ul << 63}, -EFAULT},
	{SYS_write, {1, KERNEL, 1}, -EFAULT},
	{SYS_write, {1, BUFFER, 0}, 0},
	{SYS_writev, {NO_FD, BUFFER, 1}, -EBADF},
	{SYS_writev, {1, BUFFER, -1ul}, -EINVAL},
	{SYS_writev, {1, KERNEL, 1}, -EFAULT},
	{SYS_ioctl, {NO_FD, 0x5413, BUFFER}, -EBADF},
	{SYS_ioctl, {-1ul, 0, 0}, -EBADF},
	{SYS_close, {-1ul}, -EBADF},
	{SYS_close, {NO_FD}, -EBADF},
	{SYS_dup, {-1ul}, -EBADF},
	{SYS_dup2, {NO_FD, 1}, -EBADF},
	{SYS_dup2, {NO_FD, NO_FD}, -EBADF},
	{SYS_dup2, {1, -1ul}, -EBADF},
	{SYS_dup3, {1, 1, 0}, -EINVAL},
	{SYS_dup3, {1, 40, 1}, -EINVAL},
	{SYS_dup3, {NO_FD, 40, 0}, -EBADF},
	{SYS_dup3, {1, -1ul, 0}, -EBADF},
	{SYS_fcntl, {NO_FD, F_GETFD}, -EBADF},
	{SYS_fcntl, {1, 9999}, -EINVAL},
	{SYS_fcntl, {1, F_DUPFD, -1ul}, -EINVAL},
	{SYS_close_range, {5, 4, 0}, -EINVAL},
	{SYS_close_range, {5, 6, 1}, -EINVAL},
	{SYS_close_range, {5, 6, -1ul}, -EINVAL},

	{SYS_pread64, {NO_FD, BUFFER, 1, 0}, -EBADF},
	{SYS_pread64, {0, BUFFER, 1, -1ul}, -EINVAL},
	{SYS_pwrite64, {NO_FD, BUFFER, 1, 0}, -EBADF},
	{SYS_pwrite64, {1, BUFFER, 1, -1ul}, -EINVAL},
	{SYS_readv, {NO_FD, BUFFER, 1}, -EBADF},
	{SYS_preadv, {NO_FD, BUFFER, 1, 0}, -EBADF},
	{SYS_preadv, {0, BUFFER, 1, -1ul}, -EINVAL},
	{SYS_pwritev, {NO_FD, BUFFER, 1, 0}, -EBADF},
	{SYS_preadv2, {NO_FD, BUFFER, 1, 0}, -EBADF},
	{SYS_pwritev2, {NO_FD, BUFFER, 1, 0}, -EBADF},
	{SYS_lseek, {NO_FD, 0, 0}, -EBADF},
	{SYS_getdents64, {NO_FD, BUFFER, 64}, -EBADF},
	{SYS_fstat, {NO_FD, BUFFER}, -EBADF},
	{SYS_fstatfs, {NO_FD, BUFFER}, -EBADF},
	{SYS_fsync, {NO_FD}, -EBADF},
	{SYS_fdatasync, {-1ul}, -EBADF},
	{SYS_ftruncate, {NO_FD, 0}, -EBADF},
	{SYS_ftruncate, {NO_FD, -1ul}, -EINVAL},
	{SYS_fchmod, {NO_FD, 0}, -EBADF},
	{SYS_fchown, {NO_FD, 0, 0}, -EBADF},
	{SYS_fchdir, {NO_FD}, -EBADF},
	{SYS_flock, {NO_FD, 1}, -EBADF},
	{SYS_flock, {1, 0}, -EINVAL},
	{SYS_fallocate, {NO_FD, 0, 0, 1}, -EBADF},
	{SYS_fadvise64, {NO_FD, 0, 0, 0}, -EBADF},
	{SYS_readahead, {NO_FD, 0, 0}, -EBADF},
	{SYS_sendfile, {1, NO_FD, 0, 1}, -EBADF},
	{SYS_copy_file_range, {NO_FD, 0, 1, 0, 1, 0}, -EBADF},
	{SYS_getcwd, {BUFFER, 0}, -ERANGE},
	{SYS_pipe2, {BUFFER, -1ul}, -EINVAL},
	{SYS_pipe2, {BUFFER, 1}, -EINVAL},
	{SYS_pipe, {KERNEL}, -EFAULT},
	{SYS_chroot, {8}, -EFAULT},

	/* signal, new, old, size of a signal set */
	{SYS_rt_sigaction, {SIGUSR1, ACTION, 0, 4}, -EINVAL},
	{SYS_rt_sigaction, {SIGUSR1, KERNEL, 0, 0}, -EINVAL},
	{SYS_rt_sigaction, {SIGUSR1, 0, 0, -1ul}, -EINVAL},
	{SYS_rt_sigaction, {0, ACTION, 0, 8}, -EINVAL},
	{SYS_rt_sigaction, {65, 0, BUFFER, 8}, -EINVAL},
	{SYS_rt_sigaction, {-1ul, ACTION, 0, 8}, -EINVAL},
	{SYS_rt_sigaction, {SIGKILL, ACTION, 0, 8}, -EINVAL},
	{SYS_rt_sigaction, {SIGSTOP, ACTION, 0, 8}, -EINVAL},
	{SYS_rt_sigaction, {SIGKILL, KERNEL, 0, 8}, -EFAULT},
	{SYS_rt_sigaction, {65, KERNEL, 0, 8}, -EFAULT},
	{SYS_rt_sigaction, {SIGKILL, 0, BUFFER, 8}, 0},
	{SYS_rt_sigprocmask, {77, BUFFER, 0, 8}, -EINVAL},
	{SYS_rt_sigprocmask, {-1ul, BUFFER, 0, 8}, -EINVAL},
	{SYS_rt_sigprocmask, {SIG_BLOCK, BUFFER, 0, 16}, -EINVAL},
	{SYS_rt_sigprocmask, {SIG_BLOCK, KERNEL, 0, 0}, -EINVAL},
	{SYS_rt_sigprocmask, {77, KERNEL, 0, 8}, -EFAULT},
	{SYS_rt_sigprocmask, {77, 0, BUFFER, 8}, 0},

	{SYS_kill, {SELF, 65}, -EINVAL},
	{SYS_kill, {SELF, -1ul}, -EINVAL},
	{SYS_kill, {NOBODY, 0}, -ESRCH},
	{SYS_kill, {NOBODY, 65}, -ESRCH},
	{SYS_kill, {INT_MIN_, 0}, -ESRCH},
	{SYS_kill, {INT_MIN_, 65}, -ESRCH},
	{SYS_kill, {0, 65}, -EINVAL},
	{SYS_kill, {SELF, 0}, 0},
	{SYS_tkill, {0, 0}, -EINVAL},
	{SYS_tkill, {-1ul, 0}, -EINVAL},
	{SYS_tkill, {NOBODY, 0}, -ESRCH},
	{SYS_tkill, {NOBODY, 65}, -ESRCH},
	{SYS_tkill, {SELF, 65}, -EINVAL},
	{SYS_tgkill, {0, SELF, 0}, -EINVAL},
	{SYS_tgkill, {-1ul, SELF, 0}, -EINVAL},
	{SYS_tgkill, {SELF, 0, 0}, -EINVAL},
	{SYS_tgkill, {NOBODY, SELF, 0}, -ESRCH},
	{SYS_tgkill, {SELF, SELF, 65}, -EINVAL},
	{SYS_tgkill, {SELF, SELF, 0}, 0},
	{SYS_rt_sigqueueinfo, {SELF, 65, KERNEL}, -EFAULT},
	{SYS_rt_sigqueueinfo, {SELF, 65, BUFFER}, -EINVAL},
	{SYS_rt_sigqueueinfo, {NOBODY, 1, BUFFER}, -EPERM},
	{SYS_rt_tgsigqueueinfo, {SELF, SELF, 65, KERNEL}, -EFAULT},
	{SYS_rt_tgsigqueueinfo, {0, SELF, 1, BUFFER}, -EINVAL},
	{SYS_rt_tgsigqueueinfo, {SELF, 0, 1, BUFFER}, -EINVAL},
	{SYS_rt_sigpending, {KERNEL, 8}, -EFAULT},
	{SYS_rt_sigpending, {BUFFER, 9}, -EINVAL},
	{SYS_rt_sigpending, {BUFFER, 0}, 0},
	{SYS_rt_sigsuspend, {KERNEL, 8}, -EFAULT},
	{SYS_rt_sigsuspend, {BUFFER, 4}, -EINVAL},
	{SYS_rt_sigtimedwait, {KERNEL, 0, 0, 8}, -EFAULT},
	{SYS_rt_sigtimedwait, {BUFFER, 0, 0, 4}, -EINVAL},
	{SYS_rt_sigtimedwait, {BUFFER, 0, KERNEL, 8}, -EFAULT},
	{SYS_rt_sigtimedwait, {BUFFER, 0, TIME_BAD, 8}, -EINVAL},
	{SYS_rt_sigtimedwait, {BUFFER, 0, TIME_NEG, 8}, -EINVAL},
	{SYS_rt_sigtimedwait, {BUFFER, 0, BUFFER, 8}, -EAGAIN},
	{SYS_sigaltstack, {KERNEL, 0}, -EFAULT},
	{SYS_sigaltstack, {0, KERNEL}, -EFAULT},
	{SYS_restart_syscall, {0}, -EINTR},

	{SYS_getitimer, {3, KERNEL}, -EINVAL},
	{SYS_getitimer, {0, KERNEL}, -EFAULT},
	{SYS_setitimer, {3, KERNEL, 0}, -EFAULT},
	{SYS_setitimer, {3, BUFFER, 0}, -EINVAL},
	{SYS_setitimer, {0, BUFFER, KERNEL}, -EFAULT},

	{SYS_getpgid, {NOBODY}, -ESRCH},
	{SYS_getpgid, {-1ul}, -ESRCH},
	{SYS_getsid, {NOBODY}, -ESRCH},
	{SYS_getsid, {-1ul}, -ESRCH},
	{SYS_setpgid, {NOBODY, 0}, -ESRCH},
	{SYS_setpgid, {0, -1ul}, -EINVAL},
	{SYS_setpgid, {NOBODY, -1ul}, -EINVAL},
	{SYS_setpgid, {0, NOBODY}, -EPERM},

	/* There are no children. */
	{SYS_getrlimit, {16, BUFFER}, -EINVAL},
	{SYS_getrlimit, {-1ul, KERNEL}, -EINVAL},
	{SYS_getrlimit, {0, KERNEL}, -EFAULT},
	{SYS_setrlimit, {16, BUFFER}, -EINVAL},
	{SYS_setrlimit, {16, KERNEL}, -EFAULT},
	{SYS_setrlimit, {3, 0}, -EFAULT},
	{SYS_prlimit64, {0, 16, 0, 0}, -EINVAL},
	{SYS_prlimit64, {0, -1ul, BUFFER, 0}, -EINVAL},
	{SYS_prlimit64, {0, 3, KERNEL, BUFFER}, -EFAULT},
	{SYS_prlimit64, {0, 3, 0, KERNEL}, -EFAULT},
	{SYS_prlimit64, {NOBODY, 3, 0, BUFFER}, -ESRCH},
	{SYS_prlimit64, {NOBODY, 99, 0, BUFFER}, -ESRCH},
	{SYS_prlimit64, {-1ul, 3, 0, BUFFER}, -ESRCH},

	{SYS_getrusage, {2, BUFFER}, -EINVAL},
	{SYS_getrusage, {-2ul, BUFFER}, -EINVAL},
	{SYS_getrusage, {77, KERNEL}, -EINVAL},
	{SYS_getrusage, {0, KERNEL}, -EFAULT},
	{SYS_getrusage, {0, 0}, -EFAULT},
	{SYS_times, {KERNEL}, -EFAULT},
	{SYS_clock_gettime, {-5ul, BUFFER}, -EINVAL}, /* a descriptor's clock */
	{SYS_clock_gettime, {~NOBODY << 3 | 2, BUFFER}, -EINVAL},
	{SYS_clock_gettime, {~NOBODY << 3 | 6, BUFFER}, -EINVAL},
	{SYS_clock_getres, {~NOBODY << 3 | 2, BUFFER}, -EINVAL},
	{SYS_clock_gettime, {-6ul, KERNEL}, -EFAULT}, /* the own process's */

	{SYS_waitid, {9, 0, 0, WEXITED, 0}, -EINVAL},
	{SYS_waitid, {9, 0, KERNEL, WEXITED, 0}, -EFAULT},
	{SYS_waitid, {P_ALL, 0, 0, 0, 0}, -EINVAL},
	{SYS_waitid, {P_ALL, 0, 0, -1ul, 0}, -EINVAL},
	{SYS_waitid, {P_PID, 0, 0, WEXITED, 0}, -EINVAL},
	{SYS_waitid, {P_PID, NOBODY, KERNEL, WEXITED, 0}, -EFAULT},
	{SYS_waitid, {P_ALL, 0, BUFFER, WEXITED | WNOHANG, KERNEL}, -ECHILD},
	{SYS_wait4, {-1ul, 0, 0, 0}, -ECHILD},
	{SYS_wait4, {-1ul, KERNEL, WNOHANG, KERNEL}, -ECHILD},
	{SYS_wait4, {SELF, 0, 0, 0}, -ECHILD},
	{SYS_wait4, {NOBODY, 0, WNOHANG, 0}, -ECHILD},
	{SYS_wait4, {INT_MIN_, 0, 0, 0}, -ESRCH},
	{SYS_wait4, {-1ul, 0, -1ul, 0}, -EINVAL},
	{SYS_wait4, {-1ul, 0, 0x100, 0}, -EINVAL},
	{SYS_clone, {CLONE_FLAG_SIGHAND, 0, 0, 0, 0}, -EINVAL},
	{SYS_clone, {CLONE_FLAG_THREAD, 0, 0, 0, 0}, -EINVAL},
	{SYS_clone, {CLONE_FLAG_THREAD | CLONE_FLAG_VM, 0, 0, 0, 0}, -EINVAL},
	{SYS_clone3, {BUFFER, 63}, -EINVAL},
	{SYS_clone3, {KERNEL, 0}, -EINVAL},
	{SYS_clone3, {KERNEL, -1ul}, -E2BIG},
	{SYS_clone3, {KERNEL, 64}, -EFAULT},
	{SYS_clone3, {KERNEL, 4096}, -EFAULT},
	{SYS_execve, {EMPTY, 0, 0}, -ENOENT},
	{SYS_execve, {NOWHERE, 0, 0}, -ENOENT},
	{SYS_execve, {FOLDER, 0, 0}, -EACCES},
	{SYS_execve, {LONG, 0, 0}, -ENAMETOOLONG},
	{SYS_execve, {PROGRAM, KERNEL, 0}, -EFAULT},

	{SYS_clock_gettime, {99, BUFFER}, -EINVAL},
	{SYS_clock_gettime, {99, KERNEL}, -EINVAL},
	{SYS_clock_gettime, {0x7fffffff, BUFFER}, -EINVAL},
	{SYS_clock_getres, {99, BUFFER}, -EINVAL},
	{SYS_clock_getres, {99, 0}, -EINVAL},
	{SYS_clock_getres, {CLOCK_MONOTONIC, KERNEL}, -EFAULT},
	{SYS_clock_getres, {CLOCK_MONOTONIC, 0}, 0},
	{SYS_gettimeofday, {KERNEL, 0}, -EFAULT},
	{SYS_gettimeofday, {0, KERNEL}, -EFAULT},
	{SYS_gettimeofday, {0, BUFFER}, 0},
	{SYS_gettimeofday, {0, 0}, 0},
	{SYS_nanosleep, {TIME_BAD, 0}, -EINVAL},
	{SYS_nanosleep, {TIME_NEG, 0}, -EINVAL},
	{SYS_nanosleep, {NS_NEG, 0}, -EINVAL},
	{SYS_nanosleep, {BUFFER, KERNEL}, 0}, /* nothing remains */
	{SYS_clock_nanosleep, {99, 0, BUFFER, 0}, -EINVAL},
	{SYS_clock_nanosleep, {99, 0, KERNEL, 0}, -EINVAL},
	{SYS_clock_nanosleep, {CLOCK_MONOTONIC, 0, TIME_BAD, 0}, -EINVAL},
	{SYS_clock_nanosleep, {CLOCK_MONOTONIC, TIMER_ABSTIME, TIME_NEG, 0}, -EINVAL},
	{SYS_clock_nanosleep, {CLOCK_MONOTONIC, TIMER_ABSTIME, BUFFER, KERNEL}, 0},

	/* address, operation, value, timeout, second address, bits */
	{SYS_futex, {ODD, FUTEX_WAIT_PRIVATE, 0, 0}, -EINVAL},
	{SYS_futex, {ODD, FUTEX_WAKE_PRIVATE, 1, 0}, -EINVAL},
	{SYS_futex, {BUFFER, 127, 0, 0}, -ENOSYS},
	{SYS_futex, {BUFFER, FUTEX_WAIT_PRIVATE, 1, 0}, -EAGAIN},
	{SYS_futex, {BUFFER, FUTEX_WAIT_PRIVATE, 0, TIME_BAD}, -EINVAL},
	{SYS_futex, {BUFFER, FUTEX_WAIT_PRIVATE, 0, TIME_NEG}, -EINVAL},
	{SYS_futex, {BUFFER, FUTEX_WAIT_PRIVATE, 1, KERNEL}, -EFAULT},
	{SYS_futex, {BUFFER, FUTEX_WAIT_BITSET_PRIVATE, 0, 0, 0, 0}, -EINVAL},
	{SYS_futex, {BUFFER, FUTEX_WAKE_BITSET_PRIVATE, 1, 0, 0, 0}, -EINVAL},
	{SYS_futex,
	 {BUFFER, 133, 1, 1, BUFFER, 5u << 28},
	 -ENOSYS}, /* FUTEX_WAKE_OP: no such operation, */
	{SYS_futex, {BUFFER, 133, 1, 1, BUFFER, 6u << 24}, -ENOSYS}, /* no such comparison */
	{SYS_futex, {BUFFER, 133, 1, 1, ODD, 0}, -EINVAL},
	{SYS_futex, {BUFFER, 133, 1, 1, KERNEL, 0}, -EFAULT},
	{SYS_futex, {KERNEL, FUTEX_WAKE_PRIVATE, 1, 0}, -EFAULT},
	{SYS_futex, {BUFFER, FUTEX_WAKE_PRIVATE, -1ul, KERNEL}, 0},

	/* process, bytes, mask */
	{SYS_sched_setscheduler, {-1ul, 0, BUFFER}, -EINVAL},
	{SYS_sched_setscheduler, {0, -1ul, BUFFER}, -EINVAL},
	{SYS_sched_setscheduler, {0, 1ul << 33, 0}, -EINVAL},
	{SYS_sched_setscheduler, {NOBODY, 0, KERNEL}, -EFAULT},
	{SYS_sched_setscheduler, {0, 77, BUFFER}, -EINVAL},
	{SYS_sched_setscheduler, {0, 1, BUFFER}, -EINVAL}, /* priority 0 */
	{SYS_sched_setparam, {-1ul, BUFFER}, -EINVAL},
	{SYS_sched_setparam, {0, 0}, -EINVAL},
	{SYS_sched_setparam, {0, KERNEL}, -EFAULT},
	{SYS_sched_setparam, {NOBODY, BUFFER}, -ESRCH},
	{SYS_sched_getparam, {-1ul, BUFFER}, -EINVAL},
	{SYS_sched_getparam, {0, 0}, -EINVAL},
	{SYS_sched_getparam, {0, KERNEL}, -EFAULT},
	{SYS_sched_getparam, {NOBODY, KERNEL}, -ESRCH},
	{SYS_sched_getscheduler, {-1ul}, -EINVAL},
	{SYS_sched_getscheduler, {NOBODY}, -ESRCH},
	{SYS_sched_get_priority_max, {-1ul}, -EINVAL},
	{SYS_sched_get_priority_min, {1ul << 31}, -EINVAL},
	{SYS_sched_rr_get_interval, {-1ul, BUFFER}, -EINVAL},
	{SYS_sched_rr_get_interval, {NOBODY, KERNEL}, -ESRCH},
	{SYS_sched_rr_get_interval, {0, KERNEL}, -EFAULT},
	{SYS_sched_setattr, {0, 0, 0}, -EINVAL},
	{SYS_sched_setattr, {-1ul, BUFFER, 0}, -EINVAL},
	{SYS_sched_setattr, {0, BUFFER, 1}, -EINVAL},
	{SYS_sched_setattr, {0, KERNEL, 0}, -EFAULT},
	{SYS_sched_setattr, {NOBODY, BUFFER, 0}, -ESRCH},
	{SYS_sched_getattr, {0, 0, 48, 0}, -EINVAL},
	{SYS_sched_getattr, {0, BUFFER, 47, 0}, -EINVAL},
	{SYS_sched_getattr, {0, BUFFER, -1ul, 0}, -EINVAL},
	{SYS_sched_getattr, {0, KERNEL, 48, 0}, -EFAULT},
	{SYS_sched_getattr, {NOBODY, KERNEL, 48, 0}, -ESRCH},
	{SYS_setpriority, {-1ul, 0, 0}, -EINVAL},
	{SYS_setpriority, {3, 0, 0}, -EINVAL},
	{SYS_setpriority, {0, NOBODY, 0}, -ESRCH},
	{SYS_setpriority, {0, -1ul, 0}, -ESRCH},
	{SYS_getpriority, {-1ul, 0}, -EINVAL},
	{SYS_getpriority, {3, 0}, -EINVAL},
	{SYS_getpriority, {0, NOBODY}, -ESRCH},
	{SYS_sched_setaffinity, {0, 8, BUFFER}, -EINVAL}, /* no CPU */
	{SYS_sched_setaffinity, {0, 0, BUFFER}, -EINVAL},
	{SYS_sched_setaffinity, {NOBODY, 8, KERNEL}, -EFAULT},
	{SYS_sched_setaffinity, {NOBODY, 8, BUFFER}, -ESRCH},
	{SYS_sched_setaffinity, {-1ul, 8, BUFFER}, -ESRCH},
	{SYS_sched_getaffinity, {0, 0, BUFFER}, -EINVAL},
	{SYS_sched_getaffinity, {0, 7, BUFFER}, -EINVAL},
	{SYS_sched_getaffinity, {0, 129, BUFFER}, -EINVAL},
	{SYS_sched_getaffinity, {NOBODY, 7, KERNEL}, -EINVAL},
	{SYS_sched_getaffinity, {NOBODY, 128, KERNEL}, -ESRCH},
	{SYS_sched_getaffinity, {-1ul, 128, BUFFER}, -ESRCH},
	{SYS_sched_getaffinity, {0, 128, KERNEL}, -EFAULT},
	{SYS_getcpu, {KERNEL, 0, 0}, -EFAULT},
	{SYS_getcpu, {0, KERNEL, 0}, -EFAULT},
	{SYS_getcpu, {0, 0, KERNEL}, 0}, /* has had no meaning for long */

	{SYS_uname, {KERNEL}, -EFAULT},
	{SYS_sethostname, {BUFFER, 65}, -EINVAL},
	{SYS_sethostname, {KERNEL, -1ul}, -EINVAL},
	{SYS_sethostname, {KERNEL, 1}, -EFAULT},
	{SYS_setdomainname, {KERNEL, 65}, -EINVAL},
	{SYS_setdomainname, {BUFFER, INT_MIN_}, -EINVAL},
	{SYS_setdomainname, {KERNEL, 64}, -EFAULT},
	{SYS_sysinfo, {KERNEL}, -EFAULT},
	{SYS_time, {KERNEL}, -EFAULT},

	/* Users and groups: -1 is nobody's number, or "as it is". */
	{SYS_setuid, {-1ul}, -EINVAL},
	{SYS_setgid, {-1ul}, -EINVAL},
	{SYS_setreuid, {-1ul, -1ul}, 0},
	{SYS_setregid, {-1ul, -1ul}, 0},
	{SYS_setresuid, {-1ul, -1ul, -1ul}, 0},
	{SYS_setresgid, {-1ul, -1ul, -1ul}, 0},
	{SYS_setfsuid, {-1ul}, 0},
	{SYS_setfsgid, {-1ul}, 0},
	{SYS_getresuid, {BUFFER, KERNEL, BUFFER}, -EFAULT},
	{SYS_getresgid, {BUFFER, BUFFER, KERNEL}, -EFAULT},
	{SYS_getgroups, {-1ul, BUFFER}, -EINVAL},
	{SYS_getgroups, {INT_MIN_, KERNEL}, -EINVAL},
	{SYS_setgroups, {65537, KERNEL}, -EINVAL},
	{SYS_setgroups, {-1ul, BUFFER}, -EINVAL},
	{SYS_setgroups, {65536, KERNEL}, -EFAULT},
	{SYS_capget, {KERNEL, BUFFER}, -EFAULT},
	{SYS_capget, {BUFFER, KERNEL}, -EINVAL}, /* version 0 */
	{SYS_personality, {-1ul}, 0},

	{SYS_arch_prctl, {0x7777, BUFFER}, -EINVAL},
	{SYS_arch_prctl, {0x1003, KERNEL}, -EFAULT},
	{SYS_arch_prctl, {0x1002, KERNEL}, -EPERM},
	{SYS_prctl, {-1ul, 0, 0, 0, 0}, -EINVAL},
	{SYS_prctl, {9999, BUFFER, 0, 0, 0}, -EINVAL},
	{SYS_set_robust_list, {BUFFER, 0}, -EINVAL},
	{SYS_set_robust_list, {KERNEL, 25}, -EINVAL},
	{SYS_get_robust_list, {NOBODY, BUFFER, BUFFER}, -ESRCH},
	{SYS_get_robust_list, {-1ul, KERNEL, KERNEL}, -ESRCH},
	{SYS_get_robust_list, {0, KERNEL, BUFFER}, -EFAULT},
	{SYS_get_robust_list, {0, BUFFER, KERNEL}, -EFAULT},
	{SYS_getrandom, {BUFFER, 8, 8}, -EINVAL},
	{SYS_getrandom, {KERNEL, 8, 6}, -EINVAL}, /* both sources */
	{SYS_getrandom, {BUFFER, 8, -1ul}, -EINVAL},
	{SYS_getrandom, {KERNEL, 8, 0}, -EFAULT},
	{SYS_getrandom, {BUFFER, 0, 0}, 0},
};

static uintptr_t value_of(uintptr_t arg)
{
	static uint64_t zeroes[128];
	static const struct timespec bad = {0, 1000000000}, negative = {-1, 0}, ns = {0, -1};
	static const uint64_t ignore[4] = {1};
	static char text[8192];

	memset(zeroes, 0, sizeof(zeroes));
	memset(text, 'x', sizeof(text) - 1);
	switch (arg) {
	case SELF:
		return (uintptr_t)getpid();
	case BUFFER:
		return (uintptr_t)zeroes;
	case ODD:
		return (uintptr_t)zeroes + 2;
	case TIME_BAD:
		return (uintptr_t)&bad;
	case TIME_NEG:
		return (uintptr_t)&negative;
	case NS_NEG:
		return (uintptr_t)&ns;
	case ACTION:
		return (uintptr_t)ignore;
	case PROGRAM:
		return (uintptr_t)options.tiny;
	case LONG:
		return (uintptr_t)text;
	case EMPTY:
		return (uintptr_t) "";
	case NOWHERE:
		return (uintptr_t) "/there/is/no/such/file";
	case FOLDER:
		return (uintptr_t)options.bad;
	default:
		return arg;
	}
}

/* In a process of its own: some calls change what they are asked for although they fail. */
static void try_call(const struct bad_call *c)
{
	uintptr_t a[6];
	long got;

	for (unsigned int i = 0; i < 6; i++)
		a[i] = value_of(c->args[i]);
	got = raw_syscall6(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (got == c->want)
		return;
	say("# call %ld(%#lx, %#lx, %#lx, %#lx) is %ld, not %ld", c->nr, a[0], a[1], a[2], a[3],
	    got, c->want);
	_exit(TEST_FAILED);
}

TEST(badcalls, errnos)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		pid_t pid = fork();
		int status = -1;

		if (pid == 0) {
			try_call(&calls[i]);
			_exit(0);
		}
		CHECK(pid > 0);
		CHECK_EQ(wait_child(pid, &status), 0);
		if (status && status != EXITED(TEST_FAILED))
			say("# line %u, call %ld: wait status %#x", i, calls[i].nr, status);
		failed += status != 0;
	}
	CHECK_EQ(failed, 0);
}
