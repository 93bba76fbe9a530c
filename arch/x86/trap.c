/*
 * Traps and interrupts, from entry.asm to whoever handles them.
 */
#include "arch/trap.h"

#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/machine.h"
#include "arch/mmu.h"
#include "arch/page.h"
#include "arch/x86/acpi_event.h"
#include "arch/x86/apic.h"
#include "arch/x86/call.h"
#include "arch/x86/cpu_regs.h"
#include "arch/x86/cpufeature.h"
#include "arch/x86/regs.h"
#include "arch/x86/usercopy.h"
#include "arch/x86/vectors.h"
#include "kernel/base/contextcheck.h"
#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/preempt.h"
#include "kernel/base/trace.h"
#include "kernel/kstack.h"
#include "kernel/task.h"
#include "mm/mm.h"

/* si_code of SIGFPE, SIGTRAP, SIGILL */
#define FPE_INTDIV 1
#define TRAP_TRACE 2
#define ILL_ILLOPN 2

/* Page-fault error code (SDM vol. 3A, figure 4-12). */
#define PF_PRESENT  0x1
#define PF_WRITE    0x2
#define PF_USER     0x4
#define PF_RESERVED 0x8
#define PF_FETCH    0x10

/* entry.asm counts in words. */
_Static_assert(offsetof(struct regs, r11) == 6 * 8, "entry.asm R_R11");
_Static_assert(offsetof(struct regs, rax) == 10 * 8, "entry.asm R_RAX");
_Static_assert(offsetof(struct regs, rdi) == 14 * 8, "entry.asm R_RDI");
_Static_assert(offsetof(struct regs, rip) == 17 * 8, "entry.asm R_RIP");
_Static_assert(offsetof(struct regs, rsp) == 20 * 8, "entry.asm R_RSP");

void trap_dispatch(struct regs *regs);
void trap_paranoid(struct regs *regs);
void exit_to_user(struct regs *regs);

struct exception {
	const char *name;
	int signal; /* what it is to a user program */
	/* its si_code, and then si_addr is the instruction; 0: SI_KERNEL, and si_addr is 0 */
	int code;
};

static const struct exception exceptions[32] = {
	[0] = {"divide error", SIGFPE, FPE_INTDIV},
	[1] = {"debug exception", SIGTRAP, TRAP_TRACE},
	[2] = {"non-maskable interrupt", 0},
	[3] = {"breakpoint", SIGTRAP},
	[4] = {"overflow", SIGSEGV},
	[5] = {"bound range exceeded", SIGSEGV},
	[6] = {"invalid opcode", SIGILL, ILL_ILLOPN},
	[7] = {"device not available", SIGFPE},
	[8] = {"double fault", 0},
	[10] = {"invalid TSS", SIGSEGV},
	[11] = {"segment not present", SIGBUS},
	[12] = {"stack-segment fault", SIGBUS},
	[13] = {"general protection fault", SIGSEGV},
	[14] = {"page fault", SIGSEGV},
	[16] = {"x87 floating-point error", SIGFPE},
	[17] = {"alignment check", SIGBUS},
	[18] = {"machine check", 0},
	[19] = {"SIMD floating-point exception", SIGFPE},
	[21] = {"control protection exception", SIGSEGV},
};

static const char *exception_name(u64 vector)
{
	return exceptions[vector].name ? exceptions[vector].name : "reserved exception";
}

/*
 * The root slot is there in the reference, but not in the root that is loaded: the bug that this
 * kernel is about.
 */
static bool fault_is_missing_slot(unsigned long va)
{
	unsigned int slot = root_slot(va);
	const pte_t *root = phys_to_virt(read_cr3() & PTE_PHYS_MASK);

	return va >= USER_END && slot >= ROOT_KERNEL && pte_present(swapper_pg_dir[slot]) &&
	       !pte_present(root[slot]);
}

/* A table that stands still until pgsync_unpin_all(). */
static void report_pinned_root(const struct regs *regs, unsigned long va)
{
	const struct mm_root *root = regs->error & PF_WRITE ? pinned_root_at(va) : NULL;

	if (root)
		panic_regs(regs, "write to pinned root %p (process %d, slot %lu) by %#lx on CPU %u",
			   (void *)root, task_root_owner(root), (va & ~PAGE_MASK) / sizeof(pte_t),
			   (unsigned long)regs->rip, cpu_id());
}

/* At `va`, in the guard below a stack. */
static __noreturn void stack_overflow(const struct regs *regs, unsigned long va, const char *what)
{
	unsigned long end = kstack_top_of(va) - KSTACK_SIZE;
	const struct task_struct *t = current;

	panic_regs(regs,
		   "kernel stack overflow: %s[%d] is %lu bytes beyond its %lu, %s at %#lx, stack "
		   "pointer %#lx",
		   t ? t->comm : "boot", t ? t->pid : 0, end - va, KSTACK_SIZE, what, va,
		   (unsigned long)regs->rsp);
}

static __noreturn void kernel_page_fault(const struct regs *regs, unsigned long va)
{
	const char *access = regs->error & PF_FETCH   ? "execute"
			     : regs->error & PF_WRITE ? "write"
						      : "read";

	if (kstack_guard(va))
		stack_overflow(regs, va, access);
	if (fault_is_missing_slot(va)) {
		TRACE(fault_missing, phys_to_virt(read_cr3() & PTE_PHYS_MASK), root_slot(va));
		panic_regs(regs, "missing slot %u: %s at %#lx; the reference root has it",
			   root_slot(va), access, va);
	}
	report_pinned_root(regs, va);
	panic_regs(regs, "page fault in the kernel: %s at %#lx, error %#lx", access, va,
		   (unsigned long)regs->error);
}

/*
 * Whether it can be for want of a slot that another root has: the kernel's access to its own half,
 * nothing there.
 */
static bool fault_may_want_slot(const struct regs *regs, unsigned long va)
{
	/* What is there may not be asked for: "it is there now" would be the answer, for ever. */
	if (regs->error & (PF_PRESENT | PF_RESERVED))
		return false;
	return MUTANT(fault_unfiltered) || (!(regs->error & PF_USER) && va >= USER_END);
}

/* The faulting address, which any fault from here on replaces. */
static unsigned long fault_address(void)
{
	unsigned long va;

	RACE_POINT(fault_trapped);
	va = read_cr2();
	RACE_POINT(fault_read);
	return va;
}

/* What a program gets for a fault that mm_fault() has refused. */
static int fault_signal(int error)
{
	switch (error) {
	case -ENOMEM:
		return SIGKILL;
	case -ENXIO:
		return SIGBUS;
	default:
		return SIGSEGV;
	}
}

static void page_fault(struct regs *regs)
{
	unsigned long va = fault_address();
	unsigned long access = (regs->error & PF_WRITE ? FAULT_WRITE : 0) |
			       (regs->error & PF_FETCH ? FAULT_EXEC : 0);
	bool user = regs_user_mode(regs);
	u64 fixup = user ? 0 : ex_table_fixup(regs->rip);
	int error = -EFAULT;

	/*
	 * A user instruction can reach memory as the supervisor (descriptor tables; all of IRET, in
	 * QEMU), where SMAP forbids a page that is there: no page would ever satisfy it.
	 */
	bool implicit = user && (regs->error & (PF_USER | PF_PRESENT)) == PF_PRESENT;

	/* Before anything that may touch memory in a new slot itself (I30, I31). */
	if (fault_may_want_slot(regs, va) && pgsync_fault(va))
		return;
	if (unlikely(regs->error & PF_RESERVED))
		panic_regs(regs, "page table corrupted: reserved bit set on the way to %#lx", va);
	/* In the kernel only the user copy may touch user memory. */
	if (likely((user && !implicit) ||
		   (fixup && va < USER_END && current->mm && !this_cpu_read(usercopy_nofault)))) {
		ASSERT_MSG(user || preempt_depth() == 0, "user copy of %#lx with preemption off",
			   va);
		irq_enable();
		error = mm_fault(current->mm, va, access);
		irq_disable();
		if (likely(error == 0)) {
			current->usage.faults++;
			return;
		}
	}
	if (user) {
		if (task_must_die())
			return; /* for want of memory, perhaps: nothing of its own doing */
		irq_enable();
		current->thread.fault_address = va;
		user_fault(fault_signal(error), error == -ENXIO ? BUS_ADRERR : SEGV_MAPERR, va,
			   error == -ENOMEM ? "out of memory in a page fault" : "page fault");
		irq_disable();
	} else if (fixup) {
		regs->rip = fixup;
	} else {
		kernel_page_fault(regs, va);
	}
}

static void interrupt(const struct regs *regs)
{
	struct context_frame frame = context_enter_irq();
	u64 vector = regs->vector;

	preempt_disable();
	switch (vector) {
	case VECTOR_TIMER:
		apic_eoi();
		sched_timer_interrupt(regs_user_mode(regs));
		break;
	case VECTOR_RESCHED:
		apic_eoi();
		sched_resched_interrupt();
		break;
	case VECTOR_CALL:
		apic_eoi();
		call_interrupt();
		break;
	case VECTOR_SCI:
		/* A level: first its cause, then the acknowledgement. */
		acpi_sci_interrupt();
		apic_eoi();
		break;
	case VECTOR_DEVICE ... VECTOR_DEVICE + IRQ_LINES - 1:
		/* A level is masked before the acknowledgement lets it come again. */
		irq_line_interrupt((u32)(vector - VECTOR_DEVICE));
		apic_eoi();
		break;
	default:
		/* Spurious ones, of the APIC or the masked 8259s, are not acknowledged. */
		break;
	}
	preempt_enable_no_resched();
	context_leave_irq(&frame, vector);
}

static void exception(struct regs *regs)
{
	const struct exception *e = &exceptions[regs->vector];
	u64 fixup;

	if (regs_user_mode(regs) && regs->vector == VECTOR_GP && ioports_fault())
		return;
	if (regs_user_mode(regs) && e->signal) {
		irq_enable();
		user_fault(e->signal, e->code ?: SI_KERNEL, e->code ? regs->rip : 0, e->name);
		irq_disable();
		return;
	}
	fixup = ex_table_fixup(regs->rip);
	if (fixup && regs->vector == VECTOR_GP) {
		/* A non-canonical address. */
		regs->rip = fixup;
		return;
	}
	panic_regs(regs, "%s, error %#lx", exception_name(regs->vector),
		   (unsigned long)regs->error);
}

/* The interrupted code may have had SMAP's door open; nobody here may go through it. */
static void shut_user_access(void)
{
	if (cpu_features.smap)
		__asm__ volatile("clac" ::: "memory", "cc");
}

/* Interrupts off, GS is the kernel's. */
void trap_dispatch(struct regs *regs)
{
	shut_user_access();
	if (regs->vector == VECTOR_PAGE_FAULT)
		page_fault(regs);
	else if (regs->vector < 32)
		exception(regs);
	else {
		interrupt(regs);
		if (!regs_user_mode(regs) && this_cpu_read(preempt_count) == 0)
			sched_preempt_irq();
	}
}

void trap_leave_halt(struct regs *regs)
{
	if (regs->rip == (u64)cpu_halt_instruction)
		regs->rip++; /* HLT has one byte */
}

/*
 * It may have come between a page fault and that fault's look at CR2, and may itself fault on a
 * slot that has to be filled (I31): the interrupted handler must find its own address.
 */
static void nmi(struct regs *regs)
{
	struct context_frame frame = context_enter_nmi();
	unsigned long cr2 = read_cr2();

	preempt_disable();
	if (!call_nmi())
		panic_regs(regs, "unexpected non-maskable interrupt");
	preempt_enable_no_resched();
	context_leave_nmi(&frame);
	if (!MUTANT(nmi_clobbers_cr2))
		write_cr2(cr2);
	trap_leave_halt(regs);
}

/* NMI, double fault, machine check: on a stack of their own. Only an NMI returns. */
void trap_paranoid(struct regs *regs)
{
	unsigned long va;

	panic_check_stop(regs_user_mode(regs) ? 0 : regs->rbp, regs->rip);
	shut_user_access();
	if (regs->vector == VECTOR_NMI) {
		nmi(regs);
		return;
	}
	va = kstack_guard(read_cr2()) ? read_cr2() : regs->rsp;
	if (regs->vector == VECTOR_DOUBLE_FAULT && kstack_guard(va))
		stack_overflow(regs, va, "double fault");
	panic_regs(regs, "%s", exception_name(regs->vector));
}

/* On the way back to user mode. Interrupts off on entry and on return. */
void exit_to_user(struct regs *regs)
{
	ASSERT(regs_user_mode(regs));
	while (unlikely(user_exit_pending())) {
		irq_enable();
		user_exit_work();
		irq_disable();
	}
	context_leave_kernel();
}
