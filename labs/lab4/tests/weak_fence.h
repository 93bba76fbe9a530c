/*
 * For labs/lab4/tests/fences.py, which has it included before everything else in one of the student's files: there a full
 * barrier is no more than a write barrier, which orders no later load.
 */
#include "kernel/base/barrier.h"

#undef smp_mb
#define smp_mb() smp_wmb()
