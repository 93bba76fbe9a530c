/*
 * The machine handle: the root of all rights to the machine's parts. kernel/abi/machine.h has the calls,
 * docs/devices.md the model.
 *
 * There is one object, for ever; whoever has a handle of it may make handles of parts. It says nothing
 * about who that is: process 1 gets the first one, and gives it to nobody or to whom it likes.
 */
#ifndef KERNEL_MACHINE_MACHINE_H
#define KERNEL_MACHINE_MACHINE_H

#include "kernel/base/types.h"

/* For process 1, when its first program has been loaded: its handle becomes descriptor MACHINE_HANDLE. */
void machine_handle_give(void);

/* Whether `fd` of the running task names the machine. */
bool machine_is(u64 fd);

#endif
