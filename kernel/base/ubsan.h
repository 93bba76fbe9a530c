/*
 * What the compiler tells of undefined behaviour (SAN=undefined): the checks that
 * -fsanitize=undefined compiles in call one of these, with a constant that describes the place and
 * with the values. The layout is that of GCC's libsanitizer (ubsan/ubsan_handlers.h, ubsan_value.h).
 *
 * Each ends in a panic whose line is "UBSAN: file:line:column: what, with which values". Any context
 * in which panic() may be called, so any.
 */
#ifndef KERNEL_BASE_UBSAN_H
#define KERNEL_BASE_UBSAN_H

#include "kernel/base/types.h"

struct ubsan_place {
	const char *file;
	u32 line, column;
};

enum ubsan_kind {
	UBSAN_INTEGER = 0,
	UBSAN_FLOAT = 1,
	UBSAN_OTHER = 0xffff,
};

struct ubsan_type {
	u16 kind;    /* enum ubsan_kind */
	u16 info;    /* of an integer: bit 0 signed, the others the binary logarithm of its bits */
	char name[]; /* in quotes */
};

/* A value of at most a word; of a wider one, its address. */
typedef unsigned long ubsan_value;

struct ubsan_typed {
	struct ubsan_place place;
	const struct ubsan_type *type;
};

struct ubsan_two_types {
	struct ubsan_place place;
	const struct ubsan_type *left, *right;
};

struct ubsan_mismatch {
	struct ubsan_place place;
	const struct ubsan_type *type;
	u8 log_alignment;
	u8 access; /* index into what was being done */
};

struct ubsan_argument {
	struct ubsan_place place, attribute;
	int number;
};

struct ubsan_builtin {
	struct ubsan_place place;
	u8 kind;
};

void __ubsan_handle_add_overflow(const struct ubsan_typed *at, ubsan_value a, ubsan_value b);
void __ubsan_handle_sub_overflow(const struct ubsan_typed *at, ubsan_value a, ubsan_value b);
void __ubsan_handle_mul_overflow(const struct ubsan_typed *at, ubsan_value a, ubsan_value b);
void __ubsan_handle_negate_overflow(const struct ubsan_typed *at, ubsan_value a);
void __ubsan_handle_divrem_overflow(const struct ubsan_typed *at, ubsan_value a, ubsan_value b);
void __ubsan_handle_shift_out_of_bounds(const struct ubsan_two_types *at, ubsan_value a,
					ubsan_value by);
/* `left` is the array's type, `right` the index's. */
void __ubsan_handle_out_of_bounds(const struct ubsan_two_types *at, ubsan_value index);
/* A null pointer, one that is not aligned, or an object that is too small for the access. */
void __ubsan_handle_type_mismatch_v1(const struct ubsan_mismatch *at, unsigned long pointer);
void __ubsan_handle_pointer_overflow(const struct ubsan_place *at, unsigned long base,
				     unsigned long result);
void __ubsan_handle_load_invalid_value(const struct ubsan_typed *at, ubsan_value a);
void __ubsan_handle_vla_bound_not_positive(const struct ubsan_typed *at, ubsan_value bound);
void __ubsan_handle_nonnull_arg(const struct ubsan_argument *at);
void __ubsan_handle_nonnull_return_v1(const void *attribute, const struct ubsan_place *at);
void __ubsan_handle_builtin_unreachable(const struct ubsan_place *at);
void __ubsan_handle_invalid_builtin(const struct ubsan_builtin *at);

#endif
