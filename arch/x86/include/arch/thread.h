/*
 * What the processor keeps for a task: its kernel stack pointer, FS and GS base, vector registers;
 * and the user registers at the top of its kernel stack.
 */
#ifndef ARCH_THREAD_H
#define ARCH_THREAD_H

#include "kernel/base/types.h"

struct regs;

/* XSAVE area for x87, SSE and AVX in the standard form (SDM vol. 1, 13.4). */
#define FPU_AREA_SIZE 832

struct thread {
	u64 rsp, rip;         /* kernel stack pointer, and where to go on, while not running */
	u64 stack_top;        /* highest address of the kernel stack, exclusive */
	u64 fs_base, gs_base; /* the user's, while not running */
	u64 fault_address;    /* of the user's last page fault that was a signal */
	u8 fpu[FPU_AREA_SIZE] __aligned(64);
};

/* The user registers of the task that owns `t`: valid while it is inside the kernel. */
struct regs *thread_regs(const struct thread *t);

/*
 * Arguments 0 to 5 of the system call that the task is in, as they stand in struct regs at the top of its
 * stack: r10, r9, r8, rax, rcx, rdx, rsi, rdi. What is written there the caller finds in that register.
 */
struct syscall_args {
	u64 a3, a5, a4, result, unused, a2, a1, a0;
};

#define SYSCALL_ARGS_BELOW 15 /* words from there to the top */

static inline struct syscall_args *thread_args(const struct thread *t)
{
	return (struct syscall_args *)((u64 *)t->stack_top - SYSCALL_ARGS_BELOW);
}

/* The number of the system call that the task is in. */
u64 thread_syscall_nr(const struct thread *t);
/* Its six arguments. */
void thread_syscall_args(const struct thread *t, u64 args[6]);

/* Registers that generic code reads or sets. */
unsigned long regs_ip(const struct regs *regs);
unsigned long regs_sp(const struct regs *regs);
void regs_set_return(struct regs *regs, long value);

/* A kernel thread on its own stack: runs fn(arg) when first switched to. */
void thread_init_kernel(struct thread *t, unsigned long stack_top, int (*fn)(void *), void *arg);

/*
 * A copy of the running task's user context: returns 0 in the child, on user stack `sp` (0: the
 * parent's), FS base `tls` when set_tls. Called by the parent.
 */
void thread_init_fork(struct thread *t, unsigned long stack_top, unsigned long sp, bool set_tls,
		      unsigned long tls);

/*
 * exec: the running task starts anew at `entry` with stack `sp`; all other registers zero, FPU
 * initial.
 */
void thread_start_user(struct thread *t, unsigned long entry, unsigned long sp);

/* User FS and GS base of the running task. */
unsigned long thread_get_fs(void);
void thread_set_fs(unsigned long base);
unsigned long thread_get_gs(void);
void thread_set_gs(unsigned long base);

#endif
