/* Host twin: the entry format is arithmetic, so the tests take the real one over the host's layout. */
#include "arch/x86/include/arch/pgtable.h"
