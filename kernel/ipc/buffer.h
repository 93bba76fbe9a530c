/* Receiving with a buffer for the data: see serve.c. */
#ifndef KERNEL_IPC_BUFFER_H
#define KERNEL_IPC_BUFFER_H

#include "kernel/ipc/port.h"

/* SYS_ipc_reply_receive when it is not the short one: with a struct ipc_buffer at `user`. */
long reply_receive_buffer(struct port *port, u64 token, long status, u64 word0, u64 word1,
			  u64 user);

#endif
