/*
 * What shows a screen's cells: VGA text memory, or a linear framebuffer with a font (font.h). Which of the two,
 * and how it is laid out, the loader has left and the kernel tells (kernel/abi/machine.h).
 *
 * The cursor is drawn, as a cell with its colours exchanged: so memory is all that is needed.
 */
#ifndef USER_CONSOLE_DISPLAY_H
#define USER_CONSOLE_DISPLAY_H

#include <stdbool.h>

#include "kernel/abi/machine.h"
#include "user/console/screen.h"

struct display {
	struct machine_framebuffer mode;
	volatile uint8_t *memory; /* of height * pitch bytes; NULL: there is none */
	unsigned int rows, columns;
	/* Where the cursor is drawn. */
	bool cursor_shown;
	unsigned int cursor_row, cursor_column;
};

/* False: a mode that it does not know (indexed colours, odd depths), or one without room for a cell. */
bool display_init(struct display *d, const struct machine_framebuffer *mode, void *memory);
/* Shows what has changed since the last time. */
void display_update(struct display *d, struct screen *s);

#endif
