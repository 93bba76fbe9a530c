/* See freewalk.h. */
#include "user/lib/freewalk.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/rawsys.h"

long pgctl(unsigned int op, unsigned long a, unsigned long b, struct pgctl_stats *out)
{
	return raw_syscall4(SYS_pgctl, op, a, b, (uintptr_t)out);
}

long pages_at_rest(struct pgctl_stats *stats)
{
	long ret = pgctl(PGCTL_DRAIN, 0, 0, NULL);

	if (ret == 0)
		ret = pgctl(PGCTL_STATS, 0, 0, stats);
	return ret ? ret : (long)(stats->free_pages + stats->kstack_tables);
}

void say(const char *format, ...)
{
	char line[1002];
	size_t length;
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	length = strlen(line);
	line[length++] = '\n';
	raw_syscall3(SYS_write, STDOUT_FILENO, (uintptr_t)line, length);
}

/* The text after `key=`, or NULL when `arg` is another one. */
static const char *value_of(const char *arg, const char *key)
{
	size_t length = strlen(key);

	if (strncmp(arg, key, length) != 0 || arg[length] != '=')
		return NULL;
	return arg + length + 1;
}

const char *arg_string(int argc, char **argv, const char *key, const char *fallback)
{
	for (int i = argc - 1; i > 0; i--) {
		const char *value = value_of(argv[i], key);

		if (value)
			return value;
	}
	return fallback;
}

unsigned long arg_number(int argc, char **argv, const char *key, unsigned long fallback)
{
	const char *text = arg_string(argc, argv, key, NULL);
	unsigned long number;
	char *end;

	if (!text)
		return fallback;
	errno = 0;
	number = strtoul(text, &end, 0);
	if (end == text || *end || errno || *text == '-') {
		say("%s: %s=%s is not a number", argv[0], key, text);
		exit(2);
	}
	return number;
}

const char *arg_unknown(int argc, char **argv, const char *const *keys)
{
	for (int i = 1; i < argc; i++) {
		const char *const *key = keys;

		while (*key && !value_of(argv[i], *key) && strcmp(argv[i], *key) != 0)
			key++;
		if (!*key)
			return argv[i];
	}
	return NULL;
}

void rng_seed(struct rng *r, uint64_t seed, uint64_t stream)
{
	/* splitmix64: neighbouring seeds and streams give unrelated states; the state must not be
	 * 0. */
	uint64_t z =
		seed * 0x9e3779b97f4a7c15u + stream * 0xd1342543de82ef95u + 0x632be59bd9b4e019u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	r->state = z ? z : 1;
}

uint64_t rng_next(struct rng *r)
{
	uint64_t x = r->state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	r->state = x;
	return x * 0x2545f4914f6cdd1du;
}

unsigned int rng_below(struct rng *r, unsigned int bound)
{
	return (rng_next(r) >> 33) % bound;
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

void nap_ns(uint64_t ns)
{
	struct timespec t = {.tv_sec = ns / 1000000000u, .tv_nsec = ns % 1000000000u};

	raw_syscall2(SYS_nanosleep, (uintptr_t)&t, 0);
}

int cpus_allowed(unsigned int *cpus, unsigned int max)
{
	cpu_set_t set;
	unsigned int count = 0;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return -errno;
	for (unsigned int cpu = 0; cpu < 8 * sizeof(set) && count < max; cpu++) {
		if (CPU_ISSET(cpu, &set))
			cpus[count++] = cpu;
	}
	return count ? (int)count : -EINVAL;
}

long cpu_online(unsigned int cpu)
{
	return raw_syscall1(SYS_cpu_online, cpu);
}

int pin_to_cpu(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return raw_syscall3(SYS_sched_setaffinity, 0, sizeof(set), (uintptr_t)&set);
}

int wait_child(pid_t pid, int *status)
{
	long got = raw_syscall4(SYS_wait4, pid, (uintptr_t)status, 0, 0);

	return got < 0 ? (int)got : 0;
}
