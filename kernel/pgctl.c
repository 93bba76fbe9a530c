/*
 * pgctl: the kernel-side controls of the page-table stress. See kernel/abi/pgctl.h.
 *
 * It grows the kernel half by vmalloc in fresh root slots and reads the memory back under an
 * exception guard, in the caller's context and on every CPU's worker. A slot that is missing is a
 * count here, not a panic.
 */
#include "kernel/abi/pgctl.h"

#include "arch/machine.h"
#include "arch/mmu.h"
#include "arch/page.h"
#include "arch/smp.h"
#include "arch/uaccess.h"
#include "boot/bootinfo.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/checkers.h"
#include "kernel/base/string.h"
#include "kernel/drain.h"
#include "kernel/kstack.h"
#include "kernel/memhp.h"
#include "kernel/pgbench.h"
#include "kernel/pgctl.h"
#include "kernel/pin.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/syscalls.h"
#include "kernel/verdict.h"
#include "kernel/workers.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/hotplug.h"
#include "mm/mm.h"
#include "mm/pgtable.h"
#include "mm/slab.h"
#include "mm/tlb.h"
#include "mm/vmalloc.h"

#define RANGES     512
#define RANGE_MAX  MiB(64)
#define FIRST_SLOT root_slot(VMALLOC_START)

enum range_state { RANGE_FREE, RANGE_BUSY, RANGE_LIVE };

/* Letter l: range_lock. */
struct range {
	enum range_state state; /* l: BUSY is being made or freed */
	u32 readers;            /* l */
	char *addr;
	unsigned long bytes;
};

static struct spinlock range_lock = SPINLOCK_INIT(pgctl_range);
static struct range ranges[RANGES];
/* Making, freeing and resetting, one at a time. */
static struct mutex grow_mutex = MUTEX_INIT(grow_mutex, pgctl_grow);
static struct wait_queue readers_gone = WAIT_QUEUE_INIT(readers_gone);

static bool allowed;

static struct {
	u64 ranges, touches, audits, roots_audited, missing, lagging; /* A */
	struct spinlock lock;
	bool first_known; /* lock, and the four below */
	u32 slot, cpu, pid;
	u64 va;
} seen = {.lock = SPINLOCK_INIT(pgctl_seen)};

u64 boot_to_user_ns;

void pgctl_init(void)
{
	allowed = boot_option_u64("pgctl", 0);
}

bool pgctl_allowed(void)
{
	return allowed;
}

static u64 pattern(const char *va)
{
	return (u64)va * 0x9e3779b97f4a7c15UL;
}

static void note_missing(unsigned int slot, unsigned int cpu, u64 va, u64 n)
{
	(void)atomic_add_return(&seen.missing, n);
	spin_lock(&seen.lock);
	if (!seen.first_known) {
		seen.first_known = true;
		seen.slot = slot;
		seen.cpu = cpu;
		seen.pid = (u32)current->pid;
		seen.va = va;
	}
	spin_unlock(&seen.lock);
}

/* --- ranges --- */

static struct range *range_claim(void)
{
	struct range *found = NULL;

	spin_lock(&range_lock);
	for (unsigned int i = 0; i < RANGES && !found; i++) {
		if (ranges[i].state != RANGE_FREE)
			continue;
		found = &ranges[i];
		found->state = RANGE_BUSY;
		found->readers = 0;
	}
	spin_unlock(&range_lock);
	return found;
}

static void range_set_state(struct range *r, enum range_state state)
{
	spin_lock(&range_lock);
	r->state = state;
	spin_unlock(&range_lock);
}

/* A live range with one reader more, or NULL. */
static struct range *range_get(unsigned long number)
{
	struct range *r = number < RANGES ? &ranges[number] : NULL;

	if (!r)
		return NULL;
	spin_lock(&range_lock);
	if (r->state == RANGE_LIVE)
		r->readers++;
	else
		r = NULL;
	spin_unlock(&range_lock);
	return r;
}

static void range_put(struct range *r)
{
	bool last;

	spin_lock(&range_lock);
	last = --r->readers == 0;
	spin_unlock(&range_lock);
	if (last)
		wake_up_all(&readers_gone);
}

static bool no_readers(struct range *r)
{
	bool none;

	spin_lock(&range_lock);
	none = r->readers == 0;
	spin_unlock(&range_lock);
	return none;
}

/* --- operations --- */

/* Through the direct map: under pgsync=none even the grower cannot use what it has got. */
static void write_pattern(const struct range *r)
{
	for (unsigned long off = 0; off < r->bytes; off += PAGE_SIZE) {
		const char *va = r->addr + off;
		const pte_t *entry = pt_walk(swapper_pg_dir, (unsigned long)va, 1, false);

		*(u64 *)phys_to_virt(pte_phys(*entry)) = pattern(va);
	}
}

static long grow(unsigned long bytes, unsigned long where)
{
	struct range *r;
	char *addr;

	if (!bytes || bytes > RANGE_MAX || where > 2)
		return -EINVAL;
	r = range_claim();
	if (!r)
		return -ENOSPC;
	mutex_lock(&grow_mutex);
	addr = where ? vmalloc_fresh_slot(bytes, where == 2) : vmalloc(bytes);
	mutex_unlock(&grow_mutex);
	if (!addr || IS_ERR(addr)) {
		range_set_state(r, RANGE_FREE);
		return addr ? PTR_ERR(addr) : -ENOMEM;
	}
	r->addr = addr;
	r->bytes = ALIGN_UP(bytes, PAGE_SIZE);
	write_pattern(r);
	(void)atomic_add_return(&seen.ranges, 1);
	range_set_state(r, RANGE_LIVE);
	return r - ranges;
}

/* Reads every page. Returns the pages that are not there on this CPU's root. */
static u64 touch_range(const struct range *r)
{
	u64 missing = 0;

	for (unsigned long off = 0; off < r->bytes; off += PAGE_SIZE) {
		const char *va = r->addr + off;
		u64 value;

		if (probe_kernel_read(&value, va)) {
			if (!missing++)
				note_missing(root_slot((unsigned long)va), cpu_id(), (u64)va, 0);
		} else if (value != pattern(va)) {
			panic("pgctl: %p reads %#lx, not %#lx: it is not the page that was mapped",
			      va, (unsigned long)value, (unsigned long)pattern(va));
		}
	}
	(void)atomic_add_return(&seen.touches, r->bytes / PAGE_SIZE);
	if (missing)
		(void)atomic_add_return(&seen.missing, missing);
	return missing;
}

struct touch_job {
	const struct range *range;
	u64 missing; /* A */
};

static void touch_on_cpu(void *arg)
{
	struct touch_job *job = arg;

	(void)atomic_add_return(&job->missing, touch_range(job->range));
}

static long touch(unsigned long number, bool everywhere)
{
	struct touch_job job = {.range = range_get(number)};

	if (!job.range)
		return -ENOENT;
	if (everywhere)
		run_on_each_cpu(touch_on_cpu, &job);
	else
		touch_on_cpu(&job);
	range_put((struct range *)job.range);
	return (long)job.missing;
}

static long free_range(unsigned long number)
{
	struct range *r = number < RANGES ? &ranges[number] : NULL;
	bool mine;

	if (!r)
		return -ENOENT;
	spin_lock(&range_lock);
	mine = r->state == RANGE_LIVE;
	if (mine)
		r->state = RANGE_BUSY;
	spin_unlock(&range_lock);
	if (!mine)
		return -ENOENT;
	wait_event(&readers_gone, no_readers(r));
	mutex_lock(&grow_mutex);
	vfree(r->addr);
	mutex_unlock(&grow_mutex);
	range_set_state(r, RANGE_FREE);
	return 0;
}

static long audit(void)
{
	struct pgsync_audit result;

	pgsync_audit(&result);
	(void)atomic_add_return(&seen.audits, 1);
	(void)atomic_add_return(&seen.roots_audited, result.roots);
	(void)atomic_add_return(&seen.lagging, result.lagging);
	result.missing += result.stray;
	if (result.missing)
		note_missing(result.first_slot, result.first_cpu, root_slot_va(result.first_slot),
			     result.missing);
	return (long)result.missing;
}

static phys_addr_t reset_tables[VMALLOC_SLOTS_MAX];
static unsigned int reset_count;

static void reset_stopped(void *arg)
{
	(void)arg;
	reset_count = pgsync_reset_slots(FIRST_SLOT, VMALLOC_SLOTS, reset_tables);
}

long pgctl_reset_slots(void)
{
	bool busy = false;

	mutex_lock(&grow_mutex);
	spin_lock(&range_lock);
	for (unsigned int i = 0; i < RANGES; i++)
		busy |= ranges[i].state != RANGE_FREE && ranges[i].addr;
	spin_unlock(&range_lock);
	vmalloc_purge();
	if (busy || vmalloc_bytes()) {
		mutex_unlock(&grow_mutex);
		return -EBUSY;
	}
	stop_machine(reset_stopped, NULL);
	/* Every CPU has dropped all translations on its way out of the stop. */
	for (unsigned int i = 0; i < VMALLOC_SLOTS; i++)
		if (reset_tables[i])
			pt_free_slot_tables(FIRST_SLOT + i, reset_tables[i]);
	if (vmalloc_reset_slots(FIRST_SLOT))
		BUG("a vmalloc range appeared under the grow mutex");
	mutex_unlock(&grow_mutex);
	return reset_count;
}

static long pin(void)
{
	int n = pin_all_roots(PIN_FREEZE_NS);
	u64 writable;

	if (n < 0)
		return n;
	writable = pinned_roots_writable();
	if (writable)
		panic("%llu times a CPU could write a pinned root", (unsigned long long)writable);
	unpin_all_roots();
	return n;
}

static long stats(void __user *out)
{
	struct pgsync_stats sync;
	struct tlb_stats tlb;
	struct pgctl_stats s = {
		.free_pages = nr_free_pages(),
		.total_pages = nr_managed_pages(),
		.kstack_tables = kstack_tables(),
		.slab_pages = slab_pages(),
		.slots_free = vmalloc_slots_free(),
		.ranges_grown = READ_ONCE(seen.ranges),
		.touches = READ_ONCE(seen.touches),
		.audits = READ_ONCE(seen.audits),
		.roots_audited = READ_ONCE(seen.roots_audited),
		.missing = READ_ONCE(seen.missing),
		.lagging = READ_ONCE(seen.lagging),
		.cpus_online = cpus_online(),
		.first_missing_slot = seen.slot,
		.first_missing_cpu = seen.cpu,
		.first_missing_pid = seen.pid,
		.first_missing_va = seen.va,
		.boot_to_user_ns = boot_to_user_ns,
		.schedule_hash = sched_hash(),
	};
	unsigned int cpu;

	pgsync_get_stats(&sync);
	s.growths = sync.growths;
	s.walk_visits = sync.walk_visits;
	s.late_syncs = sync.late_syncs;
	s.fault_syncs = sync.fault_syncs;
	tlb_get_stats(&tlb);
	s.ipis = tlb.ipis;
	s.tlb_flushes = tlb.flushes;
	s.kernel_flushes = tlb.kernel_rounds;
	s.lazy_spared = tlb.lazy_spared;
	for_each_online_cpu (cpu) {
		const struct process_counts *c = per_cpu_ptr(&process_counts, cpu);

		s.forks += READ_ONCE(c->forks);
		s.execs += READ_ONCE(c->execs);
		s.exits += READ_ONCE(c->exits);
	}
	for (unsigned int slot = FIRST_SLOT; slot < FIRST_SLOT + VMALLOC_SLOTS; slot++)
		s.slots_present += kroot_ready(slot);
	strlcpy(s.strategy, pgsync_name(), sizeof(s.strategy));
	return copy_to_user(out, &s, sizeof(s));
}

static long fail_nth(unsigned long n)
{
	long left = alloc_fail_left();

	if (n > INT32_MAX)
		return -EINVAL;
	alloc_fail_nth((s32)n);
	return left;
}

static long cache_objects(unsigned long number, void __user *out)
{
	struct kmem_cache *cache = kmem_cache_by_number(number);
	struct pgctl_cache c = {0};

	if (!cache)
		return -ENOENT;
	strlcpy(c.name, cache->name, sizeof(c.name));
	c.objects = kmem_cache_inuse(cache);
	return copy_to_user(out, &c, sizeof(c));
}

static long memory(unsigned long i, void __user *out)
{
	struct memhp_counts counts = memhp_get_counts();
	struct memory_range range = {0};
	struct pgctl_memory m;

	(void)memory_range((unsigned int)i, &range);
	m = (struct pgctl_memory){
		.start = range.start,
		.bytes = range.bytes,
		.pages = range.pages,
		.in_use = range.in_use,
		.added = counts.added,
		.add_failed = counts.add_failed,
		.removed = counts.removed,
		.refused = counts.refused,
	};
	return copy_to_user(out, &m, sizeof(m));
}

static long where(unsigned long va)
{
	struct mm_struct *mm = current->mm;
	const void *page = NULL;

	if (va < USER_END) {
		mutex_lock(&mm->mmap_lock);
		page = mm_page_address(mm, va);
		mutex_unlock(&mm->mmap_lock);
	}
	return page ? (long)virt_to_phys(page) : -EFAULT;
}

__noreturn void power_off(bool success)
{
	checkers_end();
	printk("schedule hash: %016llx, %llu switches\n", (unsigned long long)sched_hash(),
	       (unsigned long long)sched_switches());
	verdict_print(success);
	printk("freewalk: %s\n", success ? "success" : "failure");
	machine_exit(success ? EXIT_SUCCESS_CODE : EXIT_FAILURE_CODE);
}

long do_pgctl(unsigned int op, unsigned long a, unsigned long b, void __user *out)
{
	if (!allowed)
		return -EPERM;
	switch (op) {
	case PGCTL_STATS:
		return stats(out);
	case PGCTL_GROW:
		return grow(a, b);
	case PGCTL_TOUCH:
		return touch(a, false);
	case PGCTL_TOUCH_KTHREADS:
		return touch(a, true);
	case PGCTL_FREE:
		return free_range(a);
	case PGCTL_AUDIT:
		return audit();
	case PGCTL_RESET:
		return pgctl_reset_slots();
	case PGCTL_DRAIN:
		drain_all();
		return 0;
	case PGCTL_BENCH_ROOT:
		return pgbench_root(a, out);
	case PGCTL_BENCH_ROOT_MARKED:
		return pgbench_root_marked(a);
	case PGCTL_BENCH_GROW:
		return pgbench_grow(out);
	case PGCTL_BENCH_SIZES:
		return pgbench_sizes(out);
	case PGCTL_POWEROFF:
		power_off(a == 0);
	case PGCTL_PIN:
		return pin();
	case PGCTL_FAIL_NTH:
		return fail_nth(a);
	case PGCTL_CACHE:
		return cache_objects(a, out);
	case PGCTL_MEMORY:
		return memory(a, out);
	case PGCTL_WHERE:
		return where(a);
	default:
		return -EINVAL;
	}
}
