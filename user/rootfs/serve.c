/* Which handler answers what: see serve.h. */
#include "user/rootfs/serve.h"

static const fs_handler handlers[FS_OPS] = {
	[FS_READ] = serve_read,         [FS_WRITE] = serve_write,   [FS_SEEK] = serve_seek,
	[FS_READDIR] = serve_readdir,   [FS_GETFL] = serve_getfl,   [FS_SETFL] = serve_setfl,
	[FS_POLL] = serve_poll,         [FS_SYNC] = serve_sync,     [FS_GETPATH] = serve_getpath,
	[FS_STAT] = serve_stat,         [FS_STATFS] = serve_statfs, [FS_TRUNCATE] = serve_truncate,
	[FS_CHMOD] = serve_chmod,       [FS_CHOWN] = serve_chown,   [FS_UTIMES] = serve_utimes,
	[FS_MAP] = serve_map,           [FS_OPEN] = serve_open,     [FS_ACCESS] = serve_access,
	[FS_READLINK] = serve_readlink, [FS_MAKE] = serve_make,     [FS_SYMLINK] = serve_symlink,
	[FS_LINK] = serve_link,         [FS_RENAME] = serve_rename, [FS_UNLINK] = serve_unlink,
	[FS_PIPE] = serve_pipe,         [FS_MOUNT] = serve_mount,   [FS_UNMOUNT] = serve_unmount,
};

static void pulse(struct fs_server *s, uint64_t cookie, uint64_t code, uint64_t value)
{
	(void)s;
	(void)value;
	if (code == IPC_PULSE_CLOSED)
		open_close(cookie);
}

void serve_init(struct fs_server *server)
{
	for (unsigned int op = 0; op < FS_OPS; op++)
		server->handlers[op] = handlers[op];
	server->pulse = pulse;
}
