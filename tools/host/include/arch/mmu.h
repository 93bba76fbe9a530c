/* Host twin: the kernel's own contract; each test brings the functions that it needs. */
#include "arch/x86/include/arch/mmu.h"
