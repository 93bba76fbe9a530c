/* Interrupt handles: what is told when, what is masked when, whose the line is, and what is left of it afterwards. */
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/ipc/tests/support.h"
#include "kernel/machine/tests/irq_scene.h"

/* An edge: the line stays open, until there is a second interrupt. */
KTEST(irq, an_edge_is_told_once_and_again_after_the_acknowledgement)
{
	u32 line = irq_spare_line();
	struct irq_scene s;

	irq_scene_start(&s, false);
	KTEST_EXPECT(!irq_is_masked(line) && !irq_take_pulse(&s));
	irq_fire();
	KTEST_EXPECT(!irq_is_masked(line) && irq_take_pulse(&s));
	KTEST_EXPECT_EQ(irq_handle_ack(s.irq), 0);
	KTEST_EXPECT(!irq_is_masked(line) && !irq_take_pulse(&s));
	irq_fire();
	KTEST_EXPECT(irq_take_pulse(&s));
	/* Twice more: masked, and not told before it is acknowledged. */
	irq_fire();
	KTEST_EXPECT(irq_is_masked(line) && !irq_take_pulse(&s));
	irq_fire();
	KTEST_EXPECT(irq_is_masked(line) && !irq_take_pulse(&s));
	KTEST_EXPECT_EQ(irq_handle_ack(s.irq), 0);
	KTEST_EXPECT(!irq_is_masked(line) && irq_take_pulse(&s));
	KTEST_EXPECT_EQ(irq_handle_ack(s.irq), 0);
	KTEST_EXPECT_EQ(irq_handle_ack(s.irq), 0);
	KTEST_EXPECT(!irq_take_pulse(&s));
	irq_scene_stop(&s);
}

/* A level: masked while it is not served. */
KTEST(irq, a_level_is_masked_until_the_acknowledgement)
{
	u32 line = irq_spare_line();
	struct irq_scene s;

	irq_scene_start(&s, true);
	for (int i = 0; i < 2; i++) {
		KTEST_EXPECT(!irq_is_masked(line) && !irq_take_pulse(&s));
		irq_fire();
		KTEST_EXPECT(irq_is_masked(line) && irq_take_pulse(&s));
		KTEST_EXPECT_EQ(irq_handle_ack(s.irq), 0);
	}
	/* One that was on its way when it was masked: a pulse more, and it stays masked for that. */
	irq_fire();
	irq_fire();
	KTEST_EXPECT(irq_take_pulse(&s));
	KTEST_EXPECT_EQ(irq_handle_ack(s.irq), 0);
	KTEST_EXPECT(irq_is_masked(line) && irq_take_pulse(&s));
	KTEST_EXPECT_EQ(irq_handle_ack(s.irq), 0);
	KTEST_EXPECT(!irq_is_masked(line) && !irq_take_pulse(&s));
	irq_scene_stop(&s);
}

KTEST(irq, a_line_is_one_handles)
{
	u32 line = irq_spare_line();
	struct irq_handle *second = irq_spare_handle(false);
	struct port *port = port_create(false);
	struct irq_scene s;

	KTEST_EXPECT(irq_is_masked(line));
	irq_scene_start(&s, false);
	KTEST_EXPECT_EQ(irq_handle_attach(second, s.port, 1), -EBUSY);
	KTEST_EXPECT_EQ(irq_handle_ack(second), -EINVAL);
	/* The same handle moves, and what was not acknowledged is forgotten. */
	irq_fire();
	irq_fire();
	KTEST_EXPECT_EQ(irq_handle_attach(s.irq, port, 2), 0);
	KTEST_EXPECT(list_empty(&s.port->pulses) && list_empty(&port->pulses));
	KTEST_EXPECT(!irq_is_masked(line));
	irq_fire();
	KTEST_EXPECT(list_empty(&s.port->pulses) && !list_empty(&port->pulses));
	/* Closed with a pulse that waits: it is taken back, the line is masked and free. */
	object_close(&s.irq->object);
	s.irq = NULL;
	KTEST_EXPECT(list_empty(&port->pulses));
	list_init(&port->pulses);
	KTEST_EXPECT(irq_is_masked(line));
	irq_fire();
	KTEST_EXPECT(list_empty(&port->pulses));
	KTEST_EXPECT_EQ(irq_handle_attach(second, port, 3), 0);
	object_close(&second->object);
	object_close(&port->object);
	irq_scene_stop(&s);
}

KTEST(irq, a_closed_port_gives_its_lines_back)
{
	u32 line = irq_spare_line();
	struct port *port;
	struct irq_scene s;

	irq_scene_start(&s, true);
	port = s.port;
	s.port = NULL;
	object_get(&port->object);
	object_close(&port->object);
	KTEST_EXPECT(irq_is_masked(line));
	irq_fire();
	KTEST_EXPECT_EQ(irq_handle_ack(s.irq), -EINVAL);
	/* Nobody can attach to it any more; to another one, yes. */
	KTEST_EXPECT_EQ(irq_handle_attach(s.irq, port, 1), -EBADF);
	KTEST_EXPECT(irq_is_masked(line));
	object_put(&port->object);
	s.port = port_create(false);
	KTEST_EXPECT_EQ(irq_handle_attach(s.irq, s.port, 1), 0);
	irq_scene_stop(&s);
}

/* The receiver waits for it: on each CPU in turn, while the interrupt is this one's. */
KTEST(irq, a_receiver_is_woken)
{
	struct irq_handle *irq = irq_spare_handle(false);
	struct scene s;

	scene_start(&s, -1, -1);
	KTEST_EXPECT_EQ(irq_handle_attach(irq, s.port, 7), 0);
	for (int i = 0; i < 4; i++) {
		struct turn t = {.scene = &s};

		actor_post(&s.server, do_receive, &t);
		wait_blocked(s.port, &t.task, IPC_RECEIVE);
		irq_fire();
		actor_wait(&s.server);
		KTEST_EXPECT_EQ(t.token, 0);
		KTEST_EXPECT_EQ(t.cookie, 7);
		KTEST_EXPECT_EQ(t.words[0], IPC_PULSE_INTERRUPT);
		KTEST_EXPECT_EQ(t.words[1], 1);
		KTEST_EXPECT_EQ(irq_handle_ack(irq), 0);
	}
	object_close(&irq->object);
	scene_stop(&s);
}
