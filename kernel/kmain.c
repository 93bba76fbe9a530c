/*
 * From the boot CPU's first C line to the first program.
 *
 * Order: what a message needs, memory, the reference root and its strategy, tasks, the other CPUs
 * (they start while the clocks are being measured), process 1.
 */
#include "kernel/kmain.h"

#include "arch/init.h"
#include "arch/smp.h"
#include "arch/timer.h"
#include "boot/bootinfo.h"
#include "kernel/base/debug.h"
#include "kernel/base/ktest.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/string.h"
#include "kernel/futex.h"
#include "kernel/initramfs.h"
#include "kernel/file/fs.h"
#include "kernel/ipc/event.h"
#include "kernel/ipc/handle.h"
#include "kernel/ipc/memory.h"
#include "kernel/ipc/port.h"
#include "kernel/machine/ioports.h"
#include "kernel/machine/irq.h"
#include "kernel/machine/machine.h"
#include "kernel/memhp.h"
#include "kernel/pgctl.h"
#include "kernel/process.h"
#include "kernel/racepoint.h"
#include "kernel/random.h"
#include "kernel/reproduce.h"
#include "kernel/sched.h"
#include "kernel/selftest.h"
#include "kernel/timer.h"
#include "kernel/verdict.h"
#include "kernel/trace.h"
#include "kernel/workers.h"
#include "mm/memblock.h"
#include "mm/memmap.h"
#include "mm/mm.h"
#include "mm/set_memory.h"
#include "mm/slab.h"

#define INIT_PATH     "/bin/init"
#define INIT_ARGS_MAX 64

static char strategy_name[32];

static void memory_init(void)
{
	const char *name = boot_option("pgsync", strategy_name, sizeof(strategy_name));

	mm_floor_init();
	slab_init();
	mm_init();
	pgsync_init(name);
}

/* The boot archive: the first module. Programs come from nowhere else. */
static void load_initramfs(void)
{
	const struct boot_module *m = &boot_info.modules[0];

	if (!boot_info.nr_modules)
		panic("no boot module: the programs come in a cpio archive as the first module "
		      "(module2 in "
		      "GRUB, -initrd in QEMU)");
	if (initramfs_init(phys_to_virt(m->start), m->size))
		panic("the boot module at %#llx, %llu bytes, is no usable cpio archive",
		      (unsigned long long)m->start, (unsigned long long)m->size);
}

/*
 * Splits what follows " -- " on the command line at blanks, in place, behind the program's own
 * name.
 */
static void init_arguments(char *line, const char **argv, unsigned int max)
{
	unsigned int n = 0;
	char *p = line;

	argv[n++] = INIT_PATH;
	while (*p && !(p[0] == '-' && p[1] == '-' && (p[2] == ' ' || !p[2]) &&
		       (p == line || p[-1] == ' ')))
		p++;
	if (*p)
		p += 2;
	while (n + 1 < max) {
		while (*p == ' ')
			*p++ = '\0';
		if (!*p)
			break;
		argv[n++] = p;
		while (*p && *p != ' ')
			p++;
	}
	argv[n] = NULL;
}

/* A panic is attributed to the test whose name was printed last. */
static void before_test(const struct ktest *t)
{
	if (DEBUG_KERNEL)
		printk("# run: %s.%s\n", t->suite, t->name);
	race_reset();
}

static void test_failed(const struct ktest *t)
{
	(void)t;
	reproduce_print();
}

static bool run_ktests(void)
{
	static char filter[256], skip[BOOT_CMDLINE_MAX];
	const struct ktest_options o = {
		.filter = boot_option("filter", filter, sizeof(filter)) ?: "",
		.skip = boot_option("skip", skip, sizeof(skip)) ?: "",
		.seed = boot_option_u64("seed", 1),
		.nonce = verdict_nonce(),
		.before = before_test,
		.failed = test_failed,
	};
	int failed = ktest_run(&o);

	/* A schedule that was not followed has tested nothing. */
	return failed == 0 && race_unmet() == 0;
}

static void deadline_over(struct ktimer *timer)
{
	sched_print_cpus();
	panic("the deadline of %llu seconds is over",
	      (unsigned long long)timer->expires / NSEC_PER_SEC);
}

/* `deadline=`: the machine's own time limit in seconds, so that a hang under test is told by the guest. */
static void start_deadline(void)
{
	static struct ktimer timer;
	u64 seconds = boot_option_u64("deadline", 0);

	if (seconds)
		ktimer_start(&timer, seconds * NSEC_PER_SEC, deadline_over);
}

/* Process 1, still a kernel thread. */
static int init_thread(void *arg)
{
	static char line[BOOT_CMDLINE_MAX];
	static const char *argv[INIT_ARGS_MAX];
	static const char *const envp[] = {"HOME=/", "PATH=/bin", NULL};
	long ret;

	(void)arg;
	smp_wait_online();
	workers_init();
	memhp_init();
	set_memory_assert_wx();
	start_deadline();
	race_reset();
	if (boot_option_u64("ktest", 0))
		power_off(run_ktests());
	selftest_run();
	load_initramfs();
	strlcpy(line, boot_info.cmdline, sizeof(line));
	init_arguments(line, argv, INIT_ARGS_MAX);
	current->handles = handles_create();
	if (!current->handles)
		panic("too little memory for process 1");
	ret = kernel_execve(INIT_PATH, argv, envp);
	if (ret)
		panic("cannot run %s from the boot archive: error %ld", INIT_PATH, ret);
	machine_handle_give();
	boot_to_user_ns = time_ns();
	printk("boot: first user instruction at %llu ns, %u CPUs\n",
	       (unsigned long long)boot_to_user_ns, cpus_online());
	user_enter();
}

static void start_init(void)
{
	struct task_struct *t = kthread_create(init_thread, NULL, "init", -1);

	if (IS_ERR(t))
		panic("too little memory for process 1");
	ASSERT_MSG(t->pid == 1, "init is process %d", t->pid);
	init_group = t->group;
	/* A process, not a kernel thread: wait4 and kill see a parent, itself. */
	t->group->parent = t->group;
	t->group->sig.job.pgid = t->group->sig.job.sid = t->pid;
}

void kmain(void)
{
	arch_init_boot();
	verdict_init();
	printk("Freewalk: %s boot, command line \"%s\"\n", boot_info.loader, boot_info.cmdline);
	memblock_init(&boot_info);
	trace_init();
	arch_init_memory();
	trace_init_cpus();
	memory_init();
	task_init();
	futex_init();
	handle_init();
	port_init();
	event_init();
	memory_handle_init();
	fs_init();
	ioports_init();
	irq_handles_init();
	signal_init();
	random_init(boot_option_u64("seed", cpu_cycles()));
	pgctl_init();
	sched_init();
	sched_init_cpu(&init_task);
	timers_init();
	arch_init_cpus();
	race_init();
	reproduce_init();
	printk("Freewalk: %u CPUs, %llu MiB, pgsync=%s\n", nr_cpus,
	       (unsigned long long)memblock_ram_bytes() >> 20, pgsync_name());
	start_init();
	sched_idle();
}
