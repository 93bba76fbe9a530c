/*
 * struct page: one per page frame of RAM, in an array at VMEMMAP_START indexed by page frame
 * number.
 *
 *	pfn_to_page() page_to_pfn() phys_to_page() page_to_phys()
 *	page_address() virt_to_page()	through the direct map only
 *	get_page() put_page()		references; the last put frees
 *
 * Rules. The array exists where there is RAM (mm/memmap.h), and a block that the buddy allocator
 * has never handed out has one initialised entry, its first. So look only at pages that you own. An
 * owner that sets `type` sets it back to PAGE_NONE before the page is freed.
 *
 * First symptom of a page used after its last put: "free of a page that is free" from mm/buddy.c.
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include "arch/page.h"
#include "kernel/base/atomic.h"
#include "kernel/base/list.h"
#include "kernel/base/panic.h"
#include "kernel/base/types.h"

struct kmem_cache;
struct mm_root;

enum page_type {
	PAGE_NONE, /* refcount 0: not RAM, or inside a larger block; > 0: its owner needs no type */
	PAGE_BUDDY,  /* free: first page of a block on a buddy list */
	PAGE_CACHED, /* free: in a per-CPU cache */
	PAGE_SLAB,   /* every page of a slab */
	PAGE_LARGE,  /* first page of a kmalloc() beyond the slab sizes */
	PAGE_TABLE,  /* a page table below the root */
	PAGE_ROOT,   /* a root table */
};

/* The block's other struct pages are not initialised yet (PAGE_BUDDY only). */
#define PAGE_FLAG_VIRGIN 0x1

/*
 * Letters: z the buddy's zone lock while the page is free; o the owner while it is not.
 * The first eight bytes are one word, so that the page allocator checks and sets them at once.
 */
struct page {
	union {
		u64 state;
		struct {
			u32 refcount; /* atomic; 0 while free */
			u8 type;      /* z o: enum page_type */
			u8 order;     /* z o: of the block, in its first page */
			u16 flags;    /* z o */
		};
	};
	struct list_head lru; /* z: buddy list; o: the owner's */
	union {               /* o */
		struct {
			struct kmem_cache *cache; /* in every page of the slab */
			void *freelist;           /* the rest in the first page only */
			u32 inuse;                /* objects that have left the slab */
			u32 objects;
		} slab;
		struct mm_root *root;
		u32 pt_count; /* page table: present entries (mm/pgtable.h) */
		u32 huge_count; /* A first page of a huge one: entries that map it whole (mm/huge.h) */
		unsigned long owner[4];
	};
	u64 poisoned; /* debug builds: PAGE_POISONED from the page's free to its allocation */
};

/* clang-format off */
_Static_assert(sizeof(struct page) == 64, "mm/memmap.c and pfn_to_page() count on it");
/* clang-format on */

#define PAGE_POISONED 0x706f69736f6e6564ul

/* `state` of a block of 1 << order pages with one reference and no type. */
#define PAGE_STATE_OWNED(order)       ((u64)(order) << 40 | 1)
#define PAGE_STATE_FREE(type_, order) ((u64)(order) << 40 | (u64)(type_) << 32)

static inline struct page *pfn_to_page(u64 pfn)
{
	return (struct page *)VMEMMAP_START + pfn;
}

static inline u64 page_to_pfn(const struct page *page)
{
	return (u64)(page - (const struct page *)VMEMMAP_START);
}

static inline struct page *phys_to_page(phys_addr_t pa)
{
	return pfn_to_page(pa >> PAGE_SHIFT);
}

static inline phys_addr_t page_to_phys(const struct page *page)
{
	return (phys_addr_t)page_to_pfn(page) << PAGE_SHIFT;
}

static inline void *page_address(const struct page *page)
{
	return phys_to_virt(page_to_phys(page));
}

/* Direct-map addresses only; any byte of the page. */
static inline struct page *virt_to_page(const void *va)
{
	return phys_to_page(virt_to_phys(va));
}

/* mm/buddy.c: returns a block whose one reference is the caller's. */
void free_pages(struct page *page, unsigned int order);
void free_page(struct page *page);

/* One more reference to a page that the caller holds one of. Any context. */
static inline void get_page(struct page *page)
{
	u32 old = atomic_fetch_add(&page->refcount, 1);

	ASSERT_MSG(old != 0, "page %p pfn %#llx is free", (void *)page,
		   (unsigned long long)page_to_pfn(page));
}

void page_put_shared(struct page *page);

/*
 * Drops a reference to an order-0 page; the last one frees it. Process context. The holder of the
 * only reference needs no atomic operation: nobody else can take another one.
 */
static inline void put_page(struct page *page)
{
	if (READ_ONCE(page->refcount) == 1)
		free_page(page);
	else
		page_put_shared(page);
}

#endif
