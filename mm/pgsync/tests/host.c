/* The world of the host tests: see host.h. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "arch/root.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "mm/pgsync/tests/host.h"

#define PAGE_BYTES 4096UL

__thread unsigned int host_cpu;
unsigned long host_percpu_offset[HOST_CPUS];
bool host_irqs = true;

pte_t swapper_pg_dir[PT_ENTRIES] __aligned(4096);
const unsigned int boot_slots[BOOT_SLOTS] = {273, 468, 508, 511};

struct mm_root *host_tasks[8];
void (*host_on_walk)(void), (*host_on_table)(void);
unsigned int host_callbacks, host_pages, host_objects, host_loads;
long host_fail_pages, host_fail_objects, host_fail_tables, host_fail_protect;
unsigned long host_tables, host_tables_freed, host_mapped_va;
const pte_t *host_cr3[HOST_CPUS];

extern char __data_start[], _end[];
extern char host_panic_message[512];

/* Tables: first one for each slot, then those that root_table_alloc() gives. */
#define TABLES     2048
#define TABLE_PHYS 0x100000000UL
unsigned long host_page_offset; /* maps them */

static unsigned int rcu_nesting;
static struct rcu_head *callbacks;

/* --- RCU, tasks, memory, CR3: what the kernel gives to mm/pgsync --- */

void rcu_read_lock(void)
{
	rcu_nesting++;
}

void rcu_read_unlock(void)
{
	assert_true(rcu_nesting > 0);
	rcu_nesting--;
}

bool rcu_read_lock_held(void)
{
	return rcu_nesting > 0;
}

void call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head))
{
	head->fn = fn;
	head->next = callbacks;
	callbacks = head;
	host_callbacks++;
}

void host_grace_period(void)
{
	assert_false(rcu_read_lock_held());
	while (callbacks) {
		struct rcu_head *head = callbacks;

		callbacks = head->next;
		host_callbacks--;
		head->fn(head);
	}
}

void for_each_task_root(void (*visit)(struct mm_root *root, void *arg), void *arg)
{
	assert_true(rcu_read_lock_held());
	if (host_on_walk)
		host_on_walk();
	for (unsigned int i = 0; i < ARRAY_SIZE(host_tasks) && host_tasks[i]; i++)
		visit(host_tasks[i], arg);
}

void spin_lock_slow(struct spinlock *lock)
{
	panic("deadlock on spin lock %p, owner %u", (void *)lock, lock->owner);
}

/* True for the n-th call from the time that *n was set. */
static bool fails(long *n)
{
	return *n > 0 && --*n == 0;
}

pte_t *root_page_alloc(void)
{
	void *page;

	if (fails(&host_fail_pages))
		return NULL;
	page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(page, MAP_FAILED);
	host_pages++;
	return page;
}

void root_page_free(pte_t *pgd)
{
	assert_int_equal(munmap(pgd, PAGE_BYTES), 0);
	host_pages--;
}

/* A store into a page without the right ends the test. */
int root_page_protect(pte_t *pgd, bool read_only)
{
	if (read_only && fails(&host_fail_protect))
		return -ENOMEM;
	assert_int_equal(mprotect(pgd, PAGE_BYTES, read_only ? PROT_READ : PROT_READ | PROT_WRITE),
			 0);
	return 0;
}

struct mm_root *root_object_alloc(void)
{
	struct mm_root *root = fails(&host_fail_objects) ? NULL : malloc(sizeof(*root));

	if (root) {
		memset(root, 0xa5, sizeof(*root));
		host_objects++;
	}
	return root;
}

void root_object_free(struct mm_root *root)
{
	free(root);
	host_objects--;
}

phys_addr_t root_table_alloc(void)
{
	if (host_on_table)
		host_on_table();
	if (fails(&host_fail_tables))
		return 0;
	assert_true(ROOT_SLOTS + host_tables < TABLES);
	return TABLE_PHYS + (ROOT_SLOTS + host_tables++) * PAGE_BYTES;
}

void root_table_free(phys_addr_t table)
{
	assert_true(table >= TABLE_PHYS + ROOT_SLOTS * PAGE_BYTES);
	host_tables_freed++;
}

bool kernel_maps(unsigned long va)
{
	return host_mapped_va == va;
}

pte_t *arch_read_root(void)
{
	return (pte_t *)host_cr3[host_cpu];
}

void arch_write_root(const pte_t *pgd)
{
	host_cr3[host_cpu] = pgd;
	host_loads++;
}

/* --- between two instructions --- */

static struct mm_root *trapped;
static void (*trap_fn)(struct mm_root *root);

static void on_fault(int signal, siginfo_t *info, void *context)
{
	struct mm_root *root = trapped;
	uintptr_t at = (uintptr_t)info->si_addr;

	(void)signal;
	(void)context;
	if (!root || at < (uintptr_t)root->pgd || at >= (uintptr_t)root->pgd + PAGE_BYTES)
		abort();
	trapped = NULL;
	if (mprotect(root->pgd, PAGE_BYTES, PROT_READ | PROT_WRITE))
		abort();
	trap_fn(root);
}

void trap_stores(struct mm_root *root, void (*fn)(struct mm_root *root))
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};

	assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
	trapped = root;
	trap_fn = fn;
	assert_int_equal(mprotect(root->pgd, PAGE_BYTES, PROT_READ), 0);
}

/* --- a test's beginning and end --- */

/* Per-CPU variables of CPUs 1 to 3: copies of the program's data, taken once. */
static void make_cpus(void)
{
	size_t size = (size_t)(_end - __data_start);

	for (unsigned int cpu = 1; cpu < HOST_CPUS && !host_percpu_offset[cpu]; cpu++) {
		char *copy = mmap(NULL, size + 64, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		assert_ptr_not_equal(copy, MAP_FAILED);
		copy += (uintptr_t)__data_start % 64;
		host_percpu_offset[cpu] = (unsigned long)copy - (unsigned long)__data_start;
	}
	for (unsigned int cpu = 0; cpu < HOST_CPUS; cpu++) {
		per_cpu(preempt_count, cpu) = PREEMPT_NO_RESCHED;
		per_cpu(cpu_next_root, cpu) = per_cpu(cpu_loaded_root, cpu) = NULL;
		per_cpu(pgsync_cpu_stats, cpu) = (struct pgsync_stats){0};
	}
}

phys_addr_t host_table(unsigned int slot)
{
	return TABLE_PHYS + slot * PAGE_BYTES;
}

/* Empty again at each test's beginning. */
static void make_tables(void)
{
	static char *tables;

	if (tables)
		assert_int_equal(munmap(tables, TABLES * PAGE_BYTES), 0);
	tables = mmap(NULL, TABLES * PAGE_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(tables, MAP_FAILED);
	host_page_offset = (unsigned long)tables - TABLE_PHYS;
}

static void free_root(struct mm_root *root, void *unused)
{
	(void)unused;
	if (root->state != ROOT_FREE)
		pgd_free(root);
}

static void drain_caches(void)
{
	for (host_cpu = HOST_CPUS - 1; host_cpu; host_cpu--)
		root_cache_drain();
	root_cache_drain();
}

/* What a failed test has left: the next one must not fail of it. */
static void clear_away(void)
{
	trapped = NULL;
	pgd_lock.owner = 0;
	rcu_nesting = 1;
	if (strategy)
		for_each_registered_root(free_root, NULL);
	rcu_nesting = 0;
	drain_caches();
	host_grace_period();
}

void host_power_on(void)
{
	make_cpus();
	clear_away();
	make_tables();
	host_cpu = 0;
	host_irqs = true;
	host_on_walk = host_on_table = NULL;
	host_loads = 0;
	host_fail_pages = host_fail_objects = host_fail_tables = host_fail_protect = 0;
	host_tables = host_tables_freed = host_mapped_va = 0;
	host_pages = host_objects = 0;
	memset(host_tasks, 0, sizeof(host_tasks));
	memset(host_cr3, 0, sizeof(host_cr3));
	memset(swapper_pg_dir, 0, sizeof(swapper_pg_dir));
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++)
		pgsync_forget_slot(slot);
	for (unsigned int i = 0; i < BOOT_SLOTS; i++)
		swapper_pg_dir[boot_slots[i]] =
			pte_make(host_table(boot_slots[i]), PTE_KERNEL_TABLE);
	pgd_gen = 1;
	roots_pinned = false;
	strategy = NULL;
}

void host_begin(const char *name)
{
	host_power_on();
	pgsync_init(name);
}

void host_end(void)
{
	for (host_cpu = 0; host_cpu < HOST_CPUS; host_cpu++)
		assert_int_equal(preempt_depth(), 0);
	drain_caches();
	host_grace_period();
	assert_int_equal(host_pages, 0);
	assert_int_equal(host_objects, 0);
	assert_int_equal(pgd_lock.owner, 0);
}

/* What the statement held when it panicked, it holds no more. */
void host_check_panic(const char *text, const char *file, int line)
{
	pgd_lock.owner = 0;
	for (host_cpu = HOST_CPUS - 1; host_cpu; host_cpu--)
		this_cpu_write(preempt_count, PREEMPT_NO_RESCHED);
	this_cpu_write(preempt_count, PREEMPT_NO_RESCHED);
	host_irqs = true;
	rcu_nesting = 0;
	if (!strstr(host_panic_message, text))
		fail_msg("%s:%d: panic \"%s\", expected \"%s\"", file, line, host_panic_message,
			 text);
}

struct mm_root *host_ready_root(void)
{
	struct mm_root *root = pgd_alloc();

	assert_non_null(root);
	arch_pgd_init_late(root);
	return root;
}

void host_load(unsigned int cpu, struct mm_root *root)
{
	unsigned int self = host_cpu;
	unsigned long flags = irq_save();

	host_cpu = cpu;
	preempt_disable();
	load_root(root);
	preempt_enable_no_resched();
	host_cpu = self;
	irq_restore(flags);
}
