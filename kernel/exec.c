/*
 * execve: a new address space from a file of the boot archive, then the switch to it.
 *
 * Everything that can fail comes first, in an address space that nobody sees; the switch is
 * exec_mmap() in task_mm.c.
 */
#include "kernel/exec.h"

#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/string.h"
#include "kernel/cpio.h"
#include "kernel/initramfs.h"
#include "kernel/ipc/handle.h"
#include "kernel/machine/ioports.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/task_mm.h"

#define STACK_INITIAL PAGE_SIZE

static unsigned long segment_flags(const struct elf_segment *s)
{
	return (s->flags & ELF_R ? VMA_READ : 0) | (s->flags & ELF_W ? VMA_WRITE : 0) |
	       (s->flags & ELF_X ? VMA_EXEC : 0);
}

/* One PT_LOAD: pages of the file, then zeroes. */
static int map_segment(struct mm_struct *mm, struct memobj *file, const struct elf_segment *s)
{
	struct mm_segment segment = {
		.start = ALIGN_DOWN(s->vaddr, PAGE_SIZE),
		.end = ALIGN_UP(s->vaddr + s->memsz, PAGE_SIZE),
		.flags = segment_flags(s),
	};

	if (s->filesz) {
		segment.obj = file;
		segment.obj_origin = segment.start - ALIGN_DOWN(s->offset, PAGE_SIZE);
		segment.file_start = s->vaddr;
		segment.file_end = s->vaddr + s->filesz;
	}
	/*
	 * A read-only segment shows its pages whole, as Linux's mapping does: no copy of the first
	 * and the last is needed.
	 */
	if (s->filesz && !(s->flags & ELF_W)) {
		segment.file_start = segment.start;
		segment.file_end = ALIGN_UP(segment.file_end, PAGE_SIZE);
	}
	return mm_map_segment(mm, &segment);
}

static int map_program(struct mm_struct *mm, struct memobj *file, const struct elf_image *elf)
{
	const struct mm_segment stack = {
		.start = STACK_TOP - STACK_INITIAL,
		.end = STACK_TOP,
		.flags = VMA_READ | VMA_WRITE | VMA_GROWSDOWN | (elf->exec_stack ? VMA_EXEC : 0),
	};

	for (unsigned int i = 0; i < elf->nr_segments; i++) {
		const struct elf_segment *s = &elf->segments[i];
		int ret = map_segment(mm, file, s);

		if (ret)
			return ret == -EINVAL ? -ENOEXEC : ret;
		mm->brk_start = mm->brk = ALIGN_UP(s->vaddr + s->memsz, PAGE_SIZE);
	}
	return mm_map_segment(mm, &stack);
}

static bool alone(void *arg)
{
	return READ_ONCE(((struct thread_group *)arg)->nr_threads) == 1;
}

/*
 * The running thread becomes the only one, and the leader. -EINTR: somebody else ends the process.
 */
static int de_thread(void)
{
	struct thread_group *g = current->group;
	struct task_struct *old = g->leader;

	if (likely(READ_ONCE(g->nr_threads) == 1 && old == current))
		return 0;
	if (!group_kill_others(g, SIGKILL, current))
		return -EINTR;
	if (wait_until(&g->child_exit, alone, g, 0))
		return -EINTR;
	if (old != current) {
		task_table_remove(current);
		/*
		 * A walker may stand on our node: it must be gone before the node stands elsewhere.
		 */
		synchronize_rcu();
		current->pid = old->pid;
		current->start_tsc = old->start_tsc;
		task_table_replace(old, current);
		spin_lock(&g->lock);
		g->leader = current;
		spin_unlock(&g->lock);
		task_put(old);
		/*
		 * Our own claim was counted when we became findable by our own pid: it is the
		 * leader's now.
		 */
	}
	spin_lock(&g->lock);
	g->exiting = false;
	g->exec = NULL;
	spin_unlock(&g->lock);
	return 0;
}

/* A new address space with the program and its stack. *entry_sp gets the stack pointer. */
static struct mm_struct *build_mm(const struct initramfs_file *file, struct elf_image *elf,
				  const struct exec_args *args, const char *path, long *sp)
{
	struct mm_struct *mm = mm_alloc();
	int ret;

	if (!mm)
		return ERR_PTR(-ENOMEM);
	if (current->mm)
		mm_inherit(mm, current->mm);
	ret = map_program(mm, file->contents, elf);
	if (!ret) {
		*sp = args_build_stack(args, mm, elf, path);
		ret = *sp < 0 ? (int)*sp : 0;
	}
	if (ret) {
		mmput(mm);
		return ERR_PTR(ret);
	}
	return mm;
}

static void set_comm(const char *path)
{
	const char *name = path;

	for (const char *p = path; *p; p++)
		if (*p == '/')
			name = p + 1;
	task_set_comm(name);
}

static long exec_with_args(const char *path, const struct exec_args *args)
{
	const struct initramfs_file *file = initramfs_lookup(path);
	struct elf_image elf = {.bias = 0x555555554000UL};
	struct mm_struct *mm;
	const char *why;
	long sp = 0;
	int ret;

	if (!file)
		return -ENOENT;
	if ((file->mode & CPIO_TYPE_MASK) != CPIO_REGULAR || !(file->mode & 0111))
		return -EACCES;
	ret = elf_parse(file->data, file->size, &elf, &why);
	if (ret)
		return ret;
	mm = build_mm(file, &elf, args, path, &sp);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	ret = de_thread();
	if (!ret)
		ret = handles_unshare();
	if (ret) {
		mmput(mm);
		return ret;
	}
	exec_mmap(mm);
	mm_release(current);
	handles_exec();
	set_comm(path);
	current->clear_child_tid = NULL;
	signals_exec();
	ioports_exec();
	thread_start_user(&current->thread, elf.entry, (unsigned long)sp);
	(void)atomic_fetch_or(&current->work, WORK_RETURN);
	this_cpu_inc(process_counts.execs);
	return 0;
}

long do_execve(const char __user *path, const char __user *const __user *argv,
	       const char __user *const __user *envp)
{
	char name[256];
	struct exec_args args;
	long ret = strncpy_from_user(name, path, sizeof(name));

	if (ret < 0)
		return ret;
	if (ret == 0)
		return -ENOENT;
	ret = args_copy_user(&args, argv, envp);
	if (!ret)
		ret = exec_with_args(name, &args);
	args_free(&args);
	return ret;
}

long kernel_execve(const char *path, const char *const *argv, const char *const *envp)
{
	struct exec_args args;
	long ret = args_copy_kernel(&args, argv, envp);

	if (!ret)
		ret = exec_with_args(path, &args);
	args_free(&args);
	return ret;
}
