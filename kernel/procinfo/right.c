/* The process-information right: see right.h. */
#include "kernel/procinfo/right.h"

#include "kernel/abi/machine.h"
#include "kernel/base/errno.h"
#include "kernel/ipc/handle.h"
#include "kernel/machine/machine.h"
#include "kernel/syscalls.h"

/* The one reference that it is born with is nobody's to give up. */
static struct object procinfo_right = {.type = OBJECT_PROCINFO, .refs = 1};

SYSCALL(machine_processes)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	if (!machine_is(a0))
		return -EBADF;
	if (a1 & ~(u64)MACHINE_CLOEXEC)
		return -EINVAL;
	object_get(&procinfo_right);
	return handle_install_new(&procinfo_right, a1);
}

bool procinfo_right_held(u64 fd)
{
	struct object *o;
	bool counted;

	o = handle_borrow(fd, OBJECT_PROCINFO, &counted);
	/* Nothing of it is used, so it need not be kept. */
	handle_return(o, counted);
	return o != NULL;
}
