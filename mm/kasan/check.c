/*
 * What -fsanitize=kernel-address calls before each access, and around what has no end in a return:
 * the names are GCC's (gcc/sanitizer.def). The checks are calls and not inline (asan-instrumentation-
 * with-call-threshold=0), so that code may run before there is a shadow, and on memory that has none.
 *
 * None of this is under the sanitizer itself, nor does it use anything of the running CPU.
 */
#include "arch/machine.h"
#include "mm/kasan/kasan.h"

static __always_inline void check(unsigned long addr, size_t bytes, bool write, unsigned long pc)
{
	unsigned long bad = kasan_first_bad(addr, bytes);

	if (unlikely(bad))
		kasan_report(addr, bytes, write ? KASAN_WRITE : KASAN_READ, pc, bad);
}

void kasan_check_range(unsigned long addr, size_t bytes, bool write, unsigned long pc)
{
	if (bytes)
		check(addr, bytes, write, pc);
}

#define CALLER ((unsigned long)__builtin_return_address(0))

#define DEFINE_CHECKS(bytes)                                                                       \
	void __asan_load##bytes##_noabort(unsigned long addr);                                     \
	void __asan_load##bytes##_noabort(unsigned long addr)                                      \
	{                                                                                          \
		check(addr, bytes, false, CALLER);                                                 \
	}                                                                                          \
	void __asan_store##bytes##_noabort(unsigned long addr);                                    \
	void __asan_store##bytes##_noabort(unsigned long addr)                                     \
	{                                                                                          \
		check(addr, bytes, true, CALLER);                                                  \
	}

/* clang-format off */
DEFINE_CHECKS(1)
DEFINE_CHECKS(2)
DEFINE_CHECKS(4)
DEFINE_CHECKS(8)
DEFINE_CHECKS(16)
/* clang-format on */

void __asan_loadN_noabort(unsigned long addr, size_t bytes);
void __asan_loadN_noabort(unsigned long addr, size_t bytes)
{
	kasan_check_range(addr, bytes, false, CALLER);
}

void __asan_storeN_noabort(unsigned long addr, size_t bytes);
void __asan_storeN_noabort(unsigned long addr, size_t bytes)
{
	kasan_check_range(addr, bytes, true, CALLER);
}

/*
 * The next call does not return: the frames up to the stack's end are left as they are, and what the
 * compiler poisoned between their variables would be found by who uses the stack next.
 */
void __asan_handle_no_return(void);
void __asan_handle_no_return(void)
{
	unsigned long sp = ALIGN_DOWN((unsigned long)__builtin_frame_address(0), GRANULE);
	unsigned long end = stack_end(sp);

	if (end)
		kasan_unpoison_range(sp, end - sp);
}
