/* host-test: kernel/elf.c */
/*
 * A small good executable, a table of what is wrong with its fields, every truncation, seeded
 * damage, and this very program, which wants an interpreter. Images live in heap blocks of their
 * exact size.
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/page.h"
#include "kernel/base/errno.h"
#include "kernel/elf.h"

#define FUZZ_ROUNDS 300000
#define NR_PHDRS    4
#define TEXT        0
#define DATA        1
#define STACK       2
#define NOTE        3

struct image {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr[NR_PHDRS];
	u8 rest[0x1800];
};

static struct image good;

static int make(void **state)
{
	(void)state;
	memset(&good, 0, sizeof(good));
	memcpy(good.ehdr.e_ident, ELFMAG, SELFMAG);
	good.ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	good.ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	good.ehdr.e_ident[EI_VERSION] = EV_CURRENT;
	good.ehdr.e_type = ET_EXEC;
	good.ehdr.e_machine = EM_X86_64;
	good.ehdr.e_version = EV_CURRENT;
	good.ehdr.e_entry = 0x400200;
	good.ehdr.e_phoff = offsetof(struct image, phdr);
	good.ehdr.e_phentsize = sizeof(Elf64_Phdr);
	good.ehdr.e_phnum = NR_PHDRS;
	good.phdr[TEXT] = (Elf64_Phdr){.p_type = PT_LOAD,
				       .p_flags = PF_R | PF_X,
				       .p_vaddr = 0x400000,
				       .p_filesz = 0x1000,
				       .p_memsz = 0x1000};
	good.phdr[DATA] = (Elf64_Phdr){.p_type = PT_LOAD,
				       .p_flags = PF_R | PF_W,
				       .p_offset = 0x1100,
				       .p_vaddr = 0x402100,
				       .p_filesz = 0x200,
				       .p_memsz = 0x3000};
	good.phdr[STACK] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W};
	good.phdr[NOTE] = (Elf64_Phdr){.p_type = PT_NOTE};
	return 0;
}

/* What exec relies on without looking again. */
static void check_promises(const struct elf_image *e, size_t size)
{
	unsigned long last = ELF_MIN_ADDR;
	unsigned int i;

	assert_in_range(e->nr_segments, 1, ELF_MAX_SEGMENTS);
	for (i = 0; i < e->nr_segments; i++) {
		const struct elf_segment *s = &e->segments[i];

		assert_true(s->memsz > 0 && s->filesz <= s->memsz);
		assert_true(ALIGN_DOWN(s->vaddr, PAGE_SIZE) >= last);
		assert_true(s->vaddr <= USER_END && s->memsz <= USER_END - s->vaddr);
		assert_true(s->offset <= size && s->filesz <= size - s->offset);
		if (s->filesz)
			assert_int_equal(s->vaddr % PAGE_SIZE, s->offset % PAGE_SIZE);
		last = ALIGN_UP(s->vaddr + s->memsz, PAGE_SIZE);
	}
	assert_true(e->entry < USER_END);
}

static int read_block(void *block, u64 offset, void *dst, size_t n)
{
	memcpy(dst, (char *)block + offset, n);
	return 0;
}

static int parse(const void *bytes, size_t size, struct elf_image *out, const char **why)
{
	void *copy = malloc(size ? size : 1);
	int err;

	*why = NULL;
	memcpy(copy, bytes, size);
	err = elf_parse(read_block, copy, size, out, why);
	free(copy);
	assert_true(err == 0 || err == -ENOEXEC || err == -EINVAL || err == -ENOMEM ||
		    err == -EPERM);
	assert_true(!err == !*why);
	if (!err)
		check_promises(out, size);
	return err;
}

static void test_good_executable(void **state)
{
	struct elf_image e = {.bias = 0x555555554000};
	const char *why;

	(void)state;
	assert_int_equal(parse(&good, sizeof(good), &e, &why), 0);
	assert_int_equal(e.bias, 0);
	assert_int_equal(e.entry, 0x400200);
	assert_int_equal(e.phdr_addr, 0x400040);
	assert_int_equal(e.phnum, NR_PHDRS);
	assert_false(e.exec_stack);
	assert_false(e.write_exec);
	assert_int_equal(e.nr_segments, 2);
	assert_int_equal(e.segments[0].flags, ELF_R | ELF_X);
	assert_int_equal(e.segments[1].vaddr, 0x402100);
	assert_int_equal(e.segments[1].memsz, 0x3000);
	assert_int_equal(e.segments[1].offset, 0x1100);
	assert_int_equal(e.segments[1].filesz, 0x200);
	assert_int_equal(e.segments[1].flags, ELF_R | ELF_W);
}

static void test_static_pie_goes_to_its_bias(void **state)
{
	struct elf_image e = {.bias = 0x555555554000};
	const char *why;

	(void)state;
	good.ehdr.e_type = ET_DYN;
	good.ehdr.e_entry = 0x200;
	good.phdr[TEXT].p_vaddr = 0;
	good.phdr[DATA].p_vaddr = 0x2100;
	assert_int_equal(parse(&good, sizeof(good), &e, &why), 0);
	assert_int_equal(e.bias, 0x555555554000);
	assert_int_equal(e.entry, 0x555555554200);
	assert_int_equal(e.phdr_addr, 0x555555554040);
	assert_int_equal(e.segments[1].vaddr, 0x555555556100);

	e.bias = 0;
	assert_int_equal(parse(&good, sizeof(good), &e, &why), -EPERM);
	e.bias = 0x10001;
	assert_int_equal(parse(&good, sizeof(good), &e, &why), -EINVAL);
	e.bias = USER_END - 0x1000;
	assert_int_equal(parse(&good, sizeof(good), &e, &why), -ENOMEM);
	e.bias = -0x2000UL;
	assert_int_equal(parse(&good, sizeof(good), &e, &why), -ENOMEM);
	good.phdr[DATA].p_vaddr = 0x3100;
	good.ehdr.e_entry = 0x2000;
	assert_int_equal(parse(&good, sizeof(good), &e, &why), -ENOMEM);
}

static void test_flags_are_reported(void **state)
{
	struct elf_image e = {0};
	const char *why;

	(void)state;
	good.phdr[STACK].p_flags |= PF_X;
	good.phdr[TEXT].p_flags |= PF_W;
	assert_int_equal(parse(&good, sizeof(good), &e, &why), 0);
	assert_true(e.exec_stack);
	assert_true(e.write_exec);
}

static void test_headers_outside_of_segments(void **state)
{
	struct elf_image e = {0};
	const char *why;

	(void)state;
	memmove(good.rest + 0x1700, good.phdr, sizeof(good.phdr));
	good.ehdr.e_phoff = offsetof(struct image, rest) + 0x1700;
	assert_int_equal(parse(&good, sizeof(good), &e, &why), 0);
	assert_int_equal(e.phdr_addr, 0);
}

/* A segment of zeros only has no business with the file; an empty one is no segment. */
static void test_bss_and_empty_segments(void **state)
{
	struct elf_image e = {0};
	const char *why;

	(void)state;
	good.phdr[DATA].p_filesz = 0;
	good.phdr[DATA].p_offset = 0xffffffffff;
	good.phdr[NOTE] = (Elf64_Phdr){.p_type = PT_LOAD, .p_vaddr = 0x1000};
	assert_int_equal(parse(&good, sizeof(good), &e, &why), 0);
	assert_int_equal(e.nr_segments, 2);
	assert_int_equal(e.segments[1].offset, 0);
}

#define FIELD(f) offsetof(struct image, f), sizeof(good.f)

static const struct {
	const char *what;
	size_t at, size;
	u64 value;
	int err;
} wrong[] = {
	{"magic", FIELD(ehdr.e_ident[0]), 0x7e, -ENOEXEC},
	{"magic", FIELD(ehdr.e_ident[3]), 'f', -ENOEXEC},
	{"32-bit", FIELD(ehdr.e_ident[EI_CLASS]), ELFCLASS32, -ENOEXEC},
	{"big-endian", FIELD(ehdr.e_ident[EI_DATA]), ELFDATA2MSB, -ENOEXEC},
	{"ident version", FIELD(ehdr.e_ident[EI_VERSION]), 0, -ENOEXEC},
	{"version", FIELD(ehdr.e_version), 2, -ENOEXEC},
	{"relocatable", FIELD(ehdr.e_type), ET_REL, -ENOEXEC},
	{"core", FIELD(ehdr.e_type), ET_CORE, -ENOEXEC},
	{"machine", FIELD(ehdr.e_machine), EM_AARCH64, -ENOEXEC},
	{"small phentsize", FIELD(ehdr.e_phentsize), 55, -ENOEXEC},
	{"large phentsize", FIELD(ehdr.e_phentsize), 57, -ENOEXEC},
	{"no phdrs", FIELD(ehdr.e_phnum), 0, -ENOEXEC},
	{"65535 phdrs", FIELD(ehdr.e_phnum), 0xffff, -ENOEXEC},
	{"phoff past the end", FIELD(ehdr.e_phoff), sizeof(struct image), -ENOEXEC},
	{"phoff huge", FIELD(ehdr.e_phoff), ~0ull - 8, -ENOEXEC},
	{"entry 0", FIELD(ehdr.e_entry), 0, -ENOEXEC},
	{"entry in data", FIELD(ehdr.e_entry), 0x402100, -ENOEXEC},
	{"entry past text", FIELD(ehdr.e_entry), 0x401000, -ENOEXEC},
	{"entry in the kernel", FIELD(ehdr.e_entry), 0xffffffff80100000, -ENOEXEC},
	{"text not executable", FIELD(phdr[TEXT].p_flags), PF_R, -ENOEXEC},
	{"interpreter", FIELD(phdr[NOTE].p_type), PT_INTERP, -ENOEXEC},
	{"filesz over memsz", FIELD(phdr[DATA].p_memsz), 0x1ff, -EINVAL},
	{"filesz without memsz", FIELD(phdr[DATA].p_memsz), 0, -EINVAL},
	{"memsz wraps", FIELD(phdr[DATA].p_memsz), ~0ull, -EINVAL},
	{"memsz to the end of space", FIELD(phdr[DATA].p_memsz), 0x00007ffffffff001 - 0x402100,
	 -ENOMEM},
	{"in the kernel half", FIELD(phdr[DATA].p_vaddr), 0xffff888000000100, -ENOMEM},
	{"in the guard page", FIELD(phdr[DATA].p_vaddr), 0x7fffffffc100, -ENOMEM},
	{"non-canonical", FIELD(phdr[DATA].p_vaddr), 0x800000000100, -ENOMEM},
	{"address 0", FIELD(phdr[TEXT].p_vaddr), 0, -EPERM},
	{"below 64 KiB", FIELD(phdr[TEXT].p_vaddr), 0xf000, -EPERM},
	{"offset past the end", FIELD(phdr[DATA].p_offset), 0x2100, -ENOEXEC},
	{"offset huge", FIELD(phdr[DATA].p_offset), ~0ull - 0xeff, -ENOEXEC},
	{"filesz past the end", FIELD(phdr[DATA].p_filesz), 0x2000, -ENOEXEC},
	{"offset not congruent", FIELD(phdr[DATA].p_offset), 0x1108, -EINVAL},
	{"overlap", FIELD(phdr[TEXT].p_memsz), 0x2101, -ENOEXEC},
	{"shared page", FIELD(phdr[TEXT].p_memsz), 0x2001, -ENOEXEC},
	{"unsorted", FIELD(phdr[TEXT].p_vaddr), 0x500000, -ENOEXEC},
};

static void test_wrong_fields(void **state)
{
	struct elf_image e = {0};
	const char *why;
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		make(state);
		memcpy((u8 *)&good + wrong[i].at, &wrong[i].value, wrong[i].size);
		err = parse(&good, sizeof(good), &e, &why);
		if (err != wrong[i].err)
			fail_msg("%s: %d (%s), expected %d", wrong[i].what, err,
				 why ? why : "accepted", wrong[i].err);
	}
}

static void test_no_segment_and_too_many(void **state)
{
	u8 *bytes = calloc(1, sizeof(good));
	struct elf_image e = {0};
	Elf64_Phdr ph;
	const char *why;
	unsigned int i;

	(void)state;
	good.phdr[TEXT].p_type = good.phdr[DATA].p_type = PT_NULL;
	assert_int_equal(parse(&good, sizeof(good), &e, &why), -ENOEXEC);
	assert_string_equal(why, "nothing to load");

	make(state);
	good.ehdr.e_phnum = ELF_MAX_SEGMENTS + 1;
	memcpy(bytes, &good, sizeof(good));
	for (i = 0; i <= ELF_MAX_SEGMENTS; i++) {
		ph = good.phdr[TEXT];
		ph.p_vaddr += i * PAGE_SIZE;
		memcpy(bytes + good.ehdr.e_phoff + i * sizeof(ph), &ph, sizeof(ph));
	}
	assert_int_equal(parse(bytes, sizeof(good), &e, &why), -ENOEXEC);
	assert_string_equal(why, "too many segments");
	((Elf64_Ehdr *)bytes)->e_phnum--;
	assert_int_equal(parse(bytes, sizeof(good), &e, &why), 0);
	assert_int_equal(e.nr_segments, ELF_MAX_SEGMENTS);
	free(bytes);
}

static void test_every_truncation(void **state)
{
	size_t n, whole = good.phdr[DATA].p_offset + good.phdr[DATA].p_filesz;
	struct elf_image e = {0};
	const char *why;

	(void)state;
	for (n = 0; n < sizeof(good); n++)
		assert_int_equal(parse(&good, n, &e, &why), n < whole ? -ENOEXEC : 0);
}

static void test_a_dynamic_program_is_refused(void **state)
{
	FILE *f = fopen("/proc/self/exe", "rb");
	struct elf_image e = {.bias = 0x555555554000};
	size_t n, room = 64 << 20;
	u8 *bytes = malloc(room);
	const char *why;

	(void)state;
	assert_non_null(f);
	n = fread(bytes, 1, room, f);
	fclose(f);
	assert_int_equal(parse(bytes, n, &e, &why), -ENOEXEC);
	assert_string_equal(why, "wants an interpreter: only static programs run here");
	free(bytes);
}

static u64 random_next(u64 *seed)
{
	u64 z = (*seed += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* Values at which comparisons turn. */
static u64 edge(u64 v)
{
	static const u64 edges[] = {0,        1,          0xfff,          0x1000,
				    0x1001,   0xffff,     0x10000,        0x400000,
				    0x402100, 0x1d00,     0x7fffffffffff, USER_WINDOW_END,
				    ~0ull,    1ull << 63, 0xfffff000,     0x1918};

	return edges[v % ARRAY_SIZE(edges)] + (v >> 8) % 3 - 1;
}

static void test_damage(void **state)
{
	const size_t headers = offsetof(struct image, rest);
	struct elf_image e;
	unsigned int round, refused = 0;
	const char *why;
	u64 seed = 1;

	for (round = 0; round < FUZZ_ROUNDS; round++) {
		u64 hits = 1 + random_next(&seed) % 3;
		size_t len = sizeof(good);

		make(state);
		if (round % 2)
			good.ehdr.e_type = ET_DYN;
		while (hits--) {
			u64 v = random_next(&seed), w = random_next(&seed),
			    value = v >> 63 ? w : edge(w);
			size_t size = 1ul << (v >> 60) % 4;

			memcpy((u8 *)&good + ALIGN_DOWN(v % (headers - 8), size), &value, size);
		}
		if (random_next(&seed) % 4 == 0)
			len = random_next(&seed) % sizeof(good);
		e.bias = random_next(&seed) & PAGE_MASK & (USER_END >> round % 20);
		if (parse(&good, len, &e, &why))
			refused++;
	}
	assert_true(refused > FUZZ_ROUNDS / 4);
	assert_true(refused < FUZZ_ROUNDS - FUZZ_ROUNDS / 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_good_executable, make),
		cmocka_unit_test_setup(test_static_pie_goes_to_its_bias, make),
		cmocka_unit_test_setup(test_flags_are_reported, make),
		cmocka_unit_test_setup(test_headers_outside_of_segments, make),
		cmocka_unit_test_setup(test_bss_and_empty_segments, make),
		cmocka_unit_test_setup(test_wrong_fields, make),
		cmocka_unit_test_setup(test_no_segment_and_too_many, make),
		cmocka_unit_test_setup(test_every_truncation, make),
		cmocka_unit_test_setup(test_a_dynamic_program_is_refused, make),
		cmocka_unit_test_setup(test_damage, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
