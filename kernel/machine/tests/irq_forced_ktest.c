/* Races of interrupts with those who acknowledge, close and attach, by forced schedules. */
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/machine/tests/irq_scene.h"
#include "kernel/racepoint.h"
#include "kernel/tests/actor.h"

struct irq_job {
	struct irq_scene *scene;
	int result;
};

static void acknowledge(void *arg)
{
	struct irq_job *job = arg;

	job->result = irq_handle_ack(job->scene->irq);
}

static void close_handle(void *arg)
{
	struct irq_job *job = arg;

	object_close(&job->scene->irq->object);
}

static void attach(void *arg)
{
	struct irq_job *job = arg;

	job->result = irq_handle_attach(job->scene->irq, job->scene->port, 8);
}

/* The driver has looked, finds its device quiet, and is about to acknowledge: what comes now must be told. */
static void interrupt_before_ack(bool level)
{
	struct actor driver;
	struct irq_scene s;
	struct irq_job job = {.scene = &s, .result = -1};

	stay_on_cpu(0);
	actor_start(&driver, -1);
	irq_scene_start(&s, level);
	irq_fire();
	KTEST_EXPECT(irq_take_pulse(&s));
	race_park("irq_acking", RACE_ANY_CPU, 1);
	actor_post(&driver, acknowledge, &job);
	(void)race_wait_parked("irq_acking");
	irq_fire();
	KTEST_EXPECT(!irq_take_pulse(&s));
	race_release("irq_acking");
	actor_wait(&driver);
	KTEST_EXPECT_EQ(job.result, 0);
	KTEST_EXPECT(irq_take_pulse(&s));
	race_reset();
	KTEST_EXPECT_EQ(irq_handle_ack(s.irq), 0);
	KTEST_EXPECT(!irq_is_masked(irq_spare_line()) && !irq_take_pulse(&s));
	irq_scene_stop(&s);
	actor_stop(&driver);
	stay_on_cpu(-1);
}

KTEST(irq, an_edge_before_the_acknowledgement_is_not_lost)
{
	interrupt_before_ack(false);
}

KTEST(irq, a_level_before_the_acknowledgement_is_not_lost)
{
	interrupt_before_ack(true);
}

/* It interrupts when the line is nobody's any more and the handle is about to be freed. */
KTEST(irq, an_interrupt_does_not_find_a_handle_that_goes)
{
	struct actor closer;
	struct irq_scene s;
	struct irq_job job = {.scene = &s};
	bool queued;

	stay_on_cpu(0);
	actor_start(&closer, -1);
	irq_scene_start(&s, false);
	race_park("irq_detaching", RACE_ANY_CPU, 1);
	actor_post(&closer, close_handle, &job);
	(void)race_wait_parked("irq_detaching");
	irq_fire();
	queued = s.irq->pulse.queued;
	race_release("irq_detaching");
	actor_wait(&closer);
	race_reset();
	KTEST_EXPECT(!queued && list_empty(&s.port->pulses));
	KTEST_EXPECT(irq_is_masked(irq_spare_line()));
	s.irq = NULL;
	irq_scene_stop(&s);
	actor_stop(&closer);
	stay_on_cpu(-1);
}

/* The port closes between the attachment and the look at it. */
KTEST(irq, a_port_closes_while_a_line_is_attached)
{
	struct actor driver;
	struct irq_scene s;
	struct port *port = port_create(false);
	struct irq_job job = {.scene = &s};

	stay_on_cpu(0);
	actor_start(&driver, -1);
	s.irq = irq_spare_handle(false);
	s.port = port;
	object_get(&port->object);
	race_park("irq_attached", RACE_ANY_CPU, 1);
	actor_post(&driver, attach, &job);
	(void)race_wait_parked("irq_attached");
	object_close(&port->object);
	KTEST_EXPECT(irq_is_masked(irq_spare_line()));
	race_release("irq_attached");
	actor_wait(&driver);
	race_reset();
	KTEST_EXPECT_EQ(job.result, -EBADF);
	KTEST_EXPECT_EQ(irq_handle_ack(s.irq), -EINVAL);
	s.port = NULL;
	object_put(&port->object);
	irq_scene_stop(&s);
	actor_stop(&driver);
	stay_on_cpu(-1);
}
