/* Wild addresses: one of each kind that a user may hand to the kernel and must get -EFAULT for. */
#include <sys/mman.h>

#include "user/tests/abitest.h"

const char *const wild_names[NR_WILD] = {
	"NULL",        "low page",          "unmapped",      "end of mapping", "no access",
	"kernel text", "kernel direct map", "non-canonical", "past the end",
};

uintptr_t user_end(void)
{
	static uintptr_t end;

	if (!end) {
		long got = raw_syscall6(SYS_mmap, 1ul << 47, 4096, PROT_NONE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

		CHECK(got == 1l << 47 || got == -ENOMEM);
		if (got > 0)
			CHECK_EQ(munmap((void *)got, 4096), 0);
		end = (got > 0 ? 1ul << 56 : 1ul << 47) - 4096;
	}
	return end;
}

uintptr_t wild_address(unsigned int i)
{
	char *pair;

	switch (i) {
	case 0:
		return 0;
	case 1:
		return 0x10;
	case 2:
		return 0x100000000000;
	case 3: /* the object straddles: one byte is mapped, the rest is not */
	case 4:
		pair = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(pair != MAP_FAILED);
		pair[4095] = 1;
		CHECK_EQ(i == 3 ? munmap(pair + 4096, 4096)
				: mprotect(pair + 4096, 4096, PROT_NONE),
			 0);
		return (uintptr_t)pair + (i == 3 ? 4095 : 4096);
	case 5:
		return 0xffffffff80100000;
	case 6:
		return 0xffff888000000000;
	case 7:
		return 0x8000000000000000;
	default:
		return user_end() + 4095;
	}
}
