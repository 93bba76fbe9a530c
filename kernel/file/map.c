/*
 * Mapping files: see map.h. The server gives the memory object that has the file's pages, and the mapping is of
 * that; nothing of the server is asked again.
 */
#include "kernel/file/map.h"

#include "kernel/base/errno.h"
#include "kernel/file/call.h"
#include "kernel/ipc/handle.h"
#include "kernel/ipc/memory.h"
#include "mm/mm.h"

#define PROT_ALL (VMA_READ | VMA_WRITE | VMA_EXEC)

struct mapping {
	unsigned long addr;
	size_t len;
	unsigned long prot, flags;
	u64 offset;
};

static long map_memory(const struct memory_handle *h, const struct mapping *m)
{
	return memory_map(h, m->addr, m->len, m->prot, m->flags, m->offset);
}

/*
 * A shared mapping that may not be written now: may it be made writable later? Only if the descriptor could write.
 * The flags to be added, or -errno.
 */
static long later_rights(struct connection *c, const struct mapping *m)
{
	struct fs_call call;
	long fl;

	if ((m->flags & MAP_TYPE) == MAP_PRIVATE || (m->prot & VMA_WRITE))
		return 0;
	fs_call_init(&call, FS_OP(FS_GETFL, 0, 0), 0, 0, 0);
	fl = fs_send(c, &call);
	if (fl < 0)
		return fl;
	return (fl & O_ACCMODE) == O_RDWR ? 0 : (long)MAP_NEVER_WRITE;
}

static long map_connection(struct connection *c, struct mapping *m)
{
	bool shared = (m->flags & MAP_TYPE) != MAP_PRIVATE;
	const struct memory_handle *h;
	struct fs_call call;
	long ret = later_rights(c, m);

	if (ret < 0)
		return ret;
	m->flags |= (unsigned long)ret;
	fs_call_init(&call, FS_OP(FS_MAP, 0, 0),
		     (m->prot & PROT_ALL) | (shared ? FS_MAP_SHARED : 0), 0, 0);
	call.data.room = 1;
	ret = fs_send(c, &call);
	if (!ret) {
		h = call.data.nr_got ? memory_of(call.data.got[0]) : NULL;
		ret = h ? map_memory(h, m) : -EIO;
	}
	fs_call_end(&call);
	return ret;
}

static long map_object(struct object *o, struct mapping *m)
{
	switch (o->type) {
	case OBJECT_MEMORY:
		return map_memory(memory_of(o), m);
	case OBJECT_CONNECTION:
		return map_connection(container_of(o, struct connection, object), m);
	case OBJECT_LOG:
		return -ENODEV;
	default:
		return -EACCES;
	}
}

long file_map(u64 fd, unsigned long addr, size_t len, unsigned long prot, unsigned long flags,
	      u64 offset)
{
	struct mapping m = {addr, len, prot, flags, offset};
	struct object *o;
	long ret;

	if (flags & MAP_HUGETLB)
		return -EINVAL;
	o = handle_get((u32)fd);
	if (!o)
		return -EBADF;
	ret = map_object(o, &m);
	object_put(o);
	return ret;
}
