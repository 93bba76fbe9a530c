/*
 * Messages, for C: kernel/abi/ipc.h in functions. docs/ipc.md says how they are used together.
 *
 * Needs no library. Each call returns a value, or -errno. A server's main loop:
 *
 *	long token = ipc_receive(port, &m, NULL);
 *	for (;;)
 *		token = ipc_reply_receive(port, token, handle(&m, token), &m, NULL);
 */
#ifndef USER_LIB_IPC_H
#define USER_LIB_IPC_H

#include <stddef.h>

#include "kernel/abi/ipc.h"
#include "user/lib/rawsys.h"

/* What a receive has brought; what a reply takes along: words[0] and [1]. */
struct ipc_message {
	uint64_t cookie;
	uint64_t words[IPC_WORDS]; /* of a pulse: its code and its value */
	uint32_t bytes, handles;   /* of the message's data, and with it */
};

static inline long ipc_port(unsigned int flags)
{
	return raw_syscall1(SYS_ipc_port, flags);
}

static inline long ipc_connect(int port, uint64_t cookie, unsigned int flags)
{
	return raw_syscall3(SYS_ipc_connect, port, cookie, flags);
}

/* words[0..3] go to the server, [0] and [1] are the reply's afterwards. timeout in ns, 0: none. */
static inline long ipc_call_timed(int connection, uint64_t *words, uint64_t timeout)
{
	register uint64_t r10 __asm__("r10") = words[2];
	register uint64_t r8 __asm__("r8") = words[3];
	register uint64_t r9 __asm__("r9") = timeout;
	uint64_t w0 = words[0], w1 = words[1];
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret), "+S"(w0), "+d"(w1)
			 : "a"(SYS_ipc_call), "D"((long)connection), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	words[0] = w0;
	words[1] = w1;
	return ret;
}

static inline long ipc_call(int connection, uint64_t *words)
{
	return ipc_call_timed(connection, words, 0);
}

static inline long ipc_send(int connection, struct ipc_msg *m)
{
	long ret;

	/* Words and replies pass through registers here too. */
	uintptr_t msg = (uintptr_t)m;
	uint64_t rdx;

	__asm__ volatile("syscall"
			 : "=a"(ret), "+S"(msg), "=d"(rdx)
			 : "a"(SYS_ipc_send), "D"((long)connection)
			 : "rcx", "r8", "r10", "r11", "memory");
	return ret;
}

static inline long ipc_receive_raw(long nr, int port, uint64_t token, long status, uint64_t word0,
				   uint64_t word1, struct ipc_message *m, const void *buffer)
{
	register uint64_t r10 __asm__("r10") = word0;
	register uint64_t r8 __asm__("r8") = word1;
	register uint64_t r9 __asm__("r9") = (uintptr_t)buffer;
	uint64_t rdi = (uint64_t)(long)port, rsi = token, rdx = (uint64_t)status;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r10), "+r"(r8), "+r"(r9)
			 : "a"(nr)
			 : "rcx", "r11", "memory");
	m->cookie = rdi;
	m->words[0] = rsi;
	m->words[1] = rdx;
	m->words[2] = r10;
	m->words[3] = r8;
	m->bytes = (uint32_t)r9;
	m->handles = (uint32_t)(r9 >> 32);
	return ret;
}

/* A token (> 0), 0 for a pulse, or -errno. buffer: where the data's beginning goes, how long to wait; or NULL. */
static inline long ipc_receive(int port, struct ipc_message *m, const struct ipc_buffer *buffer)
{
	return ipc_receive_raw(SYS_ipc_receive, port, (uintptr_t)buffer, 0, 0, 0, m, NULL);
}

static inline long ipc_reply(int port, long token, long status, uint64_t word0, uint64_t word1,
			     const struct ipc_reply *r)
{
	return raw_syscall6(SYS_ipc_reply, port, token, status, word0, word1, (uintptr_t)r);
}

/* Replies with m->words[0] and [1], if token > 0, and receives. */
static inline long ipc_reply_receive(int port, long token, long status, struct ipc_message *m,
				     const struct ipc_buffer *buffer)
{
	return ipc_receive_raw(SYS_ipc_reply_receive, port, token > 0 ? token : 0, status,
			       m->words[0], m->words[1], m, buffer);
}

/* Replies with that and s's data and handles, if token > 0, and receives into s's buffer. */
static inline long ipc_serve(int port, long token, long status, struct ipc_message *m,
			     const struct ipc_serve *s)
{
	return ipc_receive_raw(SYS_ipc_serve, port, token > 0 ? token : 0, status, m->words[0],
			       m->words[1], m, s);
}

static inline long ipc_read(int port, long token, uint64_t offset, void *buffer, uint64_t bytes)
{
	return raw_syscall6(SYS_ipc_read, port, token, offset, (uintptr_t)buffer, bytes, 0);
}

static inline long ipc_write(int port, long token, uint64_t offset, const void *buffer,
			     uint64_t bytes)
{
	return raw_syscall6(SYS_ipc_write, port, token, offset, (uintptr_t)buffer, bytes, 0);
}

static inline long ipc_take(int port, long token, int32_t *handles, unsigned int room)
{
	return raw_syscall4(SYS_ipc_take, port, token, (uintptr_t)handles, room);
}

static inline long ipc_info(int port, long token, struct ipc_info *info)
{
	return raw_syscall3(SYS_ipc_info, port, token, (uintptr_t)info);
}

static inline long ipc_pulse(int connection, uint64_t bits)
{
	return raw_syscall2(SYS_ipc_pulse, connection, bits);
}

static inline long ipc_timer(int port, uint64_t cookie, unsigned int flags)
{
	return raw_syscall3(SYS_ipc_timer, port, cookie, flags);
}

static inline long ipc_timer_set(int timer, uint64_t ns)
{
	return raw_syscall2(SYS_ipc_timer_set, timer, ns);
}

static inline long ipc_watch(int connection, int port, uint64_t cookie, unsigned int flags)
{
	return raw_syscall4(SYS_ipc_watch, connection, port, cookie, flags);
}

static inline long ipc_requeue(int port)
{
	return raw_syscall1(SYS_ipc_requeue, port);
}

static inline long ipc_last(int port, struct ipc_last *last)
{
	return raw_syscall2(SYS_ipc_last, port, (long)last);
}

static inline long memobj_create(uint64_t bytes, unsigned int flags)
{
	return raw_syscall2(SYS_memobj_create, bytes, flags);
}

static inline long memobj_end(int object, uint64_t bytes)
{
	return raw_syscall2(SYS_memobj_end, object, bytes);
}

static inline long memobj_view(int object, unsigned int flags)
{
	return raw_syscall2(SYS_memobj_view, object, flags);
}

#endif
