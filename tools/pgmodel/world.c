/*
 * What lies outside of the files under test: memory, RCU, CR3, calls to other CPUs. See world.h.
 *
 * RCU as it is promised, not as kernel/base/rcu.c does it: a read section is no barrier, and a
 * callback runs as soon as every section that began before it was seen has ended, its stores with
 * it. So what the files under test need of barriers, they must have themselves.
 */
#include "tools/pgmodel/world.h"

#include "arch/call.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/root.h"
#include "arch/smp.h"
#include "kernel/base/panic.h"
#include "mm/buddy.h"
#include "mm/slab.h"
#include "mm/unmap.h"

pte_t swapper_pg_dir[PT_ENTRIES] __aligned(4096);

DEFINE_PER_CPU(u32, preempt_count)
= PREEMPT_NO_RESCHED;
DEFINE_PER_CPU(bool, irqs_off);
DEFINE_PER_CPU(struct task_struct *, current_task);

u64 model_online_mask = ~0ull;

/* --- memory --- */

static struct kmem_cache caches[2];
static unsigned int nr_caches;

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     unsigned int flags)
{
	struct kmem_cache *cache = &caches[nr_caches++];

	cache->name = name;
	cache->object_size = (u32)size;
	return cache;
}

void *kmem_cache_get(struct kmem_cache *cache)
{
	return model_alloc(cache->object_size, cache->name);
}

void *kmem_cache_get_zeroed(struct kmem_cache *cache)
{
	return kmem_cache_get(cache);
}

void kmem_cache_free(struct kmem_cache *cache, void *obj)
{
	model_free(obj);
}

struct page *alloc_page(gfp_t gfp)
{
	return phys_to_page(virt_to_phys(model_alloc(PAGE_SIZE, "root page")));
}

void free_page(struct page *page)
{
	model_free(page_address(page));
}

/* A CPU has eight tables to give, boot as many as there are slots. */
#define CPU_TABLES  8
#define BOOT_TABLES (MAX_ACTORS * CPU_TABLES)
#define TABLE_FREED 0xdeadUL

u64 model_tables[MODEL_TABLES];
static DEFINE_PER_CPU(unsigned int, tables_made);
static DEFINE_PER_CPU(unsigned int, tables_freed);
static unsigned int boot_tables_made;
static bool booted;

phys_addr_t root_table_alloc(void)
{
	unsigned int n;

	if (booted) {
		n = model_cpu() * CPU_TABLES + this_cpu_read(tables_made);
		this_cpu_inc(tables_made);
	} else {
		n = BOOT_TABLES + boot_tables_made++;
	}
	return (n + 1) * PAGE_SIZE;
}

void root_table_free(phys_addr_t table)
{
	this_cpu_inc(tables_freed);
	WRITE_ONCE(*(u64 *)phys_to_virt(table), TABLE_FREED);
}

bool kernel_maps(unsigned long va)
{
	return pte_present(READ_ONCE(swapper_pg_dir[root_slot(va)]));
}

unsigned int world_tables(void)
{
	unsigned int n = boot_tables_made, cpu;

	for_each_cpu (cpu)
		n += per_cpu(tables_made, cpu) - per_cpu(tables_freed, cpu);
	return n;
}

/* --- RCU --- */

#define RCU_CALLBACKS 4

/* The CPU's own. */
struct rcu_cpu {
	u32 nesting;
	u64 sections; /* begun */
	u64 calls;
};

static DEFINE_PER_CPU(struct rcu_cpu, rcu_cpu);
/* The daemon reads: numbers of the last section that has begun, at once, and that has ended. */
static DEFINE_PER_CPU(u64, rcu_entered);
static DEFINE_PER_CPU(u64, rcu_left);
static u64 rcu_calls;
static struct rcu_head *rcu_callbacks_of[RCU_CALLBACKS]; /* of RCU_CPU */

void rcu_read_lock(void)
{
	struct rcu_cpu *r = this_cpu_ptr(&rcu_cpu);

	if (r->nesting++ == 0)
		model_store_now(this_cpu_ptr(&rcu_entered), ++r->sections);
}

/* Ends when what was stored in the section has left the store buffer: it is a store behind it. */
void rcu_read_unlock(void)
{
	struct rcu_cpu *r = this_cpu_ptr(&rcu_cpu);

	ASSERT(r->nesting);
	if (--r->nesting == 0)
		this_cpu_write(rcu_left, r->sections);
}

bool rcu_read_lock_held(void)
{
	return this_cpu_ptr(&rcu_cpu)->nesting;
}

void call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head))
{
	struct rcu_cpu *r = this_cpu_ptr(&rcu_cpu);

	head->fn = fn;
	if (model_cpu() != RCU_CPU)
		return;
	ASSERT(r->calls < RCU_CALLBACKS);
	rcu_callbacks_of[r->calls++] = head;
	WRITE_ONCE(rcu_calls, r->calls);
}

void synchronize_rcu(void)
{
	u64 entered[MAX_ACTORS];
	unsigned int cpu;

	for_each_cpu (cpu)
		entered[cpu] = READ_ONCE(per_cpu(rcu_entered, cpu));
	for_each_cpu (cpu)
		model_await(per_cpu_ptr(&rcu_left, cpu), entered[cpu]);
}

void rcu_daemon(void)
{
	for (u64 n = 0; n < RCU_CALLBACKS; n++) {
		struct rcu_head *head;

		model_await(&rcu_calls, n + 1);
		synchronize_rcu();
		head = READ_ONCE(rcu_callbacks_of[n]);
		head->fn(head);
	}
}

/* --- CR3 --- */

static DEFINE_PER_CPU(const pte_t *, cr3);

/*
 * A serialising instruction: the store buffer is empty afterwards (SDM vol. 3A, 9.3). Right before
 * it, an NMI may touch whatever is ready, on the old root.
 */
void arch_write_root(const pte_t *pgd)
{
	if (this_cpu_read(cr3))
		touch_if_ready(GROW_SLOT);
	(void)atomic_xchg(this_cpu_ptr(&cr3), pgd);
	world_cr3_written(pgd);
}

pte_t *arch_read_root(void)
{
	return (pte_t *)this_cpu_read(cr3);
}

pte_t *world_cr3(unsigned int cpu)
{
	return (pte_t *)READ_ONCE(per_cpu(cr3, cpu));
}

/*
 * --- calls to other CPUs: answered by who is idle, and where a program says that interrupts come.
 * Who calls does not answer meanwhile: of two CPUs that call, neither may call the other. ---
 */

struct call {
	void (*fn)(void *arg);
	void *arg;
	u64 asked, done;
};

static DEFINE_PER_CPU(struct call, call);
static struct spinlock call_lock;

static void answer(struct call *c, u64 n)
{
	unsigned long flags = irq_save();

	c->fn(c->arg);
	irq_restore(flags);
	WRITE_ONCE(c->done, n);
}

void answer_calls(void)
{
	struct call *c = this_cpu_ptr(&call);
	u64 n = READ_ONCE(c->asked);

	if (n != c->done)
		answer(c, n);
}

void idle_daemon(void)
{
	struct call *c = this_cpu_ptr(&call);

	for (u64 n = c->done + 1;; n++) {
		model_await(&c->asked, n);
		answer(c, n);
	}
}

static void call_cpu(unsigned int cpu, void (*fn)(void *), void *arg)
{
	struct call *c = per_cpu_ptr(&call, cpu);
	u64 n;

	spin_lock(&call_lock);
	n = c->asked + 1;
	c->fn = fn;
	c->arg = arg;
	WRITE_ONCE(c->asked, n);
	model_await(&c->done, n);
	spin_unlock(&call_lock);
}

unsigned int cpu_call_mask(const unsigned long *mask, void (*fn)(void *), void *arg)
{
	unsigned int cpu, sent = 0;

	for_each_cpu (cpu) {
		if (cpu == cpu_id() || !test_bit(cpu, mask))
			continue;
		call_cpu(cpu, fn, arg);
		sent++;
	}
	return sent;
}

/* --- boot --- */

void world_boot(void)
{
	for (unsigned int cpu = 1; cpu < MAX_ACTORS; cpu++)
		__builtin_memcpy(__percpu_start + cpu * PERCPU_SIZE, __percpu_start, PERCPU_SIZE);
	swapper_pg_dir[BOOT_SLOT] = pte_make(root_table_alloc(), PTE_KERNEL_TABLE);
	mm_init();
	task_table_init();
	pgsync_init(model_variant);
	boot_idle();
	booted = true;
}

/* What mm_init() starts and no scenario needs. */
#define NOT_STARTED(name)                                                                          \
	void name(void);                                                                           \
	void name(void)                                                                            \
	{                                                                                          \
	}
NOT_STARTED(vma_init)
NOT_STARTED(memobj_init)
NOT_STARTED(fault_init)

void panic(const char *fmt, ...)
{
	char text[300];
	va_list args;

	va_start(args, fmt);
	__builtin_vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	model_fail("%s", text);
}
