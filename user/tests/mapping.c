/*
 * ABI tests: shared memory, mremap, madvise, mincore, mlock, growing mappings, populated mappings,
 * and programs that deny themselves writable code.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "user/tests/abitest.h"

#define P       PAGE_SIZE
#define RW      (PROT_READ | PROT_WRITE)
#define PRIV    (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHAR    (MAP_SHARED | MAP_ANONYMOUS)
#define MOVE    1 /* MREMAP_MAYMOVE */
#define MOVEFIX 3
#define DONTUNM 5 /* MAYMOVE | DONTUNMAP */

typedef volatile unsigned char *bytes;

static bytes map(size_t pages, int prot, int flags)
{
	void *at = mmap(NULL, pages * P, prot, flags, -1, 0);

	CHECK(at != MAP_FAILED);
	return at;
}

/* `pages` pages with `free_pages` free ones behind them. */
static bytes map_with_room(size_t pages, size_t free_pages, int flags)
{
	bytes at = map(pages + free_pages, RW, PRIV);

	CHECK_EQ(munmap((void *)at, (pages + free_pages) * P), 0);
	CHECK(mmap((void *)at, pages * P, RW, flags | MAP_FIXED, -1, 0) == (void *)at);
	return at;
}

static void number(bytes at, unsigned int pages, unsigned int first)
{
	for (unsigned int i = 0; i < pages; i++)
		at[i * P] = first + i;
}

static void check_numbers(bytes at, unsigned int pages, unsigned int first)
{
	for (unsigned int i = 0; i < pages; i++)
		CHECK_EQ(at[i * P], first + i);
}

static long remap(bytes at, size_t old, size_t new, unsigned long flags, bytes to)
{
	return raw_syscall6(SYS_mremap, (uintptr_t)at, old * P, new *P, flags, (uintptr_t)to, 0);
}

static bool in_memory(bytes at)
{
	unsigned char in = 0;

	CHECK_EQ(raw_syscall3(SYS_mincore, (uintptr_t)at, P, (uintptr_t)&in), 0);
	return in & 1;
}

static void check_gone(bytes at)
{
	CHECK_EQ(NO_CORE(status_of_read(at)), KILLED(SIGSEGV));
}

static int child_ends(pid_t pid)
{
	int status = -1;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

TEST(mapping, shared_with_children)
{
	bytes p = map(4, RW, SHAR);
	pid_t pid;

	p[0] = 1;
	pid = fork();
	if (pid == 0) {
		if (p[0] != 1)
			_exit(1);
		p[0] = 2;
		p[P] = 3; /* nobody has touched it before */
		while (p[2 * P] != 4)
			raw_syscall0(SYS_sched_yield);
		munmap((void *)p, 4 * P);
		_exit(0);
	}
	while (p[P] != 3)
		raw_syscall0(SYS_sched_yield);
	CHECK_EQ(p[0], 2);
	CHECK_EQ(p[3 * P], 0);
	p[2 * P] = 4;
	CHECK_EQ(child_ends(pid), 0);
	CHECK_EQ(p[P], 3);
}

TEST(mapping, shared_in_parts)
{
	bytes p = map(4, RW, SHAR);

	number(p, 4, 10);
	CHECK_EQ(munmap((void *)(p + P), P), 0);
	CHECK_EQ(mprotect((void *)(p + 2 * P), P, PROT_READ), 0);
	CHECK_EQ(p[2 * P], 12);
	CHECK_EQ(NO_CORE(status_of_write(p + 2 * P)), KILLED(SIGSEGV));
	CHECK_EQ(mprotect((void *)(p + 2 * P), 2 * P, RW), 0);
	/* The child's write is ours too. */
	CHECK_EQ(status_of_write(p + 2 * P), 0);
	CHECK_EQ(p[2 * P], 99);
	CHECK_EQ(p[3 * P], 13);
	/* Given back and touched again: it was never the mapping's own. */
	CHECK_EQ(madvise((void *)(p + 2 * P), 2 * P, MADV_DONTNEED), 0);
	CHECK_EQ(p[2 * P], 99);
	CHECK_EQ(p[3 * P], 13);
}

/* The kernel writes to shared memory for the user. */
TEST(mapping, shared_written_by_the_kernel)
{
	bytes p = map(1, RW, SHAR);
	pid_t pid = fork();

	if (pid == 0)
		_exit(raw_syscall2(SYS_clock_gettime, 0, (uintptr_t)p) == 0 ? 0 : 1);
	CHECK_EQ(child_ends(pid), 0);
	CHECK(*(volatile long *)p != 0);
}

TEST(mapping, read_before_written)
{
	bytes p = map(3, RW, PRIV);

	CHECK_EQ(p[0] + p[P] + p[2 * P], 0);
	p[P] = 5;
	CHECK_EQ(p[0] + p[2 * P], 0);
	CHECK_EQ(status_of_write(p), 0);
	CHECK_EQ(p[0], 0);
	CHECK_EQ(map(1, RW, PRIV)[0], 0);
}

TEST(mapping, mremap_in_place)
{
	bytes p = map_with_room(3, 3, PRIV);

	number(p, 3, 1);
	CHECK_EQ(remap(p, 3, 5, 0, NULL), (uintptr_t)p);
	check_numbers(p, 3, 1);
	CHECK_EQ(p[4 * P], 0);
	p[4 * P] = 5;
	CHECK_EQ(remap(p, 5, 2, 0, NULL), (uintptr_t)p);
	check_numbers(p, 2, 1);
	check_gone(p + 2 * P);
	/* What was given up is gone for good. */
	CHECK_EQ(remap(p, 2, 3, 0, NULL), (uintptr_t)p);
	CHECK_EQ(p[2 * P], 0);
}

TEST(mapping, mremap_moves)
{
	bytes p = map(6, RW, PRIV), q;

	number(p, 6, 1);
	/* From the middle, with something behind it: it must move. */
	q = (bytes)remap(p + P, 3, 600, MOVE, NULL);
	CHECK((uintptr_t)q % P == 0 && (long)q > 0);
	check_numbers(q, 3, 2);
	CHECK_EQ(q[3 * P] + q[599 * P], 0);
	check_gone(p + P);
	check_gone(p + 3 * P);
	CHECK_EQ(p[0], 1);
	check_numbers(p + 4 * P, 2, 5);
	q[599 * P] = 7;
	CHECK_EQ(q[599 * P], 7);
}

TEST(mapping, mremap_to_a_place)
{
	bytes p = map(4, RW, PRIV), q = map(8, RW, PRIV);

	number(p, 4, 1);
	number(q, 8, 20);
	CHECK_EQ(remap(p, 4, 2, MOVEFIX, q + 3 * P), (uintptr_t)(q + 3 * P));
	check_numbers(q, 3, 20);
	check_numbers(q + 3 * P, 2, 1);
	check_numbers(q + 5 * P, 3, 25);
	check_gone(p);
	check_gone(p + 3 * P);
}

/* Several mappings, and what is free between them: Linux since 6.17. */
TEST(mapping, mremap_of_several)
{
	bytes p = map(6, RW, PRIV), q = map(8, RW, PRIV);
	long ret;

	number(p, 6, 1);
	number(q, 8, 20);
	CHECK_EQ(mprotect((void *)(p + P), P, PROT_READ), 0);
	CHECK_EQ(munmap((void *)(p + 3 * P), P), 0);
	ret = remap(p, 6, 6, MOVEFIX, q + P);
	if (options.host && ret == -EFAULT)
		SKIP("this Linux moves one mapping at a time");
	CHECK_EQ(ret, (uintptr_t)(q + P));
	CHECK_EQ(q[0], 20);
	check_numbers(q + P, 3, 1);
	/* Nothing came there. */
	CHECK_EQ(q[4 * P], 24);
	check_numbers(q + 5 * P, 2, 5);
	CHECK_EQ(q[7 * P], 27);
	CHECK_EQ(NO_CORE(status_of_write(q + 2 * P)), KILLED(SIGSEGV));
	check_gone(p);
	check_gone(p + 5 * P);
	/* From a hole on, or with another length: one only. */
	CHECK_EQ(remap(p, 6, 6, MOVEFIX, q), -EFAULT);
	CHECK_EQ(remap(q + P, 3, 2, MOVEFIX, p), -EFAULT);
	CHECK_EQ(remap(q + P, 2, 3, MOVEFIX, p), -EFAULT);
	CHECK_EQ(remap(q, 3, 3, 7 /* DONTUNMAP too */, p), (uintptr_t)p);
	CHECK_EQ(p[0], 20);
	check_numbers(p + P, 2, 1);
	CHECK_EQ(q[0] + q[2 * P], 0);
}

/* What fork has shared moves like everything else, and is still to be copied. */
TEST(mapping, mremap_after_fork)
{
	bytes p = map(2, RW, PRIV);
	pid_t pid;

	number(p, 2, 1);
	pid = fork();
	if (pid == 0) {
		bytes q = (bytes)remap(p, 2, 2, MOVEFIX, p + 512 * P);

		if (q != p + 512 * P || q[P] != 2)
			_exit(1);
		q[0] = 77;
		_exit(q[0] == 77 && q[P] == 2 ? 0 : 2);
	}
	p[P] = 88;
	CHECK_EQ(child_ends(pid), 0);
	CHECK_EQ(p[0], 1);
}

TEST(mapping, mremap_leaves_the_mapping)
{
	bytes p = map(2, RW, PRIV), q;

	number(p, 2, 1);
	q = (bytes)remap(p, 2, 2, DONTUNM, NULL);
	CHECK((long)q > 0 && q != p);
	check_numbers(q, 2, 1);
	CHECK_EQ(p[0] + p[P], 0);
	p[0] = 9;
	CHECK_EQ(q[0], 1);
}

TEST(mapping, mremap_of_nothing_is_a_second_mapping)
{
	bytes p = map(3, RW, SHAR), q;

	number(p, 3, 1);
	q = (bytes)remap(p + P, 0, 2, MOVE, NULL);
	CHECK((long)q > 0);
	check_numbers(q, 2, 2);
	q[0] = 50;
	CHECK_EQ(p[P], 50);
	CHECK_EQ(munmap((void *)p, 3 * P), 0);
	CHECK_EQ(q[P], 3);
}

TEST(mapping, behind_the_end_of_shared_memory)
{
	bytes p = map_with_room(2, 2, SHAR);

	number(p, 2, 1);
	CHECK_EQ(remap(p, 2, 4, 0, NULL), (uintptr_t)p);
	check_numbers(p, 2, 1);
	CHECK_EQ(NO_CORE(status_of_read(p + 2 * P)), KILLED(SIGBUS));
	CHECK_EQ(raw_syscall2(SYS_clock_gettime, 0, (uintptr_t)p + 3 * P), -EFAULT);
}

TEST(mapping, advice)
{
	bytes p = map(4, RW, PRIV);

	number(p, 4, 1);
	CHECK_EQ(madvise((void *)(p + P), 2 * P, MADV_DONTNEED), 0);
	CHECK_EQ(p[0], 1);
	CHECK_EQ(p[P] + p[2 * P], 0);
	CHECK_EQ(p[3 * P], 4);
	/* Over a hole: the rest is done, and the hole is told. */
	CHECK_EQ(munmap((void *)(p + P), P), 0);
	CHECK_EQ(raw_syscall3(SYS_madvise, (uintptr_t)p, 4 * P, MADV_DONTNEED), -ENOMEM);
	CHECK_EQ(p[0] + p[3 * P], 0);
	CHECK_EQ(raw_syscall3(SYS_madvise, (uintptr_t)p, P, MADV_WILLNEED), 0);
	/* Also where nobody may touch it. */
	p[2 * P] = 3;
	CHECK_EQ(mprotect((void *)(p + 2 * P), P, PROT_NONE), 0);
	CHECK_EQ(madvise((void *)(p + 2 * P), P, MADV_DONTNEED), 0);
	CHECK_EQ(mprotect((void *)(p + 2 * P), P, RW), 0);
	CHECK_EQ(p[2 * P], 0);
}

TEST(mapping, what_is_in_memory)
{
	bytes p = map(600, RW, PRIV), s = map(3, RW, SHAR);
	unsigned char in[600];

	CHECK(!in_memory(p));
	p[0] = 1;
	(void)p[P];
	p[599 * P] = 1;
	s[P] = 1;
	CHECK_EQ(raw_syscall3(SYS_mincore, (uintptr_t)p, 600 * P - 1, (uintptr_t)in), 0);
	for (unsigned int i = 0; i < 600; i++)
		CHECK_EQ(in[i] & 1, i < 2 || i == 599);
	CHECK_EQ(madvise((void *)p, P, MADV_DONTNEED), 0);
	CHECK(!in_memory(p));
	CHECK(!in_memory(s) && in_memory(s + P));
	/* It is the object that has it. */
	CHECK_EQ(madvise((void *)s, 3 * P, MADV_DONTNEED), 0);
	CHECK(in_memory(s + P));
}

TEST(mapping, populated_and_locked)
{
	bytes p = map(5, RW, PRIV | MAP_POPULATE), q = map(5, RW, PRIV), s = map(2, RW, SHAR);

	for (unsigned int i = 0; i < 5; i++)
		CHECK(in_memory(p + i * P) && p[i * P] == 0);
	CHECK_EQ(mlock((void *)(q + P + 5), P), 0);
	CHECK(!in_memory(q) && in_memory(q + P) && in_memory(q + 2 * P) && !in_memory(q + 3 * P));
	CHECK_EQ(mlock((void *)s, 2 * P), 0);
	CHECK(in_memory(s) && in_memory(s + P));
	CHECK_EQ(munlock((void *)(q + P), P), 0);
	CHECK_EQ(mprotect((void *)q, P, PROT_NONE), 0);
	CHECK_EQ(raw_syscall2(SYS_mlock, (uintptr_t)q, P), -ENOMEM);
	/* Nothing to be had, but the mapping stands. */
	CHECK_EQ(map(2, PROT_NONE, PRIV | MAP_POPULATE) != NULL, 1);
}

/* A mapping that grows down like the stack, as near to its neighbour as 256 pages. */
TEST(mapping, grows_down)
{
	bytes room = map(1000, RW, PRIV), p = room + 900 * P;

	CHECK_EQ(munmap((void *)(room + P), 999 * P), 0);
	CHECK(mmap((void *)p, P, RW, PRIV | MAP_FIXED | MAP_GROWSDOWN, -1, 0) == (void *)p);
	p[0] = 1;
	CHECK_EQ(status_of_write(p - 1), 0);
	p[-1] = 2;
	p[-500 * (long)P] = 3;
	CHECK_EQ(p[-300 * (long)P], 0);
	CHECK_EQ(p[-1], 2);
	check_gone(room + 200 * P);
	room[0] = 4;
	/* It has really become larger: its rights can be changed. */
	CHECK_EQ(mprotect((void *)(p - 500 * P), 501 * P, PROT_READ), 0);
	/* Out of the way, it may have all the room. */
	CHECK_EQ(mprotect((void *)room, P, PROT_NONE), 0);
	CHECK_EQ(mprotect((void *)(p - 500 * P), 501 * P, RW), 0);
	room[2 * P] = 5;
	CHECK_EQ(room[2 * P], 5);
}

/* --- threads --- */

/* Maps, moves, gives back, protects; nobody else touches this memory. Returns NULL when all is well. */
static void *move_about(void *arg)
{
	unsigned int first = (unsigned int)(uintptr_t)arg;

	for (unsigned int i = 0; i < 150; i++) {
		bytes p = map(4, RW, PRIV), q;

		number(p, 4, first);
		q = (bytes)remap(p, 4, 9, MOVE, NULL);
		if ((long)q < 0)
			return "moved nowhere";
		for (unsigned int j = 0; j < 4; j++)
			if (q[j * P] != first + j)
				return "something else where it went";
		if (q[8 * P] || madvise((void *)(q + P), 2 * P, MADV_DONTNEED) || q[P] || q[2 * P])
			return "not zero";
		if (mprotect((void *)q, 2 * P, PROT_READ) || q[0] != first ||
		    mprotect((void *)q, 9 * P, RW))
			return "not protected";
		q[0] = 1;
		if (q[3 * P] != first + 3 || munmap((void *)q, 9 * P))
			return "not kept";
	}
	return NULL;
}

TEST(mapping, threads_each_move_their_own)
{
	enum { THREADS = 6 };
	pthread_t thread[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		thread[i] = start_thread(move_about, (void *)(10 + 20 * i));
	for (unsigned int i = 0; i < THREADS; i++) {
		void *why = NULL;

		CHECK_EQ(pthread_join(thread[i], &why), 0);
		if (why)
			say("# thread %u: %s", i, (const char *)why);
		CHECK(!why);
	}
}

enum { READERS = 3 };
static volatile int readers;
static bytes read_page;

/* Has read the page before anybody wrote, and waits for what will be written. */
static void *await_write(void *cpu)
{
	uint64_t deadline = now_ns() + 5000000000; /* the write comes as soon as all have read */
	bytes p = read_page;

	pin_to_cpu((unsigned int)(uintptr_t)cpu);
	if (*p)
		return "not zero";
	__atomic_fetch_add(&readers, 1, __ATOMIC_SEQ_CST);
	for (unsigned long i = 1; !*p; i++) {
		if (i % 1000000 == 0 && now_ns() > deadline)
			return "still the old page";
		__builtin_ia32_pause();
	}
	return *p == 42 ? NULL : "something else";
}

/* A page that all read as zero becomes a page: each of them must see it. */
TEST(mapping, readers_see_the_first_write)
{
	pthread_t thread[READERS];
	unsigned int cpus[READERS + 1];
	int n = cpus_allowed(cpus, READERS + 1);

	CHECK(n > 0);
	read_page = map(1, RW, PRIV);
	pin_to_cpu(cpus[0]);
	/* Each on a CPU of its own, as far as there are any. */
	for (int i = 0; i < READERS; i++)
		thread[i] = start_thread(await_write, (void *)(uintptr_t)cpus[(i + 1) % n]);
	while (readers < READERS)
		raw_syscall0(SYS_sched_yield);
	*read_page = 42;
	for (unsigned int i = 0; i < READERS; i++) {
		void *why = NULL;

		CHECK_EQ(pthread_join(thread[i], &why), 0);
		if (why)
			say("# reader %u: %s", i, (const char *)why);
		CHECK(!why);
	}
}

TEST(mapping, too_many_mappings)
{
	enum { LIMIT = 65530, PAGES = LIMIT + 100 };
	bytes p = map(PAGES, PROT_READ, PRIV | MAP_NORESERVE);
	unsigned int i;

	/* Each makes two more. */
	for (i = 1; i < PAGES; i += 2) {
		long ret = raw_syscall3(SYS_mprotect, (uintptr_t)p + i * P, P, PROT_NONE);

		if (ret) {
			CHECK_EQ(ret, -ENOMEM);
			break;
		}
	}
	CHECK(i > LIMIT - 300 && i < LIMIT);
	/* A hole would be one more; the whole of one is none. */
	CHECK_EQ(munmap((void *)(p + 2 * P), P), 0);
	CHECK_EQ(p[4 * P], 0);
	CHECK_EQ(munmap((void *)p, PAGES * P), 0);
}

static long mdwe(unsigned long bits)
{
	return raw_syscall6(SYS_prctl, 65, bits, 0, 0, 0, 0);
}

static long mdwe_now(void)
{
	return raw_syscall6(SYS_prctl, 66, 0, 0, 0, 0, 0);
}

static long protect(bytes at, int prot)
{
	return raw_syscall3(SYS_mprotect, (uintptr_t)at, P, prot);
}

/* What a program may not do after PR_SET_MDWE. */
static void check_denied(void)
{
	bytes data = map(1, RW, PRIV), code = map(1, PROT_READ | PROT_EXEC, PRIV);

	CHECK_EQ(raw_syscall6(SYS_mmap, 0, P, RW | PROT_EXEC, PRIV, -1, 0), -EACCES);
	CHECK_EQ(raw_syscall6(SYS_mmap, 0, P, PROT_WRITE | PROT_EXEC, SHAR, -1, 0), -EACCES);
	CHECK_EQ(protect(data, PROT_READ | PROT_EXEC), -EACCES);
	CHECK_EQ(protect(data, PROT_EXEC), -EACCES);
	CHECK_EQ(protect(code, RW | PROT_EXEC), -EACCES);
	CHECK_EQ(protect(code, PROT_READ | PROT_EXEC), 0);
	CHECK_EQ(protect(code, RW), 0);
	/* Once lost, lost. */
	CHECK_EQ(protect(code, PROT_READ | PROT_EXEC), -EACCES);
	CHECK_EQ(protect(data, PROT_READ), 0);
	CHECK_EQ(mdwe(0), -EPERM);
}

TEST(mapping, no_writable_code)
{
	CHECK_EQ(mdwe_now(), 0);
	CHECK_EQ(protect(map(1, RW | PROT_EXEC, PRIV), PROT_READ | PROT_EXEC), 0);
	CHECK_EQ(mdwe(1), 0);
	CHECK_EQ(mdwe_now(), 1);
	CHECK_EQ(mdwe(1), 0);
	CHECK_EQ(mdwe(3), -EPERM);
	check_denied();
	/* A child has it from its parent. */
	CHECK_EQ(status_of(check_denied), 0);
}

static void check_free(void)
{
	CHECK_EQ(mdwe_now(), 0);
	CHECK_EQ(protect(map(1, RW, PRIV), PROT_READ | PROT_EXEC), 0);
}

TEST(mapping, no_writable_code_but_for_children)
{
	CHECK_EQ(mdwe(3), 0);
	CHECK_EQ(mdwe_now(), 3);
	CHECK_EQ(protect(map(1, RW, PRIV), PROT_READ | PROT_EXEC), -EACCES);
	CHECK_EQ(status_of(check_free), 0);
}
