/* Resource limits: what is refused, what children and new programs have of them, what they forbid. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "user/conformance/conform.h"

#define NOBODY 4194305
#define MIB    (1ul << 20)

static void set(int which, uint64_t soft, uint64_t hard)
{
	uint64_t limit[2] = {soft, hard};

	NEED(CALL(SYS_setrlimit, which, limit) == 0);
}

static void show_limit(const char *what, int which)
{
	uint64_t limit[2] = {9, 9};
	long ret = CALL(SYS_getrlimit, which, limit);

	if (ret)
		show_ret(what, ret);
	else
		show("%s: %ld %ld", what, (long)limit[0], (long)limit[1]);
}

CASE(limits, defaults)
{
	uint64_t limit[2];

	show_limit("stack", RLIMIT_STACK);
	show_limit("data", RLIMIT_DATA);
	show_limit("address space", RLIMIT_AS);
	show_limit("processor time", RLIMIT_CPU);
	show_limit("core", RLIMIT_CORE);
	show_limit("file size", RLIMIT_FSIZE);
	NEED(CALL(SYS_getrlimit, RLIMIT_NOFILE, limit) == 0);
	show("descriptors: %ld", (long)limit[0]);
}

CASE(limits, errnos)
{
	uint64_t limit[2] = {8, 7};

	show_limit("number 16", 16);
	show_limit("number -1", -1);
	show_ret("set 16", CALL(SYS_setrlimit, 16, limit));
	show_ret("soft above hard", CALL(SYS_setrlimit, RLIMIT_STACK, limit));
	show_ret("get to a bad address", CALL(SYS_getrlimit, RLIMIT_STACK, 1));
	show_ret("get 16 to a bad address", CALL(SYS_getrlimit, 16, 1));
	show_ret("set from a bad address", CALL(SYS_setrlimit, RLIMIT_STACK, 1));
	show_ret("set 16 from a bad address", CALL(SYS_setrlimit, 16, 1));
	show_ret("nobody's", CALL(SYS_prlimit64, NOBODY, RLIMIT_STACK, 0, limit));
	show_ret("number 16 of nobody", CALL(SYS_prlimit64, NOBODY, 16, 0, 0));
	show_ret("new at a bad address", CALL(SYS_prlimit64, NOBODY, 16, 1, 0));
	show_ret("old to a bad address", CALL(SYS_prlimit64, 0, RLIMIT_STACK, 0, 1));
	show_ret("nothing at all", CALL(SYS_prlimit64, 0, RLIMIT_STACK, 0, 0));
	show_ret("nothing at all of 16", CALL(SYS_prlimit64, 0, 16, 0, 0));
	limit[0] = limit[1] = 1ul << 40;
	show_ret("a million million descriptors", CALL(SYS_setrlimit, RLIMIT_NOFILE, limit));
	show_limit("stack still", RLIMIT_STACK);
}

CASE(limits, set_and_get)
{
	uint64_t new[2] = {100, 200}, old[2] = {9, 9};

	set(RLIMIT_CORE, 5, 6);
	show_limit("core", RLIMIT_CORE);
	show_ret("both at once", CALL(SYS_prlimit64, 0, RLIMIT_CORE, new, old));
	show("before: %ld %ld", (long)old[0], (long)old[1]);
	show_limit("after", RLIMIT_CORE);
	set(RLIMIT_CORE, 300, -1);
	show_limit("root raises it", RLIMIT_CORE);
	show_ret("own pid", CALL(SYS_prlimit64, getpid(), RLIMIT_CORE, new, 0));
	show_limit("again", RLIMIT_CORE);
}

HELPER(show_limits)
{
	(void)argc;
	(void)argv;
	(void)envp;
	show_limit("after exec: core", RLIMIT_CORE);
	show_limit("after exec: memory that is locked", RLIMIT_MEMLOCK);
	return 0;
}

CASE(limits, are_inherited)
{
	pid_t pid;

	set(RLIMIT_CORE, 11, 12);
	set(RLIMIT_MEMLOCK, 4096, 8192);
	pid = fork();
	if (pid == 0) {
		show_limit("child: core", RLIMIT_CORE);
		set(RLIMIT_CORE, 1, 2);
		exec_helper("show_limits", NULL, NULL, NULL);
		_exit(1);
	}
	show_status("child", status_of(pid));
	show_limit("parent: core", RLIMIT_CORE);
}

CASE(limits, of_another_process)
{
	uint64_t new[2] = {77, 78}, old[2] = {9, 9};
	pid_t pid = sleeping_child();

	set(RLIMIT_CORE, 1, 2);
	show_ret("set", CALL(SYS_prlimit64, pid, RLIMIT_CORE, new, 0));
	show_ret("get", CALL(SYS_prlimit64, pid, RLIMIT_CORE, 0, old));
	show("it has %ld %ld", (long)old[0], (long)old[1]);
	show_limit("own", RLIMIT_CORE);
	end_child(pid);
}

static void *set_core(void *unused)
{
	set(RLIMIT_CORE, 21, 22);
	return unused;
}

CASE(limits, threads_share_them)
{
	join(thread(set_core, NULL));
	show_limit("core", RLIMIT_CORE);
}

static void check_seven(void)
{
	show_ret("it has it as well", CALL(SYS_fcntl, 7, F_GETFD));
}

CASE(limits, descriptors)
{
	set(RLIMIT_NOFILE, 5, 8);
	show_ret("dup", CALL(SYS_dup, 1));
	show_ret("dup", CALL(SYS_dup, 1));
	show_ret("dup", CALL(SYS_dup, 1));
	show_ret("dup2 to 5", CALL(SYS_dup2, 1, 5));
	show_ret("F_DUPFD from 5", CALL(SYS_fcntl, 1, F_DUPFD, 5));
	set(RLIMIT_NOFILE, 8, 8);
	show_ret("dup2 to 7", CALL(SYS_dup2, 1, 7));
	set(RLIMIT_NOFILE, 0, 8);
	show_ret("dup", CALL(SYS_dup, 1));
	show_ret("it is open still", CALL(SYS_fcntl, 7, F_GETFD));
	show_end("in a child", check_seven);
}

static long map(size_t bytes, int prot)
{
	long ret = CALL(SYS_mmap, 0, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return ret < 0 ? ret : 0;
}

CASE(limits, address_space)
{
	long at = CALL(SYS_mmap, 0, 4 * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	set(RLIMIT_AS, 32 * MIB, -1);
	show_ret("64 MiB", map(64 * MIB, PROT_READ));
	show_ret("16 MiB", map(16 * MIB, PROT_NONE));
	show_ret("16 MiB more", map(16 * MIB, PROT_NONE));
	show_ret("grow beyond",
		 CALL(SYS_mremap, at, 4 * MIB, 32 * MIB, MREMAP_MAYMOVE, 0) < 0 ? -ENOMEM : 0);
	show_fine("in place of itself", CALL(SYS_mmap, at, 4 * MIB, PROT_READ,
					     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	set(RLIMIT_AS, -1, -1);
	show_ret("64 MiB without a limit", map(64 * MIB, PROT_READ));
}

CASE(limits, data)
{
	long brk = CALL(SYS_brk, 0);

	set(RLIMIT_DATA, 8 * MIB, -1);
	show_ret("16 MiB to write to", map(16 * MIB, PROT_READ | PROT_WRITE));
	show_ret("16 MiB to read", map(16 * MIB, PROT_READ));
	show("the heap grows: %d", CALL(SYS_brk, brk + 16 * MIB) != brk);
	show("a little: %d", CALL(SYS_brk, brk + MIB) != brk);
}

static void __attribute__((noinline)) use_stack(unsigned int kib)
{
	volatile char page[1024];

	page[0] = 1;
	if (kib)
		use_stack(kib - 1);
	page[1023] = page[0];
}

static void deep_stack(void)
{
	use_stack(512);
}

static void deeper_stack(void)
{
	use_stack(4096);
}

CASE(limits, stack)
{
	set(RLIMIT_STACK, MIB, -1);
	show_end("512 KiB", deep_stack);
	show_end("4 MiB", deeper_stack);
	set(RLIMIT_STACK, 6 * MIB, -1);
	show_end("4 MiB, of 6", deeper_stack);
}

CASE(limits, of_files_and_time)
{
	uint64_t limit[2] = {1ul << 30, -1};

	show_ret("file size", CALL(SYS_setrlimit, RLIMIT_FSIZE, limit));
	show_ret("processor time", CALL(SYS_setrlimit, RLIMIT_CPU, limit));
}
