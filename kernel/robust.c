/*
 * Robust futexes: a thread has told where the list of the locks that it holds is, and when it dies, the
 * kernel marks each of them and wakes one waiter, so that nobody waits for ever for the dead (set_robust_list(2)).
 *
 * The list is in user memory, and may be anything: a walk is bounded, and ends at the first word that is
 * not there. A word is changed only while it holds the dead thread's number.
 */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/process.h"
#include "kernel/syscalls.h"

#define FUTEX_WAITERS    0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK   0x3fffffffu

#define ENTRIES_MAX 2048
#define ENTRY_PI                                                                                   \
	1UL /* in an entry's address: of a priority-inheriting lock, which there are none of */

/* struct robust_list_head. `next` leads to an entry, whose first word leads on, and at last back here. */
struct robust_head {
	unsigned long next;
	long offset; /* from an entry to its futex */
	unsigned long
		pending; /* being taken or released: perhaps in the list, perhaps not; 0: none */
};

/* False: there is no word at `addr`, or it is not aligned. */
static bool mark_dead(unsigned long addr, bool pending)
{
	u32 __user *word = (u32 __user *)addr;
	u32 value, seen;

	if (!IS_ALIGNED(addr, sizeof(u32)) || get_user_u32(&value, word))
		return false;
	/* Between its release and the wake-up that should have followed. */
	if (pending && !value) {
		(void)futex_wake(word, false, 1);
		return true;
	}
	do {
		if ((value & FUTEX_TID_MASK) != (u32)current->pid)
			return true;
		seen = value;
		if (cmpxchg_user_u32(word, &value, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED))
			return false;
	} while (value != seen);
	if (value & FUTEX_WAITERS)
		(void)futex_wake(word, false, 1);
	return true;
}

static void walk_list(const struct robust_head *head, unsigned long end)
{
	unsigned long entry = head->next & ~ENTRY_PI, pending = head->pending & ~ENTRY_PI;

	for (unsigned int n = 0; entry != end && n < ENTRIES_MAX; n++) {
		unsigned long next;
		/* Before the futex: its next owner may take the entry into a list of his own. */
		int lost = copy_from_user(&next, (const void __user *)entry, sizeof(next));

		if (entry != pending && !mark_dead(entry + (unsigned long)head->offset, false))
			return;
		if (lost)
			return;
		entry = next & ~ENTRY_PI;
	}
	if (pending)
		(void)mark_dead(pending + (unsigned long)head->offset, true);
}

void robust_list_exit(void)
{
	struct robust_head __user *list = current->robust_list;
	struct robust_head head;

	current->robust_list = NULL;
	if (!copy_from_user(&head, list, sizeof(head)))
		walk_list(&head, (unsigned long)list);
}

SYSCALL(set_robust_list)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	if (a1 != sizeof(struct robust_head))
		return -EINVAL;
	current->robust_list = (struct robust_head __user *)a0;
	return 0;
}

SYSCALL(get_robust_list)
{
	struct task_struct *t = task_get((int)a0);
	const u64 length = sizeof(struct robust_head);
	unsigned long list;

	UNUSED_ARGS(a3, a4, a5);
	if (!t)
		return -ESRCH;
	list = (unsigned long)READ_ONCE(t->robust_list);
	task_put(t);
	if (copy_to_user((void __user *)a2, &length, sizeof(length)))
		return -EFAULT;
	return copy_to_user((void __user *)a1, &list, sizeof(list));
}
