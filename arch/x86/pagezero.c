/* Chooses the register width of arch/x86/pagezero.asm. */
#include "mm/pagezero.h"

#include "arch/x86/cpufeature.h"
#include "kernel/base/types.h"

#define XCR0_SSE_AND_AVX 6u

/* arch/x86/pagezero.asm: 0 until SSE is known to be switched on. */
extern u8 page_vector_bytes;

/* SSE2 and FXSR are required features: cpu_features_init() panics without them. */
void pagezero_init(void)
{
	bool avx = cpu_features.avx && (cpu_features.xcr0 & XCR0_SSE_AND_AVX) == XCR0_SSE_AND_AVX;

	page_vector_bytes = avx ? 32 : 16;
}
