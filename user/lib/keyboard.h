/*
 * For tests and figures of interrupts: the keyboard controller (8042) as a device that interrupts when it is told to.
 * Its command 0xd2 puts a byte into its output buffer as if a key had been pressed; ISA interrupt 1 stays up until the
 * byte is read.
 */
#ifndef USER_LIB_KEYBOARD_H
#define USER_LIB_KEYBOARD_H

#include "user/lib/machine.h"

#define KEYBOARD_IRQ     1
#define KEYBOARD_DATA    0x60
#define KEYBOARD_COMMAND 0x64 /* read: status */

#define KEYBOARD_SEND 0xd2 /* command: the next byte is to be sent */
#define KEYBOARD_MODE 0x60 /* command: the next byte is the mode */

#define KEYBOARD_FULL  1    /* status: a byte waits to be read */
#define KEYBOARD_BUSY  2    /* status: it has not taken the last byte yet */
#define KEYBOARD_TELL  1    /* mode: a byte interrupts */
#define KEYBOARD_TRANS 0x40 /* mode: scan codes of the first set, as firmware leaves it */

static inline void keyboard_write(uint16_t port, uint8_t value)
{
	while (port_read(KEYBOARD_COMMAND) & KEYBOARD_BUSY)
		__builtin_ia32_pause();
	port_write(port, value);
}

/* It is to send `value`. */
static inline void keyboard_send(uint8_t value)
{
	keyboard_write(KEYBOARD_COMMAND, KEYBOARD_SEND);
	keyboard_write(KEYBOARD_DATA, value);
}

static inline uint8_t keyboard_read(void)
{
	while (!(port_read(KEYBOARD_COMMAND) & KEYBOARD_FULL))
		__builtin_ia32_pause();
	return port_read(KEYBOARD_DATA);
}

/* The process may use its two ports; it is empty, and a byte interrupts. 0 or -errno. */
static inline long keyboard_start(int machine)
{
	long ret = ioports_enable((int)machine_ioports(machine, KEYBOARD_DATA, 1, 0));

	if (!ret)
		ret = ioports_enable((int)machine_ioports(machine, KEYBOARD_COMMAND, 1, 0));
	if (ret)
		return ret;
	while (port_read(KEYBOARD_COMMAND) & KEYBOARD_FULL)
		(void)port_read(KEYBOARD_DATA);
	keyboard_write(KEYBOARD_COMMAND, KEYBOARD_MODE);
	keyboard_write(KEYBOARD_DATA, KEYBOARD_TRANS | KEYBOARD_TELL);
	return 0;
}

#endif
