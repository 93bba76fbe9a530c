/*
 * Where a process's paths begin: its root and its working directory, which are connections, and its umask.
 *
 *	fs_fork(), fs_exit()		shared by CLONE_FS, copied otherwise; exec keeps it
 *	fs_get_root(), fs_get_cwd()	with a reference
 *	fs_umask()
 *
 * A task without a struct fs_struct has no root and the umask 022: so the first programs, before there is a server
 * of files. It gets one when the first of that changes, or is to be shared.
 */
#ifndef KERNEL_FILE_FS_H
#define KERNEL_FILE_FS_H

#include "kernel/base/spinlock.h"
#include "kernel/ipc/port.h"

/* Letters: l lock; A atomic. */
struct fs_struct {
	struct spinlock lock;
	u32 users;                     /* A */
	u32 umask;                     /* l */
	struct connection *root, *cwd; /* l; one reference each, or NULL */
};

/* Boot. */
void fs_init(void);

/* fork's: what t->fs is. 0, -ENOMEM. */
int fs_fork(struct task_struct *t, bool share);
/* The task gives it up. Process context, no locks. */
void fs_exit(struct task_struct *t);

/* Of the running task: one reference for the caller; NULL: it has none. */
struct connection *fs_get_root(void);
struct connection *fs_get_cwd(void);
/* The caller's reference becomes that of the working directory. 0; -ENOMEM, and it is put. */
int fs_set_cwd(struct connection *c);

u32 fs_umask(void);

#endif
