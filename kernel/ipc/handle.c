/* Handle tables: see handle.h. */
#include "kernel/ipc/handle.h"

#include "kernel/abi/ipc.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"
#include "kernel/rlimit.h"
#include "mm/slab.h"

static struct kmem_cache *table_cache;
static struct object kernel_log = {.type = OBJECT_LOG};

void handle_init(void)
{
	table_cache =
		kmem_cache_create("handle_table", sizeof(struct handle_table), 64, SLAB_PANIC);
}

/* Everything but small[]. */
static struct handle_table *table_alloc(void)
{
	struct handle_table *t = kmem_cache_alloc(table_cache, GFP_KERNEL);

	if (!t)
		return NULL;
	spin_lock_init(&t->lock, LOCK_handles);
	t->users = 1;
	t->size = HANDLES_SMALL;
	t->used = t->free = 0;
	t->slots = t->small;
	return t;
}

static void table_free(struct handle_table *t)
{
	if (t->slots != t->small)
		kfree(t->slots);
	kmem_cache_free(table_cache, t);
}

struct handle_table *handles_create(void)
{
	struct handle_table *t = table_alloc();

	if (!t)
		return NULL;
	memset(t->small, 0, sizeof(t->small));
	for (t->used = 0; t->used < 3; t->used++)
		t->slots[t->used] = (unsigned long)&kernel_log;
	t->free = t->used;
	return t;
}

/* --- slots; the table is locked, or has the running task as its only user --- */

static bool slot_taken(const struct handle_table *t, u32 fd)
{
	return fd < t->used && t->slots[fd];
}

/* No new handle of the running process is this or above. */
static u64 handle_limit(void)
{
	return MIN(rlimit_of(current->group, RLIMIT_NOFILE), (u64)HANDLES_MAX);
}

/* Room for handle `fd`. 0 or -ENOMEM. */
static int table_reach(struct handle_table *t, u32 fd)
{
	u32 size = t->size;
	unsigned long *slots;

	ASSERT(fd < HANDLES_MAX);
	if (fd < size)
		return 0;
	while (size <= fd)
		size *= 4;
	slots = kmalloc(size * sizeof(*slots), GFP_ZERO);
	if (!slots)
		return -ENOMEM;
	memcpy(slots, t->slots, t->used * sizeof(*slots));
	if (t->slots != t->small)
		kfree(t->slots);
	t->slots = slots;
	t->size = size;
	return 0;
}

static u32 next_free(const struct handle_table *t, u32 from)
{
	from = MAX(from, t->free);
	while (slot_taken(t, from))
		from++;
	return from;
}

static void slot_fill(struct handle_table *t, u32 fd, struct object *o, bool cloexec)
{
	ASSERT(fd < t->size && !t->slots[fd]);
	t->slots[fd] = (unsigned long)o | (cloexec ? HANDLE_CLOEXEC : 0);
	t->used = MAX(t->used, fd + 1);
	if (fd == t->free)
		t->free = fd + 1;
}

/* What it named, or NULL. */
static struct object *slot_empty(struct handle_table *t, u32 fd)
{
	struct object *o = slot_taken(t, fd) ? slot_object(t->slots[fd]) : NULL;

	if (!o)
		return NULL;
	t->slots[fd] = 0;
	t->free = MIN(t->free, fd);
	while (t->used && !t->slots[t->used - 1])
		t->used--;
	return o;
}

/* --- the life of a table --- */

/* A copy, for another process. The source's lock is held: nobody may close what is being counted. */
static struct handle_table *table_copy(const struct handle_table *from)
{
	struct handle_table *t = table_alloc();

	if (!t)
		return NULL;
	if (from->used > HANDLES_SMALL && table_reach(t, from->used - 1)) {
		table_free(t);
		return NULL;
	}
	t->used = from->used;
	t->free = from->free;
	for (u32 fd = 0; fd < from->used; fd++) {
		unsigned long slot = from->slots[fd];

		if (slot && unlikely(!object_inherit(slot_object(slot)))) {
			slot = 0;
			t->free = MIN(t->free, fd);
		}
		t->slots[fd] = slot;
	}
	for (u32 fd = from->used; fd < HANDLES_SMALL; fd++)
		t->small[fd] = 0;
	return t;
}

int handles_fork(struct task_struct *t, bool share)
{
	struct handle_table *mine = current->handles;

	if (!mine)
		return 0;
	if (share) {
		atomic_inc(&mine->users);
		t->handles = mine;
		return 0;
	}
	spin_lock(&mine->lock);
	t->handles = table_copy(mine);
	spin_unlock(&mine->lock);
	return t->handles ? 0 : -ENOMEM;
}

/* One user less; the last one closes all. */
static void table_release(struct handle_table *t)
{
	if (!atomic_dec_and_test(&t->users))
		return;
	for (u32 fd = 0; fd < t->used; fd++) {
		struct object *o = slot_object(t->slots[fd]);

		if (o)
			object_close(o);
	}
	table_free(t);
}

void handles_exit(struct task_struct *task)
{
	struct handle_table *t = task->handles;

	if (!t)
		return;
	task->handles = NULL;
	table_release(t);
}

/* --- the running task's handles --- */

struct object *handle_get(u64 fd)
{
	struct handle_table *t = current->handles;
	struct object *o;

	spin_lock(&t->lock);
	o = fd < t->used ? slot_object(t->slots[fd]) : NULL;
	if (o)
		object_get(o);
	spin_unlock(&t->lock);
	return o;
}

int handle_install(struct object *o, u32 min, bool cloexec)
{
	struct handle_table *t = current->handles;
	int ret;
	u32 fd;

	spin_lock(&t->lock);
	fd = next_free(t, min);
	ret = fd < handle_limit() ? table_reach(t, fd) : -EMFILE;
	if (!ret)
		slot_fill(t, fd, o, cloexec);
	spin_unlock(&t->lock);
	return ret ? ret : (int)fd;
}

int handle_install_new(struct object *o, u64 flags)
{
	int fd = handle_install(o, 0, flags & IPC_CLOEXEC);

	if (fd < 0)
		object_close(o);
	return fd;
}

int handle_install_all(struct object *const *objects, unsigned int n, int *fds, bool cloexec)
{
	struct handle_table *t = current->handles;
	unsigned int done;
	int ret = 0;

	spin_lock(&t->lock);
	for (done = 0; done < n; done++) {
		u32 fd = next_free(t, 0);

		ret = fd < handle_limit() ? table_reach(t, fd) : -EMFILE;
		if (ret)
			break;
		slot_fill(t, fd, objects[done], cloexec);
		fds[done] = (int)fd;
	}
	/* All or none: nobody has seen them, for the lock is held. */
	while (ret && done)
		(void)slot_empty(t, (u32)fds[--done]);
	spin_unlock(&t->lock);
	return ret;
}

int handle_close(u64 fd)
{
	struct handle_table *t = current->handles;
	struct object *o;

	if (fd >= HANDLES_MAX)
		return -EBADF;
	spin_lock(&t->lock);
	o = slot_empty(t, (u32)fd);
	spin_unlock(&t->lock);
	if (!o)
		return -EBADF;
	object_close(o);
	return 0;
}

void handle_close_range(u32 first, u32 last)
{
	for (u32 fd = first; fd <= last && fd < READ_ONCE(current->handles->used); fd++)
		(void)handle_close(fd);
}

void handle_cloexec_range(u32 first, u32 last)
{
	struct handle_table *t = current->handles;

	spin_lock(&t->lock);
	for (u32 fd = first; fd <= last && fd < t->used; fd++)
		if (t->slots[fd])
			t->slots[fd] |= HANDLE_CLOEXEC;
	spin_unlock(&t->lock);
}

int handle_dup(u64 fd, u64 min, bool cloexec)
{
	struct object *o = handle_get(fd);
	int ret;

	if (!o)
		return -EBADF;
	ret = (!min || min < handle_limit()) && object_can_dup(o)
		      ? handle_install(o, (u32)min, cloexec)
		      : -EINVAL;
	if (ret < 0)
		object_put(o);
	return ret;
}

int handle_dup_to(u64 fd, u64 to, bool cloexec)
{
	struct handle_table *t = current->handles;
	struct object *o = handle_get(fd), *was = NULL;
	int ret = -EBADF;

	if (!o)
		return -EBADF;
	if (to < handle_limit()) {
		spin_lock(&t->lock);
		ret = object_can_dup(o) ? table_reach(t, (u32)to) : -EINVAL;
		if (!ret) {
			was = slot_empty(t, (u32)to);
			slot_fill(t, (u32)to, o, cloexec);
			ret = (int)to;
		}
		spin_unlock(&t->lock);
	}
	if (ret < 0)
		object_put(o);
	if (was)
		object_close(was);
	return ret;
}

int handle_get_cloexec(u64 fd)
{
	struct handle_table *t = current->handles;
	unsigned long slot;

	spin_lock(&t->lock);
	slot = fd < t->used ? t->slots[fd] : 0;
	spin_unlock(&t->lock);
	return slot ? (int)(slot & HANDLE_CLOEXEC) : -EBADF;
}

int handle_set_cloexec(u64 fd, bool cloexec)
{
	struct handle_table *t = current->handles;
	int ret = -EBADF;

	spin_lock(&t->lock);
	if (fd < HANDLES_MAX && slot_taken(t, (u32)fd)) {
		t->slots[fd] = (t->slots[fd] & ~HANDLE_CLOEXEC) | (cloexec ? HANDLE_CLOEXEC : 0);
		ret = 0;
	}
	spin_unlock(&t->lock);
	return ret;
}

unsigned int handle_count(void)
{
	struct handle_table *t = current->handles;
	unsigned int n = 0;

	spin_lock(&t->lock);
	for (u32 fd = 0; fd < t->used; fd++)
		n += t->slots[fd] != 0;
	spin_unlock(&t->lock);
	return n;
}

/* --- exec --- */

int handles_unshare(void)
{
	struct handle_table *old = current->handles, *t;

	if (READ_ONCE(old->users) == 1)
		return 0;
	spin_lock(&old->lock);
	t = table_copy(old);
	spin_unlock(&old->lock);
	if (!t)
		return -ENOMEM;
	current->handles = t;
	table_release(old);
	return 0;
}

void handles_exec(void)
{
	struct handle_table *t = current->handles;

	for (u32 fd = 0; fd < t->used; fd++)
		if (t->slots[fd] & HANDLE_CLOEXEC)
			(void)handle_close(fd);
}
