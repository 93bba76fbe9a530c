/* Memory objects behind handles: mm/memobj.h has the objects. */
#ifndef KERNEL_IPC_MEMORY_H
#define KERNEL_IPC_MEMORY_H

#include "kernel/ipc/object.h"

struct memobj;

struct memory_handle {
	struct object object;
	struct memobj *memobj; /* constant; one reference */
	bool read_only;        /* constant: no mapping by it can change the object */
	bool moves_end;        /* constant */
};

/* Boot. */
void memory_handle_init(void);

/* With a reference of its own to `memobj`, whose end it does not move. One reference, the caller's; NULL: no memory. */
struct memory_handle *memory_handle_create(struct memobj *memobj, bool read_only);

/* What `o` is, or NULL. */
static inline struct memory_handle *memory_of(struct object *o)
{
	return o->type == OBJECT_MEMORY ? container_of(o, struct memory_handle, object) : NULL;
}

void memory_handle_free(struct memory_handle *h);

/* mmap(2) of the object, from byte `offset` on. The address, or -errno: -EACCES: it may not be mapped so. */
long memory_map(const struct memory_handle *h, unsigned long addr, size_t len, unsigned long prot,
		unsigned long flags, u64 offset);

#endif
