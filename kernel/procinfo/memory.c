/*
 * A process's memory: its arguments, its mappings, sums over them. See kernel/abi/procinfo.h.
 *
 * A call becomes a user of the address space for as long as it looks: so the process may exec or end meanwhile and
 * what is looked at stays. It takes the use under the task_lock under which the task gives its own up
 * (leave_mm(), exec_mmap()): then either there is a use left to add to, or tsk->mm says that there is none. If the
 * process has gone by the end, the call empties the address space as the last one to leave. The walk of mm/pgsync
 * does not find its root from then on, and need not: no CPU can load it through us (I15).
 *
 * Mappings and page tables are read under mmap_lock, under which nobody may touch user memory: records
 * are gathered in a page and handed out afterwards.
 */
#include "kernel/procinfo/memory.h"

#include "arch/uaccess.h"
#include "kernel/abi/procinfo.h"
#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/base/racepoint.h"
#include "kernel/procinfo/right.h"
#include "kernel/syscalls.h"
#include "kernel/task.h"
#include "mm/buddy.h"
#include "mm/memobj.h"
#include "mm/mm.h"
#include "mm/pgtable.h"
#include "mm/vma.h"

int procinfo_hold_mm(int pid, struct mm_struct **mm)
{
	struct task_struct *t;
	int ret = -ESRCH;

	*mm = NULL;
	rcu_read_lock();
	t = find_task(pid);
	RACE_POINT(procinfo_found);
	if (t) {
		ret = 0;
		t = find_lock_task_mm(t);
	}
	if (t) {
		*mm = t->mm;
		if (MUTANT(procinfo_unlocked))
			task_unlock(t);
		RACE_POINT(procinfo_has_mm);
		mmget(*mm);
		if (!MUTANT(procinfo_unlocked))
			task_unlock(t);
	}
	rcu_read_unlock();
	return ret;
}

/* --- arguments --- */

/* Where they are: constant since exec. An empty range: there is no such thing. */
static void args_range(const struct mm_struct *mm, unsigned int what, unsigned long *start,
		       unsigned long *end)
{
	unsigned long environ = mm->args.start + mm->args.argv;
	unsigned long name = environ + mm->args.environ;

	switch (what) {
	case PROCINFO_ARGV:
		*start = mm->args.start;
		*end = environ;
		break;
	case PROCINFO_ENVIRON:
		*start = environ;
		*end = name;
		break;
	default:
		*start = name;
		*end = mm->args.start ? MM_ARGS_END : name;
	}
}

/* Page by page, so that what is there arrives although the rest is not. Bytes, or -errno. */
static long copy_args(struct mm_struct *mm, unsigned long from, unsigned long to, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		unsigned long at = from + done;
		size_t part = MIN(bytes - done, PAGE_SIZE - (at & ~PAGE_MASK));
		int error = mm_copy_remote(mm, at, current->mm, to + done, part, false);

		if (error == -EFAULT)
			break;
		if (error)
			return error == -ENXIO ? -EFAULT : error;
		done += part;
	}
	return (long)done;
}

SYSCALL(procinfo_args)
{
	unsigned long start, end;
	struct mm_struct *mm;
	long ret;

	if (!procinfo_right_held(a0))
		return -EBADF;
	if (a2 > PROCINFO_NAME)
		return -EINVAL;
	ret = procinfo_hold_mm((int)a1, &mm);
	if (!mm)
		return ret;
	args_range(mm, (unsigned int)a2, &start, &end);
	if (a3 < end - start)
		ret = copy_args(mm, start + a3, a4, MIN(a5, end - start - a3));
	mmput(mm);
	return ret;
}

/* --- mappings --- */

#define MAPS_MAX (PAGE_SIZE / sizeof(struct procinfo_map))

static u32 map_flags(const struct vma *vma)
{
	return (vma->flags & VMA_READ ? PROCINFO_READ : 0) |
	       (vma->flags & VMA_WRITE ? PROCINFO_WRITE : 0) |
	       (vma->flags & VMA_EXEC ? PROCINFO_EXEC : 0) |
	       (vma->flags & VMA_SHARED ? PROCINFO_SHARED : 0) |
	       (vma->flags & VMA_LOCKED_ANY ? PROCINFO_LOCKED : 0) |
	       (vma->flags & VMA_GROWSDOWN ? PROCINFO_GROWSDOWN : 0);
}

static enum procinfo_map_kind map_kind(const struct mm_struct *mm, const struct vma *vma)
{
	if (vma->obj)
		return PROCINFO_OBJECT;
	if (vma->start < mm->brk && vma->end > mm->brk_start)
		return PROCINFO_HEAP;
	if (vma->start < MM_ARGS_END && vma->end >= MM_ARGS_END)
		return PROCINFO_STACK;
	return PROCINFO_ANONYMOUS;
}

static struct procinfo_map map_info(const struct mm_struct *mm, const struct vma *vma)
{
	return (struct procinfo_map){
		.start = vma->start,
		.end = vma->end,
		.offset = vma->obj ? vma->start - vma->obj_origin : 0,
		.object = vma->obj ? memobj_number(vma->obj) : 0,
		.flags = map_flags(vma),
		.kind = map_kind(mm, vma),
	};
}

/* What ends above `address`, into maps[]; how many. */
static unsigned int read_maps(struct mm_struct *mm, unsigned long address,
			      struct procinfo_map *maps, unsigned int room)
{
	unsigned int n = 0;

	mutex_lock(&mm->mmap_lock);
	for (struct vma *vma = find_vma(mm, address); vma && n < room; vma = vma_next(mm, vma))
		maps[n++] = map_info(mm, vma);
	mutex_unlock(&mm->mmap_lock);
	return n;
}

static long copy_maps(struct mm_struct *mm, u64 address, struct procinfo_map __user *to, u64 room)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct procinfo_map *maps;
	long n;

	if (!page)
		return -ENOMEM;
	maps = page_address(page);
	n = read_maps(mm, address, maps, (unsigned int)MIN(room, (u64)MAPS_MAX));
	if (copy_to_user(to, maps, (size_t)n * sizeof(*maps)))
		n = -EFAULT;
	free_page(page);
	return n;
}

SYSCALL(procinfo_maps)
{
	struct mm_struct *mm;
	long ret;

	UNUSED_ARGS(a5);
	if (!procinfo_right_held(a0))
		return -EBADF;
	if (!a4)
		return -EINVAL;
	ret = procinfo_hold_mm((int)a1, &mm);
	if (!mm)
		return ret;
	ret = copy_maps(mm, a2, (struct procinfo_map __user *)a3, a4);
	mmput(mm);
	return ret;
}

/* --- sums --- */

static void add_map(struct procinfo_memory *m, const struct mm_struct *mm, const struct vma *vma)
{
	u64 bytes = vma->end - vma->start;

	m->size += bytes;
	m->maps++;
	if (vma->flags & VMA_EXEC)
		m->text += bytes;
	if (vma->flags & VMA_SHARED)
		m->shared += bytes;
	if (vma->flags & VMA_LOCKED_ANY)
		m->locked += bytes;
	if (map_kind(mm, vma) == PROCINFO_STACK)
		m->stack += bytes;
	else if ((vma->flags & (VMA_WRITE | VMA_SHARED)) == VMA_WRITE)
		m->data += bytes;
}

static void read_memory(struct procinfo_memory *m, struct mm_struct *mm)
{
	struct pt_counts counts;

	m->heap_start = mm->brk_start;
	m->program = mm->args.program;
	m->args_start = mm->args.start;
	m->args_end = m->args_start + mm->args.argv;
	m->environ_end = m->args_end + mm->args.environ;
	mutex_lock(&mm->mmap_lock);
	m->heap_end = mm->brk;
	m->resident = mm->resident * PAGE_SIZE;
	for (struct vma *vma = find_vma(mm, 0); vma; vma = vma_next(mm, vma))
		add_map(m, mm, vma);
	counts = pt_count_user(mm->root->pgd);
	mutex_unlock(&mm->mmap_lock);
	m->tables = counts.tables * PAGE_SIZE;
	m->huge = counts.large * pt_span(2);
}

SYSCALL(procinfo_memory)
{
	struct procinfo_memory m = {0};
	struct mm_struct *mm;
	long ret;

	UNUSED_ARGS(a3, a4, a5);
	if (!procinfo_right_held(a0))
		return -EBADF;
	ret = procinfo_hold_mm((int)a1, &mm);
	if (ret)
		return ret;
	if (mm) {
		read_memory(&m, mm);
		mmput(mm);
	}
	return copy_to_user((void __user *)a2, &m, sizeof(m));
}
