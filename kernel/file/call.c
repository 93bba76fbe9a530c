/* Messages of the file layer: see call.h. */
#include "kernel/file/call.h"

#include "kernel/base/errno.h"
#include "kernel/ipc/borrow.h"
#include "kernel/task.h"

/* -ERESTART... are the kernel's own (kernel/signal.h), and end nowhere but in signal_deliver(). */
#define RESTARTS_FIRST 512
#define RESTARTS_LAST  531

/* The call is to be made again: by way of signal_deliver(), whether or not a signal is left for this thread. */
static long restart(void)
{
	(void)atomic_fetch_or(&current->work, WORK_SIGNAL);
	return -ERESTARTSYS;
}

/* What a call returns whose wait has ended with a negative `status`, which the server may have made up. */
static noinline long settle(const struct connection *c, const struct fs_call *call, long status)
{
	switch (status) {
	case -EPIPE:
		return READ_ONCE(c->port->closed) ? -EIO : -EPIPE;
	case -EINTR:
		/*
		 * Whoever has left the wait has a signal still: only signal_deliver() takes WORK_SIGNAL away. If the
		 * server has said so at that moment, nothing has been done, and making the call again is as good.
		 */
		return call->interruptible && task_interrupted() ? restart() : -EINTR;
	case FS_RESTART:
		return restart();
	case FS_REDIRECT:
	case FS_OWN:
		return FS_FLAGS_OF(call->words[0]) & FS_BY_PATH ? status : -EIO;
	default:
		return status >= -4095 && (status > -RESTARTS_FIRST || status < -RESTARTS_LAST)
			       ? status
			       : -EIO;
	}
}

static __always_inline long send(struct connection *c, struct fs_call *call)
{
	struct syscall_args *regs = thread_args(&current->thread);
	const u64 a1 = regs->a1, a2 = regs->a2, a3 = regs->a3, a4 = regs->a4;
	long status;

	regs->a1 = call->words[0];
	regs->a2 = call->words[1];
	regs->a3 = call->words[2];
	regs->a4 = call->words[3];
	if (!call->interruptible)
		current->ipc.patient = true;
	status = ipc_send(c, &call->data);
	/* After a direct switch they are off. */
	irq_enable();
	if (!call->interruptible)
		current->ipc.patient = false;
	call->reply[0] = regs->a1;
	call->reply[1] = regs->a2;
	/* To the program this is a call of Linux: its registers are its own, and the call may be repeated. */
	regs->a1 = a1;
	regs->a2 = a2;
	regs->a3 = a3;
	regs->a4 = a4;
	return likely(status >= 0) ? status : settle(c, call, status);
}

long fs_send(struct connection *c, struct fs_call *call)
{
	return send(c, call);
}

/* The log, or a handle that others can close meanwhile. */
static noinline long call_any_fd(u32 fd, struct fs_call *call)
{
	struct object *o = handle_get(fd);
	long ret = -EBADF;

	if (!o)
		return ret;
	if (o->type == OBJECT_CONNECTION)
		ret = fs_send(container_of(o, struct connection, object), call);
	else if (o->type == OBJECT_LOG)
		ret = log_answer(call);
	object_put(o);
	return ret;
}

long fs_call_fd(u64 fd, struct fs_call *call)
{
	struct connection *c = connection_borrow_own(current, (u32)fd);

	return likely(c) ? send(c, call) : call_any_fd((u32)fd, call);
}

long fs_words_fd(u64 fd, unsigned int op, u64 a1, u64 a2, u64 a3)
{
	struct fs_call call;

	fs_call_init(&call, FS_OP(op, 0, 0), a1, a2, a3);
	return fs_call_fd(fd, &call);
}

void fs_call_end(struct fs_call *call)
{
	ipc_put_handles(call->data.got, call->data.nr_got);
	call->data.nr_got = 0;
	segments_free(&call->data.out);
	segments_free(&call->data.in);
}
