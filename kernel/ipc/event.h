/*
 * Handles whose pulses come by themselves: a timer, and the watch over another server's port. Closing the
 * handle takes a pulse back that nobody has received.
 */
#ifndef KERNEL_IPC_EVENT_H
#define KERNEL_IPC_EVENT_H

#include "kernel/ipc/port.h"
#include "kernel/timer.h"

/* Letter l: lock; c constant. */
struct timer_handle {
	struct object object;
	struct port *port; /* c; one reference */
	struct pulse pulse;
	struct spinlock lock; /* one starts or cancels it at a time */
	struct ktimer timer;  /* l */
};

struct watch {
	struct object object;
	struct port *port; /* c: who is told; one reference */
	struct pulse pulse;
	struct port *watched;  /* c; one reference */
	struct list_head node; /* watched->lock: on watched->watches, or on no list */
};

/* Boot. */
void event_init(void);

/* For object.c: the last reference is gone. */
void timer_handle_free(struct timer_handle *t);
void watch_free(struct watch *w);

/* For port_close(): tells all who watch the port, which nobody watches any more. No lock held. */
void watches_fire(struct port *port);

#endif
