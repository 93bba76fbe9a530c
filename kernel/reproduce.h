/*
 * The one line that runs again what has just failed: this build, these CPUs, this command line. Of
 * an in-kernel test it is a `make ktest` of that test alone. Under icount it gives the same
 * schedule.
 */
#ifndef KERNEL_REPRODUCE_H
#define KERNEL_REPRODUCE_H

/* Boot: every panic ends with the line. */
void reproduce_init(void);

/* Prints "# reproduce: ..."; takes no lock. */
void reproduce_print(void);

#endif
