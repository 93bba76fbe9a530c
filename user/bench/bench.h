/*
 * bench: what operations cost, in guest instructions, and how many a machine of several CPUs does.
 *
 *	start.c		entry without a library, arguments, modes
 *	measure.c	rdtsc around one operation, many times
 *	operations.c	the operations measured
 *	memory.c	those of them that are about memory
 *	ipc.c		messages
 *	irq.c		interrupts
 *	files.c		files and pipes, by way of their servers
 *	throughput.c	one fork+exit+wait loop on each CPU
 *	print.c		lines without stdio
 *
 * No library: the process that forks is the thing measured, so its pages are few and known
 * (user/lib/tiny.ld). Under `-icount shift=0` with one CPU a tick of the TSC is one guest
 * instruction; anywhere else the unit is just ticks.
 */
#ifndef USER_BENCH_BENCH_H
#define USER_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- print.c: text is gathered in one buffer, put_line() writes it with one call --- */

void put(const char *text);
void put_number(uint64_t n);
/* n / scale with four decimals. */
void put_ratio(uint64_t n, uint64_t scale);
void put_line(void);

bool text_equal(const char *a, const char *b);
/* The text after `key` (with its '='), or NULL. */
const char *text_after(const char *arg, const char *key);
uint64_t text_number(const char *text);

/* --- measure.c --- */

struct sample {
	uint64_t min, mean; /* ticks, cost of measuring taken off */
};

/* Learns what measuring costs; before all others. Prints the calibration. */
void measure_init(void);

/* Runs op() `warm` times, then `n` times with rdtsc around each; before each, prepare() if there is
 * one, which is not measured. Either returns false to say that it failed. */
bool measure(bool (*prepare)(void), bool (*op)(void), unsigned int warm, unsigned int n,
	     struct sample *out);

/* --- memory.c: returns the failures --- */

int bench_memory(unsigned int n);

/* --- ipc.c: likewise --- */

int bench_ipc(unsigned int n);

/* --- irq.c: likewise; nothing without a machine handle --- */

int bench_irq(unsigned int n);

/* --- operations.c: user/pgbench uses these too --- */

/* Binds this process, and so its children, to that CPU, or to the one that it is on. */
bool stay_on(unsigned int cpu);
bool stay_here(void);
bool fork_exit_wait(void);
/* Measures op() and prints its line. 1: it failed. */
int report(const char *name, bool (*op)(void), unsigned int n, const char *unit);
/* The same with measure()'s prepare(); the figures are those of one of `parts` equal parts. */
int report_prepared(const char *name, bool (*prepare)(void), bool (*op)(void), unsigned int parts,
		    unsigned int n);
/* Two processes that do nothing but yield: each of our yields is a switch there and one back. */
int report_yield(unsigned int n);

/* --- the modes; each returns the exit code --- */

int bench_operations(const char *tiny_path, unsigned int n);
int bench_files(unsigned int n);
int bench_throughput(unsigned int seconds);

#endif
