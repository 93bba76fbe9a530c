/*
 * Processes: fork, exec, exit, wait, kill. Each call acts on the running task and follows the Linux
 * call of that name.
 */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include "kernel/task.h"

#define CLONE_SIGNAL         0x000000ffUL
#define CLONE_VM             0x00000100UL
#define CLONE_FS             0x00000200UL
#define CLONE_FILES          0x00000400UL
#define CLONE_SIGHAND        0x00000800UL
#define CLONE_VFORK          0x00004000UL
#define CLONE_PARENT         0x00008000UL
#define CLONE_THREAD         0x00010000UL
#define CLONE_SYSVSEM        0x00040000UL
#define CLONE_SETTLS         0x00080000UL
#define CLONE_PARENT_SETTID  0x00100000UL
#define CLONE_CHILD_CLEARTID 0x00200000UL
#define CLONE_DETACHED       0x00400000UL
#define CLONE_CHILD_SETTID   0x01000000UL
#define CLONE_CLEAR_SIGHAND  0x100000000UL /* clone3 only */

struct clone_args {
	unsigned long flags; /* without CLONE_SIGNAL */
	int exit_signal;     /* to the parent when the process ends; 0: none */
	unsigned long stack; /* user stack pointer of the child; 0: the parent's */
	u32 __user *parent_tid;
	u32 __user *child_tid;
	unsigned long tls;
};

/* The child's pid, or -ENOMEM, -EINVAL, -EAGAIN. */
long do_clone(const struct clone_args *args);

/*
 * A new program in the running task, as execveat(2). On success the task returns to user mode at its first
 * instruction.
 */
long do_execveat(u64 dirfd, const char __user *path, const char __user *const __user *argv,
		 const char __user *const __user *envp, unsigned int flags);

/*
 * The first program, from a kernel thread that becomes process 1. Strings are the kernel's; both
 * arrays end with NULL.
 */
long kernel_execve(const char *path, const char *const *argv, const char *const *envp);

/*
 * Ends the thread, or the whole process. `status` as wait4 reports it: exit code << 8, or a signal.
 */
__noreturn void do_exit(int status);
__noreturn void do_group_exit(int status);

/*
 * Every other thread of the group shall die; the first status counts. Returns false when that is
 * under way already.
 */
bool group_kill_others(struct thread_group *g, int status, struct task_struct *exec);

#define WNOHANG    0x00000001
#define WUNTRACED  0x00000002
#define WSTOPPED   WUNTRACED
#define WEXITED    0x00000004
#define WCONTINUED 0x00000008
#define WNOWAIT    0x01000000
#define WNOTHREAD  0x20000000
#define WALL       0x40000000
#define WCLONE     0x80000000U

/* Locks the group's parent, which may be changing, and returns it. Inside rcu_read_lock(). exit.c. */
struct thread_group *group_lock_parent(struct thread_group *g);
/* Frees a dead process that is no child any more: its leader's last claim. */
void process_reap(struct thread_group *g);

/* siginfo of SIGCHLD: si_status is an exit code or a signal. waitpid.c. */
struct siginfo child_info(const struct thread_group *g, int code, int status);
/* The same of a group that has ended. */
struct siginfo child_end_info(const struct thread_group *g);

/* At boot: reads `userfaults=`. */
void signal_init(void);

/* Process 1: gets the orphans. */
extern struct thread_group *init_group;

/* Since boot, all CPUs together. */
struct process_counts {
	u64 forks, execs, exits;
};
DECLARE_PER_CPU(struct process_counts, process_counts);

/*
 * Wakes `n` at most of those who wait on the futex at `addr` of the running task's address space, which
 * is `private` to it or, in shared memory, everybody's who maps it. How many; -EFAULT: nothing is there.
 * May sleep. futex.c.
 */
long futex_wake(u32 __user *addr, bool private, unsigned int n);

/*
 * The running thread has a robust list, and leaves the address space that it is in: it dies, or execs. Process
 * context, no lock. robust.c.
 */
void robust_list_exit(void);

/* The running task leaves its address space (exit, exec): tells a vfork parent. */
void mm_release(struct task_struct *t);

#endif
