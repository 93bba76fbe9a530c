/* ABI tests: locked memory, which is not given back, and is in memory as soon as it is mapped. */
#include <sys/mman.h>

#include "user/tests/abitest.h"

#define P    PAGE_SIZE
#define RW   (PROT_READ | PROT_WRITE)
#define PRIV (MAP_PRIVATE | MAP_ANONYMOUS)

typedef volatile unsigned char *bytes;

static bytes map(size_t pages, int prot, int flags)
{
	void *at = mmap(NULL, pages * P, prot, flags, -1, 0);

	CHECK(at != MAP_FAILED);
	return at;
}

static bool in_memory(bytes at)
{
	unsigned char in = 0;

	CHECK_EQ(raw_syscall3(SYS_mincore, (uintptr_t)at, P, (uintptr_t)&in), 0);
	return in & 1;
}

static bytes target;

/* What is locked is not given back, and what it grows by is there at once. */
TEST(locked, memory_stays)
{
	bytes p = map(4, RW, PRIV), q = map(2, RW, PRIV | MAP_LOCKED);
	unsigned int i;

	CHECK(in_memory(q) && in_memory(q + P));
	CHECK_EQ(mlock((void *)(p + P), 2 * P), 0);
	for (i = 0; i < 4; i++)
		p[i * P] = i + 1;
	CHECK_EQ(raw_syscall3(SYS_madvise, (uintptr_t)q, P, MADV_DONTNEED), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_madvise, (uintptr_t)q, P, 8 /* FREE */), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_madvise, (uintptr_t)q, P, 20 /* COLD */), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_madvise, (uintptr_t)q, P, 21 /* PAGEOUT */), -EINVAL);
	/* What comes before it is. */
	CHECK_EQ(raw_syscall3(SYS_madvise, (uintptr_t)p, 4 * P, MADV_DONTNEED), -EINVAL);
	CHECK_EQ(p[0], 0);
	for (i = 1; i < 4; i++)
		CHECK_EQ(p[i * P], i + 1);
	CHECK_EQ(raw_syscall3(SYS_madvise, (uintptr_t)(p + P), P, 24 /* DONTNEED_LOCKED */), 0);
	CHECK_EQ(p[P], 0);
	CHECK_EQ(raw_syscall3(SYS_msync, (uintptr_t)p, 4 * P, 2 /* INVALIDATE */), -EBUSY);
	CHECK_EQ(raw_syscall3(SYS_msync, (uintptr_t)p, 4 * P, 4 /* SYNC */), 0);
	CHECK_EQ(munlock((void *)p, 4 * P), 0);
	CHECK_EQ(raw_syscall3(SYS_msync, (uintptr_t)p, 4 * P, 2), 0);
	CHECK_EQ(madvise((void *)p, 4 * P, MADV_DONTNEED), 0);
	CHECK_EQ(p[2 * P], 0);
	q = (bytes)raw_syscall6(SYS_mremap, (uintptr_t)q, 2 * P, 5 * P, MREMAP_MAYMOVE, 0, 0);
	for (i = 0; i < 5; i++)
		CHECK(in_memory(q + i * P));
}

static void use_and_give_back(void)
{
	bytes p = map(1, RW, PRIV);

	CHECK(!in_memory(p));
	CHECK_EQ(madvise((void *)target, P, MADV_DONTNEED), 0);
}

TEST(locked, everything)
{
	long brk = raw_syscall1(SYS_brk, 0), ret = raw_syscall1(SYS_mlockall, 3);
	bytes p;

	if (options.host && ret)
		SKIP("this user may not lock everything");
	CHECK_EQ(ret, 0);
	p = map(3, RW, PRIV);
	CHECK(in_memory(p) && in_memory(p + 2 * P));
	CHECK_EQ(raw_syscall3(SYS_madvise, (uintptr_t)p, P, MADV_DONTNEED), -EINVAL);
	brk = (brk + P - 1) & -P;
	CHECK_EQ(raw_syscall1(SYS_brk, brk + 2 * P), brk + 2 * P);
	CHECK(in_memory((bytes)brk) && in_memory((bytes)brk + P));
	/* Not for children. */
	target = p;
	CHECK_EQ(status_of(use_and_give_back), 0);
	/* New ones only, and only when they are used. */
	CHECK_EQ(raw_syscall1(SYS_mlockall, 2 | 4), 0);
	CHECK(!in_memory(map(1, RW, PRIV)));
	CHECK_EQ(raw_syscall1(SYS_munlockall, 0), 0);
	CHECK_EQ(madvise((void *)p, P, MADV_DONTNEED), 0);
	CHECK(!in_memory(p) && in_memory(p + P));
	CHECK(!in_memory(map(1, RW, PRIV)));
}
