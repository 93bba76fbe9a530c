/*
 * The terminal line discipline: between what a person types and what programs read and write.
 *
 * It behaves as Linux's n_tty does, byte for byte (tests/tty_linux_test.c compares the two), and does nothing but
 * compute: no system calls, no time, no pointers in its state. So it is tested on the host, and a struct tty may
 * lie in memory that outlives the server. Single-threaded.
 *
 *	tty_receive()			a byte has come from the line; look at tty->signals afterwards
 *	tty_ready(), tty_read()		what a read(2) would get; taking it
 *	tty_write()			what write(2) brings, post-processed
 *	tty_transmit()			what is to go out on the line
 *
 * Who may read, and who the signals are for, is jobs.h. Files: tty_input.c, tty_erase.c, tty_read.c, tty_output.c,
 * tty_modes.c.
 */
#ifndef USER_CONSOLE_TTY_H
#define USER_CONSOLE_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TTY_INPUT  4096 /* bytes typed ahead; one less can be used, as in Linux */
#define TTY_OUTPUT 8192 /* bytes on their way out; the half of it for echo alone */
#define TTY_CCS    19

/* struct termios of the Linux system calls: libraries have others. Constants: <termios.h>. */
struct tty_termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line;
	uint8_t cc[TTY_CCS];
};

/* struct winsize. */
struct tty_winsize {
	uint16_t rows, columns, xpixel, ypixel;
};

struct tty {
	uint32_t magic; /* TTY_MAGIC: what follows was made by this code */
	struct tty_termios termios;
	struct tty_winsize winsize;
	int32_t session; /* whose controlling terminal it is, by the leader's number; 0: nobody's */
	int32_t foreground; /* process group; 0: none */

	/*
	 * What was typed: tail <= canon <= head, counted up for ever. With ICANON the lines are below canon, and
	 * each ends at a byte whose delimiter bit is set: that of VEOF is 0, and is not read. Without, canon
	 * stays at the tail.
	 */
	uint32_t head, canon, tail;
	uint8_t input[TTY_INPUT];
	uint8_t delimiter[TTY_INPUT / 8];
	bool literal; /* VLNEXT: the next byte means nothing special */
	bool full;    /* the sender was asked to stop (IXOFF) */

	/* On its way out, post-processed. */
	uint32_t out_head, out_tail;
	uint8_t output[TTY_OUTPUT];
	uint32_t column;       /* of the cursor, as far as can be told: for tabs */
	uint32_t canon_column; /* where the line that is being typed began */
	bool stopped;          /* by VSTOP, or by TCOOFF */
	bool held;             /* by TCOOFF: VSTART does not undo it */
	uint8_t flow_char;     /* goes out before all else, even when stopped; 0: none */

	uint32_t
		signals; /* bit n: signal n is to go to the foreground group. For the caller to clear. */
};

#define TTY_MAGIC 0x31797474

/* --- modes --- */

/* As a terminal is after a boot: ICANON, ECHO and so on, 24 rows of 80 columns; nobody's. */
void tty_init(struct tty *t);
/* Whether it is a state that tty_init() and the calls here can have left: for memory that comes from elsewhere. */
bool tty_valid(const struct tty *t);
void tty_set_termios(struct tty *t, const struct tty_termios *termios);
void tty_flush_input(struct tty *t);
void tty_flush_output(struct tty *t);
/* tcflow(3): TCOOFF and so on. 0 or -EINVAL. */
int tty_flow(struct tty *t, int action);

/* --- input --- */

/* Whether tty_receive() has a place for a byte. If not, it is to be left where it is. */
bool tty_room(const struct tty *t);
/* Discards the byte if there is no room for it. */
void tty_receive(struct tty *t, uint8_t byte);
void tty_break(struct tty *t);

/*
 * How many bytes a read of `bytes` would get now: >= 0, or -EAGAIN: it has to wait. `expired`: the time that
 * tty_timeout() says is over.
 */
long tty_ready(const struct tty *t, size_t bytes, bool expired);
/* Copies what tty_ready() promises; takes it away only in tty_consume(). `bytes` the same in all three. */
size_t tty_peek(const struct tty *t, void *buffer, size_t bytes);
void tty_consume(struct tty *t, size_t bytes);
/*
 * How long a read that waits may do so from now on, in ns; 0: for ever. With VMIN it begins anew with each byte.
 */
uint64_t tty_timeout(const struct tty *t);
/* FIONREAD. */
size_t tty_readable(const struct tty *t);
/* POLLIN. */
bool tty_poll_in(const struct tty *t);

/* --- output --- */

/* Takes up to `bytes`. Returns how many: fewer when there is no more room. */
size_t tty_write(struct tty *t, const void *data, size_t bytes);
/* tty_write() takes no more than that now; 0: nothing. */
size_t tty_write_room(const struct tty *t);

/* Where the output stands, to take back what is written from now on, as long as none of it is transmitted. */
struct tty_mark {
	uint32_t out_head, column, canon_column;
};

static inline struct tty_mark tty_mark(const struct tty *t)
{
	return (struct tty_mark){t->out_head, t->column, t->canon_column};
}

void tty_unwrite(struct tty *t, struct tty_mark mark);
/* TOSTOP: who is not in the foreground may not write. */
bool tty_stops_background(const struct tty *t);
/* POLLOUT. */
bool tty_poll_out(const struct tty *t);
/* The next bytes for the line, up to `room`; 0: none, or it is stopped. They are gone from here. */
size_t tty_transmit(struct tty *t, void *buffer, size_t room);
/* Whether tty_transmit() would give anything. */
static inline bool tty_wants_line(const struct tty *t)
{
	return t->flow_char || (!t->stopped && t->out_head != t->out_tail);
}

/* TIOCOUTQ: bytes that have not gone out. */
static inline size_t tty_pending(const struct tty *t)
{
	return t->out_head - t->out_tail;
}

#endif
