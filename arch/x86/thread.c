/* Task contexts: see arch/thread.h. The assembly half is in entry.asm. */
#include "arch/switch.h"

#include "arch/cpu.h"
#include "arch/page.h"
#include "arch/x86/cpufeature.h"
#include "arch/x86/desc.h"
#include "arch/x86/regs.h"
#include "arch/x86/thread.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"

#define USER_CS     0x23
#define USER_SS     0x1b
#define USER_RFLAGS (X86_EFLAGS_IF | 2)

#define MXCSR_INITIAL 0x1f80
#define FCW_INITIAL   0x37f

#define ARGS_AT(member)                                                                            \
	(sizeof(struct regs) - SYSCALL_ARGS_BELOW * sizeof(u64) +                                  \
	 offsetof(struct syscall_args, member))
_Static_assert(ARGS_AT(a3) == offsetof(struct regs, r10), "struct syscall_args");
_Static_assert(ARGS_AT(a5) == offsetof(struct regs, r9), "struct syscall_args");
_Static_assert(ARGS_AT(a4) == offsetof(struct regs, r8), "struct syscall_args");
_Static_assert(ARGS_AT(a2) == offsetof(struct regs, rdx), "struct syscall_args");
_Static_assert(ARGS_AT(a0) == offsetof(struct regs, rdi), "struct syscall_args");

void ret_from_fork(void);
void kthread_start(void);

bool thread_xsave;

static u8 fpu_initial[FPU_AREA_SIZE] __aligned(64);

void thread_save_fpu(struct thread *t)
{
	fpu_save(t->fpu);
}

void thread_reset_fpu(void)
{
	fpu_restore(fpu_initial);
}

#define MXCSR_MASK_DEFAULT 0xffbfU /* where FXSAVE stores 0 (SDM vol. 1, 11.6.6) */

bool thread_load_fpu(u8 *area, bool extended)
{
	u64 *header = (u64 *)(area + 512); /* XSTATE_BV, XCOMP_BV, and what must be zero */
	u8 now[FPU_AREA_SIZE] __aligned(64);
	u32 mask;

	/* The header words that XSAVE leaves alone do not matter: this area is not loaded. */
	fpu_save(now);
	mask = *(u32 *)&now[28];
	if (*(u32 *)&area[24] & ~(mask ? mask : MXCSR_MASK_DEFAULT))
		return false;
	header[0] = extended ? header[0] & cpu_features.xcr0 & XSAVE_COMPONENTS : 3;
	memset(&header[1], 0, 56);
	fpu_restore(area);
	return true;
}

void thread_init_boot(void)
{
	thread_xsave = cpu_features.xsave;
	/* The legacy area's layout: FCW at 0, MXCSR at 24 (SDM vol. 1, table 10-2). */
	*(u16 *)&fpu_initial[0] = FCW_INITIAL;
	*(u32 *)&fpu_initial[24] = MXCSR_INITIAL;
}

struct regs *thread_regs(const struct thread *t)
{
	return (struct regs *)t->stack_top - 1;
}

u64 thread_syscall_nr(const struct thread *t)
{
	return thread_regs(t)->vector;
}

void thread_syscall_args(const struct thread *t, u64 args[6])
{
	const struct regs *regs = thread_regs(t);

	args[0] = regs->rdi;
	args[1] = regs->rsi;
	args[2] = regs->rdx;
	args[3] = regs->r10;
	args[4] = regs->r8;
	args[5] = regs->r9;
}

unsigned long regs_ip(const struct regs *regs)
{
	return regs->rip;
}

unsigned long regs_sp(const struct regs *regs)
{
	return regs->rsp;
}

void regs_set_return(struct regs *regs, long value)
{
	regs->rax = (u64)value;
}

/* What kthread_start pops. */
struct kthread_frame {
	u64 fn, arg;
};

void thread_init_kernel(struct thread *t, unsigned long stack_top, int (*fn)(void *), void *arg)
{
	/* Room for a struct regs above: a kernel thread may become a user process. */
	struct kthread_frame *frame = (struct kthread_frame *)((struct regs *)stack_top - 1) - 1;

	*frame = (struct kthread_frame){(u64)fn, (u64)arg};
	t->stack_top = stack_top;
	t->rsp = (u64)frame;
	t->rip = (u64)kthread_start;
	t->fs_base = t->gs_base = 0;
	memcpy(t->fpu, fpu_initial, sizeof(fpu_initial));
}

void thread_init_fork(struct thread *t, unsigned long stack_top, unsigned long sp, bool set_tls,
		      unsigned long tls)
{
	struct regs *child = (struct regs *)stack_top - 1;

	*child = *((const struct regs *)this_cpu_read(cpu_kernel_stack) - 1);
	child->rax = 0;
	if (sp)
		child->rsp = sp;
	t->stack_top = stack_top;
	t->rsp = (u64)child;
	t->rip = (u64)ret_from_fork;
	t->fs_base = set_tls ? tls : rdfsbase();
	t->gs_base = thread_get_gs();
	/*
	 * The header words that XSAVE does not write must be zero for XRSTOR (SDM vol. 1, 13.4.2).
	 */
	memset(t->fpu + 512, 0, 64);
	fpu_save(t->fpu);
}

void thread_start_user(struct thread *t, unsigned long entry, unsigned long sp)
{
	*thread_regs(t) = (struct regs){
		.rip = entry,
		.cs = USER_CS,
		.rflags = USER_RFLAGS,
		.rsp = sp,
		.ss = USER_SS,
	};
	wrfsbase(0);
	thread_set_gs(0);
	fpu_restore(fpu_initial);
}

unsigned long thread_get_fs(void)
{
	return rdfsbase();
}

void thread_set_fs(unsigned long base)
{
	wrfsbase(base);
}

unsigned long thread_get_gs(void)
{
	unsigned long flags = irq_save(), base = read_user_gs();

	irq_restore(flags);
	return base;
}

void thread_set_gs(unsigned long base)
{
	unsigned long flags = irq_save();

	write_user_gs(base);
	irq_restore(flags);
}
