/* Calls that make descriptors of paths, and the working directory. */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/file/fs.h"
#include "kernel/file/path.h"
#include "kernel/file/stat.h"
#include "kernel/ipc/handle.h"
#include "kernel/syscalls.h"

#define MODE_BITS 07777U

/* What came becomes descriptors. 0, or -errno and nothing has. -EIO: it is not as many. */
static long install(struct ipc_data *d, unsigned int n, int *fds, bool cloexec)
{
	long ret;

	if (d->nr_got != n)
		return -EIO;
	ret = handle_install_all(d->got, n, fds, cloexec);
	if (!ret)
		d->nr_got = 0;
	return ret;
}

static long open_at(u64 dirfd, u64 path, u64 flags, u64 mode)
{
	bool makes = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
	struct path_call p;
	int fd = -1;
	long ret;

	ret = path_begin(&p, dirfd, path, 0);
	if (!ret) {
		mode = makes ? mode & MODE_BITS & ~(u64)fs_umask() : 0;
		/* What makes or empties a file is not begun twice. */
		p.interruptible = !makes && !(flags & O_TRUNC);
		ret = path_send(&p, FS_OPEN, 0, (u32)flags, mode, 0);
	}
	if (ret >= 0)
		ret = install(&p.call.data, 1, &fd, flags & O_CLOEXEC);
	path_end(&p);
	return ret ? ret : fd;
}

SYSCALL(open)
{
	UNUSED_ARGS(a3, a4, a5);
	return open_at((u64)AT_FDCWD, a0, a1, a2);
}

SYSCALL(openat)
{
	UNUSED_ARGS(a4, a5);
	return open_at(a0, a1, a2, a3);
}

SYSCALL(creat)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return open_at((u64)AT_FDCWD, a0, O_CREAT | O_WRONLY | O_TRUNC, a1);
}

/* --- the working directory --- */

SYSCALL(chdir)
{
	struct path_call p;
	long ret;

	UNUSED_ARGS(a1, a2, a3, a4, a5);
	ret = path_begin(&p, (u64)AT_FDCWD, a0, 0);
	if (!ret)
		ret = path_send(&p, FS_OPEN, 0, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0);
	if (ret >= 0) {
		struct ipc_data *d = &p.call.data;

		ret = -EIO;
		if (d->nr_got == 1 && d->got[0]->type == OBJECT_CONNECTION) {
			d->nr_got = 0;
			ret = fs_set_cwd(container_of(d->got[0], struct connection, object));
		}
	}
	path_end(&p);
	return ret;
}

SYSCALL(fchdir)
{
	struct connection *c;
	struct fs_call call;
	struct stat st = {0};
	long ret;

	UNUSED_ARGS(a1, a2, a3, a4, a5);
	ret = fd_connection(a0, &c);
	if (ret)
		return ret;
	fs_call_init(&call, FS_OP(FS_STAT, 0, 0), 0, 0, 0);
	fs_receive_to(&call, (u64)&st, sizeof(st));
	ret = fs_send(c, &call);
	if (!ret && (st.mode & S_IFMT) == S_IFDIR)
		return fs_set_cwd(c);
	object_put(&c->object);
	return ret < 0 ? ret : -ENOTDIR;
}

/* The bytes with the terminator, as Linux's call has it. */
SYSCALL(getcwd)
{
	struct connection *c;
	struct fs_call call;
	long ret;

	UNUSED_ARGS(a2, a3, a4, a5);
	if (!a1)
		return -ERANGE;
	if (a1 > USER_END || a0 > USER_END - a1)
		return -EFAULT;
	c = fs_get_cwd();
	if (!c)
		return -ENOENT;
	fs_call_init(&call, FS_OP(FS_GETPATH, 0, 0), a1, 0, 0);
	fs_receive_to(&call, a0, MIN(a1, (u64)FS_PATH_MAX));
	ret = fs_send(c, &call);
	object_put(&c->object);
	return ret <= (long)call.data.in.bytes ? ret : -EIO;
}

/* A directory's connection does not know that it is to be somebody's root, and would lead out of it by "..". */
SYSCALL(chroot)
{
	u64 bytes;
	char *path;

	UNUSED_ARGS(a1, a2, a3, a4, a5);
	path = string_copy(a0, &bytes, GFP_KERNEL);
	if (IS_ERR(path))
		return PTR_ERR(path);
	string_free(path);
	return bytes ? -EPERM : -ENOENT;
}

/* --- pipes: a file of the root's that answers with two ends --- */

static long make_pipe(u64 user, u64 flags)
{
	int fds[2];
	struct path_call p;
	long ret;

	if (flags & ~(u64)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	/* An address that is nobody's is said before there is a pipe. */
	if (user > USER_END - sizeof(fds))
		return -EFAULT;
	ret = path_begin_kernel(&p, (u64)AT_FDCWD, "/dev/pipe");
	if (!ret)
		ret = path_send(&p, FS_PIPE, 0, flags, 0, 0);
	if (ret >= 0)
		ret = install(&p.call.data, 2, fds, flags & O_CLOEXEC);
	path_end(&p);
	if (ret || !copy_to_user((void __user *)user, fds, sizeof(fds)))
		return ret;
	(void)handle_close((u64)fds[0]);
	(void)handle_close((u64)fds[1]);
	return -EFAULT;
}

SYSCALL(pipe)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return make_pipe(a0, 0);
}

SYSCALL(pipe2)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return make_pipe(a0, (u32)a1);
}
