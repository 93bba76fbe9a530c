/*
 * The machine, for C: kernel/abi/machine.h in functions. Needs no library. Each call returns a value, or
 * -errno.
 */
#ifndef USER_LIB_MACHINE_H
#define USER_LIB_MACHINE_H

#include <stddef.h>

#include "kernel/abi/machine.h"
#include "user/lib/rawsys.h"

/* file->name and name_room say where its name goes; the rest is filled. */
static inline long machine_bootfile(int machine, unsigned long index, struct machine_bootfile *file,
				    unsigned int flags)
{
	return raw_syscall4(SYS_machine_bootfile, machine, index, (uintptr_t)file, flags);
}

static inline long machine_framebuffer(int machine, struct machine_framebuffer *fb)
{
	return raw_syscall2(SYS_machine_framebuffer, machine, (uintptr_t)fb);
}

static inline long machine_cmdline(int machine, char *buffer, size_t bytes)
{
	return raw_syscall3(SYS_machine_cmdline, machine, (uintptr_t)buffer, bytes);
}

/* Returns only an error. */
static inline long machine_poweroff(int machine, int code)
{
	return raw_syscall2(SYS_machine_poweroff, machine, code);
}

#endif
