/*
 * The address sanitizer (SAN=address): what the allocators, the copying functions and boot tell it. In
 * any other build each of these is nothing.
 *
 * Eight bytes of memory have one byte of shadow, at KASAN_OFFSET + address / 8: 0 all may be used, 1 to 7
 * so many of them, from 0x80 on none, and the value says why. Memory that is covered: the direct map
 * of RAM, the kernel's image, kernel stacks. What is not is not checked.
 *
 * Any context but where it says so.
 */
#ifndef KERNEL_BASE_KASAN_H
#define KERNEL_BASE_KASAN_H

#include "kernel/base/san.h"
#include "kernel/base/types.h"

/* kernel/sanitizers.inc tells the compiler the same. */
#define KASAN_OFFSET 0xdffffc0000000000UL
#define KASAN_SHIFT  3

/* Bytes behind each object of a slab: nobody's, with who allocated and who freed it (mm/kasan/object.c). */
#define KASAN_REDZONE (SAN_ADDRESS ? 64UL : 0UL)

/* Why memory may not be used. The values 0xf1 to 0xf3 are the compiler's. */
enum kasan_why {
	KASAN_STACK_LEFT = 0xf1,
	KASAN_STACK_MIDDLE = 0xf2,
	KASAN_STACK_RIGHT = 0xf3,
	KASAN_GLOBAL = 0xf9,
	KASAN_SLAB_FREE = 0xfb,
	KASAN_SLAB_REDZONE = 0xfc,
	KASAN_STACK_FREE = 0xfd,
	KASAN_PAGE_REDZONE = 0xfe,
	KASAN_PAGE_FREE = 0xff,
};

static inline unsigned long kasan_shadow(unsigned long addr)
{
	return KASAN_OFFSET + (addr >> KASAN_SHIFT);
}

struct kmem_cache;
struct list_head;
struct page;

/* Behind the calls below. */
void kasan_poison_range(unsigned long addr, size_t bytes, enum kasan_why why);
void kasan_unpoison_range(unsigned long addr, size_t bytes);
void kasan_check_range(unsigned long addr, size_t bytes, bool write, unsigned long pc);
void kasan_object_alloc(const struct kmem_cache *cache, void *obj, size_t bytes);
void kasan_object_check_free(const struct kmem_cache *cache, const void *obj);
bool kasan_object_quarantine(struct kmem_cache **cache, void **obj);
void kasan_quarantine_empty(void);
u64 kasan_quarantine_count(const struct kmem_cache *cache);
int kasan_hot_add(unsigned long start, u64 bytes, phys_addr_t shadow);
void kasan_hot_remove(unsigned long start, u64 bytes, struct list_head *tables);
bool kasan_stack_make(unsigned long top, size_t bytes);
struct page *kasan_stack_unmake(unsigned long top);
u64 kasan_stack_shadow_pages(void);

/* Covers boot's memory and the image: their shadow, mapped in the reference root. Boot CPU, in paging_init(). */
void kasan_map_boot(void);
/* The reference root is loaded: checks begin. */
void kasan_start(void);

/* `addr` and `bytes` are multiples of 8. Not covered: nothing happens. */
static inline void kasan_poison(const void *p, size_t bytes, enum kasan_why why)
{
	if (SAN_ADDRESS)
		kasan_poison_range((unsigned long)p, bytes, why);
}

/* `p` is a multiple of 8; of the last 8 bytes those that are not in the range may not be used. */
static inline void kasan_unpoison(const void *p, size_t bytes)
{
	if (SAN_ADDRESS)
		kasan_unpoison_range((unsigned long)p, bytes);
}

/* Of who accesses memory behind the compiler's back. A report names the caller. */
static __always_inline void kasan_check_read(const void *p, size_t bytes)
{
	if (SAN_ADDRESS)
		kasan_check_range((unsigned long)p, bytes, false,
				  (unsigned long)__builtin_return_address(0));
}

static __always_inline void kasan_check_write(const void *p, size_t bytes)
{
	if (SAN_ADDRESS)
		kasan_check_range((unsigned long)p, bytes, true,
				  (unsigned long)__builtin_return_address(0));
}

/* --- slabs --- */

/* The first `bytes` of the object may be used; it has just been taken. NULL stays NULL. */
static inline void *kasan_slab_alloc(const struct kmem_cache *cache, void *obj, size_t bytes)
{
	if (SAN_ADDRESS && obj)
		kasan_object_alloc(cache, obj, bytes);
	return obj;
}

/* Panics when the object is free. */
static inline void kasan_slab_check_free(const struct kmem_cache *cache, const void *obj)
{
	if (SAN_ADDRESS)
		kasan_object_check_free(cache, obj);
}

/*
 * The object waits in the running CPU's quarantine, where every access to it is found. False: that has
 * room. True: *cache and *obj are now what has waited longest, which is to be freed in its place.
 */
static inline bool kasan_slab_free(struct kmem_cache **cache, void **obj)
{
	return !SAN_ADDRESS || kasan_object_quarantine(cache, obj);
}

/* Frees all that waits on this CPU. */
static inline void kasan_quarantine_drain(void)
{
	if (SAN_ADDRESS)
		kasan_quarantine_empty();
}

/* Objects of the cache that wait, on all CPUs. */
static inline u64 kasan_quarantined(const struct kmem_cache *cache)
{
	return SAN_ADDRESS ? kasan_quarantine_count(cache) : 0;
}

/* --- memory that is added: it has its shadow in itself --- */

/* How much of it that takes. */
static inline u64 kasan_memory_bytes(u64 bytes)
{
	return SAN_ADDRESS ? bytes >> KASAN_SHIFT : 0;
}

/* The direct map has it from `start` on; its shadow is to be at `shadow`. 0 or -errno. Process context. */
static inline int kasan_memory_add(const void *start, u64 bytes, phys_addr_t shadow)
{
	return SAN_ADDRESS ? kasan_hot_add((unsigned long)start, bytes, shadow) : 0;
}

/* Nobody has any of it any more. What is unmapped here waits for the caller's flush; tables as kunmap_large(). */
static inline void kasan_memory_remove(const void *start, u64 bytes, struct list_head *tables)
{
	if (SAN_ADDRESS)
		kasan_hot_remove((unsigned long)start, bytes, tables);
}

/* --- kernel stacks: `bytes` below `top`, in a place of twice that --- */

/* Before a stack is mapped there. False: no memory. */
static inline bool kasan_stack_cover(unsigned long top, size_t bytes)
{
	return !SAN_ADDRESS || kasan_stack_make(top, bytes);
}

static inline void kasan_stack_alloc(unsigned long top, size_t bytes)
{
	if (SAN_ADDRESS)
		kasan_unpoison_range(top - bytes, bytes);
}

/* All but the top word, where kernel/kstack.c links free stacks. */
static inline void kasan_stack_free(unsigned long top, size_t bytes)
{
	if (SAN_ADDRESS)
		kasan_poison_range(top - bytes, bytes - sizeof(long), KASAN_STACK_FREE);
}

/* The stack is unmapped: its shadow's page, to be freed after the caller's flush of kernel translations; or NULL. */
static inline struct page *kasan_stack_uncover(unsigned long top)
{
	return SAN_ADDRESS ? kasan_stack_unmake(top) : NULL;
}

/* Pages of shadow that stacks have, for who counts pages. */
static inline u64 kasan_stack_pages(void)
{
	return SAN_ADDRESS ? kasan_stack_shadow_pages() : 0;
}

#endif
