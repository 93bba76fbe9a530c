/*
 * Jump labels: a question that is answered by the code itself, so that "no" costs one instruction that does nothing.
 *
 *	if (unlikely(jump_label(key)))
 *		rare();
 *
 * The instruction is a NOP of 5 bytes. Each place is registered in the linker set .jump_labels; jump_label_enable()
 * makes a JMP of it. That is for good, and only while one CPU runs and the text can be written: at boot, before
 * arch_init_memory(). So no CPU can ever fetch half an instruction (SDM vol. 3A, 9.1.3).
 */
#ifndef ARCH_JUMP_LABEL_H
#define ARCH_JUMP_LABEL_H

#include "kernel/base/types.h"

#define JUMP_LABEL_SIZE 5

/* Both addresses are relative to the field that holds them. */
struct jump_label_place {
	s32 code, target;
	u32 key;
};

/* linker.ld */
extern const struct jump_label_place __jump_labels_start[], __jump_labels_end[];

/* `key`: a constant, whatever it means to who asks. False until the place is enabled. */
static __always_inline bool jump_label(const u32 key)
{
	__asm__ goto("1:	.byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n" /* nopl 0(%rax,%rax) */
		     ".pushsection .jump_labels, \"a\"\n"
		     ".long 1b - ., %l[yes] - ., %c0\n"
		     ".popsection\n"
		     :
		     : "i"(key)
		     :
		     : yes);
	return false;
yes:
	return true;
}

/* Boot CPU, see above. Panics if there is no NOP: the place is enabled already, or is none. */
void jump_label_enable(const struct jump_label_place *place);

/* Whether the place jumps. */
bool jump_label_enabled(const struct jump_label_place *place);

#endif
