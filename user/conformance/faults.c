/* What a program dies of when it does what it must not. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "user/conformance/conform.h"

struct deed {
	const char *what;
	void (*fn)(void);
};

static void show_deeds(const struct deed *deeds, unsigned int number)
{
	for (unsigned int i = 0; i < number; i++)
		show_end(deeds[i].what, deeds[i].fn);
}

/* A function of these instructions; those that do not fault return. */
#define DEED(name, text)                                                                           \
	static __attribute__((naked)) void name(void)                                              \
	{                                                                                          \
		__asm__(text "\n\tret");                                                           \
	}

DEED(read_null, "movl 0, %eax")
DEED(write_null, "movl %eax, 0")
DEED(jump_null, "xorl %eax, %eax\n\tcall *%rax")
DEED(read_kernel, "movabs $0xffff888000000000, %rax\n\tmovl (%rax), %eax")
DEED(write_kernel, "movabs $0xffffffff81000000, %rax\n\tmovl %eax, (%rax)")
DEED(jump_kernel, "movabs $0xffffffff81000000, %rax\n\tcall *%rax")
DEED(read_non_canonical, "movabs $0x0000800000000000, %rax\n\tmovl (%rax), %eax")
DEED(stack_non_canonical, "movabs $0x0000800000000000, %rsp\n\tpush %rax")
DEED(jump_non_canonical, "movabs $0x0000800000000000, %rax\n\tjmp *%rax")
DEED(read_over_the_end, "movabs $0x7ffffffffffc, %rax\n\tmovq (%rax), %rax")

CASE(fault, addresses)
{
	static const struct deed deeds[] = {
		{"read at 0", read_null},
		{"write at 0", write_null},
		{"call 0", jump_null},
		{"read the kernel", read_kernel},
		{"write the kernel", write_kernel},
		{"call the kernel", jump_kernel},
		{"read a non-canonical address", read_non_canonical},
		{"push to a non-canonical address", stack_non_canonical},
		{"jump to a non-canonical address", jump_non_canonical},
		{"read over the end of user space", read_over_the_end},
	};

	show_deeds(deeds, ARRAY_SIZE(deeds));
}

DEED(divide, "xorl %ecx, %ecx\n\tmovl $1, %eax\n\txorl %edx, %edx\n\tdivl %ecx")
DEED(divide_overflow, "movl $-1, %ecx\n\tmovl $0x80000000, %eax\n\tcltd\n\tidivl %ecx")
DEED(undefined, "ud2")
DEED(breakpoint, "int3")
DEED(single_step, "pushfq\n\torl $0x100, (%rsp)\n\tpopfq\n\tnop")
DEED(icebp, ".byte 0xf1")
DEED(interrupt_4, "int $4")
DEED(interrupt_14, "int $14")
DEED(interrupt_255, "int $255")
DEED(unaligned, "sub $64, %rsp\n\tand $-16, %rsp\n\tmovaps 4(%rsp), %xmm0")
DEED(alignment_check, "pushfq\n\torl $0x40000, (%rsp)\n\tpopfq\n\tmovl 1(%rsp), %eax")

CASE(fault, exceptions)
{
	static const struct deed deeds[] = {
		{"divide by 0", divide},
		{"divide with overflow", divide_overflow},
		{"undefined instruction", undefined},
		{"breakpoint", breakpoint},
		{"single step", single_step},
		{"int1", icebp},
		{"int 4", interrupt_4},
		{"int 14", interrupt_14},
		{"int 255", interrupt_255},
		{"unaligned SSE operand", unaligned},
	};

	show_deeds(deeds, ARRAY_SIZE(deeds));
}

CASE(fault, alignment_check)
{
	show_end("unaligned with AC", alignment_check);
}

DEED(halt, "hlt")
DEED(cli, "cli")
DEED(sti, "sti")
DEED(in, "inb $0x80, %al")
DEED(out, "outb %al, $0x80")
DEED(rdmsr, "movl $0xc0000080, %ecx\n\trdmsr")
DEED(wrmsr, "movl $0xc0000080, %ecx\n\twrmsr")
DEED(read_cr0, "mov %cr0, %rax")
DEED(write_cr3, "xorl %eax, %eax\n\tmov %rax, %cr3")
DEED(invlpg, "invlpg (%rsp)")
DEED(wbinvd, "wbinvd")
DEED(swapgs, "swapgs")
DEED(lgdt, "lgdt (%rsp)")
DEED(load_wild_selector, "movl $0x1234, %eax\n\tmov %eax, %ds")

CASE(fault, privileged_instructions)
{
	static const struct deed deeds[] = {
		{"hlt", halt},
		{"cli", cli},
		{"sti", sti},
		{"in", in},
		{"out", out},
		{"rdmsr", rdmsr},
		{"wrmsr", wrmsr},
		{"read CR0", read_cr0},
		{"write CR3", write_cr3},
		{"invlpg", invlpg},
		{"wbinvd", wbinvd},
		{"swapgs", swapgs},
		{"lgdt", lgdt},
		{"a wild selector", load_wild_selector},
	};

	show_deeds(deeds, ARRAY_SIZE(deeds));
}

DEED(sse_exception, "sub $8, %rsp\n\tmovl $0x1d80, (%rsp)\n\tldmxcsr (%rsp)\n\t"
		    "pxor %xmm0, %xmm0\n\tdivss %xmm0, %xmm0")
DEED(x87_exception,
     "sub $8, %rsp\n\tmovw $0x0300, (%rsp)\n\tfldcw (%rsp)\n\tfld1\n\tfldz\n\tfdivrp\n\tfwait")
DEED(bad_mxcsr, "sub $8, %rsp\n\tmovl $-1, (%rsp)\n\tldmxcsr (%rsp)")

CASE(fault, floating_point)
{
	static const struct deed deeds[] = {
		{"SSE division by 0", sse_exception},
		{"x87 division by 0", x87_exception},
		{"MXCSR with reserved bits", bad_mxcsr},
	};

	show_deeds(deeds, ARRAY_SIZE(deeds));
}

DEED(rdtsc, "rdtsc")
DEED(rdfsbase, "rdfsbase %rax")
DEED(cpuid, "push %rbx\n\txorl %eax, %eax\n\tcpuid\n\tpop %rbx")
DEED(xgetbv, "xorl %ecx, %ecx\n\txgetbv")
DEED(spin_hint, "pause")

CASE(fault, allowed_instructions)
{
	static const struct deed deeds[] = {
		{"rdtsc", rdtsc},   {"rdfsbase", rdfsbase}, {"cpuid", cpuid},
		{"xgetbv", xgetbv}, {"pause", spin_hint},
	};

	show_deeds(deeds, ARRAY_SIZE(deeds));
}

DEED(sgdt, "sgdt -16(%rsp)")
DEED(sidt, "sidt -16(%rsp)")
DEED(str, "str %eax")

/* User-mode instruction prevention: Linux answers some of them with a made-up value. */
CASE(fault, descriptor_tables)
{
	static const struct deed deeds[] = {{"sgdt", sgdt}, {"sidt", sidt}, {"str", str}};

	show_deeds(deeds, ARRAY_SIZE(deeds));
}

static void ignored(void)
{
	signal(SIGSEGV, SIG_IGN);
	read_null();
}

static void blocked(void)
{
	unsigned long set = -1ul;

	CALL(SYS_rt_sigprocmask, 0, &set, 0, 8);
	read_null();
}

CASE(fault, no_way_around_it)
{
	static const struct deed deeds[] = {{"ignored", ignored}, {"blocked", blocked}};

	show_deeds(deeds, ARRAY_SIZE(deeds));
}

static void *fault_in_thread(void *unused)
{
	(void)unused;
	undefined();
	return NULL;
}

static void join_faulting(void)
{
	join(thread(fault_in_thread, NULL));
}

CASE(fault, in_a_thread)
{
	show_end("the process", join_faulting);
}

static void write_text(void)
{
	*(volatile unsigned char *)(uintptr_t)write_text = 0xc3;
}

static void write_constant(void)
{
	static const char constant[] = "constant";

	*(volatile char *)(uintptr_t)constant = 'C';
}

static unsigned char code[] = {0xc3};

static void call_data(void)
{
	((void (*)(void))(uintptr_t)code)();
}

static void call_stack(void)
{
	volatile unsigned char ret[] = {0xc3};

	((void (*)(void))(uintptr_t)ret)();
}

CASE(fault, segments_of_the_program)
{
	static const struct deed deeds[] = {
		{"write to text", write_text},
		{"write to a constant", write_constant},
		{"call data", call_data},
		{"call the stack", call_stack},
	};

	show_deeds(deeds, ARRAY_SIZE(deeds));
}
