/* The tree: see node.h. */
#include "user/proc/node.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/abi/fs.h"
#include "user/lib/freewalk.h"
#include "user/proc/gather.h"

#define IN(dir)   (1u << (dir))
#define OF_A_TASK (IN(DIR_PROCESS) | IN(DIR_THREAD))
#define DIRECTORY (S_IFDIR | 0555)
#define TEXT      (S_IFREG | 0444)
#define LINK      (S_IFLNK | 0777)

/* Those that the code below knows by name. */
enum { ROOT, SELF, THREAD_SELF, SYS, SYS_KERNEL, TASKS, PROCESS, THREAD };

/* Of links that lead to who asks there is no maker. What has no name is found by its number. */
static const struct node_type types[] = {
	[ROOT] = {"", 0, DIRECTORY, DIR_ROOT, NULL},
	[SELF] = {"self", IN(DIR_ROOT), LINK, DIR_NONE, NULL},
	[THREAD_SELF] = {"thread-self", IN(DIR_ROOT), LINK, DIR_NONE, NULL},
	[SYS] = {"sys", IN(DIR_ROOT), DIRECTORY, DIR_SYS, NULL},
	[SYS_KERNEL] = {"kernel", IN(DIR_SYS), DIRECTORY, DIR_SYS_KERNEL, NULL},
	[TASKS] = {"task", IN(DIR_PROCESS), DIRECTORY, DIR_TASKS, NULL},
	[PROCESS] = {"", 0, DIRECTORY, DIR_PROCESS, NULL},
	[THREAD] = {"", 0, DIRECTORY, DIR_THREAD, NULL},

	{"cpuinfo", IN(DIR_ROOT), TEXT, DIR_NONE, make_cpuinfo},
	{"filesystems", IN(DIR_ROOT), TEXT, DIR_NONE, make_filesystems},
	{"loadavg", IN(DIR_ROOT), TEXT, DIR_NONE, make_loadavg},
	{"meminfo", IN(DIR_ROOT), TEXT, DIR_NONE, make_meminfo},
	{"mounts", IN(DIR_ROOT), TEXT, DIR_NONE, make_mounts},
	{"pgsync", IN(DIR_ROOT), TEXT, DIR_NONE, make_pgsync},
	{"pgsync.tsv", IN(DIR_ROOT), TEXT, DIR_NONE, make_pgsync_tsv},
	{"stat", IN(DIR_ROOT), TEXT, DIR_NONE, make_machine_stat},
	{"uptime", IN(DIR_ROOT), TEXT, DIR_NONE, make_uptime},
	{"version", IN(DIR_ROOT), TEXT, DIR_NONE, make_version},

	{"hostname", IN(DIR_SYS_KERNEL), TEXT, DIR_NONE, make_hostname},
	{"osrelease", IN(DIR_SYS_KERNEL), TEXT, DIR_NONE, make_osrelease},
	{"ostype", IN(DIR_SYS_KERNEL), TEXT, DIR_NONE, make_ostype},
	{"pid_max", IN(DIR_SYS_KERNEL), TEXT, DIR_NONE, make_pid_max},

	{"cmdline", OF_A_TASK, TEXT, DIR_NONE, make_cmdline},
	{"comm", OF_A_TASK, TEXT, DIR_NONE, make_comm},
	{"environ", OF_A_TASK, S_IFREG | 0400, DIR_NONE, make_environ},
	{"exe", OF_A_TASK, LINK, DIR_NONE, make_exe},
	{"maps", OF_A_TASK, TEXT, DIR_NONE, make_maps},
	{"stat", OF_A_TASK, TEXT, DIR_NONE, make_stat},
	{"statm", OF_A_TASK, TEXT, DIR_NONE, make_statm},
	{"status", OF_A_TASK, TEXT, DIR_NONE, make_status},
};

const struct node node_root = {&types[ROOT], 0, 0};

static bool is_in(const struct node_type *type, const struct node *dir)
{
	return type->parents & IN(dir->type->dir);
}

/* --- names --- */

/* Without sign or leading zero, so that each number has one name. 0: it is none. */
static int parse_number(const char *name, size_t length)
{
	int n = 0;

	if (length == 0 || length > 9 || name[0] == '0')
		return 0;
	for (size_t i = 0; i < length; i++) {
		if (name[i] < '0' || name[i] > '9')
			return 0;
		n = n * 10 + name[i] - '0';
	}
	return n;
}

/* What a directory of numbers has; false: it is none. */
static bool numbered(const struct node *dir, int number, struct node *node)
{
	switch (dir->type->dir) {
	case DIR_ROOT:
		*node = (struct node){&types[PROCESS], number, 0};
		return true;
	case DIR_TASKS:
		*node = (struct node){&types[THREAD], dir->pid, number};
		return true;
	default:
		return false;
	}
}

static bool is_name(const char *name, size_t length, const char *which)
{
	return strlen(which) == length && memcmp(name, which, length) == 0;
}

static bool lookup(const struct node *dir, const char *name, size_t length, struct node *node)
{
	int number = parse_number(name, length);

	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++)
		if (is_in(&types[i], dir) && is_name(name, length, types[i].name)) {
			*node = (struct node){&types[i], dir->pid, dir->tid};
			/* The directory may be open longer than its process lives. */
			return !dir->pid || node_exists(dir->pid, dir->tid);
		}
	return number && numbered(dir, number, node) && node_exists(node->pid, node->tid);
}

static struct node parent_of(const struct node *dir)
{
	switch (dir->type->dir) {
	case DIR_TASKS:
		return (struct node){&types[PROCESS], dir->pid, 0};
	case DIR_THREAD:
		return (struct node){&types[TASKS], dir->pid, 0};
	case DIR_SYS_KERNEL:
		return (struct node){&types[SYS], 0, 0};
	default:
		return node_root;
	}
}

/* --- paths --- */

struct walk {
	const struct asker *asker;
	unsigned int how, links;
	struct node node;
	char *at;
	char path[FS_PATH_MAX]; /* what is left of it is at `at` */
};

long node_link(const struct node *link, const struct asker *asker, struct text *t)
{
	long ret = 0;

	if (link->type->make)
		ret = link->type->make(t, link);
	else if (link->type == &types[SELF])
		text_printf(t, "%d", asker->pid);
	else
		text_printf(t, "%d/task/%d", asker->pid, asker->tid);
	return ret ? ret : t->failed ? -ENOMEM : 0;
}

/* The path goes on with the link's target. 0; NODE_AWAY; -errno. */
static long follow(struct walk *w, const struct node *link)
{
	char joined[FS_PATH_MAX];
	struct text t = {0};
	long ret = ++w->links > FS_LINKS_MAX ? -ELOOP : node_link(link, w->asker, &t);
	int n = ret ? 0 : snprintf(joined, sizeof(joined), "%.*s%s", (int)t.length, t.bytes, w->at);

	text_free(&t);
	if (ret)
		return ret;
	if ((size_t)n >= sizeof(joined))
		return -ENAMETOOLONG;
	strcpy(w->path, joined);
	w->at = w->path;
	return w->path[0] == '/' ? NODE_AWAY : 0;
}

/* One name, which w->at is behind. 0; NODE_AWAY; -errno. */
static long step(struct walk *w, const char *name, size_t length)
{
	struct node next;

	if (length > FS_NAME_MAX)
		return -ENAMETOOLONG;
	if (!node_is_dir(&w->node))
		return -ENOTDIR;
	if (is_name(name, length, "."))
		return 0;
	if (is_name(name, length, "..")) {
		if (w->node.type->dir == DIR_ROOT)
			return NODE_AWAY;
		w->node = parent_of(&w->node);
		return 0;
	}
	if (!lookup(&w->node, name, length, &next))
		return -ENOENT;
	if (S_ISLNK(next.type->mode) && (*w->at || !(w->how & NODE_NOFOLLOW)))
		return follow(w, &next);
	w->node = next;
	return *w->at && !node_is_dir(&next) ? -ENOTDIR : 0;
}

long node_walk(const struct node *start, const char *path, unsigned int how,
	       const struct asker *asker, struct node *node, const char **rest)
{
	static struct walk w;
	long ret = 0;

	if (strlen(path) >= sizeof(w.path))
		return -ENAMETOOLONG;
	w.asker = asker;
	w.how = how;
	w.links = 0;
	w.node = *start;
	w.at = strcpy(w.path, path);
	while (!ret) {
		char *name = w.at + strspn(w.at, "/");
		size_t length = strcspn(name, "/");

		if (!length)
			break;
		w.at = name + length;
		ret = step(&w, name, length);
	}
	*node = w.node;
	*rest = w.at + strspn(w.at, "/");
	return ret;
}

/* --- directories --- */

/* Positions: ".", "..", the types, numbers. */
#define FIRST_TYPE   2ul
#define FIRST_NUMBER 1000ul

static unsigned int list_numbers(const struct node *dir, uint64_t position, int highest,
				 struct node_entry *entries, unsigned int room)
{
	uint64_t first = position > FIRST_NUMBER ? position - FIRST_NUMBER : 1;
	struct node any;
	int32_t numbers[64];
	unsigned int n;

	if (!numbered(dir, 0, &any) || first > (uint64_t)highest)
		return 0;
	n = node_numbers(dir->pid, (int)first, numbers,
			 room < ARRAY_SIZE(numbers) ? room : ARRAY_SIZE(numbers));
	for (unsigned int i = 0; i < n; i++) {
		if (numbers[i] > highest)
			return i;
		(void)numbered(dir, numbers[i], &entries[i].node);
		snprintf(entries[i].name, sizeof(entries[i].name), "%d", numbers[i]);
		entries[i].next = FIRST_NUMBER + (uint64_t)numbers[i] + 1;
	}
	return n;
}

unsigned int node_list(const struct node *dir, uint64_t position, int highest,
		       struct node_entry *entries, unsigned int room)
{
	unsigned int n = 0;

	for (; position < FIRST_TYPE && n < room; position++) {
		entries[n].node = position ? parent_of(dir) : *dir;
		strcpy(entries[n].name, position ? ".." : ".");
		entries[n++].next = position + 1;
	}
	for (; position < FIRST_TYPE + ARRAY_SIZE(types) && n < room; position++) {
		const struct node_type *type = &types[position - FIRST_TYPE];

		if (!is_in(type, dir))
			continue;
		entries[n].node = (struct node){type, dir->pid, dir->tid};
		snprintf(entries[n].name, sizeof(entries[n].name), "%s", type->name);
		entries[n++].next = position + 1;
	}
	return n < room ? n + list_numbers(dir, position, highest, entries + n, room - n) : n;
}

uint64_t node_number(const struct node *node)
{
	uint64_t type = (uint64_t)(node->type - types) + 1;

	return type | (uint64_t)(node->tid ? node->tid : node->pid) << 8 |
	       (uint64_t)(node->tid != 0) << 48;
}

void node_path(const struct node *dir, char *path, size_t room)
{
	switch (dir->type->dir) {
	case DIR_PROCESS:
		snprintf(path, room, "/proc/%d", dir->pid);
		break;
	case DIR_TASKS:
		snprintf(path, room, "/proc/%d/task", dir->pid);
		break;
	case DIR_THREAD:
		snprintf(path, room, "/proc/%d/task/%d", dir->pid, dir->tid);
		break;
	case DIR_SYS:
		snprintf(path, room, "/proc/sys");
		break;
	case DIR_SYS_KERNEL:
		snprintf(path, room, "/proc/sys/kernel");
		break;
	default:
		snprintf(path, room, "/proc");
	}
}
