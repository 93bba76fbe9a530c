/* System calls of servers, by their numbers in kernel/abi/ipc.h; those that receive and reply are in serve.c. */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/ipc/borrow.h"
#include "kernel/ipc/data.h"
#include "kernel/syscalls.h"
#include "mm/oom.h"

/* --- making --- */

SYSCALL(ipc_port)
{
	struct port *port;

	UNUSED_ARGS(a1, a2, a3, a4, a5);
	if (a0 & ~(u64)(IPC_CLOEXEC | IPC_INHERIT))
		return -EINVAL;
	port = port_create(a0 & IPC_INHERIT);
	return port ? handle_install_new(&port->object, a0) : -ENOMEM;
}

SYSCALL(ipc_connect)
{
	struct connection *c;
	struct port *port;
	bool counted;

	UNUSED_ARGS(a3, a4, a5);
	if (a2 & ~(u64)IPC_CLOEXEC)
		return -EINVAL;
	port = port_borrow(a0, &counted);
	if (!port)
		return -EBADF;
	c = connection_create(port, a1);
	handle_return(&port->object, counted);
	return c ? handle_install_new(&c->object, a2) : -ENOMEM;
}

SYSCALL(ipc_requeue)
{
	struct port *port;
	unsigned int n;
	bool counted;

	UNUSED_ARGS(a1, a2, a3, a4, a5);
	port = port_borrow(a0, &counted);
	if (!port)
		return -EBADF;
	n = port_requeue(port);
	handle_return(&port->object, counted);
	return n;
}

SYSCALL(ipc_last)
{
	struct ipc_last last;
	unsigned long flags;
	struct port *port;
	bool counted;

	UNUSED_ARGS(a2, a3, a4, a5);
	port = port_borrow(a0, &counted);
	if (!port)
		return -EBADF;
	flags = port_lock(port);
	last = port->last;
	port_unlock(port, flags);
	handle_return(&port->object, counted);
	return copy_to_user((void __user *)a1, &last, sizeof(last));
}

/* --- while the client waits --- */

/* For SYS_ipc_read and SYS_ipc_write. */
static long copy_call(u64 fd, u64 token, u64 offset, u64 user, u64 bytes,
		      long (*copy)(struct task_struct *client, u64 offset, u64 user, u64 bytes))
{
	struct task_struct *client;
	struct port *port;
	bool counted;
	long ret;

	port = port_borrow(fd, &counted);
	if (!port)
		return -EBADF;
	do {
		client = ipc_pin(port, token);
		if (!client) {
			ret = -ESRCH;
			break;
		}
		ret = copy(client, offset, user, MIN(bytes, (u64)IPC_DATA_MAX));
		ipc_unpin(port, client);
	} while (unlikely(ret == -ENOMEM) && out_of_memory());
	handle_return(&port->object, counted);
	return ret == -ENXIO ? -EFAULT : ret;
}

SYSCALL(ipc_read)
{
	UNUSED_ARGS(a5);
	return copy_call(a0, a1, a2, a3, a4, ipc_copy_out);
}

SYSCALL(ipc_write)
{
	UNUSED_ARGS(a5);
	return copy_call(a0, a1, a2, a3, a4, ipc_copy_in);
}

/* All handles of a pinned client's message, dup'ed. */
static long take_handles(const struct task_struct *client, int *fds, u64 room)
{
	const struct ipc_data *d = client->ipc.data;
	unsigned int n = d ? d->nr_handles : 0;
	int ret;

	if (n > room)
		return -ENOSPC;
	for (unsigned int i = 0; i < n; i++)
		object_get(d->handles[i]);
	ret = handle_install_all(d ? d->handles : NULL, n, fds, false);
	if (ret && n)
		ipc_put_handles(d->handles, n);
	return ret ? ret : (long)n;
}

static long take_call(struct port *port, u64 token, int32_t __user *user, u64 room)
{
	struct task_struct *client = ipc_pin(port, token);
	int fds[IPC_HANDLES_MAX];
	long n;

	if (!client)
		return -ESRCH;
	n = take_handles(client, fds, room);
	ipc_unpin(port, client);
	if (n <= 0 || !copy_to_user(user, fds, (size_t)n * sizeof(*fds)))
		return n;
	for (long i = 0; i < n; i++)
		(void)handle_close((u64)fds[i]);
	return -EFAULT;
}

SYSCALL(ipc_take)
{
	struct port *port;
	bool counted;
	long ret;

	UNUSED_ARGS(a4, a5);
	port = port_borrow(a0, &counted);
	if (!port)
		return -EBADF;
	ret = take_call(port, a1, (int32_t __user *)a2, a3);
	handle_return(&port->object, counted);
	return ret;
}

static int info_call(struct port *port, u64 token, struct ipc_info *info)
{
	struct task_struct *client = ipc_pin(port, token);
	const struct ipc_data *d;

	if (!client)
		return -ESRCH;
	d = client->ipc.data;
	*info = (struct ipc_info){
		.cookie = client->ipc.connection->cookie,
		.out_bytes = d ? d->out.bytes : 0,
		.in_bytes = d ? d->in.bytes : 0,
		.pid = client->group->tgid,
		.tid = client->pid,
		.nr_handles = d ? d->nr_handles : 0,
		.room = d ? d->room : 0,
		.pgid = READ_ONCE(client->group->sig.job.pgid),
		.sid = READ_ONCE(client->group->sig.job.sid),
	};
	ipc_unpin(port, client);
	return 0;
}

SYSCALL(ipc_info)
{
	struct ipc_info info;
	struct port *port;
	bool counted;
	int ret;

	UNUSED_ARGS(a3, a4, a5);
	port = port_borrow(a0, &counted);
	if (!port)
		return -EBADF;
	ret = info_call(port, a1, &info);
	handle_return(&port->object, counted);
	if (ret)
		return ret;
	return copy_to_user((void __user *)a2, &info, sizeof(info));
}
