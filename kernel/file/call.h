/*
 * One message of the file layer (kernel/abi/fs.h), from inside the kernel: the way of every call here.
 *
 *	fs_call_init()		the words
 *	fs_send_from(), fs_receive_to()		data, beside the words
 *	fs_send(), fs_call_fd()	to a connection, or to what a descriptor names; any number of times
 *	fs_call_end()		in any case, once something has been sent that may bring handles
 *
 * A struct fs_call lies on the kernel stack. The data's addresses are the user's, checked by the caller to end below
 * USER_END, or the kernel's own.
 */
#ifndef KERNEL_FILE_CALL_H
#define KERNEL_FILE_CALL_H

#include "arch/page.h"
#include "kernel/abi/fs.h"
#include "kernel/base/panic.h"
#include "kernel/ipc/data.h"

#define O_ACCMODE   3U
#define O_RDWR      2U
#define O_WRONLY    1U
#define O_CREAT     0100U
#define O_TRUNC     01000U
#define O_NONBLOCK  04000U
#define O_DIRECTORY 0200000U
#define O_CLOEXEC   02000000U
#define O_PATH      010000000U
#define O_TMPFILE   020200000U

struct fs_call {
	u64 words[IPC_WORDS];
	u64 reply[2];       /* of the server's answer */
	bool interruptible; /* a signal ends the wait: the call is one that may be made again */
	struct ipc_data data;
};

/* `op` is FS_OP(...). No data, no handles, waits until the server has answered. */
static inline void fs_call_init(struct fs_call *call, u64 op, u64 a1, u64 a2, u64 a3)
{
	call->words[0] = op;
	call->words[1] = a1;
	call->words[2] = a2;
	call->words[3] = a3;
	call->interruptible = false;
	call->data.out.array = call->data.out.small;
	call->data.in.array = call->data.in.small;
	call->data.out.n = call->data.in.n = 0;
	call->data.out.bytes = call->data.in.bytes = 0;
	call->data.nr_handles = call->data.nr_got = call->data.room = 0;
	call->data.silent = call->data.takes_small = false;
}

/* One segment more; SEGMENTS_SMALL at most. */
static inline void fs_add_segment(struct ipc_segments *s, u64 addr, u64 bytes)
{
	ASSERT(s->n < SEGMENTS_SMALL);
	s->array[s->n++] = (struct ipc_segment){addr, bytes};
	s->bytes += bytes;
}

static inline void fs_send_from(struct fs_call *call, u64 addr, u64 bytes)
{
	fs_add_segment(&call->data.out, addr, bytes);
}

static inline void fs_receive_to(struct fs_call *call, u64 addr, u64 bytes)
{
	fs_add_segment(&call->data.in, addr, bytes);
}

/*
 * Sends and waits. The server's status: >= 0, -errno, or FS_REDIRECT to a message by path. -EIO: the server is gone, or
 * says what no server may. -ERESTARTSYS: a signal has ended the wait, or comes before the call is made again. What
 * was to be received is then undefined. Restores the user's registers. Process context.
 */
long fs_send(struct connection *c, struct fs_call *call);

/* The same to what the running task's descriptor names: a connection, or the log. -EBADF. */
long fs_call_fd(u64 fd, struct fs_call *call);
/* The usual case, of words alone. */
long fs_words_fd(u64 fd, unsigned int op, u64 a1, u64 a2, u64 a3);

/* Handles that nobody has taken out of data.got, segments that segments_copy() has made. */
void fs_call_end(struct fs_call *call);

/* log.c: what the kernel's log answers, as a server would. */
long log_answer(struct fs_call *call);

#endif
