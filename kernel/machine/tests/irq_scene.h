/*
 * For the in-kernel tests of interrupt handles: a line that no device drives, so that only the test interrupts, by
 * irq_fire().
 */
#ifndef KERNEL_MACHINE_TESTS_IRQ_SCENE_H
#define KERNEL_MACHINE_TESTS_IRQ_SCENE_H

#include "kernel/machine/irq.h"

struct irq_scene {
	struct port *port;
	struct irq_handle *irq;
};

/* The last line that the machine has and the kernel does not use. */
u32 irq_spare_line(void);

/* A handle of it, not attached. */
struct irq_handle *irq_spare_handle(bool level);

/* A port, and a handle that is attached to it. */
void irq_scene_start(struct irq_scene *s, bool level);
/* Closes what the test has not: sets to NULL what it has. */
void irq_scene_stop(struct irq_scene *s);

/* The line interrupts this CPU. */
void irq_fire(void);

/* Whether a pulse waits; it is received, if so. */
bool irq_take_pulse(struct irq_scene *s);

#endif
