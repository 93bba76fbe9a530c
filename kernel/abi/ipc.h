/*
 * Messages between processes: ports, connections, pulses, and the handles that name them. The contract, with
 * every blocked state, is docs/ipc.md; user/lib/ipc.h has the calls for C.
 *
 * A handle is a file descriptor. Every call returns a value >= 0 or -errno. The registers are those of a
 * Linux system call: arguments 0 to 5 in rdi, rsi, rdx, r10, r8, r9, the result in rax. Some calls give more
 * than one result: those stand in the registers of the arguments with the numbers named below. All others are
 * kept, but rcx and r11.
 */
#ifndef KERNEL_ABI_IPC_H
#define KERNEL_ABI_IPC_H

#include <stdint.h>

/* A new port: a handle that only this process has, or with IPC_INHERIT its children, with the right to receive. */
#define SYS_ipc_port 1025 /* (flags) */
/* A new connection to one's own port. `cookie` tells the server which one a message came by. */
#define SYS_ipc_connect 1026 /* (port, cookie, flags) */
/*
 * Sends four words and waits for the reply. timeout in ns, 0: none. Result: the server's status;
 * arguments 1 and 2: the words of the reply.
 */
#define SYS_ipc_call 1027 /* (connection, word 0, 1, 2, 3, timeout) */
/* The same with data and handles. */
#define SYS_ipc_send 1028 /* (connection, struct ipc_msg *) */
/*
 * The next message or pulse. Result: of a message its token (> 0), of a pulse 0. Argument 0: the cookie of the
 * connection; of a message 1 to 4: its words, 5: the bytes of its data, with the number of its handles in
 * the upper half; of a pulse 1: enum ipc_pulse, 2: its value.
 */
#define SYS_ipc_receive 1029 /* (port, struct ipc_buffer *) */
/* Ends the wait of the client. -ESRCH: nobody waits with that token. */
#define SYS_ipc_reply 1030 /* (port, token, status, word 0, word 1, struct ipc_reply *) */
/* A short reply and the next receive in one call. Without token (0) only the latter. Results as of receive. */
#define SYS_ipc_reply_receive 1031 /* (port, token, status, word 0, word 1, struct ipc_buffer *) */
/*
 * A turn of a server's loop: a reply with data and handles, and the next receive with a buffer. Without token (0) only
 * the latter. Results as of receive; the reply's errors are those of SYS_ipc_reply: then nothing was received.
 */
#define SYS_ipc_serve 1041 /* (port, token, status, word 0, word 1, struct ipc_serve *) */
/* Copies from the data that the client sends, to the memory that it receives into. Result: bytes. */
#define SYS_ipc_read  1032 /* (port, token, offset, buffer, bytes) */
#define SYS_ipc_write 1033 /* (port, token, offset, buffer, bytes) */
/* The message's handles, dup'ed into this process: all or none. Result: how many. */
#define SYS_ipc_take 1034 /* (port, token, int32_t *handles, room) */
#define SYS_ipc_info 1035 /* (port, token, struct ipc_info *) */
/* Sets `bits` in the pulse of the connection, without waiting. */
#define SYS_ipc_pulse 1036 /* (connection, bits) */
/* A new memory object of `bytes`, zeroed: for mmap(MAP_SHARED) and to be passed on. */
#define SYS_memobj_create 1037 /* (bytes, flags) */
/*
 * From now on the object ends behind so many bytes, no more than it was made with: a touch of a page behind that is
 * SIGBUS. Pages that were touched before stay. -EPERM: the handle is a view of it.
 */
#define SYS_memobj_end 1047 /* (memory object, bytes) */
/* A new handle of the same object that cannot move its end, and with MEMOBJ_READ_ONLY in flags not write to it. */
#define SYS_memobj_view 1048 /* (memory object, flags) */
/* A new timer: its pulse comes to `port`. */
#define SYS_ipc_timer 1038 /* (port, cookie, flags) */
/* Sets it to fire once after so many ns; 0: not at all. */
#define SYS_ipc_timer_set 1039 /* (timer, ns) */
/* A new watch: its pulse comes to `port` when the port behind `connection` is gone. */
#define SYS_ipc_watch 1040 /* (connection, port, cookie, flags) */

/*
 * Messages that were received and not answered are to be received again, in front of others: for who starts a server
 * anew that has died. Result: how many.
 */
#define SYS_ipc_requeue 1045 /* (port) */

/*
 * What a server has done last, for its successor: it may have died before it could write that down.
 */
#define SYS_ipc_last 1046 /* (port, struct ipc_last *) */

/* Flags of calls that make a handle: O_CLOEXEC. */
#define IPC_CLOEXEC 02000000
/* Of a port: fork gives a handle of it to the child. It is closed when the last of them is. */
#define IPC_INHERIT 1

/* Of a view of a memory object: every mapping by it is private, or read-only for good. */
#define MEMOBJ_READ_ONLY 1

#define IPC_WORDS        4
#define IPC_HANDLES_MAX  8
#define IPC_SEGMENTS_MAX 1024       /* of one message, in each direction */
#define IPC_DATA_MAX     0x7ffff000 /* bytes of one message, in each direction */

enum ipc_pulse {
	IPC_PULSE_CLOSED = 1, /* the last handle of a connection is gone; value 0 */
	IPC_PULSE_BITS,       /* value: the bits of all SYS_ipc_pulse since the last one received */
	IPC_PULSE_TIMER,      /* a timer has fired; value 1 */
	IPC_PULSE_DIED,       /* the port that a watch is for is gone; value 1 */
	IPC_PULSE_INTERRUPT, /* an interrupt line that was attached (kernel/abi/machine.h); value 1 */
};

/* As struct iovec. */
struct ipc_segment {
	uint64_t addr, bytes;
};

struct ipc_msg {
	uint64_t words[IPC_WORDS];
	uint64_t out; /* struct ipc_segment *: what is sent */
	uint64_t in;  /* struct ipc_segment *: where the reply's data go */
	uint32_t nr_out, nr_in;
	uint64_t timeout; /* ns; 0: none */
	int32_t handles[IPC_HANDLES_MAX];
	uint32_t nr_handles; /* <= IPC_HANDLES_MAX */
	uint32_t room;       /* handles that the reply may bring, <= IPC_HANDLES_MAX */
	/* Results. */
	uint64_t reply[2];
	int32_t got[IPC_HANDLES_MAX];
	uint32_t nr_got;
	uint32_t unused;
};

/* For receive. The first `bytes` of the message's data are copied here. */
struct ipc_buffer {
	uint64_t addr, bytes;
	uint64_t timeout; /* ns; 0: none */
};

struct ipc_reply {
	uint64_t addr, bytes; /* copied to the beginning of what the client receives into */
	int32_t handles[IPC_HANDLES_MAX];
	uint32_t nr_handles;
	uint32_t flags; /* of the client's new handles: IPC_CLOEXEC */
};

struct ipc_serve {
	uint64_t addr, bytes; /* the reply's data: as of struct ipc_reply */
	uint64_t handles;     /* int32_t *: go along with it */
	uint32_t nr_handles;
	uint32_t flags;
	uint64_t buffer,
		room;     /* the first `room` bytes of the next message's data are copied here */
	uint64_t timeout; /* of the receive, in ns; 0: none */
	uint64_t unused;
};

struct ipc_last {
	uint64_t answered; /* the token of the latest reply that a client has got; 0: none */
	uint64_t closed;   /* the cookie of the latest IPC_PULSE_CLOSED received; 0: none */
};

struct ipc_info {
	uint64_t cookie;
	uint64_t out_bytes, in_bytes;
	int32_t pid, tid; /* of the client */
	uint32_t nr_handles, room;
	int32_t pgid, sid; /* its process group and session */
};

#endif
