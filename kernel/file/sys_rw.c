/*
 * read, write and their kin. One message for each, in most cases: a server that takes a part of what is written and
 * wants the rest says so (FS_REST).
 */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/file/call.h"
#include "kernel/ipc/handle.h"
#include "kernel/process.h"
#include "kernel/signal.h"
#include "kernel/syscalls.h"

/* What the server behind a pipe's or a terminal's descriptor says when nobody reads: a signal too, as in Linux. */
static noinline void broken_pipe(void)
{
	const struct siginfo info = {
		.signo = SIGPIPE,
		.code = SI_USER,
		.field = {(u32)current->group->tgid},
	};

	(void)signal_send(current->group, current, &info);
}

/* Takes `done` bytes off the beginning of what is sent. */
static void advance(struct ipc_segments *s, u64 done)
{
	s->bytes -= done;
	for (unsigned int i = 0; i < s->n && done; i++) {
		u64 part = MIN(s->array[i].bytes, done);

		s->array[i].addr += part;
		s->array[i].bytes -= part;
		done -= part;
	}
}

/*
 * Few bytes of one segment go in a word, which costs neither side a copy from memory. They stay in call->data, for who
 * wants them later or does not know of this. What is not there is found out on the long way.
 */
static __always_inline void short_begin(struct fs_call *call, bool write, u64 user, u64 bytes)
{
	if (!bytes || bytes > FS_SHORT_MAX)
		return;
	if (write)
		call->data.silent =
			!copy_from_user(&call->words[3], (const void __user *)user, bytes);
	else
		call->data.takes_small = ipc_small_room(call->data.in.array);
	if (call->data.silent || call->data.takes_small)
		call->words[0] |= FS_OP(0, FS_SHORT, 0);
}

/* What comes next goes the long way. */
static void short_end(struct fs_call *call)
{
	call->words[0] &= ~FS_OP(0, FS_SHORT, 0);
	call->words[3] = 0;
	call->data.silent = false;
}

/* The answer's word has what was read. */
static __always_inline long read_word(const struct fs_call *call, long bytes)
{
	if (!(FS_FLAGS_OF(call->words[0]) & FS_SHORT) || bytes > FS_SHORT_MAX)
		return -EIO;
	return copy_to_user((void __user *)call->data.in.array[0].addr, &call->reply[1],
			    (size_t)bytes)
		       ? -EFAULT
		       : bytes;
}

/* The server has taken `done` bytes and asks for the rest; what has been written counts, whatever comes then. */
static noinline long write_rest(u64 fd, struct fs_call *call, long done)
{
	long total = 0, status = done;

	short_end(call);
	for (;;) {
		u64 left = call->data.out.bytes;

		if (status < 0 || (u64)status > left) {
			if (status == -EPIPE)
				broken_pipe();
			return total;
		}
		total += status;
		if (call->reply[0] != FS_REST || !status || (u64)status == left)
			return total;
		advance(&call->data.out, (u64)status);
		call->words[1] -= (u64)status;
		if (call->words[2] != FS_CURRENT)
			call->words[2] += (u64)status;
		status = fs_call_fd(fd, call);
	}
}

static __always_inline long do_read(u64 fd, struct fs_call *call)
{
	long status;

	call->words[1] = call->data.in.bytes;
	call->interruptible = true;
	/* The log says nothing of a word. */
	call->reply[0] = 0;
	status = fs_call_fd(fd, call);
	if (unlikely(status > (long)call->data.in.bytes))
		return -EIO;
	return call->reply[0] == FS_IN_WORD && status > 0 ? read_word(call, status) : status;
}

static __always_inline long do_write(u64 fd, struct fs_call *call)
{
	long status;

	call->words[1] = call->data.out.bytes;
	call->interruptible = true;
	/* The log and most servers say nothing of more. */
	call->reply[0] = FS_DONE;
	status = fs_call_fd(fd, call);
	if (likely(status >= 0 && call->reply[0] != FS_REST))
		return likely(status <= (long)call->data.out.bytes) ? status : -EIO;
	if (status >= 0)
		return (u64)status <= call->data.out.bytes ? write_rest(fd, call, status) : -EIO;
	if (status == -EPIPE)
		broken_pipe();
	return status;
}

/* A range that no user has: but a descriptor that is none is said first. */
static noinline long bad_range(u64 fd)
{
	int ret = handle_get_cloexec((u32)fd);

	return ret < 0 ? ret : -EFAULT;
}

static __always_inline long rw(bool write, u64 fd, u64 user, u64 bytes, u64 offset)
{
	struct fs_call call;

	if (unlikely(bytes > USER_END || user > USER_END - bytes))
		return bad_range(fd);
	bytes = MIN(bytes, (u64)IPC_DATA_MAX);
	fs_call_init(&call, FS_OP(write ? FS_WRITE : FS_READ, 0, 0), 0, offset, 0);
	fs_add_segment(write ? &call.data.out : &call.data.in, user, bytes);
	short_begin(&call, write, user, bytes);
	return write ? do_write(fd, &call) : do_read(fd, &call);
}

SYSCALL(read)
{
	UNUSED_ARGS(a3, a4, a5);
	return rw(false, a0, a1, a2, FS_CURRENT);
}

SYSCALL(write)
{
	UNUSED_ARGS(a3, a4, a5);
	return rw(true, a0, a1, a2, FS_CURRENT);
}

SYSCALL(pread64)
{
	UNUSED_ARGS(a4, a5);
	return (s64)a3 < 0 ? -EINVAL : rw(false, a0, a1, a2, a3);
}

SYSCALL(pwrite64)
{
	UNUSED_ARGS(a4, a5);
	return (s64)a3 < 0 ? -EINVAL : rw(true, a0, a1, a2, a3);
}

/* --- several segments --- */

static long rw_vector(bool write, u64 fd, u64 user, u64 n, u64 offset)
{
	struct fs_call call;
	long ret;

	if (handle_get_cloexec((u32)fd) < 0)
		return -EBADF;
	fs_call_init(&call, FS_OP(write ? FS_WRITE : FS_READ, 0, 0), 0, offset, 0);
	ret = segments_copy(write ? &call.data.out : &call.data.in, user, n, true);
	if (!ret)
		ret = write ? do_write(fd, &call) : do_read(fd, &call);
	fs_call_end(&call);
	return ret;
}

/* `current_if`: an offset that means the description's own. */
static long rw_vector_at(bool write, u64 fd, u64 user, u64 n, u64 offset)
{
	return (s64)offset < 0 ? -EINVAL : rw_vector(write, fd, user, n, offset);
}

/* preadv2 and pwritev2: of their flags there are none, and offset -1 is the description's own. */
static long rw_vector_flags(bool write, u64 fd, u64 user, u64 n, u64 offset, u64 flags)
{
	if ((u32)flags)
		return -EOPNOTSUPP;
	return offset == FS_CURRENT ? rw_vector(write, fd, user, n, FS_CURRENT)
				    : rw_vector_at(write, fd, user, n, offset);
}

SYSCALL(readv)
{
	UNUSED_ARGS(a3, a4, a5);
	return rw_vector(false, a0, a1, a2, FS_CURRENT);
}

SYSCALL(writev)
{
	UNUSED_ARGS(a3, a4, a5);
	return rw_vector(true, a0, a1, a2, FS_CURRENT);
}

SYSCALL(preadv)
{
	UNUSED_ARGS(a4, a5);
	return rw_vector_at(false, a0, a1, a2, a3);
}

SYSCALL(pwritev)
{
	UNUSED_ARGS(a4, a5);
	return rw_vector_at(true, a0, a1, a2, a3);
}

SYSCALL(preadv2)
{
	UNUSED_ARGS(a4);
	return rw_vector_flags(false, a0, a1, a2, a3, a5);
}

SYSCALL(pwritev2)
{
	UNUSED_ARGS(a4);
	return rw_vector_flags(true, a0, a1, a2, a3, a5);
}
