/*
 * execve: a new address space from a file, then the switch to it.
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
#include "kernel/execfile.h"
#include "kernel/file/path.h"
#include "kernel/ipc/handle.h"
#include "kernel/machine/ioports.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/script.h"
#include "kernel/task_mm.h"
#include "mm/memobj.h"
#include "mm/slab.h"

#define STACK_INITIAL PAGE_SIZE

/* Scripts whose interpreter is a script, as in Linux. */
#define SCRIPT_DEPTH_MAX 5

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

	mm->args.program = memobj_number(file);
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
	struct thread_group *child;

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
		list_for_each_entry (child, &g->children, sibling)
			child->creator = current->pid;
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

/* What is to run, and with what. */
struct program {
	const char *name; /* as it was called: AT_EXECFN, and the task's name */
	u64 dirfd;
	bool nofollow;
	struct exec_file file;
	struct exec_args args;
	struct elf_image elf;
	unsigned long sp;
};

/* A new address space with the program and its stack. */
static struct mm_struct *build_mm(struct program *p)
{
	struct mm_struct *mm = mm_alloc();
	long ret;

	if (!mm)
		return ERR_PTR(-ENOMEM);
	if (current->mm)
		mm_inherit(mm, current->mm);
	ret = map_program(mm, p->file.contents, &p->elf);
	if (!ret)
		ret = args_build_stack(&p->args, mm, &p->elf, p->name);
	if (ret < 0) {
		mmput(mm);
		return ERR_PTR(ret);
	}
	p->sp = (unsigned long)ret;
	return mm;
}

/* Whatever the old program's end was to be told by, the new one's is told by SIGCHLD. */
static void usual_exit_signal(void)
{
	struct thread_group *g = current->group;

	if (likely(g->exit_signal == SIGCHLD) || !g->parent)
		return;
	rcu_read_lock();
	(void)group_lock_parent(g);
	g->exit_signal = SIGCHLD;
	spin_unlock(&g->parent->lock);
	rcu_read_unlock();
}

static void set_comm(const char *path)
{
	const char *name = path;

	for (const char *p = path; *p; p++)
		if (*p == '/')
			name = p + 1;
	task_set_comm(name);
}

/* --- what runs in the end --- */

/* The file's beginning, with zeroes behind its end. */
static int read_line(struct exec_file *f, char line[SCRIPT_LINE_MAX])
{
	memset(line, 0, SCRIPT_LINE_MAX);
	return execfile_read(f, 0, line, MIN(f->size, (u64)SCRIPT_LINE_MAX - 1));
}

/*
 * The open file is no executable. If it is a script, its interpreter takes its place, with the script's path `script`
 * and perhaps an argument; path gets the interpreter's. 0, or -errno with no file open.
 */
static long to_interpreter(struct program *p, char path[SCRIPT_LINE_MAX], const char *script)
{
	char line[SCRIPT_LINE_MAX], *interpreter, *argument;
	long ret = read_line(&p->file, line);

	execfile_close(&p->file);
	if (!ret)
		ret = script_is(line) ? script_parse(line, &interpreter, &argument) : -ENOEXEC;
	if (ret)
		return ret;
	ret = args_replace_first(&p->args,
				 argument ? (const char *const[]){interpreter, argument, script}
					  : (const char *const[]){interpreter, script},
				 argument ? 3 : 2);
	if (ret)
		return ret;
	strlcpy(path, interpreter, SCRIPT_LINE_MAX);
	return execfile_open(&p->file, (u64)AT_FDCWD, path, false);
}

static int parse(struct program *p)
{
	const char *why;

	p->elf.bias = 0x555555554000UL;
	return elf_parse(execfile_read, &p->file, p->file.size, &p->elf, &why);
}

/* `path`, from p->dirfd. 0, with p->file open and p->elf filled; or -errno. */
static long open_program(struct program *p, const char *path)
{
	char interpreter[SCRIPT_LINE_MAX];
	const char *script = p->name;
	long ret = execfile_open(&p->file, p->dirfd, path, p->nofollow);

	for (unsigned int depth = 0; !ret; depth++) {
		ret = depth > SCRIPT_DEPTH_MAX ? -ELOOP : parse(p);
		if (likely(!ret))
			return 0;
		if (ret != -ENOEXEC) {
			execfile_close(&p->file);
			return ret;
		}
		ret = to_interpreter(p, interpreter, script);
		script = interpreter;
	}
	return ret;
}

/* --- the way of all execs --- */

/* `path`, from p->dirfd, is what p->name stands for. */
static long exec_program(struct program *p, const char *path)
{
	struct mm_struct *mm;
	long ret = open_program(p, path);

	if (ret)
		return ret;
	mm = build_mm(p);
	execfile_close(&p->file);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	ret = de_thread();
	if (!ret)
		ret = handles_unshare();
	if (ret) {
		mmput(mm);
		return ret;
	}
	if (unlikely(current->robust_list))
		robust_list_exit();
	usage_exec();
	exec_mmap(mm);
	mm_release(current);
	handles_exec();
	usual_exit_signal();
	set_comm(p->name);
	current->clear_child_tid = NULL;
	signals_exec();
	ioports_exec();
	thread_start_user(&current->thread, p->elf.entry, p->sp);
	(void)atomic_fetch_or(&current->work, WORK_RETURN);
	this_cpu_inc(process_counts.execs);
	return 0;
}

/* What a file is called that was found from a descriptor, as in Linux. NULL: no memory. To be freed by kfree(). */
static char *name_by_fd(u64 dirfd, const char *path)
{
	size_t size = strlen(path) + sizeof("/dev/fd/-2147483648/");
	char *name = kmalloc(size, GFP_KERNEL);

	if (name)
		snprintf(name, size, "/dev/fd/%d%s%s", (int)dirfd, *path ? "/" : "", path);
	return name;
}

static long exec_path(struct program *p, const char *path)
{
	char *name;
	long ret;

	if (*path == '/' || (int)p->dirfd == AT_FDCWD) {
		p->name = path;
		return exec_program(p, path);
	}
	name = name_by_fd(p->dirfd, path);
	if (!name)
		return -ENOMEM;
	p->name = name;
	ret = exec_program(p, path);
	kfree(name);
	return ret;
}

long do_execveat(u64 dirfd, const char __user *user_path, const char __user *const __user *argv,
		 const char __user *const __user *envp, unsigned int flags)
{
	struct program p; /* large: no byte is set that need not be */
	u64 bytes;
	char *path;
	long ret;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	path = string_copy((u64)user_path, &bytes, GFP_KERNEL);
	if (IS_ERR(path))
		return PTR_ERR(path);
	p.dirfd = dirfd;
	p.nofollow = flags & AT_SYMLINK_NOFOLLOW;
	/* For args_free(), whatever comes. */
	args_init(&p.args);
	ret = bytes || (flags & AT_EMPTY_PATH) ? args_copy_user(&p.args, argv, envp) : -ENOENT;
	if (!ret)
		ret = exec_path(&p, path);
	args_free(&p.args);
	string_free(path);
	return ret;
}

long kernel_execve(const char *path, const char *const *argv, const char *const *envp)
{
	struct program p = {.name = path, .dirfd = (u64)AT_FDCWD};
	long ret;

	args_init(&p.args);
	ret = args_copy_kernel(&p.args, argv, envp);

	if (!ret)
		ret = exec_program(&p, path);
	args_free(&p.args);
	return ret;
}
