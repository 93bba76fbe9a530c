/*
 * Atomic read-modify-write on integers and pointers.
 *
 * Every call that returns a value is a full barrier (LOCKed on x86). The void calls order nothing
 * that a caller may rely on.
 */
#ifndef KERNEL_BASE_ATOMIC_H
#define KERNEL_BASE_ATOMIC_H

#include "kernel/base/types.h"

#define atomic_inc(p)           ((void)__atomic_add_fetch((p), 1, __ATOMIC_RELAXED))
#define atomic_dec(p)           ((void)__atomic_sub_fetch((p), 1, __ATOMIC_RELAXED))
#define atomic_add(p, n)        ((void)__atomic_add_fetch((p), (n), __ATOMIC_RELAXED))
#define atomic_add_return(p, n) __atomic_add_fetch((p), (n), __ATOMIC_SEQ_CST)
#define atomic_fetch_add(p, n)  __atomic_fetch_add((p), (n), __ATOMIC_SEQ_CST)
#define atomic_fetch_or(p, n)   __atomic_fetch_or((p), (n), __ATOMIC_SEQ_CST)
#define atomic_fetch_and(p, n)  __atomic_fetch_and((p), (n), __ATOMIC_SEQ_CST)
#define atomic_xchg(p, v)       __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)

/* True when the decrement reached zero. */
#define atomic_dec_and_test(p) (__atomic_sub_fetch((p), 1, __ATOMIC_SEQ_CST) == 0)

/* Store `new` where *p == old; returns the value that was there. */
#define atomic_cmpxchg(p, old, new)                                                                \
	({                                                                                         \
		__typeof__(*(p)) __expected = (old);                                               \
		__atomic_compare_exchange_n((p), &__expected, (new), false, __ATOMIC_SEQ_CST,      \
					    __ATOMIC_SEQ_CST);                                     \
		__expected;                                                                        \
	})

/* The same; whether it was stored. */
#define atomic_try_cmpxchg(p, old, new)                                                            \
	({                                                                                         \
		__typeof__(*(p)) __expected = (old);                                               \
		__atomic_compare_exchange_n((p), &__expected, (new), false, __ATOMIC_SEQ_CST,      \
					    __ATOMIC_SEQ_CST);                                     \
	})

#endif
