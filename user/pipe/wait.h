/* Who waits at a pipe: calls that are not answered, in their order, and polls. Both are gone with the server. */
#ifndef USER_PIPE_WAIT_H
#define USER_PIPE_WAIT_H

#include <stdbool.h>
#include <stdint.h>

enum wait_kind { WAIT_READ, WAIT_WRITE, WAIT_OPEN_READ, WAIT_OPEN_WRITE, WAIT_KINDS };

struct waiter {
	uint64_t token, bytes;
	struct waiter *next;
};

void waits_init(void);

/* Whether there is any, or a poll. */
bool waits_any(unsigned int pipe);

/* Behind all others. False: no memory. Callers that have left are forgotten now and then. */
bool wait_add(unsigned int pipe, enum wait_kind kind, uint64_t token, uint64_t bytes);
/* The first, or NULL. */
const struct waiter *wait_first(unsigned int pipe, enum wait_kind kind);
/* The first whose caller has not left, or NULL. */
const struct waiter *wait_first_alive(unsigned int pipe, enum wait_kind kind);
/* The first, which there is, is not there any more. */
void wait_drop_first(unsigned int pipe, enum wait_kind kind);

/* Replaces an earlier poll of the same end and task. False: no memory. */
bool polls_add(unsigned int pipe, uint64_t cookie, uint64_t id);
/* All of the pipe are told, once. */
void polls_wake(unsigned int pipe);

#endif
