/* References to what handles name: see object.h. */
#include "kernel/ipc/object.h"

#include "kernel/base/panic.h"
#include "kernel/ipc/event.h"
#include "kernel/ipc/memory.h"
#include "kernel/ipc/port.h"
#include "kernel/machine/ioports.h"
#include "kernel/machine/irq.h"

void object_put(struct object *o)
{
	if (o->type == OBJECT_LOG || !atomic_dec_and_test(&o->refs))
		return;
	switch (o->type) {
	case OBJECT_PORT:
		port_free(container_of(o, struct port, object));
		break;
	case OBJECT_CONNECTION:
		connection_closed(container_of(o, struct connection, object));
		break;
	case OBJECT_MEMORY:
		memory_handle_free(container_of(o, struct memory_handle, object));
		break;
	case OBJECT_TIMER:
		timer_handle_free(container_of(o, struct timer_handle, object));
		break;
	case OBJECT_WATCH:
		watch_free(container_of(o, struct watch, object));
		break;
	case OBJECT_IRQ:
		irq_handle_free(container_of(o, struct irq_handle, object));
		break;
	case OBJECT_IOPORTS:
		ioports_right_free(container_of(o, struct ioports_right, object));
		break;
	default:
		BUG("object %p of type %u", (void *)o, o->type);
	}
}

bool object_inherit(struct object *o)
{
	if (unlikely(o->type == OBJECT_PORT))
		return port_inherit(container_of(o, struct port, object));
	object_get(o);
	return true;
}

void object_close_counted(struct object *o)
{
	if (o->type == OBJECT_PORT)
		port_put_handle(container_of(o, struct port, object));
	object_put(o);
}
