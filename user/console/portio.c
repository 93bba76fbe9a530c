/* The processor's input and output instructions: see portio.h. */
#include "user/console/portio.h"

#include "user/lib/machine.h"

uint8_t port_in(uint16_t port)
{
	return port_read(port);
}

void port_out(uint16_t port, uint8_t value)
{
	port_write(port, value);
}

/* One instruction for many bytes: under emulation each costs more than the byte itself. */
void port_out_bytes(uint16_t port, const uint8_t *bytes, size_t n)
{
	__asm__ volatile("rep outsb" : "+S"(bytes), "+c"(n) : "d"(port) : "memory");
}
