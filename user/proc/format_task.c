/* Texts about processes and threads: see format.h. */
#include "user/proc/format.h"

#include <stdio.h>

#define PAGE 4096ul

/* Flags of Linux's task_struct that ps and top look at. */
#define PF_EXITING 0x00000004u
#define PF_KTHREAD 0x00200000u

static unsigned long ticks(uint64_t ns)
{
	return ns / 10000000;
}

static unsigned int linux_flags(const struct procinfo_task *task)
{
	return (task->flags & PROCINFO_EXITING ? PF_EXITING : 0) |
	       (task->flags & PROCINFO_KERNEL ? PF_KTHREAD : 0);
}

/* As Linux counts: 20 is usual, 0 to 39 by nice; realtime below zero. */
static long priority_of(const struct procinfo_task *task)
{
	return task->priority ? -1 - (long)task->priority : 20 + task->nice;
}

/* Fields 1 to 22 of proc(5). */
static void stat_task(struct text *t, const struct procinfo_task *task, bool whole)
{
	const struct procinfo_times *own = whole ? &task->process : &task->thread;

	text_printf(t, "%d (%s) %c %d %d %d ", task->tid, task->comm, task->state, task->ppid,
		    task->pgid, task->sid);
	/* Terminal, its process group; flags; page faults, none of which waits for a device. */
	text_printf(t, "0 -1 %u %lu %lu 0 0 ", linux_flags(task), own->faults,
		    task->children.faults);
	text_printf(t, "%lu %lu %lu %lu ", ticks(own->user), ticks(own->system),
		    ticks(task->children.user), ticks(task->children.system));
	text_printf(t, "%ld %d %u 0 %lu ", priority_of(task), task->nice, task->threads,
		    ticks(task->start));
}

/* Fields 31 to 41: signals without those of real time, as they have always been. */
static void stat_signals(struct text *t, const struct procinfo_task *task)
{
	const unsigned long old = 0x7fffffff;

	text_printf(t, "%lu %lu %lu %lu ", (task->pending | task->process_pending) & old,
		    task->blocked & old, task->ignored & old, task->caught & old);
	/* Where it waits, swap; SIGCHLD; CPU, priority, policy. */
	text_printf(t, "0 0 0 17 %u %u %u ", task->cpu, task->priority, task->policy);
}

void format_stat(struct text *t, const struct procinfo_task *task,
		 const struct procinfo_memory *memory, bool whole)
{
	stat_task(t, task, whole);
	/* 23 to 30: sizes, the limit that there is not, text, stack, registers. */
	text_printf(t, "%lu %lu %lu 0 0 %lu 0 0 ", memory->size, memory->resident / PAGE, ~0ul,
		    memory->args_start);
	stat_signals(t, task);
	/* 42 to 52. */
	text_printf(t, "0 0 0 0 0 %lu %lu %lu %lu %lu %d\n", memory->heap_start, memory->args_start,
		    memory->args_end, memory->args_end, memory->environ_end, task->exit_status);
}

static const char *state_name(char state)
{
	switch (state) {
	case 'R':
		return "R (running)";
	case 'I':
		return "I (idle)";
	case 'S':
		return "S (sleeping)";
	case 'T':
		return "T (stopped)";
	case 'Z':
		return "Z (zombie)";
	default:
		return "D (disk sleep)";
	}
}

static void status_memory(struct text *t, const struct procinfo_memory *m)
{
	text_printf(t, "VmSize:\t%8lu kB\n", m->size / 1024);
	text_printf(t, "VmLck:\t%8lu kB\n", m->locked / 1024);
	text_printf(t, "VmRSS:\t%8lu kB\n", m->resident / 1024);
	text_printf(t, "VmData:\t%8lu kB\n", m->data / 1024);
	text_printf(t, "VmStk:\t%8lu kB\n", m->stack / 1024);
	text_printf(t, "VmExe:\t%8lu kB\n", m->text / 1024);
	text_printf(t, "VmPTE:\t%8lu kB\n", m->tables / 1024);
	text_printf(t, "AnonHugePages:\t%8lu kB\n", m->huge / 1024);
}

void format_status(struct text *t, const struct procinfo_task *task,
		   const struct procinfo_memory *memory)
{
	text_printf(t, "Name:\t%s\nState:\t%s\n", task->comm, state_name(task->state));
	text_printf(t, "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", task->pid,
		    task->tid, task->ppid);
	text_printf(t, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n");
	if (memory->maps)
		status_memory(t, memory);
	text_printf(t, "Threads:\t%u\n", task->threads);
	text_printf(t, "SigPnd:\t%016lx\nShdPnd:\t%016lx\n", task->pending, task->process_pending);
	text_printf(t, "SigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n", task->blocked,
		    task->ignored, task->caught);
}

void format_statm(struct text *t, const struct procinfo_memory *m)
{
	text_printf(t, "%lu %lu %lu %lu 0 %lu 0\n", m->size / PAGE, m->resident / PAGE,
		    m->shared / PAGE, m->text / PAGE, (m->data + m->stack) / PAGE);
}

static const char *map_name(const struct procinfo_map *map, const struct procinfo_memory *memory,
			    const char *program)
{
	switch (map->kind) {
	case PROCINFO_HEAP:
		return "[heap]";
	case PROCINFO_STACK:
		return "[stack]";
	case PROCINFO_OBJECT:
		return map->object == memory->program ? program : "";
	default:
		return "";
	}
}

#define MAP_NAME_COLUMN 73

void format_map(struct text *t, const struct procinfo_map *map,
		const struct procinfo_memory *memory, const char *program)
{
	const char *name = map_name(map, memory, program);

	text_printf(t, "%08lx-%08lx %c%c%c%c %08lx 00:00 %lu ", map->start, map->end,
		    map->flags & PROCINFO_READ ? 'r' : '-', map->flags & PROCINFO_WRITE ? 'w' : '-',
		    map->flags & PROCINFO_EXEC ? 'x' : '-',
		    map->flags & PROCINFO_SHARED ? 's' : 'p', map->offset, map->object);
	if (name[0])
		text_pad(t, MAP_NAME_COLUMN);
	text_printf(t, "%s\n", name);
}
