/*
 * The console server: the terminal of a machine, as /dev/console, /dev/tty and /dev/ttyS0. docs/console.md is the
 * page on it.
 *
 *	main.c		its arguments, the handles that it is given, its main loop
 *	files.c		what is open: cookies, flags, fstat
 *	io.c		reading, writing, polling
 *	waiting.c	whoever has to wait for that
 *	ioctl.c		modes, window size, job control
 *	jobs.c		whose terminal it is, and who may not use it now
 *	line.c		the serial line: interrupts, and what keeps them honest
 *
 * Below that are parts which compute only: the line discipline (tty.h), the screen (screen.h).
 *
 * One thread; a handler ends with console_settle(). What must outlive this process is in struct console_state, and
 * nothing else is remembered between two messages but who waits, whose messages come again to the next instance.
 */
#ifndef USER_CONSOLE_CONSOLE_H
#define USER_CONSOLE_CONSOLE_H

#include <fcntl.h>

#include "user/console/display.h"
#include "user/console/tty.h"
#include "user/console/uart.h"
#include "user/lib/fsserver.h"

#define CONSOLE_OPENS   1024
#define CONSOLE_WAITERS 256
#define CONSOLE_POLLS   256

/* By which name the terminal was opened: the cookies of the connections that are mounted. */
enum console_name {
	CONSOLE_CONSOLE = 1, /* /dev/console: never becomes anybody's controlling terminal */
	CONSOLE_TTY,         /* /dev/tty: the caller's controlling terminal */
	CONSOLE_SERIAL,      /* /dev/ttyS0 */
	CONSOLE_NAMES
};

/* In memory that outlives the server, if init gives some. Zeroed: new. */
struct console_state {
	struct tty tty;
	uint32_t generation; /* of the latest open description */
	struct open {
		uint32_t generation; /* 0: free */
		uint32_t flags;      /* O_* */
	} opens[CONSOLE_OPENS];
	/*
	 * The answer under way: the server may be killed between the caller's getting it and what follows from it.
	 * ipc_last() tells the next one whether it was got.
	 */
	struct {
		long token;           /* 0: none */
		uint64_t read;        /* > 0: a read of so many bytes is taken away if it was got */
		struct tty_mark mark; /* what was written since is taken back if it was not */
	} journal;
};

enum waiter_kind {
	WAIT_READ,
	WAIT_WRITE,
	WAIT_DRAIN, /* until all has gone out: then a command of ioctl.c */
};

struct waiter {
	long token;
	enum waiter_kind kind;
	uint64_t bytes; /* of a read or write */
	unsigned long command;
	struct tty_termios termios;
};

struct poll_wait {
	uint64_t cookie, id;
	uint32_t events;
};

struct console {
	struct fs_server server; /* priv: this */
	struct console_state *state;
	struct tty *tty; /* in state */
	struct uart uart;
	int irq;                    /* handle; -1: none */
	int processes;              /* the right to know of processes; -1: none */
	int read_timer, line_timer; /* handles */
	uint64_t read_deadline;     /* of the first reader, as CLOCK_MONOTONIC; 0: none */
	bool expired;               /* that is over */
	bool line_timer_set;
	struct display display; /* without memory: there is none */
	struct screen screen;
	unsigned int nr_waiters, nr_polls;
	struct waiter waiters[CONSOLE_WAITERS]; /* the oldest first */
	struct poll_wait polls[CONSOLE_POLLS];
};

static inline struct console *console_of(const struct fs_request *r)
{
	return r->server->priv;
}

/* After anything has happened: lets input, output, signals and whoever waits go on as far as they can. */
void console_settle(struct console *c);

/* Cookies of pulses that are the server's own; those of names and open files are smaller. */
#define COOKIE_IRQ        (1ull << 56)
#define COOKIE_READ_TIMER (2ull << 56)
#define COOKIE_LINE_TIMER (3ull << 56)

/* --- files.c --- */

long console_open(struct fs_request *r);
long console_access(struct fs_request *r);
long console_stat(struct fs_request *r);
long console_getfl(struct fs_request *r);
long console_setfl(struct fs_request *r);
/* The last handle of the connection is gone. */
void console_closed(struct console *c, uint64_t cookie);
/* O_* of the open description; of a name's connection none that it could be read or written by (O_PATH). */
unsigned int console_flags(struct console *c, uint64_t cookie);

/* --- io.c --- */

long console_read(struct fs_request *r);
long console_write(struct fs_request *r);
long console_poll(struct fs_request *r);
/* For a successor: what follows from the last answer, which the caller has got if its token is `answered`. */
void console_recover(struct console *c, uint64_t answered);
/* Each tries to answer. Returns whether it is over: answered, or nobody is there to be answered. */
bool console_try_read(struct console *c, long token, uint64_t bytes, bool nonblock);
bool console_try_write(struct console *c, long token, uint64_t bytes, bool nonblock);
/* Wakes those whose files have become ready. */
void console_notify(struct console *c);

/* --- waiting.c --- */

/* FS_DEFERRED, or -ENOMEM: there are too many already. */
long waiter_add(struct console *c, const struct waiter *w);
/* Answers whom it can. Returns whether there were any. */
bool waiters_run(struct console *c);
/* The time of the first reader begins, or begins anew with a byte that has come (VTIME). */
void waiters_restart_timer(struct console *c);
/* Its timer has fired, now or before it was set again. */
void waiters_timer(struct console *c);

/* --- ioctl.c --- */

long console_ioctl(struct fs_request *r);
/* What was to be done once all has gone out. */
void console_drained(struct console *c, const struct waiter *w);

/* --- jobs.c --- */

struct client {
	int32_t pid, tid, pgid, sid;
};

/* 0; -ESRCH: has left. */
long jobs_client(const struct fs_request *r, struct client *client);
/* Whether it is the client's controlling terminal. */
bool jobs_controls(const struct console *c, const struct client *client);
/*
 * Whether the client may do now what background processes may not: 0; FS_RESTART: its group was sent `signal`
 * (SIGTTIN, SIGTTOU), or -EIO.
 */
long jobs_check(struct console *c, const struct fs_request *r, int signal);
/* The client's session gets the terminal, if it leads it and the terminal is nobody's. */
bool jobs_acquire(struct console *c, const struct client *client);
/* TIOCSPGRP, by who may. 0, -ESRCH, -EPERM: a group of another session. */
long jobs_set_foreground(struct console *c, int32_t group);
/* To the foreground group. */
void jobs_signal(const struct console *c, int signal);
/* The session has the terminal no more: SIGHUP and SIGCONT to the foreground group. */
void jobs_hang_up(struct console *c);
/* The same if the session's leader has died. */
void jobs_hang_up_dead(struct console *c);

/* --- line.c --- */

/* Bytes that have come go to the line discipline; what is to go out goes, as far as the port takes it. */
void line_service(struct console *c);
/* The pulses of the interrupt and of the timer. */
void line_interrupt(struct console *c);
void line_timer(struct console *c);

#endif
