/*
 * The kernel's log as a file: descriptors 0 to 2 until there is a console server. It answers the messages of the file
 * layer itself; who reads is at its end.
 */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/printk.h"
#include "kernel/base/string.h"
#include "kernel/file/call.h"
#include "kernel/file/poll.h"
#include "kernel/file/stat.h"

struct log_line {
	size_t n;
	char buf[512];
};

/* Whole lines where they fit, so that CPUs do not mix theirs. */
static int log_add(struct log_line *line, const char __user *src, size_t n)
{
	while (n) {
		size_t part = MIN(n, sizeof(line->buf) - line->n);

		if (copy_from_user(line->buf + line->n, src, part))
			return -EFAULT;
		line->n += part;
		src += part;
		n -= part;
		if (line->n == sizeof(line->buf)) {
			printk_write(line->buf, line->n);
			line->n = 0;
		}
	}
	return 0;
}

static long log_write(const struct ipc_segments *out)
{
	struct log_line line = {.n = 0};
	long total = 0;
	int ret = 0;

	for (unsigned int i = 0; i < out->n && !ret; i++) {
		ret = log_add(&line, (const char __user *)out->array[i].addr, out->array[i].bytes);
		if (!ret)
			total += (long)out->array[i].bytes;
	}
	if (line.n)
		printk_write(line.buf, line.n);
	return total ? total : ret;
}

/* As /dev/console has it. Into memory of the kernel's own. */
static long log_stat(const struct ipc_segments *in)
{
	struct stat *st = (struct stat *)in->array[0].addr;

	ASSERT(in->n == 1 && in->bytes >= sizeof(*st) && in->array[0].addr >= USER_END);
	memset(st, 0, sizeof(*st));
	st->mode = S_IFCHR | 0600;
	st->nlink = 1;
	st->rdev = 5 << 8 | 1;
	st->blksize = PAGE_SIZE;
	return 0;
}

long log_answer(struct fs_call *call)
{
	switch (FS_OP_OF(call->words[0])) {
	case FS_READ:
		return call->words[2] == FS_CURRENT ? 0 : -ESPIPE;
	case FS_WRITE:
		return call->words[2] == FS_CURRENT ? log_write(&call->data.out) : -ESPIPE;
	case FS_STAT:
		return log_stat(&call->data.in);
	case FS_POLL:
		return (long)(call->words[1] & (POLLIN | POLLOUT));
	case FS_GETFL:
		return O_RDWR;
	case FS_SETFL:
		return 0;
	case FS_SEEK:
		return -ESPIPE;
	case FS_READDIR:
		return -ENOTDIR;
	case FS_IOCTL:
		return -ENOTTY;
	case FS_CHMOD:
	case FS_CHOWN:
	case FS_UTIMES:
		return -EPERM;
	case FS_MAP:
		return -ENODEV;
	default:
		return -EINVAL;
	}
}
