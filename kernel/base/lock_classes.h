/*
 * Every class of lock, and the order in which they may be taken: the one list. lockdep.h checks it at run time.
 *
 * Read it as a tree: a lock may be taken while locks further to the left are held, and no others. The number
 * is the depth, and the rank of the class. Those of one depth are never held together; two of one class only where
 * the second has a class of its own (spin_lock_nested()). The first four depths sleep, the others spin. A class of
 * rank 0 has no place in the order; what is seen of it must still be free of cycles.
 */
#ifndef KERNEL_BASE_LOCK_CLASSES_H
#define KERNEL_BASE_LOCK_CLASSES_H

/* clang-format off */
#define LOCK_CLASSES(L) \
	L(1, hotplug) /* who plugs memory in and out (mm/hotplug.c) */ \
	L(1, pgctl_grow) /* pgctl's ranges, made and freed one at a time */ \
	L(1, irq_attach) /* who attaches to an interrupt line */ \
	  L(2, workers) /* one job for all CPUs at a time */ \
	  L(2, mmap_lock) /* an address space's areas and page tables */ \
	    L(3, memobj) /* who adds pages to a memory object */ \
	    L(3, memobj_device) /* the device ranges that are mapped */ \
	      L(4, vmalloc_purge) /* who flushes and gives back vmalloc's freed ranges */ \
	        L(5, jobctl) /* process groups and sessions */ \
	        L(5, change) /* a policy or niceness, read and written */ \
	        L(5, futex) /* one bucket of waiters */ \
	        L(5, handles) /* a handle table */ \
	        L(5, fs) /* root, working directory and umask */ \
	        L(5, timer_handle) /* a timer's start and stop */ \
	        L(5, uts) /* the host's name */ \
	        L(5, pgctl_range) /* pgctl's table of ranges */ \
	        L(5, pgctl_seen) /* the first missing slot */ \
	        L(5, pgd_lock) /* pgd_list (pgsync=list), and what others borrow of it */ \
	        L(5, registry_lock) /* all roots, for the auditor */ \
	        L(5, attr) /* changes of attributes in the kernel's page tables */ \
	        L(5, slab_create) /* the table of caches */ \
	        L(5, nmi_call) /* one call by NMI at a time */ \
	          L(6, group) /* a process: threads, children */ \
	          L(6, task_lock) /* a task's mm and name */ \
	          L(6, futex_second) /* another bucket, at a higher address */ \
	          L(6, irq_line) /* an interrupt line and its handle */ \
	          L(6, vmalloc) /* the vmalloc area's addresses */ \
	            L(7, group_child) /* a child's, inside of its parent's */ \
	            L(7, ioapic) /* the I/O APIC's registers */ \
	              L(8, timer_base) /* a CPU's timers */ \
	              L(8, task_bucket) /* one bucket of the task table */ \
	              L(8, kstack) /* kernel stacks beyond the caches */ \
	              L(8, gpe) /* ACPI's general-purpose events */ \
	              L(8, slab) /* a cache's slabs */ \
	                L(9, signals) /* a process's signals */ \
	                L(9, port) /* a port and who is blocked on it */ \
	                L(9, zone) /* free pages */ \
	                L(9, rcu_gp) /* the grace period, only ever tried */ \
	                  L(10, wait_queue) /* sleepers */ \
	                    L(11, rq) /* a CPU's run queue */ \
	L(0, test_a) /* for tests alone */ \
	L(0, test_b) \
	L(0, test_c)
/* clang-format on */

#endif
