/*
 * The root tables: see kernel/abi/procinfo.h. What is in them is mm/pgsync's to say (view.c); here it is said
 * whose they are.
 *
 * Roots are looked up by the physical address of their table, which no two have. Root objects are type-stable
 * inside rcu_read_lock(), so all of a chunk is read in one section: which roots there are, what is in them, then
 * what processes have them, each under its task_lock as for growth's own walk (I9), then which CPUs have them
 * loaded. Nobody waits for it: pgd_lock is not taken.
 */
#include "arch/smp.h"
#include "arch/uaccess.h"
#include "kernel/abi/procinfo.h"
#include "kernel/base/string.h"
#include "kernel/procinfo/lowest.h"
#include "kernel/procinfo/right.h"
#include "kernel/syscalls.h"
#include "kernel/task.h"
#include "mm/buddy.h"
#include "mm/mm.h"
#include "mm/tlb.h"

#define ROOTS_MAX 32

_Static_assert(PROCINFO_FIRST_SLOT == ROOT_KERNEL, "the kernel half is the upper one");
_Static_assert(PROCINFO_SLOT_WORDS == KERNEL_WORDS, "all of its slots are told");
_Static_assert((int)PROCINFO_ROOT_FREE == ROOT_FREE && (int)PROCINFO_ROOT_NEW == ROOT_NEW &&
		       (int)PROCINFO_ROOT_READY == ROOT_READY &&
		       (int)PROCINFO_ROOT_DEAD == ROOT_DEAD,
	       "states are told as they are");
_Static_assert(ROOTS_MAX * sizeof(struct procinfo_root) <= PAGE_SIZE, "a page holds a chunk");

SYSCALL(procinfo_pgsync)
{
	struct procinfo_pgsync s = {
		.reference = virt_to_phys(swapper_root.pgd),
		.levels = PT_ROOT_LEVEL,
	};
	struct pgsync_stats sync;
	struct pgsync_view view;
	struct tlb_stats tlb;
	unsigned int cpu;

	UNUSED_ARGS(a2, a3, a4, a5);
	if (!procinfo_right_held(a0))
		return -EBADF;
	pgsync_view(&view);
	memcpy(s.present, view.present, sizeof(s.present));
	memcpy(s.ready, view.ready, sizeof(s.ready));
	memcpy(s.birth, view.birth, sizeof(s.birth));
	s.generation = view.gen;
	strlcpy(s.strategy, pgsync_name(), sizeof(s.strategy));
	for_each_online_cpu (cpu)
		s.reference_cpus += loaded_root(cpu) == &swapper_root;
	pgsync_get_stats(&sync);
	s.growths = sync.growths;
	s.walk_visits = sync.walk_visits;
	s.late_syncs = sync.late_syncs;
	s.fault_syncs = sync.fault_syncs;
	tlb_get_stats(&tlb);
	s.shootdown_interrupts = tlb.ipis;
	s.user_flushes = tlb.flushes;
	s.kernel_flushes = tlb.kernel_rounds;
	s.lazy_spared = tlb.lazy_spared;
	return copy_to_user((void __user *)a1, &s, sizeof(s));
}

static void add_root(struct mm_root *root, void *arg)
{
	lowest_add(arg, virt_to_phys(root->pgd), root);
}

static void read_root(struct procinfo_root *info, const struct mm_root *root)
{
	struct pgsync_root_view view;

	pgsync_view_root(root, &view);
	*info = (struct procinfo_root){
		.table = virt_to_phys(root->pgd),
		.life = view.life,
		.generation = view.gen,
		.state = view.state,
		.missing = view.missing,
	};
	memcpy(info->present, view.present, sizeof(info->present));
}

/* The record of `root` among those of the chunk, or NULL. */
static struct procinfo_root *find_record(const struct lowest *l, struct procinfo_root *info,
					 const struct mm_root *root)
{
	for (unsigned int i = 0; i < l->n; i++)
		if (l->what[i] == root)
			return &info[i];
	return NULL;
}

static void add_owners(const struct lowest *l, struct procinfo_root *info)
{
	struct task_struct *p, *t;
	struct procinfo_root *r;
	unsigned int b;

	for_each_process (b, p) {
		t = find_lock_task_mm(p);
		if (!t)
			continue;
		r = find_record(l, info, t->mm->root);
		task_unlock(t);
		if (!r)
			continue;
		if (!r->owners++ || p->group->tgid < r->pid)
			r->pid = p->group->tgid;
	}
}

static void add_cpus(const struct lowest *l, struct procinfo_root *info)
{
	struct procinfo_root *r;
	unsigned int cpu;

	for_each_online_cpu (cpu) {
		r = find_record(l, info, loaded_root(cpu));
		if (r && !r->cpus++)
			r->cpu = cpu;
	}
}

static unsigned int read_roots(u64 first, struct procinfo_root *info, u64 room)
{
	struct lowest l;

	lowest_init(&l, first, MIN(room, (u64)ROOTS_MAX));
	rcu_read_lock();
	for_each_registered_root(add_root, &l);
	for (unsigned int i = 0; i < l.n; i++)
		read_root(&info[i], l.what[i]);
	add_owners(&l, info);
	add_cpus(&l, info);
	rcu_read_unlock();
	return l.n;
}

SYSCALL(procinfo_roots)
{
	struct procinfo_root *info;
	struct page *page;
	long n;

	UNUSED_ARGS(a4, a5);
	if (!procinfo_right_held(a0))
		return -EBADF;
	if (!a3)
		return -EINVAL;
	page = alloc_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	info = page_address(page);
	n = read_roots(a1, info, a3);
	if (copy_to_user((void __user *)a2, info, (size_t)n * sizeof(*info)))
		n = -EFAULT;
	free_page(page);
	return n;
}
