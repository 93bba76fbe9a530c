/*
 * Reports of undefined behaviour: see ubsan.h. Compiled without checks of its own; what it calls
 * (panic, printf) has them, and a finding in there is a nested panic.
 */
#include "kernel/base/ubsan.h"

#include "kernel/base/panic.h"
#include "kernel/base/printk.h"

/* By enum ubsan_mismatch.access (GCC, libsanitizer/ubsan/ubsan_handlers.cpp). */
static const char *const accesses[] = {
	"load of",
	"store to",
	"reference binding to",
	"member access within",
	"member call on",
	"constructor call on",
	"downcast of",
	"downcast of",
	"upcast of",
	"cast to virtual base of",
	"nonnull binding to",
	"dynamic operation on",
};

#define FOUND(place, fmt, ...)                                                                     \
	panic("UBSAN: %s:%u:%u: " fmt, (place)->file, (place)->line, (place)->column, ##__VA_ARGS__)

/* A value in words, for a headline; room for "-0x" and two words of digits. */
struct shown {
	char text[40];
};

static unsigned int type_bits(const struct ubsan_type *type)
{
	return 1U << (type->info >> 1);
}

static bool type_signed(const struct ubsan_type *type)
{
	return type->info & 1;
}

/* The value moved to the top of a word and back extends its sign, or clears what is above it. */
static struct shown show(const struct ubsan_type *type, ubsan_value v)
{
	struct shown s;
	unsigned int above;

	if (type->kind != UBSAN_INTEGER) {
		snprintf(s.text, sizeof(s.text), "%#lx", v);
	} else if (type_bits(type) > 64) {
		const u64 *word = (const u64 *)v;

		snprintf(s.text, sizeof(s.text), "0x%llx%016llx", (unsigned long long)word[1],
			 (unsigned long long)word[0]);
	} else {
		above = 64 - type_bits(type);
		if (type_signed(type))
			snprintf(s.text, sizeof(s.text), "%ld", (long)(v << above) >> above);
		else
			snprintf(s.text, sizeof(s.text), "%lu", v << above >> above);
	}
	return s;
}

static noinline void found_overflow(const struct ubsan_typed *at, ubsan_value a, const char *op,
				    ubsan_value b)
{
	FOUND(&at->place, "overflow: %s %s %s is no %s", show(at->type, a).text, op,
	      show(at->type, b).text, at->type->name);
}

void __ubsan_handle_add_overflow(const struct ubsan_typed *at, ubsan_value a, ubsan_value b)
{
	found_overflow(at, a, "+", b);
}

void __ubsan_handle_sub_overflow(const struct ubsan_typed *at, ubsan_value a, ubsan_value b)
{
	found_overflow(at, a, "-", b);
}

void __ubsan_handle_mul_overflow(const struct ubsan_typed *at, ubsan_value a, ubsan_value b)
{
	found_overflow(at, a, "*", b);
}

void __ubsan_handle_negate_overflow(const struct ubsan_typed *at, ubsan_value a)
{
	FOUND(&at->place, "overflow: -(%s) is no %s", show(at->type, a).text, at->type->name);
}

/* By zero, or the smallest number by -1. */
void __ubsan_handle_divrem_overflow(const struct ubsan_typed *at, ubsan_value a, ubsan_value b)
{
	FOUND(&at->place, "division of %s by %s is no %s", show(at->type, a).text,
	      show(at->type, b).text, at->type->name);
}

void __ubsan_handle_shift_out_of_bounds(const struct ubsan_two_types *at, ubsan_value a,
					ubsan_value by)
{
	FOUND(&at->place, "shift of %s, which is %s, by %s", at->left->name, show(at->left, a).text,
	      show(at->right, by).text);
}

void __ubsan_handle_out_of_bounds(const struct ubsan_two_types *at, ubsan_value index)
{
	FOUND(&at->place, "index %s is out of bounds of %s", show(at->right, index).text,
	      at->left->name);
}

void __ubsan_handle_type_mismatch_v1(const struct ubsan_mismatch *at, unsigned long pointer)
{
	unsigned long alignment = 1UL << at->log_alignment;
	const char *access = at->access < ARRAY_SIZE(accesses) ? accesses[at->access] : "access to";

	if (!pointer)
		FOUND(&at->place, "%s %s at a null pointer", access, at->type->name);
	if (!IS_ALIGNED(pointer, alignment))
		FOUND(&at->place, "%s %s at %#lx, which is not aligned to %lu bytes", access,
		      at->type->name, pointer, alignment);
	FOUND(&at->place, "%s %s at %#lx, where less than that is left of the object", access,
	      at->type->name, pointer);
}

void __ubsan_handle_pointer_overflow(const struct ubsan_place *at, unsigned long base,
				     unsigned long result)
{
	FOUND(at, "pointer %#lx with an offset becomes %#lx", base, result);
}

void __ubsan_handle_load_invalid_value(const struct ubsan_typed *at, ubsan_value a)
{
	FOUND(&at->place, "%s is no value of %s", show(at->type, a).text, at->type->name);
}

void __ubsan_handle_vla_bound_not_positive(const struct ubsan_typed *at, ubsan_value bound)
{
	FOUND(&at->place, "an array of %s elements", show(at->type, bound).text);
}

void __ubsan_handle_nonnull_arg(const struct ubsan_argument *at)
{
	FOUND(&at->place, "argument %d is null, and is declared never to be", at->number);
}

void __ubsan_handle_nonnull_return_v1(const void *attribute, const struct ubsan_place *at)
{
	(void)attribute;
	FOUND(at, "a function that is declared never to return null does");
}

void __ubsan_handle_builtin_unreachable(const struct ubsan_place *at)
{
	FOUND(at, "a place that cannot be reached was reached");
}

/* __builtin_ctz() and __builtin_clz(). */
void __ubsan_handle_invalid_builtin(const struct ubsan_builtin *at)
{
	FOUND(&at->place, "bits counted before the first set one of zero");
}
