/* The explorer's twin of calls to other CPUs: they are answered where the program says (world.h). */
#ifndef ARCH_CALL_H
#define ARCH_CALL_H

unsigned int cpu_call_mask(const unsigned long *mask, void (*fn)(void *), void *arg);

#endif
