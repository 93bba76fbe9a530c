/*
 * The serial line: between the port and the line discipline. See console.h, and uart.h for what the kernel does to
 * the port.
 *
 * No interrupt is lost: line_service() sees to everything that there is, leaves enabled only what can happen later,
 * and goes on until the port asserts nothing, so that the next cause makes an edge. And while output waits for the
 * transmitter, whose interrupt the kernel's writes can take away, a timer looks too. Without interrupts there is only
 * the timer.
 */
#include "user/console/console.h"
#include "user/lib/machine.h"

/* A FIFO takes 1.4 ms at 115200 baud: a while after an interrupt should have come. */
#define CHECK_NS 20000000
/* A port that interrupts for ever is not listened to for ever. */
#define ROUNDS_MAX 4096

static void receive(struct console *c)
{
	int event = UART_NONE;

	while (tty_room(c->tty) && (event = uart_get(&c->uart)) != UART_NONE) {
		if (event == UART_BREAK)
			tty_break(c->tty);
		else
			tty_receive(c->tty, (uint8_t)event);
		waiters_restart_timer(c);
	}
}

static void transmit(struct console *c)
{
	uint8_t bytes[UART_FIFO];
	size_t n;

	while (tty_wants_line(c->tty) && (!c->uart.present || uart_room(&c->uart))) {
		n = tty_transmit(c->tty, bytes, sizeof(bytes));
		if (c->uart.present)
			uart_put(&c->uart, bytes, n);
		if (c->display.memory)
			screen_write(&c->screen, bytes, n);
	}
}

/* An interrupt says when there is more to do, or else time. */
static void watch(struct console *c)
{
	bool waits = c->uart.present && (c->irq < 0 || tty_wants_line(c->tty));

	if (waits && !c->line_timer_set)
		(void)ipc_timer_set(c->line_timer, CHECK_NS);
	c->line_timer_set = waits;
}

void line_service(struct console *c)
{
	unsigned int rounds = 0;

	do {
		receive(c);
		transmit(c);
		uart_enable(&c->uart, tty_room(c->tty), tty_wants_line(c->tty));
	} while (uart_interrupting(&c->uart) && ++rounds < ROUNDS_MAX);
	watch(c);
}

void line_timer(struct console *c)
{
	c->line_timer_set = false;
	line_service(c);
}

void line_interrupt(struct console *c)
{
	line_service(c);
	(void)irq_ack(c->irq);
}
