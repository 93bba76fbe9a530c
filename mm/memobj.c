/*
 * Memory objects: see memobj.h.
 *
 * The pages hang in a tree of nodes with 64 slots each, as high as the object's size needs: an object of
 * one page has none, one of 256 KiB a single node. So a large object that is touched in few places
 * costs little.
 *
 * The tree only grows while the object lives, and each node and page is complete before one store
 * hangs it in. So a search takes no lock: 64 CPUs that fault on a program's text do not meet.
 */
#include "mm/memobj.h"

#include "arch/smp.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/percpu.h"
#include "kernel/base/wait.h"
#include "mm/buddy.h"
#include "mm/slab.h"

#define NODE_SHIFT 6
#define NODE_SLOTS (1u << NODE_SHIFT)

struct node {
	void *slots[NODE_SLOTS]; /* as `top`: nodes; in the lowest ones pages */
};

/* Letters: A atomic; c constant; l lock. */
struct memobj {
	u32 refs;               /* A */
	unsigned int height;    /* c: nodes on the way to a page */
	unsigned long nr_pages; /* c: there can be */
	unsigned long end;      /* A: are given out, nr_pages at most */
	u64 number;             /* c */
	struct mutex lock;      /* who adds to the tree; inside mmap_lock */
	void *top;              /* l; acquire: as a node's slot */
	pte_t device; /* c: of a device what maps its first page, but for rights; else 0 */
	struct list_head devices; /* device_lock */
};

/* All objects of devices. */
static LIST_HEAD(devices);
static struct mutex device_lock = MUTEX_INIT(device_lock, memobj_device);

static struct kmem_cache *object_cache, *node_cache;
static u64 numbers;                       /* A: given out */
static DEFINE_PER_CPU(u64, object_pages); /* made on this CPU, less those given back on it */

void memobj_init(void)
{
	object_cache = kmem_cache_create("memobj", sizeof(struct memobj), 0, SLAB_PANIC);
	node_cache = kmem_cache_create("memobj_node", sizeof(struct node), 0, SLAB_PANIC);
}

struct memobj *memobj_create(unsigned long nr_pages)
{
	struct memobj *obj = kmem_cache_alloc(object_cache, GFP_KERNEL);

	ASSERT(nr_pages > 0);
	if (!obj)
		return NULL;
	*obj = (struct memobj){.refs = 1, .nr_pages = nr_pages, .end = nr_pages};
	obj->number = atomic_fetch_add(&numbers, 1) + 1;
	mutex_init(&obj->lock, LOCK_memobj);
	while ((nr_pages - 1) >> (NODE_SHIFT * obj->height))
		obj->height++;
	return obj;
}

void memobj_get(struct memobj *obj)
{
	u32 old = atomic_fetch_add(&obj->refs, 1);

	ASSERT_MSG(old > 0, "object %p is gone", (void *)obj);
}

/* What hangs below a slot `height` nodes above the pages. */
static void free_slot(void *slot, unsigned int height)
{
	struct node *node = slot;

	if (!slot)
		return;
	if (!height) {
		this_cpu_dec(object_pages);
		put_page(slot);
		return;
	}
	for (unsigned int i = 0; i < NODE_SLOTS; i++)
		free_slot(node->slots[i], height - 1);
	kmem_cache_free(node_cache, node);
}

static void forget_device(struct memobj *obj)
{
	mutex_lock(&device_lock);
	list_del(&obj->devices);
	mutex_unlock(&device_lock);
}

void memobj_put(struct memobj *obj)
{
	if (!atomic_dec_and_test(&obj->refs))
		return;
	if (unlikely(memobj_is_device(obj)))
		forget_device(obj);
	free_slot(obj->top, obj->height);
	kmem_cache_free(object_cache, obj);
}

u64 memobj_number(const struct memobj *obj)
{
	return obj->number;
}

u64 memobj_pages(void)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu (cpu)
		sum += READ_ONCE(per_cpu(object_pages, cpu));
	return sum;
}

static void **node_slot(struct node *node, unsigned long index, unsigned int height)
{
	return &node->slots[index >> (NODE_SHIFT * (height - 1)) & (NODE_SLOTS - 1)];
}

/* The page at `index`, or NULL where none has been made. */
static struct page *find_page(struct memobj *obj, unsigned long index)
{
	/* Acquire, here and below: what hangs in a slot is complete. Partner: hang(). */
	void *below = smp_load_acquire(&obj->top);

	for (unsigned int height = obj->height; height > 0 && below; height--)
		below = smp_load_acquire(node_slot(below, index, height));
	return below;
}

/* Release: who finds it finds its contents. Partner: find_page(). */
static void hang(void **slot, void *what)
{
	smp_store_release(slot, what);
}

/* The slot of the page at `index`, lock held. NULL: no memory for a node on the way. */
static void **make_slot(struct memobj *obj, unsigned long index)
{
	void **slot = &obj->top;

	for (unsigned int height = obj->height; height > 0; height--) {
		if (!*slot) {
			struct node *node = kmem_cache_alloc(node_cache, GFP_ZERO);

			if (!node)
				return NULL;
			hang(slot, node);
		}
		slot = node_slot(*slot, index, height);
	}
	return slot;
}

static struct page *make_page(struct memobj *obj, unsigned long index)
{
	void **slot;

	mutex_lock(&obj->lock);
	slot = make_slot(obj, index);
	if (slot && !*slot) {
		struct page *page = alloc_page(GFP_KERNEL | GFP_ZERO);

		if (page) {
			this_cpu_inc(object_pages);
			hang(slot, page);
		}
	}
	mutex_unlock(&obj->lock);
	return slot ? *slot : NULL;
}

int memobj_page(struct memobj *obj, unsigned long index, struct page **page)
{
	/* Who has read the end before it was moved back is as one that came before. */
	if (index >= READ_ONCE(obj->end) || memobj_is_device(obj))
		return -ENXIO;
	*page = find_page(obj, index);
	if (!*page)
		*page = make_page(obj, index);
	return *page ? 0 : -ENOMEM;
}

unsigned long memobj_capacity(const struct memobj *obj)
{
	return obj->nr_pages;
}

void memobj_set_end(struct memobj *obj, unsigned long nr_pages)
{
	ASSERT_MSG(nr_pages <= obj->nr_pages, "%lu of %lu", nr_pages, obj->nr_pages);
	WRITE_ONCE(obj->end, nr_pages);
}

bool memobj_has_page(struct memobj *obj, unsigned long index)
{
	return index < obj->nr_pages && (memobj_is_device(obj) || find_page(obj, index));
}

int memobj_add_page(struct memobj *obj, unsigned long index, struct page *page)
{
	void **slot;

	ASSERT_MSG(index < obj->nr_pages, "page %lu of %lu", index, obj->nr_pages);
	slot = make_slot(obj, index);
	if (!slot)
		return -ENOMEM;
	ASSERT_MSG(!*slot, "page %lu is there", index);
	this_cpu_inc(object_pages);
	hang(slot, page);
	return 0;
}

/* --- memory of devices --- */

bool memobj_is_device(const struct memobj *obj)
{
	return obj->device & PTE_DEVICE;
}

int memobj_device_entry(const struct memobj *obj, unsigned long index, pte_t *entry)
{
	if (index >= obj->nr_pages)
		return -ENXIO;
	*entry = obj->device + (index << PAGE_SHIFT);
	return 0;
}

/* Whether some of [start, start + bytes) is another object's, in another kind. device_lock held. */
static bool other_kind(phys_addr_t start, u64 bytes, u64 kind)
{
	const struct memobj *obj;

	list_for_each_entry (obj, &devices, devices) {
		phys_addr_t at = pte_phys(obj->device);

		if (at < start + bytes && start < at + (obj->nr_pages << PAGE_SHIFT) &&
		    (obj->device & PTE_CACHE_KIND) != kind)
			return true;
	}
	return false;
}

struct memobj *memobj_create_device(phys_addr_t start, unsigned long nr_pages, u64 kind)
{
	struct memobj *obj = memobj_create(nr_pages);
	bool refused;

	ASSERT_MSG(IS_ALIGNED(start, PAGE_SIZE) && !(kind & ~PTE_CACHE_KIND), "%#llx, %#llx",
		   (unsigned long long)start, (unsigned long long)kind);
	if (!obj)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&device_lock);
	refused = other_kind(start, nr_pages << PAGE_SHIFT, kind);
	if (!refused) {
		obj->device = pte_make(start, kind | PTE_DEVICE | PTE_SPECIAL);
		list_add(&obj->devices, &devices);
	}
	mutex_unlock(&device_lock);
	if (!refused)
		return obj;
	memobj_put(obj);
	return ERR_PTR(-EBUSY);
}
