/*
 * The main loop of a server of files: messages of kernel/abi/fs.h, taken apart, to one function an operation.
 * docs/files.md says what a server has to do.
 *
 *	static long my_read(struct fs_request *r) { ... return bytes; }
 *	static struct fs_server server = {.handlers = {[FS_READ] = my_read, ...}, .pulse = my_pulse};
 *	server.port = ipc_port(0);
 *	fs_serve(&server);
 *
 * One thread. A handler never waits: it answers, or says FS_DEFERRED, keeps the token, and answers later by
 * fs_answer().
 */
#ifndef USER_LIB_FSSERVER_H
#define USER_LIB_FSSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/fs.h"
#include "user/lib/ipc.h"

#define FS_DEFERRED                                                                                \
	(-6000) /* a handler's result: nobody has answered yet, or it has done so itself */

struct fs_server;

struct fs_request {
	struct fs_server *server;
	long token;
	union {
		struct ipc_message message; /* as it has come */
		struct {
			uint64_t cookie; /* which connection */
			uint64_t what;   /* FS_OP(): taken apart below */
			uint64_t arg[3];
			uint32_t all_bytes;  /* of the path and the data */
			uint32_t nr_handles; /* ipc_take() gets them */
		};
	};
	unsigned int op, flags;
	const char *path;    /* with a NUL; "" without FS_BY_PATH */
	uint32_t path_bytes; /* what of the message's data it is */
	const char *data;    /* what has come at once of the data behind it */
	uint32_t data_here;  /* its bytes */
	uint32_t data_bytes; /* of all of them: fs_data() gets the rest */

	/* The answer beside the status. */
	uint64_t word[2];
	const void *reply; /* must stay until it is answered: static, or in the server's own data */
	size_t reply_bytes;
	int fds[2]; /* go to the caller, and are closed here */
	unsigned int nr_fds;
	bool in_word; /* few bytes of `reply` may go there: seen to here */

	/*
	 * Is called once the handler's result has been answered, before the next message or pulse is handled, and
	 * perhaps only when that has come: what the call changes for good belongs there, but nothing that somebody
	 * waits for (fs_answer() is for that). taken: the caller has got it; otherwise it has left, and may make the
	 * call again. Path and data are another message's by then.
	 */
	void (*answered)(struct fs_request *r, long status, bool taken);
	uint64_t note; /* the handler's own, for that */
};

typedef long (*fs_handler)(struct fs_request *r);

struct fs_server {
	int port;
	/* An operation without one is answered by the errno that Linux has for a file that cannot do it. */
	fs_handler handlers[FS_OPS];
	/* code: enum ipc_pulse. IPC_PULSE_CLOSED: nothing more will come by the connection with this cookie. */
	void (*pulse)(struct fs_server *s, uint64_t cookie, uint64_t code, uint64_t value);
	void *priv;
};

/* Serves until the port is gone: returns that error. */
long fs_serve(struct fs_server *s);

/* Copies `bytes` of the data behind the path, from `offset` on. The bytes, fewer at the end, or -errno. */
long fs_data(struct fs_request *r, uint64_t offset, void *buffer, uint64_t bytes);

/* Copies into what the caller receives, from `offset` on, before it is answered without data. The bytes or -errno. */
long fs_put(struct fs_request *r, uint64_t offset, const void *data, uint64_t bytes);

/* The one handle that came with the message, as the server's own. 0; -EINVAL: none came, or several; or -errno. */
long fs_take(struct fs_request *r, int *fd);

/*
 * Ends a call at once, or a deferred one later; data NULL: none. 0; -ESRCH: the caller has left, and has got
 * nothing: what it was to get is still the server's. Everything that a read would take away for good goes this way.
 */
long fs_answer(struct fs_server *s, long token, long status, uint64_t word0, const void *data,
	       size_t bytes);

/* For a result: a new connection with `cookie` goes to the caller. 0 or -errno. */
long fs_give_connection(struct fs_request *r, uint64_t cookie);
/* For a result: go on with `rest` at `fd`, which is dup'ed; fd -1: at the process's root. `rest` must stay. */
long fs_redirect(struct fs_request *r, int fd, const char *rest);

/* Who asks. 0 or -ESRCH. */
static inline long fs_client(const struct fs_request *r, struct ipc_info *info)
{
	return ipc_info(r->server->port, r->token, info);
}

/* Wakes a poll: kernel/abi/fs.h. */
static inline long fs_notify(const struct fs_server *s, uint64_t poll_id)
{
	return raw_syscall2(SYS_fs_notify, s->port, (long)poll_id);
}

/* The process's root and working directory; -1: none. */
static inline long fs_root(int directory)
{
	return raw_syscall1(SYS_fs_root, directory);
}

#endif
