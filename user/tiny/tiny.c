/*
 * The smallest honest process: writes both of its data pages and exits with 0. What user/bench
 * executes.
 *
 * No library, so that its resident pages are known: 1 of text, 2 of data, 1 of stack.
 */
#include "user/lib/rawsys.h"

static volatile char filled[4096] __attribute__((aligned(4096))) = {1};
static volatile char zeroed[4096] __attribute__((aligned(4096)));

/* Naked: the kernel enters with RSP at argc and no return address. */
__attribute__((naked, noreturn, used, section(".text.start"))) void _start(void)
{
	__asm__("call tiny_main");
}

__attribute__((noreturn, used)) void tiny_main(void)
{
	filled[0] = 2;
	zeroed[0] = 1;
	raw_exit(0);
}
