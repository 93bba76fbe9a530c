/* host-test: user/console/uart.c */
/*
 * The 16550 driver against a model of the chip: what it writes where, that it fills the FIFO only when that is
 * empty, and that the interrupt line goes down once everything has been seen to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "user/console/portio.h"
#include "user/console/uart.h"

/* PC16550D data sheet, as far as the driver may rely on it. */
static struct chip {
	uint8_t ier, fcr, mcr;
	uint8_t received[64], sent[256];
	unsigned int nr_received, taken, nr_sent, in_fifo;
	bool break_next, absent;
	bool empty_seen; /* the transmitter's interrupt was acknowledged by a read of IIR, or by a write */
} chip;

static uint8_t line_status(void)
{
	uint8_t status = chip.in_fifo == 0 ? 0x60 : 0;

	if (chip.taken < chip.nr_received)
		status |= 0x01;
	if (chip.break_next)
		status |= 0x10;
	chip.break_next = false;
	return status;
}

static bool transmit_cause(void)
{
	return chip.ier & 2 && chip.in_fifo == 0 && !chip.empty_seen;
}

static uint8_t interrupt_identification(void)
{
	if (chip.ier & 1 && chip.taken < chip.nr_received)
		return 0xc4;
	if (!transmit_cause())
		return 0xc1;
	chip.empty_seen = true;
	return 0xc2;
}

uint8_t port_in(uint16_t port)
{
	if (chip.absent)
		return 0xff;
	switch (port) {
	case UART_COM1:
		assert_true(chip.taken < chip.nr_received);
		return chip.received[chip.taken++];
	case UART_COM1 + 2:
		return interrupt_identification();
	case UART_COM1 + 5:
		return line_status();
	default:
		fail_msg("read of port %#x", port);
	}
	return 0;
}

void port_out(uint16_t port, uint8_t value)
{
	assert_false(chip.absent);
	switch (port) {
	case UART_COM1 + 1:
		/* Enabled while it is empty: the interrupt comes. */
		if (value & ~chip.ier & 2)
			chip.empty_seen = false;
		chip.ier = value;
		break;
	case UART_COM1 + 2:
		chip.fcr = value;
		break;
	case UART_COM1 + 4:
		chip.mcr = value;
		break;
	default:
		fail_msg("write to port %#x", port);
	}
}

void port_out_bytes(uint16_t port, const uint8_t *bytes, size_t n)
{
	assert_int_equal(port, UART_COM1);
	assert_true(chip.in_fifo + n <= 16);
	memcpy(chip.sent + chip.nr_sent, bytes, n);
	chip.nr_sent += n;
	chip.in_fifo += n;
	chip.empty_seen = false;
}

static struct uart uart;

static int setup(void **state)
{
	memset(&chip, 0, sizeof(chip));
	uart_init(&uart, UART_COM1);
	return 0;
}

static void receive(const char *text)
{
	memcpy(chip.received + chip.nr_received, text, strlen(text));
	chip.nr_received += strlen(text);
}

static void starts_quietly(void **state)
{
	assert_true(uart.present);
	assert_int_equal(chip.ier, 0);
	assert_int_equal(chip.mcr, 0x0b);
	/* FIFOs on; those that are on already are not cleared. */
	assert_int_equal(chip.fcr, 0x01);
}

static void bytes_come_until_there_are_none(void **state)
{
	uart_enable(&uart, true, false);
	assert_false(uart_interrupting(&uart));
	receive("ab");
	assert_true(uart_interrupting(&uart));
	assert_int_equal(uart_get(&uart), 'a');
	assert_true(uart_interrupting(&uart));
	assert_int_equal(uart_get(&uart), 'b');
	assert_int_equal(uart_get(&uart), UART_NONE);
	assert_false(uart_interrupting(&uart));
	receive("x");
	chip.break_next = true;
	assert_int_equal(uart_get(&uart), UART_BREAK);
}

/* What is not taken must not hold the line up: no edge would come any more. */
static void what_is_not_wanted_does_not_interrupt(void **state)
{
	uart_enable(&uart, true, false);
	receive("a");
	uart_enable(&uart, false, false);
	assert_false(uart_interrupting(&uart));
	uart_enable(&uart, true, false);
	assert_true(uart_interrupting(&uart));
}

static void a_fifo_full_at_a_time(void **state)
{
	assert_int_equal(uart_room(&uart), 16);
	uart_put(&uart, (const uint8_t *)"0123456789abcdef", 16);
	uart_enable(&uart, true, true);
	assert_int_equal(uart_room(&uart), 0);
	assert_false(uart_interrupting(&uart));
	chip.in_fifo = 1;
	assert_int_equal(uart_room(&uart), 0);
	chip.in_fifo = 0;
	assert_true(uart_interrupting(&uart));
	/* Seen: the line is down, and there is room. */
	assert_false(uart_interrupting(&uart));
	assert_int_equal(uart_room(&uart), 16);
	assert_memory_equal(chip.sent, "0123456789abcdef", 16);
}

/* The kernel writes between the interrupt and whoever looks why it came. */
static void foreign_writes_lose_nothing(void **state)
{
	uart_enable(&uart, true, true);
	chip.in_fifo = 16;
	chip.empty_seen = false;
	assert_false(uart_interrupting(&uart));
	assert_int_equal(uart_room(&uart), 0);
	chip.in_fifo = 0;
	assert_true(uart_interrupting(&uart));
	assert_int_equal(uart_room(&uart), 16);
}

static void an_empty_bus_is_no_port(void **state)
{
	chip.absent = true;
	uart_init(&uart, UART_COM1);
	assert_false(uart.present);
	assert_int_equal(uart_get(&uart), UART_NONE);
	assert_int_equal(uart_room(&uart), 0);
	uart_enable(&uart, true, true);
	assert_false(uart_interrupting(&uart));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(starts_quietly, setup),
		cmocka_unit_test_setup(bytes_come_until_there_are_none, setup),
		cmocka_unit_test_setup(what_is_not_wanted_does_not_interrupt, setup),
		cmocka_unit_test_setup(a_fifo_full_at_a_time, setup),
		cmocka_unit_test_setup(foreign_writes_lose_nothing, setup),
		cmocka_unit_test_setup(an_empty_bus_is_no_port, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
