/*
 * ABI tests: signal handlers. What they are called with, on which stack, what comes back of the registers,
 * and what a process may ask for about them.
 */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "user/tests/abitest.h"

static volatile sig_atomic_t calls, last_signal;
static siginfo_t last_info;

static void count(int sig)
{
	calls++;
	last_signal = sig;
}

static void keep(int sig, siginfo_t *info, void *context)
{
	(void)context;
	count(sig);
	last_info = *info;
}

static void handle(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = {.sa_sigaction = fn, .sa_flags = flags | SA_SIGINFO};

	CHECK_EQ(sigaction(sig, &sa, NULL), 0);
}

TEST(signals, a_handler_runs_before_kill_returns)
{
	handle(SIGUSR1, keep, 0);
	CHECK_EQ(kill(getpid(), SIGUSR1), 0);
	CHECK_EQ(calls, 1);
	CHECK_EQ(last_info.si_signo, SIGUSR1);
	CHECK_EQ(last_info.si_code, SI_USER);
	CHECK_EQ(last_info.si_pid, getpid());
	CHECK_EQ(last_info.si_uid, getuid());
	CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_EQ(calls, 2);
	CHECK_EQ(last_info.si_code, SI_TKILL);
}

TEST(signals, dispositions_are_told)
{
	struct sigaction sa = {.sa_handler = count, .sa_flags = SA_RESTART | SA_NODEFER}, old;

	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGUSR2);
	sigaddset(&sa.sa_mask, SIGKILL);
	CHECK_EQ(sigaction(SIGUSR1, NULL, &old), 0);
	CHECK(old.sa_handler == SIG_DFL);
	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	CHECK_EQ(sigaction(SIGUSR1, NULL, &old), 0);
	CHECK(old.sa_handler == count);
	CHECK_EQ(old.sa_flags & (SA_RESTART | SA_NODEFER | SA_ONSTACK), SA_RESTART | SA_NODEFER);
	CHECK_EQ(sigismember(&old.sa_mask, SIGUSR2), 1);
	CHECK_EQ(sigismember(&old.sa_mask, SIGKILL), 0);
	CHECK(signal(SIGUSR1, SIG_IGN) == count);
	CHECK(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
	CHECK_EQ(sigaction(SIGSTOP, &sa, NULL), -1);
	CHECK_EQ(errno, EINVAL);
}

static int depth, deepest;

static void nest(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	calls++;
	if (++depth > deepest)
		deepest = depth;
	if (calls < 3)
		raise(sig);
	depth--;
}

TEST(signals, a_handler_blocks_its_own_signal)
{
	handle(SIGUSR1, nest, 0);
	raise(SIGUSR1);
	CHECK_EQ(calls, 3);
	CHECK_EQ(deepest, 1);
}

TEST(signals, unless_it_is_not_deferred)
{
	handle(SIGUSR1, nest, SA_NODEFER);
	raise(SIGUSR1);
	CHECK_EQ(calls, 3);
	CHECK_EQ(deepest, 3);
}

static void raise_twice(void)
{
	handle(SIGUSR1, keep, (int)SA_RESETHAND);
	raise(SIGUSR1);
	CHECK_EQ(calls, 1);
	raise(SIGUSR1);
}

TEST(signals, a_handler_for_once)
{
	CHECK_EQ(status_of(raise_twice), KILLED(SIGUSR1));
}

/* --- the frame --- */

static uintptr_t seen_context, seen_info, seen_sp;

static void look(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	count(sig);
	seen_sp = (uintptr_t)__builtin_frame_address(0);
	seen_info = (uintptr_t)info;
	seen_context = (uintptr_t)context;
	/* struct rt_sigframe: the return address, ucontext of 304 bytes, siginfo. */
	CHECK_EQ(seen_info - seen_context, 304);
	CHECK_EQ(seen_context % 16, 0);
	CHECK_EQ((uintptr_t)uc->uc_mcontext.fpregs % 64, 0);
	CHECK((uintptr_t)uc->uc_mcontext.fpregs >= seen_info + 128);
	CHECK_EQ(uc->uc_flags & 6, 6);
	CHECK_EQ(uc->uc_link, 0);
	CHECK_EQ(uc->uc_mcontext.gregs[REG_CSGSFS] & 3, 3); /* of user mode */
	CHECK_EQ(sigismember((sigset_t *)&uc->uc_sigmask, SIGUSR1), 0);
	CHECK_EQ(sigismember((sigset_t *)&uc->uc_sigmask, SIGUSR2), 1);
}

TEST(signals, the_frame_is_as_on_linux)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	handle(SIGUSR1, look, 0);
	raise(SIGUSR1);
	CHECK_EQ(calls, 1);
}

static void change_registers(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)info;
	count(sig);
	CHECK_EQ(uc->uc_mcontext.gregs[REG_R12], 0x1212121212121212);
	uc->uc_mcontext.gregs[REG_R12] = 0x3434343434343434;
	/* Interrupts off, I/O privilege 3: what user mode may not set is left out. */
	uc->uc_mcontext.gregs[REG_EFL] &= ~0x200;
	uc->uc_mcontext.gregs[REG_EFL] |= 0x3000;
	uc->uc_mcontext.gregs[REG_RIP] += 2; /* over ud2 */
}

TEST(signals, registers_come_back_as_the_handler_leaves_them)
{
	unsigned long r12, r13, rbx, flags;

	handle(SIGILL, change_registers, 0);
	__asm__ volatile("mov $0x1212121212121212, %%r12\n\t"
			 "mov $0x1313131313131313, %%r13\n\t"
			 "mov $0x5656565656565656, %%rbx\n\t"
			 "ud2\n\t"
			 "pushfq\n\t"
			 "pop %3\n\t"
			 "mov %%r12, %0\n\t"
			 "mov %%r13, %1\n\t"
			 "mov %%rbx, %2"
			 : "=r"(r12), "=r"(r13), "=r"(rbx), "=&r"(flags)
			 :
			 : "r12", "r13", "rbx", "rax", "rcx", "memory");
	CHECK_EQ(calls, 1);
	CHECK_EQ(r12, 0x3434343434343434);
	CHECK_EQ(r13, 0x1313131313131313);
	CHECK_EQ(rbx, 0x5656565656565656);
	CHECK_EQ(flags & 0x3200, 0x200);
}

static void use_vectors(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	count(sig);
	__asm__ volatile("pcmpeqd %%xmm5, %%xmm5\n\tpxor %%xmm6, %%xmm6" ::: "xmm5", "xmm6");
}

TEST(signals, vector_registers_survive_a_handler)
{
	static const unsigned long in[2] = {0x0123456789abcdef, 0xfedcba9876543210};
	unsigned long five[2], six[2];

	handle(SIGILL, use_vectors, 0);
	handle(SIGUSR1, use_vectors, 0);
	__asm__ volatile("movdqu %2, %%xmm5\n\tmovdqu %2, %%xmm6\n\t"
			 "mov %3, %%edi\n\tmov %4, %%esi\n\tmov $62, %%eax\n\tsyscall\n\t"
			 "movdqu %%xmm5, %0\n\tmovdqu %%xmm6, %1"
			 : "=m"(five), "=m"(six)
			 : "m"(in), "r"(getpid()), "i"(SIGUSR1)
			 : "xmm5", "xmm6", "rax", "rdi", "rsi", "rcx", "r11", "memory");
	CHECK_EQ(calls, 1);
	CHECK_EQ(memcmp(five, in, sizeof(in)), 0);
	CHECK_EQ(memcmp(six, in, sizeof(in)), 0);
}

TEST(signals, the_red_zone_is_left_alone)
{
	unsigned long below = 0;

	handle(SIGUSR1, look, 0);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	__asm__ volatile("movq $0x77, -128(%%rsp)\n\tmovq $0x78, -8(%%rsp)\n\t"
			 "mov $62, %%eax\n\tsyscall\n\t"
			 "movq -128(%%rsp), %0\n\tshl $8, %0\n\tor -8(%%rsp), %0"
			 : "=&r"(below)
			 : "D"(getpid()), "S"(SIGUSR1)
			 : "rax", "rcx", "r11", "memory");
	CHECK_EQ(calls, 1);
	CHECK_EQ(below, 0x7778);
}

/* --- the alternate stack --- */

static char *other_stack;
static stack_t stack_inside;

static void on_other_stack(int sig, siginfo_t *info, void *context)
{
	char here;

	(void)info;
	(void)context;
	count(sig);
	CHECK(&here > other_stack && &here < other_stack + 65536);
	CHECK_EQ(sigaltstack(NULL, &stack_inside), 0);
	CHECK_EQ(stack_inside.ss_flags, SS_ONSTACK);
	CHECK_EQ(sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL), -1);
	CHECK_EQ(errno, EPERM);
}

static void on_own_stack(int sig, siginfo_t *info, void *context)
{
	char here;

	(void)info;
	(void)context;
	count(sig);
	CHECK(&here < other_stack || &here >= other_stack + 65536);
}

TEST(signals, handlers_on_another_stack)
{
	stack_t st = {.ss_size = 65536}, old;

	CHECK_EQ(sigaltstack(NULL, &old), 0);
	CHECK_EQ(old.ss_flags, SS_DISABLE);
	other_stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	st.ss_sp = other_stack;
	CHECK_EQ(sigaltstack(&(stack_t){.ss_sp = other_stack, .ss_size = 1000}, NULL), -1);
	CHECK_EQ(errno, ENOMEM);
	CHECK_EQ(sigaltstack(&(stack_t){.ss_sp = other_stack, .ss_flags = 77, .ss_size = 65536},
			     NULL),
		 -1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(sigaltstack(&st, NULL), 0);
	handle(SIGUSR1, on_other_stack, SA_ONSTACK);
	handle(SIGUSR2, on_own_stack, 0);
	raise(SIGUSR1);
	raise(SIGUSR2);
	CHECK_EQ(calls, 2);
	CHECK_EQ(sigaltstack(NULL, &old), 0);
	CHECK_EQ(old.ss_flags, 0);
	CHECK(old.ss_sp == other_stack);
}

static volatile int deep_enough;

static void overflow(void)
{
	volatile char frame[65536];

	frame[0] = 1;
	if (!deep_enough)
		overflow();
	frame[1] = frame[0];
}

static void stack_is_over(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	_exit(7);
}

static void overflow_with_handler(void)
{
	other_stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaltstack(&(stack_t){.ss_sp = other_stack, .ss_size = 65536}, NULL);
	handle(SIGSEGV, stack_is_over, SA_ONSTACK);
	overflow();
}

TEST(signals, a_stack_overflow_is_caught_on_another_stack)
{
	CHECK_EQ(status_of(overflow_with_handler), EXITED(7));
}

static void overflow_without_stack(void)
{
	handle(SIGSEGV, stack_is_over, 0);
	overflow();
}

TEST(signals, a_frame_that_cannot_be_written_kills)
{
	CHECK_EQ(NO_CORE(status_of(overflow_without_stack)), KILLED(SIGSEGV));
}

/* --- faults --- */

static sigjmp_buf back;

static void jump_back(int sig, siginfo_t *info, void *context)
{
	keep(sig, info, context);
	siglongjmp(back, 1);
}

static void expect_fault(int sig, int code, const void *addr)
{
	CHECK_EQ(last_info.si_signo, sig);
	CHECK_EQ(last_info.si_code, code);
	CHECK_EQ((uintptr_t)last_info.si_addr, (uintptr_t)addr);
}

TEST(signals, faults_say_what_and_where)
{
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	handle(SIGSEGV, jump_back, 0);
	handle(SIGFPE, jump_back, 0);
	handle(SIGILL, jump_back, 0);
	handle(SIGTRAP, keep, 0);
	if (!sigsetjmp(back, 1))
		*(volatile char *)0x1234 = 1;
	expect_fault(SIGSEGV, SEGV_MAPERR, (void *)0x1234);
	if (!sigsetjmp(back, 1))
		*(volatile char *)(page + 10) = 1;
	expect_fault(SIGSEGV, SEGV_ACCERR, page + 10);
	if (!sigsetjmp(back, 1))
		*(volatile char *)0xffffffff80100000 = 1;
	expect_fault(SIGSEGV, SEGV_MAPERR, (void *)0xffffffff80100000);
	if (!sigsetjmp(back, 1))
		*(volatile char *)0x8000000000000000 = 1;
	expect_fault(SIGSEGV, SI_KERNEL, NULL);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("xor %%ecx, %%ecx\n\tdiv %%ecx" ::: "eax", "ecx", "edx");
	CHECK_EQ(last_info.si_signo, SIGFPE);
	CHECK_EQ(last_info.si_code, FPE_INTDIV);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("ud2");
	CHECK_EQ(last_info.si_signo, SIGILL);
	CHECK_EQ(last_info.si_code, ILL_ILLOPN);
	__asm__ volatile("int3");
	CHECK_EQ(last_info.si_signo, SIGTRAP);
	CHECK_EQ(last_info.si_code, SI_KERNEL);
	CHECK_EQ(calls, 7);
}

static void fault_blocked(void)
{
	sigset_t all;

	handle(SIGSEGV, keep, 0);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	*(volatile char *)0 = 1;
}

static void fault_ignored(void)
{
	signal(SIGSEGV, SIG_IGN);
	*(volatile char *)0 = 1;
}

TEST(signals, a_fault_that_is_blocked_or_ignored_kills)
{
	CHECK_EQ(NO_CORE(status_of(fault_blocked)), KILLED(SIGSEGV));
	CHECK_EQ(NO_CORE(status_of(fault_ignored)), KILLED(SIGSEGV));
}

/* --- what is not allowed in a frame --- */

static void return_to_kernel(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = (long)0x8000000000000000;
}

static void bad_return(void)
{
	handle(SIGUSR1, return_to_kernel, 0);
	raise(SIGUSR1);
}

static void bad_vectors(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	memset(uc->uc_mcontext.fpregs, 0xff, 512);
}

/* A control word that no processor accepts. */
static void bad_control(void)
{
	handle(SIGUSR1, bad_vectors, 0);
	raise(SIGUSR1);
}

static void lost_frame(void)
{
	__asm__ volatile("mov $0x1000, %%rsp\n\tmov $15, %%eax\n\tsyscall\n\tud2" ::
				 : "rax", "memory");
}

static void wild_handler(void)
{
	signal(SIGUSR1, (void (*)(int))0x8000000000000000);
	raise(SIGUSR1);
}

TEST(signals, bad_frames_kill_the_program_alone)
{
	CHECK_EQ(NO_CORE(status_of(bad_return)), KILLED(SIGSEGV));
	CHECK_EQ(NO_CORE(status_of(lost_frame)), KILLED(SIGSEGV));
	CHECK_EQ(NO_CORE(status_of(wild_handler)), KILLED(SIGSEGV));
	CHECK_EQ(NO_CORE(status_of(bad_control)), KILLED(SIGSEGV));
}

/* --- fork and exec --- */

TEST(signals, fork_inherits_and_shares_nothing)
{
	sigset_t set, now;
	int status;
	pid_t pid;

	handle(SIGUSR1, keep, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR2);
	pid = fork();
	if (pid == 0) {
		sigpending(&now);
		CHECK_EQ(sigismember(&now, SIGUSR2), 0);
		sigprocmask(SIG_BLOCK, NULL, &now);
		CHECK_EQ(sigismember(&now, SIGUSR2), 1);
		raise(SIGUSR1);
		CHECK_EQ(calls, 1);
		signal(SIGUSR1, SIG_IGN);
		_exit(0);
	}
	CHECK_EQ(wait_child(pid, &status), 0);
	CHECK_EQ(status, 0);
	CHECK_EQ(calls, 0);
	raise(SIGUSR1);
	CHECK_EQ(calls, 1);
	sigpending(&now);
	CHECK_EQ(sigismember(&now, SIGUSR2), 1);
}
