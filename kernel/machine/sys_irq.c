/* System calls about interrupt lines, by their numbers in kernel/abi/machine.h. */
#include "kernel/abi/machine.h"
#include "kernel/base/errno.h"
#include "kernel/ipc/borrow.h"
#include "kernel/machine/irq.h"
#include "kernel/machine/machine.h"
#include "kernel/syscalls.h"

#define KIND_FLAGS (MACHINE_IRQ_LEVEL | MACHINE_IRQ_LOW)

static int irq_create(const struct irq_input *input, u64 flags)
{
	struct irq_handle *h = irq_handle_create(input);

	return h ? handle_install_new(&h->object, flags) : -ENOMEM;
}

SYSCALL(machine_irq)
{
	struct irq_input input = {
		.line = (u32)a1,
		.level = a2 & MACHINE_IRQ_LEVEL,
		.low = a2 & MACHINE_IRQ_LOW,
	};
	int ret;

	UNUSED_ARGS(a3, a4, a5);
	if (a2 & ~(u64)(MACHINE_CLOEXEC | MACHINE_IRQ_ISA | KIND_FLAGS))
		return -EINVAL;
	if ((a2 & MACHINE_IRQ_ISA) && ((a2 & KIND_FLAGS) || a1 > 15))
		return -EINVAL;
	if (!machine_is(a0))
		return -EBADF;
	if (a2 & MACHINE_IRQ_ISA)
		input = irq_of_isa((u8)a1);
	ret = a1 == input.line || (a2 & MACHINE_IRQ_ISA) ? irq_check_line(input.line) : -ENODEV;
	return ret ? ret : RETRY_NOMEM(irq_create(&input, a2));
}

static struct irq_handle *irq_borrow(u64 fd, bool *counted)
{
	struct object *o = handle_borrow(fd, OBJECT_IRQ, counted);

	return o ? container_of(o, struct irq_handle, object) : NULL;
}

SYSCALL(irq_attach)
{
	bool counted, port_counted;
	struct irq_handle *h;
	struct port *port;
	int ret = -EBADF;

	UNUSED_ARGS(a3, a4, a5);
	h = irq_borrow(a0, &counted);
	if (!h)
		return -EBADF;
	port = port_borrow(a1, &port_counted);
	if (port) {
		ret = irq_handle_attach(h, port, a2);
		handle_return(&port->object, port_counted);
	}
	handle_return(&h->object, counted);
	return ret;
}

SYSCALL(irq_ack)
{
	struct irq_handle *h;
	bool counted;
	int ret;

	UNUSED_ARGS(a1, a2, a3, a4, a5);
	h = irq_borrow(a0, &counted);
	if (!h)
		return -EBADF;
	ret = irq_handle_ack(h);
	handle_return(&h->object, counted);
	return ret;
}
