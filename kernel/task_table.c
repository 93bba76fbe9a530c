/*
 * The task table: pid to task, and the list of all tasks, which the task walk of mm/pgsync reads.
 *
 * Readers hold rcu_read_lock() and no lock of the table. A node never moves while a reader may
 * stand on it: it is put in, taken out, or replaced in its place by one store (I12).
 */
#include "kernel/task.h"

#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/racepoint.h"
#include "mm/mm.h"

struct task_bucket task_table[TASK_BUCKETS];

static struct task_bucket *bucket_of(int pid)
{
	return &task_table[(unsigned int)pid % TASK_BUCKETS];
}

void task_table_init(void)
{
	for (unsigned int i = 0; i < TASK_BUCKETS; i++) {
		spin_lock_set_class(&task_table[i].lock, LOCK_task_bucket);
		list_init(&task_table[i].tasks);
	}
}

void task_table_insert(struct task_struct *t)
{
	struct task_bucket *b = bucket_of(t->pid);

	spin_lock(&b->lock);
	list_add_tail(&t->table_node, &b->tasks);
	spin_unlock(&b->lock);
}

void task_table_remove(struct task_struct *t)
{
	struct task_bucket *b = bucket_of(t->pid);

	spin_lock(&b->lock);
	list_del_rcu(&t->table_node);
	spin_unlock(&b->lock);
}

/* One store takes the old one out and the new one in. */
static void replace_node(struct list_head *old, struct list_head *new)
{
	new->next = old->next;
	new->prev = old->prev;
	new->next->prev = new;
	smp_store_release(&new->prev->next, new);
	old->prev = NULL;
}

void task_table_replace(struct task_struct *old, struct task_struct *new)
{
	struct task_bucket *b = bucket_of(old->pid);

	ASSERT(new->pid == old->pid);
	spin_lock(&b->lock);
	if (MUTANT(table_moves_node)) {
		list_del_rcu(&old->table_node);
		list_add(&new->table_node, &b->tasks);
	} else {
		replace_node(&old->table_node, &new->table_node);
	}
	spin_unlock(&b->lock);
}

struct task_struct *find_task(int pid)
{
	struct task_struct *t;

	ASSERT(rcu_read_lock_held());
	list_for_each_entry_rcu (t, &bucket_of(pid)->tasks, table_node)
		if (t->pid == pid)
			return t;
	return NULL;
}

struct task_struct *find_lock_task_mm(struct task_struct *p)
{
	struct task_struct *t = p;

	if (!MUTANT(walk_no_rcu))
		ASSERT(rcu_read_lock_held());
	task_lock(t);
	if (likely(t->mm))
		return t;
	task_unlock(t);
	// lab 5: begin
	if (MUTANT(walk_leader_only))
		return NULL;
	list_for_each_entry_rcu (t, &p->group->threads, thread_node) {
		task_lock(t);
		if (t->mm)
			return t;
		task_unlock(t);
	}
	// lab 5: end
	return NULL;
}

void for_each_task_root(void (*visit)(struct mm_root *root, void *arg), void *arg)
{
	struct task_struct *p, *t;
	struct mm_struct *mm;
	unsigned int b;

	for_each_process (b, p) {
		RACE_POINT(walk_at_task);
		/* Kernel threads too: one may have taken a process's mm (I15). */
		if (MUTANT(walk_skips_kthreads) && !p->group->parent)
			continue;
		t = find_lock_task_mm(p);
		if (!t)
			continue;
		/* The lock keeps the mm: exit and exec give it up under it (I9). */
		mm = t->mm;
		if (MUTANT(walk_unlocked))
			task_unlock(t);
		RACE_POINT(walk_has_mm);
		visit(mm->root, arg);
		if (!MUTANT(walk_unlocked))
			task_unlock(t);
	}
}

int task_root_owner(const struct mm_root *root)
{
	struct task_struct *p, *t;
	unsigned int b;
	int owner = 0;

	rcu_read_lock();
	for_each_process (b, p)
		list_for_each_entry_rcu (t, &p->group->threads, thread_node) {
			const struct mm_struct *mm = READ_ONCE(t->mm);

			if (mm && mm->root == root)
				owner = p->group->tgid;
		}
	rcu_read_unlock();
	return owner;
}
