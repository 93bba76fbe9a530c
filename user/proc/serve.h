/*
 * Open files, and the messages about them (kernel/abi/fs.h). Cookie 0 is the root directory, which is always open.
 *
 * What is read is a snapshot: the text is made when somebody reads at offset 0, and served until that happens again
 * or the file is closed. So a reader in several pieces reads one text, and one that begins anew a new one.
 */
#ifndef USER_PROC_SERVE_H
#define USER_PROC_SERVE_H

#include "user/lib/fsserver.h"

/* Handlers and pulses of `server`, whose port is set. 0 or -errno. */
long serve_init(struct fs_server *server);

#endif
