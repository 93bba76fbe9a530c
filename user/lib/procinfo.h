/*
 * Process information, for C: kernel/abi/procinfo.h in functions. `right` is the handle; `room` counts records.
 * Each returns a value, or -errno. Needs no library.
 */
#ifndef USER_LIB_PROCINFO_H
#define USER_LIB_PROCINFO_H

#include "kernel/abi/procinfo.h"
#include "user/lib/rawsys.h"

static inline long machine_processes(int machine, unsigned int flags)
{
	return raw_syscall2(SYS_machine_processes, machine, flags);
}

static inline long procinfo_pids(int right, int first, int32_t *pids, unsigned int room)
{
	return raw_syscall4(SYS_procinfo_pids, right, first, (uintptr_t)pids, room);
}

static inline long procinfo_threads(int right, int pid, int first, int32_t *tids, unsigned int room)
{
	return raw_syscall6(SYS_procinfo_threads, right, pid, first, (uintptr_t)tids, room, 0);
}

static inline long procinfo_task(int right, int tid, struct procinfo_task *task)
{
	return raw_syscall3(SYS_procinfo_task, right, tid, (uintptr_t)task);
}

static inline long procinfo_args(int right, int pid, enum procinfo_args what, uint64_t offset,
				 void *buffer, uint64_t bytes)
{
	return raw_syscall6(SYS_procinfo_args, right, pid, what, offset, (uintptr_t)buffer, bytes);
}

static inline long procinfo_maps(int right, int pid, uint64_t address, struct procinfo_map *maps,
				 unsigned int room)
{
	return raw_syscall6(SYS_procinfo_maps, right, pid, address, (uintptr_t)maps, room, 0);
}

static inline long procinfo_memory(int right, int pid, struct procinfo_memory *memory)
{
	return raw_syscall3(SYS_procinfo_memory, right, pid, (uintptr_t)memory);
}

static inline long procinfo_system(int right, struct procinfo_system *system)
{
	return raw_syscall2(SYS_procinfo_system, right, (uintptr_t)system);
}

static inline long procinfo_cpus(int right, unsigned int first, struct procinfo_cpu *cpus,
				 unsigned int room)
{
	return raw_syscall4(SYS_procinfo_cpus, right, first, (uintptr_t)cpus, room);
}

static inline long procinfo_pgsync(int right, struct procinfo_pgsync *pgsync)
{
	return raw_syscall2(SYS_procinfo_pgsync, right, (uintptr_t)pgsync);
}

static inline long procinfo_roots(int right, uint64_t first, struct procinfo_root *roots,
				  unsigned int room)
{
	return raw_syscall4(SYS_procinfo_roots, right, first, (uintptr_t)roots, room);
}

#endif
