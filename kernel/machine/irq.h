/*
 * Interrupts for user space: the handle of a line, and the port that gets a pulse for each interrupt.
 *
 *	machine_irq	makes the handle		irq_attach	says which port, and lets the line interrupt
 *	irq_ack		the driver has looked		closing		masks the line
 *
 * Between the pulse and the acknowledgement no other pulse comes. What the line does meanwhile is not lost:
 *
 *	        interrupt: a pulse;              interrupt: the line is masked
 *	        a level is masked
 *	IDLE ------------------------> TOLD ------------------------------------> AGAIN
 *	  ^                             | ^                                         |
 *	  +------ acknowledgement: -----+ +--- acknowledgement: an edge is unmasked;+
 *	          a level is unmasked              then a pulse
 *
 * A driver receives the pulse, looks at its device until nothing is left to do there, and acknowledges.
 *
 * Level: the line stays up until the device has been served. Whatever happens while it is masked keeps it up, or
 * raises it again, and it interrupts as soon as it is unmasked.
 *
 * Edge: one that comes while the line is masked is ignored by the I/O APIC (82093AA data sheet, 3.2.4), so the line is
 * not masked for the first interrupt. An edge after the driver's last look, and before its acknowledgement, is the
 * second interrupt: the state says AGAIN, and the acknowledgement becomes a pulse. From then on there is a pulse to
 * come, and the line is masked, so that a device that nobody serves costs two interrupts and not more. The edges that
 * are lost then, up to the unmasking, came before that pulse is posted, so the look that it causes sees what they told
 * of. Those after the unmasking interrupt.
 *
 * An interrupt that was on its way when the line was masked finds AGAIN and changes nothing; or, when it was masked for
 * good, no handle. One that comes too much is a pulse too much: the driver finds nothing to do.
 */
#ifndef KERNEL_MACHINE_IRQ_H
#define KERNEL_MACHINE_IRQ_H

#include "arch/irq.h"
#include "kernel/ipc/port.h"

enum irq_state { IRQ_IDLE, IRQ_TOLD, IRQ_AGAIN };

/* Letters: c constant; a attach_mutex; l the line's lock. */
struct irq_handle {
	struct object object;
	struct irq_input input; /* c */
	struct list_head node;  /* a: on `attached`, or on no list */
	struct port *port;      /* a, and l: one reference; NULL: not attached */
	struct pulse pulse;
	enum irq_state state; /* l */
};

/* Boot. */
void irq_handles_init(void);

/* One reference, the caller's; NULL: no memory. irq_check_line() has found the line good. */
struct irq_handle *irq_handle_create(const struct irq_input *input);

/* For object.c: the last reference is gone; the line is masked. */
void irq_handle_free(struct irq_handle *h);

/*
 * From now on the line's interrupts are pulses to `port`, with `cookie`. A handle that is attached already leaves where
 * it was: what was not acknowledged there is forgotten. 0; -EBUSY: another handle has the line; -EBADF: the port is
 * closed. Process context.
 */
int irq_handle_attach(struct irq_handle *h, struct port *port, u64 cookie);

/* 0; -EINVAL: it is not attached. Any context. */
int irq_handle_ack(struct irq_handle *h);

/* For port_close(): lines that were attached to it are masked, and nobody's. Process context, no lock. */
void irq_port_closed(struct port *port);

#endif
