/* Memory of devices, for drivers: machine_mmio. mm/memobj.h has the objects, and who maps them in which kind. */
#include "arch/mmu.h"
#include "kernel/abi/machine.h"
#include "kernel/base/errno.h"
#include "kernel/ipc/handle.h"
#include "kernel/ipc/memory.h"
#include "kernel/machine/machine.h"
#include "kernel/syscalls.h"
#include "mm/hotplug.h"
#include "mm/memblock.h"
#include "mm/memobj.h"

#define KIND 3 /* of the flags */

static const u64 kinds[] = {
	[MACHINE_UNCACHED] = PTE_UNCACHED,
	[MACHINE_WRITE_COMBINING] = PTE_WRITE_COMBINING,
	[MACHINE_WRITE_BACK] = PTE_WRITE_BACK,
};

/* RAM of the boot's memory map, or plugged in. */
static bool overlaps_ram(phys_addr_t start, phys_addr_t end)
{
	struct memory_range added;

	if (memblock_overlaps_ram(start, end))
		return true;
	for (unsigned int i = 0; memory_range(i, &added); i++)
		if (start < added.start + added.bytes && added.start < end)
			return true;
	return false;
}

static int mmio_create(phys_addr_t start, u64 bytes, u64 flags)
{
	struct memobj *obj = memobj_create_device(start, bytes >> PAGE_SHIFT, kinds[flags & KIND]);
	struct memory_handle *h;

	if (IS_ERR(obj))
		return (int)PTR_ERR(obj);
	h = memory_handle_create(obj, false);
	memobj_put(obj);
	return h ? handle_install_new(&h->object, flags) : -ENOMEM;
}

SYSCALL(machine_mmio)
{
	u64 bytes = ALIGN_UP(a2, PAGE_SIZE);

	UNUSED_ARGS(a4, a5);
	if ((a3 & ~(u64)(MACHINE_CLOEXEC | KIND)) || (a3 & KIND) >= ARRAY_SIZE(kinds))
		return -EINVAL;
	/* A page is the least that can be given. */
	if (!IS_ALIGNED(a1, PAGE_SIZE) || !bytes || a1 + bytes < a1)
		return -EINVAL;
	if (!machine_is(a0))
		return -EBADF;
	if (!arch_has_phys(a1, bytes))
		return -EINVAL;
	if (overlaps_ram(a1, a1 + bytes) || arch_keeps_phys(a1, bytes))
		return -EPERM;
	return RETRY_NOMEM(mmio_create(a1, bytes, a3));
}
