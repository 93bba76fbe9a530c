/*
 * ABI tests: every allocation that a system call or a page fault makes fails once, in turn, until
 * the call makes no more. What met the failure says -ENOMEM, or what Linux says in its place, or the
 * process is killed; the same call succeeds afterwards; and when the process is gone, free pages
 * and the objects of every cache are as many as before.
 *
 * nomem_try.c says how it is done.
 */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "user/tests/nomem.h"

#define RW      (PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED  (MAP_SHARED | MAP_ANONYMOUS)
#define P       PAGE_SIZE
#define BORDER  (1ul << 30) /* of page tables, two levels of them */
#define AREA    ((char *)(8 * BORDER - 8 * P))
#define AWAY    ((char *)(16 * BORDER - 8 * P))

static char stack[4 * PAGE_SIZE] __attribute__((aligned(16)));
static char written[3 * PAGE_SIZE] = {1}; /* of the program's file */
static volatile int thread_id;
static long range;
static pid_t sharer;

/* Private and shared memory on both sides of a border of page tables, a hole, pages in some. */
static void make_area(void)
{
	CHECK(mmap(AREA, 16 * P, RW, PRIVATE | MAP_FIXED, -1, 0) == AREA);
	CHECK(mmap(AREA + 16 * P, 4 * P, RW, SHARED | MAP_FIXED, -1, 0) == AREA + 16 * P);
	AREA[0] = AREA[7 * P] = AREA[8 * P] = AREA[15 * P] = AREA[17 * P] = 1;
	munmap(AWAY, 32 * P);
}

static void drop_area(void)
{
	munmap(AREA, 32 * P);
	munmap(AWAY, 32 * P);
}

/* As make_area() leaves it, whatever a call has done. */
static void remake_area(void)
{
	drop_area();
	make_area();
}

static long try_fork(void)
{
	long pid = raw_syscall0(SYS_fork);

	if (pid == 0)
		raw_exit(0);
	return pid < 0 ? pid : raw_syscall4(SYS_wait4, pid, 0, 0, 0);
}

/* Who has limits of its own has a table of them, and so have its children. */
static long set_a_limit(void)
{
	static const uint64_t limit[2] = {1, 2};

	return raw_syscall2(SYS_setrlimit, RLIMIT_CORE, (uintptr_t)limit);
}

static void have_a_limit(void)
{
	CHECK_EQ(set_a_limit(), 0);
}

static long try_clone3(void)
{
	const uint64_t args[8] = {[4] = SIGCHLD};
	long pid = raw_syscall2(SYS_clone3, (uintptr_t)args, sizeof(args));

	if (pid == 0)
		raw_exit(0);
	return pid < 0 ? pid : raw_syscall4(SYS_wait4, pid, 0, 0, 0);
}

static int exits(void *unused)
{
	(void)unused;
	raw_syscall1(SYS_exit, 0);
	return 0;
}

static long try_vfork(void)
{
	int pid = clone(exits, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);

	return pid < 0 ? -errno : raw_syscall4(SYS_wait4, pid, 0, 0, 0);
}

static long try_thread(void)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			  CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
	int tid = clone(exits, stack + sizeof(stack), flags, NULL, &thread_id, NULL, &thread_id);

	if (tid < 0)
		return -errno;
	for (int id; (id = thread_id) != 0;)
		raw_syscall4(SYS_futex, (uintptr_t)&thread_id, 128, id, 0);
	/* It has said so on its way out. Until it is gone it has its stack, and the next thread would get that. */
	while (raw_syscall3(SYS_tgkill, getpid(), tid, 0) == 0)
		nap_ns(100000);
	return 0;
}

static long try_execve(void)
{
	char *const argv[] = {(char *)options.tiny, "argument", NULL};
	char *const envp[] = {"NAME=value", NULL};

	return raw_syscall3(SYS_execve, (uintptr_t)options.tiny, (uintptr_t)argv, (uintptr_t)envp);
}

static long map(char *at, size_t pages, int flags)
{
	return raw_syscall6(SYS_mmap, (uintptr_t)at, pages * P, RW, flags, -1, 0);
}

static long map_private(void)
{
	return map(AWAY, 4, PRIVATE | MAP_FIXED);
}

static long map_shared(void)
{
	return map(AWAY, 300, SHARED | MAP_FIXED);
}

static long map_populated(void)
{
	return map(AWAY, 16, PRIVATE | MAP_FIXED | MAP_POPULATE);
}

static long map_over_the_middle(void)
{
	return map(AREA + 4 * P, 8, PRIVATE | MAP_FIXED);
}

static long unmap_the_middle(void)
{
	return raw_syscall2(SYS_munmap, (uintptr_t)(AREA + 4 * P), 8 * P);
}

static long protect_the_middle(void)
{
	return raw_syscall3(SYS_mprotect, (uintptr_t)(AREA + 4 * P), 14 * P, PROT_READ);
}

static long remap(char *from, size_t old, size_t new, int flags, char *to)
{
	return raw_syscall6(SYS_mremap, (uintptr_t)from, old * P, new *P, flags, (uintptr_t)to, 0);
}

static long move_private(void)
{
	return remap(AREA, 16, 16, MREMAP_MAYMOVE | MREMAP_FIXED, AWAY);
}

static long move_and_grow(void)
{
	return remap(AREA + 4 * P, 8, 20, MREMAP_MAYMOVE | MREMAP_FIXED, AWAY);
}

static long move_shared(void)
{
	return remap(AREA + 17 * P, 2, 2, MREMAP_MAYMOVE | MREMAP_FIXED, AWAY);
}

static long grow_somewhere(void)
{
	return remap(AREA, 16, 24, MREMAP_MAYMOVE, NULL);
}

static long try_brk(void)
{
	uintptr_t now = raw_syscall1(SYS_brk, 0), want = now + 16 * P;
	uintptr_t got = raw_syscall1(SYS_brk, want);

	if (got != want)
		return -ENOMEM;
	*(volatile char *)(want - 1) = 1;
	return raw_syscall1(SYS_brk, now) == (long)now ? 0 : -EINVAL;
}

static long populate_area(void)
{
	return raw_syscall3(SYS_madvise, (uintptr_t)AREA, 20 * P, 23 /* MADV_POPULATE_WRITE */);
}

static long try_mlock(void)
{
	return raw_syscall2(SYS_mlock, (uintptr_t)AREA, 16 * P);
}

static long write_fresh(void)
{
	AREA[3 * P] = AREA[9 * P] = 1;
	return 0;
}

/* Memory on both sides of a border, without tables. */
static void make_bare(void)
{
	munmap(AWAY, 32 * P);
	CHECK(mmap(AWAY, 16 * P, RW, PRIVATE | MAP_FIXED, -1, 0) == AWAY);
}

static long read_bare(void)
{
	return *(volatile char *)AWAY + *(volatile char *)(AWAY + 10 * P);
}

static long write_shared(void)
{
	AREA[19 * P] = 1;
	return 0;
}

static long write_file_page(void)
{
	*(volatile char *)(written + 2 * P) = 1;
	return 0;
}

/* After a fork each page is both sides'. */
static void share_with_a_child(void)
{
	pid_t parent = getpid();

	make_area();
	sharer = fork();
	if (sharer == 0) {
		while (getppid() == parent)
			nap_ns(100000);
		_exit(0);
	}
}

static void end_sharer(void)
{
	kill(sharer, SIGKILL);
	raw_syscall4(SYS_wait4, sharer, 0, 0, 0);
}

static long write_copied(void)
{
	AREA[0] = AREA[8 * P] = 2;
	return 0;
}

static long grow_stack(void)
{
	volatile char deep[64 * PAGE_SIZE];

	for (size_t at = sizeof(deep); at > 0; at -= P)
		deep[at - 1] = 1;
	return 0;
}

/* The kernel's own write, to a page that is not there yet. A word that it cannot write it tries byte by byte. */
static long kernel_writes(void)
{
	return raw_syscall2(SYS_clock_gettime, 1, (uintptr_t)(AREA + 5 * P));
}

static long try_futex(void)
{
	uintptr_t addr = (uintptr_t)AWAY;
	long ret = raw_syscall4(SYS_futex, addr, 128, 1, 0);

	return ret == -EAGAIN ? 0 : ret;
}

static long grow_kernel(unsigned long where)
{
	range = pgctl(PGCTL_GROW, 20 * P, where, NULL);
	return range;
}

static long grow_anywhere(void)
{
	return grow_kernel(0);
}

static long grow_a_slot(void)
{
	return grow_kernel(1);
}

static long grow_two_slots(void)
{
	return grow_kernel(2);
}

static void forget_growth(void)
{
	if (range >= 0)
		CHECK_EQ(pgctl(PGCTL_FREE, range, 0, NULL), 0);
	range = -1;
	CHECK(pgctl(PGCTL_RESET, 0, 0, NULL) >= 0);
}

/* A huge page in the middle of private memory; MADV_HUGEPAGE is 14. */
#define HUGE       ((char *)(24 * BORDER))
#define HUGE_PAGES 512

static void make_huge(void)
{
	munmap(HUGE, 2 * HUGE_PAGES * P);
	CHECK(mmap(HUGE, 2 * HUGE_PAGES * P, RW, PRIVATE | MAP_FIXED, -1, 0) == HUGE);
	CHECK_EQ(madvise(HUGE, 2 * HUGE_PAGES * P, 14), 0);
}

static long write_huge(void)
{
	HUGE[5 * P] = 1;
	return 0;
}

static void make_written_huge(void)
{
	make_huge();
	write_huge();
}

static long unmap_part_of_huge(void)
{
	return raw_syscall2(SYS_munmap, (uintptr_t)(HUGE + 7 * P), P);
}

static long protect_part_of_huge(void)
{
	return raw_syscall3(SYS_mprotect, (uintptr_t)(HUGE + 7 * P), P, PROT_READ);
}

/*
 * `least`: what cannot be less, for a table that counts nothing proves nothing. The structures, and
 * for each of them a slab; the tables on the way to a page, on both sides of a border; the pages.
 */
static const struct attempt process_calls[] = {
	{"fork", make_area, try_fork, NULL, .least = 20, .kills = true},
	{"clone3", make_area, try_clone3, NULL, .least = 20, .kills = true},
	{"setrlimit", NULL, set_a_limit, NULL, .least = 1, .once = true},
	{"fork of limits", have_a_limit, try_fork, NULL, .least = 7, .kills = true},
	{"vfork", NULL, try_vfork, NULL, .least = 6},
	{"thread", NULL, try_thread, NULL, .least = 5},
	{"execve", NULL, try_execve, NULL, .least = 12, .kills = true, .once = true},
};

static const struct attempt memory_calls[] = {
	{"mmap private", make_area, map_private, remake_area, .least = 1},
	{"mmap shared", make_area, map_shared, remake_area, .least = 2},
	{"mmap populated", make_area, map_populated, remake_area, .least = 18, .bears = true},
	{"mmap over the middle", make_area, map_over_the_middle, remake_area, .least = 2},
	{"munmap", make_area, unmap_the_middle, remake_area, .least = 1},
	{"mprotect", make_area, protect_the_middle, remake_area, .least = 2},
	{"mremap private", make_area, move_private, remake_area, .least = 4},
	{"mremap, growing", make_area, move_and_grow, remake_area, .least = 4},
	{"mremap shared", make_area, move_shared, remake_area, .least = 4},
	{"mremap, anywhere", make_area, grow_somewhere, remake_area, .least = 1},
	{"brk", NULL, try_brk, NULL, .least = 2, .kills = true},
	{"madvise populate", make_area, populate_area, remake_area, .least = 12},
	{"mlock", make_area, try_mlock, remake_area, .least = 12, .refusal = -EAGAIN},
};

static const struct attempt touches[] = {
	{"write", make_area, write_fresh, remake_area, .least = 2, .kills = true},
	{"read", make_bare, read_bare, make_bare, .least = 2, .kills = true},
	{"write shared", make_area, write_shared, remake_area, .least = 1, .kills = true},
	{"write a page of a file", NULL, write_file_page, NULL, .least = 1, .kills = true,
	 .once = true},
	{"write a page of two processes", share_with_a_child, write_copied, end_sharer, .least = 2,
	 .kills = true, .once = true},
	{"stack", NULL, grow_stack, NULL, .least = 60, .kills = true, .once = true},
	{"the kernel's write", make_area, kernel_writes, remake_area, .least = 1, .bears = true},
	{"futex", make_bare, try_futex, make_bare, .least = 1, .refusal = -EFAULT},
};

static const struct attempt growths[] = {
	/* A page that is not found is looked for once more. */
	{"vmalloc", NULL, grow_anywhere, forget_growth, .least = 20, .bears = true},
	{"vmalloc in a new slot", NULL, grow_a_slot, forget_growth, .least = 23, .bears = true},
	{"vmalloc across two new slots", NULL, grow_two_slots, forget_growth, .least = 24,
	 .bears = true},
};

/* Where there is no huge page small ones will do. */
static const struct attempt huge_pages[] = {
	{"write", make_huge, write_huge, make_huge, .least = 2, .kills = true, .bears = true},
	{"munmap of a part", make_written_huge, unmap_part_of_huge, make_written_huge, .least = 2},
	{"mprotect of a part", make_written_huge, protect_part_of_huge, make_written_huge,
	 .least = 2},
};

TEST(nomem, processes)
{
	fail_all(process_calls, ARRAY_SIZE(process_calls));
}

TEST(nomem, mappings)
{
	fail_all(memory_calls, ARRAY_SIZE(memory_calls));
}

TEST(nomem, touches)
{
	fail_all(touches, ARRAY_SIZE(touches));
}

TEST(nomem, huge_pages)
{
	fail_all(huge_pages, ARRAY_SIZE(huge_pages));
}

TEST(nomem, growth)
{
	fail_all(growths, ARRAY_SIZE(growths));
}
