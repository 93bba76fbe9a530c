/* Process 1 on Linux. */
#ifndef USER_CONFORMANCE_LINUX_INIT_H
#define USER_CONFORMANCE_LINUX_INIT_H

/*
 * Returns at once in any process but 1, and in the child that is to run the cases. Process 1 itself ends
 * the machine when that child has ended, with success if it exited with 0.
 */
void linux_init(void);

#endif
