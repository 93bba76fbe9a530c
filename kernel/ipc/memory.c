/* Memory objects behind handles: see memory.h. */
#include "kernel/ipc/memory.h"

#include "kernel/base/errno.h"
#include "kernel/ipc/handle.h"
#include "kernel/syscalls.h"
#include "kernel/abi/ipc.h"
#include "mm/memobj.h"
#include "mm/mm.h"
#include "mm/slab.h"

static struct kmem_cache *memory_cache;

void memory_handle_init(void)
{
	memory_cache =
		kmem_cache_create("memory_handle", sizeof(struct memory_handle), 0, SLAB_PANIC);
}

void memory_handle_free(struct memory_handle *h)
{
	memobj_put(h->memobj);
	kmem_cache_free(memory_cache, h);
}

struct memory_handle *memory_handle_create(struct memobj *memobj, bool read_only)
{
	struct memory_handle *h = kmem_cache_alloc(memory_cache, GFP_KERNEL);

	if (!h)
		return NULL;
	object_init(&h->object, OBJECT_MEMORY);
	memobj_get(memobj);
	h->memobj = memobj;
	h->read_only = read_only;
	h->moves_end = false;
	return h;
}

SYSCALL(memobj_create)
{
	struct memory_handle *h;
	struct memobj *memobj;

	UNUSED_ARGS(a2, a3, a4, a5);
	if (!a0 || a0 > USER_END || (a1 & ~(u64)IPC_CLOEXEC))
		return -EINVAL;
	memobj = memobj_create(ALIGN_UP(a0, PAGE_SIZE) >> PAGE_SHIFT);
	if (!memobj)
		return -ENOMEM;
	h = memory_handle_create(memobj, false);
	memobj_put(memobj);
	if (!h)
		return -ENOMEM;
	h->moves_end = true;
	return handle_install_new(&h->object, a1);
}

/* What the descriptor names, with a reference; NULL: it is no memory object. */
static struct memory_handle *memory_get(u64 fd)
{
	struct object *o = handle_get((u32)fd);
	struct memory_handle *h = o ? memory_of(o) : NULL;

	if (o && !h)
		object_put(o);
	return h;
}

SYSCALL(memobj_end)
{
	struct memory_handle *h = memory_get(a0);
	u64 pages = ALIGN_UP(a1, PAGE_SIZE) >> PAGE_SHIFT;
	long ret = 0;

	UNUSED_ARGS(a2, a3, a4, a5);
	if (!h)
		return -EBADF;
	if (!h->moves_end)
		ret = -EPERM;
	else if (a1 > USER_END || pages > memobj_capacity(h->memobj))
		ret = -EINVAL;
	else
		memobj_set_end(h->memobj, pages);
	object_put(&h->object);
	return ret;
}

SYSCALL(memobj_view)
{
	struct memory_handle *h, *view;

	UNUSED_ARGS(a2, a3, a4, a5);
	if (a1 & ~(u64)(IPC_CLOEXEC | MEMOBJ_READ_ONLY))
		return -EINVAL;
	h = memory_get(a0);
	if (!h)
		return -EBADF;
	view = memory_handle_create(h->memobj, h->read_only || (a1 & MEMOBJ_READ_ONLY));
	object_put(&h->object);
	return view ? handle_install_new(&view->object, a1 & IPC_CLOEXEC) : -ENOMEM;
}

long memory_map(const struct memory_handle *h, unsigned long addr, size_t len, unsigned long prot,
		unsigned long flags, u64 offset)
{
	/* There is nothing that a private mapping could copy. */
	if (memobj_is_device(h->memobj) && (flags & MAP_TYPE) != MAP_SHARED)
		return -EINVAL;
	/* A handle that cannot change its object. */
	if (h->read_only)
		flags |= MAP_NEVER_WRITE;
	return do_mmap_object(current->mm, addr, len, prot, flags, h->memobj, offset);
}
