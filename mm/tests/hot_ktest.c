/* The DIMM of the in-kernel tests: see hot_ktest.h. */
#include "mm/tests/hot_ktest.h"

#include "kernel/base/ktest.h"
#include "kernel/base/panic.h"
#include "kernel/memhp.h"
#include "kernel/workers.h"
#include "mm/pgsync/tests/support.h"
#include "mm/pgtable.h"

struct memory_range hot_range_or_skip(void)
{
	struct memory_range hot = {0};

	if (!memory_range(0, &hot))
		ktest_skip("the machine has no DIMM (tools/qemu.py --dimm)");
	return hot;
}

void hot_take_away(const struct memory_range *hot)
{
	u64 in_use = 0;
	int ret = memhp_vacate(hot->start, &in_use);

	if (ret)
		panic("the DIMM at %#llx stays: error %d, %llu pages are in use",
		      (unsigned long long)hot->start, ret, (unsigned long long)in_use);
}

bool hot_has_own_slot(const struct memory_range *hot)
{
	return root_slot((unsigned long)phys_to_virt(hot->start)) != root_slot(PAGE_OFFSET);
}

static unsigned int slot_to_reset;
static phys_addr_t table_of_slot;

static void reset_stopped(void *unused)
{
	(void)unused;
	(void)pgsync_reset_slots(slot_to_reset, 1, &table_of_slot);
}

void hot_reset_slot(unsigned int slot)
{
	unload_borrowed();
	drain_root_caches();
	slot_to_reset = slot;
	stop_machine(reset_stopped, NULL);
	if (table_of_slot)
		pt_free_slot_tables(slot, table_of_slot);
}
