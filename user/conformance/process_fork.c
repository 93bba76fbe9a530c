/* What a child has from its parent, and what it has not. */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "user/conformance/conform.h"

static volatile int word;

CASE(process, fork_copies_memory)
{
	volatile int *shared = (int *)pages(1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	pid_t pid;

	word = 1;
	pid = fork();
	if (pid == 0) {
		show("child sees %d", word);
		word = 2;
		shared[0] = 1;
		await_change(&shared[1], 0);
		show("child keeps %d", word);
		_exit(0);
	}
	await_change(&shared[0], 0);
	show("parent sees %d", word);
	word = 3;
	shared[1] = 1;
	show_status("child", status_of(pid));
}

CASE(process, identities)
{
	pid_t me = getpid(), pid = fork();

	if (pid == 0) {
		show("parent is the one that forked: %d", getppid() == me);
		show("another pid: %d", getpid() != me);
		show("the thread is the leader: %d", gettid() == getpid());
		_exit(0);
	}
	show_status("child", status_of(pid));
	show("pids are positive: %d", me > 1 && pid > 1 && me != pid);
	show("users: %ld %ld %ld %ld", CALL(SYS_getuid), CALL(SYS_geteuid), CALL(SYS_getgid),
	     CALL(SYS_getegid));
}

static void *show_identity(void *parent)
{
	show("same process: %d", getpid() == *(pid_t *)parent);
	show("another thread: %d", gettid() != getpid());
	show("same parent: %d", getppid() == ((pid_t *)parent)[1]);
	return NULL;
}

CASE(process, identities_in_a_thread)
{
	pid_t ids[2] = {getpid(), getppid()};

	join(thread(show_identity, ids));
}

static void *fork_from_here(void *unused)
{
	pid_t me = getpid(), pid = fork();

	(void)unused;
	if (pid == 0) {
		show("the only thread, and the leader: %d", gettid() == getpid());
		show("child of the process: %d", getppid() == me);
		_exit(17);
	}
	show_status("child", status_of(pid));
	return NULL;
}

CASE(process, fork_in_a_thread)
{
	join(thread(fork_from_here, NULL));
}

CASE(process, vfork_waits_for_exit)
{
	pid_t pid;

	word = 1;
	pid = vfork();
	if (pid == 0) {
		nap_ns(20000000);
		show("child first");
		word = 2;
		_exit(9);
	}
	show("parent then, and sees %d", word);
	show_status("child", status_of(pid));
}

CASE(process, vfork_waits_for_exec)
{
	char *argv[] = {"/bin/tiny", NULL};
	pid_t pid = vfork();

	if (pid == 0) {
		show_ret("bad exec", CALL(SYS_execve, "/nowhere", argv, argv + 1));
		CALL(SYS_execve, argv[0], argv, argv + 1);
		_exit(98);
	}
	show("parent then");
	show_status("child", status_of(pid));
}

CASE(process, vfork_child_is_killed)
{
	pid_t pid = vfork();

	if (pid == 0) {
		CALL(SYS_kill, CALL(SYS_getpid), SIGKILL);
		_exit(98);
	}
	show_status("child", status_of(pid));
}

/* The middle one dies; what was its child is process 1's. */
CASE(process, orphan_goes_to_process_1)
{
	volatile int *shared = (int *)pages(1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	pid_t middle = fork();

	if (middle == 0) {
		pid_t me = getpid();

		if (fork() == 0) {
			shared[2] = getppid() == me;
			shared[0] = 1;
			await_change(&shared[1], 0);
			shared[3] = getppid();
			shared[4] = 1;
			_exit(0);
		}
		await_change(&shared[0], 0);
		_exit(3);
	}
	show_status("middle", status_of(middle));
	shared[1] = 1;
	await_change(&shared[4], 0);
	show("was the middle one's child: %d", shared[2]);
	show("is now the child of %d", shared[3]);
	show_ret("it is not ours", CALL(SYS_wait4, -1, 0, 0, 0));
}

/* Each generation makes the next; the last one's code comes up, one more at each step. */
static int generations(int left)
{
	pid_t pid;

	if (left == 0)
		return 0;
	pid = fork();
	if (pid == 0)
		_exit(generations(left - 1));
	return WEXITSTATUS(status_of(pid)) + 1;
}

CASE(process, generations)
{
	show("generations: %d", generations(12));
}

CASE(process, clone_errnos)
{
	show_ret("SIGHAND without VM", CALL(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0));
	show_ret("THREAD without SIGHAND",
		 CALL(SYS_clone, CLONE_THREAD | CLONE_VM | SIGCHLD, 0, 0, 0, 0));
	show_ret("FS with a new namespace",
		 CALL(SYS_clone, CLONE_FS | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0));
	show_ret("no children", CALL(SYS_wait4, -1, 0, 0, 0));
}

CASE(process, clone_writes_thread_ids)
{
	volatile int *shared = (int *)pages(1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	int parent_tid = 0, child_tid = 0;
	long pid = CALL(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0,
			&parent_tid, &child_tid, 0);

	if (pid == 0) {
		shared[0] = child_tid == (int)CALL(SYS_getpid);
		shared[1] = parent_tid == (int)CALL(SYS_getpid);
		raw_exit(0);
	}
	NEED(status_of(pid) == 0);
	show("parent's word: %d", parent_tid == pid);
	show("child's word, in the parent: %d", child_tid);
	show("child's word, in the child: %d", shared[0]);
	show("parent's word, in the child: %d", shared[1]);
}

CASE(process, clone_with_bad_addresses_for_thread_ids)
{
	long pid = CALL(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, 0, 1, 0, 0);

	if (pid == 0)
		raw_exit(3);
	show_fine("parent's word at 1", pid);
	if (pid > 0)
		show_status("child", status_of(pid));
	pid = CALL(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, 0, 0, 1, 0);
	if (pid == 0)
		raw_exit(4);
	show_fine("child's word at 1", pid);
	if (pid > 0)
		show_status("child", status_of(pid));
}

CASE(process, clone_as_a_sibling)
{
	volatile int *shared = (int *)pages(1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	pid_t me = getpid(), middle = fork();

	if (middle == 0) {
		long pid = CALL(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);

		if (pid == 0)
			raw_exit(CALL(SYS_getppid) == me ? 30 : 31);
		shared[0] = pid;
		show_ret("the middle one has no child", CALL(SYS_wait4, -1, 0, 0, 0));
		_exit(0);
	}
	NEED(status_of(middle) == 0);
	NEED(shared[0] > 0);
	show_status("its child is ours", status_of(shared[0]));
}

/* A process that shares memory, and has a stack of its own. */
static char stack[16384] __attribute__((aligned(16)));

static int write_word(void *value)
{
	word = (int)(long)value;
	raw_exit(5);
}

CASE(process, clone_shares_memory)
{
	int pid;

	word = 0;
	pid = clone(write_word, stack + sizeof(stack), CLONE_VM | SIGCHLD, (void *)44);
	show_status("child", status_of(pid));
	show("word: %d", word);
}

CASE(process, clone_clears_its_thread_id)
{
	volatile int tid = 99;
	int pid;

	word = 0;
	pid = clone(write_word, stack + sizeof(stack), CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD,
		    (void *)1, NULL, NULL, &tid);
	NEED(WEXITSTATUS(status_of(pid)) == 5);
	show("memory is shared: %d", tid);
	tid = 99;
	pid = CALL(SYS_clone, CLONE_CHILD_CLEARTID | SIGCHLD, 0, 0, &tid, 0);
	if (pid == 0)
		raw_exit(0);
	NEED(status_of(pid) == 0);
	show("memory is not shared: %d", tid);
}

CASE(process, set_tid_address)
{
	show("its result is the thread: %d", CALL(SYS_set_tid_address, 0) == gettid());
	show("at a bad address: %d", CALL(SYS_set_tid_address, 1) == gettid());
}

CASE(process, ignored_signals_are_inherited)
{
	pid_t pid;

	signal(SIGUSR1, SIG_IGN);
	pid = fork();
	if (pid == 0) {
		show_ret("in the child", CALL(SYS_kill, getpid(), SIGUSR1));
		signal(SIGUSR1, SIG_DFL);
		CALL(SYS_kill, getpid(), SIGUSR1);
		_exit(0);
	}
	show_status("until it takes the default", status_of(pid));
	show_ret("in the parent", CALL(SYS_kill, getpid(), SIGUSR1));
}

CASE(process, many_children_at_once)
{
	pid_t pid[60];
	int right = 0;

	for (int i = 0; i < 60; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(i);
	}
	for (int i = 0; i < 60; i++)
		right += status_of(pid[i]) == i << 8;
	show("%d right", right);
}
