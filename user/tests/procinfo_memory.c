/* ABI tests: process information about memory: arguments, mappings, sums. */
#include <stdlib.h>

#include "user/lib/ipc.h"
#include "user/tests/procinfo.h"

#define MAPS_MAX 512

unsigned int all_maps(int right, pid_t pid, struct procinfo_map *maps, unsigned int max)
{
	uint64_t address = 0;
	unsigned int n = 0;
	long got;

	while ((got = procinfo_maps(right, pid, address, maps + n, max - n)) > 0) {
		n += (unsigned int)got;
		address = maps[n - 1].end;
		CHECK(n < max);
	}
	CHECK_EQ(got, 0);
	return n;
}

/* --- arguments --- */

#define EXPECT(pid, what, bytes)                                                                   \
	do {                                                                                       \
		char text_[256];                                                                   \
		CHECK_EQ(procinfo_args(right, pid, what, 0, text_, sizeof(text_)), sizeof(bytes)); \
		CHECK_EQ(memcmp(text_, bytes, sizeof(bytes)), 0);                                  \
	} while (0)

TEST(procinfo, arguments_of_another_process)
{
	char *const argv[] = {"name", "helper", "pause", "", "b c", NULL};
	char *const envp[] = {"ONE=1", "TWO=", NULL};
	int right = need_procinfo();
	pid_t pid = sleeping_program(argv, envp);
	char text[64];

	EXPECT(pid, PROCINFO_ARGV, "name\0helper\0pause\0\0b c");
	EXPECT(pid, PROCINFO_ENVIRON, "ONE=1\0TWO=");
	CHECK_EQ(procinfo_args(right, pid, PROCINFO_NAME, 0, text, sizeof(text)),
		 strlen(options.self) + 1);
	CHECK_EQ(strcmp(text, options.self), 0);
	/* From the middle on, and as much as there is room for. */
	CHECK_EQ(procinfo_args(right, pid, PROCINFO_ARGV, 5, text, 6), 6);
	CHECK_EQ(memcmp(text, "helper", 6), 0);
	CHECK_EQ(procinfo_args(right, pid, PROCINFO_ARGV, 23, text, 100), 0);
	end_child(pid);
	CHECK_EQ(procinfo_args(right, pid, PROCINFO_ARGV, 0, text, sizeof(text)), -ESRCH);
}

TEST(procinfo, no_arguments_and_no_environment)
{
	char *const none[] = {NULL};
	int right = need_procinfo();
	pid_t pid = sleeping_child();
	char text[8];

	/* A fork has its parent's. */
	CHECK(procinfo_args(right, pid, PROCINFO_ARGV, 0, text, sizeof(text)) == sizeof(text));
	end_child(pid);
	pid = vfork();
	if (pid == 0) {
		execve(options.tiny, none, none);
		_exit(1);
	}
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK_EQ(procinfo_args(right, pid, PROCINFO_ENVIRON, 0, text, sizeof(text)), -ESRCH);
}

TEST(procinfo, many_arguments_in_parts)
{
	static char big[40001], got[50000];
	char *const argv[] = {"name", "helper", "pause", big, NULL};
	char *const envp[] = {NULL};
	int right = need_procinfo();
	long n, done = 0;
	pid_t pid;

	memset(big, 'x', 40000);
	pid = sleeping_program(argv, envp);
	while ((n = procinfo_args(right, pid, PROCINFO_ARGV, done, got + done, 7001)) > 0)
		done += n;
	CHECK_EQ(n, 0);
	CHECK_EQ(done, 5 + 7 + 6 + 40001);
	CHECK_EQ(strcmp(got + 18, big), 0);
	CHECK_EQ(procinfo_args(right, pid, PROCINFO_ENVIRON, 0, got, sizeof(got)), 0);
	end_child(pid);
}

static int right_of_thread;

/* What the process has made of its arguments, and what is left when it unmaps them, and its first stack. */
static void *change_arguments(void *unused)
{
	int right = right_of_thread;
	struct procinfo_memory memory;
	char text[8] = {0};
	char *args;

	(void)unused;
	CHECK_EQ(procinfo_memory(right, getpid(), &memory), 0);
	args = (char *)(uintptr_t)memory.args_start;
	CHECK_EQ(procinfo_args(right, getpid(), PROCINFO_ARGV, 0, text, 4), 4);
	CHECK_EQ(memcmp(text, args, 4), 0);
	args[0] = '#';
	CHECK_EQ(procinfo_args(right, getpid(), PROCINFO_ARGV, 0, text, 4), 4);
	CHECK_EQ(text[0], '#');
	CHECK_EQ(munmap((void *)((uintptr_t)args & -PAGE_SIZE), PAGE_SIZE), 0);
	CHECK_EQ(procinfo_args(right, getpid(), PROCINFO_ARGV, 0, text, 4), 0);
	_exit(TEST_PASSED);
}

TEST(procinfo, arguments_are_the_process_own)
{
	right_of_thread = need_procinfo();
	start_thread(change_arguments, NULL);
	for (;;)
		pause();
}

/* --- mappings --- */

/* The mapping that begins at `at`. */
static struct procinfo_map map_at(int right, const void *at)
{
	struct procinfo_map map;

	CHECK_EQ(procinfo_maps(right, getpid(), (uintptr_t)at, &map, 1), 1);
	CHECK_EQ(map.start, (uintptr_t)at);
	return map;
}

TEST(procinfo, what_mappings_are)
{
	int right = need_procinfo(), object = (int)memobj_create(4 * PAGE_SIZE, 0);
	char *area = mmap(NULL, 16 * PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char local = 0, *other;
	struct procinfo_map map, stack;

	CHECK(mprotect(area + PAGE_SIZE, PAGE_SIZE, PROT_READ) == 0);
	CHECK(mprotect(area + 2 * PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE) == 0);
	CHECK(mprotect(area + 3 * PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_EXEC) == 0);
	CHECK(mmap(area + 4 * PAGE_SIZE, 2 * PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, object,
		   PAGE_SIZE) == area + 4 * PAGE_SIZE);
	other = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, object, 0);
	map = map_at(right, area);
	CHECK_EQ(map.end, (uintptr_t)area + PAGE_SIZE);
	CHECK_EQ(map.flags, 0);
	CHECK_EQ(map.kind, PROCINFO_ANONYMOUS);
	CHECK_EQ(map.object, 0);
	CHECK_EQ(map_at(right, area + PAGE_SIZE).flags, PROCINFO_READ);
	CHECK_EQ(map_at(right, area + 2 * PAGE_SIZE).flags, PROCINFO_READ | PROCINFO_WRITE);
	CHECK_EQ(map_at(right, area + 3 * PAGE_SIZE).flags, PROCINFO_READ | PROCINFO_EXEC);
	map = map_at(right, area + 4 * PAGE_SIZE);
	CHECK_EQ(map.flags, PROCINFO_READ | PROCINFO_SHARED);
	CHECK_EQ(map.kind, PROCINFO_OBJECT);
	CHECK_EQ(map.offset, PAGE_SIZE);
	CHECK(map.object != 0);
	CHECK_EQ(map_at(right, other).object, map.object);
	CHECK_EQ(map_at(right, other).flags, PROCINFO_READ);
	CHECK_EQ(procinfo_maps(right, getpid(), (uintptr_t)&local, &stack, 1), 1);
	CHECK_EQ(stack.kind, PROCINFO_STACK);
	CHECK_EQ(stack.flags & PROCINFO_WRITE, PROCINFO_WRITE);
	CHECK_EQ(map_at(right, area + 6 * PAGE_SIZE).end, (uintptr_t)area + 16 * PAGE_SIZE);
}

TEST(procinfo, the_heap)
{
	int right = need_procinfo();
	uintptr_t end = (uintptr_t)raw_syscall1(SYS_brk, 0),
		  start = (end + PAGE_SIZE - 1) & -PAGE_SIZE;
	struct procinfo_memory memory;
	struct procinfo_map map;

	CHECK_EQ(raw_syscall1(SYS_brk, end + 5 * PAGE_SIZE), end + 5 * PAGE_SIZE);
	CHECK_EQ(procinfo_maps(right, getpid(), start, &map, 1), 1);
	CHECK_EQ(map.kind, PROCINFO_HEAP);
	CHECK_EQ(procinfo_memory(right, getpid(), &memory), 0);
	CHECK_EQ(memory.heap_end, end + 5 * PAGE_SIZE);
	CHECK(memory.heap_start <= map.start && map.end >= memory.heap_end);
}

TEST(procinfo, mappings_in_chunks_are_the_same)
{
	static struct procinfo_map all[MAPS_MAX], one;
	int right = need_procinfo();
	char *area = mmap(NULL, 400 * PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct procinfo_memory memory;
	uint64_t address = 0, size = 0;
	unsigned int n;

	/* More than one call can tell. */
	for (unsigned int i = 0; i < 400; i += 2)
		CHECK_EQ(mprotect(area + i * PAGE_SIZE, PAGE_SIZE, PROT_READ), 0);
	n = all_maps(right, getpid(), all, MAPS_MAX);
	CHECK(n > 400);
	for (unsigned int i = 0; i < n; i++) {
		CHECK_EQ(procinfo_maps(right, getpid(), address, &one, 1), 1);
		CHECK_EQ(memcmp(&one, &all[i], sizeof(one)), 0);
		CHECK(one.start >= address && one.end > one.start);
		address = one.end;
		size += one.end - one.start;
	}
	CHECK_EQ(procinfo_maps(right, getpid(), address, &one, 1), 0);
	CHECK_EQ(procinfo_memory(right, getpid(), &memory), 0);
	CHECK_EQ(memory.maps, n);
	CHECK_EQ(memory.size, size);
}

/* --- sums --- */

static struct procinfo_memory memory_of(int right, pid_t pid)
{
	struct procinfo_memory memory;

	CHECK_EQ(procinfo_memory(right, pid, &memory), 0);
	return memory;
}

/* In the middle of addresses where nothing else is. */
#define FAR ((char *)0x200000200000)

/* Memory there; everything else is there as well from now on, so that nothing but it is counted. */
static char *map_far(int right, size_t bytes, struct procinfo_memory *before)
{
	CHECK_EQ(mlockall(MCL_CURRENT), 0);
	*before = memory_of(right, getpid());
	CHECK(mmap(FAR, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		   0) == FAR);
	return FAR;
}

TEST(procinfo, pages_and_tables_are_counted)
{
	int right = need_procinfo();
	struct procinfo_memory before, after;
	char *area = map_far(right, 16 * PAGE_SIZE, &before);

	after = memory_of(right, getpid());
	CHECK_EQ(after.size - before.size, 16 * PAGE_SIZE);
	CHECK_EQ(after.data - before.data, 16 * PAGE_SIZE);
	CHECK_EQ(after.resident, before.resident);
	CHECK_EQ(after.tables, before.tables);
	for (unsigned int i = 0; i < 5; i++)
		area[2 * i * PAGE_SIZE] = 1;
	after = memory_of(right, getpid());
	CHECK_EQ(after.resident - before.resident, 5 * PAGE_SIZE);
	/* One at each level below the one that spans a quarter of everything. */
	CHECK_EQ(after.tables - before.tables, 3 * PAGE_SIZE);
	CHECK_EQ(munmap(area, 16 * PAGE_SIZE), 0);
	after = memory_of(right, getpid());
	CHECK_EQ(after.resident, before.resident);
	CHECK_EQ(after.tables, before.tables);
	CHECK_EQ(after.size, before.size);
}

#define HUGE (2ul << 20)

TEST(procinfo, huge_pages_are_counted)
{
	int right = need_procinfo();
	struct procinfo_memory before, after;
	char *area = map_far(right, 3 * HUGE, &before);

	CHECK_EQ(madvise(area, 3 * HUGE, MADV_HUGEPAGE), 0);
	area[0] = area[HUGE] = 1;
	after = memory_of(right, getpid());
	CHECK_EQ(after.huge - before.huge, 2 * HUGE);
	CHECK_EQ(after.resident - before.resident, 2 * HUGE);
	CHECK_EQ(after.tables - before.tables, 2 * PAGE_SIZE);
	/* Half of one goes: it is small pages now. */
	CHECK_EQ(munmap(area, HUGE / 2), 0);
	after = memory_of(right, getpid());
	CHECK_EQ(after.huge - before.huge, HUGE);
	CHECK_EQ(after.tables - before.tables, 3 * PAGE_SIZE);
}

TEST(procinfo, locked_and_shared_memory)
{
	int right = need_procinfo();
	struct procinfo_memory before = memory_of(right, getpid()), after;
	char *area = mmap(NULL, 8 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);

	CHECK(area != MAP_FAILED);
	CHECK_EQ(mlock(area, 3 * PAGE_SIZE), 0);
	after = memory_of(right, getpid());
	CHECK_EQ(after.shared - before.shared, 8 * PAGE_SIZE);
	CHECK_EQ(after.locked - before.locked, 3 * PAGE_SIZE);
	CHECK_EQ(after.data, before.data);
}
