/* Signals: actions, masks, what is pending, in which order handlers run and what they are told. */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "user/conformance/conform.h"

static volatile int count, last;

static void handle(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = {.sa_sigaction = fn, .sa_flags = flags | SA_SIGINFO};

	NEED(sigaction(sig, &sa, NULL) == 0);
}

static unsigned long mask_now(void)
{
	unsigned long mask = 0;

	CALL(SYS_rt_sigprocmask, SIG_BLOCK, 0, &mask, 8);
	return mask;
}

static void set_mask(unsigned long mask)
{
	NEED(CALL(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8) == 0);
}

#define BIT_OF(sig) (1ul << ((sig)-1))

static void show_signal(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	count++;
	last = sig;
	show("handler of %s", sig < 32 ? signal_name(sig) : sig == 40 ? "40" : "41");
}

CASE(signal, sigaction_errnos)
{
	struct {
		void *handler;
		unsigned long flags, restorer, mask;
	} sa = {0};

	show_ret("signal 0", CALL(SYS_rt_sigaction, 0, &sa, 0, 8));
	show_ret("signal 65", CALL(SYS_rt_sigaction, 65, &sa, 0, 8));
	show_ret("SIGKILL", CALL(SYS_rt_sigaction, SIGKILL, &sa, 0, 8));
	show_ret("SIGSTOP", CALL(SYS_rt_sigaction, SIGSTOP, &sa, 0, 8));
	show_ret("asking about SIGKILL", CALL(SYS_rt_sigaction, SIGKILL, 0, &sa, 8));
	show_ret("a set of 4 bytes", CALL(SYS_rt_sigaction, SIGUSR1, &sa, 0, 4));
	show_ret("from a bad address", CALL(SYS_rt_sigaction, SIGUSR1, 1, 0, 8));
	show_ret("to a bad address", CALL(SYS_rt_sigaction, SIGUSR1, 0, 1, 8));
	show_ret("nothing", CALL(SYS_rt_sigaction, SIGUSR1, 0, 0, 8));
}

CASE(signal, mask_errnos)
{
	unsigned long all = -1ul;

	show_ret("unknown how", CALL(SYS_rt_sigprocmask, 7, &all, 0, 8));
	show_ret("unknown how, no set", CALL(SYS_rt_sigprocmask, 7, 0, &all, 8));
	show_ret("a set of 4 bytes", CALL(SYS_rt_sigprocmask, SIG_BLOCK, &all, 0, 4));
	show_ret("from a bad address", CALL(SYS_rt_sigprocmask, SIG_BLOCK, 1, 0, 8));
	show_ret("to a bad address", CALL(SYS_rt_sigprocmask, SIG_BLOCK, 0, 1, 8));
	set_mask(-1ul);
	show("all that can be blocked: %#lx", mask_now());
	set_mask(BIT_OF(SIGUSR1));
	all = BIT_OF(SIGUSR2);
	show_ret("block", CALL(SYS_rt_sigprocmask, SIG_BLOCK, &all, 0, 8));
	show("%#lx", mask_now());
	all = BIT_OF(SIGUSR1);
	show_ret("unblock", CALL(SYS_rt_sigprocmask, SIG_UNBLOCK, &all, 0, 8));
	show("%#lx", mask_now());
}

CASE(signal, handler_runs_before_kill_returns)
{
	handle(SIGUSR1, show_signal, 0);
	show_ret("kill", CALL(SYS_kill, getpid(), SIGUSR1));
	show_ret("tgkill", CALL(SYS_tgkill, getpid(), gettid(), SIGUSR1));
	show("times: %d", count);
}

static void show_info(int sig, siginfo_t *info, void *context)
{
	(void)context;
	show("signal %d, number %d, code %d, errno %d, value %d", sig, info->si_signo,
	     info->si_code, info->si_errno,
	     info->si_code == SI_QUEUE ? info->si_value.sival_int : 0);
	show("from us: %d, user %d", info->si_pid == getpid(), (int)info->si_uid);
}

CASE(signal, what_a_handler_is_told)
{
	siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};

	handle(SIGUSR1, show_info, 0);
	CALL(SYS_kill, getpid(), SIGUSR1);
	CALL(SYS_tgkill, getpid(), gettid(), SIGUSR1);
	info.si_pid = getpid();
	info.si_value.sival_int = 4711;
	show_ret("rt_sigqueueinfo", CALL(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info));
}

CASE(signal, pending)
{
	unsigned long set = 0;

	handle(SIGUSR1, show_signal, 0);
	set_mask(BIT_OF(SIGUSR1));
	CALL(SYS_kill, getpid(), SIGUSR1);
	CALL(SYS_kill, getpid(), SIGUSR1);
	show("not yet: %d", count);
	show_ret("sigpending", CALL(SYS_rt_sigpending, &set, 8));
	show("%#lx", set);
	set_mask(0);
	show("once: %d", count);
	show_ret("sigpending", CALL(SYS_rt_sigpending, &set, 8));
	show("%#lx", set);
}

CASE(signal, real_time_signals_queue)
{
	handle(40, show_signal, 0);
	set_mask(BIT_OF(40));
	for (int i = 0; i < 3; i++)
		CALL(SYS_kill, getpid(), 40);
	set_mask(0);
	show("times: %d", count);
}

/* All at once: each handler's frame is put above the one before, so the last one begins first. */
CASE(signal, order_of_many)
{
	static const int signals[] = {SIGUSR2, 41, SIGHUP, 40, SIGUSR1, SIGTERM};

	set_mask(-1ul);
	for (unsigned int i = 0; i < ARRAY_SIZE(signals); i++) {
		handle(signals[i], show_signal, 0);
		CALL(SYS_kill, getpid(), signals[i]);
	}
	set_mask(0);
	show("times: %d", count);
}

CASE(signal, order_of_many_that_block_each_other)
{
	static const int signals[] = {SIGUSR2, 41, SIGHUP, 40, SIGUSR1, SIGTERM};
	struct sigaction sa = {.sa_sigaction = show_signal, .sa_flags = SA_SIGINFO};

	sigfillset(&sa.sa_mask);
	set_mask(-1ul);
	for (unsigned int i = 0; i < ARRAY_SIZE(signals); i++) {
		sigaction(signals[i], &sa, NULL);
		CALL(SYS_kill, getpid(), signals[i]);
	}
	set_mask(0);
	show("times: %d", count);
}

static void show_mask(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	show("in the handler of %s: blocked %#lx", signal_name(sig), mask_now());
}

CASE(signal, mask_in_a_handler)
{
	struct sigaction sa = {.sa_sigaction = show_mask, .sa_flags = SA_SIGINFO};

	set_mask(BIT_OF(SIGHUP));
	sigaddset(&sa.sa_mask, SIGTERM);
	sigaction(SIGUSR1, &sa, NULL);
	CALL(SYS_kill, getpid(), SIGUSR1);
	show("afterwards %#lx", mask_now());
	sa.sa_flags |= SA_NODEFER;
	sigaction(SIGUSR1, &sa, NULL);
	CALL(SYS_kill, getpid(), SIGUSR1);
	show("afterwards %#lx", mask_now());
}

static void raise_again(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	show("in %d", ++count);
	if (count < 3)
		CALL(SYS_kill, getpid(), sig);
	show("out");
}

CASE(signal, raised_in_its_own_handler)
{
	handle(SIGUSR1, raise_again, 0);
	CALL(SYS_kill, getpid(), SIGUSR1);
	show("nested:");
	count = 0;
	handle(SIGUSR1, raise_again, SA_NODEFER);
	CALL(SYS_kill, getpid(), SIGUSR1);
}

CASE(signal, handler_for_once)
{
	pid_t pid = fork();

	if (pid == 0) {
		handle(SIGUSR1, show_signal, SA_RESETHAND);
		CALL(SYS_kill, getpid(), SIGUSR1);
		CALL(SYS_kill, getpid(), SIGUSR1);
		_exit(0);
	}
	show_status("end", status_of(pid));
}

CASE(signal, ignored_is_not_pending)
{
	unsigned long set = 0;

	set_mask(BIT_OF(SIGUSR1) | BIT_OF(SIGUSR2));
	CALL(SYS_kill, getpid(), SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	CALL(SYS_rt_sigpending, &set, 8);
	show("ignored since: %#lx", set);
	CALL(SYS_kill, getpid(), SIGUSR1);
	CALL(SYS_rt_sigpending, &set, 8);
	show("ignored before, and blocked: %#lx", set);
	set_mask(0);
	show("still here");
}

/* --- faults --- */

static sigjmp_buf back;
static volatile unsigned char *bad_page;

static void jump_back(int sig, siginfo_t *info, void *context)
{
	(void)context;
	show("%s, code %d, address is the page's: %d", signal_name(sig), info->si_code,
	     info->si_addr == (void *)bad_page);
	siglongjmp(back, 1);
}

CASE(signal, faults_have_codes)
{
	bad_page = pages(1, PROT_READ, 0);
	handle(SIGSEGV, jump_back, 0);
	if (!sigsetjmp(back, 1))
		*bad_page = 1;
	NEED(CALL(SYS_munmap, bad_page, PAGE_SIZE) == 0);
	if (!sigsetjmp(back, 1))
		*bad_page = 1;
	bad_page = NULL;
	if (!sigsetjmp(back, 1))
		__asm__ volatile("hlt");
	handle(SIGFPE, jump_back, 0);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("xorl %%ecx, %%ecx\n\tmovl $1, %%eax\n\tcltd\n\tidivl %%ecx" ::
					 : "eax", "ecx", "edx");
	handle(SIGTRAP, jump_back, 0);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("int3");
	handle(SIGILL, jump_back, 0);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("ud2");
	show("the mask is as it was: %#lx", mask_now());
}

static void skip_instruction(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)info;
	show("%s, trap %lld", signal_name(sig), (long long)uc->uc_mcontext.gregs[REG_TRAPNO]);
	uc->uc_mcontext.gregs[REG_RIP] += 2;
	uc->uc_mcontext.gregs[REG_RBX] = 1234;
}

CASE(signal, handler_changes_registers)
{
	unsigned long rbx = 1;

	handle(SIGILL, skip_instruction, 0);
	__asm__ volatile("ud2" : "+b"(rbx)::"memory");
	show("rbx %lu", rbx);
}

static void block_usr2(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	sigaddset(&uc->uc_sigmask, SIGUSR2);
}

CASE(signal, handler_changes_the_mask)
{
	handle(SIGUSR1, block_usr2, 0);
	CALL(SYS_kill, getpid(), SIGUSR1);
	show("blocked %#lx", mask_now());
}

static void wreck_registers(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0\n\tpcmpeqd %%xmm15, %%xmm15" ::: "xmm0", "xmm15");
}

CASE(signal, registers_survive_a_handler)
{
	unsigned long low = 0x1122334455667788, high = 0, got = 0, rdi = getpid(), ret;

	handle(SIGUSR1, wreck_registers, 0);
	__asm__ volatile("movq %3, %%xmm0\n\tmovq %3, %%xmm15\n\tsyscall\n\t"
			 "movq %%xmm0, %1\n\tmovq %%xmm15, %2"
			 : "=a"(ret), "=r"(got), "=r"(high)
			 : "r"(low), "a"(SYS_kill), "D"(rdi), "S"(SIGUSR1)
			 : "rcx", "r11", "memory", "xmm0", "xmm15");
	show("result %ld, vector registers: %d %d", (long)ret, got == low, high == low);
}

/* --- the alternate stack --- */

static char alternate[16384] __attribute__((aligned(16)));

static void show_stack(int sig, siginfo_t *info, void *context)
{
	char here;
	stack_t now, other = {.ss_sp = alternate, .ss_size = sizeof(alternate)};

	(void)sig;
	(void)info;
	(void)context;
	show("on the alternate stack: %d",
	     &here >= alternate && &here < alternate + sizeof(alternate));
	show_ret("ask", CALL(SYS_sigaltstack, 0, &now));
	show("flags %d", now.ss_flags);
	show_ret("change it", CALL(SYS_sigaltstack, &other, 0));
}

CASE(signal, alternate_stack)
{
	stack_t st = {.ss_sp = alternate, .ss_size = 100}, got;

	show_ret("too small", CALL(SYS_sigaltstack, &st, 0));
	st.ss_size = sizeof(alternate);
	st.ss_flags = 77;
	show_ret("unknown flags", CALL(SYS_sigaltstack, &st, 0));
	st.ss_flags = 0;
	show_ret("set", CALL(SYS_sigaltstack, &st, 0));
	show_ret("ask", CALL(SYS_sigaltstack, 0, &got));
	show("the same: %d, flags %d", got.ss_sp == alternate && got.ss_size == sizeof(alternate),
	     got.ss_flags);
	handle(SIGUSR1, show_stack, SA_ONSTACK);
	CALL(SYS_kill, getpid(), SIGUSR1);
	handle(SIGUSR1, show_stack, 0);
	CALL(SYS_kill, getpid(), SIGUSR1);
	st.ss_flags = SS_DISABLE;
	show_ret("disable", CALL(SYS_sigaltstack, &st, 0));
}

static int recurse(int depth)
{
	volatile char frame[4096];

	frame[0] = (char)depth;
	return depth ? recurse(depth - 1) + frame[0] : 0;
}

static void leave(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	show("%s", signal_name(sig));
	_exit(12);
}

CASE(signal, stack_overflow_is_caught)
{
	pid_t pid = fork();

	if (pid == 0) {
		stack_t st = {.ss_sp = alternate, .ss_size = sizeof(alternate)};

		NEED(CALL(SYS_sigaltstack, &st, 0) == 0);
		handle(SIGSEGV, leave, SA_ONSTACK);
		recurse(1 << 30);
	}
	show_status("end", status_of(pid));
}

static void without_alternate_stack(void)
{
	handle(SIGSEGV, leave, 0);
	recurse(1 << 30);
}

CASE(signal, stack_overflow_without_a_stack)
{
	show_end("end", without_alternate_stack);
}
