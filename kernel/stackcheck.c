/* Depths of kernel stacks: see stackcheck.h. */
#include "kernel/stackcheck.h"

#include "kernel/base/printk.h"
#include "kernel/base/string.h"
#include "kernel/kstack.h"

#define PATTERN 0x5aac5aac5aac5aacUL
#define WORDS   (KSTACK_SIZE / sizeof(u64))
/* Below the deepest known: a frame that goes further leaves a trace at least in so many words. */
#define WINDOW 64

/*
 * Of one task that was deeper than those before. Two that end at the same time may both write it: the depth only grows,
 * and who it was is a hint.
 */
static struct {
	unsigned long bytes;
	int pid;
	char comm[COMM_LEN];
} deepest;

void stackcheck_fill(unsigned long top)
{
	u64 *word = (u64 *)(top - KSTACK_SIZE);

	for (unsigned int i = 0; i < WORDS; i++)
		word[i] = PATTERN;
}

unsigned long stackcheck_depth(unsigned long top)
{
	const u64 *word = (const u64 *)(top - KSTACK_SIZE);
	unsigned int i = 0;

	while (i < WORDS && READ_ONCE(word[i]) == PATTERN)
		i++;
	return (WORDS - i) * sizeof(u64);
}

/* Whether something was written just below the deepest known. */
static bool is_deeper(unsigned long top)
{
	const u64 *word = (const u64 *)(top - READ_ONCE(deepest.bytes));

	for (unsigned int i = 1; i <= WINDOW; i++) {
		if ((unsigned long)(word - i) < top - KSTACK_SIZE)
			return false;
		if (READ_ONCE(word[-(long)i]) != PATTERN)
			return true;
	}
	return false;
}

void stackcheck_note(const struct task_struct *t)
{
	unsigned long top = t->thread.stack_top, bytes;

	if (!top || !kstack_contains(top - 1) || likely(!is_deeper(top)))
		return;
	bytes = stackcheck_depth(top);
	if (bytes <= READ_ONCE(deepest.bytes))
		return;
	WRITE_ONCE(deepest.bytes, bytes);
	deepest.pid = t->pid;
	strlcpy(deepest.comm, t->comm, sizeof(deepest.comm));
}

void stackcheck_print(void)
{
	printk("kernel stacks: the deepest used %lu of %lu bytes, %s[%d]\n", deepest.bytes,
	       KSTACK_SIZE, deepest.comm, deepest.pid);
}
