/*
 * Memory ordering between CPUs.
 *
 * x86 is total store order: the one reordering that another CPU can see is a store that is still in
 * the store buffer while a later load of the same CPU has already been done. Only a full barrier
 * (or any LOCKed instruction) forbids it; a write or read barrier needs the compiler alone.
 *
 * Each use names its partner: the barrier on the other side of the same pair of variables.
 */
#ifndef KERNEL_BASE_BARRIER_H
#define KERNEL_BASE_BARRIER_H

#include "kernel/base/compiler.h"

/* Full: no load or store moves across it (SDM vol. 3A, 9.2.5). */
#define smp_mb()  __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)

#define smp_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define smp_load_acquire(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)

#endif
