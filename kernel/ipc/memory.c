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
	return h ? handle_install_new(&h->object, a1) : -ENOMEM;
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
