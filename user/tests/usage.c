/* ABI tests: what processes and threads have used: getrusage, times, wait4's rusage, clocks of CPU time. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>

#include "user/tests/abitest.h"

#define MS 1000000ull

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	CHECK_EQ(raw_syscall2(SYS_clock_gettime, clock, (uintptr_t)&t), 0);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* By its own clock, so that it is enough however busy the machine is. */
static void compute(uint64_t ns)
{
	uint64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + ns;

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end)
		;
}

static uint64_t timeval_ns(struct timeval t)
{
	return t.tv_sec * 1000000000ull + t.tv_usec * 1000ull;
}

/* User and system time together. */
static uint64_t total_ns(const struct rusage *r)
{
	return timeval_ns(r->ru_utime) + timeval_ns(r->ru_stime);
}

static struct rusage used(int who)
{
	struct rusage r;

	CHECK_EQ(raw_syscall2(SYS_getrusage, who, (uintptr_t)&r), 0);
	return r;
}

TEST(usage, computing_counts_and_sleeping_does_not)
{
	uint64_t begin = now_ns(), thread = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	uint64_t computed, slept;

	compute(20 * MS);
	computed = clock_ns(CLOCK_THREAD_CPUTIME_ID) - thread;
	CHECK(computed >= 20 * MS && computed <= now_ns() - begin);
	thread = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	nap_ns(50 * MS);
	slept = clock_ns(CLOCK_THREAD_CPUTIME_ID) - thread;
	CHECK(slept < 25 * MS);
}

/* However it is asked for: the parts are never more than the whole, and the whole never less than a part. */
TEST(usage, all_ways_to_ask_agree)
{
	uint64_t before = clock_ns(CLOCK_PROCESS_CPUTIME_ID), after, sum;
	struct rusage r;

	compute(30 * MS);
	before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	r = used(RUSAGE_SELF);
	after = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	sum = total_ns(&r);
	/* Both are cut to microseconds; Linux counts what the process has used in another way as well. */
	CHECK(sum + 2000 >= before && sum <= after);
	CHECK(clock_ns(CLOCK_THREAD_CPUTIME_ID) <= clock_ns(CLOCK_PROCESS_CPUTIME_ID));
	r = used(RUSAGE_THREAD);
	CHECK(total_ns(&r) <= clock_ns(CLOCK_THREAD_CPUTIME_ID));
}

TEST(usage, nothing_goes_back)
{
	struct rusage last = used(RUSAGE_SELF), now;
	uint64_t end = now_ns() + 300 * MS;

	while (now_ns() < end) {
		compute(MS / 10);
		raw_syscall0(SYS_getppid);
		now = used(RUSAGE_SELF);
		CHECK(timeval_ns(now.ru_utime) >= timeval_ns(last.ru_utime));
		CHECK(timeval_ns(now.ru_stime) >= timeval_ns(last.ru_stime));
		last = now;
	}
}

static void *compute_thread(void *ns)
{
	compute((uintptr_t)ns);
	return NULL;
}

TEST(usage, threads_are_summed_also_when_they_are_gone)
{
	uint64_t before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		threads[i] = start_thread(compute_thread, (void *)(uintptr_t)(20 * MS));
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before >= 60 * MS);
	CHECK(total_ns(&(struct rusage[]){used(RUSAGE_SELF)}[0]) >= 60 * MS);
	CHECK(clock_ns(CLOCK_THREAD_CPUTIME_ID) < clock_ns(CLOCK_PROCESS_CPUTIME_ID) - 55 * MS);
}

/* A child's use is its parent's (children) when it has been waited for, and its own children's with it. */
TEST(usage, children_count_when_waited_for)
{
	struct rusage of_child, children;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		pid_t grandchild = fork();

		compute(10 * MS);
		if (grandchild)
			CHECK_EQ(waitpid(grandchild, NULL, 0), grandchild);
		_exit(0);
	}
	/* It is dead, and not waited for. */
	CHECK_EQ(
		raw_syscall6(SYS_waitid, P_PID, pid, 0, WEXITED | WNOWAIT, (uintptr_t)&of_child, 0),
		0);
	CHECK(total_ns(&of_child) >= 20 * MS);
	children = used(RUSAGE_CHILDREN);
	CHECK_EQ(total_ns(&children), 0);
	memset(&of_child, 0, sizeof(of_child));
	CHECK_EQ(raw_syscall4(SYS_wait4, pid, (uintptr_t)&status, 0, (uintptr_t)&of_child), pid);
	CHECK_EQ(status, 0);
	CHECK(total_ns(&of_child) >= 20 * MS);
	children = used(RUSAGE_CHILDREN);
	CHECK_EQ(memcmp(&children, &of_child, offsetof(struct rusage, ru_nvcsw)), 0);
}

TEST(usage, unwanted_children_do_not_count)
{
	struct rusage children;
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	pid = fork();
	if (pid == 0) {
		compute(10 * MS);
		_exit(0);
	}
	CHECK_EQ(raw_syscall4(SYS_wait4, pid, 0, 0, 0), -ECHILD);
	children = used(RUSAGE_CHILDREN);
	CHECK_EQ(total_ns(&children), 0);
}

TEST(usage, times_tells_the_same)
{
	clock_t begin, end;
	struct tms t = {0};

	begin = times(&t);
	compute(200 * MS);
	end = times(&t);
	CHECK(t.tms_utime + t.tms_stime >= 19 && end - begin >= 19);
	CHECK_EQ(t.tms_cutime + t.tms_cstime, 0);
	if (fork() == 0) {
		compute(100 * MS);
		_exit(0);
	}
	CHECK(wait(NULL) > 0);
	times(&t);
	CHECK(t.tms_cutime + t.tms_cstime >= 9);
}

/* By its pid's complement, as clock_getcpuclockid() makes it. */
TEST(usage, the_clock_of_another_process)
{
	volatile uint64_t *shared =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();
	uint64_t seen;

	if (pid == 0) {
		compute(20 * MS);
		shared[0] = 1;
		for (;;)
			nap_ns(1000 * MS);
	}
	while (!shared[0])
		nap_ns(MS);
	seen = clock_ns(~pid * 8 | 2);
	CHECK(seen >= 20 * MS);
	/* Its threads are its own affair. */
	CHECK_EQ(raw_syscall2(SYS_clock_gettime, ~pid * 8 | 6, (uintptr_t)shared), -EINVAL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK_EQ(raw_syscall2(SYS_clock_gettime, ~pid * 8 | 2, (uintptr_t)shared), -EINVAL);
}

/* One second of each: ten samples at the least. */
TEST(usage, time_in_user_mode)
{
	uint64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + 1000 * MS;
	struct rusage r;

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end)
		for (volatile int i = 0; i < 300000; i++)
			;
	r = used(RUSAGE_SELF);
	CHECK(timeval_ns(r.ru_utime) > timeval_ns(r.ru_stime));
}

TEST(usage, time_in_the_kernel)
{
	uint64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + 1000 * MS;
	struct rusage r;

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end) {
		char *p = mmap(NULL, 1024 * PAGE_SIZE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		CHECK(p != MAP_FAILED);
		CHECK_EQ(munmap(p, 1024 * PAGE_SIZE), 0);
	}
	r = used(RUSAGE_SELF);
	CHECK(timeval_ns(r.ru_stime) > timeval_ns(r.ru_utime));
}

static volatile char pages[64 * PAGE_SIZE] __attribute__((aligned(4096)));

TEST(usage, faults_and_memory)
{
	struct rusage before = used(RUSAGE_SELF), after;
	volatile char *big = mmap(NULL, 2048 * PAGE_SIZE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 64; i++)
		pages[i * PAGE_SIZE] = 1;
	after = used(RUSAGE_SELF);
	CHECK(after.ru_minflt - before.ru_minflt >= 64);
	CHECK(after.ru_minflt - before.ru_minflt < 200);
	madvise((void *)big, 2048 * PAGE_SIZE, MADV_NOHUGEPAGE);
	for (int i = 0; i < 2048; i++)
		big[i * PAGE_SIZE] = 1;
	/* What is given back still was the most. */
	CHECK_EQ(munmap((void *)big, 2048 * PAGE_SIZE), 0);
	after = used(RUSAGE_SELF);
	CHECK(after.ru_maxrss >= 8192 && after.ru_maxrss < 16384);
}
