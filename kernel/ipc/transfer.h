/* A message's way from its sender to its receiver. */
#ifndef KERNEL_IPC_TRANSFER_H
#define KERNEL_IPC_TRANSFER_H

#include "kernel/ipc/data.h"
#include "kernel/ipc/inherit.h"
#include "kernel/ipc/port.h"

/* The words of a message. */
struct ipc_words {
	u64 word[IPC_WORDS];
};

/* Those of the system call that `t` is in. */
static inline struct ipc_words ipc_words_of(const struct task_struct *t)
{
	const struct syscall_args *args = thread_args(&t->thread);

	return (struct ipc_words){{args->a1, args->a2, args->a3, args->a4}};
}

/*
 * `client`, on no list, waits for a reply from here on; `receiver` has its words. Returns the token.
 * port->lock held; the receiver is blocked, or is the running task.
 */
static __always_inline long transfer(struct port *port, struct task_struct *client,
				     const struct connection *c, struct ipc_words words,
				     const struct ipc_data *data, struct task_struct *receiver)
{
	struct syscall_args *to = thread_args(&receiver->thread);

	received_add(port, client);
	receiver->ipc.serving = client->ipc.token;
	to->a0 = c->cookie;
	to->a1 = words.word[0];
	to->a2 = words.word[1];
	to->a3 = words.word[2];
	to->a4 = words.word[3];
	to->a5 = data ? ipc_data_sizes(data) : 0;
	if (data && data->box.bytes && receiver->ipc.inbox)
		ipc_box_copy(receiver->ipc.inbox, &data->box);
	return (long)client->ipc.token;
}

/* Whether a reply's few bytes can be put into the box of `client`. port->lock held. */
static inline bool small_fits(const struct task_struct *client, const struct ipc_box *reply)
{
	const struct ipc_data *data = client->ipc.data;

	return !reply->bytes || (data && data->takes_small && reply->bytes <= data->in.bytes);
}

/* They are: `reply` is empty. */
static inline void small_put(struct task_struct *client, struct ipc_box *reply)
{
	struct ipc_data *data = client->ipc.data;

	if (reply->bytes) {
		ipc_box_copy(&data->box, reply);
		data->answered = true;
		reply->bytes = 0;
	}
}

#endif
