/* mremap, madvise, mincore, mlock, msync; memory that grows. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "user/conformance/conform.h"

#define P      PAGE_SIZE
#define RW     (PROT_READ | PROT_WRITE)
#define PRIV   (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHAR   (MAP_SHARED | MAP_ANONYMOUS)
#define KERNEL 0xffff800000000000

#define MOVE      1
#define FIXED     2
#define DONTUNMAP 4

typedef volatile unsigned char *bytes;

static bytes target;

static void read_target(void)
{
	(void)*target;
}

static void write_target(void)
{
	*target = 1;
}

static void show_read(const char *what, bytes at)
{
	target = at;
	show_end(what, read_target);
}

static bytes numbered(unsigned int number, int flags)
{
	bytes p = pages(number, RW, flags);

	for (unsigned int i = 0; i < number; i++)
		p[i * P] = i + 1;
	return p;
}

static long remap(bytes at, size_t old, size_t new, int flags, bytes to)
{
	return CALL(SYS_mremap, at, old * P, new *P, flags, to);
}

CASE(memory, mremap_errnos)
{
	bytes p = numbered(4, 0), q = pages(4, RW, 0);

	show_fine("not a page's address", remap(p + 1, 1, 2, MOVE, 0));
	show_fine("to no length", remap(p, 1, 0, MOVE, 0));
	show_fine("unknown flags", remap(p, 1, 1, 8, 0));
	show_fine("fixed without leave to move", remap(p, 1, 1, FIXED, q));
	show_fine("to no page's address", remap(p, 1, 1, MOVE | FIXED, q + 1));
	show_fine("to the kernel's half", remap(p, 1, 1, MOVE | FIXED, (bytes)KERNEL));
	show_fine("onto itself", remap(p, 2, 2, MOVE | FIXED, p + P));
	show_fine("of no length, private", remap(p, 0, 1, MOVE, 0));
	show_fine("left behind, of another length", remap(p, 1, 2, MOVE | DONTUNMAP, 0));
	show_fine("left behind, without leave to move", remap(p, 1, 1, DONTUNMAP, 0));
	show_fine("from the kernel's half", remap((bytes)KERNEL, 1, 1, MOVE, 0));
	show_fine("a length that wraps", CALL(SYS_mremap, p, P, -1ul, MOVE, 0));
	NEED(CALL(SYS_munmap, q + P, P) == 0);
	show_fine("from a hole", remap(q + P, 1, 2, MOVE, 0));
	show_fine("over a hole", remap(q, 3, 4, MOVE, 0));
	NEED(CALL(SYS_mprotect, p + P, P, PROT_READ) == 0);
	show_fine("over two mappings", remap(p, 2, 3, MOVE, 0));
	show_fine("over two mappings, the same length", remap(p, 2, 2, 0, 0));
	show_fine("over two mappings, shrinking into the first", remap(p, 2, 1, 0, 0));
}

CASE(memory, mremap_shrinks_and_grows)
{
	bytes p = numbered(6, 0);

	show("shrink: %d", remap(p, 6, 3, 0, 0) == (long)p);
	show_read("what was given up", p + 3 * P);
	show("grow in place: %d", remap(p, 3, 5, 0, 0) == (long)p);
	show("old %d %d %d new %d %d", p[0], p[P], p[2 * P], p[3 * P], p[4 * P]);
	show("the same length: %d", remap(p, 5, 5, 0, 0) == (long)p);
}

CASE(memory, mremap_when_there_is_no_room)
{
	bytes p = numbered(4, 0), q;

	show_fine("in place", remap(p, 2, 3, 0, 0));
	q = (bytes)remap(p, 2, 3, MOVE, 0);
	NEED((long)q > 0);
	show("moved: %d", q != p);
	show("contents %d %d %d", q[0], q[P], q[2 * P]);
	show_read("where it was", p);
	show("what was beside it: %d", p[2 * P]);
}

CASE(memory, mremap_to_a_place)
{
	bytes p = numbered(2, 0), q = pages(6, RW, 0);

	for (unsigned int i = 0; i < 6; i++)
		q[i * P] = 10 + i;
	show("there: %d", remap(p, 2, 3, MOVE | FIXED, q + P) == (long)(q + P));
	show("%d %d %d %d %d %d", q[0], q[P], q[2 * P], q[3 * P], q[4 * P], q[5 * P]);
	show_read("where it was", p);
	p = numbered(3, 0);
	show("shorter: %d", remap(p, 3, 1, MOVE | FIXED, q) == (long)q);
	show("%d %d", q[0], q[P]);
	show_read("the rest of where it was", p + 2 * P);
}

CASE(memory, mremap_leaves_the_mapping)
{
	bytes p = numbered(2, 0), q = (bytes)remap(p, 2, 2, MOVE | DONTUNMAP, 0);

	NEED((long)q > 0);
	show("new %d %d, old %d %d", q[0], q[P], p[0], p[P]);
	q = numbered(2, SHAR);
	show_fine("shared", remap(q, 2, 2, MOVE | DONTUNMAP, 0));
}

CASE(memory, mremap_of_no_length_doubles_shared_memory)
{
	bytes p = numbered(3, SHAR), q = (bytes)remap(p + P, 0, 2, MOVE, 0);

	NEED((long)q > 0);
	show("%d %d", q[0], q[P]);
	q[0] = 77;
	show("the same memory: %d", p[P]);
}

CASE(memory, behind_the_end_of_shared_memory)
{
	bytes p = numbered(2, SHAR), q = (bytes)remap(p, 2, 4, MOVE, 0);

	NEED((long)q > 0);
	show("%d %d", q[0], q[P]);
	show_read("behind its end", q + 2 * P);
	target = q + 3 * P;
	show_end("write there", write_target);
	show_ret("the kernel writes there", CALL(SYS_clock_gettime, 0, q + 3 * P));
}

CASE(memory, madvise_errnos)
{
	bytes p = numbered(4, 0);

	show_ret("unknown advice", CALL(SYS_madvise, p, P, 9999));
	show_ret("not a page's address", CALL(SYS_madvise, p + 1, P, MADV_DONTNEED));
	show_ret("length 0", CALL(SYS_madvise, p, 0, MADV_DONTNEED));
	show_ret("length 0, unknown advice", CALL(SYS_madvise, p, 0, 9999));
	show_ret("a length that wraps", CALL(SYS_madvise, p, -P, MADV_DONTNEED));
	show_ret("a length that rounds to 0", CALL(SYS_madvise, p, -1ul, MADV_DONTNEED));
	show_ret("normal", CALL(SYS_madvise, p, P, MADV_NORMAL));
	show_ret("random", CALL(SYS_madvise, p, P, MADV_RANDOM));
	show_ret("sequential", CALL(SYS_madvise, p, P, MADV_SEQUENTIAL));
	NEED(CALL(SYS_munmap, p + P, P) == 0);
	show_ret("over a hole", CALL(SYS_madvise, p, 4 * P, MADV_DONTNEED));
	show("both sides are done: %d %d %d", p[0], p[2 * P], p[3 * P]);
	show_ret("in a hole", CALL(SYS_madvise, p + P, P, MADV_DONTNEED));
}

CASE(memory, madvise_willneed)
{
	bytes p = pages(2, RW, 0);

	show_ret("private", CALL(SYS_madvise, p, 2 * P, MADV_WILLNEED));
	p = pages(2, RW, SHAR);
	show_ret("shared", CALL(SYS_madvise, p, 2 * P, MADV_WILLNEED));
}

CASE(memory, madvise_dontneed)
{
	bytes p = numbered(3, 0), s = numbered(2, SHAR);

	show_ret("private", CALL(SYS_madvise, p + P, P, MADV_DONTNEED));
	show("%d %d %d", p[0], p[P], p[2 * P]);
	show_ret("a part of a page counts whole", CALL(SYS_madvise, p, 1, MADV_DONTNEED));
	show("%d", p[0]);
	show_ret("shared", CALL(SYS_madvise, s, 2 * P, MADV_DONTNEED));
	show("%d %d", s[0], s[P]);
	show_ret("lock", CALL(SYS_mlock, p, P));
	show_ret("locked", CALL(SYS_madvise, p, P, MADV_DONTNEED));
}

CASE(memory, madvise_free)
{
	bytes p = numbered(2, 0), s = numbered(2, SHAR);

	show_ret("private", CALL(SYS_madvise, p, P, MADV_FREE));
	p[0] = 5;
	show("written since: %d", p[0]);
	show_ret("shared", CALL(SYS_madvise, s, P, MADV_FREE));
}

CASE(memory, madvise_for_children)
{
	bytes p = numbered(4, 0);
	pid_t pid;

	show_ret("dontfork", CALL(SYS_madvise, p, P, MADV_DONTFORK));
	show_ret("wipeonfork", CALL(SYS_madvise, p + P, P, MADV_WIPEONFORK));
	show_ret("wipeonfork of shared memory",
		 CALL(SYS_madvise, pages(1, RW, SHAR), P, MADV_WIPEONFORK));
	show_read("dontfork in a child", p);
	pid = fork();
	if (pid == 0) {
		show("child: %d %d", p[P], p[2 * P]);
		_exit(0);
	}
	status_of(pid);
	show("parent: %d %d %d", p[0], p[P], p[2 * P]);
	show_ret("dofork", CALL(SYS_madvise, p, P, MADV_DOFORK));
	show_ret("keeponfork", CALL(SYS_madvise, p + P, P, MADV_KEEPONFORK));
	pid = fork();
	if (pid == 0) {
		show("child: %d %d", p[0], p[P]);
		_exit(0);
	}
	status_of(pid);
}

CASE(memory, madvise_populate)
{
	bytes p = pages(3, RW, 0);
	unsigned char in[3];

	show_ret("read", CALL(SYS_madvise, p, P, 22));
	show_ret("write", CALL(SYS_madvise, p + P, P, 23));
	show_ret("mincore", CALL(SYS_mincore, p, 3 * P, in));
	show("%d %d %d", in[0] & 1, in[1] & 1, in[2] & 1);
	NEED(CALL(SYS_mprotect, p, P, PROT_NONE) == 0);
	show_ret("without rights", CALL(SYS_madvise, p, P, 22));
	NEED(CALL(SYS_mprotect, p, P, PROT_READ) == 0);
	show_ret("write without the right", CALL(SYS_madvise, p, P, 23));
	NEED(CALL(SYS_munmap, p + 2 * P, P) == 0);
	show_ret("over a hole", CALL(SYS_madvise, p + P, 2 * P, 23));
	show_ret("no bytes", CALL(SYS_madvise, p + 2 * P, 0, 22));
	show_ret("not a page's address", CALL(SYS_madvise, p + 5, P, 22));
	show_ret("the kernel's half", CALL(SYS_madvise, KERNEL, P, 22));
}

CASE(memory, mincore)
{
	bytes p = pages(4, RW, 0), s = pages(2, RW, SHAR);
	unsigned char in[4] = {9, 9, 9, 9};

	p[0] = 1;
	p[2 * P] = 1;
	s[P] = 1;
	show_ret("private", CALL(SYS_mincore, p, 4 * P, in));
	show("%d %d %d %d", in[0], in[1], in[2], in[3]);
	show_ret("shared", CALL(SYS_mincore, s, 2 * P, in));
	show("%d %d", in[0], in[1]);
	show_ret("length 0", CALL(SYS_mincore, p, 0, in));
	show_ret("not a page's address", CALL(SYS_mincore, p + 1, P, in));
	show_ret("to a bad address", CALL(SYS_mincore, p, P, 1));
	show_ret("of the kernel's half", CALL(SYS_mincore, KERNEL, P, in));
	NEED(CALL(SYS_munmap, p + P, P) == 0);
	show_ret("over a hole", CALL(SYS_mincore, p, 4 * P, in));
}

CASE(memory, mlock)
{
	bytes p = pages(4, RW, 0);
	unsigned char in[4];

	show_ret("two pages", CALL(SYS_mlock, p + P + 5, P));
	show_ret("mincore", CALL(SYS_mincore, p, 4 * P, in));
	show("%d %d %d %d", in[0] & 1, in[1] & 1, in[2] & 1, in[3] & 1);
	show_ret("length 0", CALL(SYS_mlock, p, 0));
	show_ret("a length that wraps", CALL(SYS_mlock, p, -P));
	show_ret("unlock", CALL(SYS_munlock, p, 4 * P));
	show_ret("unlock again", CALL(SYS_munlock, p, 4 * P));
	show_ret("mlock2 on fault", CALL(SYS_mlock2, p, 4 * P, 1));
	show_ret("mlock2, unknown flags", CALL(SYS_mlock2, p, 4 * P, 2));
	NEED(CALL(SYS_mprotect, p, P, PROT_NONE) == 0);
	show_ret("without rights", CALL(SYS_mlock, p, P));
	NEED(CALL(SYS_munmap, p + P, P) == 0);
	show_ret("over a hole", CALL(SYS_mlock, p, 4 * P));
	show_ret("unlock over a hole", CALL(SYS_munlock, p, 4 * P));
}

CASE(memory, mlockall)
{
	show_ret("nothing", CALL(SYS_mlockall, 0));
	show_ret("unknown", CALL(SYS_mlockall, 8));
	show_ret("on fault alone", CALL(SYS_mlockall, 4));
	show_ret("now", CALL(SYS_mlockall, 1));
	show_ret("unlock", CALL(SYS_munlockall));
}

CASE(memory, mlock_is_not_inherited)
{
	bytes p = pages(2, RW, 0);
	pid_t pid;

	NEED(CALL(SYS_mlock, p, P) == 0);
	pid = fork();
	if (pid == 0) {
		show_ret("DONTNEED in a child", CALL(SYS_madvise, p, P, MADV_DONTNEED));
		_exit(0);
	}
	status_of(pid);
	show_ret("DONTNEED here", CALL(SYS_madvise, p, P, MADV_DONTNEED));
}

CASE(memory, msync)
{
	bytes p = numbered(3, SHAR);

	show_ret("sync", CALL(SYS_msync, p, 3 * P, MS_SYNC));
	show_ret("async", CALL(SYS_msync, p, 3 * P, MS_ASYNC));
	show_ret("both", CALL(SYS_msync, p, 3 * P, MS_SYNC | MS_ASYNC));
	show_ret("unknown", CALL(SYS_msync, p, 3 * P, 8));
	show_ret("not a page's address", CALL(SYS_msync, p + 1, P, MS_SYNC));
	show_ret("length 0", CALL(SYS_msync, p, 0, MS_SYNC));
	NEED(CALL(SYS_mlock, p, P) == 0);
	show_ret("invalidate what is locked", CALL(SYS_msync, p, P, MS_INVALIDATE));
	show_ret("invalidate what is not", CALL(SYS_msync, p + P, P, MS_INVALIDATE));
	NEED(CALL(SYS_munmap, p + P, P) == 0);
	show_ret("over a hole", CALL(SYS_msync, p, 3 * P, MS_SYNC));
}

CASE(memory, populate)
{
	bytes p = pages(2, RW, PRIV | MAP_POPULATE);
	unsigned char in[2];

	show_ret("mincore", CALL(SYS_mincore, p, 2 * P, in));
	show("%d %d", in[0] & 1, in[1] & 1);
	show_fine("without rights", CALL(SYS_mmap, 0, P, PROT_NONE, PRIV | MAP_POPULATE, -1, 0));
	show_fine("locked", CALL(SYS_mmap, 0, P, RW, PRIV | MAP_LOCKED, -1, 0));
}

/* `room` pages free below one that grows down; the page below the room stays. */
static bytes growing(unsigned int room)
{
	bytes p = pages(room + 2, RW, 0);

	NEED(CALL(SYS_munmap, p + P, (room + 1) * P) == 0);
	NEED(CALL(SYS_mmap, p + (room + 1) * P, P, RW, PRIV | MAP_FIXED | MAP_GROWSDOWN, -1, 0) ==
	     (long)(p + (room + 1) * P));
	return p + (room + 1) * P;
}

CASE(memory, grows_down)
{
	bytes p = growing(600);

	p[0] = 1;
	target = p - 1;
	show_end("the byte below", write_target);
	target = p - 300 * P;
	show_end("300 pages below", write_target);
	/* The gap of 256 pages to the neighbour. */
	target = p - 340 * P;
	show_end("just outside the gap", write_target);
	target = p - 347 * P;
	show_end("inside the gap", write_target);
	p[-300 * (long)P] = 2;
	show("it has grown: %d", p[-299 * (long)P]);
	show_ret("mprotect of all of it", CALL(SYS_mprotect, p - 300 * P, 301 * P, PROT_READ));
}

CASE(memory, protects_what_has_grown)
{
	bytes p = growing(400);

	p[-(long)P] = 1;
	show_ret("PROT_GROWSDOWN", CALL(SYS_mprotect, p, P, PROT_READ | PROT_GROWSDOWN));
	target = p - P;
	show_end("write to the page below", write_target);
}

static int recurse(int depth)
{
	volatile char frame[2048];

	frame[0] = depth;
	if (depth == 0)
		return frame[0];
	return recurse(depth - 1) + frame[0];
}

static void recurse_for_ever(void)
{
	recurse(1 << 30);
}

static void recurse_six_megabytes(void)
{
	recurse(2800);
}

CASE(memory, stack)
{
	show_end("six megabytes", recurse_six_megabytes);
	show_end("without end", recurse_for_ever);
}
