/*
 * Looking on, for who draws a picture: see pgsync.h. Nothing is judged here, that is the auditor's (audit.c).
 *
 * A look takes no lock, stores nothing, and keeps preemption off only while it reads one root; so growth, fork and
 * exit go on as if it were not there. What it reads may be out of date at once, but is no nonsense:
 *
 *	growth, or a late copy			a look at a root
 *	  store the slot			  state is READY	(acquire)
 *	  slot is ready, or root is READY	  slot is ready		(acquire)
 *	  (release)				  load the slot
 *
 * A slot that was ready came into the root before: growth found the root, or the root's late copy, which comes before
 * READY, found the slot (I1, I2). So under `walk` nothing is missing in a root that was READY all the time, but for
 * one that only a later load makes complete (I15). Whether it was READY all the time is asked again afterwards,
 * as the auditor does, since pgd_free() takes the slots out; if not, the look begins anew.
 */
#include "mm/pgsync/strategy.h"

#include "kernel/base/mutant.h"
#include "kernel/base/preempt.h"
#include "kernel/base/racepoint.h"

static void set_view_bit(unsigned long *bits, unsigned int slot)
{
	__set_bit(slot - ROOT_KERNEL, bits);
}

void pgsync_view(struct pgsync_view *view)
{
	*view = (struct pgsync_view){.gen = READ_ONCE(pgd_gen)};
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++) {
		/* Ready first: it is never told of a slot that is not present. */
		if (kroot_ready(slot))
			set_view_bit(view->ready, slot);
		if (kroot_from_birth(slot))
			set_view_bit(view->birth, slot);
		if (pte_present(READ_ONCE(swapper_pg_dir[slot])))
			set_view_bit(view->present, slot);
	}
}

static void view_slot(const struct mm_root *root, unsigned int slot, struct pgsync_root_view *view)
{
	bool ready = kroot_ready(slot), present;

	RACE_POINT(view_at_slot);
	present = pte_present(READ_ONCE(root->pgd[slot]));
	RACE_POINT(view_has_slot);
	if (MUTANT(view_slot_first))
		ready = kroot_ready(slot);
	if (present)
		set_view_bit(view->present, slot);
	else if (ready)
		view->missing++;
}

/* True: it is of one root. */
static bool view_once(const struct mm_root *root, struct pgsync_root_view *view)
{
	*view = (struct pgsync_root_view){
		.life = READ_ONCE(root->life),
		.state = smp_load_acquire(&root->state),
		.gen = READ_ONCE(root->gen),
	};
	if (view->state != ROOT_READY)
		return true;
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++)
		view_slot(root, slot, view);
	if (MUTANT(view_asks_once))
		return true;
	/* The slots, then the state. Partner: smp_wmb() in pgd_free(). */
	smp_rmb();
	return READ_ONCE(root->state) == ROOT_READY && READ_ONCE(root->life) == view->life;
}

void pgsync_view_root(const struct mm_root *root, struct pgsync_root_view *view)
{
	bool whole;

	do {
		/* pgsync_reset_slots() does not come in between: a stopped machine needs preemption. */
		preempt_disable();
		whole = view_once(root, view);
		preempt_enable();
	} while (!whole);
}
