/*
 * Mutants: builds in which one protection of the protocol is missing, so that the test that guards
 * it can be seen to fail. A test that passes in its mutant proves nothing.
 *
 *	if (!MUTANT(fork_no_mb))
 *		smp_mb();
 *
 * MUTANT(name) is the constant 0, and 1 only in a file that is compiled with -DMUTANT_name=1, so an
 * ordinary build contains no trace of it. `make MUTANT=name` compiles so the files that contain
 * MUTANT(name), or include a header that does (tools/mutated), and takes all others from the debug
 * build. A header that many include is no place for one: that mutant would take long to build.
 */
#ifndef KERNEL_BASE_MUTANT_H
#define KERNEL_BASE_MUTANT_H

/*
 * Only a switch that expands to 1 pastes to the name of a macro, and that one contains a comma: it
 * moves the 1 into second place. Any other switch pastes to a word without meaning, which stands
 * first and is dropped.
 */
#define MUTANT_SWITCHED_1             ~, 1
#define MUTANT_SECOND(first, it, ...) it
#define MUTANT_EXPAND(...)            MUTANT_SECOND(__VA_ARGS__)
#define MUTANT_PASTE(value)           MUTANT_EXPAND(MUTANT_SWITCHED_##value, 0, 0)
#define MUTANT_VALUE(value)           MUTANT_PASTE(value)

#define MUTANT(name) MUTANT_VALUE(MUTANT_##name)

#endif
