/* What there is to show text on: see screen.h. */
#include "user/init/screen.h"

#include <stdio.h>

#include "user/lib/freewalk.h"
#include "user/lib/machine.h"

long screen_right(int machine, char *mode, size_t room)
{
	struct machine_framebuffer fb;
	uint64_t start, end;
	long ret = machine_framebuffer(machine, &fb);

	if (ret)
		return ret;
	start = fb.addr & ~(PAGE_SIZE - 1);
	end = (fb.addr + (uint64_t)fb.pitch * fb.height + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	snprintf(mode, room, "mode=%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u",
		 (unsigned int)(fb.addr - start), fb.pitch, fb.width, fb.height, fb.bits_per_pixel,
		 fb.type, fb.red_shift, fb.red_bits, fb.green_shift, fb.green_bits, fb.blue_shift,
		 fb.blue_bits);
	return machine_mmio(machine, start, end - start, MACHINE_WRITE_COMBINING | MACHINE_CLOEXEC);
}
