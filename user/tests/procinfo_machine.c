/* ABI tests: process information about the machine: memory, CPUs, and the kernel half of the root tables. */
#include <sched.h>

#include "user/lib/ipc.h"
#include "user/tests/procinfo.h"

static struct procinfo_system system_now(int right)
{
	struct procinfo_system s;

	CHECK_EQ(procinfo_system(right, &s), 0);
	return s;
}

TEST(procinfo, the_machine)
{
	int right = need_procinfo();
	struct procinfo_system s = system_now(right), later;
	struct pgctl_stats stats;

	CHECK_EQ(pgctl(PGCTL_STATS, 0, 0, &stats), 0);
	CHECK_EQ(s.total, stats.total_pages * PAGE_SIZE);
	CHECK_EQ(s.cpus, stats.cpus_online);
	CHECK(s.cpus_present >= s.cpus);
	CHECK(s.free > 0 && s.slab > 0 && s.tables > 0 && s.stacks > 0 && s.objects > 0);
	CHECK(s.free + s.slab + s.tables + s.stacks + s.objects <= s.total);
	CHECK(s.processes >= 2 && s.threads >= 2);
	CHECK(s.highest_pid >= (uint32_t)getpid());
	CHECK(s.runnable >= 1);
	end_child(sleeping_child());
	later = system_now(right);
	CHECK(later.uptime > s.uptime);
	CHECK_EQ(later.boot_time, s.boot_time);
	CHECK(later.forks > s.forks && later.exits > s.exits && later.switches > s.switches);
}

/* What is counted for a holder, and for the whole machine while nobody else does anything. */
TEST(procinfo, who_has_memory)
{
	int right = need_procinfo(), object = (int)memobj_create(64 * PAGE_SIZE, 0);
	struct procinfo_system before, after;
	char *area = mmap(NULL, 64 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, object, 0);

	CHECK(area != MAP_FAILED);
	before = system_now(right);
	for (unsigned int i = 0; i < 64; i++)
		area[i * PAGE_SIZE] = 1;
	after = system_now(right);
	CHECK_EQ(after.objects - before.objects, 64 * PAGE_SIZE);
	CHECK(before.free - after.free >= 64 * PAGE_SIZE);
	CHECK_EQ(munmap(area, 64 * PAGE_SIZE), 0);
	CHECK_EQ(close(object), 0);
	CHECK_EQ(system_now(right).objects, before.objects);
}

TEST(procinfo, every_cpu)
{
	int right = need_procinfo();
	struct procinfo_cpu one, all[256];
	unsigned int allowed[MAX_CPUS], n = 0, first = 0;
	long got;

	CHECK(cpus_allowed(allowed, MAX_CPUS) > 0);
	CHECK_EQ(pin_to_cpu(allowed[0]), 0);
	while ((got = procinfo_cpus(right, first, all + n, 5)) > 0) {
		for (long i = 0; i < got; i++, n++) {
			CHECK(all[n].cpu >= first);
			first = all[n].cpu + 1;
		}
	}
	CHECK_EQ(got, 0);
	CHECK_EQ(n, system_now(right).cpus);
	CHECK_EQ(procinfo_cpus(right, allowed[0], &one, 1), 1);
	CHECK_EQ(one.cpu, allowed[0]);
	CHECK_EQ(one.running, gettid());
	CHECK(one.root != 0 && one.root % PAGE_SIZE == 0);
	/* Each of them has been busy, or idle, all the time. */
	for (unsigned int i = 0; i < n; i++) {
		CHECK(all[i].busy.user + all[i].busy.system + all[i].idle > 0);
		CHECK(all[i].busy.user + all[i].busy.system + all[i].idle <=
		      system_now(right).uptime + 1000000);
	}
	CHECK(one.busy.user + one.busy.system > 0);
}

/* --- root tables --- */

static struct procinfo_pgsync pgsync_now(int right)
{
	struct procinfo_pgsync s;

	CHECK_EQ(procinfo_pgsync(right, &s), 0);
	return s;
}

/* Every root by chunks of `room`, ascending; the one of `pid`, which one at least has. */
static struct procinfo_root root_of(int right, pid_t pid, unsigned int room)
{
	struct procinfo_root roots[64], found = {0};
	uint64_t first = 0;
	long n;

	while ((n = procinfo_roots(right, first, roots, room)) > 0) {
		CHECK(n <= (long)room);
		for (long i = 0; i < n; i++) {
			CHECK(roots[i].table >= first && roots[i].table % PAGE_SIZE == 0);
			first = roots[i].table + 1;
			CHECK(!roots[i].owners == !roots[i].pid);
			if (roots[i].pid == pid)
				found = roots[i];
		}
	}
	CHECK_EQ(n, 0);
	CHECK(found.table != 0);
	return found;
}

static bool slot_in(const uint64_t *words, unsigned int slot)
{
	slot -= PROCINFO_FIRST_SLOT;
	return words[slot / 64] >> slot % 64 & 1;
}

static bool is_within(const uint64_t *inner, const uint64_t *outer)
{
	bool all = true;

	for (unsigned int w = 0; w < PROCINFO_SLOT_WORDS; w++)
		all &= !(inner[w] & ~outer[w]);
	return all;
}

TEST(procinfo, the_reference_root)
{
	int right = need_procinfo();
	struct procinfo_pgsync s = pgsync_now(right);
	struct pgctl_stats stats;

	CHECK_EQ(pgctl(PGCTL_STATS, 0, 0, &stats), 0);
	CHECK_EQ(strcmp(s.strategy, stats.strategy), 0);
	CHECK(is_within(s.birth, s.ready) && is_within(s.ready, s.present));
	CHECK(slot_in(s.birth, 511));
	CHECK_EQ(s.growths, stats.growths);
	CHECK_EQ(s.reference % PAGE_SIZE, 0);
	CHECK(s.levels == 4 || s.levels == 5);
}

TEST(procinfo, whose_a_root_is)
{
	int right = need_procinfo();
	struct procinfo_root own = root_of(right, getpid(), 1), child;
	struct procinfo_pgsync s = pgsync_now(right);
	int status;
	pid_t pid;

	CHECK_EQ(own.owners, 1);
	CHECK(own.cpus >= 1);
	CHECK_EQ(own.state, PROCINFO_ROOT_READY);
	CHECK(is_within(s.birth, own.present));
	CHECK(own.generation >= 1 && own.generation <= s.generation);
	pid = sleeping_child();
	child = root_of(right, pid, 64);
	CHECK(child.table != own.table && child.owners == 1);
	end_child(pid);
	/* Two processes in one address space. */
	pid = vfork();
	if (pid == 0) {
		own = root_of(right, getpid() < getppid() ? getpid() : getppid(), 3);
		_exit(own.owners == 2 ? 0 : 1);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

/* Slots that are ready and that a root of some process lacks. */
static unsigned int missing_in_owned(int right)
{
	struct procinfo_root roots[32];
	unsigned int missing = 0;
	uint64_t first = 0;
	long n;

	while ((n = procinfo_roots(right, first, roots, 32)) > 0) {
		for (long i = 0; i < n; i++)
			if (roots[i].owners && roots[i].state == PROCINFO_ROOT_READY)
				missing += roots[i].missing;
		first = roots[n - 1].table + 1;
	}
	CHECK_EQ(n, 0);
	return missing;
}

TEST(procinfo, growth_reaches_the_roots_of_all_processes)
{
	int right = need_procinfo();
	struct procinfo_pgsync before = pgsync_now(right), after;
	pid_t children[10];
	bool tells;
	long range;

	tells = strcmp(before.strategy, "walk") == 0 || strcmp(before.strategy, "list") == 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(children); i++)
		children[i] = sleeping_child();
	range = pgctl(PGCTL_GROW, PAGE_SIZE, 1, NULL);
	if (range == -ENOSPC)
		SKIP("no slot is left to grow into");
	CHECK(range >= 0);
	after = pgsync_now(right);
	if (strcmp(before.strategy, "prealloc") != 0) {
		CHECK_EQ(after.generation, before.generation + 1);
		CHECK(is_within(before.ready, after.ready) &&
		      !is_within(after.ready, before.ready));
	}
	if (tells) {
		CHECK(is_within(after.ready, root_of(right, children[3], 64).present));
		CHECK_EQ(missing_in_owned(right), 0);
	}
	CHECK_EQ(pgctl(PGCTL_FREE, range, 0, NULL), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(children); i++)
		end_child(children[i]);
}
