/* System calls of clients, by their numbers in kernel/abi/ipc.h; the short one is in send.c. */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/string.h"
#include "kernel/ipc/borrow.h"
#include "kernel/ipc/data.h"
#include "kernel/syscalls.h"

/* The data of a message. To be ended by data_end() in either case. */
static int data_begin(struct ipc_data *d, const struct ipc_msg *m)
{
	int ret;

	d->nr_handles = d->nr_got = 0;
	d->silent = d->takes_small = false;
	d->got_cloexec = false;
	d->in.array = d->in.small;
	d->room = m->room;
	ret = segments_copy(&d->out, m->out, m->nr_out, false);
	if (!ret)
		ret = segments_copy(&d->in, m->in, m->nr_in, false);
	if (!ret)
		ret = ipc_get_handles(d->handles, m->handles, m->nr_handles);
	if (!ret)
		d->nr_handles = m->nr_handles;
	return ret;
}

static void data_end(struct ipc_data *d)
{
	ipc_put_handles(d->handles, d->nr_handles);
	ipc_put_handles(d->got, d->nr_got);
	segments_free(&d->out);
	segments_free(&d->in);
}

/* What the reply has brought goes to the caller. */
static long send_results(struct ipc_data *d, struct ipc_msg *m, struct ipc_msg __user *user,
			 long status)
{
	int ret = handle_install_all(d->got, d->nr_got, m->got, d->got_cloexec);

	if (ret)
		return ret;
	m->nr_got = d->nr_got;
	d->nr_got = 0;
	m->reply[0] = thread_args(&current->thread)->a1;
	m->reply[1] = thread_args(&current->thread)->a2;
	if (!copy_to_user(user_member(user, reply), &m->reply,
			  sizeof(*m) - offsetof(struct ipc_msg, reply)))
		return status;
	for (u32 i = 0; i < m->nr_got; i++)
		(void)handle_close((u64)m->got[i]);
	return -EFAULT;
}

static void words_to_registers(const struct ipc_msg *m)
{
	struct syscall_args *args = thread_args(&current->thread);

	args->a1 = m->words[0];
	args->a2 = m->words[1];
	args->a3 = m->words[2];
	args->a4 = m->words[3];
}

static long send_message(struct connection *c, struct ipc_msg *m, struct ipc_msg __user *user)
{
	struct ipc_data d;
	long ret = data_begin(&d, m);

	if (!ret) {
		words_to_registers(m);
		memset(m->got, 0, sizeof(m->got));
		m->nr_got = 0;
		ret = ipc_send_timed(c, &d, m->timeout);
		/* After a direct switch they are off. */
		irq_enable();
		ret = send_results(&d, m, user, ret);
	}
	data_end(&d);
	return ret;
}

SYSCALL(ipc_send)
{
	struct ipc_msg m;
	struct connection *c;
	bool counted;
	long ret;

	UNUSED_ARGS(a2, a3, a4, a5);
	if (copy_from_user(&m, (const void __user *)a1, sizeof(m)))
		return -EFAULT;
	if (m.nr_handles > IPC_HANDLES_MAX || m.room > IPC_HANDLES_MAX)
		return -EINVAL;
	c = connection_borrow(a0, &counted);
	if (!c)
		return -EBADF;
	ret = send_message(c, &m, (struct ipc_msg __user *)a1);
	handle_return(&c->object, counted);
	return ret;
}

SYSCALL(ipc_pulse)
{
	struct connection *c;
	bool counted, open;

	UNUSED_ARGS(a2, a3, a4, a5);
	c = connection_borrow(a0, &counted);
	if (!c)
		return -EBADF;
	open = pulse_post(c->port, &c->bits, a1);
	handle_return(&c->object, counted);
	return open ? 0 : -EPIPE;
}
