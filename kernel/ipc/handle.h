/*
 * Handle tables. A handle is a file descriptor: the lowest free number, shared by CLONE_FILES, copied by
 * fork, closed by exec where that was asked for.
 *
 *	handle_borrow()			what a handle names, for the length of a call
 *	handle_install()		a new handle; takes the caller's reference over
 *	handle_install_all()		several, or none
 *	handle_close(), handle_dup() ...	the calls of those names
 *	handles_fork(), handles_exec(), handles_exit()
 *
 * While a table has one user nobody but the running task can close its handles, and a call uses them without
 * counting and without a lock: handle_borrow() then gives no reference. A table gets a second user by its
 * only user's clone alone.
 */
#ifndef KERNEL_IPC_HANDLE_H
#define KERNEL_IPC_HANDLE_H

#include "kernel/base/spinlock.h"
#include "kernel/ipc/object.h"
#include "kernel/task.h"

#define HANDLES_SMALL 8    /* in the table itself */
#define HANDLES_MAX   1024 /* the highest RLIMIT_NOFILE */

#define HANDLE_CLOEXEC 1UL /* in a slot, beside the address */

/* Letters: l lock, which a table with one user does without; A atomic. */
struct handle_table {
	struct spinlock lock;
	u32 users;            /* A */
	u64 size;             /* l: slots that there are */
	u32 used;             /* l: no slot from here on is taken */
	u32 free;             /* l: no slot below is free */
	unsigned long *slots; /* l: an object's address and HANDLE_CLOEXEC, or 0 */
	unsigned long small[HANDLES_SMALL];
};

/* Boot. */
void handle_init(void);

/* A table with the kernel's log as 0, 1 and 2; NULL: no memory. One user, the caller. */
struct handle_table *handles_create(void);

/*
 * fork's: t->handles shares the running task's table, or gets a copy, without what is not for children. A task
 * without a table has none to give. 0, -ENOMEM.
 */
int handles_fork(struct task_struct *t, bool share);
/* exec's, when nothing can fail any more but this: the running task's own table, as it will be. 0, -ENOMEM. */
int handles_unshare(void);
/* exec's: closes what is to be closed. */
void handles_exec(void);
/* The task gives its table up; the last user closes all. Process context, no locks. */
void handles_exit(struct task_struct *t);

static inline struct object *slot_object(unsigned long slot)
{
	return (struct object *)(slot & ~HANDLE_CLOEXEC);
}

struct object *handle_get(u64 fd);

/* What `fd` names in the running task's table, which has one user, if it is of that type, or NULL. */
static inline struct object *handle_of_own(const struct handle_table *table, u64 fd,
					   enum object_type type)
{
	unsigned long slot;
	struct object *o;

	if (unlikely(fd >= table->size))
		return NULL;
	slot = table->slots[fd];
	if (unlikely(!slot))
		return NULL;
	o = slot_object(slot);
	return likely(o->type == type) ? o : NULL;
}

/* The same, or NULL if it has several. For as long as the system call lasts, without a reference. */
static inline struct object *handle_borrow_own(const struct handle_table *table, u64 fd,
					       enum object_type type)
{
	return likely(READ_ONCE(table->users) == 1) ? handle_of_own(table, fd, type) : NULL;
}

/*
 * What `fd` names, if it is of that type, or NULL. *counted: with a reference, which the caller puts.
 */
static inline struct object *handle_borrow(u64 fd, enum object_type type, bool *counted)
{
	struct handle_table *table = current->handles;
	struct object *o;

	if (likely(READ_ONCE(table->users) == 1)) {
		*counted = false;
		return handle_of_own(table, fd, type);
	}
	o = handle_get(fd);
	*counted = o != NULL;
	if (o && o->type != type) {
		object_put(o);
		*counted = false;
		o = NULL;
	}
	return o;
}

/* Ends a borrow. Interrupts may be off, as a direct switch leaves them, and are on where that matters. */
static inline void handle_return(struct object *o, bool counted)
{
	if (unlikely(counted)) {
		irq_enable();
		object_put(o);
	}
}

/*
 * The lowest free handle of the running task >= min names `o` now; the caller's reference is the handle's.
 * -EMFILE: none is left, -ENOMEM; the caller keeps its reference.
 */
int handle_install(struct object *o, u32 min, bool cloexec);
/* The lowest free one for a new object, by the flags of the call that made it; or its end, and the error. */
int handle_install_new(struct object *o, u64 flags);
/* The same for n objects: fds[], 0; or an error and nothing happened. */
int handle_install_all(struct object *const *objects, unsigned int n, int *fds, bool cloexec);

/* 0 or -EBADF. */
int handle_close(u64 fd);
/* Closes all in [first, last]. */
void handle_close_range(u32 first, u32 last);
/* Marks all in [first, last]. */
void handle_cloexec_range(u32 first, u32 last);
/*
 * The lowest free handle >= min that names what `fd` does. -EBADF, -EINVAL: min is no handle, or it cannot be
 * dup'ed, -EMFILE, -ENOMEM.
 */
int handle_dup(u64 fd, u64 min, bool cloexec);
/* Handle `to` names what `fd` does; what it named is closed. `to`; -EBADF, -EINVAL, -ENOMEM. */
int handle_dup_to(u64 fd, u64 to, bool cloexec);
/* Whether it is closed by exec: 0, 1, -EBADF. */
int handle_get_cloexec(u64 fd);
int handle_set_cloexec(u64 fd, bool cloexec);

/* Open handles of the running task. */
unsigned int handle_count(void);

#endif
