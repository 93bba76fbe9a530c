/* I/O ports of processes: they are in force on a CPU while a thread of theirs runs there, and no longer. */
#include "kernel/machine/ioports.h"

#include "arch/cpu.h"
#include "arch/ioports.h"
#include "arch/trap.h"
#include "kernel/base/ktest.h"
#include "kernel/base/panic.h"
#include "kernel/ipc/tests/support.h"

/* What a general protection fault of the running task does, and what its CPU allows then. */
struct look {
	bool changed, loaded;
};

static void fault(void *arg)
{
	struct look *l = arg;

	irq_disable();
	l->changed = ioports_fault();
	l->loaded = io_bitmap_loaded();
	irq_enable();
}

static void look(void *arg)
{
	struct look *l = arg;

	irq_disable();
	l->loaded = io_bitmap_loaded();
	irq_enable();
}

static void get_ports(void *arg)
{
	(void)arg;
	current->group->ports = io_bitmap_alloc();
	ASSERT(current->group->ports);
	io_bitmap_allow(current->group->ports, 0x80, 1);
}

/* These two without a switch before what comes then. */
static void get_more_and_fault(void *arg)
{
	io_bitmap_allow(current->group->ports, 0x3f8, 8);
	fault(arg);
}

static void drop_and_look(void *arg)
{
	ioports_drop();
	look(arg);
}

/* Two threads, each a process of its own, on one CPU; one gets ports. */
static struct actor driver, other;

static void start(void)
{
	struct look l;

	actor_start(&driver, 0);
	actor_start(&other, 0);
	actor_run(&driver, fault, &l);
	KTEST_EXPECT(!l.changed && !l.loaded);
	actor_run(&driver, get_ports, NULL);
	actor_run(&driver, look, &l);
	KTEST_EXPECT(!l.loaded);
	actor_run(&driver, fault, &l);
	KTEST_EXPECT(l.changed && l.loaded);
}

static void stop(void)
{
	actor_stop(&driver);
	actor_stop(&other);
}

KTEST(ioports, come_and_go_with_the_switch)
{
	struct look l;

	start();
	for (int i = 0; i < 3; i++) {
		actor_run(&other, look, &l);
		KTEST_EXPECT(!l.loaded);
		actor_run(&other, fault, &l);
		KTEST_EXPECT(!l.changed && !l.loaded);
		actor_run(&driver, look, &l);
		KTEST_EXPECT(l.loaded);
	}
	stop();
	actor_start(&other, 0);
	actor_run(&other, look, &l);
	KTEST_EXPECT(!l.loaded);
	actor_stop(&other);
}

/* Answers with whether ports are in force; `arg` is a scene's. */
static void serve_looking(void *arg)
{
	struct port *port = ((struct scene *)arg)->port;
	struct look l;
	long token = ipc_receive(port, 0);

	while (token > 0) {
		look(&l);
		token = ipc_reply_receive(port, (u64)token, l.loaded, 0, 0);
		irq_enable();
	}
}

static void call_looking(void *arg)
{
	struct scene *s = arg;
	struct look l;

	for (int i = 0; i < 10; i++) {
		KTEST_EXPECT_EQ(ipc_send_timed(s->connection, NULL, 0), 1);
		irq_enable();
		look(&l);
		KTEST_EXPECT(!l.loaded);
	}
}

/* A message to who has ports goes straight to it too. */
KTEST(ioports, come_and_go_with_a_direct_switch)
{
	struct scene s;
	struct look l;

	scene_start(&s, 0, 0);
	actor_run(&s.server, get_ports, NULL);
	actor_run(&s.server, fault, &l);
	KTEST_EXPECT(l.loaded);
	actor_post(&s.server, serve_looking, &s);
	actor_run(&s.client, call_looking, &s);
	scene_stop(&s);
}

/* A fault with all of them in force is a fault; with less than there are it is not. */
KTEST(ioports, a_fault_loads_what_is_new)
{
	struct look l;

	start();
	actor_run(&driver, fault, &l);
	KTEST_EXPECT(!l.changed && l.loaded);
	actor_run(&driver, get_more_and_fault, &l);
	KTEST_EXPECT(l.changed && l.loaded);
	actor_run(&driver, fault, &l);
	KTEST_EXPECT(!l.changed && l.loaded);
	stop();
}

KTEST(ioports, exec_gives_them_up_at_once)
{
	struct look l;

	start();
	actor_run(&driver, drop_and_look, &l);
	KTEST_EXPECT(!l.loaded);
	actor_run(&driver, fault, &l);
	KTEST_EXPECT(!l.changed && !l.loaded);
	stop();
}
