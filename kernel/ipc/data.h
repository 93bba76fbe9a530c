/*
 * What a message carries beside its words: data in segments of the client's memory, which stay there until the
 * receiver copies them, and handles. It lies on the client's kernel stack.
 */
#ifndef KERNEL_IPC_DATA_H
#define KERNEL_IPC_DATA_H

#include "kernel/abi/ipc.h"
#include "kernel/base/string.h"
#include "kernel/ipc/port.h"

#define SEGMENTS_SMALL 4

/*
 * So few bytes go through the kernel, by way of the two tasks' stacks: three short copies cost much less than a way
 * into another address space, with its lock and its page tables.
 */
#define IPC_SMALL 256

struct ipc_box {
	u64 bytes; /* 0: it is empty */
	u8 data[IPC_SMALL];
};

/*
 * An address at or above USER_END is the kernel's own, of memory that stays until the call is over: a message
 * of the file layer (kernel/file). segments_copy() lets none through.
 */
struct ipc_segments {
	struct ipc_segment *array; /* a kernel copy */
	unsigned int n;
	u64 bytes;
	struct ipc_segment small[SEGMENTS_SMALL];
};

/*
 * Constant while the message is under way, but for `got`, which whoever has claimed the client fills; a
 * reference for each object.
 */
struct ipc_data {
	struct ipc_segments out, in;
	struct object *handles[IPC_HANDLES_MAX], *got[IPC_HANDLES_MAX];
	unsigned int nr_handles, nr_got, room;
	bool got_cloexec;
	bool silent; /* a receiver is not told of what is sent: the words say enough of it */
	/* Found out by ipc_send(), unless the sender has. */
	bool takes_small; /* the first IPC_SMALL bytes of `in`, one segment, could be written when it was sent */
	/* Set by ipc_send(). */
	struct ipc_box
		box; /* all that is sent, or is empty; when the call is over, what the reply has brought in it */
	bool answered; /* p: the latter */
};

/*
 * A kernel copy of `n` segments at `user`. 0; -EINVAL: too many or too long, -EFAULT, -ENOMEM. To be freed in
 * either case. With `clip` more than IPC_DATA_MAX bytes are not too long, but cut off, as readv(2) does.
 */
int segments_copy(struct ipc_segments *s, u64 user, u64 n, bool clip);
void segments_free(struct ipc_segments *s);

/* Whether a reply's few bytes can be written there now. May sleep. */
bool ipc_small_room(const struct ipc_segment *s);
/* Of ipc_small_begin(). */
void ipc_small_fill(struct ipc_data *d);

/* Before the message is sent: what is there of it now goes into the box. May sleep. */
static __always_inline void ipc_small_begin(struct ipc_data *d)
{
	d->box.bytes = 0;
	d->answered = false;
	if (!d->takes_small)
		d->takes_small = d->in.n == 1 && ipc_small_room(d->in.array);
	if (d->out.bytes && d->out.bytes <= IPC_SMALL && !d->silent)
		ipc_small_fill(d);
}
/* After it: what the reply has brought in the box goes where it belongs. 0 or -EFAULT. May sleep. */
int ipc_small_end(struct ipc_data *d);

static inline void ipc_box_copy(struct ipc_box *to, const struct ipc_box *from)
{
	to->bytes = from->bytes;
	memcpy(to->data, from->data, from->bytes);
}

/* As a receiver sees them: SYS_ipc_receive, argument 5. */
static inline u64 ipc_data_sizes(const struct ipc_data *d)
{
	return d->silent ? 0 : d->out.bytes | (u64)d->nr_handles << 32;
}

/*
 * Copies between the data of a pinned client, from `offset` on, and the running task's own memory. The bytes;
 * fewer at the end of the data. -EFAULT: the client's memory is not there, -ENXIO: the running task's is not,
 * -ESRCH: the client leaves.
 */
long ipc_copy_out(struct task_struct *client, u64 offset, u64 user, u64 bytes);
long ipc_copy_in(struct task_struct *client, u64 offset, u64 user, u64 bytes);

/*
 * References to what handles fds[0..n) of the running task name. 0; -EBADF: one is none, -EPERM: one may not be
 * passed on; then none is held.
 */
int ipc_get_handles(struct object **objects, const int32_t *fds, unsigned int n);
void ipc_put_handles(struct object *const *objects, unsigned int n);

#endif
