/* Root, working directory, umask: see fs.h. */
#include "kernel/file/fs.h"

#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/file/path.h"
#include "kernel/ipc/handle.h"
#include "kernel/syscalls.h"
#include "mm/slab.h"

#define UMASK_DEFAULT 022U

static struct kmem_cache *fs_cache;

void fs_init(void)
{
	fs_cache = kmem_cache_create("fs_struct", sizeof(struct fs_struct), 0, SLAB_PANIC);
}

static struct fs_struct *fs_alloc(void)
{
	struct fs_struct *fs = kmem_cache_alloc(fs_cache, GFP_KERNEL);

	if (!fs)
		return NULL;
	spin_lock_init(&fs->lock, LOCK_fs);
	fs->users = 1;
	fs->umask = UMASK_DEFAULT;
	fs->root = fs->cwd = NULL;
	return fs;
}

/* The running task's own, made if it has none; NULL: no memory. */
static struct fs_struct *fs_own(void)
{
	if (!current->fs)
		current->fs = fs_alloc();
	return current->fs;
}

static void connection_put(struct connection *c)
{
	if (c)
		object_put(&c->object);
}

static struct connection *connection_get(struct connection *c)
{
	if (c)
		object_get(&c->object);
	return c;
}

static struct fs_struct *fs_copy(struct fs_struct *from)
{
	struct fs_struct *fs = fs_alloc();

	if (!fs)
		return NULL;
	spin_lock(&from->lock);
	fs->umask = from->umask;
	fs->root = connection_get(from->root);
	fs->cwd = connection_get(from->cwd);
	spin_unlock(&from->lock);
	return fs;
}

int fs_fork(struct task_struct *t, bool share)
{
	struct fs_struct *mine = share ? fs_own() : current->fs;

	if (!mine)
		return share ? -ENOMEM : 0;
	if (share) {
		atomic_inc(&mine->users);
		t->fs = mine;
		return 0;
	}
	t->fs = fs_copy(mine);
	return t->fs ? 0 : -ENOMEM;
}

void fs_exit(struct task_struct *t)
{
	struct fs_struct *fs = t->fs;

	t->fs = NULL;
	if (!fs || !atomic_dec_and_test(&fs->users))
		return;
	connection_put(fs->root);
	connection_put(fs->cwd);
	kmem_cache_free(fs_cache, fs);
}

/* `which`: a field of it. */
static struct connection *get(struct fs_struct *fs, struct connection **which)
{
	struct connection *c;

	spin_lock(&fs->lock);
	c = connection_get(*which);
	spin_unlock(&fs->lock);
	return c;
}

struct connection *fs_get_root(void)
{
	struct fs_struct *fs = current->fs;

	return fs ? get(fs, &fs->root) : NULL;
}

struct connection *fs_get_cwd(void)
{
	struct fs_struct *fs = current->fs;

	return fs ? get(fs, &fs->cwd) : NULL;
}

/* The caller's reference becomes the field's. */
static void replace(struct fs_struct *fs, struct connection **which, struct connection *c)
{
	struct connection *was;

	spin_lock(&fs->lock);
	was = *which;
	*which = c;
	spin_unlock(&fs->lock);
	connection_put(was);
}

int fs_set_cwd(struct connection *c)
{
	struct fs_struct *fs = fs_own();

	if (!fs) {
		connection_put(c);
		return -ENOMEM;
	}
	replace(fs, &fs->cwd, c);
	return 0;
}

u32 fs_umask(void)
{
	return current->fs ? READ_ONCE(current->fs->umask) : UMASK_DEFAULT;
}

SYSCALL(umask)
{
	struct fs_struct *fs = fs_own();
	u32 was;

	UNUSED_ARGS(a1, a2, a3, a4, a5);
	if (!fs)
		return -ENOMEM;
	spin_lock(&fs->lock);
	was = fs->umask;
	fs->umask = (u32)a0 & 0777;
	spin_unlock(&fs->lock);
	return was;
}

SYSCALL(fs_root)
{
	struct fs_struct *fs;
	struct connection *c = NULL;
	long ret;

	UNUSED_ARGS(a1, a2, a3, a4, a5);
	ret = (int)a0 == -1 ? 0 : fd_connection(a0, &c);
	if (ret)
		return ret;
	fs = fs_own();
	if (!fs) {
		connection_put(c);
		return -ENOMEM;
	}
	replace(fs, &fs->root, connection_get(c));
	replace(fs, &fs->cwd, c);
	return 0;
}
