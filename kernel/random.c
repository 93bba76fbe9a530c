/* splitmix64 on a counter of each CPU: no line is shared. */
#include "kernel/random.h"

#include "kernel/base/atomic.h"
#include "kernel/base/mix.h"
#include "kernel/base/percpu.h"

static DEFINE_PER_CPU(u64, random_count);
static u64 random_seed;

void random_init(u64 seed)
{
	random_seed = seed;
}

u64 random_u64(void)
{
	u64 z = random_seed + ((u64)(unsigned long)this_cpu_ptr(&random_count) << 20);

	this_cpu_add(random_count, 1);
	return mix64(z + this_cpu_read(random_count) * MIX64_STEP);
}
