/* For tests of CPUs that come online late. */
#ifndef KERNEL_TESTS_ONLINE_H
#define KERNEL_TESTS_ONLINE_H

/* A CPU that is not online yet; 0, and the test is skipped, when there is none. */
unsigned int spare_cpu(void);

#endif
