/*
 * For the tests of the kernel's file layer: a server that answers as the test has said, and keeps what it was
 * asked. What real servers make of the messages is tested with them.
 */
#ifndef USER_TESTS_FILES_H
#define USER_TESTS_FILES_H

#include "user/lib/fsserver.h"
#include "user/tests/ipc.h"

#define SCRIPT_MAX  48
#define ROOT_COOKIE FIRST_COOKIE /* of the first connection; those that it gives have 1, 2, ... */

/* What is done about one message. */
struct script_answer {
	long status;          /* FS_DEFERRED: nothing, ever */
	uint64_t word, word1; /* words 0 and 1 of the reply */
	char data[512];
	uint64_t data_bytes;
	unsigned int connections; /* new ones that go along */
	bool alien;               /* they are another port's */
	bool map;                 /* `data` goes in a memory object, of one page */
	int send_signal;          /* to the client, before the answer */
	bool wait_gone;           /* after that: until the client has left */
	bool linger; /* after that: a while, in which a client could leave that must not */
	bool notify; /* of a poll: what it has asked for may have come */
	bool die;    /* exit without an answer */
};

/* What has come. */
struct script_seen {
	uint64_t cookie;
	unsigned int op, flags;
	uint64_t arg[3];
	char path[256];
	char data[512]; /* behind the path, as much as there is room */
	uint64_t data_bytes, in_bytes;
	long answered; /* what ipc_reply said */
};

/*
 * In memory that the test and its server share. Answers are used up in turn; then all is answered by status 0. Of what
 * has come the last SCRIPT_MAX are kept.
 */
struct script {
	struct script_answer answers[SCRIPT_MAX];
	struct script_seen seen[SCRIPT_MAX];
	volatile unsigned int nr_seen, nr_closed;
	unsigned int nr_answers;
	uint64_t next_cookie;
	pid_t server;
	int connection; /* to it, with ROOT_COOKIE */
};

extern struct script *script;

/* Skips the test on Linux. Starts the server; its connection becomes the root. */
void script_start(void);
/* Ends the server, which must have had just `messages`, and closed all connections that it has made but the root. */
void script_end(unsigned int messages);
/* Answers the next message, or the one after the last that has an answer; to be filled. */
struct script_answer *script_answer(long status);
/* The message last received; that one before the `back` last ones. */
const struct script_seen *script_last(unsigned int back);

/* It had this path (NULL: none), operation, flags and arguments. */
void check_seen(const struct script_seen *seen, unsigned int op, unsigned int flags,
		const char *path, uint64_t a1, uint64_t a2, uint64_t a3);

#endif
