/* For the tests of messages: a server in another process, and what they check all the time. */
#ifndef USER_TESTS_IPC_H
#define USER_TESTS_IPC_H

#include "user/lib/ipc.h"
#include "user/tests/abitest.h"

/* Skips the test on Linux. */
void need_ipc(void);

struct server {
	pid_t pid;
	int connection;
};

/* What start_server()'s servers do: until a message has words[0] == SERVE_END. */
enum {
	SERVE_END,     /* status 0, then exit(0) */
	SERVE_ADD,     /* status words[1] + words[2]; words of the reply: [3] and the cookie */
	SERVE_NEVER,   /* no reply */
	SERVE_DIE,     /* exit(1) without a reply */
	SERVE_CONNECT, /* a handle of a new connection with cookie words[1] */
	SERVE_CLOSED, /* how many connections have been closed until now; words: the last one's cookie */
	SERVE_FORGET, /* replies -ENOMSG to all who wait for SERVE_NEVER */
};

#define FIRST_COOKIE 0x1234567890abcdef

/* A process with a port; the connection has FIRST_COOKIE. */
struct server start_server(void);
/* The same with a loop of one's own; `body` returns the exit code. */
struct server start_server_with(int (*body)(int port));
/* Sends SERVE_END and waits for it. */
void end_server(struct server *s);

/* One short call: the server's status. */
long call1(int connection, uint64_t w0, uint64_t w1);

/* Waits for `pid`; its wait status. */
int status_of_pid(pid_t pid);

#endif
