/*
 * Texts of /proc in Linux's formats (proc(5)), from structs: pure functions, which ask nobody.
 *
 * What this system does not keep is 0, or not there at all where a reader goes by names. A clock tick is a hundredth
 * of a second.
 */
#ifndef USER_PROC_FORMAT_H
#define USER_PROC_FORMAT_H

#include <sys/utsname.h>

#include "kernel/abi/procinfo.h"
#include "user/proc/text.h"

/* --- one process, or thread: format_task.c --- */

/* `whole`: the times are the process's, not the thread's. */
void format_stat(struct text *t, const struct procinfo_task *task,
		 const struct procinfo_memory *memory, bool whole);
void format_status(struct text *t, const struct procinfo_task *task,
		   const struct procinfo_memory *memory);
void format_statm(struct text *t, const struct procinfo_memory *memory);
/* One mapping; `program`: the path of what the process runs, for mappings of it. */
void format_map(struct text *t, const struct procinfo_map *map,
		const struct procinfo_memory *memory, const char *program);

/* --- the machine: format_machine.c --- */

/* Load averages as Linux has them: fixed point, of 1, 5 and 15 minutes. */
#define LOAD_SHIFT    11
#define LOAD_INTERVAL 5 /* seconds between two samples */

struct load {
	unsigned long average[3];
};

/* One more sample: so many threads run or could run. */
void load_sample(struct load *load, unsigned int runnable);

void format_loadavg(struct text *t, const struct load *load, const struct procinfo_system *s);
void format_uptime(struct text *t, const struct procinfo_system *s, const struct procinfo_cpu *cpus,
		   unsigned int n);
void format_meminfo(struct text *t, const struct procinfo_system *s);
void format_machine_stat(struct text *t, const struct procinfo_system *s,
			 const struct procinfo_cpu *cpus, unsigned int n);
void format_version(struct text *t, const struct utsname *u);

/* What CPUID says, of all CPUs alike. */
struct cpu_model {
	char vendor[13], name[49];
	unsigned int family, model, stepping;
};
void format_cpuinfo(struct text *t, const struct cpu_model *model, const struct procinfo_cpu *cpus,
		    unsigned int n);

/* --- the kernel half of the page tables: format_pgsync.c --- */

/* A root and what its owner is called; "" without one. */
struct named_root {
	struct procinfo_root root;
	char comm[16];
};

/* For people: a line a root, with a strip of its slots. */
void format_pgsync(struct text *t, const struct procinfo_pgsync *s, const struct named_root *roots,
		   unsigned int n);
/* For programs: the same, separated by tabs, with a header. */
void format_pgsync_tsv(struct text *t, const struct procinfo_pgsync *s,
		       const struct named_root *roots, unsigned int n);

#endif
