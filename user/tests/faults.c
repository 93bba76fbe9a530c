/*
 * ABI tests: what a user program must not do, and dies of: the signal is in the wait status, nobody
 * else notices. Then: what it may do to its own registers without harm to the kernel.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "user/tests/abitest.h"

#define DIES(name_, signal_, statement)                                                            \
	static void do_##name_(void)                                                               \
	{                                                                                          \
		statement;                                                                         \
	}                                                                                          \
	TEST(faults, name_)                                                                        \
	{                                                                                          \
		CHECK_EQ(NO_CORE(status_of(do_##name_)), KILLED(signal_));                         \
	}

#define KERNEL_TEXT   0xffffffff80100000ul
#define KERNEL_DIRECT 0xffff888000000000ul
#define NON_CANONICAL 0x8000000000000000ul

static volatile char data[64] = {(char)0xc3}; /* ret */

static __attribute__((noipa)) void jump_to(uintptr_t address)
{
	((void (*)(void))address)();
}

static __attribute__((noipa)) char read_from(uintptr_t address)
{
	return *(volatile char *)address;
}

static __attribute__((noipa)) void write_to(uintptr_t address)
{
	*(volatile char *)address = 1;
}

DIES(read_null, SIGSEGV, read_from(0))
DIES(write_null, SIGSEGV, write_to(0))
DIES(read_kernel_text, SIGSEGV, read_from(KERNEL_TEXT))
DIES(write_kernel_text, SIGSEGV, write_to(KERNEL_TEXT))
DIES(read_direct_map, SIGSEGV, read_from(KERNEL_DIRECT))
DIES(read_non_canonical, SIGSEGV, read_from(NON_CANONICAL))
DIES(jump_to_null, SIGSEGV, jump_to(0))
DIES(jump_to_kernel, SIGSEGV, jump_to(KERNEL_TEXT))
DIES(jump_to_non_canonical, SIGSEGV, jump_to(NON_CANONICAL))
DIES(jump_to_data, SIGSEGV, jump_to((uintptr_t)data))
DIES(write_to_text, SIGSEGV, write_to((uintptr_t)write_to))
DIES(undefined_instruction, SIGILL, __asm__ volatile("ud2"))
DIES(division_by_zero, SIGFPE,
     __asm__ volatile("xor %%ecx, %%ecx\n\tdiv %%ecx" ::
			      : "eax", "ecx", "edx"))
DIES(breakpoint, SIGTRAP, __asm__ volatile("int3"))
DIES(single_step, SIGTRAP,
     __asm__ volatile("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop" ::
			      : "cc", "memory"))
DIES(software_interrupt, SIGSEGV, __asm__ volatile("int $0x40"))
DIES(software_page_fault, SIGSEGV, __asm__ volatile("int $14"))
DIES(software_double_fault, SIGSEGV, __asm__ volatile("int $8"))
DIES(halt, SIGSEGV, __asm__ volatile("hlt"))
DIES(disable_interrupts, SIGSEGV, __asm__ volatile("cli"))
DIES(read_cr3, SIGSEGV, __asm__ volatile("mov %%cr3, %%rax" ::: "rax"))
DIES(write_cr3, SIGSEGV, __asm__ volatile("xor %%eax, %%eax\n\tmov %%rax, %%cr3" ::: "rax"))
DIES(write_msr, SIGSEGV, __asm__ volatile("wrmsr" ::"a"(0), "c"(0xc0000080), "d"(0)))
DIES(read_msr, SIGSEGV, __asm__ volatile("rdmsr" ::"c"(0xc0000080) : "eax", "edx"))
DIES(port_write, SIGSEGV, __asm__ volatile("out %%al, $0xf4" ::"a"(0x10)))
DIES(port_read, SIGSEGV, __asm__ volatile("in $0x60, %%al" ::: "eax"))
DIES(swapgs, SIGSEGV, __asm__ volatile("swapgs"))
DIES(invlpg, SIGSEGV, __asm__ volatile("invlpg (%%rax)" ::"a"(data)))
DIES(sysret, SIGSEGV, __asm__ volatile("sysretq" ::: "rcx"))
DIES(load_kernel_segment, SIGSEGV, __asm__ volatile("mov %0, %%ss" ::"r"(0x08)))
DIES(bad_stack_pointer, SIGSEGV,
     __asm__ volatile("mov %0, %%rsp\n\tpush %%rax" ::"r"(KERNEL_DIRECT)))
DIES(return_to_kernel_segment, SIGSEGV,
     __asm__ volatile(
	     "pushq $0x10\n\tpush %%rsp\n\tpushfq\n\tpushq $0x08\n\tlea 1f(%%rip), %%rax\n\t"
	     "push %%rax\n\tiretq\n1:" ::
		     : "rax", "memory"))

static bool has_umip(void)
{
	unsigned int a = 7, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c >> 2 & 1;
}

static void store_gdt(void)
{
	char where[16];

	__asm__ volatile("sgdt %0" : "=m"(where));
}

TEST(faults, umip_hides_the_tables)
{
	if (options.host)
		SKIP("Linux emulates sgdt");
	if (!has_umip())
		SKIP("this CPU has no UMIP");
	CHECK_EQ(NO_CORE(status_of(store_gdt)), KILLED(SIGSEGV));
}

/* --- harmless: the kernel must not trust what the user left in registers --- */

static long getpid_with_flags(unsigned long flags)
{
	long ret;

	__asm__ volatile("pushfq\n\tpushfq\n\tor %[flags], (%%rsp)\n\tpopfq\n\tsyscall\n\tpopfq"
			 : "=a"(ret)
			 : "a"(SYS_getpid), [flags] "r"(flags)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

TEST(registers, odd_flags_in_a_system_call)
{
	static const unsigned long flags[] = {
		0x400,   /* DF: string instructions run backwards */
		0x4000,  /* NT: iretq would fault */
		0x40000, /* AC: SMAP would be off */
		0x44400,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++)
		CHECK_EQ(getpid_with_flags(flags[i]), getpid());
}

/* DF while a page fault is handled: the kernel must clear and restore it. */
TEST(registers, direction_flag_in_a_page_fault)
{
	volatile char *p = mmap(NULL, 4 * PAGE_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long flags;

	__asm__ volatile("std\n\tmovb $1, (%1)\n\tpushfq\n\tpop %0\n\tcld"
			 : "=r"(flags)
			 : "r"(p)
			 : "memory");
	CHECK(flags & 0x400);
	for (size_t i = 1; i < PAGE_SIZE; i++)
		CHECK_EQ(p[i], 0);
}

TEST(registers, system_call_with_a_wild_stack_pointer)
{
	static const unsigned long stacks[] = {0,   8, KERNEL_DIRECT, KERNEL_TEXT, NON_CANONICAL,
					       -1ul};

	for (unsigned int i = 0; i < ARRAY_SIZE(stacks); i++) {
		long ret;

		__asm__ volatile(
			"mov %%rsp, %%rbx\n\tmov %[stack], %%rsp\n\tsyscall\n\tmov %%rbx, %%rsp"
			: "=a"(ret)
			: "a"(SYS_getpid), [stack] "r"(stacks[i])
			: "rbx", "rcx", "r11", "memory");
		CHECK_EQ(ret, getpid());
	}
}

/* Only RAX, RCX and R11 may change. */
TEST(registers, system_call_keeps_the_others)
{
	unsigned long r[9] = {0};

	__asm__ volatile("mov $1, %%rdi\n\tmov $2, %%rsi\n\tmov $3, %%rdx\n\tmov $4, %%r8\n\tmov "
			 "$5, %%r9\n\t"
			 "mov $6, %%r10\n\tmov $7, %%r12\n\tmov $8, %%r13\n\tmov $9, %%r15\n\t"
			 "mov %[nr], %%eax\n\tsyscall\n\t"
			 "mov %%rdi, (%[r])\n\tmov %%rsi, 8(%[r])\n\tmov %%rdx, 16(%[r])\n\tmov "
			 "%%r8, 24(%[r])\n\t"
			 "mov %%r9, 32(%[r])\n\tmov %%r10, 40(%[r])\n\tmov %%r12, 48(%[r])\n\t"
			 "mov %%r13, 56(%[r])\n\tmov %%r15, 64(%[r])"
			 :
			 : [nr] "i"(SYS_sched_yield), [r] "b"(r)
			 : "rax", "rcx", "rdx", "rdi", "rsi", "r8", "r9", "r10", "r11", "r12",
			   "r13", "r15", "memory");
	for (int i = 0; i < 9; i++)
		CHECK_EQ(r[i], i + 1);
}

TEST(registers, gs_base_is_the_users)
{
	unsigned long got = 0;

	CHECK_EQ(raw_syscall2(SYS_arch_prctl, 0x1001 /* ARCH_SET_GS */, (uintptr_t)data), 0);
	for (int i = 0; i < 20; i++) {
		unsigned char first;

		nap_ns(100000);
		__asm__ volatile("movb %%gs:0, %0" : "=r"(first));
		CHECK_EQ(first, 0xc3);
	}
	CHECK_EQ(raw_syscall2(SYS_arch_prctl, 0x1004 /* ARCH_GET_GS */, (uintptr_t)&got), 0);
	CHECK_EQ(got, (uintptr_t)data);
}
