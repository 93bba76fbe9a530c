/* The explorer's twin of a thread's processor state: none, actors have their own stacks. */
#ifndef ARCH_THREAD_H
#define ARCH_THREAD_H

struct thread {
	unsigned long stack_top;
};

#endif
