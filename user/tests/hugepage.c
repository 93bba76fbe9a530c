/*
 * ABI tests: huge pages, by madvise(MADV_HUGEPAGE) and by MAP_HUGETLB: errnos, and that a program
 * cannot tell them from small ones when parts of them are removed, protected, moved, or written to
 * after a fork.
 *
 * MAP_HUGETLB with MAP_NORESERVE maps on every Linux, also where no huge page is reserved, and then
 * nobody may touch it: the tests that do skip there.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "user/tests/abitest.h"

#define P           PAGE_SIZE
#define H           (512 * P)
#define RW          (PROT_READ | PROT_WRITE)
#define PRIV        (MAP_PRIVATE | MAP_ANONYMOUS)
#define TLB         (PRIV | MAP_HUGETLB | MAP_NORESERVE)
#define FIX         MAP_FIXED
#define SIZE(shift) ((shift) << 26)
#define MOVE        1 /* MREMAP_MAYMOVE */
#define MOVEFIX     3
#define DONTUNM     5
#define FREE        8 /* MADV_FREE */

typedef volatile unsigned char *bytes;

/* `n` pages' worth of addresses that are free, aligned to the size of huge pages. */
static bytes room(size_t n)
{
	long at = raw_syscall6(SYS_mmap, 0, (n + 1) * H, PROT_NONE, PRIV | MAP_NORESERVE, -1, 0);

	CHECK(at > 0);
	CHECK_EQ(raw_syscall2(SYS_munmap, at, (n + 1) * H), 0);
	return (bytes)((at + H - 1) & -H);
}

static long map_at(bytes at, size_t len, int prot, int flags)
{
	return raw_syscall6(SYS_mmap, (uintptr_t)at, len, prot, flags | FIX, -1, 0);
}

/* Two huge pages, as far as it is the kernel's to say; page n holds n % 251. */
static bytes advised(void)
{
	bytes at = room(2);

	CHECK_EQ(map_at(at, 2 * H, RW, PRIV), (uintptr_t)at);
	CHECK_EQ(raw_syscall3(SYS_madvise, (uintptr_t)at, 2 * H, MADV_HUGEPAGE), 0);
	for (unsigned int n = 0; n < 1024; n++)
		at[n * P] = n % 251;
	return at;
}

static void check_pages(bytes at, unsigned int from, unsigned int to)
{
	for (unsigned int n = from; n < to; n++)
		CHECK_EQ(at[n * P], n % 251);
}

static bytes target;

static void check_gone(bytes at)
{
	CHECK_EQ(NO_CORE(status_of_read(at)), KILLED(SIGSEGV));
}

TEST(hugepage, parts_are_removed)
{
	static const unsigned int borders[] = {0, 1, 511, 512, 513, 1023, 1024};

	for (unsigned int i = 0; i + 1 < sizeof(borders) / sizeof(borders[0]); i++) {
		bytes p = advised();
		unsigned int from = borders[i], to = borders[i + 1];

		CHECK_EQ(munmap((void *)(p + from * P), (to - from) * P), 0);
		check_pages(p, 0, from);
		check_pages(p, to, 1024);
		check_gone(p + from * P);
		check_gone(p + to * P - 1);
		/* What comes in their place is new. */
		CHECK_EQ(map_at(p + from * P, (to - from) * P, RW, PRIV),
			 (uintptr_t)(p + from * P));
		CHECK_EQ(p[from * P] + p[to * P - P], 0);
		CHECK_EQ(munmap((void *)p, 2 * H), 0);
	}
}

TEST(hugepage, parts_are_protected)
{
	bytes p = advised();

	CHECK_EQ(mprotect((void *)(p + 5 * P), 3 * P, PROT_READ), 0);
	CHECK_EQ(mprotect((void *)(p + H), H, PROT_NONE), 0);
	check_pages(p, 0, 512);
	CHECK_EQ(NO_CORE(status_of_write(p + 7 * P)), KILLED(SIGSEGV));
	CHECK_EQ(status_of_write(p + 8 * P), 0);
	check_gone(p + H + 100 * P);
	CHECK_EQ(mprotect((void *)(p + H + 3 * P), P, PROT_READ), 0);
	check_pages(p, 515, 516);
	check_gone(p + H + 4 * P);
	CHECK_EQ(mprotect((void *)p, 2 * H, RW), 0);
	check_pages(p, 0, 1024);
	p[700 * P] = 1;
	CHECK_EQ(p[700 * P], 1);
}

TEST(hugepage, parts_are_given_back)
{
	bytes p = advised();

	CHECK_EQ(madvise((void *)(p + 3 * P), 600 * P, MADV_DONTNEED), 0);
	check_pages(p, 0, 3);
	check_pages(p, 603, 1024);
	for (unsigned int n = 3; n < 603; n++)
		CHECK_EQ(p[n * P], 0);
	CHECK_EQ(madvise((void *)(p + H), H, MADV_DONTNEED), 0);
	for (unsigned int n = 512; n < 1024; n++)
		CHECK_EQ(p[n * P + P - 1], 0);
	/* Other advice for a part of what is there. */
	CHECK_EQ(madvise((void *)(p + P), P, MADV_NOHUGEPAGE), 0);
	CHECK_EQ(madvise((void *)(p + P), P, MADV_HUGEPAGE), 0);
	check_pages(p, 0, 3);
}

TEST(hugepage, parts_move)
{
	bytes p = advised(), to = room(3);
	long at;

	/* In step with the size of huge pages, and out of it. */
	at = raw_syscall6(SYS_mremap, (uintptr_t)p, 2 * H, 2 * H, MOVEFIX, (uintptr_t)to, 0);
	CHECK_EQ(at, (uintptr_t)to);
	check_gone(p);
	check_pages(to, 0, 1024);
	at = raw_syscall6(SYS_mremap, (uintptr_t)to, 2 * H, 2 * H, MOVEFIX, (uintptr_t)(p + P), 0);
	CHECK_EQ(at, (uintptr_t)(p + P));
	check_pages(p + P, 0, 1024);
	check_gone(to + H);
	at = raw_syscall6(SYS_mremap, (uintptr_t)(p + 101 * P), 300 * P, 300 * P, MOVEFIX,
			  (uintptr_t)to, 0);
	CHECK_EQ(at, (uintptr_t)to);
	for (unsigned int n = 0; n < 300; n++)
		CHECK_EQ(to[n * P], (n + 100) % 251);
	check_pages(p + P, 0, 100);
	check_pages(p + P, 400, 1024);
}

TEST(hugepage, everything_is_in_memory)
{
	bytes p = advised();
	unsigned char in[1024];

	CHECK_EQ(raw_syscall3(SYS_mincore, (uintptr_t)p, 2 * H, (uintptr_t)in), 0);
	for (unsigned int n = 0; n < 1024; n++)
		CHECK(in[n] & 1);
	CHECK_EQ(madvise((void *)p, H, MADV_DONTNEED), 0);
	CHECK_EQ(raw_syscall3(SYS_mincore, (uintptr_t)p, 2 * H, (uintptr_t)in), 0);
	for (unsigned int n = 0; n < 1024; n++)
		CHECK_EQ(in[n] & 1, n >= 512);
	CHECK_EQ(raw_syscall2(SYS_mlock, (uintptr_t)(p + P), P), 0);
	CHECK_EQ(raw_syscall3(SYS_mincore, (uintptr_t)(p + P), P, (uintptr_t)in), 0);
	CHECK(in[0] & 1);
	CHECK_EQ(p[P], 0);
	CHECK_EQ(raw_syscall2(SYS_munlock, (uintptr_t)(p + P), P), 0);
}

static int child_ends(pid_t pid)
{
	int status = -1;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

TEST(hugepage, copy_on_write_both_ways)
{
	bytes p = advised();
	pid_t pid = fork();

	if (pid == 0) {
		check_pages(p, 0, 6);
		check_pages(p, 7, 1024);
		p[5 * P] = 200;
		p[600 * P + 1] = 201;
		check_pages(p, 6, 600);
		_exit(p[5 * P] == 200 && p[600 * P] == 600 % 251 ? 0 : 1);
	}
	p[6 * P + 1] = 77;
	check_pages(p, 0, 1024);
	CHECK_EQ(child_ends(pid), 0);
	check_pages(p, 0, 1024);
	CHECK_EQ(p[600 * P + 1], 0);
	/* Alone again. */
	p[5 * P] = 3;
	CHECK_EQ(p[5 * P], 3);
}

static void check_again(void)
{
	check_pages(target, 0, 1024);
}

/* Each generation writes to some pages, and gives some back; nobody sees that of another. */
TEST(hugepage, copy_on_write_over_generations)
{
	bytes p = advised();

	for (unsigned int i = 1; i <= 6; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid > 0) {
			CHECK_EQ(child_ends(pid), 0);
			check_pages(p, i * 100, 1024);
			_exit(0);
		}
		memset((void *)(p + (i - 1) * 100 * P), 0, 100 * P);
		check_pages(p, i * 100, 1024);
		if (i % 2)
			CHECK_EQ(munmap((void *)(p + (i - 1) * 100 * P), 50 * P), 0);
	}
}

TEST(hugepage, children_that_only_read)
{
	bytes p = advised();

	target = p;
	for (unsigned int i = 0; i < 4; i++) {
		CHECK_EQ(status_of(check_again), 0);
		p[i * P + 1] = 1; /* nobody else has it now */
	}
	check_pages(p, 0, 1024);
}

/* The kernel writes for the user, over a border of small pages. */
TEST(hugepage, written_by_the_kernel)
{
	bytes p = advised();
	pid_t pid = fork();

	if (pid == 0) {
		raw_syscall2(SYS_clock_gettime, 1, (uintptr_t)(p + 3 * P - 8));
		check_pages(p, 0, 3);
		check_pages(p, 4, 1024);
		_exit(0);
	}
	CHECK_EQ(child_ends(pid), 0);
	check_pages(p, 0, 1024);
	for (unsigned int i = 1; i <= 8; i++)
		CHECK_EQ(p[3 * P - i], 0);
	/* To where nobody has been. */
	CHECK_EQ(madvise((void *)p, H, MADV_DONTNEED), 0);
	CHECK_EQ(raw_syscall2(SYS_clock_gettime, 1, (uintptr_t)(p + 3 * P)), 0);
	CHECK_EQ(p[0] + p[511 * P], 0);
}

TEST(hugepage, read_only_and_populated)
{
	bytes p = room(1);

	CHECK_EQ(map_at(p, H, PROT_READ, PRIV), (uintptr_t)p);
	CHECK_EQ(madvise((void *)p, H, MADV_HUGEPAGE), 0);
	CHECK_EQ(p[0] + p[H - 1], 0);
	CHECK_EQ(NO_CORE(status_of_write(p)), KILLED(SIGSEGV));
	CHECK_EQ(mprotect((void *)p, H, RW), 0);
	p[9 * P] = 4;
	CHECK_EQ(p[9 * P], 4);
	CHECK_EQ(p[8 * P], 0);
}

enum { THREADS = 16 };
static bytes shared_page;
static volatile int arrived;

/* All at once; each has its own pages of it. */
static void *touch_some(void *arg)
{
	unsigned int first = (unsigned int)(uintptr_t)arg;

	__atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST);
	while (arrived < THREADS)
		raw_syscall0(SYS_sched_yield);
	for (unsigned int n = first; n < 512; n += THREADS) {
		if (shared_page[n * P])
			return "not zero";
		shared_page[n * P] = n % 251;
	}
	return NULL;
}

static void join_all(pthread_t *thread)
{
	for (unsigned int i = 0; i < THREADS; i++) {
		void *why = NULL;

		CHECK_EQ(pthread_join(thread[i], &why), 0);
		if (why)
			say("# thread %u: %s", i, (const char *)why);
		CHECK(!why);
	}
}

TEST(hugepage, threads_touch_one_at_once)
{
	pthread_t thread[THREADS];

	for (unsigned int round = 0; round < 4; round++) {
		shared_page = advised();
		CHECK_EQ(madvise((void *)shared_page, H, MADV_DONTNEED), 0);
		arrived = 0;
		for (uintptr_t i = 0; i < THREADS; i++)
			thread[i] = start_thread(touch_some, (void *)i);
		join_all(thread);
		check_pages(shared_page, 0, 1024);
		CHECK_EQ(munmap((void *)shared_page, 2 * H), 0);
	}
}

/* Each divides the page that all have: its own part of it must stay what it was. */
static void *divide(void *arg)
{
	unsigned int first = (unsigned int)(uintptr_t)arg * (512 / THREADS);
	bytes mine = shared_page + first * P;

	__atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST);
	while (arrived < THREADS)
		raw_syscall0(SYS_sched_yield);
	if (mprotect((void *)mine, P, PROT_READ) || mine[0] != first % 251)
		return "not readable";
	if (madvise((void *)(mine + P), P, MADV_DONTNEED) || mine[P])
		return "not given back";
	if (munmap((void *)(mine + 2 * P), P))
		return "not unmapped";
	mine[3 * P] = 7;
	for (unsigned int n = 4; n < 512 / THREADS; n++)
		if (mine[n * P] != (first + n) % 251)
			return "not kept";
	return NULL;
}

TEST(hugepage, threads_divide_one_at_once)
{
	pthread_t thread[THREADS];

	for (unsigned int round = 0; round < 4; round++) {
		shared_page = advised();
		arrived = 0;
		for (uintptr_t i = 0; i < THREADS; i++)
			thread[i] = start_thread(divide, (void *)i);
		join_all(thread);
		check_pages(shared_page, 512, 1024);
		CHECK_EQ(munmap((void *)shared_page, 2 * H), 0);
	}
}

/* --- MAP_HUGETLB --- */

TEST(hugepage, hugetlb_lengths_and_flags)
{
	static const struct {
		size_t len;
		int flags;
		long want;
	} calls[] = {
		{0, TLB, -EINVAL},
		{-1ul, TLB, -EINVAL},
		{-H, TLB, -ENOMEM},
		{1ul << 62, TLB, -ENOMEM},
		{H, TLB | SIZE(16), -EINVAL},
		{H, TLB | SIZE(63), -EINVAL},
		{0, TLB | SIZE(30), -EINVAL},
		{1ul << 30, (TLB & ~MAP_NORESERVE) | SIZE(30), -ENOMEM},
		{H, MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, -EINVAL},
		{H, TLB | MAP_GROWSDOWN, -EINVAL},
	};

	for (unsigned int i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		long got = raw_syscall6(SYS_mmap, 0, calls[i].len, RW, calls[i].flags, -1, 0);

		if (got != calls[i].want)
			say("# call %u", i);
		CHECK_EQ(got, calls[i].want);
	}
}

TEST(hugepage, hugetlb_places)
{
	bytes p = room(4);
	long at;

	CHECK_EQ(map_at(p + P, H, RW, TLB), -EINVAL);
	CHECK_EQ(map_at(p, 1, RW, TLB), (uintptr_t)p);
	/* The whole page is mapped. */
	CHECK_EQ(map_at(p + H - P, P, RW, PRIV | 0x100000), -EEXIST);
	CHECK_EQ(map_at(p + H - P, P, RW, PRIV), -EINVAL);
	at = raw_syscall6(SYS_mmap, (uintptr_t)(p + 2 * H + P), H, RW, TLB | SIZE(21), -1, 0);
	CHECK_EQ(at, (uintptr_t)(p + 3 * H));
	at = raw_syscall6(SYS_mmap, 0, H, RW, TLB, -1, 0);
	CHECK(at > 0 && at % (long)H == 0);
}

TEST(hugepage, hugetlb_is_not_divided)
{
	bytes p = room(2);
	uintptr_t at = (uintptr_t)p;

	CHECK_EQ(map_at(p, 2 * H, RW, TLB), at);
	CHECK_EQ(raw_syscall2(SYS_munmap, at, P), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_munmap, at + P, 2 * H - P), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_mprotect, at, P, PROT_READ), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_mprotect, at, H, PROT_READ), 0);
	CHECK_EQ(raw_syscall3(SYS_mprotect, at, H, RW), 0);
	CHECK_EQ(raw_syscall3(SYS_madvise, at, P, MADV_DONTNEED), 0);
	CHECK_EQ(raw_syscall3(SYS_madvise, at + P, P, MADV_DONTNEED), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_madvise, at, H, FREE), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_madvise, at, H, MADV_WILLNEED), 0);
	CHECK_EQ(raw_syscall3(SYS_madvise, at, H, 20 /* COLD */), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_madvise, at, H, 21 /* PAGEOUT */), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_madvise, at, H, MADV_HUGEPAGE), 0);
	/* Nothing new, and something new. */
	CHECK_EQ(raw_syscall3(SYS_madvise, at, P, MADV_HUGEPAGE), 0);
	CHECK_EQ(raw_syscall3(SYS_madvise, at, P, MADV_NOHUGEPAGE), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_munlock, at, P), 0);
	CHECK_EQ(raw_syscall2(SYS_munmap, at, H), 0);
	CHECK_EQ(raw_syscall2(SYS_munmap, at, 2 * H), 0);
}

TEST(hugepage, hugetlb_moves_whole)
{
	bytes p = room(4), q = room(5) + 4 * H;
	uintptr_t at = (uintptr_t)p, to = (uintptr_t)q;

	CHECK_EQ(map_at(p, 2 * H, RW, TLB), at);
	CHECK_EQ(raw_syscall6(SYS_mremap, at, H, 2 * H, MOVE, 0, 0), -EINVAL);
	CHECK_EQ(raw_syscall6(SYS_mremap, at + P, P, P, 0, 0, 0), -EINVAL);
	CHECK_EQ(raw_syscall6(SYS_mremap, at, H, H, MOVEFIX, to + P, 0), -EINVAL);
	CHECK_EQ(raw_syscall6(SYS_mremap, at, H, H, DONTUNM, 0, 0), -EINVAL);
	CHECK_EQ(raw_syscall6(SYS_mremap, at, H, H, 0, 0, 0), at);
	CHECK_EQ(raw_syscall6(SYS_mremap, at, H, P, 0, 0, 0), at);
	CHECK_EQ(raw_syscall6(SYS_mremap, at, P, H, MOVE, 0, 0), at);
	CHECK_EQ(raw_syscall6(SYS_mremap, at, H, H, MOVEFIX, to, 0), to);
	check_gone(p);
	/* Less of it. */
	CHECK_EQ(map_at(p, 2 * H, RW, TLB), at);
	CHECK_EQ(raw_syscall6(SYS_mremap, at, 2 * H, P, 0, 0, 0), at);
	check_gone(p + H);
}

/* Two pages of MAP_HUGETLB that can be touched. */
static bytes reserved(void)
{
	long at = raw_syscall6(SYS_mmap, 0, 2 * H, RW, PRIV | MAP_HUGETLB, -1, 0);

	if (at == -ENOMEM && options.host)
		SKIP("this Linux has no huge pages reserved");
	CHECK(at > 0);
	return (bytes)at;
}

TEST(hugepage, hugetlb_holds_what_is_written)
{
	bytes p = reserved();
	pid_t pid;

	for (unsigned int n = 0; n < 1024; n++) {
		CHECK_EQ(p[n * P + P - 1], 0);
		p[n * P] = n % 251;
	}
	pid = fork();
	if (pid == 0) {
		p[P] = 100;
		check_pages(p, 2, 1024);
		_exit(p[P] == 100 ? 0 : 1);
	}
	CHECK_EQ(child_ends(pid), 0);
	check_pages(p, 0, 1024);
	CHECK_EQ(madvise((void *)p, H, MADV_DONTNEED), 0);
	CHECK_EQ(p[P], 0);
	check_pages(p, 512, 1024);
}
