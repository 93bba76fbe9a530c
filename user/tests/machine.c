/* ABI tests: the machine handle: the boot archive's files, the command line, the screen; and who has no handle. */
#include "user/tests/machine.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

int need_machine(void)
{
	char byte;

	need_ipc();
	if (machine_cmdline(MACHINE_HANDLE, &byte, 1) == -EBADF)
		SKIP("init has kept the machine handle: start it with `machine`");
	return MACHINE_HANDLE;
}

/* The file of that path, with a handle; false: there is none. */
static bool find_file(int machine, const char *path, struct machine_bootfile *f)
{
	static char name[4096];

	for (unsigned long i = 0;; i++) {
		long ret;

		f->name = (uintptr_t)name;
		f->name_room = sizeof(name);
		ret = machine_bootfile(machine, i, f, 0);
		if (ret == -ENOENT)
			return false;
		CHECK_EQ(ret, 0);
		if (strcmp(name, path) == 0)
			return true;
		if (f->memory >= 0)
			CHECK_EQ(close(f->memory), 0);
	}
}

TEST(machine, each_boot_file_once)
{
	struct machine_bootfile dir, self;
	int machine = need_machine();
	const char *elf;

	CHECK(find_file(machine, "bin", &dir));
	CHECK(S_ISDIR(dir.mode));
	CHECK_EQ(dir.memory, -1);
	CHECK_EQ(dir.size, 0);
	CHECK(find_file(machine, "bin/abitest", &self));
	CHECK(S_ISREG(self.mode) && (self.mode & 0111));
	CHECK(self.size > 4096 && self.memory > machine && self.nlink == 1 && self.uid == 0);
	CHECK(self.ino != dir.ino || self.dev_minor != dir.dev_minor);
	CHECK(!find_file(machine, "bin/abitest2", &dir));
	elf = mmap(NULL, self.size, PROT_READ, MAP_PRIVATE, self.memory, 0);
	CHECK(elf != MAP_FAILED);
	CHECK(memcmp(elf, "\177ELF", 4) == 0);
	/* What follows the end in its last page is zero. */
	for (uint64_t i = self.size; i % PAGE_SIZE; i++)
		CHECK_EQ(elf[i], 0);
}

/* Programs run from these very pages. */
TEST(machine, a_boot_file_is_not_written_to)
{
	struct machine_bootfile f;
	int machine = need_machine();
	char *shared, *own;
	long own_fd;

	CHECK(find_file(machine, "bin/abitest", &f));
	CHECK(mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, f.memory, 0) == MAP_FAILED);
	CHECK_EQ(errno, EACCES);
	shared = mmap(NULL, 2 * PAGE_SIZE, PROT_READ, MAP_SHARED, f.memory, 0);
	CHECK(shared != MAP_FAILED);
	CHECK_EQ(mprotect(shared, PAGE_SIZE, PROT_READ | PROT_WRITE), -1);
	CHECK_EQ(errno, EACCES);
	CHECK_EQ(mprotect(shared, PAGE_SIZE, PROT_READ | PROT_EXEC), 0);
	CHECK_EQ(NO_CORE(status_of_write(shared)), KILLED(SIGSEGV));
	CHECK_EQ(NO_CORE(status_of_write(shared + PAGE_SIZE)), KILLED(SIGSEGV));
	/* One's own copy may be changed, and nobody else sees it. */
	own = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, f.memory, 0);
	CHECK(own != MAP_FAILED);
	own[0] = 'x';
	CHECK_EQ(shared[0], 0177);
	/* Other memory objects are written to as before, whatever bits Linux has no name for. */
	own_fd = memobj_create(PAGE_SIZE, 0);
	own = (char *)raw_syscall6(SYS_mmap, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | 1ul << 32, own_fd, 0);
	CHECK((long)own > 0);
	own[0] = 'y';
}

TEST(machine, boot_files_badly_asked_for)
{
	struct machine_bootfile f;
	int machine = need_machine(), limit;
	char name[2];

	f.name = (uintptr_t)name;
	f.name_room = sizeof(name);
	CHECK_EQ(machine_bootfile(machine, 0, &f, 0), -ENAMETOOLONG);
	CHECK_EQ(machine_bootfile(machine, 0, &f, 1), -EINVAL);
	CHECK_EQ(machine_bootfile(machine, -1ul, &f, 0), -ENOENT);
	CHECK_EQ(machine_bootfile(0, 0, &f, 0), -EBADF);
	CHECK_EQ(machine_bootfile(-1, 0, &f, 0), -EBADF);
	CHECK_EQ(machine_bootfile(1000, 0, &f, 0), -EBADF);
	CHECK(find_file(machine, "bin/abitest", &f));
	CHECK_EQ(close(f.memory), 0);
	limit = f.memory;
	for (unsigned int i = 0; i < NR_WILD; i++) {
		CHECK_EQ(machine_bootfile(machine, 0, (void *)wild_address(i), 0), -EFAULT);
		/* The handle that it had made is closed. */
		for (unsigned long n = 0; n < 8; n++) {
			f.name = wild_address(i);
			f.name_room = 4096;
			CHECK_EQ(machine_bootfile(machine, n, &f, 0), -EFAULT);
		}
	}
	CHECK_EQ(dup(0), limit);
}

TEST(machine, command_line_and_screen)
{
	struct machine_framebuffer fb;
	int machine = need_machine();
	char line[1024];
	long n = machine_cmdline(machine, line, sizeof(line)), ret;

	CHECK(n > 0 && line[n] == '\0' && strlen(line) == (size_t)n);
	CHECK(strstr(line, "-- machine /bin/abitest"));
	CHECK_EQ(machine_cmdline(machine, line, (size_t)n), -ENOSPC);
	CHECK_EQ(machine_cmdline(machine, line, (size_t)n + 1), n);
	CHECK_EQ(machine_cmdline(0, line, sizeof(line)), -EBADF);
	ret = machine_framebuffer(machine, &fb);
	CHECK(ret == -ENODEV || (ret == 0 && fb.addr && fb.pitch >= fb.width));
	say("# framebuffer: %ld, type %d", ret, ret ? -1 : fb.type);
	CHECK_EQ(machine_framebuffer(0, &fb), -EBADF);
	CHECK_EQ(machine_spare(0), -EBADF);
	CHECK_EQ(machine_spare(1000), -EBADF);
	for (unsigned int i = 0; i < NR_WILD; i++) {
		CHECK_EQ(machine_cmdline(machine, (char *)wild_address(i), 4096), -EFAULT);
		if (ret == 0)
			CHECK_EQ(machine_framebuffer(machine, (void *)wild_address(i)), -EFAULT);
	}
}

/* The other way round: a program that was not given it has nothing to ask with. */
TEST(machine, init_keeps_it_for_itself)
{
	char line[1024];

	need_ipc();
	if (machine_cmdline(MACHINE_HANDLE, line, sizeof(line)) >= 0)
		SKIP("init was told to pass it on");
	for (int fd = -1; fd <= 1024; fd++)
		CHECK_EQ(machine_cmdline(fd, line, sizeof(line)), -EBADF);
}

/* It is a handle like any other: dup'ed, passed on, lost. */
TEST(machine, who_has_no_handle_has_no_machine)
{
	int machine = need_machine(), other = dup(machine);
	char line[1024];

	CHECK(other > machine);
	CHECK_EQ(close(machine), 0);
	CHECK(machine_cmdline(other, line, sizeof(line)) > 0);
	CHECK_EQ(close(other), 0);
	CHECK_EQ(machine_cmdline(machine, line, sizeof(line)), -EBADF);
	CHECK_EQ(machine_poweroff(machine, 0), -EBADF);
	CHECK_EQ(machine_poweroff(0, 0), -EBADF);
}

/* Each in a boot of its own. */
TEST(poweroff, success)
{
	CHECK_EQ(machine_poweroff(need_machine(), 0), 0);
}

TEST(poweroff, failure)
{
	CHECK_EQ(machine_poweroff(need_machine(), 7), 0);
}
