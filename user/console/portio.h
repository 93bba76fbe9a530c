/*
 * The processor's input and output instructions, as functions, so that a test can be the device. The process has
 * enabled these ports, or dies of it (SIGSEGV).
 */
#ifndef USER_CONSOLE_PORTIO_H
#define USER_CONSOLE_PORTIO_H

#include <stddef.h>
#include <stdint.h>

uint8_t port_in(uint16_t port);
void port_out(uint16_t port, uint8_t value);
/* All to the same port. */
void port_out_bytes(uint16_t port, const uint8_t *bytes, size_t n);

#endif
