/*
 * A 16550: the serial port of a PC, with its FIFOs, by interrupt. Source: the PC16550D data sheet.
 *
 * The speed and the format of characters stay what the kernel has set (115200, 8N1). The kernel's log writes to the
 * same port by polling, at any time, on another CPU too; it reads nothing but the line status. That means for
 *
 *	bytes		a log line may stand within a program's line. If both find the FIFO empty at the same
 *			moment and fill it, real hardware loses the bytes beyond 16: of output, at most.
 *	interrupts	its writes make the transmitter's interrupt go away and come again. One that is raised
 *			while the line is masked at the interrupt controller may be lost, since it is an edge.
 *			So nothing here trusts an interrupt to say anything: each one, and a timer while output
 *			waits, looks at the line status; and after the line is unmasked it is looked at once
 *			more (line.c).
 */
#ifndef USER_CONSOLE_UART_H
#define USER_CONSOLE_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UART_COM1 0x3f8
#define UART_FIFO 16

struct uart {
	uint16_t base;
	bool present;
	uint8_t enabled; /* the interrupt enable register */
};

enum uart_event {
	UART_NONE = -1,
	UART_BREAK = -2,
};

/* No interrupts yet. What is in the FIFOs stays there. */
void uart_init(struct uart *u, uint16_t base);
/* The next byte that has come, or enum uart_event. */
int uart_get(struct uart *u);
/* How many bytes uart_put() may be given now: UART_FIFO or 0. */
size_t uart_room(struct uart *u);
void uart_put(struct uart *u, const uint8_t *bytes, size_t n);
/* Which interrupts are wanted. One whose cause is there already comes at once. */
void uart_enable(struct uart *u, bool receive, bool transmit);
/* Whether an interrupt that is enabled has a cause. Forgets that the transmitter is empty. */
bool uart_interrupting(struct uart *u);

#endif
