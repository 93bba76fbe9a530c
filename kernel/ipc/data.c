/* Data and handles of messages: see data.h. */
#include "kernel/ipc/data.h"

#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/racepoint.h"
#include "kernel/ipc/handle.h"
#include "mm/mm.h"
#include "mm/slab.h"

/* At a time: a client that wants to leave waits no longer than this takes. */
#define COPY_STEP KiB(64)

/* Adds up what segment `seg` of a user has. 0; -EINVAL, -EFAULT. */
static int segment_check(struct ipc_segments *s, struct ipc_segment *seg, bool clip)
{
	u64 room = IPC_DATA_MAX - s->bytes;

	if (seg->bytes > (clip ? (u64)INT64_MAX : room))
		return -EINVAL;
	seg->bytes = MIN(seg->bytes, room);
	/* What lies higher would be taken for the kernel's own. */
	if (seg->bytes > USER_END || (seg->addr > USER_END - seg->bytes))
		return -EFAULT;
	s->bytes += seg->bytes;
	return 0;
}

int segments_copy(struct ipc_segments *s, u64 user, u64 n, bool clip)
{
	int ret = 0;

	s->array = s->small;
	s->n = 0;
	s->bytes = 0;
	if (n > IPC_SEGMENTS_MAX)
		return -EINVAL;
	if (n > SEGMENTS_SMALL)
		s->array = kmalloc(n * sizeof(*s->array), GFP_KERNEL);
	if (!s->array)
		return -ENOMEM;
	if (n && copy_from_user(s->array, (const void __user *)user, n * sizeof(*s->array)))
		return -EFAULT;
	s->n = (unsigned int)n;
	for (unsigned int i = 0; i < n && !ret; i++)
		ret = segment_check(s, &s->array[i], clip);
	return ret;
}

void segments_free(struct ipc_segments *s)
{
	if (s->array != s->small)
		kfree(s->array);
}

static bool is_kernels(const struct ipc_segment *s)
{
	return s->addr >= USER_END;
}

/* What is not there is an error of the receiver's copy, as with more bytes. */
void ipc_small_fill(struct ipc_data *d)
{
	u64 at = 0;

	for (unsigned int i = 0; i < d->out.n; i++) {
		const struct ipc_segment *s = &d->out.array[i];

		if (unlikely(is_kernels(s)))
			memcpy(d->box.data + at, (const void *)s->addr, s->bytes);
		else if (copy_from_user(d->box.data + at, (const void __user *)s->addr, s->bytes))
			return;
		at += s->bytes;
	}
	d->box.bytes = at;
}

/*
 * Whether a reply's few bytes can be written to the segment when the call is over: a server that has been told that
 * they were taken hears nothing else then. Only the program itself could still prevent it, by taking its memory away.
 */
bool ipc_small_room(const struct ipc_segment *s)
{
	u64 last = s->addr + MIN(s->bytes, (u64)IPC_SMALL) - 1;

	if (!s->bytes)
		return false;
	if (unlikely(is_kernels(s)))
		return true;
	if (unlikely((s->addr & PAGE_MASK) != (last & PAGE_MASK)) &&
	    probe_user_write((void __user *)last))
		return false;
	return !probe_user_write((void __user *)s->addr);
}

int ipc_small_end(struct ipc_data *d)
{
	const struct ipc_segment *s = d->in.array;

	if (unlikely(is_kernels(s))) {
		memcpy((void *)s->addr, d->box.data, d->box.bytes);
		return 0;
	}
	return copy_to_user((void __user *)s->addr, d->box.data, d->box.bytes);
}

/* The whole of [user, user + bytes) and [remote, remote + bytes), in steps. */
static long copy_segment(struct task_struct *client, unsigned long remote, unsigned long user,
			 u64 bytes, bool in)
{
	for (u64 done = 0; done < bytes;) {
		u64 part = MIN(bytes - done, COPY_STEP);
		int ret;

		RACE_POINT(ipc_copying);
		if (READ_ONCE(client->ipc.leaving))
			return -ESRCH;
		if (remote >= USER_END)
			ret = mm_copy_kernel((char *)remote + done, current->mm, user + done, part,
					     in);
		else
			ret = mm_copy_remote(client->mm, remote + done, current->mm, user + done,
					     part, in);
		if (ret)
			return ret;
		done += part;
	}
	return 0;
}

static long copy_segments(struct task_struct *client, const struct ipc_segments *s, u64 offset,
			  u64 user, u64 bytes, bool in)
{
	u64 done = 0;

	for (unsigned int i = 0; i < s->n && done < bytes; i++) {
		const struct ipc_segment *seg = &s->array[i];
		u64 part;
		long ret;

		if (offset >= seg->bytes) {
			offset -= seg->bytes;
			continue;
		}
		part = MIN(seg->bytes - offset, bytes - done);
		ret = copy_segment(client, seg->addr + offset, user + done, part, in);
		if (ret)
			return ret;
		done += part;
		offset = 0;
	}
	return (long)done;
}

long ipc_copy_out(struct task_struct *client, u64 offset, u64 user, u64 bytes)
{
	const struct ipc_data *d = client->ipc.data;

	return d ? copy_segments(client, &d->out, offset, user, bytes, false) : 0;
}

long ipc_copy_in(struct task_struct *client, u64 offset, u64 user, u64 bytes)
{
	const struct ipc_data *d = client->ipc.data;

	return d ? copy_segments(client, &d->in, offset, user, bytes, true) : 0;
}

int ipc_get_handles(struct object **objects, const int32_t *fds, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct object *o = handle_get((u32)fds[i]);
		bool pass = o && object_can_dup(o);

		if (pass) {
			objects[i] = o;
			continue;
		}
		ipc_put_handles(objects, i);
		if (!o)
			return -EBADF;
		object_put(o);
		return -EPERM;
	}
	return 0;
}

void ipc_put_handles(struct object *const *objects, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		object_put(objects[i]);
}
