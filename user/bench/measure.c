/*
 * rdtsc around one operation, minimum and mean of many.
 *
 * What measuring itself costs (two rdtsc and an indirect call) is found with an operation that does
 * nothing and taken off. The calibration is a loop of known length: under `-icount shift=0` its
 * 2,000,000 instructions must read as 2,000,000. The TSC counts virtual time: it jumps while every
 * CPU is halted, so an operation that halts reads too high.
 */
#include "user/bench/bench.h"

#define CALIBRATION_LOOPS 1000000 /* of two instructions */

static uint64_t cost; /* ticks of measuring nothing */

static inline uint64_t ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static bool nothing(void)
{
	return true;
}

static bool known_loop(void)
{
	unsigned long loops = CALIBRATION_LOOPS;

	__asm__ volatile("1: dec %0\n\t"
			 "jnz 1b"
			 : "+r"(loops));
	return true;
}

bool measure(bool (*prepare)(void), bool (*op)(void), unsigned int warm, unsigned int n,
	     struct sample *out)
{
	uint64_t min = UINT64_MAX;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < warm; i++) {
		if ((prepare && !prepare()) || !op())
			return false;
	}
	for (unsigned int i = 0; i < n; i++) {
		uint64_t begin, took;
		bool ok;

		if (prepare && !prepare())
			return false;
		begin = ticks();
		ok = op();
		took = ticks() - begin;
		if (!ok)
			return false;
		sum += took;
		if (took < min)
			min = took;
	}
	out->min = min > cost ? min - cost : 0;
	out->mean = sum / n > cost ? sum / n - cost : 0;
	return true;
}

void measure_init(void)
{
	struct sample s;

	measure(NULL, nothing, 10, 1000, &s);
	cost = s.min;
	measure(NULL, known_loop, 1, 10, &s);
	put("bench: calibration ");
	put_number(s.min);
	put(" ");
	put_number(s.mean);
	put(" ticks");
	put_line();
	put("bench-note: ");
	put_number(2ull * CALIBRATION_LOOPS);
	put(" instructions read as ");
	put_number(s.min);
	put(" ticks, ratio ");
	put_ratio(s.min, 2ull * CALIBRATION_LOOPS);
	put("; measuring costs ");
	put_number(cost);
	put(" and is taken off");
	put_line();
}
