/*
 * Memory objects: pages by index, made when they are first asked for.
 *
 *	memobj_create()			of a fixed number of pages, all of them zero
 *	memobj_get() memobj_put()	references: each mapping of it holds one; the last put frees
 *	memobj_page()			the page at an index
 *
 * A shared mapping maps an object's pages: whoever maps the same object sees the same memory, in
 * whatever address space. A private mapping shows them until it is written to. The object knows
 * nothing of mappings or addresses; a page stays alive while the object or a mapping has a reference
 * to it.
 *
 * An object may be a device's memory instead: it has addresses and no pages, and is mapped shared only.
 *
 * What it does not do: give pages back while it lives.
 */
#ifndef MM_MEMOBJ_H
#define MM_MEMOBJ_H

#include "arch/pgtable.h"
#include "mm/page.h"

struct memobj;

/* Boot. */
void memobj_init(void);

/* One reference, the caller's. NULL: no memory. nr_pages > 0. */
struct memobj *memobj_create(unsigned long nr_pages);

/*
 * The same of a device's memory at `start`, page aligned: no RAM. `kind`: of PTE_CACHE_KIND. ERR_PTR(-ENOMEM), or
 * -EBUSY: another object has some of it in another kind, and the processor must not see one memory in two kinds
 * (SDM vol. 3A, 12.12.4). Process context.
 */
struct memobj *memobj_create_device(phys_addr_t start, unsigned long nr_pages, u64 kind);

bool memobj_is_device(const struct memobj *obj);

/* What maps page `index` of it, but for the mapping's rights. 0; -ENXIO: behind its end. */
int memobj_device_entry(const struct memobj *obj, unsigned long index, pte_t *entry);

void memobj_get(struct memobj *obj);
/* Process context. */
void memobj_put(struct memobj *obj);

/* Pages that it was made with. */
unsigned long memobj_capacity(const struct memobj *obj);

/*
 * *page gets the page at `index`, which stays as long as the caller has the object. Whoever needs
 * it longer takes a reference by get_page(). 0; -ENOMEM; -ENXIO: behind the object's end, or it is a device's. May
 * sleep while a page is made; one that is there is found without a lock.
 */
int memobj_page(struct memobj *obj, unsigned long index, struct page **page);

/*
 * From now on the object ends behind `nr_pages`, at most as many as it was made with: behind that no page is given out.
 * Those that were stay, in mappings too: the object knows none. Any context.
 */
void memobj_set_end(struct memobj *obj, unsigned long nr_pages);

/* Whether the page at `index` has been made; a device's all are. Any context. */
bool memobj_has_page(struct memobj *obj, unsigned long index);

/* A number that no other object has had since boot; from 1 on. */
u64 memobj_number(const struct memobj *obj);

/* Pages that all objects have made, mapped or not. */
u64 memobj_pages(void);

/*
 * For who fills an object that nobody else sees yet: `page` (ownership passes) becomes the page at
 * `index`, which has none. 0; -ENOMEM: the page is still the caller's.
 */
int memobj_add_page(struct memobj *obj, unsigned long index, struct page *page);

#endif
