/* For the tests of what the machine handle gives: they run when `init machine /bin/abitest ...` was booted. */
#ifndef USER_TESTS_MACHINE_H
#define USER_TESTS_MACHINE_H

#include "user/lib/machine.h"
#include "user/tests/ipc.h"

/* The machine handle; skips the test where it was not passed on. */
int need_machine(void);

#endif
