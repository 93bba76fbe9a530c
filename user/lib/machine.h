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

static inline long machine_spare(int machine)
{
	return raw_syscall1(SYS_machine_spare, machine);
}

/* Returns only an error. */
static inline long machine_poweroff(int machine, int code)
{
	return raw_syscall2(SYS_machine_poweroff, machine, code);
}

static inline long machine_ioports(int machine, unsigned int first, unsigned int count,
				   unsigned int flags)
{
	return raw_syscall4(SYS_machine_ioports, machine, first, count, flags);
}

static inline long ioports_enable(int ports)
{
	return raw_syscall1(SYS_ioports_enable, ports);
}

static inline long machine_irq(int machine, unsigned int line, unsigned int flags)
{
	return raw_syscall3(SYS_machine_irq, machine, line, flags);
}

static inline long irq_attach(int irq, int port, uint64_t cookie)
{
	return raw_syscall3(SYS_irq_attach, irq, port, cookie);
}

static inline long irq_ack(int irq)
{
	return raw_syscall1(SYS_irq_ack, irq);
}

static inline long machine_mmio(int machine, uint64_t start, uint64_t bytes, unsigned int flags)
{
	return raw_syscall4(SYS_machine_mmio, machine, start, bytes, flags);
}

/* --- ports, for who has enabled them; others die of it --- */

static inline uint8_t port_read(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void port_write(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

#endif
