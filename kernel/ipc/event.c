/* Timers and watches: see event.h. */
#include "kernel/ipc/event.h"

#include "arch/timer.h"
#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/ipc/borrow.h"
#include "kernel/syscalls.h"
#include "mm/slab.h"

static struct kmem_cache *timer_cache, *watch_cache;

void event_init(void)
{
	timer_cache = kmem_cache_create("timer_handle", sizeof(struct timer_handle), 0, SLAB_PANIC);
	watch_cache = kmem_cache_create("watch", sizeof(struct watch), 0, SLAB_PANIC);
}

/* --- timers --- */

static void timer_fires(struct ktimer *timer)
{
	struct timer_handle *t = container_of(timer, struct timer_handle, timer);

	(void)pulse_post(t->port, &t->pulse, 1);
}

static struct timer_handle *timer_create(struct port *port, u64 cookie)
{
	struct timer_handle *t = kmem_cache_alloc(timer_cache, GFP_ZERO);

	if (!t)
		return NULL;
	object_init(&t->object, OBJECT_TIMER);
	spin_lock_set_class(&t->lock, LOCK_timer_handle);
	object_get(&port->object);
	t->port = port;
	t->pulse.cookie = cookie;
	t->pulse.code = IPC_PULSE_TIMER;
	return t;
}

void timer_handle_free(struct timer_handle *t)
{
	ktimer_cancel(&t->timer);
	pulse_cancel(t->port, &t->pulse);
	object_put(&t->port->object);
	kmem_cache_free(timer_cache, t);
}

SYSCALL(ipc_timer)
{
	struct timer_handle *t;
	struct port *port;
	bool counted;

	UNUSED_ARGS(a3, a4, a5);
	if (a2 & ~(u64)IPC_CLOEXEC)
		return -EINVAL;
	port = port_borrow(a0, &counted);
	if (!port)
		return -EBADF;
	t = timer_create(port, a1);
	handle_return(&port->object, counted);
	return t ? handle_install_new(&t->object, a2) : -ENOMEM;
}

/* What it was set to before, and has fired meanwhile, is still received: a pulse is an event that was. */
static void timer_set(struct timer_handle *t, u64 ns)
{
	u64 deadline = time_ns() + ns;

	spin_lock(&t->lock);
	ktimer_cancel(&t->timer);
	if (ns)
		ktimer_start(&t->timer, deadline < ns ? UINT64_MAX : deadline, timer_fires);
	spin_unlock(&t->lock);
}

SYSCALL(ipc_timer_set)
{
	struct object *o;
	bool counted;

	UNUSED_ARGS(a2, a3, a4, a5);
	o = handle_borrow(a0, OBJECT_TIMER, &counted);
	if (!o)
		return -EBADF;
	timer_set(container_of(o, struct timer_handle, object), a1);
	handle_return(o, counted);
	return 0;
}

/* --- watches --- */

static struct watch *watch_create(struct port *watched, struct port *port, u64 cookie)
{
	struct watch *w = kmem_cache_alloc(watch_cache, GFP_ZERO);

	if (!w)
		return NULL;
	object_init(&w->object, OBJECT_WATCH);
	object_get(&port->object);
	object_get(&watched->object);
	w->port = port;
	w->watched = watched;
	w->pulse.cookie = cookie;
	w->pulse.code = IPC_PULSE_DIED;
	list_init(&w->node);
	return w;
}

void watch_free(struct watch *w)
{
	unsigned long flags = port_lock(w->watched);

	list_del(&w->node);
	port_unlock(w->watched, flags);
	pulse_cancel(w->port, &w->pulse);
	object_put(&w->port->object);
	object_put(&w->watched->object);
	kmem_cache_free(watch_cache, w);
}

/* From now on. A port that is closed already is told of at once. */
static void watch_begin(struct watch *w)
{
	unsigned long flags = port_lock(w->watched);
	bool closed = w->watched->closed;

	if (!closed)
		list_add_tail(&w->node, &w->watched->watches);
	port_unlock(w->watched, flags);
	if (closed)
		(void)pulse_post(w->port, &w->pulse, 1);
}

/*
 * The first watch of a closed port, off its list, with a reference that keeps it while it fires; or NULL. One
 * whose last reference is gone is on its way out, and wants nothing to be told.
 */
static struct watch *take_watch(struct port *port)
{
	unsigned long flags = port_lock(port);
	struct watch *w = NULL;

	while (!w && !list_empty(&port->watches)) {
		w = list_first_entry(&port->watches, struct watch, node);
		list_del_init(&w->node);
		if (!object_tryget(&w->object))
			w = NULL;
	}
	port_unlock(port, flags);
	return w;
}

void watches_fire(struct port *port)
{
	struct watch *w;

	/* One at a time: its own port's lock is not taken inside of this one's. */
	while ((w = take_watch(port)) != NULL) {
		(void)pulse_post(w->port, &w->pulse, 1);
		object_put(&w->object);
	}
}

SYSCALL(ipc_watch)
{
	bool counted, port_counted;
	struct connection *c;
	struct port *port;
	struct watch *w;

	UNUSED_ARGS(a4, a5);
	if (a3 & ~(u64)IPC_CLOEXEC)
		return -EINVAL;
	c = connection_borrow(a0, &counted);
	if (!c)
		return -EBADF;
	port = port_borrow(a1, &port_counted);
	w = port ? watch_create(c->port, port, a2) : NULL;
	handle_return(&c->object, counted);
	if (!port)
		return -EBADF;
	handle_return(&port->object, port_counted);
	if (!w)
		return -ENOMEM;
	watch_begin(w);
	return handle_install_new(&w->object, a3);
}
