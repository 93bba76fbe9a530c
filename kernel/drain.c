/*
 * Draining, in the order in which things depend on each other: dead tasks and roots (RCU), then
 * stacks and page tables, then the slabs that held all of them, then the page caches.
 */
#include "kernel/drain.h"

#include "kernel/base/rcu.h"
#include "kernel/kstack.h"
#include "kernel/task_mm.h"
#include "kernel/workers.h"
#include "mm/buddy.h"
#include "mm/pgsync/pgsync.h"
#include "mm/pgtable.h"
#include "mm/set_memory.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"

static void drain_roots_and_stacks(void *arg)
{
	(void)arg;
	/* What the CPU has borrowed, and the idle task would borrow on: its owner may be dead. */
	leave_borrowed_mm();
	root_cache_drain();
	kstack_cache_drain();
	pt_cache_drain();
}

static void drain_slabs(void *arg)
{
	(void)arg;
	kmem_cache_drain_cpu();
}

static void drain_pages(void *arg)
{
	(void)arg;
	page_caches_drain();
}

void drain_all(void)
{
	rcu_barrier_drain();
	vmalloc_purge();
	set_memory_tidy();
	run_on_each_cpu(drain_roots_and_stacks, NULL);
	kstack_drain();
	rcu_barrier_drain();
	run_on_each_cpu(drain_slabs, NULL);
	run_on_each_cpu(drain_pages, NULL);
}
