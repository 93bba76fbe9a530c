/* Deliberate crashes, for the tests of what is printed then. */
#ifndef KERNEL_SELFTEST_H
#define KERNEL_SELFTEST_H

/*
 * `selftest=panic|nullderef|stackoverflow|wxtext|nmi|missingslot`: does that; without the option
 * returns. An unknown name panics with the known ones.
 */
void selftest_run(void);

#endif
