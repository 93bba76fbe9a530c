/* Interrupt lines behind handles: see irq.h. */
#include "kernel/machine/irq.h"

#include "arch/trap.h"
#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/racepoint.h"
#include "mm/slab.h"

/* Lock order: attach_mutex, lock, port->lock. */
static struct irq_line {
	struct spinlock lock;      /* irq-safe */
	struct irq_handle *handle; /* lock: whose it is */
} lines[IRQ_LINES] = {[0 ... IRQ_LINES - 1] = {.lock = SPINLOCK_INIT(irq_line)}};

/* Who attaches and detaches, one at a time. */
static struct mutex attach_mutex = MUTEX_INIT(attach_mutex, irq_attach);
static LIST_HEAD(attached); /* attach_mutex; also asked whether it is empty without */

static struct kmem_cache *handle_cache;

void irq_handles_init(void)
{
	handle_cache = kmem_cache_create("irq_handle", sizeof(struct irq_handle), 0, SLAB_PANIC);
}

struct irq_handle *irq_handle_create(const struct irq_input *input)
{
	struct irq_handle *h = kmem_cache_alloc(handle_cache, GFP_ZERO);

	ASSERT(input->line < IRQ_LINES);
	if (!h)
		return NULL;
	object_init(&h->object, OBJECT_IRQ);
	h->input = *input;
	h->pulse.code = IPC_PULSE_INTERRUPT;
	list_init(&h->node);
	return h;
}

/* --- interrupts; the line's lock is held --- */

static void tell(struct irq_handle *h)
{
	h->state = IRQ_TOLD;
	(void)pulse_post(h->port, &h->pulse, 1);
}

static void interrupted(struct irq_handle *h)
{
	switch (h->state) {
	case IRQ_IDLE:
		if (h->input.level)
			irq_mask(h->input.line);
		tell(h);
		break;
	case IRQ_TOLD:
		irq_mask(h->input.line);
		if (!MUTANT(irq_forgets_second))
			h->state = IRQ_AGAIN;
		break;
	case IRQ_AGAIN:
		break;
	}
}

static void acknowledged(struct irq_handle *h)
{
	switch (h->state) {
	case IRQ_IDLE:
		break;
	case IRQ_TOLD:
		h->state = IRQ_IDLE;
		if (h->input.level)
			irq_unmask(h->input.line);
		break;
	case IRQ_AGAIN:
		/* First that the line is open: from here on edges interrupt. See irq.h. */
		if (!h->input.level)
			irq_unmask(h->input.line);
		tell(h);
		break;
	}
}

void irq_line_interrupt(u32 line)
{
	struct irq_line *l = &lines[line];

	spin_lock(&l->lock);
	if (likely(l->handle))
		interrupted(l->handle);
	/* Else it was on its way when its line was masked. */
	spin_unlock(&l->lock);
}

int irq_handle_ack(struct irq_handle *h)
{
	struct irq_line *l = &lines[h->input.line];
	unsigned long flags;
	bool mine;

	RACE_POINT(irq_acking);
	flags = spin_lock_irqsave(&l->lock);
	mine = l->handle == h;
	if (mine)
		acknowledged(h);
	spin_unlock_irqrestore(&l->lock, flags);
	return mine ? 0 : -EINVAL;
}

/* --- attaching; attach_mutex is held --- */

static void detach(struct irq_handle *h)
{
	struct irq_line *l = &lines[h->input.line];
	struct port *port = h->port;
	unsigned long flags = spin_lock_irqsave(&l->lock);

	/* From here on no interrupt finds the handle, so nobody posts its pulse. */
	if (!MUTANT(irq_detach_findable))
		l->handle = NULL;
	irq_mask(h->input.line);
	spin_unlock_irqrestore(&l->lock, flags);
	RACE_POINT(irq_detaching);
	if (!MUTANT(irq_detach_keeps_pulse))
		pulse_cancel(port, &h->pulse);
	if (MUTANT(irq_detach_findable))
		l->handle = NULL;
	h->port = NULL;
	h->pulse.value = 0;
	list_del_init(&h->node);
	object_put(&port->object);
}

static int attach(struct irq_handle *h, struct port *port, u64 cookie)
{
	struct irq_line *l = &lines[h->input.line];
	unsigned long flags;

	if (h->port)
		detach(h);
	/* Only who holds attach_mutex writes it. */
	if (READ_ONCE(l->handle))
		return -EBUSY;
	object_get(&port->object);
	list_add(&h->node, &attached);
	flags = spin_lock_irqsave(&l->lock);
	h->port = port;
	h->pulse.cookie = cookie;
	h->state = IRQ_IDLE;
	l->handle = h;
	irq_route(&h->input);
	spin_unlock_irqrestore(&l->lock, flags);
	return 0;
}

static bool port_is_closed(struct port *port)
{
	unsigned long flags = port_lock(port);
	bool closed = port->closed;

	port_unlock(port, flags);
	return closed;
}

int irq_handle_attach(struct irq_handle *h, struct port *port, u64 cookie)
{
	int ret;

	mutex_lock(&attach_mutex);
	ret = attach(h, port, cookie);
	mutex_unlock(&attach_mutex);
	RACE_POINT(irq_attached);
	/*
	 * Against port_close(): we are on the list, then look whether it is closed; it is closed, then they look at
	 * the list. Both under port->lock in between, so that one of us finds the other.
	 */
	if (!ret && unlikely(port_is_closed(port)) && !MUTANT(irq_attach_to_closed)) {
		irq_port_closed(port);
		ret = -EBADF;
	}
	return ret;
}

void irq_port_closed(struct port *port)
{
	struct irq_handle *h, *next;

	/* A port that somebody attaches to right now: he finds it closed. */
	if (likely(list_empty(&attached)))
		return;
	mutex_lock(&attach_mutex);
	list_for_each_entry_safe (h, next, &attached, node)
		if (h->port == port)
			detach(h);
	mutex_unlock(&attach_mutex);
}

void irq_handle_free(struct irq_handle *h)
{
	mutex_lock(&attach_mutex);
	if (h->port)
		detach(h);
	mutex_unlock(&attach_mutex);
	kmem_cache_free(handle_cache, h);
}
