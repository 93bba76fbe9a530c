/*
 * Address spaces.
 *
 *	mm_alloc(), mm_fork()		a new one, empty or a copy-on-write copy; one user
 *	mmget(), mmput()		users: tasks, and whoever pins it; the last one empties it
 *	mmgrab(), mmdrop()		the structure and its root: users together hold one, and each CPU that borrows
 *	switch_mm()			what this CPU has loaded
 *	mm_fault()			page faults
 *	do_mmap() ...			mmap.c; the set of mappings itself is vma.h's
 *
 * A user address space is changed under mmap_lock, page faults included. Nobody may touch user
 * memory while holding it.
 */
#ifndef MM_MM_H
#define MM_MM_H

#include "kernel/base/avl.h"
#include "kernel/base/bitops.h"
#include "kernel/base/percpu.h"
#include "kernel/base/wait.h"
#include "mm/page.h"
#include "mm/pgsync/pgsync.h"

struct memobj;

#define VMA_READ        BIT(0) /* as PROT_READ, PROT_WRITE, PROT_EXEC of mmap */
#define VMA_WRITE       BIT(1)
#define VMA_EXEC        BIT(2)
#define VMA_SHARED      BIT(3)
#define VMA_NEVER_WRITE BIT(7) /* shared, and mprotect must not make it writable */
#define VMA_GROWSDOWN   BIT(8)
#define VMA_LOCKED      BIT(13) /* mlock: touched as a whole, and stays (mm/mlock.c) */
#define VMA_LOCKONFAULT BIT(19) /* the same, but touched when it is used */
#define VMA_LOCKED_ANY  (VMA_LOCKED | VMA_LOCKONFAULT)
#define VMA_HUGETLB     BIT(22) /* MAP_HUGETLB: huge pages, and nothing else */
#define VMA_HUGEPAGE    BIT(29) /* MADV_HUGEPAGE: huge pages where they can be had */

/* [start, end), page aligned. Under mmap_lock. */
struct vma {
	struct list_head node; /* in mm->vmas, by address */
	struct avl_node tree;  /* in mm->vma_tree, by address */
	unsigned long start, end;
	unsigned long gap, max_gap; /* free bytes below it; the most in its subtree (vma.c) */
	unsigned long flags;
	struct vma *copy;         /* in the address space that a fork is making */
	struct memobj *obj;       /* what is mapped, with a reference; NULL: private, anonymous */
	unsigned long obj_origin; /* where its page 0 is, or would be: also below the mapping */
	/* A part of a private mapping is the object's, the rest is zero; 0, 0: all is the object's. */
	unsigned long file_start, file_end;
	bool own_pages; /* private: it may have pages that nobody else can give it */
	bool huge;      /* private, anonymous: some of them may be huge (mm/huge.h) */
};

/* What exec was asked for; its strings are on the stack, one after the other: bytes of each kind. */
struct mm_args {
	u64 program;         /* memobj_number() of the file that runs */
	unsigned long start; /* where */
	u32 argv, environ;
	/* The program's path follows, to MM_ARGS_END. */
};

#define MM_ARGS_END (STACK_TOP - sizeof(u64))

/*
 * Letters: m mmap_lock; A atomic; c constant after exec.
 */
struct mm_struct {
	struct mm_root *root; /* c; its kernel half is mm/pgsync's */
	u32 mm_users;         /* A */
	u32 mm_count;         /* A */
	struct mutex mmap_lock;
	struct list_head vmas;         /* m */
	struct avl_root vma_tree;      /* m */
	unsigned int nr_vmas;          /* m */
	struct vma *last_vma;          /* m: found last */
	unsigned long brk_start, brk;  /* m; brk_start: c */
	struct mm_args args;           /* c */
	unsigned long resident;        /* m: pages mapped */
	unsigned long resident_peak;   /* m: the most that were, when some were last removed */
	unsigned long mdwe;            /* m: see mm_set_mdwe() */
	u64 tlb_gen;                   /* A: changes that CPUs must hear of (tlb.c) */
	unsigned long lock_new;        /* m: VMA_LOCKED... of new mappings (mlockall) */
	unsigned long limited;         /* m; set by anybody: see mm_within_limits() */
	DECLARE_BITMAP(cpus, NR_CPUS); /* A: CPUs that may hold translations */
};

extern struct mm_struct init_mm;

#define STACK_TOP     USER_WINDOW_END
#define STACK_MAX     MiB(8) /* unless its process has set another limit */
#define MMAP_BASE     (STACK_TOP - MiB(64))
#define MMAP_MIN_ADDR 0x10000UL

/* Boot: caches, init_mm. */
void mm_init(void);

/* NULL: no memory. The caller is the one user. Process context. */
struct mm_struct *mm_alloc(void);
/* A copy-on-write copy of the running task's address space. */
struct mm_struct *mm_fork(struct mm_struct *old);
/* For fork and exec: what a process keeps although its address space is another one. */
void mm_inherit(struct mm_struct *new, const struct mm_struct *old);

static inline void mmget(struct mm_struct *mm)
{
	atomic_inc(&mm->mm_users);
}

/* The last user empties it. May sleep. The running CPU must not need it any more. */
void mmput(struct mm_struct *mm);

/* init_mm lives for ever and is not counted: its counter would be a line that all CPUs write. */
static inline void mmgrab(struct mm_struct *mm)
{
	if (mm != &init_mm)
		atomic_inc(&mm->mm_count);
}

void __mmdrop(struct mm_struct *mm);

static inline void mmdrop(struct mm_struct *mm)
{
	if (mm != &init_mm && atomic_dec_and_test(&mm->mm_count))
		__mmdrop(mm);
}

/* Loads `next` unless it is loaded. Interrupts off. */
void switch_mm(struct mm_struct *next);

/* What the running CPU has loaded. */
DECLARE_PER_CPU(struct mm_struct *, cpu_loaded_mm);

/* --- faults --- */

#define FAULT_WRITE BIT(0)
#define FAULT_EXEC  BIT(1)
/*
 * For who holds something that a dying process waits for: -ENOMEM at once, and nobody is killed for memory.
 * Let go, ask out_of_memory() (mm/oom.h), and try again.
 */
#define FAULT_ONCE BIT(2)

/*
 * Makes `va` accessible as `access` asks. 0; -EFAULT: not mapped so; -ENXIO: mapped, but behind the
 * end of what is mapped there, or for huge pages only (MAP_HUGETLB), and there is none; -ENOMEM. May
 * sleep, takes mmap_lock.
 */
int mm_fault(struct mm_struct *mm, unsigned long va, unsigned long access);

/*
 * Copies n bytes between [va, va + n) of `mm` and [near, near + n) of the running task's own address space:
 * with `write` to `mm`, else from it. The caller sees to it that `mm` keeps a user. 0; -EFAULT: not all is there
 * in `mm`, -ENXIO: not in the own one, -ENOMEM; part may have been copied. May sleep. remote.c.
 */
int mm_copy_remote(struct mm_struct *mm, unsigned long va, struct mm_struct *own,
		   unsigned long near, size_t n, bool write);

/* The same with memory of the kernel's own at `kernel` in place of [va, va + n) of another address space. */
int mm_copy_kernel(char *kernel, struct mm_struct *own, unsigned long near, size_t n, bool write);

/* --- mappings, all with Linux semantics and errnos; addresses and lengths in bytes --- */

/*
 * Limits of the running process in bytes; ~0: none. kernel/rlimit.c has them.
 */
enum mm_limit { MM_LIMIT_DATA, MM_LIMIT_STACK, MM_LIMIT_SPACE };
unsigned long mm_limit(enum mm_limit which);

/*
 * Whether a mapping of `flags` in [start, start + len), in place of what is there, keeps to the limits of
 * data and of the whole space. To be asked if mm->limited, that is, if one was ever set. mmap_lock held.
 */
bool mm_within_limits(struct mm_struct *mm, unsigned long start, size_t len, unsigned long flags);

#define MAP_SHARED          0x01
#define MAP_PRIVATE         0x02
#define MAP_TYPE            0x0f
#define MAP_FIXED           0x10
#define MAP_ANONYMOUS       0x20
#define MAP_GROWSDOWN       0x100
#define MAP_LOCKED          0x2000
#define MAP_NORESERVE       0x4000
#define MAP_POPULATE        0x8000
#define MAP_NONBLOCK        0x10000
#define MAP_STACK           0x20000
#define MAP_HUGETLB         0x40000
#define MAP_FIXED_NOREPLACE 0x100000
#define MAP_HUGE_SHIFT      26 /* MAP_HUGETLB: the size of its pages, a power of two; 0: 2 MiB */
#define MAP_HUGE_MASK       0x3f
/* The kernel's own, out of reach of mmap(2): what is mapped shared is not written to, now or later. */
#define MAP_NEVER_WRITE BIT(32)

/* The address, or -errno. */
long do_mmap(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long prot,
	     unsigned long flags);
/*
 * The same for a memory object, from byte `offset` on, page aligned. -EOVERFLOW: the end is no offset; -EACCES:
 * MAP_NEVER_WRITE, shared and to be written.
 */
long do_mmap_object(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long prot,
		    unsigned long flags, struct memobj *obj, u64 offset);
/*
 * Touches what is mapped in [start, end): to write where memory is private and writable, else to
 * read. 0; or at the first page that cannot be had, what mm_fault() said; -EINTR: a fatal signal.
 */
int mm_populate(struct mm_struct *mm, unsigned long start, unsigned long end);
/*
 * The same for a read, or a write, of every page. Holes are an error as well, -ENOMEM; -EINVAL: the mapping does not
 * allow it; -EFAULT: there is nothing behind it.
 */
int mm_populate_all(struct mm_struct *mm, unsigned long start, unsigned long end, bool write);
int do_munmap(struct mm_struct *mm, unsigned long addr, size_t len);
int do_mprotect(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long prot);
unsigned long do_brk(struct mm_struct *mm, unsigned long brk);

#define MREMAP_MAYMOVE   1
#define MREMAP_FIXED     2
#define MREMAP_DONTUNMAP 4

/* The address, or -errno. */
long do_mremap(struct mm_struct *mm, unsigned long addr, size_t old_len, size_t new_len,
	       unsigned long flags, unsigned long new_addr);

#define MADV_NORMAL         0
#define MADV_RANDOM         1
#define MADV_SEQUENTIAL     2
#define MADV_WILLNEED       3
#define MADV_DONTNEED       4
#define MADV_FREE           8 /* here the same as DONTNEED */
#define MADV_HUGEPAGE       14
#define MADV_NOHUGEPAGE     15
#define MADV_DONTDUMP       16
#define MADV_DODUMP         17
#define MADV_COLD           20
#define MADV_PAGEOUT        21
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23

#define MADV_DONTNEED_LOCKED 24

int do_madvise(struct mm_struct *mm, unsigned long addr, size_t len, unsigned int advice);

/* Whether something is mapped at `va`, whatever may be done there. May sleep. */
bool mm_is_mapped(struct mm_struct *mm, unsigned long va);

/* in[i]: whether the i-th page from `addr` on is in memory. -ENOMEM: not all are mapped. */
int do_mincore(struct mm_struct *mm, unsigned long addr, unsigned int pages, u8 *in);

/*
 * What memory `va` is: *obj gets the object that a shared mapping has there, with a reference, and
 * *offset the byte of it; or NULL, private memory, *offset as it was. -EFAULT: nobody may touch it.
 */
int mm_find_object(struct mm_struct *mm, unsigned long va, struct memobj **obj,
		   unsigned long *offset);

#define MS_ASYNC      1
#define MS_INVALIDATE 2
#define MS_SYNC       4

int do_msync(struct mm_struct *mm, unsigned long addr, size_t len, unsigned int flags);

/*
 * mlock: `locked` is VMA_LOCKED; mlock2 with MLOCK_ONFAULT: VMA_LOCKED_ANY; munlock: 0. 0; -EINVAL;
 * -ENOMEM: not all is mapped, or accessible; -EAGAIN: no memory for it; -EINTR.
 */
int do_mlock(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long locked);

#define MLOCK_KEEP (~0UL)

/*
 * mlockall and munlockall: everything that is mapped `now`, or MLOCK_KEEP, and what will be `later`:
 * values as for do_mlock(). 0 or -ENOMEM.
 */
int do_mlockall(struct mm_struct *mm, unsigned long now, unsigned long later);

/* Memory-deny-write-execute (PR_SET_MDWE): bits of mm->mdwe. */
#define MDWE_REFUSE_EXEC_GAIN 1 /* nothing is writable and executable, nor becomes executable */
#define MDWE_NO_INHERIT       2 /* not by fork and exec */

/* 0; -EINVAL; -EPERM: it is set to something else, and stays so. */
int mm_set_mdwe(struct mm_struct *mm, unsigned long bits);

/* A part of a program: fields as those of struct vma. */
struct mm_segment {
	unsigned long start, end, flags;
	struct memobj *obj; /* the mapping takes a reference of its own */
	unsigned long obj_origin, file_start, file_end;
};

/* For exec: a private mapping in a new address space. 0, -ENOMEM, -EINVAL: something is there. */
int mm_map_segment(struct mm_struct *mm, const struct mm_segment *segment);
/*
 * For exec: puts `page` (ownership passes) at `va` of a new address space, writable. 0 or -ENOMEM.
 */
int mm_insert_page(struct mm_struct *mm, unsigned long va, struct page *page);

/*
 * For exec, in an address space that nobody else sees: the direct-map address of the page at `va`,
 * or NULL.
 */
void *mm_page_address(struct mm_struct *mm, unsigned long va);
/* For exec: the stack mapping reaches down to `start` at least. */
void mm_grow_stack(struct mm_struct *mm, unsigned long start);

/* The mapping that holds `va`, or the first one above it, or NULL. mmap_lock held. */
struct vma *find_vma(struct mm_struct *mm, unsigned long va);

struct tlb_batch;

/* Whether it is the page that private anonymous memory shows to readers. */
bool is_zero_page(const struct page *page);

/* Between the files of mm. */
/* A new mapping is touched if `flags`, of mmap, say so, or if it is locked and not only on use. */
void mm_populate_new(struct mm_struct *mm, unsigned long start, size_t len, unsigned long flags);
void fault_init(void);
void exit_mmap(struct mm_struct *mm);
int vma_copy_pages(struct mm_struct *new, struct mm_struct *old, const struct vma *vma,
		   struct tlb_batch *batch);
u64 vma_pte_prot(const struct vma *vma);

#endif
