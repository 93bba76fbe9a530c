/*
 * Pipes: bytes in a ring, those who wait for them, and those who poll. The server is main.c.
 *
 *	pipes_attach()			the state, new or as the last server has left it
 *	pipe_make(), pipe_open_fifo()	two ends; one end of what has a name
 *	end_read(), end_write(), end_poll(), end_close() ...
 *
 * What must outlive the server lies in memory that its successor gets too (struct pipes): rings, counts, ends.
 * Waiting calls do not: the kernel has them received again. A call changes the state when it is answered, not
 * before: what it is about to do is written down first (struct journal), and a successor does it if the caller has
 * its answer. So nobody sees that a server was killed, wherever that was.
 *
 * One thread. Results are those of the file operations (kernel/abi/fs.h), FS_DEFERRED for what is answered
 * already, or will be.
 */
#ifndef USER_PIPE_PIPE_H
#define USER_PIPE_PIPE_H

#include <stdbool.h>
#include <stdint.h>

#define PIPES_MAX   1024
#define ENDS_MAX    4096
#define RING_BYTES  65536u /* a power of two */
#define PIPE_ATOMIC 4096u  /* PIPE_BUF: a write of so much is not mixed with others */

/* One open description. */
struct end {
	uint32_t generation; /* of the cookie; changes when the end is closed */
	uint16_t pipe;
	bool used, reads, writes, nonblock;
};

/* in - out bytes are there, from out on; both only grow. */
struct pipe {
	uint64_t key; /* of a FIFO: its name; 0: none */
	uint64_t in, out;
	uint64_t number; /* st_ino */
	uint16_t index;  /* its own */
	uint16_t readers, writers;
	bool used;
	bool had_writer; /* ever: no writer now means the end of the data */
};

/* What the answer under way will have changed. */
struct journal {
	uint64_t token; /* 0: nothing is under way */
	uint32_t pipe;
	uint32_t nr_ends; /* that the caller was to get */
	uint64_t in, out;
	uint64_t ends[2]; /* their cookies */
};

struct pipes {
	uint64_t magic;
	uint64_t numbers; /* that were given out */
	struct journal journal;
	struct pipe pipes[PIPES_MAX];
	struct end ends[ENDS_MAX];
};

/* --- what the server does for it; in a test, what the test does --- */

/* As fs_answer(). */
long pipe_answer(uint64_t token, long status, uint64_t word0, const void *data, uint32_t bytes);
/*
 * The answer to the call that is being handled, by what the handler returns: then pipe_answered() is called before
 * anything else is. False: it is another call's.
 */
bool pipe_answer_later(uint64_t token, long status, uint64_t word0, const void *data,
		       uint32_t bytes);
/*
 * Answers with status 0 and connections with these cookies. 0, or -errno and nobody has got them: *made is how many
 * there were then, which end_close() will be called for.
 */
long pipe_give(uint64_t token, const uint64_t *cookies, uint32_t n, uint32_t *made);
/* The caller's data from `offset` on: bytes, or -errno. */
long pipe_fetch(uint64_t token, uint32_t offset, void *to, uint32_t bytes);
/* Whether somebody waits with that token. */
bool pipe_waits(uint64_t token);
/* A poll may see something new. */
void pipe_notify(uint64_t poll_id);
/* The ring of pipe `i`, where byte RING_BYTES + n is byte n; NULL: no memory. */
char *pipe_ring(unsigned int i);

/* --- */

/*
 * `state` is all zero, or what the last server has left; that has answered the call with token `answered`, and received
 * that the connection with cookie `closed` is gone, last. Before any message is received.
 */
void pipes_attach(struct pipes *state, uint64_t answered, uint64_t closed);

/* The end that a cookie names, or NULL. */
struct end *pipe_end(uint64_t cookie);

/* A new one: the caller gets an end to read from and one to write to. */
long pipe_make(uint64_t token, bool nonblock);
/* The FIFO with that name, made when it is not there. Without nonblock it waits for the other side. */
long pipe_open_fifo(uint64_t token, uint64_t key, bool reads, bool writes, bool nonblock);

/* The answer that was to be made later has been heard, or has not. */
void pipe_answered(bool heard);

long end_read(struct end *e, uint64_t token, uint64_t bytes);
long end_write(struct end *e, uint64_t token, uint64_t bytes);
/* The events that there are; none, and id: the poll is told when that may have changed. */
long end_poll(struct end *e, unsigned int events, uint64_t id);
uint32_t end_available(const struct end *e);
uint64_t end_number(const struct end *e);
/* Its last handle is gone. */
void end_close(uint64_t cookie);

#endif
