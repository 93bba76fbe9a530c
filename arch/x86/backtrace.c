/*
 * Backtraces by frame pointers, through the frames of interrupts, exceptions and system calls. Declared in
 * arch/machine.h.
 *
 * Nothing here may fault: a frame is followed only while it lies on a kernel stack. A user address is printed and not
 * followed: user frames are the program's own business, and may lie anywhere.
 */
#include "arch/machine.h"
#include "arch/page.h"
#include "arch/x86/desc.h"
#include "arch/x86/ksyms.h"
#include "arch/x86/regs.h"
#include "kernel/base/printk.h"
#include "kernel/kstack.h"

#define MAX_LINES    32
#define MAX_SAME     4096 /* more than fit a stack: it is not one */
#define SHORT_FRAMES 6

/* linker.ld and boot/entry.asm */
extern const u8 __text_start[], __text_end[];
extern const u8 boot_stack[], boot_stack_top[];
/* entry.asm: where calls come back to that have struct regs right above them on the stack; 0 ends it */
extern const u64 entry_returns[];

unsigned long stack_end(unsigned long addr)
{
	if (addr >= (unsigned long)boot_stack && addr < (unsigned long)boot_stack_top)
		return (unsigned long)boot_stack_top;
	if (kstack_contains(addr))
		return ALIGN_DOWN(addr, KSTACK_SIZE) + KSTACK_SIZE;
	if (desc_on_ist_stack(addr))
		return ALIGN_DOWN(addr, IST_STACK_SIZE) + IST_STACK_SIZE;
	return 0;
}

static bool is_kernel_text(unsigned long addr)
{
	return addr >= (unsigned long)__text_start && addr < (unsigned long)__text_end;
}

static bool above_is_regs(unsigned long pc)
{
	for (const u64 *p = entry_returns; *p; p++)
		if (*p == pc)
			return true;
	return false;
}

/* --- walking --- */

struct walk {
	unsigned long frame, pc;
	bool exact;              /* pc is where it is at, not where a call comes back to */
	const struct regs *regs; /* pc is theirs: the step led through an entry into the kernel */
};

static void from_regs(struct walk *w, const struct regs *r)
{
	w->regs = r;
	w->pc = r->rip;
	w->frame = regs_user_mode(r) ? 0 : r->rbp;
	w->exact = true;
}

static bool frame_ok(unsigned long frame)
{
	return IS_ALIGNED(frame, 8) && stack_end(frame) && stack_end(frame + 15);
}

/*
 * To the caller, or, out of the entry code, to what was interrupted. False: there is no more. Callers lie above, but
 * where a trap switched stacks, and then elsewhere: an address a little below is no frame.
 */
static bool step(struct walk *w)
{
	const unsigned long *f = (const unsigned long *)w->frame;
	const struct regs *r = (const struct regs *)(f + 2);

	if (!frame_ok(w->frame) || !is_kernel_text(f[1]))
		return false;
	if (above_is_regs(f[1]) && stack_end((unsigned long)(r + 1) - 1)) {
		from_regs(w, r);
		return true;
	}
	w->pc = f[1];
	w->exact = false;
	w->regs = NULL;
	w->frame = f[0] <= w->frame && f[0] + KSTACK_SIZE > w->frame ? 0 : f[0];
	return true;
}

/* --- printing --- */

/* `lookup` differs from `pc` for a return address: the call may be its function's last instruction. */
static void print_pc(const char *text, unsigned long pc, unsigned long lookup)
{
	unsigned long offset;
	const char *name = ksym_lookup(lookup, &offset);

	if (name)
		printk("%s [<%016lx>] %s+%#lx\n", text, pc, name, offset + (pc - lookup));
	else
		printk("%s [<%016lx>] %s\n", text, pc, pc < USER_END ? "(user)" : "?");
}

void pc_print(const char *text, unsigned long pc)
{
	print_pc(text, pc, pc - 1);
}

static void print_entry(const struct regs *r)
{
	const char *from = regs_user_mode(r) ? "user mode" : "the kernel";

	if (r->error == REGS_SYSCALL)
		printk("  --- system call %llu (%#llx, %#llx, %#llx), from\n",
		       (unsigned long long)r->vector, (unsigned long long)r->rdi,
		       (unsigned long long)r->rsi, (unsigned long long)r->rdx);
	else
		printk("  --- vector %llu, error %#llx, in %s, rflags %#llx, at\n",
		       (unsigned long long)r->vector, (unsigned long long)r->error, from,
		       (unsigned long long)r->rflags);
}

/* Frames of one function that calls itself from one place are one line. */
static void print_walk(struct walk *w)
{
	int lines = 0, more;
	unsigned long pc, from;
	bool on;

	do {
		if (w->regs && lines)
			print_entry(w->regs);
		print_pc(" ", w->pc, w->exact ? w->pc : w->pc - 1);
		pc = w->pc;
		from = w->frame;
		for (more = 0; (on = step(w)) && w->pc == pc && !w->regs && more < MAX_SAME;)
			more++;
		if (more)
			printk("    ... and from there %d times more, %lu bytes\n", more,
			       w->frame - from);
	} while (on && ++lines < MAX_LINES);
}

void backtrace_print(unsigned long frame, unsigned long pc)
{
	struct walk w = {.frame = frame, .pc = pc, .exact = true};

	printk("backtrace:\n");
	print_walk(&w);
}

void regs_backtrace(const struct regs *r)
{
	struct walk w;

	from_regs(&w, r);
	printk("backtrace:\n");
	print_walk(&w);
}

void backtrace_line(unsigned long frame, unsigned long pc, char *buf, size_t size)
{
	struct walk w = {.frame = frame, .pc = pc, .exact = true};
	size_t used = 0;
	int n = 0;

	do {
		unsigned long offset;
		const char *name = ksym_lookup(w.exact ? w.pc : w.pc - 1, &offset);

		used += (size_t)snprintf(buf + used, size - used, "%s%s", n ? " < " : "",
					 name              ? name
					 : w.pc < USER_END ? "(user)"
							   : "?");
	} while (++n < SHORT_FRAMES && used < size && step(&w));
}

/* At the HLT, or behind it. */
bool cpu_waits_at(unsigned long pc)
{
	return pc - (unsigned long)cpu_halt_instruction <= 1;
}
