/* ABI tests: copy-on-write, brk, mmap, munmap, mprotect. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "user/tests/abitest.h"

#define RW PROT_READ | PROT_WRITE

static long map(uintptr_t at, size_t size, int prot, int flags)
{
	return raw_syscall6(SYS_mmap, at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static volatile char *map_pages(size_t pages)
{
	long at = map(0, pages * PAGE_SIZE, RW, 0);

	CHECK(at > 0 && at % PAGE_SIZE == 0);
	return (volatile char *)at;
}

/* The address that the next child shall read or write. */
TEST(memory, copy_on_write_both_ways)
{
	volatile char *p = map_pages(3);
	int status = -1;
	pid_t pid;

	p[0] = 1;
	p[PAGE_SIZE] = 2;
	pid = fork();
	if (pid == 0) {
		nap_ns(20000000); /* the parent has written */
		if (p[0] != 1 || p[PAGE_SIZE] != 2 || p[2 * PAGE_SIZE] != 0)
			_exit(1);
		p[PAGE_SIZE] = 22;
		p[2 * PAGE_SIZE] = 33;
		_exit(p[PAGE_SIZE] == 22 ? 0 : 2);
	}
	p[0] = 11;
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(p[0], 11);
	CHECK_EQ(p[PAGE_SIZE], 2);
	CHECK_EQ(p[2 * PAGE_SIZE], 0);
}

TEST(memory, copy_on_write_over_generations)
{
	volatile int *p = (volatile int *)map_pages(1);

	*p = 0;
	for (int i = 1; i <= 8; i++) {
		int status = -1;
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid > 0) {
			CHECK_EQ(waitpid(pid, &status, 0), pid);
			CHECK_EQ(*p, i - 1);
			CHECK_EQ(status, 0);
			_exit(0);
		}
		CHECK_EQ(*p, i - 1);
		*p = i;
	}
}

/* The kernel writes to a shared page for the user: it must copy it as well. */
TEST(memory, copy_on_write_by_the_kernel)
{
	volatile char *p = map_pages(1);
	int status = -1;
	pid_t pid;

	p[0] = 7;
	pid = fork();
	if (pid == 0) {
		raw_syscall2(SYS_clock_gettime, 1, (uintptr_t)p);
		p[0] = 8;
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(p[0], 7);
	CHECK_EQ(p[8], 0);
}

TEST(memory, brk_grows_and_shrinks)
{
	uintptr_t start = raw_syscall1(SYS_brk, 0), end;
	volatile char *p = (volatile char *)start;

	CHECK(start != 0);
	CHECK_EQ(raw_syscall1(SYS_brk, start + 5 * PAGE_SIZE), start + 5 * PAGE_SIZE);
	for (int i = 0; i < 5; i++) {
		CHECK_EQ(p[i * PAGE_SIZE], 0);
		p[i * PAGE_SIZE] = i + 1;
	}
	CHECK_EQ(raw_syscall1(SYS_brk, start + PAGE_SIZE), start + PAGE_SIZE);
	CHECK_EQ(raw_syscall1(SYS_brk, start + 5 * PAGE_SIZE), start + 5 * PAGE_SIZE);
	CHECK_EQ(p[0], 1);
	CHECK_EQ(p[3 * PAGE_SIZE], 0);
	end = (start + 5 * PAGE_SIZE + PAGE_SIZE - 1) & -PAGE_SIZE;
	CHECK_EQ(NO_CORE(status_of_read((char *)end)), KILLED(SIGSEGV));
}

TEST(memory, brk_refuses_silently)
{
	uintptr_t now = raw_syscall1(SYS_brk, 0);

	CHECK_EQ(raw_syscall1(SYS_brk, 1), now);
	CHECK_EQ(raw_syscall1(SYS_brk, 0xffffffff80000000), now);
	CHECK_EQ(raw_syscall1(SYS_brk, 0x8000000000000000), now);
	CHECK_EQ(raw_syscall1(SYS_brk, 0x00007fffffffffff), now);
}

TEST(memory, new_pages_are_zero)
{
	volatile char *p = map_pages(64);

	for (size_t i = 0; i < 64 * PAGE_SIZE; i += 61)
		CHECK_EQ(p[i], 0);
	memset((char *)p, 0x5a, 64 * PAGE_SIZE);
	CHECK_EQ(munmap((char *)p, 64 * PAGE_SIZE), 0);
	p = map_pages(64);
	for (size_t i = 0; i < 64 * PAGE_SIZE; i += 61)
		CHECK_EQ(p[i], 0);
}

TEST(memory, unmapped_faults)
{
	volatile char *p = map_pages(3);

	p[0] = p[2 * PAGE_SIZE] = 1;
	p[PAGE_SIZE] = 1;
	CHECK_EQ(munmap((char *)p + PAGE_SIZE, PAGE_SIZE), 0);
	CHECK_EQ(NO_CORE(status_of_read(p + PAGE_SIZE)), KILLED(SIGSEGV));
	CHECK_EQ(status_of_read(p + 2 * PAGE_SIZE), 0);
	CHECK_EQ(munmap((char *)p + PAGE_SIZE, PAGE_SIZE), 0); /* nothing there: fine */
	CHECK_EQ(munmap((char *)p, 3 * PAGE_SIZE), 0);
	CHECK_EQ(NO_CORE(status_of_write(p)), KILLED(SIGSEGV));
}

TEST(memory, protection_is_kept)
{
	volatile char *p = map_pages(3);

	p[0] = p[PAGE_SIZE] = p[2 * PAGE_SIZE] = 5;
	CHECK_EQ(mprotect((char *)p + PAGE_SIZE, PAGE_SIZE, PROT_READ), 0);
	CHECK_EQ(status_of_read(p + PAGE_SIZE), 0);
	CHECK_EQ(NO_CORE(status_of_write(p + PAGE_SIZE)), KILLED(SIGSEGV));
	CHECK_EQ(status_of_write(p + 2 * PAGE_SIZE), 0);
	CHECK_EQ(mprotect((char *)p + PAGE_SIZE, PAGE_SIZE, PROT_NONE), 0);
	CHECK_EQ(NO_CORE(status_of_read(p + PAGE_SIZE)), KILLED(SIGSEGV));
	CHECK_EQ(mprotect((char *)p, 3 * PAGE_SIZE, RW), 0);
	CHECK_EQ(p[PAGE_SIZE], 5);
	p[PAGE_SIZE] = 6;
	CHECK_EQ(p[PAGE_SIZE], 6);
}

/* A read-only page that fork has shared must not become writable by a write fault. */
TEST(memory, protection_survives_fork)
{
	volatile char *p = map_pages(1);

	p[0] = 5;
	CHECK_EQ(mprotect((char *)p, PAGE_SIZE, PROT_READ), 0);
	CHECK_EQ(NO_CORE(status_of_write(p)), KILLED(SIGSEGV));
	CHECK_EQ(p[0], 5);
	CHECK_EQ(mprotect((char *)p, PAGE_SIZE, RW), 0);
	p[0] = 6;
	CHECK_EQ(status_of_write(p), 0);
	CHECK_EQ(p[0], 6);
}

TEST(memory, fixed_replaces)
{
	volatile char *p = map_pages(3);

	p[PAGE_SIZE] = 9;
	CHECK_EQ(map((uintptr_t)p + PAGE_SIZE, PAGE_SIZE, RW, MAP_FIXED), (uintptr_t)p + PAGE_SIZE);
	CHECK_EQ(p[PAGE_SIZE], 0);
	CHECK_EQ(p[0], 0);
}

TEST(memory, mmap_checks_its_arguments)
{
	CHECK_EQ(map(0, 0, RW, 0), -EINVAL);
	CHECK_EQ(map(0x10001, PAGE_SIZE, RW, MAP_FIXED), -EINVAL);
	CHECK_EQ(map(0, 1ul << 60, RW, 0), -ENOMEM);
	CHECK_EQ(map(0, -1ul, RW, 0), -ENOMEM);
	CHECK_EQ(map(0xffffffff80000000, PAGE_SIZE, RW, MAP_FIXED), -ENOMEM);
	CHECK_EQ(map(0x8000000000000000, PAGE_SIZE, RW, MAP_FIXED), -ENOMEM);
	CHECK_EQ(map(user_end(), PAGE_SIZE, RW, MAP_FIXED), -ENOMEM);
	CHECK_EQ(map(user_end() - PAGE_SIZE, 2 * PAGE_SIZE, RW, MAP_FIXED), -ENOMEM);
	CHECK_EQ(map(-PAGE_SIZE, 2 * PAGE_SIZE, RW, MAP_FIXED), -ENOMEM);
	CHECK_EQ(raw_syscall6(SYS_mmap, 0, PAGE_SIZE, RW, MAP_ANONYMOUS, -1, 0), -EINVAL);
	CHECK_EQ(raw_syscall6(SYS_mmap, 0, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 77, 0), -EBADF);
}

static volatile int *upper_word;

static void write_upper_word(void)
{
	CHECK_EQ(*upper_word, 7);
	*upper_word = 8;
}

/* Whatever the levels of the page tables: above 47 bits lies only what asked to. */
TEST(memory, upper_addresses_for_those_who_ask)
{
	const unsigned long window = (1ul << 47) - PAGE_SIZE, hint = 1ul << 55;
	const bool upper = user_end() > window;
	unsigned long at;

	CHECK((unsigned long)map(0, PAGE_SIZE, RW, 0) < window);
	/* A place on both sides of the border is nobody's choice. */
	at = map(window - PAGE_SIZE, 4 * PAGE_SIZE, RW, 0);
	CHECK(at < window && at + 4 * PAGE_SIZE <= window);
	at = map(hint, 2 * PAGE_SIZE, RW, 0);
	CHECK_EQ(upper ? at == hint : at < window, true);
	/* The hint is taken: somewhere else, and above the border all the same. */
	at = map(at, PAGE_SIZE, RW, 0);
	CHECK(at != hint && (at > window) == upper);
	upper_word = (volatile int *)at;
	*upper_word = 7;
	CHECK_EQ(status_of(write_upper_word), 0);
	CHECK_EQ(*upper_word, 7);
	CHECK_EQ(raw_syscall2(SYS_munmap, at, PAGE_SIZE), 0);
}

TEST(memory, munmap_checks_its_arguments)
{
	volatile char *p = map_pages(1);

	CHECK_EQ(raw_syscall2(SYS_munmap, (uintptr_t)p, 0), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_munmap, (uintptr_t)p + 1, PAGE_SIZE), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_munmap, 0xffffffff80000000, PAGE_SIZE), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_munmap, 0x8000000000000000, PAGE_SIZE), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_munmap, (uintptr_t)p, -PAGE_SIZE), -EINVAL);
	p[0] = 1;
}

TEST(memory, mprotect_checks_its_arguments)
{
	volatile char *p = map_pages(2);

	CHECK_EQ(raw_syscall3(SYS_mprotect, (uintptr_t)p + 1, PAGE_SIZE, PROT_READ), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_mprotect, (uintptr_t)p, 0, PROT_READ), 0);
	CHECK_EQ(raw_syscall3(SYS_mprotect, (uintptr_t)p, PAGE_SIZE, 0x1000000), -EINVAL);
	CHECK_EQ(munmap((char *)p + PAGE_SIZE, PAGE_SIZE), 0);
	CHECK_EQ(raw_syscall3(SYS_mprotect, (uintptr_t)p, 2 * PAGE_SIZE, RW), -ENOMEM);
	CHECK_EQ(raw_syscall3(SYS_mprotect, 0xffffffff80000000, PAGE_SIZE, RW), -ENOMEM);
	CHECK_EQ(raw_syscall3(SYS_mprotect, (uintptr_t)p, -PAGE_SIZE, RW), -ENOMEM);
	p[0] = 1;
}

TEST(memory, mappings_split_and_many)
{
	enum { PAGES = 200 };
	volatile char *p = map_pages(PAGES);

	for (int i = 0; i < PAGES; i++)
		p[i * PAGE_SIZE] = i;
	for (int i = 1; i < PAGES; i += 2)
		CHECK_EQ(munmap((char *)p + i * PAGE_SIZE, PAGE_SIZE), 0);
	for (int i = 0; i < PAGES; i += 2)
		CHECK_EQ((unsigned char)p[i * PAGE_SIZE], i);
	CHECK_EQ(munmap((char *)p, PAGES * PAGE_SIZE), 0);
}

static void grow_stack(unsigned int kilobytes)
{
	volatile char here[1024];

	here[0] = here[1023] = kilobytes;
	if (kilobytes > 1)
		grow_stack(kilobytes - 1);
	here[1] = 1; /* keeps it from being a tail call */
}

TEST(memory, stack_of_a_megabyte)
{
	grow_stack(1024);
}

static void overflow_stack(void)
{
	grow_stack(1u << 30);
}

TEST(memory, stack_overflow_faults)
{
	CHECK_EQ(NO_CORE(status_of(overflow_stack)), KILLED(SIGSEGV));
}
