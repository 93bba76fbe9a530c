/* host-test: boot/multiboot2.c boot/bootinfo.c */
/*
 * The multiboot2 parser against changed copies of a valid list: the same ones on every run.
 */
#include "boot/tests/multiboot2_list.h"

#define FUZZ_ROUNDS 300000

/* What must hold of any answer, however odd the list was. */
static void check_sane(const struct boot_info *out, u32 size)
{
	u32 i;

	assert_true(out->nr_ranges <= BOOT_MAX_RANGES && out->nr_modules <= BOOT_MAX_MODULES);
	assert_true(out->nr_reserved <= BOOT_MAX_RESERVED);
	assert_true(strnlen(out->cmdline, BOOT_CMDLINE_MAX) < BOOT_CMDLINE_MAX);
	assert_true(strnlen(out->loader, sizeof(out->loader)) < sizeof(out->loader));
	for (i = 0; i < out->nr_ranges; i++) {
		assert_true(out->ranges[i].size);
		assert_true(out->ranges[i].start + out->ranges[i].size <= 1UL << 52);
	}
	for (i = 0; i < out->nr_modules; i++) {
		assert_true(out->modules[i].start + out->modules[i].size <= 0xffffffff);
		assert_true(strnlen(out->modules[i].cmdline, 64) < 64);
	}
	if (out->rsdp)
		assert_true(out->rsdp >= INFO_PHYS && out->rsdp + 20 <= INFO_PHYS + size);
}

/* One to four changes: a byte, or a word set to a value that is often wrong, or a swap of words. */
static void mutate(struct list *l, u64 *rng)
{
	static const u32 nasty[] = {0,  1,  7,          8,          9,          15,
				    16, 24, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};
	u64 changes = 1 + next_random(rng) % 4;

	while (changes--) {
		u32 *word = (u32 *)l->bytes + next_random(rng) % (l->size / 4);
		u32 *other = (u32 *)l->bytes + next_random(rng) % (l->size / 4), old = *word;

		switch (next_random(rng) % 4) {
		case 0:
			l->bytes[next_random(rng) % l->size] = (u8)next_random(rng);
			break;
		case 1:
			*word = nasty[next_random(rng) % ARRAY_SIZE(nasty)];
			break;
		case 2:
			*word += (u32)(next_random(rng) % 33) - 16;
			break;
		default:
			*word = *other;
			*other = old;
		}
	}
	if (next_random(rng) % 8 == 0)
		l->size = 8 + (u32)(next_random(rng) % (l->size - 8));
	if (next_random(rng) % 4) /* else the claimed size is as fate has it */
		memcpy(l->bytes, &l->size, 4);
}

static void test_fuzz(void **state)
{
	u32 accepted = 0, refused = 0, round;
	static struct boot_info out;
	struct list original, l;
	u64 rng = 20150613;

	(void)state;
	valid_list(&original);
	for (round = 0; round < FUZZ_ROUNDS; round++) {
		const char *why = NULL;
		int err;

		l.size = original.size;
		memcpy(l.bytes, original.bytes, original.size);
		mutate(&l, &rng);
		err = parse(l.bytes, l.size, &out, &why);
		assert_true(err == 0 || err == -EINVAL);
		if (err) {
			refused++;
			assert_ptr_equal(why, out.error);
			assert_true(strlen(why) > 10 && strlen(why) < sizeof(out.error) - 1);
		} else {
			accepted++;
			assert_null(why);
			check_sane(&out, l.size);
		}
	}
	print_message("fuzz: %u lists, %u accepted, %u refused\n", round, accepted, refused);
	assert_true(accepted > FUZZ_ROUNDS / 20 && refused > FUZZ_ROUNDS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_fuzz)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
