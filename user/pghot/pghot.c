/*
 * pghot: processes on every CPU run in memory that is plugged in and pulled out meanwhile.
 *
 *	pghot [stress=OPERATIONS] [rounds=N] [hog=MIB] [seed=N]
 *
 * Somebody outside plugs and pulls (tools/tests/test_hotplug.py, or a person on QEMU's monitor), and goes
 * by the lines that begin with "PGHOT:". The stress runs beside, if it is wanted. N times:
 *
 *	PGHOT: plug		we wait until a range of memory has come; then a process on each CPU
 *				touches pages and says how many of them are in it
 *	PGHOT: pull		the processes are still there: their pages move, and each finds in them
 *				what it has written
 *
 * Then, with hog=: one process has so much memory that the rest of the machine has no room for it.
 *
 *	PGHOT: plug
 *	PGHOT: pull in vain	must be refused, and the process still has what it has written
 *	PGHOT: pull		it has ended
 *
 * It ends with PGHOT: PASS or PGHOT: FAIL and the reason.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/freewalk.h"

#define PAGES    32ul /* a process */
#define POLL_NS  10000000ull
#define LIMIT_NS 600000000000ull /* of waiting for others; a loaded host is slow */

/* Shared by the processes; of memory that nobody pulls out: it is there before any is plugged in. */
struct board {
	atomic_uint arrived, inside; /* processes that have touched; pages of theirs in the range */
	atomic_bool look;            /* at your pages again, and end */
	atomic_uint sound, broken;   /* processes that have looked */
};

static struct board *board;
static unsigned int cpus[MAX_CPUS], nr_cpus;
static struct pgctl_memory range;

static int fail(const char *what)
{
	say("PGHOT: FAIL: %s", what);
	return 1;
}

static void wait_a_moment(void)
{
	nap_ns(POLL_NS);
}

static struct pgctl_memory memory(void)
{
	struct pgctl_memory m;

	memset(&m, 0, sizeof(m));
	if (pgctl(PGCTL_MEMORY, 0, 0, (void *)&m) != 0)
		m.added = 0;
	return m;
}

/* Waits until come(m) is true. */
static bool wait_for(bool (*come)(const struct pgctl_memory *m), struct pgctl_memory *m)
{
	uint64_t limit = now_ns() + LIMIT_NS;

	for (*m = memory(); !come(m); *m = memory()) {
		if (now_ns() > limit)
			return false;
		wait_a_moment();
	}
	return true;
}

static bool wait_count(atomic_uint *count, unsigned int n)
{
	uint64_t limit = now_ns() + LIMIT_NS;

	while (atomic_load(count) < n) {
		if (now_ns() > limit)
			return false;
		wait_a_moment();
	}
	return true;
}

/* --- a process --- */

static uint64_t value_at(unsigned int cpu, unsigned long page)
{
	return (uint64_t)cpu << 48 | page << 1 | 1;
}

static unsigned int pages_inside(const char *pages, unsigned long n)
{
	unsigned int inside = 0;

	for (unsigned long i = 0; i < n; i++) {
		long at = pgctl(PGCTL_WHERE, (uintptr_t)pages + i * PAGE_SIZE, 0, NULL);

		inside += at >= (long)range.start && (uint64_t)at < range.start + range.bytes;
	}
	return inside;
}

/* The whole life of one: touch, say where, wait, look. */
static void process(unsigned int cpu, unsigned long n)
{
	char *pages = mmap(NULL, n * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	bool sound = true;

	if (pages == MAP_FAILED || pin_to_cpu(cpu) != 0)
		_exit(3);
	for (unsigned long i = 0; i < n; i++)
		*(volatile uint64_t *)(pages + i * PAGE_SIZE) = value_at(cpu, i);
	atomic_fetch_add(&board->inside, pages_inside(pages, n));
	atomic_fetch_add(&board->arrived, 1);
	while (!atomic_load(&board->look))
		wait_a_moment();
	for (unsigned long i = 0; i < n; i++)
		sound &= *(volatile uint64_t *)(pages + i * PAGE_SIZE) == value_at(cpu, i);
	atomic_fetch_add(sound ? &board->sound : &board->broken, 1);
	_exit(0);
}

/* Starts `count` of them, each on a CPU of its own. How many were started. */
static unsigned int start_processes(pid_t *pids, unsigned int count, unsigned long pages)
{
	unsigned int n;

	memset(board, 0, sizeof(*board));
	for (n = 0; n < count; n++) {
		pids[n] = fork();
		if (pids[n] == 0)
			process(cpus[n], pages);
		if (pids[n] < 0)
			break;
	}
	return n;
}

/* NULL when all of them find what they have written. */
static const char *end_processes(const pid_t *pids, unsigned int n)
{
	const char *why = NULL;

	atomic_store(&board->look, true);
	for (unsigned int i = 0; i < n; i++) {
		int status = -1;

		if (waitpid(pids[i], &status, 0) != pids[i] || status != 0)
			why = "a process ended badly";
	}
	if (!why && atomic_load(&board->sound) != n)
		why = "pages do not hold what was written to them";
	return why;
}

/* --- the course of things --- */

static bool is_here(const struct pgctl_memory *m)
{
	return m->bytes != 0;
}

static bool is_gone(const struct pgctl_memory *m)
{
	return m->bytes == 0;
}

static uint64_t refused_before;

static bool is_answered(const struct pgctl_memory *m)
{
	return m->refused > refused_before || m->bytes == 0;
}

static const char *wait_plugged(void)
{
	say("PGHOT: plug");
	return wait_for(is_here, &range) ? NULL : "no memory has come";
}

static const char *wait_pulled(void)
{
	struct pgctl_memory m;

	say("PGHOT: pull");
	return wait_for(is_gone, &m) ? NULL : "the memory has not gone";
}

/* Until all have touched; `least` of their pages must be in the new memory. */
static const char *wait_arrived(unsigned int n, unsigned int count, unsigned long pages,
				unsigned long least)
{
	if (n < count)
		return "fork";
	if (!wait_count(&board->arrived, n))
		return "not all processes have arrived";
	say("PGHOT: %u processes on %u CPUs have %u of %lu pages in the new memory", n, nr_cpus,
	    atomic_load(&board->inside), n * pages);
	return atomic_load(&board->inside) < least ? "pages are elsewhere" : NULL;
}

static const char *one_round(void)
{
	const char *why = wait_plugged(), *bad;
	pid_t pids[MAX_CPUS];
	unsigned int n;

	if (why)
		return why;
	n = start_processes(pids, nr_cpus, PAGES);
	why = wait_arrived(n, nr_cpus, PAGES, n * PAGES);
	if (!why)
		why = wait_pulled();
	bad = end_processes(pids, n);
	return why ? why : bad;
}

static const char *wait_refused(void)
{
	struct pgctl_memory m = memory();

	refused_before = m.refused;
	say("PGHOT: pull in vain");
	if (!wait_for(is_answered, &m))
		return "nobody has asked for the memory";
	return m.refused > refused_before ? NULL : "memory for which there is no room was pulled";
}

static const char *hog_round(unsigned long pages)
{
	const char *why = wait_plugged(), *bad;
	pid_t pid;
	unsigned int n;

	if (why)
		return why;
	n = start_processes(&pid, 1, pages);
	why = wait_arrived(n, 1, pages, pages / 2);
	if (!why)
		why = wait_refused();
	bad = end_processes(&pid, n);
	if (!why)
		why = bad ? bad : wait_pulled();
	return why;
}

static pid_t start_stress(const char *operations, const char *seed)
{
	char ops[32] = "ops=", with_seed[32] = "seed=";
	char *argv[] = {"/bin/pgstress", ops, with_seed, NULL};
	pid_t pid;

	strncat(ops, operations, sizeof(ops) - 5);
	strncat(with_seed, seed, sizeof(with_seed) - 6);
	pid = fork();
	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

static const char *run(unsigned long rounds, unsigned long hog, pid_t stress)
{
	const char *why = NULL;
	int status = 0;

	for (unsigned long i = 0; i < rounds && !why; i++)
		why = one_round();
	if (!why && hog)
		why = hog_round(hog << 20 >> 12);
	if (!why && stress && (waitpid(stress, &status, 0) != stress || status != 0))
		why = "the stress has failed";
	return why;
}

int main(int argc, char **argv)
{
	static const char *const keys[] = {"stress", "rounds", "hog", "seed", NULL};
	const char *stress = arg_string(argc, argv, "stress", NULL), *why;
	int n = cpus_allowed(cpus, MAX_CPUS);
	pid_t pid = 0;

	if (arg_unknown(argc, argv, keys))
		return fail("usage: pghot [stress=OPERATIONS] [rounds=N] [hog=MIB] [seed=N]");
	if (n < 0 || pgctl(PGCTL_MEMORY, 0, 0, (void *)&range) != 0)
		return fail("no pgctl (boot with pgctl=1)");
	nr_cpus = (unsigned int)n;
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (board == MAP_FAILED)
		return fail("mmap");
	if (stress)
		pid = start_stress(stress, arg_string(argc, argv, "seed", "1"));
	why = run(arg_number(argc, argv, "rounds", 2), arg_number(argc, argv, "hog", 0), pid);
	if (why)
		return fail(why);
	say("PGHOT: PASS");
	return 0;
}
