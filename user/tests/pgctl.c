/* ABI tests: pgctl. With pgctl=1 its arguments and results; without, that it is refused. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "user/tests/abitest.h"

TEST(pgctl, refused_unless_allowed)
{
	struct pgctl_stats stats;

	if (options.pgctl)
		SKIP("this kernel was booted with pgctl=1");
	for (unsigned int op = PGCTL_STATS; op < PGCTL_OPS; op++)
		CHECK_EQ(pgctl(op, 0, 0, &stats), options.host ? -ENOSYS : -EPERM);
}

TEST(pgctl, cpu_online_is_refused_with_it)
{
	if (options.pgctl)
		SKIP("this kernel was booted with pgctl=1");
	CHECK_EQ(cpu_online(0), options.host ? -ENOSYS : -EPERM);
	CHECK_EQ(cpu_online(1000), options.host ? -ENOSYS : -EPERM);
}

/* For operations with a result of their own. */
static long pgctl_any(unsigned int op, unsigned long a, void *out)
{
	return pgctl(op, a, 0, out);
}

static void need_pgctl(void)
{
	if (!options.pgctl)
		SKIP("needs pgctl=1");
}

TEST(pgctl, cpus_that_cannot_come_online)
{
	need_pgctl();
	CHECK_EQ(cpu_online(0), -EEXIST);
	CHECK_EQ(cpu_online(255), -EINVAL);
	CHECK_EQ(cpu_online(MAX_CPUS), -EINVAL);
	CHECK_EQ(cpu_online(-1u), -EINVAL);
}

TEST(pgctl, statistics_make_sense)
{
	struct pgctl_stats s;

	need_pgctl();
	memset(&s, 0xff, sizeof(s));
	CHECK_EQ(pgctl(PGCTL_STATS, 0, 0, &s), 0);
	CHECK(s.free_pages > 0 && s.free_pages < s.total_pages);
	CHECK(s.cpus_online > 0 && s.cpus_online <= 255);
	CHECK(s.forks > 0 && s.forks >= s.exits);
	CHECK(s.missing == 0);
	CHECK(memchr(s.strategy, 0, sizeof(s.strategy)) && s.strategy[0]);
}

TEST(pgctl, wild_pointers)
{
	need_pgctl();
	for (unsigned int kind = 0; kind < NR_WILD; kind++)
		CHECK_EQ(pgctl(PGCTL_STATS, 0, 0, (void *)wild_address(kind)), -EFAULT);
}

TEST(pgctl, bad_arguments)
{
	static const unsigned long ids[] = {1000, -1ul, 0x80000000, 0x100000000, 1ul << 63};

	need_pgctl();
	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		CHECK_EQ(pgctl(PGCTL_TOUCH, ids[i], 0, NULL), -ENOENT);
		CHECK_EQ(pgctl(PGCTL_TOUCH_KTHREADS, ids[i], 0, NULL), -ENOENT);
		CHECK_EQ(pgctl(PGCTL_FREE, ids[i], 0, NULL), -ENOENT);
	}
	CHECK_EQ(pgctl(PGCTL_GROW, 0, 1, NULL), -EINVAL);
	CHECK_EQ(pgctl(PGCTL_GROW, 4096, 3, NULL), -EINVAL);
	CHECK(pgctl(PGCTL_GROW, -1ul, 1, NULL) < 0);
	CHECK(pgctl(PGCTL_GROW, 1ul << 46, 1, NULL) < 0);
	CHECK_EQ(pgctl(PGCTL_OPS, 0, 0, NULL), -EINVAL);
	CHECK_EQ(pgctl(-1u, 0, 0, NULL), -EINVAL);
}

TEST(pgctl, a_range_lives_and_dies)
{
	struct pgctl_stats before, after;

	need_pgctl();
	CHECK_EQ(pgctl(PGCTL_STATS, 0, 0, &before), 0);
	for (int kind = 1; kind <= 2; kind++) {
		long id = pgctl(PGCTL_GROW, 4 * PAGE_SIZE, kind, NULL);

		CHECK(id >= 0);
		CHECK_EQ(pgctl(PGCTL_TOUCH, id, 0, NULL), 0);
		CHECK_EQ(pgctl(PGCTL_TOUCH_KTHREADS, id, 0, NULL), 0);
		CHECK_EQ(pgctl(PGCTL_RESET, 0, 0, NULL), -EBUSY);
		CHECK_EQ(pgctl(PGCTL_AUDIT, 0, 0, NULL), 0);
		CHECK_EQ(pgctl(PGCTL_FREE, id, 0, NULL), 0);
		CHECK_EQ(pgctl(PGCTL_FREE, id, 0, NULL), -ENOENT);
		CHECK_EQ(pgctl(PGCTL_TOUCH, id, 0, NULL), -ENOENT);
	}
	CHECK_EQ(pgctl(PGCTL_STATS, 0, 0, &after), 0);
	CHECK_EQ(after.growths - before.growths, 3); /* one fresh slot, then two */
	CHECK_EQ(after.slots_present - before.slots_present, 3);
	CHECK(after.touches - before.touches >= 16);
	CHECK_EQ(after.audits - before.audits, 2);
	CHECK(pgctl(PGCTL_RESET, 0, 0, NULL) >= 3);
	CHECK_EQ(pgctl(PGCTL_DRAIN, 0, 0, NULL), 0);
}

TEST(pgctl, fresh_slots_run_out_and_come_back)
{
	struct pgctl_stats s;
	long id;

	need_pgctl();
	for (int i = 0; i < 65; i++) {
		id = pgctl(PGCTL_GROW, PAGE_SIZE, 1, NULL);
		if (id == -ENOSPC)
			break;
		CHECK(id >= 0);
		CHECK_EQ(pgctl(PGCTL_FREE, id, 0, NULL), 0);
	}
	CHECK_EQ(id, -ENOSPC);
	CHECK(pgctl(PGCTL_RESET, 0, 0, NULL) > 0);
	CHECK_EQ(pgctl(PGCTL_STATS, 0, 0, &s), 0);
	CHECK(s.slots_free > 0);
	id = pgctl(PGCTL_GROW, PAGE_SIZE, 1, NULL);
	CHECK(id >= 0);
	CHECK_EQ(pgctl(PGCTL_TOUCH_KTHREADS, id, 0, NULL), 0);
	CHECK_EQ(pgctl(PGCTL_FREE, id, 0, NULL), 0);
}

TEST(pgctl, a_root_has_a_cost)
{
	struct pgctl_root_cost cost;

	need_pgctl();
	CHECK_EQ(pgctl_any(PGCTL_BENCH_ROOT, 0, &cost), -EINVAL);
	CHECK_EQ(pgctl_any(PGCTL_BENCH_ROOT, -1ul, &cost), -EINVAL);
	CHECK_EQ(pgctl_any(PGCTL_BENCH_ROOT_MARKED, 0, NULL), -EINVAL);
	CHECK_EQ(pgctl_any(PGCTL_BENCH_ROOT, 10, NULL), -EFAULT);
	CHECK_EQ(pgctl_any(PGCTL_BENCH_ROOT_MARKED, 10, NULL), 0);
	CHECK_EQ(pgctl_any(PGCTL_BENCH_ROOT, 10, &cost), 0);
	CHECK(cost.mean >= cost.alloc + cost.late_copy + cost.free);
}

TEST(pgctl, a_measured_growth_is_a_growth)
{
	struct pgctl_growth_cost cost;
	struct pgctl_stats before, after;
	long slot;

	need_pgctl();
	CHECK_EQ(pgctl(PGCTL_STATS, 0, 0, &before), 0);
	slot = pgctl_any(PGCTL_BENCH_GROW, 0, &cost);
	CHECK_EQ(pgctl(PGCTL_STATS, 0, 0, &after), 0);
	if (slot == -ENOSPC)
		SKIP("no slot is left to grow into");
	CHECK(slot >= 256 && slot < 512);
	CHECK_EQ(after.growths - before.growths, 1);
	CHECK_EQ(after.walk_visits - before.walk_visits, cost.visits);
	CHECK_EQ(pgctl(PGCTL_AUDIT, 0, 0, NULL), 0);
	CHECK_EQ(pgctl(PGCTL_RESET, 0, 0, NULL), after.slots_present);
}

static uint64_t ipis(void)
{
	struct pgctl_stats s;

	CHECK_EQ(pgctl(PGCTL_STATS, 0, 0, &s), 0);
	return s.ipis;
}

static void exit_at_once(void)
{
	_exit(0);
}

#define USERS 8

static void fork_and_exit(unsigned int times)
{
	while (times--)
		CHECK_EQ(status_of(exit_at_once), EXITED(0));
}

/* In a process that has been on this CPU only, and so its children. */
static void interrupt_nobody(void)
{
	uint64_t before;

	fork_and_exit(1);
	before = ipis();
	fork_and_exit(50);
	CHECK_EQ(ipis() - before, 0);
}

TEST(pgctl, fork_and_exit_interrupt_nobody)
{
	unsigned int cpu;

	need_pgctl();
	CHECK(cpus_allowed(&cpu, 1) > 0);
	CHECK_EQ(pin_to_cpu(cpu), 0);
	CHECK_EQ(status_of(interrupt_nobody), EXITED(0));
}

/*
 * Where a process has been before, its space may still be loaded, lazily. A fork that takes rights away from
 * its pages leaves such a CPU alone; but one that is just going on to another space may be asked in vain, once,
 * as it is no longer lazy and not yet out of the set (mm/tlb.c).
 */
TEST(pgctl, fork_spares_lazy_cpus)
{
	unsigned int cpus[USERS];
	int k = cpus_allowed(cpus, USERS);
	uint64_t before;

	need_pgctl();
	CHECK(k > 0);
	for (int i = k; i-- > 0;)
		CHECK_EQ(pin_to_cpu(cpus[i]), 0);
	before = ipis();
	fork_and_exit(50);
	CHECK(ipis() - before <= (unsigned int)k - 1);
}

static _Atomic unsigned int users_ready;
static volatile char *users_page;

static void *use_page_on(void *cpu)
{
	pin_to_cpu((unsigned int)(uintptr_t)cpu);
	*users_page = 1;
	users_ready++;
	return spin_thread(NULL);
}

TEST(pgctl, munmap_interrupts_the_other_users_once)
{
	unsigned int cpus[USERS];
	int k = cpus_allowed(cpus, USERS);
	uint64_t before, sent;

	need_pgctl();
	CHECK(k > 0);
	/* Two pages, so that their table stays. */
	users_page = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	CHECK(users_page != MAP_FAILED);
	users_page[PAGE_SIZE] = 1;
	CHECK_EQ(pin_to_cpu(cpus[0]), 0);
	for (int i = 1; i < k; i++)
		start_thread(use_page_on, (void *)(uintptr_t)cpus[i]);
	while (users_ready < (unsigned int)k - 1)
		nap_ns(100000);
	before = ipis();
	CHECK_EQ(munmap((void *)users_page, PAGE_SIZE), 0);
	sent = ipis() - before;
	CHECK(sent <= (unsigned int)k - 1);
	CHECK(k == 1 || sent > 0);
}

static pid_t child(void (*body)(void))
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		body();
	return pid;
}

static void spin_for_ever(void)
{
	for (;;)
		__asm__ volatile("pause");
}

static void sleep_for_ever(void)
{
	for (;;)
		nap_ns(1000000);
}

/* With a pause: counting instructions, QEMU 7.2 gives another CPU no turn before (docs/testing.md). */
static void call_for_ever(void)
{
	for (;;) {
		raw_syscall0(SYS_getppid);
		__asm__ volatile("pause");
	}
}

static void two_threads(void)
{
	start_thread(spin_thread, NULL);
	sleep_thread(NULL);
	_exit(0);
}

static void two_threads_end(void)
{
	start_thread(spin_thread, NULL);
	_exit(0);
}

/* How many roots are pinned, when no process of an earlier test is still on its way out. */
static long settled_pins(void)
{
	long n = pgctl(PGCTL_PIN, 0, 0, NULL), again;

	for (int same = 0; same < 5; same++) {
		nap_ns(2000000);
		again = pgctl(PGCTL_PIN, 0, 0, NULL);
		if (again != n)
			same = 0;
		n = again;
	}
	return n;
}

/* Whatever a process is doing, its root is among those that are pinned, and it goes on afterwards. */
TEST(pgctl, every_process_is_pinned)
{
	static void (*const bodies[])(void) = {spin_for_ever, sleep_for_ever, call_for_ever,
					       two_threads};
	pid_t pids[ARRAY_SIZE(bodies)];
	long before, with;
	int status;

	need_pgctl();
	before = settled_pins();
	CHECK(before >= 2); /* this process and the one that runs the tests */
	for (unsigned int i = 0; i < ARRAY_SIZE(bodies); i++)
		pids[i] = child(bodies[i]);
	for (int round = 0; round < 5; round++) {
		with = pgctl(PGCTL_PIN, 0, 0, NULL);
		CHECK_EQ(with - before, ARRAY_SIZE(bodies));
	}
	CHECK_EQ(pgctl(PGCTL_AUDIT, 0, 0, NULL), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(bodies); i++) {
		CHECK_EQ(kill(pids[i], SIGKILL), 0);
		CHECK_EQ(wait_child(pids[i], &status), 0);
		CHECK_EQ(NO_CORE(status), KILLED(SIGKILL));
	}
	CHECK_EQ(settled_pins(), before);
	/* The copies of the parent's pages can be written: roots are as they were. */
	CHECK_EQ(wait_child(child(two_threads_end), &status), 0);
	CHECK_EQ(status, EXITED(0));
}
