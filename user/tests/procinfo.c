/* ABI tests: process information about processes and threads: who there is, what they are, bad arguments. */
#include <fcntl.h>
#include <sys/prctl.h>

#include "kernel/abi/machine.h"
#include "user/lib/ipc.h"
#include "user/tests/procinfo.h"

int need_procinfo(void)
{
	long right = machine_processes(MACHINE_HANDLE, 0);

	if (right < 0)
		SKIP("needs the machine handle: `init machine /bin/abitest`");
	return (int)right;
}

pid_t sleeping_child(void)
{
	pid_t pid = fork();

	while (pid == 0)
		pause();
	CHECK(pid > 0);
	return pid;
}

void end_child(pid_t pid)
{
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

pid_t sleeping_program(char *const *argv, char *const *envp)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execve(options.self, argv, envp);
		_exit(98);
	}
	CHECK(pid > 0);
	return pid;
}

/* --- bad arguments --- */

struct call {
	const char *name;
	long (*call)(int right, int pid, void *out);
};

static long call_pids(int right, int pid, void *out)
{
	(void)pid;
	return procinfo_pids(right, 0, out, 8);
}

static long call_threads(int right, int pid, void *out)
{
	return procinfo_threads(right, pid, 0, out, 8);
}

static long call_task(int right, int pid, void *out)
{
	return procinfo_task(right, pid, out);
}

static long call_args(int right, int pid, void *out)
{
	return procinfo_args(right, pid, PROCINFO_ARGV, 0, out, 100);
}

static long call_maps(int right, int pid, void *out)
{
	return procinfo_maps(right, pid, 0, out, 8);
}

static long call_memory(int right, int pid, void *out)
{
	return procinfo_memory(right, pid, out);
}

static long call_system(int right, int pid, void *out)
{
	(void)pid;
	return procinfo_system(right, out);
}

static long call_cpus(int right, int pid, void *out)
{
	(void)pid;
	return procinfo_cpus(right, 0, out, 8);
}

static long call_pgsync(int right, int pid, void *out)
{
	(void)pid;
	return procinfo_pgsync(right, out);
}

static long call_roots(int right, int pid, void *out)
{
	(void)pid;
	return procinfo_roots(right, 0, out, 8);
}

#define PER_PROCESS 5 /* the first ones ask for one */

static const struct call calls[] = {
	{"threads", call_threads}, {"task", call_task},     {"args", call_args},
	{"maps", call_maps},       {"memory", call_memory}, {"pids", call_pids},
	{"system", call_system},   {"cpus", call_cpus},     {"pgsync", call_pgsync},
	{"roots", call_roots},
};

TEST(procinfo, nothing_without_the_right)
{
	char out[4096] = {0};
	int right = need_procinfo();
	int wrong[] = {-1, 1, 1000, (int)memobj_create(PAGE_SIZE, 0)};

	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		for (unsigned int w = 0; w < ARRAY_SIZE(wrong); w++)
			CHECK_EQ(calls[i].call(wrong[w], getpid(), out), -EBADF);
		CHECK(calls[i].call(right, getpid(), out) >= 0);
	}
	for (unsigned int i = 0; i < sizeof(out); i++)
		out[i] = 0;
	CHECK_EQ(close(right), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++)
		CHECK_EQ(calls[i].call(right, getpid(), out), -EBADF);
	for (unsigned int i = 0; i < sizeof(out); i++)
		CHECK_EQ(out[i], 0);
}

TEST(procinfo, the_machine_makes_the_right)
{
	int right = need_procinfo(),
	    closed = (int)machine_processes(MACHINE_HANDLE, MACHINE_CLOEXEC);

	CHECK(right > MACHINE_HANDLE && closed > right);
	CHECK_EQ(fcntl(right, F_GETFD), 0);
	CHECK_EQ(fcntl(closed, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(machine_processes(MACHINE_HANDLE, 1), -EINVAL);
	CHECK_EQ(machine_processes(right, 0), -EBADF);
	CHECK_EQ(machine_processes(1, 0), -EBADF);
	CHECK_EQ(machine_processes(-1, 0), -EBADF);
}

TEST(procinfo, wild_addresses)
{
	int right = need_procinfo();

	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++)
		for (unsigned int kind = 0; kind < NR_WILD; kind++) {
			long got = calls[i].call(right, getpid(), (void *)wild_address(kind));

			if (got != -EFAULT)
				say("# %s, %s", calls[i].name, wild_names[kind]);
			CHECK_EQ(got, -EFAULT);
		}
}

TEST(procinfo, numbers_that_cannot_be)
{
	int right = need_procinfo();
	int nobody[] = {0, -1, 4194304, 2147483647, (int)-2147483648};
	uint64_t out[512];

	for (unsigned int i = 0; i < PER_PROCESS; i++)
		for (unsigned int n = 0; n < ARRAY_SIZE(nobody); n++)
			CHECK_EQ(calls[i].call(right, nobody[n], out), -ESRCH);
	CHECK_EQ(procinfo_pids(right, -1, (void *)out, 8), -EINVAL);
	CHECK_EQ(procinfo_pids(right, 0, (void *)out, 0), -EINVAL);
	CHECK_EQ(procinfo_pids(right, 2147483647, (void *)out, 8), 0);
	CHECK_EQ(procinfo_threads(right, getpid(), -1, (void *)out, 8), -EINVAL);
	CHECK_EQ(procinfo_threads(right, getpid(), 0, (void *)out, 0), -EINVAL);
	CHECK_EQ(procinfo_maps(right, getpid(), 0, (void *)out, 0), -EINVAL);
	CHECK_EQ(procinfo_maps(right, getpid(), -1ul, (void *)out, 8), 0);
	CHECK_EQ(procinfo_cpus(right, 0, (void *)out, 0), -EINVAL);
	CHECK_EQ(procinfo_cpus(right, -1u, (void *)out, 8), 0);
	CHECK_EQ(procinfo_roots(right, 0, (void *)out, 0), -EINVAL);
	CHECK_EQ(procinfo_roots(right, -1ul, (void *)out, 8), 0);
	CHECK_EQ(procinfo_args(right, getpid(), PROCINFO_NAME + 1, 0, out, 8), -EINVAL);
	CHECK_EQ(procinfo_args(right, getpid(), PROCINFO_ARGV, -1ul, out, 8), 0);
	CHECK_EQ(procinfo_args(right, getpid(), PROCINFO_ARGV, 0, out, 0), 0);
}

/* --- who there is --- */

/* Where `pid` is in a list, or -1. */
static int index_of(const int32_t *list, unsigned int n, int pid)
{
	for (unsigned int i = 0; i < n; i++)
		if (list[i] == pid)
			return (int)i;
	return -1;
}

#define PIDS_MAX 4096

/* All processes, by chunks of `room`; ascending, which says that none is told twice. */
static unsigned int all_pids(int right, int32_t *pids, unsigned int room)
{
	unsigned int n = 0;
	int first = 0;
	long got;

	while ((got = procinfo_pids(right, first, pids + n, room)) > 0) {
		CHECK(got <= (long)room);
		for (long i = 0; i < got; i++, n++) {
			CHECK(pids[n] >= first);
			first = pids[n] + 1;
		}
		CHECK(n + room < PIDS_MAX);
	}
	CHECK_EQ(got, 0);
	return n;
}

TEST(procinfo, every_process_is_told_once)
{
	static int32_t pids[PIDS_MAX];
	static const unsigned int rooms[] = {1, 3, 64, 1000};
	int right = need_procinfo();
	pid_t children[100];

	for (unsigned int i = 0; i < ARRAY_SIZE(children); i++)
		children[i] = sleeping_child();
	for (unsigned int r = 0; r < ARRAY_SIZE(rooms); r++) {
		unsigned int n = all_pids(right, pids, rooms[r]);

		CHECK(index_of(pids, n, 1) >= 0);
		CHECK(index_of(pids, n, getpid()) >= 0);
		for (unsigned int i = 0; i < ARRAY_SIZE(children); i++)
			CHECK(index_of(pids, n, children[i]) >= 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(children); i++)
		end_child(children[i]);
	CHECK(index_of(pids, all_pids(right, pids, 64), children[0]) < 0);
}

/* Forks, and its children exec, until it is killed. */
static pid_t busy_forker(void)
{
	char *const argv[] = {(char *)options.tiny, NULL};
	pid_t pid = fork();

	while (pid == 0) {
		pid_t child = vfork();

		if (child == 0) {
			execv(options.tiny, argv);
			_exit(1);
		}
		waitpid(child, NULL, 0);
	}
	CHECK(pid > 0);
	return pid;
}

/* Whatever can be asked of a process that may end at any moment: an answer, or -ESRCH. */
static void ask_all(int right, int pid)
{
	char out[4096];

	for (unsigned int i = 0; i < PER_PROCESS; i++) {
		long got = calls[i].call(right, pid, out);

		CHECK(got >= 0 || got == -ESRCH);
	}
}

TEST(procinfo, processes_that_come_and_go_hide_nobody)
{
	static int32_t pids[PIDS_MAX];
	int right = need_procinfo();
	pid_t quiet[20], busy[4];

	for (unsigned int i = 0; i < ARRAY_SIZE(quiet); i++) {
		quiet[i] = sleeping_child();
		if (i % 5 == 0)
			busy[i / 5] = busy_forker();
	}
	for (unsigned int round = 0; round < 20; round++) {
		unsigned int n = all_pids(right, pids, 7);

		for (unsigned int i = 0; i < ARRAY_SIZE(quiet); i++)
			CHECK(index_of(pids, n, quiet[i]) >= 0);
		for (unsigned int i = 0; i < n; i++)
			ask_all(right, pids[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(busy); i++)
		end_child(busy[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(quiet); i++)
		end_child(quiet[i]);
}

TEST(procinfo, threads_are_told_once)
{
	int right = need_procinfo();
	int32_t tids[64] = {0};
	struct procinfo_task task;
	int first = 0, thread;
	unsigned int n = 0;
	long got;

	for (unsigned int i = 0; i < 20; i++)
		start_thread(sleep_thread, NULL);
	while ((got = procinfo_threads(right, getpid(), first, tids + n, 6)) > 0) {
		for (long i = 0; i < got; i++, n++) {
			CHECK(tids[n] >= first);
			first = tids[n] + 1;
			CHECK_EQ(procinfo_task(right, tids[n], &task), 0);
			CHECK_EQ(task.tid, tids[n]);
			CHECK_EQ(task.pid, getpid());
			CHECK_EQ(task.threads, 21);
			CHECK_EQ(!!(task.flags & PROCINFO_LEADER), tids[n] == getpid());
		}
	}
	CHECK_EQ(got, 0);
	CHECK_EQ(n, 21);
	CHECK(index_of(tids, n, getpid()) >= 0);
	/* A thread's number will do, and is no process of the list. */
	thread = tids[20] == getpid() ? tids[19] : tids[20];
	CHECK_EQ(procinfo_threads(right, thread, 0, tids, 64), 21);
	CHECK(procinfo_pids(right, thread, tids, 1) == 0 || tids[0] != thread);
}

/* --- one thread --- */

static struct procinfo_task task_of(int right, pid_t pid)
{
	struct procinfo_task task;

	memset(&task, 0xff, sizeof(task));
	CHECK_EQ(procinfo_task(right, pid, &task), 0);
	return task;
}

/* Sooner or later: the test's own time limit is what ends this otherwise. */
static void await_state(int right, pid_t pid, char state)
{
	while (task_of(right, pid).state != state)
		nap_ns(1000000);
}

TEST(procinfo, who_a_process_is)
{
	int right = need_procinfo();
	struct procinfo_task task = task_of(right, getpid()), child;
	pid_t pid;

	CHECK_EQ(task.tid, getpid());
	CHECK_EQ(task.pid, getpid());
	CHECK_EQ(task.ppid, getppid());
	CHECK_EQ(task.pgid, getpgrp());
	CHECK_EQ(task.sid, getsid(0));
	CHECK_EQ(task.threads, 1);
	CHECK_EQ(task.flags, PROCINFO_LEADER);
	CHECK_EQ(task.state, 'R');
	CHECK_EQ(strcmp(task.comm, "abitest"), 0);
	CHECK_EQ(prctl(PR_SET_NAME, "exactly fifteen"), 0);
	CHECK_EQ(strcmp(task_of(right, getpid()).comm, "exactly fifteen"), 0);
	pid = sleeping_child();
	CHECK_EQ(setpgid(pid, pid), 0);
	child = task_of(right, pid);
	CHECK_EQ(child.ppid, getpid());
	CHECK_EQ(child.pgid, pid);
	CHECK_EQ(child.sid, getsid(0));
	CHECK(child.start > task.start && child.start < now_ns());
	end_child(pid);
}

/* Some time of a CPU, on this thread's account. */
static void compute(void)
{
	for (uint64_t end = now_ns() + 30000000; now_ns() < end;)
		;
}

TEST(procinfo, times_that_are_used)
{
	int right = need_procinfo();
	struct procinfo_task before = task_of(right, getpid()), after;
	pid_t pid;

	compute();
	after = task_of(right, getpid());
	CHECK(after.thread.user + after.thread.system > before.thread.user + before.thread.system);
	CHECK(after.process.user >= after.thread.user && after.process.faults >= 1);
	CHECK_EQ(after.children.user + after.children.system,
		 before.children.user + before.children.system);
	pid = fork();
	if (pid == 0) {
		compute();
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	after = task_of(right, getpid());
	CHECK(after.children.user + after.children.system > 0);
}

TEST(procinfo, states)
{
	int right = need_procinfo();
	struct procinfo_task task;
	struct procinfo_memory memory;
	struct procinfo_map map;
	char text[8];
	pid_t pid = sleeping_child();

	await_state(right, pid, 'S');
	CHECK_EQ(kill(pid, SIGSTOP), 0);
	await_state(right, pid, 'T');
	CHECK_EQ(kill(pid, SIGCONT), 0);
	await_state(right, pid, 'S');
	CHECK_EQ(kill(pid, SIGTERM), 0);
	await_state(right, pid, 'Z');
	task = task_of(right, pid);
	CHECK_EQ(task.exit_status, SIGTERM);
	CHECK(task.flags & PROCINFO_EXITING);
	CHECK_EQ(task.threads, 0);
	/* It is there, and has nothing. */
	CHECK_EQ(procinfo_args(right, pid, PROCINFO_ARGV, 0, text, sizeof(text)), 0);
	CHECK_EQ(procinfo_maps(right, pid, 0, &map, 1), 0);
	CHECK_EQ(procinfo_memory(right, pid, &memory), 0);
	CHECK(memory.size == 0 && memory.resident == 0 && memory.tables == 0 && memory.maps == 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	ask_all(right, pid);
	CHECK_EQ(procinfo_task(right, pid, &task), -ESRCH);
}

TEST(procinfo, a_leader_that_has_ended_is_there_with_its_process)
{
	int right = need_procinfo();
	struct procinfo_memory memory;
	struct procinfo_task task;
	pid_t pid = fork();

	if (pid == 0) {
		start_thread(sleep_thread, NULL);
		raw_syscall1(SYS_exit, 0);
	}
	await_state(right, pid, 'Z');
	task = task_of(right, pid);
	CHECK_EQ(task.threads, 1);
	CHECK_EQ(task.flags, PROCINFO_LEADER);
	CHECK_EQ(procinfo_memory(right, pid, &memory), 0);
	CHECK(memory.resident > 0);
	end_child(pid);
}

TEST(procinfo, kernel_threads)
{
	static int32_t pids[PIDS_MAX];
	int right = need_procinfo();
	unsigned int n = all_pids(right, pids, 64), found = 0;
	struct procinfo_map map;

	for (unsigned int i = 0; i < n; i++) {
		struct procinfo_task task;

		if (procinfo_task(right, pids[i], &task) || !(task.flags & PROCINFO_KERNEL))
			continue;
		found++;
		CHECK_EQ(task.ppid, 0);
		CHECK(task.state == 'I' || task.state == 'R');
		CHECK_EQ(procinfo_maps(right, pids[i], 0, &map, 1), 0);
	}
	CHECK(found > 0);
}

#define BIT_OF(sig) (1ul << ((sig)-1))

static void handle(int sig)
{
	(void)sig;
}

TEST(procinfo, signals)
{
	int right = need_procinfo();
	struct procinfo_task task;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR2, handle);
	CHECK_EQ(kill(getpid(), SIGUSR1), 0);
	CHECK_EQ(raw_syscall3(SYS_tgkill, getpid(), gettid(), SIGUSR2), 0);
	task = task_of(right, getpid());
	CHECK_EQ(task.blocked & (BIT_OF(SIGUSR1) | BIT_OF(SIGUSR2) | BIT_OF(SIGHUP)),
		 BIT_OF(SIGUSR1) | BIT_OF(SIGUSR2));
	CHECK_EQ(task.process_pending, BIT_OF(SIGUSR1));
	CHECK_EQ(task.pending, BIT_OF(SIGUSR2));
	CHECK(task.ignored & BIT_OF(SIGHUP));
	CHECK_EQ(task.caught & (BIT_OF(SIGHUP) | BIT_OF(SIGUSR2)), BIT_OF(SIGUSR2));
}
