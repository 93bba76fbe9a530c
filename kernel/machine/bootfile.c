/* The files of the boot archive, for whoever makes a file system of them: machine_bootfile. */
#include "arch/uaccess.h"
#include "kernel/abi/machine.h"
#include "kernel/base/errno.h"
#include "kernel/base/string.h"
#include "kernel/initramfs.h"
#include "kernel/ipc/handle.h"
#include "kernel/ipc/memory.h"
#include "kernel/machine/machine.h"
#include "kernel/syscalls.h"

static void describe(struct machine_bootfile *to, const struct initramfs_file *f)
{
	to->size = f->size;
	to->mode = f->mode;
	to->ino = f->ino;
	to->nlink = f->nlink;
	to->uid = f->uid;
	to->gid = f->gid;
	to->mtime = f->mtime;
	to->dev_major = f->dev_major;
	to->dev_minor = f->dev_minor;
	to->rdev_major = f->rdev_major;
	to->rdev_minor = f->rdev_minor;
	to->memory = -1;
	to->unused = 0;
}

/* to->memory gets a handle of the contents, if there are any. 0, -ENOMEM, -EMFILE. */
static int make_handle(struct machine_bootfile *to, const struct initramfs_file *f, u64 flags)
{
	struct memory_handle *h;
	int fd;

	if (!f->contents)
		return 0;
	/* Read-only: programs that run have these very pages mapped. */
	h = memory_handle_create(f->contents, true);
	if (!h)
		return -ENOMEM;
	fd = handle_install_new(&h->object, flags);
	if (fd < 0)
		return fd;
	to->memory = fd;
	return 0;
}

static int give_bootfile(const struct initramfs_file *f, struct machine_bootfile *info,
			 struct machine_bootfile __user *user, u64 flags)
{
	size_t n = strlen(f->name) + 1;
	int ret;

	if (n > info->name_room)
		return -ENAMETOOLONG;
	describe(info, f);
	ret = make_handle(info, f, flags);
	if (ret)
		return ret;
	ret = copy_to_user((char __user *)info->name, f->name, n);
	if (!ret)
		ret = copy_to_user(user, info, sizeof(*info));
	/* Nobody knows its number, so nobody would close it. */
	if (ret && info->memory >= 0)
		(void)handle_close((u64)info->memory);
	return ret;
}

SYSCALL(machine_bootfile)
{
	struct machine_bootfile __user *user = (struct machine_bootfile __user *)a2;
	const struct initramfs_file *f;
	struct machine_bootfile info;

	UNUSED_ARGS(a4, a5);
	if (a3 & ~(u64)MACHINE_CLOEXEC)
		return -EINVAL;
	if (!machine_is(a0))
		return -EBADF;
	if (copy_from_user(&info, user, sizeof(info)))
		return -EFAULT;
	f = initramfs_file(a1);
	return f ? RETRY_NOMEM(give_bootfile(f, &info, user, a3)) : -ENOENT;
}
