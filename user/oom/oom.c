/*
 * oom: more memory is asked for than there is, in one of several ways, beside processes that keep
 * their memory and check it.
 *
 *	oom hog|shared|tables|threads|bomb|many|sleeper|stacks|cached|alone|parent [seconds=1]
 *	oom files	with the servers, which live on
 *
 * Whoever is killed was killed by SIGKILL, the bystanders find what they wrote, and in the end as
 * many pages are free as before. The last line is `OOM: PASS`, or says what is wrong. Needs pgctl=1
 * and little memory.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/freewalk.h"
#include "user/lib/rawsys.h"
#include "user/oom/oom.h"

#define RW              (PROT_READ | PROT_WRITE)
#define BYSTANDER_PAGES 64
#define BOMB_PAGES      96 /* more than a bystander has: else that is the one to go */
#define MAX_PROCESSES   128
#define SLOT            (2ul << 20) /* what one page table maps */

static struct {
	atomic_int stop; /* the bystanders may end */
	atomic_int ready;
	volatile bool has_share[MAX_PROCESSES];
} * shared;

unsigned long total_pages;
static unsigned long seconds;

unsigned long free_pages(void)
{
	struct pgctl_stats stats;
	long pages = pages_at_rest(&stats);

	REQUIRE(pages > 0);
	total_pages = stats.total_pages;
	return pages;
}

static char *map(unsigned long pages, int flags)
{
	char *p = mmap(NULL, pages * PAGE_SIZE, RW, flags | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	REQUIRE(p != MAP_FAILED);
	return p;
}

static void fill(char *p, unsigned long pages, unsigned long value)
{
	for (unsigned long i = 0; i < pages; i++)
		*(unsigned long *)(p + i * PAGE_SIZE) = value + i;
}

static void verify(const char *p, unsigned long pages, unsigned long value)
{
	for (unsigned long i = 0; i < pages; i++)
		REQUIRE(*(const unsigned long *)(p + i * PAGE_SIZE) == value + i);
}

pid_t start(void (*fn)(void))
{
	pid_t pid;

	/* When there is no memory at the moment a fork is refused. */
	while ((pid = fork()) < 0) {
		REQUIRE(errno == ENOMEM);
		nap_ns(1000000);
	}
	if (pid == 0) {
		fn();
		_exit(0);
	}
	return pid;
}

int end_of(pid_t pid)
{
	int status = -1;

	REQUIRE(waitpid(pid, &status, 0) == pid);
	return status;
}

bool killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* --- bystanders --- */

static pid_t bystanders[4];

static void stand_by(void)
{
	char *p = map(BYSTANDER_PAGES, MAP_PRIVATE);
	unsigned long value = getpid();

	fill(p, BYSTANDER_PAGES, value);
	atomic_fetch_add(&shared->ready, 1);
	while (!shared->stop) {
		verify(p, BYSTANDER_PAGES, value);
		fill(p, BYSTANDER_PAGES, ++value);
		nap_ns(1000000);
	}
	verify(p, BYSTANDER_PAGES, value);
}

static void start_bystanders(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bystanders); i++)
		bystanders[i] = start(stand_by);
	while (shared->ready < (int)ARRAY_SIZE(bystanders))
		nap_ns(1000000);
}

static void end_bystanders(void)
{
	shared->stop = 1;
	for (unsigned int i = 0; i < ARRAY_SIZE(bystanders); i++)
		REQUIRE(end_of(bystanders[i]) == 0);
}

/* --- who asks for too much --- */

void take_private(void)
{
	unsigned long pages = 2 * total_pages;

	fill(map(pages, MAP_PRIVATE), pages, 0);
}

static void take_shared(void)
{
	unsigned long pages = 2 * total_pages;

	fill(map(pages, MAP_SHARED), pages, 0);
}

/* Page tables: each of them for one page, and that the one that all readers share. */
static void take_tables(void)
{
	for (;;) {
		volatile char *p = map(SLOT / PAGE_SIZE * 4096, MAP_PRIVATE);

		for (unsigned long i = 0; i < 4096; i++)
			(void)p[i * SLOT];
	}
}

static int touch_on(void *half)
{
	fill(half, total_pages, 0);
	return 0;
}

/* Threads of one process, on several CPUs. */
static void take_with_threads(void)
{
	enum { THREADS = 8, STACK = 16 * PAGE_SIZE };
	char *p = map(THREADS * total_pages, MAP_PRIVATE);

	for (unsigned long i = 0; i < THREADS; i++)
		if (clone(touch_on, map(STACK / PAGE_SIZE, MAP_PRIVATE) + STACK,
			  CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				  CLONE_SYSVSEM,
			  p + i * total_pages * PAGE_SIZE) < 0)
			break;
	for (;;)
		nap_ns(1000000000);
}

/* One process too many, and the others come through. */
static void one_hog(void (*take)(void))
{
	start_bystanders();
	REQUIRE(killed(end_of(start(take))));
	end_bystanders();
}

static void hog(void)
{
	one_hog(take_private);
}

static void hog_shared(void)
{
	one_hog(take_shared);
}

static void hog_tables(void)
{
	one_hog(take_tables);
}

static void hog_threads(void)
{
	one_hog(take_with_threads);
}

/* --- a process that sleeps on most of the memory, and another one that needs some --- */

static void sleep_on_memory(void)
{
	unsigned long pages = total_pages / 2;

	fill(map(pages, MAP_PRIVATE), pages, 0);
	atomic_fetch_add(&shared->ready, 1);
	for (;;)
		nap_ns(1000000000000);
}

static void need_some(void)
{
	unsigned long pages = total_pages / 2;
	char *p = map(pages, MAP_PRIVATE);

	fill(p, pages / 2, 7);
	fill(p + pages / 2 * PAGE_SIZE, pages - pages / 2, 7 + pages / 2);
	verify(p, pages, 7);
}

static void sleeper(void)
{
	pid_t big = start(sleep_on_memory);

	while (!shared->ready)
		nap_ns(1000000);
	REQUIRE(end_of(start(need_some)) == 0);
	REQUIRE(killed(end_of(big)));
}

/* --- as many as there are CPUs, half of which fit --- */

static unsigned long share;
static unsigned int self;

static void take_share(void)
{
	char *p = map(share, MAP_PRIVATE);

	fill(p, share, self);
	shared->has_share[self] = true;
	while (!shared->stop)
		nap_ns(1000000);
	verify(p, share, self);
}

/* Reaps whoever was killed: its entry becomes 0. */
static void reap_killed(pid_t *pids, unsigned int n)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		REQUIRE(killed(status));
		for (unsigned int i = 0; i < n; i++)
			pids[i] = pids[i] == pid ? 0 : pids[i];
	}
}

/* Whether each has what it wants, or is dead. */
static bool all_settled(const pid_t *pids, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (pids[i] && !shared->has_share[i])
			return false;
	return true;
}

static void many(void)
{
	unsigned int cpus[MAX_CPUS], n = 2 * cpus_allowed(cpus, MAX_CPUS), survivors = 0;
	pid_t pids[MAX_PROCESSES];

	n = n < 8 ? 8 : n;
	REQUIRE(n <= MAX_PROCESSES);
	share = total_pages * 3 / 2 / n;
	for (self = 0; self < n; self++)
		pids[self] = start(take_share);
	while (!all_settled(pids, n)) {
		reap_killed(pids, n);
		nap_ns(1000000);
	}
	shared->stop = 1;
	for (unsigned int i = 0; i < n; i++) {
		int status = pids[i] ? end_of(pids[i]) : SIGKILL;

		REQUIRE(status == 0 || killed(status));
		survivors += status == 0;
	}
	say("# %u processes, %u survivors", n, survivors);
	REQUIRE(survivors < n && survivors >= n / 4);
}

/* --- a fork bomb --- */

static void explode(void)
{
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			fill(map(BOMB_PAGES, MAP_PRIVATE), BOMB_PAGES, 0);
		else if (pid < 0)
			nap_ns(1000000);
	}
}

static void bomb(void)
{
	uint64_t end;

	start_bystanders();
	start(explode);
	/* Until memory has run out, and for a while after that. */
	for (struct pgctl_stats s = {.free_pages = -1ul}; s.free_pages > total_pages / 64;) {
		REQUIRE(pgctl(PGCTL_STATS, 0, 0, &s) == 0);
		nap_ns(1000000);
	}
	end = now_ns() + seconds * 1000000000;
	while (now_ns() < end)
		nap_ns(10000000);
	end_bystanders();
}

/* --- kernel stacks: a call says that there is no memory, and nobody is killed --- */

static char thread_stack[PAGE_SIZE] __attribute__((aligned(16)));

static int park(void *unused)
{
	(void)unused;
	for (;;)
		raw_syscall4(SYS_futex, (uintptr_t)&shared->stop, 128, 0, 0);
	return 0;
}

static void make_threads(void)
{
	const int flags =
		CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
	unsigned long n = 0;

	/* They sleep at once, and need next to nothing of the stack that they share. */
	while (clone(park, thread_stack + sizeof(thread_stack), flags, NULL) > 0)
		n++;
	REQUIRE(errno == ENOMEM);
	REQUIRE(n > total_pages / 16);
	say("# %lu threads", n);
}

static void stacks(void)
{
	REQUIRE(end_of(start(make_threads)) == 0);
}

/* Many mappings: what differs does not become one. */
static void map_much(void)
{
	for (unsigned int i = 0; i < 60000; i++)
		REQUIRE(mmap(NULL, PAGE_SIZE, i & 1 ? PROT_READ : RW, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0) != MAP_FAILED);
}

/* All memory is in the kernel's caches, and comes back for a call and for a page fault. */
static void cached(void)
{
	stacks();
	REQUIRE(end_of(start(map_much)) == 0);
	stacks();
	REQUIRE(end_of(start(need_some)) == 0);
}

/* As process 1: there is nobody else. */
static void alone(void)
{
	take_private();
}

static void wait_and_take(void)
{
	while (!shared->stop)
		nap_ns(1000000);
	take_private();
}

/* As process 1, which has most: its child goes. */
static void parent(void)
{
	pid_t child;
	unsigned long pages = total_pages * 5 / 8;
	char *p = map(pages, MAP_PRIVATE);

	/* Forked first: it would share what there is, and count as the larger one. */
	child = start(wait_and_take);
	fill(p, pages, 1);
	shared->stop = 1;
	REQUIRE(killed(end_of(child)));
	verify(p, pages, 1);
	say("OOM: PASS");
	pgctl(PGCTL_POWEROFF, 0, 0, NULL);
}

/* --- */

static const struct way {
	const char *name;
	void (*run)(void);
} ways[] = {
	{"hog", hog},         {"shared", hog_shared},   {"tables", hog_tables},
	{"sleeper", sleeper}, {"threads", hog_threads}, {"many", many},
	{"bomb", bomb},       {"stacks", stacks},       {"cached", cached},
	{"alone", alone},     {"parent", parent},
};

static const struct way *find_way(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++)
		if (strcmp(ways[i].name, name) == 0)
			return &ways[i];
	say("OOM: FAIL: no such way: %s", name);
	exit(2);
}

/* Who forks while all are being killed has a child that has to be killed as well. */
static void kill_all(void)
{
	while (kill(-1, SIGKILL) == 0)
		nap_ns(1000000);
}

/* In a process of its own, so that this one has the same pages before and after. */
static void run_apart(void (*fn)(void))
{
	int status = end_of(start(fn));

	kill_all();
	if (status) {
		say("OOM: FAIL: wait status %#x", status);
		exit(1);
	}
	memset(shared, 0, sizeof(*shared));
}

static void do_nothing(void)
{
}

int main(int argc, char **argv)
{
	unsigned long before, after;
	const struct way *way;

	shared = mmap(NULL, PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(argc > 1 && shared != MAP_FAILED);
	if (!strcmp(argv[1], "files"))
		return oom_files();
	way = find_way(argv[1]);
	seconds = arg_number(argc, argv, "seconds", 1);
	before = free_pages();
	if (getpid() == 1)
		way->run();
	run_apart(do_nothing);
	before = free_pages();
	run_apart(way->run);
	after = free_pages();
	for (int i = 0; i < 1000 && after != before; i++) {
		nap_ns(1000000);
		after = free_pages();
	}
	if (after != before)
		say("OOM: FAIL: %lu pages were free, and then %lu", before, after);
	else
		say("OOM: PASS");
	return after != before;
}
