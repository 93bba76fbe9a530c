/*
 * Tracing, turned on: see kernel/base/trace.h for what an event is.
 *
 *	trace=1			every class of events but system calls
 *	trace=pgsync,sched	these classes; `all` is all of them
 *	trace_events=N		entries of each CPU's ring, a power of two (4096); 32 bytes each
 *
 * The rings are memory like any other. tools/qemu.py gives the machine memory that is a file (`--memory-file`), and
 * tools/trace reads the rings out of it when QEMU has ended: nothing has to be written out, and a machine that ends
 * in a triple fault, or never, leaves its last events like any other.
 */
#ifndef KERNEL_TRACE_H
#define KERNEL_TRACE_H

/*
 * The boot CPU's ring, and what the command line asks for is turned on. After memblock_init(), before
 * arch_init_memory().
 */
void trace_init(void);

/* The other CPUs' rings. After arch_init_memory(), while there is early_alloc(). */
void trace_init_cpus(void);

#endif
