/*
 * Copies between the running task's memory and another address space.
 *
 * The other side is reached through the direct map, page by page, under its mmap_lock: so no page can be
 * unmapped, copied for a fork or given away while it is copied. Under that lock nobody may fault: the two
 * spaces may be one, or two tasks copy from each other. So the near side is copied without faults, and a page
 * that is missing there is fetched when the lock is free. Nobody is killed for want of memory: it might be
 * the other side, which cannot die while it is copied from.
 */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "mm/mm.h"
#include "mm/pgtable.h"
#include "mm/vma.h"

/*
 * The direct-map address of `va`, or NULL: a fault has to come first. ERR_PTR(-EFAULT): it is a device's memory, which
 * the direct map does not have; and a device is not to be read because somebody has handed in its address. mmap_lock
 * held.
 */
static char *remote_address(struct mm_struct *mm, unsigned long va, bool write)
{
	unsigned int level;
	const pte_t *entry = pt_leaf(mm->root->pgd, va, &level);

	if (!entry || !(*entry & PTE_P) || (write && !pte_writable(*entry)))
		return NULL;
	if (unlikely(*entry & PTE_DEVICE))
		return ERR_PTR(-EFAULT);
	return (char *)phys_to_virt(pte_phys(*entry)) + (va & (pt_span(level) - 1));
}

/*
 * Inside one page of `mm`. 0; *left gets what the near side had no page for. An error as of
 * mm_copy_remote().
 */
static int copy_in_page(struct mm_struct *mm, unsigned long va, unsigned long near, size_t n,
			bool write, size_t *left)
{
	for (;;) {
		char *address;
		int error;

		mutex_lock(&mm->mmap_lock);
		address = remote_address(mm, va, write);
		if (likely(address && !IS_ERR(address)))
			*left = write ? copy_from_user_nofault(address, (const void __user *)near,
							       n)
				      : copy_to_user_nofault((void __user *)near, address, n);
		mutex_unlock(&mm->mmap_lock);
		if (likely(address))
			return unlikely(IS_ERR(address)) ? (int)PTR_ERR(address) : 0;
		/* Its own threads may take the page away again before we are back: then once more. */
		error = mm_fault(mm, va, FAULT_ONCE | (write ? FAULT_WRITE : 0));
		if (error)
			return error == -ENOMEM ? -ENOMEM : -EFAULT;
	}
}

/* Fetches the near side's page. 0; -ENOMEM, -ENXIO. */
static int fault_near(struct mm_struct *own, unsigned long near, bool write)
{
	int error = mm_fault(own, near, FAULT_ONCE | (write ? 0 : FAULT_WRITE));

	return error && error != -ENOMEM ? -ENXIO : error;
}

int mm_copy_remote(struct mm_struct *mm, unsigned long va, struct mm_struct *own,
		   unsigned long near, size_t n, bool write)
{
	if (n > USER_END || va > USER_END - n)
		return -EFAULT;
	if (near > USER_END - n)
		return -ENXIO;
	while (n) {
		size_t part = MIN(n, PAGE_SIZE - (va & ~PAGE_MASK)), left = 0;
		int error = copy_in_page(mm, va, near, part, write, &left);

		if (error)
			return error;
		part -= left;
		va += part;
		near += part;
		n -= part;
		error = left ? fault_near(own, near, write) : 0;
		if (error)
			return error;
	}
	return 0;
}

int mm_copy_kernel(char *kernel, struct mm_struct *own, unsigned long near, size_t n, bool write)
{
	if (n > USER_END || near > USER_END - n)
		return -ENXIO;
	for (;;) {
		void __user *user = (void __user *)near;
		size_t left = write ? copy_from_user_nofault(kernel, user, n)
				    : copy_to_user_nofault(user, kernel, n);
		int error;

		if (!left)
			return 0;
		kernel += n - left;
		near += n - left;
		n = left;
		error = fault_near(own, near, write);
		if (error)
			return error;
	}
}
