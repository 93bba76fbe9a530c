/* Jump labels: see arch/jump_label.h. */
#include "arch/jump_label.h"

#include "arch/x86/cpu_regs.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"

#define OPCODE_JMP_REL32 0xe9

static const u8 nop[JUMP_LABEL_SIZE] = {0x0f, 0x1f, 0x44, 0x00, 0x00};

static u8 *code_of(const struct jump_label_place *place)
{
	return (u8 *)&place->code + place->code;
}

void jump_label_enable(const struct jump_label_place *place)
{
	const u8 *target = (const u8 *)&place->target + place->target;
	u8 *code = code_of(place);
	s32 distance = (s32)(target - (code + JUMP_LABEL_SIZE));

	ASSERT_MSG(memcmp(code, nop, sizeof(nop)) == 0, "no NOP at %p", (void *)code);
	code[0] = OPCODE_JMP_REL32;
	memcpy(code + 1, &distance, sizeof(distance));
	/* Serialises: what was fetched before the change is not executed after it. */
	(void)cpuid(0, 0);
}

bool jump_label_enabled(const struct jump_label_place *place)
{
	return *code_of(place) == OPCODE_JMP_REL32;
}
