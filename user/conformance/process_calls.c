/* kill, tkill, tgkill: arguments; names, limits and other small things of a process. */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

#include "user/conformance/conform.h"

#define NOBODY 0x3ffffff0

CASE(process, kill_errnos)
{
	show_ret("signal 0 to itself", CALL(SYS_kill, getpid(), 0));
	show_ret("signal 65", CALL(SYS_kill, getpid(), 65));
	show_ret("signal -1", CALL(SYS_kill, getpid(), -1));
	show_ret("nobody", CALL(SYS_kill, NOBODY, SIGTERM));
	show_ret("nobody, signal 65", CALL(SYS_kill, NOBODY, 65));
	show_ret("nobody's group", CALL(SYS_kill, -NOBODY, SIGTERM));
	show_ret("the least integer", CALL(SYS_kill, -0x7fffffff - 1, 0));
}

CASE(process, tkill_errnos)
{
	show_ret("itself", CALL(SYS_tkill, gettid(), 0));
	show_ret("thread 0", CALL(SYS_tkill, 0, 0));
	show_ret("thread -1", CALL(SYS_tkill, -1, 0));
	show_ret("nobody", CALL(SYS_tkill, NOBODY, 0));
	show_ret("signal 65", CALL(SYS_tkill, gettid(), 65));
	show_ret("itself, by its process", CALL(SYS_tgkill, getpid(), gettid(), 0));
	show_ret("process 0", CALL(SYS_tgkill, 0, gettid(), 0));
	show_ret("process -1", CALL(SYS_tgkill, -1, gettid(), 0));
	show_ret("another process's thread", CALL(SYS_tgkill, getppid(), gettid(), 0));
	show_ret("thread 0 of itself", CALL(SYS_tgkill, getpid(), 0, 0));
	show_ret("signal 65 to itself", CALL(SYS_tgkill, getpid(), gettid(), 65));
}

/* A tid that is no leader's is no process. */
static void *kill_this_thread(void *unused)
{
	(void)unused;
	show_ret("kill(tid, 0)", CALL(SYS_kill, gettid(), 0));
	show_ret("tkill(tid, 0)", CALL(SYS_tkill, gettid(), 0));
	show_ret("tgkill(pid, tid, 0)", CALL(SYS_tgkill, getpid(), gettid(), 0));
	show_ret("tgkill(tid, tid, 0)", CALL(SYS_tgkill, gettid(), gettid(), 0));
	return NULL;
}

CASE(process, kill_by_the_number_of_a_thread)
{
	join(thread(kill_this_thread, NULL));
}

static void *sleep_here(void *unused)
{
	nap_ns(60000000000);
	return unused;
}

CASE(process, kill_reaches_every_thread)
{
	pid_t pid = fork();

	if (pid == 0) {
		thread(sleep_here, NULL);
		CALL(SYS_tkill, gettid(), SIGTERM);
		nap_ns(60000000000);
	}
	NEED(pid > 0);
	show("killed: %d", (status_of(pid) & 0x7f) == SIGTERM);
}

CASE(process, uname)
{
	struct utsname names;

	show_ret("bad address", CALL(SYS_uname, 1));
	show_ret("uname", CALL(SYS_uname, &names));
	show("machine %s, domain %s", names.machine, names.domainname);
	show("it has a version: %d", names.version[0] != 0);
}

CASE(process, name)
{
	char name[17] = "";
	pid_t pid;

	name[16] = '#';
	show_ret("get", CALL(SYS_prctl, PR_GET_NAME, name, 0, 0, 0));
	show("it is %s", name);
	show_ret("set", CALL(SYS_prctl, PR_SET_NAME, "a name that is longer than fits", 0, 0, 0));
	CALL(SYS_prctl, PR_GET_NAME, name, 0, 0, 0);
	show("it is %.16s", name);
	show_ret("set from a bad address", CALL(SYS_prctl, PR_SET_NAME, 1, 0, 0, 0));
	show_ret("get to a bad address", CALL(SYS_prctl, PR_GET_NAME, 1, 0, 0, 0));
	pid = fork();
	if (pid == 0) {
		CALL(SYS_prctl, PR_GET_NAME, name, 0, 0, 0);
		show("in a child it is %s", name);
		_exit(0);
	}
	status_of(pid);
}

CASE(process, prctl_errnos)
{
	show_ret("unknown option", CALL(SYS_prctl, 9999, 0, 0, 0, 0));
	show_ret("no option", CALL(SYS_prctl, 0, 0, 0, 0, 0));
}

CASE(process, unknown_calls)
{
	show_ret("call 400", CALL(400));
	show_ret("call 511", CALL(511));
	show_ret("call 4096", CALL(4096));
	show_ret("call -1", CALL(-1));
	show_ret("call 2^31", CALL(0x80000000));
}

CASE(process, getrandom)
{
	unsigned char a[64] = {0}, b[64] = {0};

	show_ret("64 bytes", CALL(SYS_getrandom, a, sizeof(a), 0));
	show_ret("64 bytes", CALL(SYS_getrandom, b, sizeof(b), 1));
	show("they differ: %d", memcmp(a, b, sizeof(a)) != 0);
	show_ret("none", CALL(SYS_getrandom, a, 0, 0));
	show_ret("none, to a bad address", CALL(SYS_getrandom, 1, 0, 0));
	show_ret("to a bad address", CALL(SYS_getrandom, 1, 8, 0));
	show_ret("unknown flags", CALL(SYS_getrandom, a, 8, 0x100));
	show_ret("random and insecure", CALL(SYS_getrandom, a, 8, 2 | 4));
}

CASE(process, arch_prctl)
{
	unsigned long base = 0, self;

	__asm__ volatile("mov %%fs:0, %0" : "=r"(self));
	show_ret("get FS", CALL(SYS_arch_prctl, 0x1003, &base));
	show("it is where the thread's block is: %d", base == self);
	show_ret("set GS", CALL(SYS_arch_prctl, 0x1001, 0x12345000));
	show_ret("get GS", CALL(SYS_arch_prctl, 0x1004, &base));
	show("GS %#lx", base);
	show_ret("get to a bad address", CALL(SYS_arch_prctl, 0x1003, 1));
	show_ret("FS in the kernel's half", CALL(SYS_arch_prctl, 0x1002, 0xffff800000000000));
	show_ret("GS at the end of user space", CALL(SYS_arch_prctl, 0x1001, 0x7ffffffff000));
	show_ret("GS in the kernel's half", CALL(SYS_arch_prctl, 0x1001, 0xffff800000000000));
	show_ret("unknown code", CALL(SYS_arch_prctl, 0x9999, 0));
}
