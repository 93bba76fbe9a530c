/*
 * ABI tests: bad arguments in every call about memory: unaligned, overflowing, in the kernel's
 * half, of no length or of an absurd one, over holes; and the errno of each.
 *
 * Each line of the table is tried on an area made afresh:
 *
 *	page	0..3	private, readable and writable
 *		4, 5	nothing
 *		6, 7	private, readable
 *		8, 9	shared, readable and writable
 *		10..	nothing
 */
#include <string.h>
#include <sys/mman.h>

#include "user/tests/abitest.h"

#define AREA_PAGES 16

/* In the table: byte n of the area. */
#define AT(n)   (AREA | (n))
#define AREA    0x0041524541000000ul
#define IN_AREA 0xfffffful
#define P       PAGE_SIZE

#define KERNEL    0xffffffff80000000ul
#define DIRECT    0xffff888000000000ul
#define NO_CANON  0x0100000000000000ul
#define USER_LAST 0x004c415354000000ul /* stands for user_end() */
#define HUGE      0x4000000000000000ul

#define RW      (PROT_READ | PROT_WRITE)
#define PRIV    (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHAR    (MAP_SHARED | MAP_ANONYMOUS)
#define FIX     MAP_FIXED
#define NOREPL  0x100000
#define NOBODY  (-1ul) /* as a file descriptor */
#define MOVE    1      /* MREMAP_MAYMOVE */
#define MOVEFIX 3
#define DONTUNM 5 /* MAYMOVE | DONTUNMAP */
#define GROWSD  0x01000000
#define GROWSU  0x02000000

#define SYS_mlock2_ 325
#define SYS_prctl_  157
#define SET_MDWE    65
#define GET_MDWE    66

static const struct bad_call {
	long nr;
	uintptr_t args[6];
	long want; /* 0 or above: that it must succeed */
} calls[] = {
	/* address, length, prot, flags, descriptor, offset */
	{SYS_mmap, {0, 0, RW, PRIV, NOBODY, 0}, -EINVAL},
	{SYS_mmap, {0, 0, RW, SHAR, NOBODY, 0}, -EINVAL},
	{SYS_mmap, {0, P, RW, MAP_ANONYMOUS, NOBODY, 0}, -EINVAL},
	{SYS_mmap, {0, P, RW, MAP_ANONYMOUS | MAP_SHARED | MAP_PRIVATE, NOBODY, 0}, -EINVAL},
	{SYS_mmap, {0, P, RW, MAP_ANONYMOUS | 0xf, NOBODY, 0}, -EINVAL},
	{SYS_mmap, {0, HUGE, RW, MAP_ANONYMOUS, NOBODY, 0}, -ENOMEM},
	{SYS_mmap, {0, P, RW, SHAR | MAP_GROWSDOWN, NOBODY, 0}, -EINVAL},
	{SYS_mmap, {0, P, RW, PRIV, NOBODY, 1}, -EINVAL},
	{SYS_mmap, {0, P, RW, PRIV, NOBODY, P - 1}, -EINVAL},
	{SYS_mmap, {0, P, PROT_READ, MAP_PRIVATE, NOBODY, 0}, -EBADF},
	{SYS_mmap, {0, P, PROT_READ, MAP_SHARED, 77777, 0}, -EBADF},
	{SYS_mmap, {0, 0, PROT_READ, MAP_SHARED, 77777, 1}, -EINVAL},
	{SYS_mmap, {0, HUGE, RW, PRIV, NOBODY, 0}, -ENOMEM},
	{SYS_mmap, {0, HUGE, RW, SHAR, NOBODY, 0}, -ENOMEM},
	{SYS_mmap, {0, USER_LAST, RW, PRIV | MAP_NORESERVE, NOBODY, 0}, -ENOMEM},
	{SYS_mmap, {0, -1ul, RW, PRIV, NOBODY, 0}, -ENOMEM},
	{SYS_mmap, {0, -P, RW, PRIV, NOBODY, 0}, -ENOMEM},
	{SYS_mmap, {AT(1), P, RW, PRIV | FIX, NOBODY, 0}, -EINVAL},
	{SYS_mmap, {AT(P - 1), P, RW, SHAR | FIX, NOBODY, 0}, -EINVAL},
	{SYS_mmap, {AT(4 * P + 1), P, RW, PRIV | NOREPL, NOBODY, 0}, -EINVAL},
	{SYS_mmap, {AT(0), HUGE, RW, PRIV | FIX, NOBODY, 0}, -ENOMEM},
	{SYS_mmap, {AT(1), HUGE, RW, PRIV | FIX, NOBODY, 0}, -ENOMEM},
	{SYS_mmap, {KERNEL, P, RW, PRIV | FIX, NOBODY, 0}, -ENOMEM},
	{SYS_mmap, {KERNEL + 1, P, RW, PRIV | FIX, NOBODY, 0}, -ENOMEM},
	{SYS_mmap, {DIRECT, P, RW, SHAR | FIX, NOBODY, 0}, -ENOMEM},
	{SYS_mmap, {NO_CANON, P, RW, PRIV | FIX, NOBODY, 0}, -ENOMEM},
	{SYS_mmap, {-P, P, RW, PRIV | FIX, NOBODY, 0}, -ENOMEM},
	{SYS_mmap, {-P, 2 * P, RW, PRIV | FIX, NOBODY, 0}, -ENOMEM},
	{SYS_mmap, {USER_LAST, P, RW, PRIV | FIX, NOBODY, 0}, -ENOMEM},
	{SYS_mmap, {USER_LAST - P, 2 * P, RW, PRIV | FIX, NOBODY, 0}, -ENOMEM},
	{SYS_mmap, {AT(0), P, RW, PRIV | NOREPL, NOBODY, 0}, -EEXIST},
	{SYS_mmap, {AT(5 * P), 2 * P, RW, PRIV | NOREPL, NOBODY, 0}, -EEXIST},
	{SYS_mmap, {AT(3 * P), 2 * P, RW, SHAR | NOREPL, NOBODY, 0}, -EEXIST},
	{SYS_mmap, {AT(0), P, RW, MAP_ANONYMOUS | NOREPL, NOBODY, 0}, -EEXIST},
	{SYS_mmap, {AT(4 * P), 2 * P, RW, PRIV | NOREPL, NOBODY, 0}, 0},
	{SYS_mmap, {KERNEL, P, RW, PRIV, NOBODY, 0}, 0}, /* only a hint */
	{SYS_mmap, {-1ul, P, RW, PRIV, NOBODY, 0}, 0},
	{SYS_mmap, {AT(0), P, RW, PRIV, NOBODY, 0}, 0},

	{SYS_munmap, {AT(0), 0}, -EINVAL},
	{SYS_munmap, {AT(1), P}, -EINVAL},
	{SYS_munmap, {AT(0), -1ul}, -EINVAL},
	{SYS_munmap, {AT(0), HUGE}, -EINVAL},
	{SYS_munmap, {AT(0), -P}, -EINVAL},
	{SYS_munmap, {0, -1ul}, -EINVAL},
	{SYS_munmap, {KERNEL, P}, -EINVAL},
	{SYS_munmap, {DIRECT, P}, -EINVAL},
	{SYS_munmap, {NO_CANON, P}, -EINVAL},
	{SYS_munmap, {USER_LAST, P}, -EINVAL},
	{SYS_munmap, {USER_LAST - P, 2 * P}, -EINVAL},
	{SYS_munmap, {AT(4 * P), P}, 0},
	{SYS_munmap, {AT(3 * P), 5 * P - 1}, 0},

	{SYS_mprotect, {AT(1), P, RW}, -EINVAL},
	{SYS_mprotect, {AT(1), 0, RW}, -EINVAL},
	{SYS_mprotect, {AT(0), 0, RW}, 0},
	{SYS_mprotect, {AT(0), 0, 0x40}, 0},
	{SYS_mprotect, {KERNEL, 0, RW}, 0},
	{SYS_mprotect, {AT(0), P, 0x40}, -EINVAL},
	{SYS_mprotect, {AT(0), P, -1ul}, -EINVAL},
	{SYS_mprotect, {AT(4 * P), P, 0x40}, -EINVAL},
	{SYS_mprotect, {AT(0), P, RW | 8}, 0}, /* PROT_SEM */
	{SYS_mprotect, {AT(0), -1ul, RW}, -ENOMEM},
	{SYS_mprotect, {AT(0), -1ul, 0x40}, -ENOMEM},
	{SYS_mprotect, {AT(0), -P, RW}, -ENOMEM},
	{SYS_mprotect, {AT(0), HUGE, PROT_READ}, -ENOMEM},
	{SYS_mprotect, {AT(4 * P), P, RW}, -ENOMEM},
	{SYS_mprotect, {AT(5 * P), 2 * P, RW}, -ENOMEM},
	{SYS_mprotect, {KERNEL, P, RW}, -ENOMEM},
	{SYS_mprotect, {DIRECT, P, RW}, -ENOMEM},
	{SYS_mprotect, {-P, 2 * P, RW}, -ENOMEM},
	{SYS_mprotect, {NO_CANON, P, RW}, -ENOMEM},
	{SYS_mprotect, {AT(0), P, RW | GROWSD}, -EINVAL},
	{SYS_mprotect, {AT(0), P, RW | GROWSU}, -EINVAL},
	{SYS_mprotect, {AT(0), P, RW | GROWSD | GROWSU}, -EINVAL},
	{SYS_mprotect, {AT(4 * P), P, RW | GROWSD}, -ENOMEM},
	{SYS_mprotect, {AT(4 * P), P, RW | GROWSU}, -ENOMEM},

	/* address, old length, new length, flags, new address */
	{SYS_mremap, {AT(0), P, 2 * P, 8}, -EINVAL},
	{SYS_mremap, {AT(0), P, 2 * P, -1ul}, -EINVAL},
	{SYS_mremap, {AT(0), P, P, 2, AT(10 * P)}, -EINVAL}, /* FIXED alone */
	{SYS_mremap, {AT(0), P, P, 4, 0}, -EINVAL},          /* DONTUNMAP alone */
	{SYS_mremap, {AT(0), P, 2 * P, DONTUNM, 0}, -EINVAL},
	{SYS_mremap, {AT(1), P, 2 * P, MOVE}, -EINVAL},
	{SYS_mremap, {AT(0), P, 0, MOVE}, -EINVAL},
	{SYS_mremap, {AT(0), P, 0, MOVEFIX, AT(10 * P)}, -EINVAL},
	{SYS_mremap, {AT(0), P, -1ul, MOVE}, -EINVAL}, /* wraps to 0 */
	{SYS_mremap, {AT(0), 0, P, MOVE}, -EINVAL},    /* only of shared memory */
	{SYS_mremap, {AT(0), 0, P, 0}, -EINVAL},
	{SYS_mremap, {AT(8 * P), 0, P, 0}, -ENOMEM},
	{SYS_mremap, {AT(0), P, P, MOVEFIX, AT(10 * P + 1)}, -EINVAL},
	{SYS_mremap, {AT(0), 2 * P, 2 * P, MOVEFIX, AT(P)}, -EINVAL}, /* onto itself */
	{SYS_mremap, {AT(P), 2 * P, 2 * P, MOVEFIX, AT(0)}, -EINVAL},
	{SYS_mremap, {AT(0), P, P, MOVEFIX, AT(0)}, -EINVAL},
	{SYS_mremap, {AT(0), P, 4 * P, MOVEFIX, KERNEL}, -EINVAL},
	{SYS_mremap, {AT(0), P, P, MOVEFIX, NO_CANON}, -EINVAL},
	{SYS_mremap, {AT(0), P, P, MOVEFIX, USER_LAST}, -EINVAL},
	{SYS_mremap, {AT(0), P, P, MOVEFIX, -P}, -EINVAL},
	{SYS_mremap, {AT(0), P, HUGE, MOVEFIX, AT(10 * P)}, -EINVAL},
	{SYS_mremap, {AT(4 * P), P, 2 * P, MOVE}, -EFAULT},
	{SYS_mremap, {AT(4 * P), P, P, 0}, -EFAULT},
	{SYS_mremap, {AT(4 * P), 2 * P, P, 0}, -EFAULT},
	{SYS_mremap, {KERNEL, P, 2 * P, MOVE}, -EFAULT},
	{SYS_mremap, {DIRECT, P, P, 0}, -EFAULT},
	{SYS_mremap, {NO_CANON, 2 * P, P, MOVE}, -EFAULT},
	{SYS_mremap, {AT(3 * P), 2 * P, 3 * P, MOVE}, -EFAULT},
	{SYS_mremap, {AT(3 * P), 2 * P, 3 * P, 0}, -EFAULT},
	{SYS_mremap, {AT(4 * P), P, P, MOVEFIX, AT(10 * P)}, -EFAULT},
	{SYS_mremap, {AT(0), P, 2 * P, 0}, -ENOMEM}, /* the next page is in the way */
	{SYS_mremap, {AT(2 * P), 2 * P, 5 * P, 0}, -ENOMEM},
	{SYS_mremap, {AT(0), -P, P, 0}, -EINVAL}, /* what it gives up is nobody's to have */
	{SYS_mremap, {AT(0), 2 * P, P, 0}, 0},
	{SYS_mremap, {AT(2 * P), 2 * P, 4 * P, 0}, 0},
	{SYS_mremap, {AT(0), P, P, 0}, 0},

	{SYS_madvise, {AT(0), P, 99}, -EINVAL},
	{SYS_madvise, {AT(0), P, -1ul}, -EINVAL},
	{SYS_madvise, {AT(0), 0, 99}, -EINVAL},
	{SYS_madvise, {AT(4 * P), P, 5}, -EINVAL},
	{SYS_madvise, {AT(1), P, MADV_DONTNEED}, -EINVAL},
	{SYS_madvise, {AT(1), 0, MADV_NORMAL}, -EINVAL},
	{SYS_madvise, {AT(0), 0, MADV_DONTNEED}, 0},
	{SYS_madvise, {AT(4 * P), 0, MADV_DONTNEED}, 0},
	{SYS_madvise, {AT(0), -1ul, MADV_DONTNEED}, -EINVAL},
	{SYS_madvise, {AT(P), -P, MADV_DONTNEED}, 0 - EINVAL},
	{SYS_madvise, {-P, 2 * P, MADV_DONTNEED}, -EINVAL},
	{SYS_madvise, {AT(4 * P), P, MADV_DONTNEED}, -ENOMEM},
	{SYS_madvise, {AT(3 * P), 4 * P, MADV_DONTNEED}, -ENOMEM},
	{SYS_madvise, {AT(3 * P), 4 * P, MADV_NORMAL}, -ENOMEM},
	{SYS_madvise, {AT(3 * P), 4 * P, MADV_WILLNEED}, -ENOMEM},
	{SYS_madvise, {AT(8 * P), P, 8 /* FREE */}, -EINVAL},
	{SYS_madvise, {AT(0), P, 8}, 0},
	{SYS_madvise, {AT(0), P, MADV_RANDOM}, 0},
	{SYS_madvise, {AT(0), P, MADV_SEQUENTIAL}, 0},
	{SYS_madvise, {AT(0), P, MADV_WILLNEED}, 0},
	{SYS_madvise, {KERNEL, P, MADV_DONTNEED}, -ENOMEM},
	{SYS_madvise, {NO_CANON, P, MADV_NORMAL}, -ENOMEM},

	/* The vector is the area's first page. */
	{SYS_mincore, {AT(1), P, AT(0)}, -EINVAL},
	{SYS_mincore, {AT(4 * P), P, AT(0)}, -ENOMEM},
	{SYS_mincore, {AT(3 * P), 2 * P, AT(0)}, -ENOMEM},
	{SYS_mincore, {KERNEL, P, AT(0)}, -ENOMEM},
	{SYS_mincore, {AT(0), -1ul, AT(0)}, -ENOMEM},
	{SYS_mincore, {AT(0), HUGE, AT(0)}, -ENOMEM},
	{SYS_mincore, {AT(0), P, AT(4 * P)}, -EFAULT},
	{SYS_mincore, {AT(0), P, AT(6 * P)}, -EFAULT},
	{SYS_mincore, {AT(0), P, KERNEL}, -EFAULT},
	{SYS_mincore, {AT(4 * P), P, KERNEL}, -EFAULT},
	{SYS_mincore, {AT(0), 0, AT(0)}, 0},
	{SYS_mincore, {AT(0), P + 1, AT(0)}, 0},

	{SYS_msync, {AT(1), P, MS_SYNC}, -EINVAL},
	{SYS_msync, {AT(0), P, 8}, -EINVAL},
	{SYS_msync, {AT(0), P, MS_SYNC | MS_ASYNC}, -EINVAL},
	{SYS_msync, {AT(0), -P, MS_SYNC}, -ENOMEM},
	{SYS_msync, {-P, 2 * P, MS_SYNC}, -ENOMEM},
	{SYS_msync, {AT(3 * P), 2 * P, MS_SYNC}, -ENOMEM},
	{SYS_msync, {AT(3 * P), 2 * P, MS_ASYNC}, -ENOMEM},
	{SYS_msync, {KERNEL, P, MS_ASYNC}, -ENOMEM},
	{SYS_msync, {AT(0), 0, MS_SYNC}, 0},
	{SYS_msync, {AT(4 * P), -1ul, MS_SYNC}, 0}, /* wraps to nothing */
	{SYS_msync, {AT(0), 4 * P, MS_SYNC}, 0},

	{SYS_mlock, {AT(3 * P), 2 * P}, -ENOMEM},
	{SYS_mlock, {AT(4 * P + 1), 1}, -ENOMEM},
	{SYS_mlock, {KERNEL, P}, -ENOMEM},
	{SYS_mlock, {AT(0), 0}, 0},
	{SYS_mlock, {AT(4 * P), 0}, 0},
	{SYS_mlock, {AT(P + 1), P}, 0},
	{SYS_mlock, {AT(8 * P), P}, 0},
	{SYS_munlock, {AT(3 * P), 2 * P}, -ENOMEM},
	{SYS_munlock, {-P, P - 1}, -EINVAL},
	{SYS_munlock, {AT(0), P}, 0},
	{SYS_mlock2_, {AT(0), P, 2}, -EINVAL},
	{SYS_mlock2_, {AT(4 * P), P, 1}, -ENOMEM},
	{SYS_mlock2_, {AT(0), P, 1}, 0},
	{SYS_mlockall, {0}, -EINVAL},
	{SYS_mlockall, {8}, -EINVAL},
	{SYS_mlockall, {4}, -EINVAL},
	{SYS_munlockall, {0}, 0},

	{SYS_prctl_, {GET_MDWE, 1}, -EINVAL},
	{SYS_prctl_, {GET_MDWE, 0, 0, 0, 1}, -EINVAL},
	{SYS_prctl_, {GET_MDWE, 0}, 0},
	{SYS_prctl_, {SET_MDWE, 4}, -EINVAL},
	{SYS_prctl_, {SET_MDWE, 2}, -EINVAL},
	{SYS_prctl_, {SET_MDWE, -1ul}, -EINVAL},
	{SYS_prctl_, {SET_MDWE, 1, 1}, -EINVAL},
	{SYS_prctl_, {SET_MDWE, 1, 0, 0, 1}, -EINVAL},
	{SYS_prctl_, {SET_MDWE, 0}, 0},
	{SYS_prctl_, {-1ul}, -EINVAL},
};

/* Lets nothing else be just below or above: a page on each side stays unmapped. */
static char *make_area(void)
{
	char *at = mmap(NULL, (AREA_PAGES + 2) * P, RW, PRIV, -1, 0);

	CHECK(at != MAP_FAILED);
	CHECK_EQ(munmap(at, P), 0);
	at += P;
	CHECK_EQ(munmap(at + 4 * P, 2 * P), 0);
	CHECK_EQ(mprotect(at + 6 * P, 2 * P, PROT_READ), 0);
	CHECK(mmap(at + 8 * P, 2 * P, RW, SHAR | FIX, -1, 0) == at + 8 * P);
	CHECK_EQ(munmap(at + 10 * P, (AREA_PAGES + 1 - 10) * P), 0);
	return at;
}

static uintptr_t value_of(uintptr_t arg, const char *area)
{
	if (arg == USER_LAST || arg == USER_LAST - P)
		return arg - USER_LAST + user_end();
	return (arg & ~IN_AREA) == AREA ? (uintptr_t)area + (arg & IN_AREA) : arg;
}

static bool area_is_whole(char *area)
{
	static const char want[] = {1, 1, 1, 1, 0, 0, 0, 0, 8, 8};

	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
		unsigned char in;

		if (i == 4 || i == 5) {
			if (raw_syscall3(SYS_mincore, (uintptr_t)area + i * P, P, (uintptr_t)&in) !=
			    -ENOMEM)
				return false;
		} else if (*(volatile char *)(area + i * P) != want[i]) {
			return false;
		}
	}
	return true;
}

static bool try_call(const struct bad_call *c, unsigned int line)
{
	char *area = make_area();
	uintptr_t a[6];
	long got;

	for (unsigned int i = 0; i < 4; i++)
		area[i * P] = 1;
	area[8 * P] = area[9 * P] = 8;
	for (unsigned int i = 0; i < 6; i++)
		a[i] = value_of(c->args[i], area);
	got = raw_syscall6(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (c->want < 0 ? got != c->want : got < 0 && got > -4096) {
		say("# line %u: call %ld(%#lx, %#lx, %#lx, %#lx, %#lx) is %ld, not %ld", line,
		    c->nr, c->args[0], c->args[1], c->args[2], c->args[3], c->args[4], got,
		    c->want);
		return false;
	}
	/* What was refused has changed nothing, but for what could be done of advice. */
	if (c->want < 0 && c->nr != SYS_madvise && !area_is_whole(area)) {
		say("# line %u: call %ld failed and has changed something", line, c->nr);
		return false;
	}
	munmap(area, AREA_PAGES * P);
	return true;
}

TEST(badmap, errnos)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++)
		failed += !try_call(&calls[i], i);
	CHECK_EQ(failed, 0);
}

/* brk says where the break is, and never an errno. */
TEST(badmap, brk)
{
	static const uintptr_t wild[] = {1,      P,  0x7fffffffffff, USER_LAST, NO_CANON, DIRECT,
					 KERNEL, -P, -1ul,           HUGE};
	uintptr_t now = raw_syscall1(SYS_brk, 0);

	for (unsigned int i = 0; i < ARRAY_SIZE(wild); i++)
		CHECK_EQ(raw_syscall1(SYS_brk, value_of(wild[i], NULL)), now);
}
