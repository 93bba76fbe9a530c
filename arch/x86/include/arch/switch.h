/*
 * The switch between two tasks' contexts, and what it is made of. In a header because it is a part of every direct
 * switch, which is too short for calls: for kernel/switch.h and arch/x86/thread.c.
 */
#ifndef ARCH_SWITCH_H
#define ARCH_SWITCH_H

#include "arch/thread.h"
#include "kernel/base/percpu.h"

/* Top of the running task's kernel stack: SYSCALL begins there, and traps from user mode (desc.c). */
DECLARE_PER_CPU(u64, cpu_kernel_stack);

extern bool thread_xsave; /* constant after boot: the processor has XSAVE */

#define XSAVE_COMPONENTS 7 /* x87, SSE, AVX; masked by XCR0 */

static inline u64 rdfsbase(void)
{
	u64 base;

	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static inline void wrfsbase(u64 base)
{
	__asm__ volatile("wrfsbase %0" ::"r"(base));
}

/*
 * The user's GS base, which SWAPGS keeps in an MSR while the kernel runs. Interrupts off: between
 * the two SWAPGS the kernel has no per-CPU variables. (An NMI brings its own GS base, see
 * entry.asm.)
 */
static inline u64 read_user_gs(void)
{
	u64 base;

	__asm__ volatile("swapgs; rdgsbase %0; swapgs" : "=r"(base)::"memory");
	return base;
}

static inline void write_user_gs(u64 base)
{
	__asm__ volatile("swapgs; wrgsbase %0; swapgs" ::"r"(base) : "memory");
}

static inline u64 exchange_user_gs(u64 new)
{
	u64 old;

	__asm__ volatile("swapgs; rdgsbase %0; wrgsbase %1; swapgs"
			 : "=&r"(old)
			 : "r"(new)
			 : "memory");
	return old;
}

/* `new` if the processor has XSAVE, else `old`, out of the way. */
#define IF_XSAVE(new, old)                                                                         \
	"cmpb $0, %[has]\n\t"                                                                      \
	"je 2f\n\t" new "\n"                                                                       \
			"1:\n\t"                                                                   \
			".pushsection .text.unlikely, \"ax\"\n"                                    \
			"2:\t" old "\n\t"                                                          \
			"jmp 1b\n\t"                                                               \
			".popsection"

struct fpu_area {
	u8 bytes[FPU_AREA_SIZE];
};

static __always_inline void fpu_save(u8 *area)
{
	__asm__ volatile(IF_XSAVE("xsave64 %[area]", "fxsave64 %[area]")
			 : [area] "+m"(*(struct fpu_area *)area)
			 : [has] "m"(thread_xsave), "a"(XSAVE_COMPONENTS), "d"(0)
			 : "memory", "cc");
}

static __always_inline void fpu_restore(const u8 *area)
{
	__asm__ volatile(IF_XSAVE("xrstor64 %[area]", "fxrstor64 %[area]")
			 :
			 : [area] "m"(*(const struct fpu_area *)area), [has] "m"(thread_xsave),
			   "a"(XSAVE_COMPONENTS), "d"(0)
			 : "memory", "cc");
}

/* Both, with one question. */
static __always_inline void fpu_exchange(u8 *save, const u8 *load)
{
	__asm__ volatile(IF_XSAVE("xsave64 %[save]\n\txrstor64 %[load]",
				  "fxsave64 %[save]\n\tfxrstor64 %[load]")
			 : [save] "+m"(*(struct fpu_area *)save)
			 : [load] "m"(*(const struct fpu_area *)load), [has] "m"(thread_xsave),
			   "a"(XSAVE_COMPONENTS), "d"(0)
			 : "memory", "cc");
}

/*
 * Goes on where `next` was left, and comes back when somebody goes on here. The compiler keeps what it needs of the
 * registers on the stack, so that only the stack pointer, the frame pointer and the place are left to save.
 */
static __always_inline void switch_stacks(struct thread *prev, struct thread *next)
{
	/* Here, and not where the addresses are first known: they would be saved for this. */
	__asm__ volatile("" : "+D"(prev), "+S"(next));
	__asm__ volatile(
		"pushq %%rbp\n\t"
		"movq %%rsp, %c[rsp](%[prev])\n\t"
		"movq $1f, %c[rip](%[prev])\n\t"
		"movq %c[rsp](%[next]), %%rsp\n\t"
		"jmpq *%c[rip](%[next])\n"
		"1:\n\t"
		"popq %%rbp"
		: [prev] "+D"(prev), [next] "+S"(next)
		: [rsp] "i"(offsetof(struct thread, rsp)), [rip] "i"(offsetof(struct thread, rip))
		: "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		  "memory", "cc");
}

/*
 * Switches kernel stacks, and for a task with a user's context (_user) FS and GS base and vector registers. Interrupts
 * off. Returns when `prev` runs again, perhaps on another CPU.
 */
static __always_inline void thread_switch(struct thread *prev, bool prev_user, struct thread *next,
					  bool next_user)
{
	if (prev_user) {
		prev->fs_base = rdfsbase();
		prev->gs_base = next_user ? exchange_user_gs(next->gs_base) : read_user_gs();
	}
	if (next_user) {
		wrfsbase(next->fs_base);
		if (!prev_user)
			write_user_gs(next->gs_base);
	}
	if (prev_user && next_user)
		fpu_exchange(prev->fpu, next->fpu);
	else if (prev_user)
		fpu_save(prev->fpu);
	else if (next_user)
		fpu_restore(next->fpu);
	this_cpu_write(cpu_kernel_stack, next->stack_top);
	switch_stacks(prev, next);
}

#endif
