/* The processor's input and output instructions: see portio.h. */
#include "user/console/portio.h"

uint8_t port_in(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

void port_out(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

/* One instruction for many bytes: under emulation each costs more than the byte itself. */
void port_out_bytes(uint16_t port, const uint8_t *bytes, size_t n)
{
	__asm__ volatile("rep outsb" : "+S"(bytes), "+c"(n) : "d"(port) : "memory");
}
