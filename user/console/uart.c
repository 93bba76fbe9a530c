/* A 16550: see uart.h. */
#include "user/console/uart.h"

#include "user/console/portio.h"

/* Registers, from the base. */
#define RBR 0 /* read: what has come; write: what is to go */
#define IER 1
#define IIR 2 /* read; write: FCR */
#define FCR 2
#define MCR 4
#define LSR 5

#define IER_RECEIVE  0x01
#define IER_TRANSMIT 0x02
#define IIR_NONE     0x01
#define FCR_FIFOS    0x01 /* on, and an interrupt with the first byte that comes */
#define MCR_READY    0x0b /* DTR, RTS, and OUT2, which lets a PC's port interrupt */
#define LSR_DATA     0x01
#define LSR_BREAK    0x10
#define LSR_EMPTY    0x20 /* the transmit FIFO */

void uart_init(struct uart *u, uint16_t base)
{
	u->base = base;
	/* An empty bus floats high: no register of a real port reads as all ones. */
	u->present = port_in(base + LSR) != 0xff;
	u->enabled = 0;
	if (!u->present)
		return;
	port_out(base + IER, 0);
	port_out(base + FCR, FCR_FIFOS);
	port_out(base + MCR, MCR_READY);
}

int uart_get(struct uart *u)
{
	uint8_t status = u->present ? port_in(u->base + LSR) : 0, byte;

	if (!(status & LSR_DATA))
		return UART_NONE;
	byte = port_in(u->base + RBR);
	return status & LSR_BREAK ? UART_BREAK : byte;
}

size_t uart_room(struct uart *u)
{
	return u->present && port_in(u->base + LSR) & LSR_EMPTY ? UART_FIFO : 0;
}

void uart_put(struct uart *u, const uint8_t *bytes, size_t n)
{
	port_out_bytes(u->base + RBR, bytes, n);
}

void uart_enable(struct uart *u, bool receive, bool transmit)
{
	uint8_t wanted = (receive ? IER_RECEIVE : 0) | (transmit ? IER_TRANSMIT : 0);

	if (!u->present || wanted == u->enabled)
		return;
	u->enabled = wanted;
	port_out(u->base + IER, wanted);
}

bool uart_interrupting(struct uart *u)
{
	return u->present && !(port_in(u->base + IIR) & IIR_NONE);
}
