/*
 * conform: what system calls do, told line by line, to be compared between Linux and Freewalk.
 *
 *	CASE(memory, munmap_errnos) { show_ret("length 0", CALL(SYS_munmap, p, 0)); }
 *
 * tools/conformance.py boots both kernels with this one binary. A case judges nothing: it prints what
 * it saw, and the comparison is the judge. So it prints only what is the same on every run: results,
 * errno names, wait statuses, the order of events that something orders; never a pid, an address or
 * a time, but relations between them.
 *
 * Each case runs in a process of its own (main.c), which may die or hang: that is its result. It
 * collects the children that it makes. After an exec, a HELPER() prints for the case that began it.
 */
#ifndef USER_CONFORMANCE_CONFORM_H
#define USER_CONFORMANCE_CONFORM_H

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

#include "user/lib/freewalk.h"
#include "user/lib/rawsys.h"

struct conform_case {
	const char *group, *name;
	void (*run)(void);
};

#define CASE(group_, name_)                                                                        \
	static void group_##_##name_(void);                                                        \
	static const struct conform_case case_##group_##_##name_ = {#group_, #name_,               \
								    group_##_##name_};             \
	static const struct conform_case *const entry_##group_##_##name_                           \
		__attribute__((used, section("conform_cases"))) = &case_##group_##_##name_;        \
	static void group_##_##name_(void)

struct conform_helper {
	const char *name;
	int (*run)(int argc, char **argv, char **envp);
};

/* argv[0] is what followed the helper's name in the exec. The result is the exit code. */
#define HELPER(name_)                                                                              \
	static int help_##name_(int argc, char **argv, char **envp);                               \
	static const struct conform_helper helper_##name_ = {#name_, help_##name_};                \
	static const struct conform_helper *const entry_help_##name_                               \
		__attribute__((used, section("conform_helpers"))) = &helper_##name_;               \
	static int help_##name_(int argc, char **argv, char **envp)

/* --- printing: show.c. One line and one write each; neither malloc nor locks, so allowed after fork,
 * in a vfork child and in a signal handler --- */

void show(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A result of CALL(): a number, or the name of the errno. */
void show_ret(const char *what, long ret);
/* The same for an address, a pid, an amount: "fine", or the name of the errno. */
void show_fine(const char *what, long ret);
/* A wait status: the word, and what it says. */
void show_status(const char *what, int status);
const char *errno_name(long error);
const char *signal_name(int sig);

/* --- what many cases need: common.c --- */

/* Something that the case stands on and does not ask about. */
#define NEED(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			show("%s:%d: this is not so: %s", __FILE__, __LINE__, #condition);         \
			_exit(99);                                                                 \
		}                                                                                  \
	} while (0)

/* Waits for the child; its wait status. */
int status_of(pid_t pid);
/* Runs fn in a child and shows how that ended. */
void show_end(const char *what, void (*fn)(void));
/* The pid of a child that sleeps until it is killed. */
pid_t sleeping_child(void);
/* Kills and collects it. */
void end_child(pid_t pid);

/* New pages, private and anonymous if `flags` is 0, otherwise with these MAP_ flags. */
volatile unsigned char *pages(size_t number, int prot, int flags);

pthread_t thread(void *(*fn)(void *), void *arg);
void join(pthread_t thread);

/* Waits until *word is no longer `value`, a minute at most. */
void await_change(volatile int *word, int value);

/* In a child: execve of this program, to run HELPER `name` with up to three arguments (NULL: none). Returns
 * -errno when it comes back. */
long exec_helper(const char *name, const char *a, const char *b, const char *c);
extern const char *conform_path; /* of this program */
extern char conform_current[64]; /* group.name of the running case */

/* --- system calls as the kernel answers them: a value, or -errno --- */

#define CALL(...)                                                                                  \
	CALL_FORM_(__VA_ARGS__, CALL6_, CALL5_, CALL4_, CALL3_, CALL2_, CALL1_, CALL0_, 0)         \
	(__VA_ARGS__)
#define CALL_FORM_(nr, a, b, c, d, e, f, form, ...) form
#define W_(a)                                       (uintptr_t)(a)
#define CALL0_(nr)                                  raw_syscall0(nr)
#define CALL1_(nr, a)                               raw_syscall1(nr, W_(a))
#define CALL2_(nr, a, b)                            raw_syscall2(nr, W_(a), W_(b))
#define CALL3_(nr, a, b, c)                         raw_syscall3(nr, W_(a), W_(b), W_(c))
#define CALL4_(nr, a, b, c, d)                      raw_syscall4(nr, W_(a), W_(b), W_(c), W_(d))
#define CALL5_(nr, a, b, c, d, e)                   CALL6_(nr, a, b, c, d, e, 0)
#define CALL6_(nr, a, b, c, d, e, f)                raw_syscall6(nr, W_(a), W_(b), W_(c), W_(d), W_(e), W_(f))

#endif
