/* What the in-kernel tests of interrupt handles share: see irq_scene.h. */
#include "kernel/machine/tests/irq_scene.h"

#include "arch/cpu.h"
#include "arch/trap.h"
#include "kernel/base/panic.h"

u32 irq_spare_line(void)
{
	u32 line = IRQ_LINES;

	while (line && irq_check_line(line - 1))
		line--;
	ASSERT_MSG(line, "the machine has no interrupt lines");
	return line - 1;
}

struct irq_handle *irq_spare_handle(bool level)
{
	struct irq_input input = {.line = irq_spare_line(), .level = level};
	struct irq_handle *h = irq_handle_create(&input);

	ASSERT(h);
	return h;
}

void irq_scene_start(struct irq_scene *s, bool level)
{
	int ret;

	s->port = port_create(false);
	ASSERT(s->port);
	s->irq = irq_spare_handle(level);
	ret = irq_handle_attach(s->irq, s->port, 42);
	ASSERT_MSG(!ret, "%d", ret);
}

void irq_scene_stop(struct irq_scene *s)
{
	if (s->irq)
		object_close(&s->irq->object);
	if (s->port)
		object_close(&s->port->object);
}

void irq_fire(void)
{
	irq_disable();
	irq_line_interrupt(irq_spare_line());
	irq_enable();
}

bool irq_take_pulse(struct irq_scene *s)
{
	bool queued = s->irq->pulse.queued;

	pulse_cancel(s->port, &s->irq->pulse);
	return queued;
}
