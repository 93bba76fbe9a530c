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

static struct memory_handle *memory_create(u64 bytes)
{
	struct memory_handle *h = kmem_cache_alloc(memory_cache, GFP_KERNEL);

	if (!h)
		return NULL;
	object_init(&h->object, OBJECT_MEMORY);
	h->memobj = memobj_create(ALIGN_UP(bytes, PAGE_SIZE) >> PAGE_SHIFT);
	if (!h->memobj) {
		kmem_cache_free(memory_cache, h);
		return NULL;
	}
	return h;
}

SYSCALL(memobj_create)
{
	struct memory_handle *h;

	UNUSED_ARGS(a2, a3, a4, a5);
	if (!a0 || a0 > USER_END || (a1 & ~(u64)IPC_CLOEXEC))
		return -EINVAL;
	h = memory_create(a0);
	return h ? handle_install_new(&h->object, a1) : -ENOMEM;
}

long memory_map(u64 fd, unsigned long addr, size_t len, unsigned long prot, unsigned long flags,
		u64 offset)
{
	struct object *o;
	long ret;

	if (flags & MAP_HUGETLB)
		return -EINVAL;
	o = handle_get(fd);
	if (!o)
		return -EBADF;
	if (o->type == OBJECT_MEMORY)
		ret = do_mmap_object(current->mm, addr, len, prot, flags,
				     container_of(o, struct memory_handle, object)->memobj, offset);
	else
		ret = -EACCES;
	object_put(o);
	return ret;
}
