/*
 * Pinning: every root read-only at once, and back. What the series' patch 7 did for Xen, which
 * wants the tables of a guest that is to be suspended to stand still.
 *
 * The task walk finds all roots at a quiescent point only: not a root that is being made (NEW), nor
 * one that nobody's task has. The first user of this walk took such a point for granted; here it is
 * verified. The machine is stopped, the walk marks what it finds, and then the auditor's registry,
 * which no walk has to do with, must not know a live root without the mark. A root that is in the
 * way is a refusal: it is neither skipped nor waited for.
 *
 * While the roots are pinned no reference slot appears: kroot_install() refuses with -EBUSY. It does
 * not wait, because who pins may be the one who grows. And no root is made or freed: pgd_alloc() and
 * pgd_free() assert it.
 */
#include "mm/pgsync/strategy.h"

#include "arch/cpu.h"
#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/preempt.h"

static u64 round; /* numbers the attempts; root->pin_round is the last one that found the root */

static bool is_marked(const struct mm_root *root)
{
	return root->pin_round == round && root->state == ROOT_READY;
}

static void mark(struct mm_root *root, void *unused)
{
	(void)unused;
	root->pin_round = round;
}

/* Keeps the first live root without a mark. */
static void find_unmarked(struct mm_root *root, void *arg)
{
	struct mm_root **found = arg;

	if (!*found && root->state != ROOT_FREE && !is_marked(root))
		*found = root;
}

struct protection {
	unsigned int n;
	int error;
};

static void protect(struct mm_root *root, void *arg)
{
	struct protection *p = arg;

	if (p->error || !is_marked(root))
		return;
	/* Who would store what is missing later, at the load or at a fault, could not any more. */
	if (strategy->syncs_at_load || strategy->repairs_faults)
		copy_kernel_half(root);
	p->error = root_page_protect(root->pgd, true);
	if (p->error)
		return;
	root->pinned = true;
	p->n++;
}

static void unprotect(struct mm_root *root, void *arg)
{
	if (!root->pinned)
		return;
	/* It was split when it was made read-only: this needs no memory. */
	if (root_page_protect(root->pgd, false))
		BUG("root %p stays read-only", (void *)root);
	root->pinned = false;
	++*(unsigned int *)arg;
}

static void assert_stopped(void)
{
	ASSERT(!irqs_enabled());
	ASSERT_MSG(!READ_ONCE(pgd_lock.owner), "stopped while CPU %u grows", pgd_lock.owner - 1);
}

int pgsync_pin_all(struct mm_root **in_the_way)
{
	struct protection p = {0};

	assert_stopped();
	ASSERT(!roots_pinned);
	*in_the_way = NULL;
	round++;
	rcu_read_lock();
	for_each_task_root(mark, NULL);
	for_each_registered_root(find_unmarked, in_the_way);
	if (*in_the_way && !MUTANT(pin_not_quiescent))
		p.error = -EBUSY;
	for_each_registered_root(protect, &p);
	if (p.error)
		for_each_registered_root(unprotect, &p.n);
	rcu_read_unlock();
	if (p.error)
		return p.error;
	roots_pinned = true;
	return (int)p.n;
}

unsigned int pgsync_unpin_all(void)
{
	unsigned int n = 0;

	assert_stopped();
	ASSERT(roots_pinned);
	rcu_read_lock();
	for_each_registered_root(unprotect, &n);
	rcu_read_unlock();
	roots_pinned = false;
	return n;
}

struct visit_pinned {
	void (*visit)(struct mm_root *root, void *arg);
	void *arg;
};

static void visit_if_pinned(struct mm_root *root, void *arg)
{
	const struct visit_pinned *v = arg;

	if (READ_ONCE(root->pinned))
		v->visit(root, v->arg);
}

void for_each_pinned_root(void (*visit)(struct mm_root *root, void *arg), void *arg)
{
	struct visit_pinned v = {visit, arg};

	rcu_read_lock();
	for_each_registered_root(visit_if_pinned, &v);
	rcu_read_unlock();
}

struct search {
	const pte_t *pgd;
	struct mm_root *found;
};

static void compare(struct mm_root *root, void *arg)
{
	struct search *s = arg;

	if (root->pgd == s->pgd)
		s->found = root;
}

struct mm_root *pinned_root_at(unsigned long va)
{
	struct search s = {.pgd = (const pte_t *)(va & PAGE_MASK)};

	if (READ_ONCE(roots_pinned))
		for_each_pinned_root(compare, &s);
	return s.found;
}
