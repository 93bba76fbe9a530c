/*
 * System calls that receive into a buffer and reply with data, by their numbers in kernel/abi/ipc.h.
 *
 * Few bytes, and no handles, come and go in a box on the stack, by the direct way (exchange.h). For more, or a client
 * that can take none so, a reply claims the client and a receive pins it, and they copy from one address space to the
 * other.
 */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/ipc/borrow.h"
#include "kernel/ipc/buffer.h"
#include "kernel/ipc/data.h"
#include "kernel/ipc/exchange.h"
#include "kernel/syscalls.h"
#include "mm/oom.h"

/* --- the long ways --- */

/*
 * The beginning of the message's data goes to the receiver's buffer. 0; -EAGAIN: there is no such message any
 * more, -EFAULT: the buffer is not there.
 */
static long fetch(struct port *port, u64 token, const struct ipc_serve *s)
{
	long ret;

	do {
		struct task_struct *client = ipc_pin(port, token);

		if (!client)
			return -EAGAIN;
		ret = ipc_copy_out(client, 0, s->buffer, s->room);
		ipc_unpin(port, client);
	} while (unlikely(ret == -ENOMEM) && out_of_memory());
	if (ret >= 0)
		return 0;
	/* The client's memory is not there: it hears so, and the server nothing. */
	(void)ipc_reply(port, token, ret == -ENXIO ? -EIO : -EFAULT, 0, 0);
	return ret == -ENXIO ? -EFAULT : -EAGAIN;
}

/* Data and handles of a reply, into a claimed client. The status that it ends with. */
static long reply_data(struct task_struct *client, const struct ipc_reply *r)
{
	struct ipc_data *d = client->ipc.data;
	unsigned int room = d ? d->room : 0;
	long ret;

	if (r->nr_handles > room)
		return -ENOSPC;
	ret = r->bytes ? ipc_copy_in(client, 0, r->addr, r->bytes) : 0;
	if (ret < 0)
		return ret;
	if ((u64)ret < r->bytes)
		return -ENOSPC;
	ret = r->nr_handles ? ipc_get_handles(d->got, r->handles, r->nr_handles) : 0;
	if (!ret && r->nr_handles) {
		d->got_cloexec = r->flags & IPC_CLOEXEC;
		d->nr_got = r->nr_handles;
	}
	return ret;
}

/* A reply happens altogether, or the client goes on waiting. */
static long reply_claimed(struct port *port, u64 token, long status, u64 word0, u64 word1,
			  const struct ipc_reply *r)
{
	struct task_struct *client = ipc_claim(port, token);
	long ret;

	if (!client)
		return -ESRCH;
	ret = reply_data(client, r);
	if (ret) {
		ipc_unclaim(port, client);
		return ret == -ENXIO ? -EFAULT : ret;
	}
	return ipc_complete(port, client, status, word0, word1) ? 0 : -ESRCH;
}

static noinline long reply_long(struct port *port, u64 token, long status, u64 word0, u64 word1,
				const struct ipc_reply *r)
{
	long ret;

	do
		ret = reply_claimed(port, token, status, word0, word1, r);
	while (unlikely(ret == -ENOMEM) && out_of_memory());
	return ret;
}

/* --- the short ones, and which of them --- */

/* False: it is no matter of a few bytes, or they are not there. */
static bool box_fill(struct ipc_box *box, u64 addr, u64 bytes, u32 nr_handles)
{
	box->bytes = 0;
	if (nr_handles || bytes > IPC_SMALL)
		return false;
	if (bytes && copy_from_user(box->data, (const void __user *)addr, bytes))
		return false;
	box->bytes = bytes;
	return true;
}

static long reply(struct port *port, u64 token, long status, u64 word0, u64 word1,
		  const struct ipc_reply *r, struct ipc_box *box)
{
	long ret = -EAGAIN;

	if (r->nr_handles > IPC_HANDLES_MAX || (r->flags & ~(u32)IPC_CLOEXEC))
		return -EINVAL;
	if (box_fill(box, r->addr, r->bytes, r->nr_handles))
		ret = ipc_reply_small(port, token, status, word0, word1, box);
	box->bytes = 0;
	return ret == -EAGAIN ? reply_long(port, token, status, word0, word1, r) : ret;
}

static long receive_box(struct port *port, u64 timeout, struct ipc_box *box)
{
	long ret;

	current->ipc.inbox = box;
	ret = ipc_receive(port, timeout);
	current->ipc.inbox = NULL;
	return ret;
}

/* The data of what was received, which are in the box or are fetched. As fetch(), which says what went wrong. */
static long deliver(struct port *port, u64 token, const struct ipc_serve *s,
		    const struct ipc_box *box)
{
	u64 bytes = MIN(box->bytes, s->room);

	if (bytes && !copy_to_user((void __user *)s->buffer, box->data, bytes))
		return 0;
	return fetch(port, token, s);
}

/* Whether the message that was received has data, and a buffer for them. */
static __always_inline bool brings_data(long token, const struct ipc_serve *s)
{
	return token > 0 && s->room && (u32)thread_args(&current->thread)->a5;
}

/* What the first receive has brought; others follow while messages vanish. */
static noinline long receive_rest(struct port *port, long token, const struct ipc_serve *s,
				  struct ipc_box *box)
{
	while (brings_data(token, s)) {
		long ret = deliver(port, (u64)token, s, box);

		if (!ret)
			break;
		if (ret != -EAGAIN)
			return ret;
		token = receive_box(port, s->timeout, box);
	}
	return token;
}

static noinline long serve_long(struct port *port, u64 token, long status, u64 word0, u64 word1,
				const struct ipc_serve *s, struct ipc_box *box)
{
	struct ipc_reply r = {.addr = s->addr, .bytes = s->bytes, .flags = s->flags};
	long ret = 0;

	if (token && s->nr_handles <= IPC_HANDLES_MAX &&
	    copy_from_user(r.handles, (const void __user *)s->handles,
			   s->nr_handles * sizeof(*r.handles)))
		return -EFAULT;
	r.nr_handles = s->nr_handles;
	if (token)
		ret = reply(port, token, status, word0, word1, &r, box);
	return ret ? ret : receive_box(port, s->timeout, box);
}

/* The reply takes what is in the box; what is received is put there if it is little. Interrupts may be off then. */
static __always_inline long exchange(struct port *port, u64 token, long status, u64 word0,
				     u64 word1, struct ipc_box *box)
{
	struct task_struct *me = current;
	long ret;

	me->ipc.inbox = box;
	ret = reply_and_wait(me, port, token, status, word0, word1, box);
	/* Asked for again, as in send.c. */
	current->ipc.inbox = NULL;
	return ret;
}

static __always_inline long serve(struct port *port, u64 token, long status, u64 word0, u64 word1,
				  const struct ipc_serve *s)
{
	struct ipc_box box;
	long ret = -EAGAIN;

	if (!s->timeout && !s->flags &&
	    box_fill(&box, s->addr, token ? s->bytes : 0, token ? s->nr_handles : 0))
		ret = exchange(port, token, status, word0, word1, &box);
	irq_enable();
	if (ret == -EAGAIN) {
		box.bytes = 0;
		ret = serve_long(port, token, status, word0, word1, s, &box);
	}
	return brings_data(ret, s) ? receive_rest(port, ret, s, &box) : ret;
}

/* --- system calls --- */

/* For who has a struct ipc_buffer at `user`, or none. */
static int from_buffer(struct ipc_serve *s, u64 user)
{
	struct ipc_buffer buffer = {0};

	if (user && copy_from_user(&buffer, (const void __user *)user, sizeof(buffer)))
		return -EFAULT;
	*s = (struct ipc_serve){
		.buffer = buffer.addr, .room = buffer.bytes, .timeout = buffer.timeout};
	return 0;
}

/* For those of which less depends. */
static noinline long serve_called(struct port *port, u64 token, long status, u64 word0, u64 word1,
				  const struct ipc_serve *s)
{
	return serve(port, token, status, word0, word1, s);
}

SYSCALL(ipc_receive)
{
	struct ipc_serve s;
	struct port *port;
	bool counted;
	long ret;

	UNUSED_ARGS(a2, a3, a4, a5);
	port = port_borrow(a0, &counted);
	if (!port)
		return -EBADF;
	ret = from_buffer(&s, a1);
	if (!ret)
		ret = serve_called(port, 0, 0, 0, 0, &s);
	handle_return(&port->object, counted);
	return ret;
}

SYSCALL(ipc_reply)
{
	struct ipc_reply r;
	struct ipc_box box;
	struct port *port;
	bool counted;
	long ret;

	port = port_borrow(a0, &counted);
	if (!port)
		return -EBADF;
	if (!a5)
		ret = ipc_reply(port, a1, (long)a2, a3, a4);
	else if (copy_from_user(&r, (const void __user *)a5, sizeof(r)))
		ret = -EFAULT;
	else
		ret = reply(port, a1, (long)a2, a3, a4, &r, &box);
	handle_return(&port->object, counted);
	return ret;
}

long reply_receive_buffer(struct port *port, u64 token, long status, u64 word0, u64 word1, u64 user)
{
	struct ipc_serve s;

	return from_buffer(&s, user) ? -EFAULT
				     : serve_called(port, token, status, word0, word1, &s);
}

/* By a handle that others can close meanwhile. `s` NULL: the caller's is not there. */
static noinline long serve_counted(u64 fd, u64 token, long status, u64 word0, u64 word1,
				   const struct ipc_serve *s)
{
	struct port *port;
	bool counted;
	long ret;

	port = port_borrow(fd, &counted);
	if (!port)
		return -EBADF;
	ret = s ? serve_called(port, token, status, word0, word1, s) : -EFAULT;
	handle_return(&port->object, counted);
	return ret;
}

SYSCALL(ipc_serve)
{
	struct port *port = port_borrow_own(current, a0);
	struct ipc_serve s;
	bool there = !copy_from_user(&s, (const void __user *)a5, sizeof(s));

	if (unlikely(!port || !there))
		return serve_counted(a0, a1, (long)a2, a3, a4, there ? &s : NULL);
	return serve(port, a1, (long)a2, a3, a4, &s);
}
