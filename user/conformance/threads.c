/* Threads: what they share, how they end, what becomes of the process then. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "user/conformance/conform.h"

static volatile int word, started;
static pid_t first_tid;

static void *sleep_for_ever(void *unused)
{
	(void)unused;
	started = 1;
	for (;;)
		nap_ns(1000000000);
	return NULL;
}

static void *spin_for_ever(void *unused)
{
	(void)unused;
	started = 1;
	for (;;)
		__builtin_ia32_pause();
	return NULL;
}

static void start_and_wait(void *(*fn)(void *))
{
	started = 0;
	thread(fn, NULL);
	await_change(&started, 0);
}

static void exit_while_they_run(void)
{
	start_and_wait(sleep_for_ever);
	start_and_wait(spin_for_ever);
	CALL(SYS_exit_group, 33);
}

static void *exit_group_here(void *unused)
{
	(void)unused;
	CALL(SYS_exit_group, 34);
	return NULL;
}

static void exit_by_another(void)
{
	start_and_wait(spin_for_ever);
	thread(exit_group_here, NULL);
	sleep_for_ever(NULL);
}

static void *exit_late(void *unused)
{
	(void)unused;
	nap_ns(20000000);
	CALL(SYS_exit, 36);
	return NULL;
}

static void leader_goes_first(void)
{
	thread(exit_late, NULL);
	CALL(SYS_exit, 35);
}

static void *exit_group_late(void *unused)
{
	(void)unused;
	nap_ns(20000000);
	CALL(SYS_exit_group, 37);
	return NULL;
}

static void leader_goes_first_then_all(void)
{
	thread(exit_group_late, NULL);
	CALL(SYS_exit, 35);
}

static void *exit_thread(void *unused)
{
	(void)unused;
	CALL(SYS_exit, 38);
	return NULL;
}

static void thread_exits_alone(void)
{
	thread(exit_thread, NULL);
	nap_ns(20000000);
	_exit(39);
}

CASE(thread, ends_of_a_process)
{
	show_end("exit_group while others run", exit_while_they_run);
	show_end("exit_group by another thread", exit_by_another);
	show_end("the leader exits first", leader_goes_first);
	show_end("the leader exits, then exit_group", leader_goes_first_then_all);
	show_end("a thread exits", thread_exits_alone);
}

static void killed_with_threads(void)
{
	start_and_wait(spin_for_ever);
	start_and_wait(sleep_for_ever);
	CALL(SYS_kill, getpid(), SIGTERM);
	sleep_for_ever(NULL);
}

static void *kill_leader(void *leader)
{
	CALL(SYS_tgkill, getpid(), *(pid_t *)leader, SIGUSR1);
	return sleep_for_ever(NULL);
}

static void killed_by_thread(void)
{
	first_tid = gettid();
	thread(kill_leader, &first_tid);
	sleep_for_ever(NULL);
}

CASE(thread, death_is_for_all)
{
	show_end("SIGTERM to the process", killed_with_threads);
	show_end("SIGUSR1 to one thread", killed_by_thread);
}

/* A dead leader is still the process. */
static void *look_at_leader(void *unused)
{
	pid_t me = getpid();

	(void)unused;
	nap_ns(20000000);
	show_ret("kill(pid, 0)", CALL(SYS_kill, me, 0));
	show_ret("tgkill of the leader", CALL(SYS_tgkill, me, me, 0));
	show("getpid is the same: %d", getpid() == me);
	CALL(SYS_exit_group, 3);
	return NULL;
}

static void leave_a_thread(void)
{
	thread(look_at_leader, NULL);
	CALL(SYS_exit, 0);
}

CASE(thread, leader_is_dead)
{
	show_end("process", leave_a_thread);
}

CASE(thread, parent_does_not_see_a_dead_leader)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		thread(sleep_for_ever, NULL);
		CALL(SYS_exit, 5);
	}
	nap_ns(50000000);
	show_ret("wait4", CALL(SYS_wait4, pid, &status, WNOHANG, 0));
	CALL(SYS_kill, pid, SIGKILL);
	show_status("then", status_of(pid));
}

HELPER(who)
{
	(void)argv;
	(void)envp;
	show("after exec: %d arguments; the process is its own leader: %d", argc,
	     getpid() == gettid());
	return 23;
}

static void *exec_here(void *unused)
{
	(void)unused;
	show_ret("execve", exec_helper("who", NULL, NULL, NULL));
	return NULL;
}

CASE(thread, exec_by_another_thread)
{
	pid_t pid = fork();

	if (pid == 0) {
		start_and_wait(spin_for_ever);
		thread(exec_here, NULL);
		sleep_for_ever(NULL);
	}
	show_status("the same process", status_of(pid));
}

CASE(thread, exec_with_threads)
{
	pid_t pid = fork();

	if (pid == 0) {
		start_and_wait(spin_for_ever);
		start_and_wait(sleep_for_ever);
		exec_here(NULL);
	}
	show_status("the same process", status_of(pid));
}

static void *failing_exec(void *unused)
{
	char *argv[] = {"x", NULL};

	(void)unused;
	show_ret("execve", CALL(SYS_execve, "/nowhere", argv, argv + 1));
	word = 1;
	return NULL;
}

CASE(thread, failed_exec_leaves_the_others)
{
	join(thread(failing_exec, NULL));
	show("the thread went on: %d", word);
}

/* --- raw threads --- */

static char stack[32768] __attribute__((aligned(16)));

#define THREAD_FLAGS                                                                               \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static int raw_thread(void *unused)
{
	(void)unused;
	word = (int)CALL(SYS_gettid);
	CALL(SYS_exit, 0);
	return 0;
}

CASE(thread, clone_thread_ids)
{
	int parent_tid = 0;
	volatile int tid = -1;
	int ret = clone(raw_thread, stack + sizeof(stack),
			THREAD_FLAGS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, NULL,
			&parent_tid, NULL, &tid);

	NEED(ret > 0);
	await_change(&tid, -1);
	show("cleared: %d", tid);
	show("result, parent's word and gettid are one: %d", ret == parent_tid && ret == word);
	show_ret("a thread is no child", CALL(SYS_wait4, ret, 0, 0, 0));
	for (int i = 0; i < 10000 && CALL(SYS_tkill, ret, 0) == 0; i++)
		nap_ns(100000);
	show_ret("its number is free", CALL(SYS_tkill, ret, 0));
}

static __thread int own = 5;

static void *change_own(void *unused)
{
	(void)unused;
	show("new thread: %d", own);
	own = 6;
	return NULL;
}

CASE(thread, local_storage)
{
	own = 7;
	join(thread(change_own, NULL));
	show("first thread: %d", own);
}

static void *nothing(void *unused)
{
	return unused;
}

CASE(thread, many)
{
	int fine = 0;

	for (int i = 0; i < 200; i++) {
		void *result = NULL;
		pthread_t t = thread(nothing, (void *)(long)(i + 1));

		NEED(pthread_join(t, &result) == 0);
		fine += (long)result == i + 1;
	}
	show("joined: %d", fine);
}
