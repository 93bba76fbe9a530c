/*
 * What makes a test's result the test's own: a word that only the grader knows.
 *
 * `nonce=WORD` on the command line is read once, before anything else, and taken off it: nobody finds
 * it there, nor does any log or user program. Results of in-kernel tests and the last line before the machine ends
 * carry it. Whoever prints "ok" without it has printed something.
 */
#ifndef KERNEL_VERDICT_H
#define KERNEL_VERDICT_H

#include "kernel/base/types.h"

/* First of all in kmain(). */
void verdict_init(void);

/* The word, or NULL when there is none. */
const char *verdict_nonce(void);

/* Prints how the machine ends, if there is a word. */
void verdict_print(bool success);

#endif
