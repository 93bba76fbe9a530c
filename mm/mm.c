/* An address space's life: see mm.h. */
#include "mm/mm.h"

#include "arch/cpu.h"
#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/racepoint.h"
#include "mm/buddy.h"
#include "mm/set_memory.h"
#include "mm/memobj.h"
#include "mm/slab.h"
#include "mm/tlb.h"
#include "mm/unmap.h"
#include "mm/vma.h"

struct mm_struct init_mm = {
	.root = &swapper_root,
	.mm_users = 1,
	.mm_count = 1,
	.mmap_lock = MUTEX_INIT(init_mm.mmap_lock, mmap_lock),
	.vmas = LIST_HEAD_INIT(init_mm.vmas),
};

static struct kmem_cache *mm_cache, *root_cache;

void mm_init(void)
{
	mm_cache = kmem_cache_create("mm_struct", sizeof(struct mm_struct), 64, 0);
	root_cache = kmem_cache_create("mm_root", sizeof(struct mm_root), 64, 0);
	vma_init();
	memobj_init();
	fault_init();
}

/* Memory for mm/pgsync: see its header. */
pte_t *root_page_alloc(void)
{
	struct page *page = alloc_page(GFP_KERNEL | GFP_ZERO);

	return page ? page_address(page) : NULL;
}

void root_page_free(pte_t *pgd)
{
	free_page(virt_to_page(pgd));
}

int root_page_protect(pte_t *pgd, bool read_only)
{
	return set_memory_write((unsigned long)pgd, 1, !read_only);
}

struct mm_root *root_object_alloc(void)
{
	return kmem_cache_alloc(root_cache, GFP_KERNEL);
}

void root_object_free(struct mm_root *root)
{
	kmem_cache_free(root_cache, root);
}

struct mm_struct *mm_alloc(void)
{
	struct mm_struct *mm = kmem_cache_alloc(mm_cache, GFP_KERNEL);

	if (!mm)
		return NULL;
	*mm = (struct mm_struct){.mm_users = 1, .mm_count = 1};
	mutex_init(&mm->mmap_lock, LOCK_mmap_lock);
	list_init(&mm->vmas);
	mm->root = pgd_alloc();
	if (!mm->root) {
		kmem_cache_free(mm_cache, mm);
		return NULL;
	}
	return mm;
}

static int copy_vmas(struct mm_struct *new, struct mm_struct *old, struct tlb_batch *batch)
{
	struct vma *vma;

	list_for_each_entry (vma, &old->vmas, node) {
		int error = -ENOMEM;

		if (vma_append_copy(new, vma))
			error = vma_copy_pages(new, old, vma, batch);
		if (error)
			return error;
	}
	vma_copy_tree(new, old);
	return 0;
}

void mm_inherit(struct mm_struct *new, const struct mm_struct *old)
{
	if (!(old->mdwe & MDWE_NO_INHERIT))
		new->mdwe = old->mdwe;
	new->limited = READ_ONCE(old->limited);
}

struct mm_struct *mm_fork(struct mm_struct *old)
{
	struct mm_struct *new = mm_alloc();
	struct tlb_batch batch;
	int error;

	if (!new)
		return NULL;
	batch.n = 0;
	mutex_lock(&old->mmap_lock);
	new->brk_start = old->brk_start;
	new->brk = old->brk;
	new->args = old->args;
	mm_inherit(new, old);
	error = copy_vmas(new, old, &batch);
	/* Entries that were writable are read-only now, wherever the old one is loaded. */
	tlb_flush_batch(old, &batch);
	mutex_unlock(&old->mmap_lock);
	if (error) {
		mmput(new);
		return NULL;
	}
	return new;
}

/* Empties an address space that has no users and that no CPU has loaded. */
void exit_mmap(struct mm_struct *mm)
{
	struct vma *vma, *next;

	list_for_each_entry_safe (vma, next, &mm->vmas, node) {
		unmap_pages_dead(mm, vma->start, vma->end);
		vma_free(vma);
	}
	list_init(&mm->vmas);
	mm->vma_tree.top = NULL;
	mm->nr_vmas = 0;
	ASSERT_MSG(mm->resident == 0, "%lu pages left", mm->resident);
}

void mmput(struct mm_struct *mm)
{
	ASSERT(mm != &init_mm);
	if (!atomic_dec_and_test(&mm->mm_users))
		return;
	// lab 5: begin
	/* A CPU that has it loaded lazily must leave: its tables are about to go (I14). */
	if (!MUTANT(mmput_keeps_lazy))
		tlb_shoot_lazy(mm);
	// lab 5: starter
	// /* Nobody uses it any more. Who may still run on its root? */
	// lab 5: end
	root_retire(mm->root);
	exit_mmap(mm);
	mmdrop(mm);
}

void __mmdrop(struct mm_struct *mm)
{
	ASSERT(mm != &init_mm && mm->mm_users == 0);
	pgd_free(mm->root);
	kmem_cache_free(mm_cache, mm);
}
