/* What the in-kernel tests of messages share: see support.h. */
#include "kernel/ipc/tests/support.h"

#include "kernel/base/ktest.h"
#include "kernel/base/panic.h"

void scene_start(struct scene *s, int client_cpu, int server_cpu)
{
	s->port = port_create(false);
	ASSERT(s->port);
	s->connection = connection_create(s->port, 42);
	ASSERT(s->connection);
	actor_start(&s->client, client_cpu);
	actor_start(&s->server, server_cpu);
}

void scene_stop(struct scene *s)
{
	actor_stop(&s->client);
	if (s->connection)
		object_put(&s->connection->object);
	if (s->port)
		object_close(&s->port->object);
	actor_wait(&s->server);
	actor_stop(&s->server);
}

void do_call(void *arg)
{
	struct call *c = arg;

	WRITE_ONCE(c->task, current);
	thread_args(&current->thread)->a1 = c->words[0];
	thread_args(&current->thread)->a2 = c->words[1];
	c->status = ipc_send_timed(c->scene->connection, NULL, c->timeout);
	irq_enable();
	c->reply[0] = thread_args(&current->thread)->a1;
	c->reply[1] = thread_args(&current->thread)->a2;
}

void do_receive(void *arg)
{
	struct turn *t = arg;

	WRITE_ONCE(t->task, current);
	t->token = ipc_receive(t->scene->port, t->timeout);
	t->cookie = thread_args(&current->thread)->a0;
	t->words[0] = thread_args(&current->thread)->a1;
	t->words[1] = thread_args(&current->thread)->a2;
}

void do_reply(void *arg)
{
	struct turn *t = arg;

	t->token = ipc_reply(t->scene->port, (u64)t->token, (long)(t->words[0] + t->words[1]),
			     t->words[0], t->words[1]);
}

void do_serve(void *arg)
{
	struct port *port = ((struct scene *)arg)->port;
	long token;

	/* As a call does that borrows a shared handle: the port is closed meanwhile. */
	object_get(&port->object);
	token = ipc_receive(port, 0);
	while (token >= 0 || token == -ESRCH) {
		u64 a = thread_args(&current->thread)->a1, b = thread_args(&current->thread)->a2;

		if (token > 0)
			token = ipc_reply_receive(port, (u64)token, (long)(a + b), a, b);
		else
			token = ipc_receive(port, 0);
		irq_enable();
	}
	KTEST_EXPECT_EQ(token, -EBADF);
	object_put(&port->object);
}

void wait_blocked(struct port *port, struct task_struct *const *t, enum ipc_state state)
{
	for (;;) {
		const struct task_struct *task = READ_ONCE(*t);
		unsigned long flags = port_lock(port);
		bool blocked = task && task->ipc.state == state && !READ_ONCE(task->on_rq);

		port_unlock(port, flags);
		if (blocked)
			return;
		yield_and_relax();
	}
}
