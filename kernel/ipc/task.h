/* What IPC keeps in each task. */
#ifndef KERNEL_IPC_TASK_H
#define KERNEL_IPC_TASK_H

#include "kernel/base/list.h"
#include "kernel/base/types.h"

struct connection;
struct ipc_box;
struct ipc_data;
struct port;

/*
 * Why a task that is in a call about messages does not run; docs/ipc.md draws it. `node` is on the port's list
 * of that name, or on none.
 */
enum ipc_state {
	IPC_DONE,    /* it may go on: its result is in `status` */
	IPC_SEND,    /* port->senders: nobody has received its message */
	IPC_REPLY,   /* port->latest or received[]: somebody has, and holds its token */
	IPC_RECEIVE, /* port->waiting or receivers: there is nothing to receive */
};

/*
 * Letters: p lock of the port that the task is blocked on; s the task itself, before it is on a list of the
 * port; v lock of the port that it serves. The words of a message stand where the sender's system call has left
 * them, in the registers at the top of its kernel stack (thread_args).
 */
struct ipc_task {
	struct list_head node; /* p */
	union {
		struct {
			u32 state; /* p, release: enum ipc_state */
			u32 pins; /* p: receivers that copy from or to the sender: it may not leave */
		};
		u64 busy; /* 0: IPC_DONE and not pinned */
	};
	union {
		struct {
			u32 seq; /* s: of its messages */
			u32 pid;
		};
		u64 token; /* s: of this message */
	};
	struct connection
		*connection;   /* s: that the message goes by; not gone before the call is */
	struct ipc_data *data; /* s: what more there is to the message; NULL: its words are all */
	struct ipc_box *inbox; /* s: gets the few bytes of a message that it receives; NULL: none */
	struct port *port;     /* s: that it receives from; its system call holds it */
	long status;           /* p: the call's result */
	bool leaving;          /* p: it wants to */
	bool patient;          /* s: no signal ends its wait that is not fatal */

	/* What priorities are inherited by: inherit.h. */
	u8 lends;            /* p: to who serves it: its priority in SEND and REPLY, otherwise 0 */
	u8 borrows;          /* v: of the client whose message it received last, while that waits */
	u64 serving;         /* v: the token of that message */
	struct port *serves; /* s: that it received from last, with a reference; NULL: none */
};

#endif
