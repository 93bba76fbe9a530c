/*
 * cpu_online: brings a CPU online that was not started at boot, one system call above the Linux ABI.
 *
 *	long cpu_online(unsigned int cpu);
 *
 * The CPUs of the machine are numbered from 0; the boot option maxcpus=N leaves those from N on for
 * this call. 0: the CPU is online, and tasks run there. Refused, like pgctl, with -EPERM unless the
 * kernel command line has `pgctl=1`. -EINVAL: there is no such CPU; -EEXIST: it is online already;
 * -ENOMEM; -ETIMEDOUT: it does not answer (the log has the stage that it came to), and may be tried
 * again. This header is read by the kernel and by user programs.
 */
#ifndef KERNEL_ABI_CPU_H
#define KERNEL_ABI_CPU_H

#define SYS_cpu_online 1100

#endif
