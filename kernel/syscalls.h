/*
 * The system calls, for the table: arguments as user space passed them, results or -errno. Linux's
 * manual says the rest.
 */
#ifndef KERNEL_SYSCALLS_H
#define KERNEL_SYSCALLS_H

#include "kernel/base/compiler.h"
#include "kernel/base/errno.h"
#include "kernel/base/types.h"

#define SYSCALL(name) long sys_##name(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)

#define SYSCALLS(X)                                                                                \
	X(0, read)                                                                                 \
	X(1, write)                                                                                \
	X(2, open)                                                                                 \
	X(3, close)                                                                                \
	X(4, stat)                                                                                 \
	X(5, fstat)                                                                                \
	X(6, lstat)                                                                                \
	X(7, poll)                                                                                 \
	X(8, lseek)                                                                                \
	X(9, mmap)                                                                                 \
	X(10, mprotect)                                                                            \
	X(11, munmap)                                                                              \
	X(12, brk)                                                                                 \
	X(13, rt_sigaction)                                                                        \
	X(14, rt_sigprocmask)                                                                      \
	X(15, rt_sigreturn)                                                                        \
	X(16, ioctl)                                                                               \
	X(17, pread64)                                                                             \
	X(18, pwrite64)                                                                            \
	X(19, readv)                                                                               \
	X(20, writev)                                                                              \
	X(21, access)                                                                              \
	X(22, pipe)                                                                                \
	X(23, select)                                                                              \
	X(24, sched_yield)                                                                         \
	X(25, mremap)                                                                              \
	X(26, msync)                                                                               \
	X(27, mincore)                                                                             \
	X(28, madvise)                                                                             \
	X(32, dup)                                                                                 \
	X(33, dup2)                                                                                \
	X(34, pause)                                                                               \
	X(35, nanosleep)                                                                           \
	X(36, getitimer)                                                                           \
	X(37, alarm)                                                                               \
	X(38, setitimer)                                                                           \
	X(39, getpid)                                                                              \
	X(40, sendfile)                                                                            \
	X(56, clone)                                                                               \
	X(57, fork)                                                                                \
	X(58, vfork)                                                                               \
	X(59, execve)                                                                              \
	X(60, exit)                                                                                \
	X(61, wait4)                                                                               \
	X(62, kill)                                                                                \
	X(63, uname)                                                                               \
	X(72, fcntl)                                                                               \
	X(73, flock)                                                                               \
	X(74, fsync)                                                                               \
	X(75, fdatasync)                                                                           \
	X(76, truncate)                                                                            \
	X(77, ftruncate)                                                                           \
	X(79, getcwd)                                                                              \
	X(80, chdir)                                                                               \
	X(81, fchdir)                                                                              \
	X(82, rename)                                                                              \
	X(83, mkdir)                                                                               \
	X(84, rmdir)                                                                               \
	X(85, creat)                                                                               \
	X(86, link)                                                                                \
	X(87, unlink)                                                                              \
	X(88, symlink)                                                                             \
	X(89, readlink)                                                                            \
	X(90, chmod)                                                                               \
	X(91, fchmod)                                                                              \
	X(92, chown)                                                                               \
	X(93, fchown)                                                                              \
	X(94, lchown)                                                                              \
	X(95, umask)                                                                               \
	X(96, gettimeofday)                                                                        \
	X(97, getrlimit)                                                                           \
	X(98, getrusage)                                                                           \
	X(99, sysinfo)                                                                             \
	X(100, times)                                                                              \
	X(102, getuid)                                                                             \
	X(104, getgid)                                                                             \
	X(105, setuid)                                                                             \
	X(106, setgid)                                                                             \
	X(107, geteuid)                                                                            \
	X(108, getegid)                                                                            \
	X(109, setpgid)                                                                            \
	X(110, getppid)                                                                            \
	X(111, getpgrp)                                                                            \
	X(112, setsid)                                                                             \
	X(113, setreuid)                                                                           \
	X(114, setregid)                                                                           \
	X(115, getgroups)                                                                          \
	X(116, setgroups)                                                                          \
	X(117, setresuid)                                                                          \
	X(118, getresuid)                                                                          \
	X(119, setresgid)                                                                          \
	X(120, getresgid)                                                                          \
	X(121, getpgid)                                                                            \
	X(122, setfsuid)                                                                           \
	X(123, setfsgid)                                                                           \
	X(124, getsid)                                                                             \
	X(125, capget)                                                                             \
	X(127, rt_sigpending)                                                                      \
	X(128, rt_sigtimedwait)                                                                    \
	X(129, rt_sigqueueinfo)                                                                    \
	X(130, rt_sigsuspend)                                                                      \
	X(131, sigaltstack)                                                                        \
	X(132, utime)                                                                              \
	X(133, mknod)                                                                              \
	X(135, personality)                                                                        \
	X(137, statfs)                                                                             \
	X(138, fstatfs)                                                                            \
	X(140, getpriority)                                                                        \
	X(141, setpriority)                                                                        \
	X(142, sched_setparam)                                                                     \
	X(143, sched_getparam)                                                                     \
	X(144, sched_setscheduler)                                                                 \
	X(145, sched_getscheduler)                                                                 \
	X(146, sched_get_priority_max)                                                             \
	X(147, sched_get_priority_min)                                                             \
	X(148, sched_rr_get_interval)                                                              \
	X(149, mlock)                                                                              \
	X(150, munlock)                                                                            \
	X(151, mlockall)                                                                           \
	X(152, munlockall)                                                                         \
	X(157, prctl)                                                                              \
	X(158, arch_prctl)                                                                         \
	X(160, setrlimit)                                                                          \
	X(161, chroot)                                                                             \
	X(162, sync)                                                                               \
	X(170, sethostname)                                                                        \
	X(171, setdomainname)                                                                      \
	X(186, gettid)                                                                             \
	X(187, readahead)                                                                          \
	X(200, tkill)                                                                              \
	X(201, time)                                                                               \
	X(202, futex)                                                                              \
	X(203, sched_setaffinity)                                                                  \
	X(204, sched_getaffinity)                                                                  \
	X(217, getdents64)                                                                         \
	X(218, set_tid_address)                                                                    \
	X(219, restart_syscall)                                                                    \
	X(221, fadvise64)                                                                          \
	X(228, clock_gettime)                                                                      \
	X(229, clock_getres)                                                                       \
	X(230, clock_nanosleep)                                                                    \
	X(231, exit_group)                                                                         \
	X(234, tgkill)                                                                             \
	X(235, utimes)                                                                             \
	X(247, waitid)                                                                             \
	X(257, openat)                                                                             \
	X(258, mkdirat)                                                                            \
	X(259, mknodat)                                                                            \
	X(260, fchownat)                                                                           \
	X(261, futimesat)                                                                          \
	X(262, newfstatat)                                                                         \
	X(263, unlinkat)                                                                           \
	X(264, renameat)                                                                           \
	X(265, linkat)                                                                             \
	X(266, symlinkat)                                                                          \
	X(267, readlinkat)                                                                         \
	X(268, fchmodat)                                                                           \
	X(269, faccessat)                                                                          \
	X(270, pselect6)                                                                           \
	X(271, ppoll)                                                                              \
	X(273, set_robust_list)                                                                    \
	X(274, get_robust_list)                                                                    \
	X(280, utimensat)                                                                          \
	X(285, fallocate)                                                                          \
	X(292, dup3)                                                                               \
	X(293, pipe2)                                                                              \
	X(295, preadv)                                                                             \
	X(296, pwritev)                                                                            \
	X(297, rt_tgsigqueueinfo)                                                                  \
	X(302, prlimit64)                                                                          \
	X(309, getcpu)                                                                             \
	X(316, renameat2)                                                                          \
	X(314, sched_setattr)                                                                      \
	X(315, sched_getattr)                                                                      \
	X(318, getrandom)                                                                          \
	X(322, execveat)                                                                           \
	X(325, mlock2)                                                                             \
	X(326, copy_file_range)                                                                    \
	X(327, preadv2)                                                                            \
	X(328, pwritev2)                                                                           \
	X(332, statx)                                                                              \
	X(435, clone3)                                                                             \
	X(436, close_range)                                                                        \
	X(439, faccessat2)                                                                         \
	X(1024, pgctl)                                                                             \
	X(1025, ipc_port)                                                                          \
	X(1026, ipc_connect)                                                                       \
	X(1027, ipc_call)                                                                          \
	X(1028, ipc_send)                                                                          \
	X(1029, ipc_receive)                                                                       \
	X(1030, ipc_reply)                                                                         \
	X(1031, ipc_reply_receive)                                                                 \
	X(1032, ipc_read)                                                                          \
	X(1033, ipc_write)                                                                         \
	X(1034, ipc_take)                                                                          \
	X(1035, ipc_info)                                                                          \
	X(1036, ipc_pulse)                                                                         \
	X(1037, memobj_create)                                                                     \
	X(1038, ipc_timer)                                                                         \
	X(1039, ipc_timer_set)                                                                     \
	X(1040, ipc_watch)                                                                         \
	X(1041, ipc_serve)                                                                         \
	X(1045, ipc_requeue)                                                                       \
	X(1046, ipc_last)                                                                          \
	X(1047, memobj_end)                                                                        \
	X(1048, memobj_view)                                                                       \
	X(1050, machine_bootfile)                                                                  \
	X(1051, machine_framebuffer)                                                               \
	X(1052, machine_cmdline)                                                                   \
	X(1053, machine_poweroff)                                                                  \
	X(1054, machine_ioports)                                                                   \
	X(1055, ioports_enable)                                                                    \
	X(1056, machine_irq)                                                                       \
	X(1057, irq_attach)                                                                        \
	X(1058, irq_ack)                                                                           \
	X(1059, machine_mmio)                                                                      \
	X(1060, machine_spare)                                                                     \
	X(1069, machine_processes)                                                                 \
	X(1070, procinfo_pids)                                                                     \
	X(1071, procinfo_threads)                                                                  \
	X(1072, procinfo_task)                                                                     \
	X(1073, procinfo_args)                                                                     \
	X(1074, procinfo_maps)                                                                     \
	X(1075, procinfo_memory)                                                                   \
	X(1076, procinfo_system)                                                                   \
	X(1077, procinfo_cpus)                                                                     \
	X(1078, procinfo_pgsync)                                                                   \
	X(1079, procinfo_roots)                                                                    \
	X(1080, fs_root)                                                                           \
	X(1081, fs_notify)                                                                         \
	X(1100, cpu_online)

#define SYSCALL_DECLARE(nr, name) SYSCALL(name);
SYSCALLS(SYSCALL_DECLARE)
#undef SYSCALL_DECLARE

/* kernel/pgctl.c. */
long do_pgctl(unsigned int op, unsigned long a, unsigned long b, void __user *out);

/*
 * What a call returns that has made `result`: if that is for want of memory, and the caches had some,
 * the result of the whole call made once more. The arguments are read back from the user's registers
 * then, so that the usual way does not have to keep them.
 */
#define RETRY_NOMEM(result)                                                                        \
	({                                                                                         \
		long ret__ = (result);                                                             \
		likely(ret__ != -ENOMEM) ? ret__ : syscall_again();                                \
	})

long syscall_again(void);

/* For what a call takes no notice of. */
#define UNUSED_ARGS(...) ((void)sizeof((u64[]){__VA_ARGS__}))

#endif
