/*
 * Objects of the slabs: redzones, who allocated and who freed each, and the quarantine.
 *
 * Of an object's place the last KASAN_REDZONE bytes are nobody's; struct kasan_tracks is kept there,
 * where only an access that is not checked could overwrite it. A freed object does not go to its magazine at
 * once, where the next allocation would take it: it waits in a queue of its CPU, first in, first out, until
 * the queue has too many objects or bytes.
 */
#include "arch/cpu.h"
#include "arch/machine.h"
#include "kernel/base/atomic.h"
#include "kernel/base/percpu.h"
#include "kernel/base/preempt.h"
#include "kernel/base/printk.h"
#include "mm/kasan/kasan.h"
#include "mm/page.h"
#include "mm/slab_core.h"

#define QUEUE       256 /* objects */
#define QUEUE_BYTES KiB(128)

_Static_assert((QUEUE & (QUEUE - 1)) == 0, "the numbers of objects may wrap");

/* The running CPU's: preemption off is all the protection that it has. */
struct quarantine {
	u32 in, out; /* objects so far; those from `out` to `in` wait */
	u32 bytes;
	void *objs[QUEUE];
};

static DEFINE_PER_CPU(struct quarantine, quarantine);

/* Objects that wait, by kmem_cache.id; atomic. */
static u32 waiting[MAX_CACHES];

struct kasan_tracks *kasan_tracks(const struct kmem_cache *cache, const void *obj)
{
	return (struct kasan_tracks *)((char *)obj + cache->size - KASAN_REDZONE);
}

/*
 * The calls that led to the function of the frame, which has its caller's frame and a return address. The
 * last of them has the user's frame pointer, which may be anything.
 */
static void track(struct kasan_track *t, const unsigned long *frame)
{
	unsigned long last = stack_end((unsigned long)frame) - 2 * sizeof(*frame);
	unsigned int n = 0;

	t->pid = (u32)panic_pid_of(cpu_id());
	while (n < TRACK_DEPTH) {
		unsigned long next = frame[0];

		t->pc[n++] = (u32)frame[1];
		if (next <= (unsigned long)frame || next > last || !IS_ALIGNED(next, 8))
			break;
		frame = (const unsigned long *)next;
	}
	if (n < TRACK_DEPTH)
		t->pc[n] = 0;
}

void kasan_track_print(const char *what, const struct kasan_track *t)
{
	if (!t->pc[0])
		return;
	printk("%s by process %u:\n", what, t->pid);
	for (unsigned int i = 0; i < TRACK_DEPTH && t->pc[i]; i++)
		pc_print(" ", ~0UL << 32 | t->pc[i]);
}

void kasan_object_alloc(const struct kmem_cache *cache, void *obj, size_t bytes)
{
	unsigned long addr = (unsigned long)obj;

	kasan_poison_range(addr, cache->size, KASAN_SLAB_REDZONE);
	kasan_unpoison_range(addr, bytes);
	track(&kasan_tracks(cache, obj)->alloc, __builtin_frame_address(0));
}

void kasan_object_check_free(const struct kmem_cache *cache, const void *obj)
{
	unsigned long addr = (unsigned long)obj;

	if (kasan_covered(addr) && *shadow_of(addr) == KASAN_SLAB_FREE)
		kasan_report(addr, cache->object_size, KASAN_FREE,
			     (unsigned long)__builtin_return_address(0), addr);
}

static bool full(const struct quarantine *q)
{
	return q->in - q->out == QUEUE || q->bytes > QUEUE_BYTES;
}

/* The one that has waited longest. Preemption off. */
static void take_first(struct quarantine *q, struct kmem_cache **cache, void **obj)
{
	*obj = q->objs[q->out++ % QUEUE];
	*cache = virt_to_page(*obj)->slab.cache;
	q->bytes -= (*cache)->size;
	atomic_add_return(&waiting[(*cache)->id], -1u);
}

bool kasan_object_quarantine(struct kmem_cache **cache, void **obj)
{
	struct kmem_cache *own = *cache;
	struct quarantine *q;
	void *freed = *obj;
	bool evict;

	track(&kasan_tracks(own, freed)->free, __builtin_frame_address(0));
	kasan_poison_range((unsigned long)freed, own->size - KASAN_REDZONE, KASAN_SLAB_FREE);
	preempt_disable();
	q = this_cpu_ptr(&quarantine);
	evict = full(q);
	if (evict)
		take_first(q, cache, obj);
	q->objs[q->in++ % QUEUE] = freed;
	q->bytes += own->size;
	atomic_inc(&waiting[own->id]);
	preempt_enable();
	return evict;
}

void kasan_quarantine_empty(void)
{
	struct kmem_cache *cache;
	void *obj;

	for (;;) {
		struct quarantine *q;

		preempt_disable();
		q = this_cpu_ptr(&quarantine);
		obj = NULL;
		if (q->in != q->out)
			take_first(q, &cache, &obj);
		preempt_enable();
		if (!obj)
			return;
		slab_free_now(cache, obj);
	}
}

u64 kasan_quarantine_count(const struct kmem_cache *cache)
{
	return READ_ONCE(waiting[cache->id]);
}
