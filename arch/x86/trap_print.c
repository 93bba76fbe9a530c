/*
 * What a crash prints: registers and code bytes. Declared in arch/machine.h; backtraces are in backtrace.c.
 *
 * Nothing here may fault: code is read only inside the kernel's text.
 */
#include "arch/cpu.h"
#include "arch/machine.h"
#include "arch/x86/cpu_regs.h"
#include "arch/x86/ksyms.h"
#include "arch/x86/regs.h"
#include "kernel/base/printk.h"

#define CODE_BEFORE   16
#define CODE_AFTER    16
#define NR_EXCEPTIONS 22

/* linker.ld */
extern const u8 __text_start[], __text_end[];

/* SDM vol. 3A, table 6-1. */
static const char *const exception_names[NR_EXCEPTIONS] = {
	"divide error (#DE)",
	"debug (#DB)",
	"NMI",
	"breakpoint (#BP)",
	"overflow (#OF)",
	"bound range (#BR)",
	"invalid opcode (#UD)",
	"no FPU (#NM)",
	"double fault (#DF)",
	NULL,
	"invalid TSS (#TS)",
	"segment not present (#NP)",
	"stack fault (#SS)",
	"general protection (#GP)",
	"page fault (#PF)",
	NULL,
	"x87 error (#MF)",
	"alignment check (#AC)",
	"machine check (#MC)",
	"SIMD error (#XM)",
	"virtualization (#VE)",
	"control protection (#CP)",
};

static bool is_kernel_text(unsigned long addr)
{
	return addr >= (unsigned long)__text_start && addr < (unsigned long)__text_end;
}

static void print_code(unsigned long rip)
{
	unsigned long from = MAX(rip - CODE_BEFORE, (unsigned long)__text_start);
	unsigned long to = MIN(rip + CODE_AFTER, (unsigned long)__text_end);
	char line[(CODE_BEFORE + CODE_AFTER) * 3 + 8];
	size_t n = 0;

	if (!is_kernel_text(rip))
		return;
	for (unsigned long a = from; a < to && n < sizeof(line); a++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, a == rip ? " <%02x>" : " %02x",
				      *(const u8 *)a);
	printk("code:%s\n", line);
}

static void print_where(const struct regs *r)
{
	unsigned long offset = 0;
	const char *name = regs_user_mode(r) ? NULL : ksym_lookup(r->rip, &offset);
	const char *what = r->vector < NR_EXCEPTIONS ? exception_names[r->vector] : NULL;

	printk("cpu %u: %s, vector %llu, error %#llx\n", cpu_id(), what ? what : "trap",
	       (unsigned long long)r->vector, (unsigned long long)r->error);
	if (name)
		printk("rip %04x:%016lx %s+%#lx\n", (unsigned int)r->cs, (unsigned long)r->rip,
		       name, offset);
	else
		printk("rip %04x:%016lx%s\n", (unsigned int)r->cs, (unsigned long)r->rip,
		       regs_user_mode(r) ? " (user)" : "");
}

void regs_print(const struct regs *r)
{
	print_where(r);
	printk("rsp %04x:%016lx rflags %08lx\n", (unsigned int)r->ss, (unsigned long)r->rsp,
	       (unsigned long)r->rflags);
	printk("rax %016lx rbx %016lx rcx %016lx\n", (unsigned long)r->rax, (unsigned long)r->rbx,
	       (unsigned long)r->rcx);
	printk("rdx %016lx rsi %016lx rdi %016lx\n", (unsigned long)r->rdx, (unsigned long)r->rsi,
	       (unsigned long)r->rdi);
	printk("rbp %016lx r8  %016lx r9  %016lx\n", (unsigned long)r->rbp, (unsigned long)r->r8,
	       (unsigned long)r->r9);
	printk("r10 %016lx r11 %016lx r12 %016lx\n", (unsigned long)r->r10, (unsigned long)r->r11,
	       (unsigned long)r->r12);
	printk("r13 %016lx r14 %016lx r15 %016lx\n", (unsigned long)r->r13, (unsigned long)r->r14,
	       (unsigned long)r->r15);
	printk("cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx gs %016lx\n", read_cr0(), read_cr2(),
	       read_cr3(), read_cr4(), (unsigned long)rdmsr(MSR_GS_BASE));
	print_code(r->rip);
}
