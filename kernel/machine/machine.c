/* The machine handle, and what it says of the machine itself: see machine.h. */
#include "kernel/machine/machine.h"

#include "arch/uaccess.h"
#include "boot/bootinfo.h"
#include "kernel/abi/machine.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"
#include "kernel/ipc/handle.h"
#include "kernel/pgctl.h"
#include "kernel/syscalls.h"

/* The kernel's own reference keeps it when nobody has a handle any more. */
static struct object machine = {.type = OBJECT_MACHINE, .refs = 1};

void machine_handle_give(void)
{
	int fd;

	object_get(&machine);
	fd = handle_install(&machine, 0, true);
	ASSERT_MSG(fd == MACHINE_HANDLE, "%d", fd);
}

bool machine_is(u64 fd)
{
	bool counted;
	struct object *o = handle_borrow(fd, OBJECT_MACHINE, &counted);

	if (o)
		handle_return(o, counted);
	return o;
}

SYSCALL(machine_spare)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	if (!machine_is(a0))
		return -EBADF;
	WRITE_ONCE(current->group->oom_spared, true);
	return 0;
}

SYSCALL(machine_framebuffer)
{
	const struct boot_framebuffer *fb = &boot_info.fb;
	struct machine_framebuffer f = {
		.addr = fb->addr,
		.pitch = fb->pitch,
		.width = fb->width,
		.height = fb->height,
		.bits_per_pixel = fb->bits_per_pixel,
		.type = fb->type,
		.red_shift = fb->red.shift,
		.red_bits = fb->red.bits,
		.green_shift = fb->green.shift,
		.green_bits = fb->green.bits,
		.blue_shift = fb->blue.shift,
		.blue_bits = fb->blue.bits,
	};

	UNUSED_ARGS(a2, a3, a4, a5);
	if (!machine_is(a0))
		return -EBADF;
	return fb->addr ? copy_to_user((void __user *)a1, &f, sizeof(f)) : -ENODEV;
}

SYSCALL(machine_cmdline)
{
	size_t n = strlen(boot_info.cmdline);
	int ret;

	UNUSED_ARGS(a3, a4, a5);
	if (!machine_is(a0))
		return -EBADF;
	if (a2 <= n)
		return -ENOSPC;
	ret = copy_to_user((void __user *)a1, boot_info.cmdline, n + 1);
	return ret ? ret : (long)n;
}

SYSCALL(machine_poweroff)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	if (!machine_is(a0))
		return -EBADF;
	power_off(a1 == 0);
}
