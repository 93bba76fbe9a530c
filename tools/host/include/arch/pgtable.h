/* Host twin: entries are arithmetic, so tests take the real header over the layout of the host. */
#include "arch/x86/include/arch/pgtable.h"
