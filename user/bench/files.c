/*
 * Files and pipes, by way of the servers of init's start list: what a call costs in all, the kernel's file layer, the
 * switches to the server and back, and the server's own work.
 */
#include <fcntl.h>

#include "user/bench/bench.h"
#include "user/lib/rawsys.h"

#define LARGE 65536

static const char path[] = "/tmp/bench", other[] = "/tmp/other";
static char buffer[LARGE];
static long file;
static int ends[2];

static long open_at(const char *name, int flags)
{
	return raw_syscall3(SYS_open, (uintptr_t)name, (uintptr_t)flags, 0644);
}

static bool pread_of(unsigned long bytes)
{
	return raw_syscall4(SYS_pread64, (uintptr_t)file, (uintptr_t)buffer, bytes, 0) ==
	       (long)bytes;
}

static bool pwrite_of(unsigned long bytes)
{
	return raw_syscall4(SYS_pwrite64, (uintptr_t)file, (uintptr_t)buffer, bytes, 0) ==
	       (long)bytes;
}

static bool read_byte(void)
{
	return pread_of(1);
}

static bool write_byte(void)
{
	return pwrite_of(1);
}

static bool read_64k(void)
{
	return pread_of(LARGE);
}

static bool write_64k(void)
{
	return pwrite_of(LARGE);
}

static bool stat_file(void)
{
	return raw_syscall2(SYS_stat, (uintptr_t)path, (uintptr_t)buffer) == 0;
}

static bool open_read_close(void)
{
	long fd = open_at(path, O_RDONLY);

	return raw_syscall3(SYS_read, (uintptr_t)fd, (uintptr_t)buffer, 1) == 1 &&
	       raw_syscall1(SYS_close, (uintptr_t)fd) == 0;
}

static bool create_and_unlink(void)
{
	long fd = open_at(other, O_WRONLY | O_CREAT | O_EXCL);

	return raw_syscall1(SYS_close, (uintptr_t)fd) == 0 &&
	       raw_syscall1(SYS_unlink, (uintptr_t)other) == 0;
}

static bool pipe_byte(void)
{
	return raw_syscall3(SYS_write, (uintptr_t)ends[1], (uintptr_t)buffer, 1) == 1 &&
	       raw_syscall3(SYS_read, (uintptr_t)ends[0], (uintptr_t)buffer, 1) == 1;
}

int bench_files(unsigned int n)
{
	static const struct {
		const char *name;
		bool (*op)(void);
	} rows[] = {
		{"file_stat", stat_file},
		{"file_open_read_close", open_read_close},
		{"file_read_byte", read_byte},
		{"file_write_byte", write_byte},
		{"file_write_64k", write_64k},
		{"file_read_64k", read_64k},
		{"file_create_unlink", create_and_unlink},
		{"pipe_byte", pipe_byte},
	};
	int failures = 0;

	file = open_at(path, O_RDWR | O_CREAT | O_TRUNC);
	if (!stay_here() || file < 0 || !write_byte() ||
	    raw_syscall2(SYS_pipe2, (uintptr_t)ends, 0)) {
		put("bench: files: there are no servers; init starts them with @servers");
		put_line();
		return 1;
	}
	measure_init();
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		failures += report(rows[i].name, rows[i].op, n, "instructions");
	put(failures ? "BENCH: FAIL" : "BENCH: PASS");
	put_line();
	return failures != 0;
}
