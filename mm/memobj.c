/*
 * Memory objects: see memobj.h.
 *
 * The pages hang in a tree of nodes with 64 slots each, as high as the object's size needs: an object of
 * one page has none, one of 256 KiB a single node. So a large object that is touched in few places
 * costs little.
 */
#include "mm/memobj.h"

#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/wait.h"
#include "mm/buddy.h"
#include "mm/slab.h"

#define NODE_SHIFT 6
#define NODE_SLOTS (1u << NODE_SHIFT)

struct node {
	void *slots[NODE_SLOTS]; /* nodes; in the lowest ones pages */
};

/* Letters: A atomic; c constant; l lock. */
struct memobj {
	u32 refs;               /* A */
	unsigned int height;    /* c: nodes on the way to a page */
	unsigned long nr_pages; /* c */
	struct mutex lock;      /* inside mmap_lock */
	void *top;              /* l: as a node's slot */
};

static struct kmem_cache *object_cache, *node_cache;

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
	*obj = (struct memobj){.refs = 1, .nr_pages = nr_pages};
	mutex_init(&obj->lock);
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
		put_page(slot);
		return;
	}
	for (unsigned int i = 0; i < NODE_SLOTS; i++)
		free_slot(node->slots[i], height - 1);
	kmem_cache_free(node_cache, node);
}

void memobj_put(struct memobj *obj)
{
	if (!atomic_dec_and_test(&obj->refs))
		return;
	free_slot(obj->top, obj->height);
	kmem_cache_free(object_cache, obj);
}

/* The slot of a page. NULL: a node is missing, and could not be made if that was asked for. */
static void **page_slot(struct memobj *obj, unsigned long index, bool create)
{
	void **slot = &obj->top;

	for (unsigned int height = obj->height; height > 0; height--) {
		struct node *node = *slot;

		if (!node) {
			if (create)
				*slot = node = kmem_cache_alloc(node_cache, GFP_ZERO);
			if (!node)
				return NULL;
		}
		slot = &node->slots[index >> (NODE_SHIFT * (height - 1)) & (NODE_SLOTS - 1)];
	}
	return slot;
}

static int page_locked(struct memobj *obj, unsigned long index, struct page **page)
{
	void **slot = page_slot(obj, index, true);

	if (!slot)
		return -ENOMEM;
	if (!*slot)
		*slot = alloc_page(GFP_KERNEL | GFP_ZERO);
	if (!*slot)
		return -ENOMEM;
	*page = *slot;
	get_page(*page);
	return 0;
}

int memobj_page(struct memobj *obj, unsigned long index, struct page **page)
{
	int ret;

	if (index >= obj->nr_pages)
		return -ENXIO;
	mutex_lock(&obj->lock);
	ret = page_locked(obj, index, page);
	mutex_unlock(&obj->lock);
	return ret;
}

bool memobj_has_page(struct memobj *obj, unsigned long index)
{
	void **slot;
	bool has;

	if (index >= obj->nr_pages)
		return false;
	mutex_lock(&obj->lock);
	slot = page_slot(obj, index, false);
	has = slot && *slot;
	mutex_unlock(&obj->lock);
	return has;
}
