/* For the in-kernel tests of messages: what actors do. */
#ifndef KERNEL_IPC_TESTS_SUPPORT_H
#define KERNEL_IPC_TESTS_SUPPORT_H

#include "kernel/ipc/port.h"
#include "kernel/tests/actor.h"

/* A port with a connection and a client, a server: threads that sleep until they are told. */
struct scene {
	struct port *port;
	struct connection *connection;
	struct actor client, server;
};

void scene_start(struct scene *s, int client_cpu, int server_cpu);
/* Closes what the test has not. */
void scene_stop(struct scene *s);

/* What an actor is told with: actor_post(&s.client, do_call, &call). */
struct call {
	struct scene *scene;
	u64 words[2];
	u64 timeout;
	/* Results. */
	long status;
	u64 reply[2];
	struct task_struct *task;
};
void do_call(void *call);

struct turn {
	struct scene *scene;
	u64 timeout;
	long token; /* of receive; or what reply returned */
	u64 words[2], cookie;
	struct task_struct *task;
};
void do_receive(void *turn);
/* Replies to turn->token with status words[0] + words[1]. */
void do_reply(void *turn);
/* Receives and replies, `rounds` times, by ipc_reply_receive(); ends when the port is closed. */
void do_serve(void *scene);

/* Waits until `t` is off its CPU for that reason. */
void wait_blocked(struct port *port, struct task_struct *const *t, enum ipc_state state);

#endif
