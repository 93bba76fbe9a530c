/* Texts from what the kernel says now: see gather.h. */
#include "user/proc/gather.h"

#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "user/lib/procinfo.h"
#include "user/proc/format.h"

#define CPUS_MAX 256
#define PIECE    4096 /* bytes of arguments that are asked for at a time */

static int right;
static struct load load;

void gather_init(int fd)
{
	right = fd;
}

void gather_sample_load(void)
{
	struct procinfo_system s;

	/* Who asks runs, and is not what is meant. */
	if (!procinfo_system(right, &s))
		load_sample(&load, s.runnable ? s.runnable - 1 : 0);
}

static int id_of(const struct node *node)
{
	return node->tid ? node->tid : node->pid;
}

/* --- who is there --- */

bool node_exists(int pid, int tid)
{
	struct procinfo_task task;

	return procinfo_task(right, tid ? tid : pid, &task) == 0 && (!tid || task.pid == pid);
}

unsigned int node_numbers(int pid, int first, int32_t *numbers, unsigned int room)
{
	long n = pid ? procinfo_threads(right, pid, first, numbers, room)
		     : procinfo_pids(right, first, numbers, room);

	return n > 0 ? (unsigned int)n : 0;
}

int gather_highest(void)
{
	struct procinfo_system s;

	return procinfo_system(right, &s) ? 0 : (int)s.highest_pid;
}

uint64_t gather_start(const struct node *node)
{
	struct procinfo_task task = {0};
	struct procinfo_system s;

	if (procinfo_system(right, &s))
		return 0;
	if (node->pid && procinfo_task(right, id_of(node), &task))
		return s.boot_time;
	return s.boot_time + task.start;
}

/* --- a process, or a thread --- */

static long get_both(const struct node *node, struct procinfo_task *task,
		     struct procinfo_memory *memory)
{
	long ret = procinfo_task(right, id_of(node), task);

	return ret ? ret : procinfo_memory(right, id_of(node), memory);
}

long make_stat(struct text *t, const struct node *node)
{
	struct procinfo_memory memory;
	struct procinfo_task task;
	long ret = get_both(node, &task, &memory);

	if (!ret)
		format_stat(t, &task, &memory, !node->tid);
	return ret;
}

long make_status(struct text *t, const struct node *node)
{
	struct procinfo_memory memory;
	struct procinfo_task task;
	long ret = get_both(node, &task, &memory);

	if (!ret)
		format_status(t, &task, &memory);
	return ret;
}

long make_statm(struct text *t, const struct node *node)
{
	struct procinfo_memory memory;
	long ret = procinfo_memory(right, id_of(node), &memory);

	if (!ret)
		format_statm(t, &memory);
	return ret;
}

long make_comm(struct text *t, const struct node *node)
{
	struct procinfo_task task;
	long ret = procinfo_task(right, id_of(node), &task);

	if (!ret)
		text_printf(t, "%s\n", task.comm);
	return ret;
}

static long add_args(struct text *t, const struct node *node, enum procinfo_args what)
{
	size_t begin = t->length;
	char *room;
	long n;

	do {
		room = text_reserve(t, PIECE);
		if (!room)
			return -ENOMEM;
		n = procinfo_args(right, id_of(node), what, t->length - begin, room, PIECE);
		if (n > 0)
			t->length += (size_t)n;
	} while (n > 0);
	return n;
}

long make_cmdline(struct text *t, const struct node *node)
{
	return add_args(t, node, PROCINFO_ARGV);
}

long make_environ(struct text *t, const struct node *node)
{
	return add_args(t, node, PROCINFO_ENVIRON);
}

/* As execve was given it; a relative path leads nowhere from here, and neither does none. */
long make_exe(struct text *t, const struct node *node)
{
	long ret = add_args(t, node, PROCINFO_NAME);

	if (ret)
		return ret;
	if (t->length < 2 || t->bytes[0] != '/')
		return -ENOENT;
	t->length = strnlen(t->bytes, t->length);
	return 0;
}

/* Mapping after mapping: a chunk is of one moment, the whole need not be. */
static long add_maps(struct text *t, int id, const struct procinfo_memory *memory,
		     const char *program)
{
	static struct procinfo_map maps[64];
	uint64_t address = 0;
	long n;

	while ((n = procinfo_maps(right, id, address, maps, 64)) > 0) {
		for (long i = 0; i < n; i++)
			format_map(t, &maps[i], memory, program);
		address = maps[n - 1].end;
	}
	return n;
}

long make_maps(struct text *t, const struct node *node)
{
	struct procinfo_memory memory;
	struct text program = {0};
	long ret = procinfo_memory(right, id_of(node), &memory);

	if (!ret)
		ret = add_args(&program, node, PROCINFO_NAME);
	text_printf(&program, "%c", 0);
	if (!ret && program.failed)
		ret = -ENOMEM;
	if (!ret)
		ret = add_maps(t, id_of(node), &memory, program.bytes);
	text_free(&program);
	return ret;
}

/* --- the machine --- */

struct machine {
	struct procinfo_system system;
	struct procinfo_cpu cpus[CPUS_MAX];
	unsigned int n;
};

/* NULL: the right is no right. */
static const struct machine *get_machine(void)
{
	static struct machine m;
	unsigned int first = 0;
	long n;

	if (procinfo_system(right, &m.system))
		return NULL;
	m.n = 0;
	while (m.n < CPUS_MAX &&
	       (n = procinfo_cpus(right, first, m.cpus + m.n, CPUS_MAX - m.n)) > 0) {
		m.n += (unsigned int)n;
		first = m.cpus[m.n - 1].cpu + 1;
	}
	return &m;
}

long make_loadavg(struct text *t, const struct node *node)
{
	const struct machine *m = get_machine();

	(void)node;
	if (m)
		format_loadavg(t, &load, &m->system);
	return m ? 0 : -EIO;
}

long make_uptime(struct text *t, const struct node *node)
{
	const struct machine *m = get_machine();

	(void)node;
	if (m)
		format_uptime(t, &m->system, m->cpus, m->n);
	return m ? 0 : -EIO;
}

long make_machine_stat(struct text *t, const struct node *node)
{
	const struct machine *m = get_machine();

	(void)node;
	if (m)
		format_machine_stat(t, &m->system, m->cpus, m->n);
	return m ? 0 : -EIO;
}

long make_meminfo(struct text *t, const struct node *node)
{
	const struct machine *m = get_machine();

	(void)node;
	if (m)
		format_meminfo(t, &m->system);
	return m ? 0 : -EIO;
}

long make_pid_max(struct text *t, const struct node *node)
{
	const struct machine *m = get_machine();

	(void)node;
	if (m)
		text_printf(t, "%u\n", m->system.pid_max);
	return m ? 0 : -EIO;
}

/* SDM vol. 2A, CPUID: leaf 0 the vendor, 1 the signature, 0x80000002 to 4 the name. */
static struct cpu_model read_model(void)
{
	unsigned int a = 0, b = 0, c = 0, d = 0, words[12] = {0};
	struct cpu_model m = {0};

	(void)__get_cpuid(0, &a, &b, &c, &d);
	memcpy(m.vendor, (unsigned int[]){b, d, c}, 12);
	if (__get_cpuid(1, &a, &b, &c, &d)) {
		m.family = a >> 8 & 15;
		m.model = a >> 4 & 15;
		m.stepping = a & 15;
		if (m.family == 6 || m.family == 15)
			m.model |= a >> 12 & 0xf0;
		if (m.family == 15)
			m.family += a >> 20 & 0xff;
	}
	for (unsigned int i = 0; i < 3; i++)
		(void)__get_cpuid(0x80000002 + i, &words[4 * i], &words[4 * i + 1],
				  &words[4 * i + 2], &words[4 * i + 3]);
	memcpy(m.name, words, sizeof(words));
	return m;
}

long make_cpuinfo(struct text *t, const struct node *node)
{
	const struct machine *m = get_machine();
	struct cpu_model model = read_model();

	(void)node;
	if (m)
		format_cpuinfo(t, &model, m->cpus, m->n);
	return m ? 0 : -EIO;
}

/* --- names --- */

long make_version(struct text *t, const struct node *node)
{
	struct utsname u;

	(void)node;
	if (uname(&u))
		return -errno;
	format_version(t, &u);
	return 0;
}

static long add_name(struct text *t, size_t offset)
{
	struct utsname u;

	if (uname(&u))
		return -errno;
	text_printf(t, "%s\n", (const char *)&u + offset);
	return 0;
}

long make_hostname(struct text *t, const struct node *node)
{
	(void)node;
	return add_name(t, offsetof(struct utsname, nodename));
}

long make_osrelease(struct text *t, const struct node *node)
{
	(void)node;
	return add_name(t, offsetof(struct utsname, release));
}

long make_ostype(struct text *t, const struct node *node)
{
	(void)node;
	return add_name(t, offsetof(struct utsname, sysname));
}

/* Which others are mounted, only the root's server knows. */
long make_mounts(struct text *t, const struct node *node)
{
	(void)node;
	text_printf(t, "rootfs / rootfs rw 0 0\nproc /proc proc rw 0 0\n");
	return 0;
}

long make_filesystems(struct text *t, const struct node *node)
{
	(void)node;
	text_printf(t, "nodev\trootfs\nnodev\tproc\n");
	return 0;
}

/* --- root tables --- */

struct roots {
	struct named_root *all;
	unsigned int n;
};

static bool add_root(struct roots *roots, const struct procinfo_root *root)
{
	struct procinfo_task task = {0};
	struct named_root *more = realloc(roots->all, (roots->n + 1) * sizeof(*more));

	if (!more)
		return false;
	roots->all = more;
	if (root->owners)
		(void)procinfo_task(right, root->pid, &task);
	more[roots->n].root = *root;
	memcpy(more[roots->n++].comm, task.comm, sizeof(task.comm));
	return true;
}

static long get_roots(struct roots *roots)
{
	static struct procinfo_root chunk[32];
	uint64_t first = 0;
	long n;

	while ((n = procinfo_roots(right, first, chunk, 32)) > 0) {
		for (long i = 0; i < n; i++)
			if (!add_root(roots, &chunk[i]))
				return -ENOMEM;
		first = chunk[n - 1].table + 1;
	}
	return n;
}

typedef void (*pgsync_format)(struct text *t, const struct procinfo_pgsync *s,
			      const struct named_root *roots, unsigned int n);

static long add_pgsync(struct text *t, pgsync_format format)
{
	struct roots roots = {0};
	struct procinfo_pgsync s;
	long ret = procinfo_pgsync(right, &s);

	if (!ret)
		ret = get_roots(&roots);
	if (!ret)
		format(t, &s, roots.all, roots.n);
	free(roots.all);
	return ret;
}

long make_pgsync(struct text *t, const struct node *node)
{
	(void)node;
	return add_pgsync(t, format_pgsync);
}

long make_pgsync_tsv(struct text *t, const struct node *node)
{
	(void)node;
	return add_pgsync(t, format_pgsync_tsv);
}
