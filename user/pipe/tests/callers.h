/* Callers of the pipe server, as the kernel would keep them, for its tests. */
#ifndef USER_PIPE_TESTS_CALLERS_H
#define USER_PIPE_TESTS_CALLERS_H

#include <setjmp.h>

#include "user/pipe/pipe.h"

/* One in a call. */
struct call {
	uint64_t token, bytes;
	bool used, answered, gone;
	bool bad_memory; /* where the data of an answer were to go */
	const char *out; /* what it writes */
	long status;
	uint64_t more;
	uint64_t cookies[2];
	uint32_t given;
	char in[RING_BYTES];
	uint32_t got;
};

extern struct pipes state;
/* As ipc_last() would tell. */
extern uint64_t answered, closed;
extern uint64_t notified;
extern unsigned int notifies;
/* The server dies, by a jump to `died`, before or after so many answers; 0: never. */
extern jmp_buf died;
extern unsigned int deaths_in;
extern bool dies_after;

/* Setup and teardown of a test: a server without state, and nobody who waits. */
int start_server(void **unused);
int stop_server(void **unused);

struct call *new_call(uint64_t bytes, const char *out);
void end_call(struct call *c);
/* What a handler returns is an answer too, unless it is FS_DEFERRED. */
struct call *settle(struct call *c, long ret);
/* A read or a write. */
struct call *handle(struct call *c, long (*fn)(struct end *e, uint64_t token, uint64_t bytes),
		    uint64_t cookie);

/* A new pipe's cookies. */
void make_pipe(bool nonblock, uint64_t *cookies);
long read_now(uint64_t cookie, uint64_t bytes);

#endif
