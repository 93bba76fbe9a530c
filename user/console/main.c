/*
 * The console server's start and main loop.
 *
 *	console port=FD [state=FD] [ioports=FD [irq=FD]] [screen=FD mode=NUMBERS] [processes=FD]
 *
 * port: receives here, by a handle that its parent keeps too. state: a memory object for struct console_state,
 * likewise, all zero at first. ioports, irq: the serial port's, and the ports from VGA's 0x3c0 on. Without the
 * former nothing is shown and nothing is typed, without the latter the port is looked at by a timer. screen, mode:
 * memory that is shown, and how it is laid out (MODE_FORMAT); what goes out on the line is shown there too.
 * processes: the right to know of processes; without it nobody knows who ignores SIGTTIN.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "user/console/console.h"
#include "user/console/portio.h"
#include "user/lib/freewalk.h"
#include "user/lib/machine.h"

#define NO_FD (~0ul)

#define CRTC_INDEX 0x3d4 /* with colours */

/* Where the memory begins in its first page, and then struct machine_framebuffer from `pitch` on. */
#define MODE_FORMAT "%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u"

static struct console console;

static void send_signals(struct console *c)
{
	for (int signal = 1; c->tty->signals; signal++) {
		if (c->tty->signals >> signal & 1)
			jobs_signal(c, signal);
		c->tty->signals &= ~(1u << signal);
	}
}

void console_settle(struct console *c)
{
	do {
		line_service(c);
		send_signals(c);
	} while (waiters_run(c));
	console_notify(c);
	if (c->display.memory)
		display_update(&c->display, &c->screen);
}

static void pulse(struct fs_server *s, uint64_t cookie, uint64_t code, uint64_t value)
{
	struct console *c = s->priv;

	(void)value;
	if (code == IPC_PULSE_CLOSED) {
		console_closed(c, cookie);
		/* A dying leader closes what it has open. */
		jobs_hang_up_dead(c);
	} else if (cookie == COOKIE_READ_TIMER) {
		waiters_timer(c);
	} else if (cookie == COOKIE_LINE_TIMER) {
		line_timer(c);
	} else if (cookie == COOKIE_IRQ) {
		line_interrupt(c);
	}
	console_settle(c);
}

static const struct fs_server server = {
	.handlers =
		{
			[FS_READ] = console_read,
			[FS_WRITE] = console_write,
			[FS_IOCTL] = console_ioctl,
			[FS_GETFL] = console_getfl,
			[FS_SETFL] = console_setfl,
			[FS_POLL] = console_poll,
			[FS_STAT] = console_stat,
			[FS_OPEN] = console_open,
			[FS_ACCESS] = console_access,
		},
	.pulse = pulse,
	.priv = &console,
};

/* What a predecessor has left, or a new terminal. False: no memory. */
static bool attach_state(struct console *c, unsigned long fd)
{
	struct console_state *state;
	struct ipc_last last;

	if (fd == NO_FD)
		fd = (unsigned long)memobj_create(sizeof(*state), 0);
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
	if (state == MAP_FAILED || ipc_last(c->server.port, &last))
		return false;
	c->state = state;
	c->tty = &state->tty;
	if (tty_valid(c->tty)) {
		console_recover(c, last.answered);
		console_closed(c, last.closed);
	} else {
		if (c->tty->magic)
			say("console: what the last one has left makes no sense: a new terminal");
		memset(state, 0, sizeof(*state));
		tty_init(c->tty);
	}
	return true;
}

/* False, with a message: a handle is not what it should be. */
static bool attach_line(struct console *c, unsigned long ioports, unsigned long irq)
{
	long ret;

	c->irq = irq == NO_FD ? -1 : (int)irq;
	if (ioports == NO_FD)
		return true;
	ret = ioports_enable((int)ioports);
	if (ret) {
		say("console: ioports: %s", strerror((int)-ret));
		return false;
	}
	uart_init(&c->uart, UART_COM1);
	ret = c->irq < 0 ? 0 : irq_attach(c->irq, c->server.port, COOKIE_IRQ);
	if (ret)
		say("console: irq: %s", strerror((int)-ret));
	return ret == 0;
}

/* The one that the loader has left blinks where it was. Source: VGA, CRT controller, cursor start register, bit 5. */
static void hide_hardware_cursor(void)
{
	port_out(CRTC_INDEX, 0x0a);
	port_out(CRTC_INDEX + 1, 0x20);
}

/* False, with a message: `mode` makes no sense, or the memory cannot be mapped. A mode that cannot be shown is not. */
static bool attach_screen(struct console *c, unsigned long fd, const char *mode)
{
	unsigned int v[12];
	struct machine_framebuffer fb;
	char *memory;

	if (fd == NO_FD)
		return true;
	if (sscanf(mode, MODE_FORMAT, v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7, v + 8,
		   v + 9, v + 10, v + 11) != 12) {
		say("console: mode: \"%s\" is not twelve numbers", mode);
		return false;
	}
	fb = (struct machine_framebuffer){
		.pitch = v[1],
		.width = v[2],
		.height = v[3],
		.bits_per_pixel = (uint8_t)v[4],
		.type = (uint8_t)v[5],
		.red_shift = (uint8_t)v[6],
		.red_bits = (uint8_t)v[7],
		.green_shift = (uint8_t)v[8],
		.green_bits = (uint8_t)v[9],
		.blue_shift = (uint8_t)v[10],
		.blue_bits = (uint8_t)v[11],
	};
	memory = mmap(NULL, v[0] + (size_t)fb.pitch * fb.height, PROT_READ | PROT_WRITE, MAP_SHARED,
		      (int)fd, 0);
	if (memory == MAP_FAILED) {
		say("console: screen: %s", strerror(errno));
		return false;
	}
	if (!display_init(&c->display, &fb, memory + v[0])) {
		say("console: a screen of %ux%u, depth %u, type %u cannot be shown", fb.width,
		    fb.height, fb.bits_per_pixel, fb.type);
		return true;
	}
	if (fb.type == MACHINE_FB_TEXT && c->uart.base)
		hide_hardware_cursor();
	screen_init(&c->screen, c->display.rows, c->display.columns);
	return true;
}

static bool attach_timers(struct console *c)
{
	c->read_timer = (int)ipc_timer(c->server.port, COOKIE_READ_TIMER, IPC_CLOEXEC);
	c->line_timer = (int)ipc_timer(c->server.port, COOKIE_LINE_TIMER, IPC_CLOEXEC);
	return c->read_timer >= 0 && c->line_timer >= 0;
}

int main(int argc, char **argv)
{
	static const char *const keys[] = {"port",   "state", "ioports",   "irq",
					   "screen", "mode",  "processes", NULL};
	struct console *c = &console;
	unsigned long port = arg_number(argc, argv, "port", NO_FD);

	if (port == NO_FD || arg_unknown(argc, argv, keys)) {
		say("console: usage: console port=FD [state=FD] [ioports=FD [irq=FD]] "
		    "[screen=FD mode=NUMBERS] [processes=FD]");
		return 2;
	}
	c->server = server;
	c->server.port = (int)port;
	c->processes = (int)arg_number(argc, argv, "processes", NO_FD);
	if (!attach_state(c, arg_number(argc, argv, "state", NO_FD)) || !attach_timers(c)) {
		say("console: no memory, or descriptor %lu is no port", port);
		return 1;
	}
	if (!attach_line(c, arg_number(argc, argv, "ioports", NO_FD),
			 arg_number(argc, argv, "irq", NO_FD)) ||
	    !attach_screen(c, arg_number(argc, argv, "screen", NO_FD),
			   arg_string(argc, argv, "mode", "")))
		return 1;
	console_settle(c);
	say("console: the port is gone: %s", strerror((int)-fs_serve(&c->server)));
	return 1;
}
