/*
 * The signal frame: see arch/sigframe.h. Its layout is Linux's for x86-64 (asm/sigcontext.h and
 * asm/ucontext.h of its user headers): below the red zone of 128 bytes (System V ABI 3.2.2) the vector
 * registers, at a multiple of 64, below them struct rt_sigframe, so that the handler begins with its
 * stack as after a call.
 */
#include "arch/sigframe.h"

#include "arch/page.h"
#include "arch/thread.h"
#include "arch/uaccess.h"
#include "arch/x86/cpufeature.h"
#include "arch/x86/regs.h"
#include "arch/x86/thread.h"
#include "kernel/base/string.h"
#include "kernel/task.h"

#define RED_ZONE 128

/* RFLAGS that user mode may set: CF PF AF ZF SF TF DF OF RF AC. */
#define RFLAGS_USER 0x50dd5UL
/* Off when a handler begins: TF DF RF. */
#define RFLAGS_HANDLER 0x10500UL

#define FP_XSTATE_MAGIC1 0x46505853U
#define FP_XSTATE_MAGIC2 0x46505845U

#define UC_FP_XSTATE         1UL
#define UC_SIGCONTEXT_SS     2UL
#define UC_STRICT_RESTORE_SS 4UL

struct sigcontext {
	u64 r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip,
		rflags;
	u16 cs, gs, fs, ss;
	u64 err, trapno, oldmask, cr2;
	u64 fpstate; /* 0: none */
	u64 reserved[8];
};

struct ucontext {
	u64 flags, link;
	struct sigstack stack;
	struct sigcontext context;
	u64 mask;
};

struct sigframe {
	u64 restorer; /* where the handler returns to */
	struct ucontext uc;
	struct siginfo info;
	u8 info_rest[128 - sizeof(struct siginfo)];
};

_Static_assert(sizeof(struct sigcontext) == 256, "sigcontext");
_Static_assert(sizeof(struct ucontext) == 304, "ucontext");
_Static_assert(sizeof(struct sigframe) == 8 + 304 + 128, "rt_sigframe");

/* What Linux keeps in bytes that FXSAVE leaves to software, at 464 of the legacy area. */
#define FPU_SOFTWARE 464
struct fpu_software {
	u32 magic1;
	u32 extended_size; /* magic2 included */
	u64 xfeatures;
	u32 xstate_size;
	u32 reserved[7];
};
_Static_assert(FPU_SOFTWARE + sizeof(struct fpu_software) == 512, "legacy area");

/* --- vector registers --- */

static size_t fpu_frame_size(void)
{
	return cpu_features.xsave_size + (cpu_features.xsave ? sizeof(u32) : 0);
}

static int fpu_push(unsigned long to)
{
	const u32 magic2 = FP_XSTATE_MAGIC2;
	struct fpu_software software = {
		.magic1 = FP_XSTATE_MAGIC1,
		.extended_size = (u32)fpu_frame_size(),
		.xfeatures = cpu_features.xcr0,
		.xstate_size = cpu_features.xsave_size,
	};

	/* A switch of tasks saves the same once more. */
	thread_save_fpu(&current->thread);
	if (copy_to_user((void __user *)to, current->thread.fpu, cpu_features.xsave_size))
		return -EFAULT;
	if (!cpu_features.xsave)
		software = (struct fpu_software){0};
	else if (copy_to_user((void __user *)(to + cpu_features.xsave_size), &magic2,
			      sizeof(magic2)))
		return -EFAULT;
	return copy_to_user((void __user *)(to + FPU_SOFTWARE), &software, sizeof(software));
}

/* Whether what the program left there is an XSAVE area, and not only the legacy part of one. */
static bool fpu_is_extended(unsigned long from, const u8 *area)
{
	const struct fpu_software *software = (const void *)(area + FPU_SOFTWARE);
	u32 magic2;

	return cpu_features.xsave && software->magic1 == FP_XSTATE_MAGIC1 &&
	       software->xstate_size == cpu_features.xsave_size &&
	       !copy_from_user(&magic2, (void __user *)(from + cpu_features.xsave_size),
			       sizeof(magic2)) &&
	       magic2 == FP_XSTATE_MAGIC2;
}

static int fpu_pop(unsigned long from)
{
	u8 area[FPU_AREA_SIZE] __aligned(64);
	bool extended;

	if (!from) {
		thread_reset_fpu();
		return 0;
	}
	memset(area, 0, sizeof(area));
	if (copy_from_user(area, (void __user *)from, 512))
		return -EFAULT;
	extended = fpu_is_extended(from, area);
	if (extended &&
	    copy_from_user(area + 512, (void __user *)(from + 512), cpu_features.xsave_size - 512))
		return -EFAULT;
	return thread_load_fpu(area, extended) ? 0 : -EFAULT;
}

/* --- the frame --- */

bool sigstack_holds(const struct sigstack *stack, unsigned long sp)
{
	return !(stack->flags & SS_AUTODISARM) && sp > stack->sp && sp - stack->sp <= stack->size;
}

static unsigned long frame_top(const struct regs *regs, const struct sigcall *call)
{
	if (call->on_stack && call->stack.size && !sigstack_holds(&call->stack, regs->rsp))
		return call->stack.sp + call->stack.size;
	return regs->rsp - RED_ZONE;
}

static struct sigcontext context_of(const struct regs *r, u64 mask, unsigned long fpstate)
{
	bool trap = r->error != REGS_SYSCALL;

	return (struct sigcontext){
		.r8 = r->r8,
		.r9 = r->r9,
		.r10 = r->r10,
		.r11 = r->r11,
		.r12 = r->r12,
		.r13 = r->r13,
		.r14 = r->r14,
		.r15 = r->r15,
		.rdi = r->rdi,
		.rsi = r->rsi,
		.rbp = r->rbp,
		.rbx = r->rbx,
		.rdx = r->rdx,
		.rax = r->rax,
		.rcx = r->rcx,
		.rsp = r->rsp,
		.rip = r->rip,
		.rflags = r->rflags,
		.cs = (u16)r->cs,
		.ss = (u16)r->ss,
		.err = trap ? r->error : 0,
		.trapno = trap ? r->vector : 0,
		.oldmask = mask,
		.cr2 = current->thread.fault_address,
		.fpstate = fpstate,
	};
}

int sigframe_push(struct regs *regs, const struct sigcall *call)
{
	unsigned long fpstate = ALIGN_DOWN(frame_top(regs, call) - fpu_frame_size(), 64);
	unsigned long at = ALIGN_DOWN(fpstate - sizeof(struct sigframe), 16) - 8;
	struct sigframe frame = {
		.restorer = call->restorer,
		.uc.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS |
			    (cpu_features.xsave ? UC_FP_XSTATE : 0),
		.uc.stack = call->stack,
		.uc.context = context_of(regs, call->mask, fpstate),
		.uc.mask = call->mask,
		.info = call->info,
	};

	/* On the alternate stack it must have room; that one ends where the program said. */
	if (sigstack_holds(&call->stack, regs->rsp) && !sigstack_holds(&call->stack, at))
		return -EFAULT;
	if (call->handler >= USER_END || fpu_push(fpstate) ||
	    copy_to_user((void __user *)at, &frame, sizeof(frame)))
		return -EFAULT;
	thread_reset_fpu();
	regs->rdi = (u64)call->info.signo;
	regs->rsi = at + offsetof(struct sigframe, info);
	regs->rdx = at + offsetof(struct sigframe, uc);
	regs->rax = 0;
	regs->rip = call->handler;
	regs->rsp = at;
	regs->rflags &= ~RFLAGS_HANDLER;
	regs->error = 0;
	return 0;
}

/* Segments and the flags that are the kernel's stay what they are. */
static void take_context(struct regs *r, const struct sigcontext *c)
{
	r->r8 = c->r8, r->r9 = c->r9, r->r10 = c->r10, r->r11 = c->r11;
	r->r12 = c->r12, r->r13 = c->r13, r->r14 = c->r14, r->r15 = c->r15;
	r->rdi = c->rdi, r->rsi = c->rsi, r->rbp = c->rbp, r->rbx = c->rbx;
	r->rdx = c->rdx, r->rax = c->rax, r->rcx = c->rcx;
	r->rsp = c->rsp, r->rip = c->rip;
	r->rflags = (r->rflags & ~RFLAGS_USER) | (c->rflags & RFLAGS_USER);
	r->error = 0; /* not a system call any more: rax is not its result */
}

int sigframe_pop(struct regs *regs, u64 *mask, struct sigstack *stack)
{
	struct ucontext uc;

	/* The handler's RET has taken the restorer off. */
	if (copy_from_user(&uc, (void __user *)regs->rsp, sizeof(uc)))
		return -EFAULT;
	/* IRET to what is no user address is a fault in the kernel. */
	if (uc.context.rip >= USER_END || fpu_pop(uc.context.fpstate))
		return -EFAULT;
	take_context(regs, &uc.context);
	*mask = uc.mask;
	*stack = uc.stack;
	return 0;
}

/* --- system calls --- */

bool regs_in_syscall(const struct regs *regs, long *result)
{
	*result = (long)regs->rax;
	return regs->error == REGS_SYSCALL;
}

void regs_end_syscall(struct regs *regs, long result)
{
	regs->rax = (u64)result;
	regs->error = 0;
}

/* SYSCALL has two bytes; its number is what rax held. */
void regs_repeat_syscall(struct regs *regs, long nr)
{
	regs->rax = nr < 0 ? regs->vector : (u64)nr;
	regs->rip -= 2;
	regs->error = 0;
}
