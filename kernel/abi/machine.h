/*
 * The machine, for user space: its boot files, its screen, its end. docs/devices.md is the page on it;
 * user/lib/machine.h has the calls for C.
 *
 * Nothing here is ambient. Process 1 gets the machine handle as descriptor MACHINE_HANDLE when it starts,
 * closed by exec; all else is made from that handle by the calls below, and is a handle too: it is dup'ed,
 * inherited by fork and passed on in messages like any other. Every call returns a value >= 0 or -errno;
 * -EBADF: no such handle, or one of another kind.
 */
#ifndef KERNEL_ABI_MACHINE_H
#define KERNEL_ABI_MACHINE_H

#include <stdint.h>

/* Process 1's descriptor of the machine handle. */
#define MACHINE_HANDLE 3

/* The index-th file of the boot archive. -ENOENT: there are no more; -ENAMETOOLONG: no room for its name. */
#define SYS_machine_bootfile 1050 /* (machine, index, struct machine_bootfile *, flags) */
/* What the loader has left the screen as. -ENODEV: none that it told of. */
#define SYS_machine_framebuffer 1051 /* (machine, struct machine_framebuffer *) */
/* The kernel command line, terminated. Result: its length without that. -ENOSPC: no room for it. */
#define SYS_machine_cmdline 1052 /* (machine, buffer, bytes) */
/* Ends the machine: success if `code` is 0, else failure. */
#define SYS_machine_poweroff 1053 /* (machine, code) */

/* A new handle of the right to I/O ports [first, first + count). -EINVAL: there are not so many. */
#define SYS_machine_ioports 1054 /* (machine, first, count, flags) */
/*
 * The calling process, with all its threads, may use the ports of the handle until it ends or calls exec. A child of
 * fork may not, unless it calls this too. Without it IN and OUT are a general protection fault: SIGSEGV.
 */
#define SYS_ioports_enable 1055 /* (ports) */

/*
 * A new handle of the right to an interrupt line: by its global number (ACPI), with the kind in `flags`; or with
 * MACHINE_IRQ_ISA the line that ISA interrupt 0 to 15 arrives at, whose kind the firmware says. -ENODEV: there is no
 * such line; -EBUSY: the kernel uses it itself.
 */
#define SYS_machine_irq 1056 /* (machine, line, flags) */
/*
 * From now on an interrupt is a pulse IPC_PULSE_INTERRUPT to `port`: one, until it is acknowledged. A driver looks at
 * its device once afterwards, for what has happened before. A handle that was attached already leaves its old port.
 * -EBUSY: the line is attached by another machine_irq's handle. It ends when the port or the last handle is closed, and
 * then the line is masked.
 */
#define SYS_irq_attach 1057 /* (irq, port, cookie) */
/*
 * The device has been served: the next interrupt may come. What has come since the pulse is told by another one.
 * -EINVAL: it is not attached.
 */
#define SYS_irq_ack 1058 /* (irq) */

/*
 * A new handle of a device's memory: `bytes` from physical address `start`, page aligned, of a kind that `flags` say.
 * To be mapped shared; a copy of it by ipc_read or ipc_write is -EFAULT. -EINVAL: no such addresses; -EPERM: RAM, or
 * the interrupt controllers; -EBUSY: some of it is to be had in another kind, by a handle or mapping that there is.
 */
#define SYS_machine_mmio 1059 /* (machine, start, bytes, flags) */

/* When memory is short the calling process is not the one to be killed: for those without whom nothing works. */
#define SYS_machine_spare 1060 /* (machine) */

/* Flags of calls that make a handle: O_CLOEXEC. */
#define MACHINE_CLOEXEC 02000000
/* Of machine_irq. Without a kind: a rising edge. */
#define MACHINE_IRQ_ISA   1
#define MACHINE_IRQ_LEVEL 2 /* the line is level-triggered */
#define MACHINE_IRQ_LOW   4 /* and active low */
/* Of machine_mmio: how it is cached; one of them. */
#define MACHINE_UNCACHED        0 /* registers */
#define MACHINE_WRITE_COMBINING 1 /* frame buffers */
#define MACHINE_WRITE_BACK      2 /* memory without side effects: firmware's tables */

/* Names of one file (hard links) have the same dev and ino, and the same contents. */
struct machine_bootfile {
	uint64_t name;      /* char *: where its path goes, terminated, without a leading slash */
	uint64_t name_room; /* bytes there are for it */
	/* Results. */
	uint64_t size; /* bytes; of a symbolic link: of where it leads */
	uint32_t mode; /* type and permissions, as st_mode of stat(2) */
	uint32_t ino, nlink, uid, gid;
	uint32_t mtime; /* seconds since 1970 */
	uint32_t dev_major, dev_minor;
	uint32_t rdev_major, rdev_minor; /* of a device node: which one */
	/*
	 * A new handle of a memory object with the contents, then zeroes to the end of the page; -1: it has none.
	 * Private mappings of it, and shared ones that are not writable and stay so (else -EACCES).
	 */
	int32_t memory;
	uint32_t unused;
};

enum machine_framebuffer_type {
	MACHINE_FB_INDEXED, /* a palette */
	MACHINE_FB_RGB,
	MACHINE_FB_TEXT, /* EGA text: width and height in characters, two bytes for each */
};

struct machine_framebuffer {
	uint64_t addr;  /* physical */
	uint32_t pitch; /* bytes a row */
	uint32_t width, height;
	uint8_t bits_per_pixel;
	uint8_t type; /* enum machine_framebuffer_type */
	/* Of RGB: the lowest bit of each colour in a pixel, and how many it has. */
	uint8_t red_shift, red_bits, green_shift, green_bits, blue_shift, blue_bits;
};

#endif
