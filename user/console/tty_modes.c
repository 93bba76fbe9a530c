/* The terminal's modes, and what a change of them does to what was typed. See tty.h. */
#include <string.h>

#include "user/console/tty_internal.h"

static const struct tty_termios initial = {
	.iflag = ICRNL | IXON | IUTF8,
	.oflag = OPOST | ONLCR,
	.cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL,
	.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.cc = {[VINTR] = 'C' & 037,
	       [VQUIT] = '\\' & 037,
	       [VERASE] = 0177,
	       [VKILL] = 'U' & 037,
	       [VEOF] = 'D' & 037,
	       [VMIN] = 1,
	       [VSTART] = 'Q' & 037,
	       [VSTOP] = 'S' & 037,
	       [VSUSP] = 'Z' & 037,
	       [VREPRINT] = 'R' & 037,
	       [VDISCARD] = 'O' & 037,
	       [VWERASE] = 'W' & 037,
	       [VLNEXT] = 'V' & 037},
};

void tty_init(struct tty *t)
{
	memset(t, 0, sizeof(*t));
	t->magic = TTY_MAGIC;
	t->termios = initial;
	t->winsize = (struct tty_winsize){.rows = 24, .columns = 80};
}

bool tty_valid(const struct tty *t)
{
	return t->magic == TTY_MAGIC && t->head - t->tail <= TTY_INPUT &&
	       t->canon - t->tail <= t->head - t->tail && tty_pending(t) <= TTY_OUTPUT &&
	       t->session >= 0 && t->foreground >= 0;
}

void tty_flush_input(struct tty *t)
{
	memset(t->delimiter, 0, sizeof(t->delimiter));
	t->head = t->canon = t->tail = 0;
	if (t->full)
		t->flow_char = t->termios.cc[VSTART];
	t->full = false;
}

/* What was typed in the other mode becomes one line, or no line. */
static void change_canonical(struct tty *t)
{
	memset(t->delimiter, 0, sizeof(t->delimiter));
	t->canon = t->tail;
	if (lflag(t, ICANON) && t->head != t->tail) {
		set_delimiter(t, t->head - 1, true);
		t->canon = t->head;
	}
	t->literal = false;
}

void tty_set_termios(struct tty *t, const struct tty_termios *termios)
{
	struct tty_termios old = t->termios;

	t->termios = *termios;
	t->termios.line = 0;
	if ((old.lflag ^ termios->lflag) & ICANON)
		change_canonical(t);
	/* What VSTOP has stopped could not be started any more. */
	if ((old.iflag & IXON) && !iflag(t, IXON))
		tty_start(t);
}
