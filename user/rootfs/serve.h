/*
 * The messages of kernel/abi/fs.h, answered from the tree: a handler for each operation (user/lib/fsserver.h).
 *
 * serve_file.c has those on an open file, serve_path.c those on what a path names, and on names.
 */
#ifndef USER_ROOTFS_SERVE_H
#define USER_ROOTFS_SERVE_H

#include "user/lib/fsserver.h"
#include "user/rootfs/open.h"

/* Puts the handlers and the pulse function into *server. */
void serve_init(struct fs_server *server);

long serve_read(struct fs_request *r);
long serve_write(struct fs_request *r);
long serve_seek(struct fs_request *r);
long serve_readdir(struct fs_request *r);
long serve_getfl(struct fs_request *r);
long serve_setfl(struct fs_request *r);
long serve_poll(struct fs_request *r);
long serve_sync(struct fs_request *r);
long serve_getpath(struct fs_request *r);

/* By path or without. */
long serve_stat(struct fs_request *r);
long serve_statfs(struct fs_request *r);
long serve_truncate(struct fs_request *r);
long serve_chmod(struct fs_request *r);
long serve_chown(struct fs_request *r);
long serve_utimes(struct fs_request *r);
long serve_map(struct fs_request *r);

/* By path. */
long serve_open(struct fs_request *r);
long serve_access(struct fs_request *r);
long serve_readlink(struct fs_request *r);
long serve_make(struct fs_request *r);
long serve_symlink(struct fs_request *r);
long serve_link(struct fs_request *r);
long serve_rename(struct fs_request *r);
long serve_unlink(struct fs_request *r);
long serve_pipe(struct fs_request *r);
long serve_mount(struct fs_request *r);
long serve_unmount(struct fs_request *r);

#endif
