/* ABI tests: the server of the root directory, asked by several processes at once, and in no sense at all. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "user/tests/files.h"

#define WORKERS      4
#define ROUNDS       400
#define NAMES        8
#define RECORD_BYTES 16
#define NONSENSE     20000

/* An empty directory, made the working one. Skips the test where there are no files. */
static void new_directory(const char *path)
{
	if (mkdir("/tmp", 01777) && errno == ENOENT)
		SKIP("needs the servers");
	CHECK(mkdir(path, 0755) == 0 || errno == EEXIST);
	CHECK_EQ(chdir(path), 0);
}

static void run_workers(void (*fn)(unsigned int worker))
{
	pid_t pids[WORKERS];
	int status;

	for (unsigned int i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			fn(i);
			_exit(0);
		}
	}
	for (unsigned int i = 0; i < WORKERS; i++) {
		CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
		CHECK_EQ(status, 0);
	}
}

/* --- appending --- */

static void append(unsigned int worker)
{
	char record[RECORD_BYTES + 1];
	int fd = open("log", O_WRONLY | O_APPEND | O_CREAT, 0644);

	CHECK(fd >= 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		snprintf(record, sizeof(record), "worker %u %6u\n", worker, i);
		CHECK_EQ(write(fd, record, RECORD_BYTES), RECORD_BYTES);
	}
}

TEST(tree, appended_records_stay_whole)
{
	unsigned int next[WORKERS] = {0}, worker, n;
	char record[RECORD_BYTES + 1] = "";
	struct stat st;
	int fd;

	new_directory("/tmp/abitest.append");
	run_workers(append);
	fd = open("log", O_RDONLY);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, WORKERS * ROUNDS * RECORD_BYTES);
	while (read(fd, record, RECORD_BYTES) == RECORD_BYTES) {
		CHECK_EQ(sscanf(record, "worker %u %6u\n", &worker, &n), 2);
		CHECK(worker < WORKERS);
		CHECK_EQ(next[worker]++, n);
	}
	for (worker = 0; worker < WORKERS; worker++)
		CHECK_EQ(next[worker], ROUNDS);
	CHECK_EQ(unlink("log"), 0);
}

/* --- names that several processes want --- */

static void fight(unsigned int worker)
{
	char a[16], b[16];
	struct rng rng;

	rng_seed(&rng, 1, worker);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		int fd;

		snprintf(a, sizeof(a), "n%u", rng_below(&rng, NAMES));
		snprintf(b, sizeof(b), "n%u", rng_below(&rng, NAMES));
		switch (rng_below(&rng, 5)) {
		case 0:
			fd = open(a, O_RDWR | O_CREAT | O_EXCL, 0644);
			CHECK(fd >= 0 || errno == EEXIST);
			if (fd >= 0) {
				CHECK_EQ(write(fd, a, 2), 2);
				CHECK_EQ(close(fd), 0);
			}
			break;
		case 1:
			CHECK(rename(a, b) == 0 || errno == ENOENT);
			break;
		case 2:
			CHECK(link(a, b) == 0 || errno == ENOENT || errno == EEXIST);
			break;
		case 3:
			CHECK(unlink(a) == 0 || errno == ENOENT);
			break;
		default:
			fd = open(a, O_RDONLY);
			CHECK(fd >= 0 || errno == ENOENT);
			if (fd >= 0)
				CHECK_EQ(close(fd), 0);
		}
	}
}

/* Each name that is listed is there, and nothing is left when they are gone. */
TEST(tree, names_survive_a_fight)
{
	struct dirent *e;
	struct stat st;
	DIR *d;

	new_directory("/tmp/abitest.fight");
	run_workers(fight);
	d = opendir(".");
	CHECK(d);
	while ((e = readdir(d))) {
		CHECK_EQ(lstat(e->d_name, &st), 0);
		CHECK_EQ(st.st_ino, e->d_ino);
		if (e->d_name[0] == '.')
			continue;
		CHECK(S_ISREG(st.st_mode) && st.st_nlink >= 1 && st.st_nlink <= NAMES);
		CHECK_EQ(unlink(e->d_name), 0);
	}
	CHECK_EQ(closedir(d), 0);
	CHECK_EQ(chdir("/"), 0);
	CHECK_EQ(rmdir("/tmp/abitest.fight"), 0);
}

/* --- messages that no file layer would send --- */

static uint64_t odd_word(struct rng *rng)
{
	static const uint64_t odd[] = {0, 1, 4096, UINT64_MAX, INT64_MAX, 1ull << 30, 1ull << 32};

	return rng_below(rng, 3) ? rng_below(rng, 64) : odd[rng_below(rng, ARRAY_SIZE(odd))];
}

static long send_short(int fd, unsigned int op, uint64_t path_bytes, uint64_t bytes,
		       uint64_t beside)
{
	struct ipc_segment out = {(uintptr_t) "0123456789", beside};
	struct ipc_msg m = {
		.words = {FS_OP(op, FS_SHORT, path_bytes), bytes, FS_CURRENT, 0x3736353433323130},
		.out = (uintptr_t)&out,
		.nr_out = beside ? 1 : 0,
	};

	return ipc_send(fd, &m);
}

TEST(tree, a_word_has_eight_bytes_and_nothing_beside)
{
	char text[16];
	int fd;

	need_ipc();
	new_directory("/tmp/abitest.short");
	fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
	CHECK(fd >= 0);
	CHECK_EQ(send_short(fd, FS_WRITE, 0, 8, 0), 8);
	CHECK_EQ(send_short(fd, FS_WRITE, 0, 9, 0), -EINVAL);
	CHECK_EQ(send_short(fd, FS_WRITE, 0, -1ul, 0), -EINVAL);
	CHECK_EQ(send_short(fd, FS_WRITE, 0, 8, 8), -EINVAL);
	CHECK_EQ(send_short(fd, FS_WRITE, 2, 8, 0), -EINVAL);
	CHECK_EQ(send_short(fd, FS_READ, 0, 9, 0), -EINVAL);
	CHECK_EQ(send_short(fd, FS_TRUNCATE, 0, 3, 0), -EINVAL);
	CHECK_EQ(pread(fd, text, sizeof(text), 0), 8);
	CHECK_EQ(memcmp(text, "01234567", 8), 0);
}

TEST(tree, nonsense_is_answered)
{
	static char text[9000], room[9000];
	int connections[2], fd;
	struct rng rng;

	need_ipc();
	new_directory("/tmp/abitest.nonsense");
	connections[0] = open(".", O_RDONLY);
	connections[1] = open("file", O_RDWR | O_CREAT, 0644);
	CHECK(connections[0] >= 0 && connections[1] >= 0);
	rng_seed(&rng, 1, 0);
	for (unsigned int i = 0; i < NONSENSE; i++) {
		struct ipc_segment out = {(uintptr_t)text, rng_below(&rng, 4)
								   ? rng_below(&rng, 20)
								   : rng_below(&rng, sizeof(text))};
		struct ipc_segment in = {(uintptr_t)room, rng_below(&rng, sizeof(room))};
		uint64_t path = rng_below(&rng, 8) ? rng_below(&rng, 12) : odd_word(&rng);
		struct ipc_msg m = {
			.words = {FS_OP(rng_below(&rng, FS_OPS + 2), rng_below(&rng, 8), path),
				  odd_word(&rng), odd_word(&rng), odd_word(&rng)},
			.out = (uintptr_t)&out,
			.in = (uintptr_t)&in,
			.nr_out = 1,
			.nr_in = 1,
			.room = rng_below(&rng, 3),
		};

		for (unsigned int k = 0; k < 20; k++)
			text[k] = "ab/.\0"[rng_below(&rng, 5)];
		/* Outside of the directory there is what others need. */
		if (strstr(text, ".."))
			continue;
		(void)ipc_send(connections[rng_below(&rng, 2)], &m);
		for (unsigned int k = 0; k < m.nr_got; k++)
			CHECK_EQ(close(m.got[k]), 0);
	}
	fd = open("/tmp/abitest.nonsense", O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0);
}
