/* A message's way from its sender to its receiver. */
#ifndef KERNEL_IPC_TRANSFER_H
#define KERNEL_IPC_TRANSFER_H

#include "kernel/ipc/data.h"
#include "kernel/ipc/port.h"

/*
 * `client`, on no list, waits for a reply from here on; `receiver` has its words. Returns the token.
 * port->lock held; the receiver is blocked, or is the running task.
 */
static inline long transfer(struct port *port, struct task_struct *client,
			    struct task_struct *receiver)
{
	const struct thread *from = &client->thread, *to = &receiver->thread;

	client->ipc.state = IPC_REPLY;
	list_add(&client->ipc.node, received_bucket(port, (u32)client->pid));
	*thread_arg(to, 0) = client->ipc.connection->cookie;
	*thread_arg(to, 1) = *thread_arg(from, 1);
	*thread_arg(to, 2) = *thread_arg(from, 2);
	*thread_arg(to, 3) = *thread_arg(from, 3);
	*thread_arg(to, 4) = *thread_arg(from, 4);
	*thread_arg(to, 5) = client->ipc.data ? ipc_data_sizes(client->ipc.data) : 0;
	return (long)ipc_token(client);
}

#endif
