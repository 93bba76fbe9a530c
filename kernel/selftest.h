/* Deliberate crashes, for the tests of what is printed then. */
#ifndef KERNEL_SELFTEST_H
#define KERNEL_SELFTEST_H

#include "kernel/base/types.h"

/*
 * `selftest=panic|nullderef|stackoverflow|wxtext|nmi|missingslot`: does that; without the option
 * returns. An unknown name panics with the known ones.
 */
void selftest_run(void);

/*
 * Plants the fault of that name, which the sanitizer of this build must find; false: there is none.
 * Returns true when it was not found. Only in sanitizer builds (SAN_ADDRESS, SAN_UNDEFINED).
 */
bool selftest_sanitizer(const char *name);

#endif
