/* Texts about the machine: see format.h. */
#include "user/proc/format.h"

#define NS_PER_TICK 10000000ul
#define NS_PER_SEC  1000000000ul

/* --- the load --- */

#define LOAD_ONE (1ul << LOAD_SHIFT)

/* e to the power of -5 s / 1, 5, 15 minutes, as fixed point. */
static const unsigned long decay[3] = {1884, 2014, 2037};

void load_sample(struct load *load, unsigned int runnable)
{
	unsigned long active = runnable * LOAD_ONE;

	for (unsigned int i = 0; i < 3; i++) {
		unsigned long *a = &load->average[i];
		unsigned long sum = *a * decay[i] + active * (LOAD_ONE - decay[i]);

		/* Upwards it is rounded up, so that it reaches what it goes to. */
		*a = (sum + (active >= *a ? LOAD_ONE - 1 : 0)) / LOAD_ONE;
	}
}

void format_loadavg(struct text *t, const struct load *load, const struct procinfo_system *s)
{
	for (unsigned int i = 0; i < 3; i++) {
		/* To the nearest hundredth. */
		unsigned long a = load->average[i] + LOAD_ONE / 200;

		text_printf(t, "%lu.%02lu ", a >> LOAD_SHIFT,
			    (a & (LOAD_ONE - 1)) * 100 >> LOAD_SHIFT);
	}
	text_printf(t, "%u/%u %u\n", s->runnable, s->threads, s->highest_pid);
}

/* --- times --- */

static void hundredths(struct text *t, uint64_t ns)
{
	text_printf(t, "%lu.%02lu", ns / NS_PER_SEC, ns % NS_PER_SEC / NS_PER_TICK);
}

void format_uptime(struct text *t, const struct procinfo_system *s, const struct procinfo_cpu *cpus,
		   unsigned int n)
{
	uint64_t idle = 0;

	for (unsigned int i = 0; i < n; i++)
		idle += cpus[i].idle;
	hundredths(t, s->uptime);
	text_printf(t, " ");
	hundredths(t, idle);
	text_printf(t, "\n");
}

/* user, nice, system, idle; then what is not told apart here. */
static void cpu_line(struct text *t, const struct procinfo_cpu *c)
{
	text_printf(t, " %lu 0 %lu %lu 0 0 0 0 0 0\n", c->busy.user / NS_PER_TICK,
		    c->busy.system / NS_PER_TICK, c->idle / NS_PER_TICK);
}

void format_machine_stat(struct text *t, const struct procinfo_system *s,
			 const struct procinfo_cpu *cpus, unsigned int n)
{
	struct procinfo_cpu all = {0};

	for (unsigned int i = 0; i < n; i++) {
		all.busy.user += cpus[i].busy.user;
		all.busy.system += cpus[i].busy.system;
		all.idle += cpus[i].idle;
	}
	text_printf(t, "cpu ");
	cpu_line(t, &all);
	for (unsigned int i = 0; i < n; i++) {
		text_printf(t, "cpu%u", cpus[i].cpu);
		cpu_line(t, &cpus[i]);
	}
	text_printf(t, "ctxt %lu\nbtime %lu\nprocesses %lu\nprocs_running %u\nprocs_blocked 0\n",
		    s->switches, s->boot_time / NS_PER_SEC, s->forks, s->runnable);
}

/* --- memory --- */

static void memory_line(struct text *t, const char *name, uint64_t bytes)
{
	text_printf(t, "%s:", name);
	text_pad(t, 15);
	text_printf(t, " %8lu kB\n", bytes / 1024);
}

/* There is no cache of files but the files themselves, which are memory objects. Nothing of them can be given back. */
void format_meminfo(struct text *t, const struct procinfo_system *s)
{
	memory_line(t, "MemTotal", s->total);
	memory_line(t, "MemFree", s->free);
	memory_line(t, "MemAvailable", s->free);
	memory_line(t, "Buffers", 0);
	memory_line(t, "Cached", s->objects);
	memory_line(t, "SwapCached", 0);
	memory_line(t, "SwapTotal", 0);
	memory_line(t, "SwapFree", 0);
	memory_line(t, "Shmem", s->objects);
	memory_line(t, "Slab", s->slab);
	memory_line(t, "SReclaimable", 0);
	memory_line(t, "SUnreclaim", s->slab);
	memory_line(t, "KernelStack", s->stacks);
	memory_line(t, "PageTables", s->tables);
	memory_line(t, "VmallocUsed", s->vmalloc);
}

/* --- what it is --- */

void format_version(struct text *t, const struct utsname *u)
{
	text_printf(t, "%s version %s %s\n", u->sysname, u->release, u->version);
}

void format_cpuinfo(struct text *t, const struct cpu_model *m, const struct procinfo_cpu *cpus,
		    unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		text_printf(t, "processor\t: %u\nvendor_id\t: %s\n", cpus[i].cpu, m->vendor);
		text_printf(t, "cpu family\t: %u\nmodel\t\t: %u\n", m->family, m->model);
		text_printf(t, "model name\t: %s\nstepping\t: %u\n\n", m->name, m->stepping);
	}
}
