/*
 * The first serial port (16550 at 0x3f8), polled: see arch/console.h.
 *
 * It never sleeps, takes no lock and owns no interrupt. The line status register is read once per
 * FIFO fill, not once per byte: under emulation each port access costs more than the byte itself.
 */
#include "arch/console.h"

#include "arch/cpu.h"
#include "arch/x86/io.h"

#define UART_BASE 0x3f8
#define UART_THR  (UART_BASE + 0) /* transmit holding; divisor low while LCR_DLAB */
#define UART_IER  (UART_BASE + 1) /* divisor high while LCR_DLAB */
#define UART_FCR  (UART_BASE + 2)
#define UART_LCR  (UART_BASE + 3)
#define UART_MCR  (UART_BASE + 4)
#define UART_LSR  (UART_BASE + 5)

#define LCR_8N1        0x03
#define LCR_DLAB       0x80
#define FCR_ENABLE     0x07 /* FIFOs on, both cleared */
#define MCR_DTR_RTS    0x03
#define LSR_THRE       0x20 /* the transmit FIFO is empty */
#define DIVISOR_115200 1

#define FIFO_SIZE 16

/* Polls until the port is given up: 16 bytes at 115200 baud take 1.4 ms, a poll at most 1 us or so.
 */
#define THRE_POLLS 100000

static bool uart_absent;

void early_console_init(void)
{
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_DLAB);
	outb(UART_THR, DIVISOR_115200);
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_8N1);
	outb(UART_FCR, FCR_ENABLE);
	outb(UART_MCR, MCR_DTR_RTS);
	/* An empty bus floats high: no register of a real port reads as all ones. */
	uart_absent = inb(UART_LSR) == 0xff;
}

/* True when 16 bytes fit. A port that stays busy (flow control, broken) is given up for good. */
static bool uart_wait_empty(void)
{
	for (unsigned int i = 0; i < THRE_POLLS; i++) {
		if (inb(UART_LSR) & LSR_THRE)
			return true;
		cpu_relax();
	}
	uart_absent = true;
	return false;
}

void early_console_write(const char *buf, size_t n)
{
	const char *end = buf + n;
	bool in_newline = false; /* '\r' has gone out, its '\n' has not */

	while (buf < end && !uart_absent && uart_wait_empty()) {
		size_t room = FIFO_SIZE;

		while (room && buf < end) {
			size_t run = 0;

			if (*buf == '\n' && !in_newline) {
				outb(UART_THR, '\r');
				room--;
				in_newline = true;
				continue;
			}
			/* Up to the next newline; one that has had its '\r' leads the run. */
			do
				run++;
			while (run < room && buf + run < end && buf[run] != '\n');
			buf = outsb(UART_THR, buf, run);
			room -= run;
			in_newline = false;
		}
	}
}
