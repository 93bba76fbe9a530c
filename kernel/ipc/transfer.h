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
	const struct syscall_args *from = thread_args(&client->thread);
	struct syscall_args *to = thread_args(&receiver->thread);
	const struct ipc_data *data = client->ipc.data;

	received_add(port, client);
	to->a0 = client->ipc.connection->cookie;
	to->a1 = from->a1;
	to->a2 = from->a2;
	to->a3 = from->a3;
	to->a4 = from->a4;
	to->a5 = data ? ipc_data_sizes(data) : 0;
	return (long)client->ipc.token;
}

#endif
