/* Memory objects behind handles: mm/memobj.h has the objects. */
#ifndef KERNEL_IPC_MEMORY_H
#define KERNEL_IPC_MEMORY_H

#include "kernel/ipc/object.h"

struct memobj;

struct memory_handle {
	struct object object;
	struct memobj *memobj; /* constant; one reference */
	bool read_only;        /* constant: no mapping by it can change the object */
};

/* Boot. */
void memory_handle_init(void);

/* With a reference of its own to `memobj`. One reference, the caller's; NULL: no memory. */
struct memory_handle *memory_handle_create(struct memobj *memobj, bool read_only);

void memory_handle_free(struct memory_handle *h);

/*
 * mmap(2) of what handle `fd` names, from byte `offset` on. The address, or -errno: -EBADF: no such handle,
 * -EACCES: it is no memory object, or may not be mapped so.
 */
long memory_map(u64 fd, unsigned long addr, size_t len, unsigned long prot, unsigned long flags,
		u64 offset);

#endif
