/*
 * rootfs: the boot archive as a tree of files, which can be written to.
 *
 *	rootfs port=FD machine=FD [limit=BYTES]
 *
 * port: receives here; a connection with cookie 0 is the root directory. machine: where the boot files are; is closed
 * when they have been read. limit: of everything that the tree has come to hold; half of the memory if it is not said.
 *
 * Nothing outlives it: a machine whose rootfs is gone has ended.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "user/lib/freewalk.h"
#include "user/lib/machine.h"
#include "user/rootfs/boot.h"
#include "user/rootfs/pool.h"
#include "user/rootfs/serve.h"

static const char *const keys[] = {"port", "machine", "limit", NULL};

/* Where a symbolic link leads: its text, which stays until the next one. NULL: it cannot be read. */
static const char *read_target(const struct machine_bootfile *m)
{
	static char target[FS_PATH_MAX];
	const char *text;

	if (m->memory < 0 || m->size >= sizeof(target))
		return NULL;
	text = mmap(NULL, m->size, PROT_READ, MAP_PRIVATE, m->memory, 0);
	if (text == MAP_FAILED)
		return NULL;
	memcpy(target, text, m->size);
	target[m->size] = 0;
	munmap((void *)text, m->size);
	return target;
}

static long add(const struct machine_bootfile *m)
{
	struct boot_file file = {
		.name = (const char *)(uintptr_t)m->name,
		.target = S_ISLNK(m->mode) ? read_target(m) : NULL,
		.size = m->size,
		.memory = m->memory,
		.mode = m->mode,
		.mtime = m->mtime,
		.uid = m->uid,
		.gid = m->gid,
		.rdev = makedev(m->rdev_major, m->rdev_minor),
	};

	if (m->nlink > 1 && S_ISREG(m->mode))
		file.id = 1 + (m->ino | (uint64_t)makedev(m->dev_major, m->dev_minor) << 32);
	return boot_add(&file);
}

/* All of them. Says what goes wrong; false: the tree is not to be used. */
static bool load(int machine)
{
	static char name[FS_PATH_MAX];
	struct machine_bootfile m = {.name = (uintptr_t)name, .name_room = sizeof(name)};
	long ret;

	for (unsigned long i = 0;; i++) {
		ret = machine_bootfile(machine, i, &m, MACHINE_CLOEXEC);
		if (ret == -ENOENT)
			break;
		if (!ret)
			ret = add(&m);
		if (ret)
			say("rootfs: boot file %lu, %s: %s", i, name, strerror((int)-ret));
	}
	ret = boot_finish();
	if (ret)
		say("rootfs: no room for /dev: %s", strerror((int)-ret));
	return !ret;
}

static uint64_t half_of_memory(void)
{
	struct sysinfo info;

	return sysinfo(&info) ? 0 : (uint64_t)info.totalram * info.mem_unit / 2;
}

int main(int argc, char **argv)
{
	static struct fs_server server;
	const char *odd = arg_unknown(argc, argv, keys);
	int machine = (int)arg_number(argc, argv, "machine", (unsigned long)-1);
	uint64_t limit = arg_number(argc, argv, "limit", half_of_memory());
	long ret;

	server.port = (int)arg_number(argc, argv, "port", (unsigned long)-1);
	if (odd || server.port < 0 || machine < 0 || !limit) {
		say("rootfs: %s%s; it is started with port=FD machine=FD",
		    odd ? "unknown argument " : "something is missing", odd ? odd : "");
		return 2;
	}
	if (pool_init(limit) || tree_init() || open_init()) {
		say("rootfs: no memory to begin with");
		return 1;
	}
	if (!load(machine))
		return 1;
	/* It keeps to its limit, and nothing goes on without it. */
	ret = machine_spare(machine);
	if (ret)
		say("rootfs: not spared when memory is short: %s", strerror((int)-ret));
	close(machine);
	serve_init(&server);
	ret = fs_serve(&server);
	say("rootfs: the port is gone: %s", strerror((int)-ret));
	return 1;
}
