/* Memory objects behind handles: mm/memobj.h has the objects. */
#ifndef KERNEL_IPC_MEMORY_H
#define KERNEL_IPC_MEMORY_H

#include "kernel/ipc/object.h"

struct memobj;

struct memory_handle {
	struct object object;
	struct memobj *memobj; /* constant; one reference */
};

/* Boot. */
void memory_handle_init(void);

void memory_handle_free(struct memory_handle *h);

/*
 * mmap(2) of what handle `fd` names, from byte `offset` on. The address, or -errno: -EBADF: no such handle,
 * -EACCES: it is no memory object.
 */
long memory_map(u64 fd, unsigned long addr, size_t len, unsigned long prot, unsigned long flags,
		u64 offset);

#endif
