/*
 * Which sanitizer this kernel is built with (`make SAN=address`, `make SAN=undefined`;
 * docs/sanitizers.md): constants 1 or 0, for conditions in C as DEBUG_KERNEL (debug.h), which is 1 in
 * both of these builds.
 */
#ifndef KERNEL_BASE_SAN_H
#define KERNEL_BASE_SAN_H

#ifndef SAN_ADDRESS
#define SAN_ADDRESS 0
#endif

#ifndef SAN_UNDEFINED
#define SAN_UNDEFINED 0
#endif

/* As it is given to make, with a blank before it; empty for none. */
#define SAN_OPTION (SAN_ADDRESS ? " SAN=address" : SAN_UNDEFINED ? " SAN=undefined" : "")

#endif
