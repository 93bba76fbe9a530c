/* Rights to I/O ports, and who has them in force: see ioports.h. */
#include "kernel/machine/ioports.h"

#include "arch/cpu.h"
#include "arch/ioports.h"
#include "arch/trap.h"
#include "kernel/abi/machine.h"
#include "kernel/base/mutant.h"
#include "kernel/ipc/handle.h"
#include "kernel/machine/machine.h"
#include "kernel/sched.h"
#include "kernel/syscalls.h"
#include "mm/slab.h"

static struct kmem_cache *right_cache;

void ioports_init(void)
{
	right_cache =
		kmem_cache_create("ioports_right", sizeof(struct ioports_right), 0, SLAB_PANIC);
}

void ioports_right_free(struct ioports_right *right)
{
	kmem_cache_free(right_cache, right);
}

static int right_create(u32 first, u32 count, u64 flags)
{
	struct ioports_right *right = kmem_cache_alloc(right_cache, GFP_KERNEL);

	if (!right)
		return -ENOMEM;
	object_init(&right->object, OBJECT_IOPORTS);
	right->first = first;
	right->count = count;
	return handle_install_new(&right->object, flags);
}

SYSCALL(machine_ioports)
{
	UNUSED_ARGS(a4, a5);
	if (a1 >= IO_PORTS || !a2 || a2 > IO_PORTS - a1 || (a3 & ~(u64)MACHINE_CLOEXEC))
		return -EINVAL;
	if (!machine_is(a0))
		return -EBADF;
	return RETRY_NOMEM(right_create((u32)a1, (u32)a2, a3));
}

/* --- a process's ports --- */

static int ports_allow(struct thread_group *g, u32 first, u32 count)
{
	struct io_bitmap *fresh = g->ports ? NULL : io_bitmap_alloc();

	if (!g->ports && !fresh)
		return -ENOMEM;
	spin_lock(&g->lock);
	if (!g->ports) {
		/* Release: a complete one. Partner: ioports_fault(). */
		smp_store_release(&g->ports, fresh);
		fresh = NULL;
	}
	io_bitmap_allow(g->ports, first, count);
	spin_unlock(&g->lock);
	io_bitmap_free(fresh);
	return 0;
}

SYSCALL(ioports_enable)
{
	struct ioports_right *right;
	struct object *o;
	bool counted;
	int ret;

	UNUSED_ARGS(a1, a2, a3, a4, a5);
	o = handle_borrow(a0, OBJECT_IOPORTS, &counted);
	if (!o)
		return -EBADF;
	right = container_of(o, struct ioports_right, object);
	ret = ports_allow(current->group, right->first, right->count);
	handle_return(o, counted);
	return RETRY_NOMEM(ret);
}

bool ioports_fault(void)
{
	/* Acquire: partner is ports_allow(). */
	const struct io_bitmap *ports = smp_load_acquire(&current->group->ports);

	/* What was loaded already, as it is now, does not allow what was tried. */
	if (!ports || !io_bitmap_load(ports))
		return false;
	current->ports = true;
	sched_watch_switch();
	return true;
}

bool ioports_reload(void)
{
	if (current->ports)
		(void)io_bitmap_load(current->group->ports);
	else if (!MUTANT(ports_stay))
		io_bitmap_unload();
	return current->ports;
}

void ioports_drop(void)
{
	struct io_bitmap *ports = current->group->ports;

	irq_disable();
	current->group->ports = NULL;
	current->ports = false;
	if (!MUTANT(ports_survive_exec))
		io_bitmap_unload();
	irq_enable();
	io_bitmap_free(ports);
}
