/*
 * A machine for the host tests of mm: an arena that plays physical memory from address 0, a page
 * array that can be touched only where it has been mapped, and panics that a test can expect by
 * their text.
 *
 *	mm_host_create()	the arena; then fill a boot_info and mm_host_boot() it
 *	EXPECT_PANIC()		the statement must panic with a text that contains `text`
 *
 * One machine per program: the allocators' state is static.
 */
#ifndef TOOLS_HOST_MM_HOST_H
#define TOOLS_HOST_MM_HOST_H

#include "boot/bootinfo.h"
#include "kernel/base/types.h"

/* Reserves addresses for `bytes` of physical memory and its page array; nothing is touched. */
void mm_host_create(u64 bytes);

/* memblock_init() and mm_floor_init(). */
void mm_host_boot(const struct boot_info *info);

void mm_host_add_range(struct boot_info *info, phys_addr_t start, u64 size,
		       enum boot_mem_type type);

/* Repeatable pseudo-random numbers (xorshift64*); mm_host_below(n) is in [0, n). */
u64 mm_host_random(void);
u32 mm_host_below(u32 n);

/* The vmemmap bytes that arch_map_early() was asked for. */
extern u64 mm_host_array_bytes;

/* tools/host/stubs.c */
extern char host_panic_message[512];

/* After a panic in `statement`: fails the test unless the message contains `text`. */
void mm_host_check_panic(const char *text, const char *file, int line);

/* Locks that the statement held stay held. Include <cmocka.h> before this. */
#define EXPECT_PANIC(text, statement)                                                              \
	do {                                                                                       \
		expect_assert_failure(statement);                                                  \
		mm_host_check_panic(text, __FILE__, __LINE__);                                     \
	} while (0)

#endif
