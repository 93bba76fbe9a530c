/*
 * Messages about an open file: see serve.h.
 *
 * What a message changes is changed when its answer has arrived (serve_read(), serve_write()): a caller that a signal
 * has called away makes the call again, and must find everything as it was.
 */
#include "user/rootfs/serve.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "user/rootfs/device.h"

#define READ_MAX     0x7ffff000u /* as Linux */
#define READDIR_ROOM 32768u      /* bytes in one answer */
#define SETTABLE     (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

/* Where a read or a write is: the description's own offset, or the caller's. */
static long offset_of(const struct fs_request *r, const struct open *file, uint64_t *offset)
{
	*offset = r->arg[1] == FS_CURRENT ? file->offset : r->arg[1];
	return *offset > INT64_MAX ? -EINVAL : 0;
}

/* --- reading --- */

static void read_answered(struct fs_request *r, long status, bool taken)
{
	struct open *file = open_find(r->cookie);

	if (!taken || status < 0)
		return;
	if (r->arg[1] == FS_CURRENT && !S_ISCHR(file->inode->mode))
		file->offset += (uint64_t)status;
	if (!(file->flags & O_NOATIME))
		inode_was_read(file->inode);
}

/* The bytes at `offset` that lie in one place. 0: the end. */
static long read_piece(struct inode *i, uint64_t offset, uint64_t bytes, const void **piece)
{
	const char *text = NULL;
	long n;

	if (S_ISCHR(i->mode))
		return device_read(i->rdev, bytes, piece);
	if (offset >= i->content.size)
		return 0;
	n = content_read(&i->content, offset, bytes, &text);
	*piece = text;
	return n;
}

/* The bytes, of which all but those of the last piece are on their way already. */
static long read_pieces(struct fs_request *r, struct inode *i, uint64_t offset)
{
	uint64_t bytes = r->arg[0] < READ_MAX ? r->arg[0] : READ_MAX, done = 0;
	const void *piece = NULL;
	long n;

	for (;;) {
		n = read_piece(i, offset + done, bytes - done, &piece);
		if (n <= 0 || (done == 0 && (uint64_t)n == bytes))
			break;
		n = fs_put(r, done, piece, (uint64_t)n);
		if (n <= 0)
			break;
		done += (uint64_t)n;
		if (done == bytes)
			return (long)done;
	}
	if (done)
		return (long)done;
	if (n > 0) {
		r->reply = piece;
		r->reply_bytes = (size_t)n;
	}
	return n;
}

long serve_read(struct fs_request *r)
{
	struct open *file = open_find(r->cookie);
	uint64_t offset;
	long ret;

	if (!file || !open_reads(file))
		return -EBADF;
	if (is_dir(file->inode))
		return -EISDIR;
	ret = offset_of(r, file, &offset);
	if (ret || !r->arg[0])
		return ret;
	r->answered = read_answered;
	return read_pieces(r, file->inode, offset);
}

/* --- writing --- */

/* Of the write in hand, one message at a time: where it began, and what content_write() was asked for up to. */
static uint64_t write_begin, write_end;

static void write_answered(struct fs_request *r, long status, bool taken)
{
	struct open *file = open_find(r->cookie);
	struct content *c = &file->inode->content;
	bool written = taken && status > 0;
	uint64_t end = written ? write_begin + (uint64_t)status : 0;

	content_keep(c, end, write_end);
	if (!written)
		return;
	if (r->arg[1] == FS_CURRENT)
		file->offset = end;
	inode_touch(file->inode, TIME_MODIFY | TIME_CHANGE);
}

/* The bytes that are in their place now, perhaps behind the file's end. */
static long write_pieces(struct fs_request *r, struct content *c, uint64_t offset, uint64_t bytes)
{
	uint64_t done = 0;
	char *piece;
	long n = 0;

	write_begin = offset;
	write_end = 0;
	while (done < bytes) {
		n = content_write(c, offset + done, bytes - done, &piece);
		if (n < 0)
			break;
		write_end = offset + done + (uint64_t)n;
		n = fs_data(r, done, piece, (uint64_t)n);
		if (n <= 0)
			break;
		done += (uint64_t)n;
	}
	return done ? (long)done : n;
}

static long write_regular(struct fs_request *r, struct open *file)
{
	struct content *c = &file->inode->content;
	uint64_t bytes = r->arg[0] < r->data_bytes ? r->arg[0] : r->data_bytes, offset;
	long ret = offset_of(r, file, &offset);

	if (ret || !bytes)
		return ret;
	if (file->flags & O_APPEND)
		offset = c->size;
	if (offset >= CONTENT_MAX)
		return -EFBIG;
	if (bytes > CONTENT_MAX - offset)
		bytes = CONTENT_MAX - offset;
	r->answered = write_answered;
	return write_pieces(r, c, offset, bytes);
}

long serve_write(struct fs_request *r)
{
	struct open *file = open_find(r->cookie);

	r->word[0] = FS_DONE;
	if (!file || !open_writes(file))
		return -EBADF;
	if (S_ISCHR(file->inode->mode))
		return device_write(file->inode->rdev, r->data_bytes);
	return write_regular(r, file);
}

/* --- the offset --- */

/* SEEK_DATA, SEEK_HOLE: at or behind `offset`, in a file that ends behind it. */
static long seek_content(const struct content *c, uint64_t offset, bool hole, uint64_t *to)
{
	if (offset >= c->size)
		return -ENXIO;
	*to = content_find(c, offset, hole);
	return !hole && *to == c->size ? -ENXIO : 0;
}

static long seek_regular(const struct open *file, int64_t offset, uint64_t whence, uint64_t *to)
{
	const struct content *c = &file->inode->content;
	int64_t base;

	switch (whence) {
	case SEEK_SET:
		base = 0;
		break;
	case SEEK_CUR:
		base = (int64_t)file->offset;
		break;
	case SEEK_END:
		base = (int64_t)c->size;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		return seek_content(c, (uint64_t)offset, whence == SEEK_HOLE, to);
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, offset, &base))
		return -EINVAL;
	*to = (uint64_t)base;
	return base < 0 ? -EINVAL : 0;
}

static long seek_directory(const struct open *file, int64_t offset, uint64_t whence, uint64_t *to)
{
	if (whence == SEEK_CUR && __builtin_add_overflow(offset, (int64_t)file->offset, &offset))
		return -EINVAL;
	*to = (uint64_t)offset;
	return offset < 0 || whence > SEEK_CUR ? -EINVAL : 0;
}

long serve_seek(struct fs_request *r)
{
	struct open *file = open_find(r->cookie);
	int64_t offset = (int64_t)r->arg[0];
	uint64_t to = 0;
	long ret = 0;

	if (!file || file->flags & O_PATH)
		return -EBADF;
	if (is_dir(file->inode))
		ret = seek_directory(file, offset, r->arg[1], &to);
	else if (S_ISREG(file->inode->mode))
		ret = seek_regular(file, offset, r->arg[1], &to);
	if (ret)
		return ret;
	file->offset = to;
	r->word[0] = to;
	return 0;
}

/* --- directories --- */

static char names[READDIR_ROOM] __attribute__((aligned(8)));

/* One name of an answer, at names + used. Its bytes; 0: there is no room. */
static uint32_t put_name(uint32_t used, uint32_t room, const struct inode *i, const char *name,
			 uint64_t next)
{
	struct dirent *d = (struct dirent *)(names + used);
	size_t length = strlen(name) + 1;
	uint32_t bytes = (uint32_t)(offsetof(struct dirent, d_name) + length + 7) & ~7u;

	if (bytes > room - used)
		return 0;
	/* What the rounding leaves at the end. */
	memset((char *)d + bytes - 8, 0, 8);
	d->d_ino = i->ino;
	d->d_off = (off_t)next;
	d->d_reclen = (unsigned short)bytes;
	d->d_type = (unsigned char)(i->mode >> 12);
	memcpy(d->d_name, name, length);
	return bytes;
}

/* The name at *position or behind it, which goes behind it. 0: no room, or no name any more. */
static uint32_t next_name(struct open *dir, uint64_t *position, uint32_t used, uint32_t room)
{
	const struct inode *i = dir->inode;
	const struct entry *e;
	uint32_t n;

	if (*position < DIR_FIRST) {
		n = put_name(used, room, *position ? i->directory.parent : i,
			     *position ? ".." : ".", *position + 1);
		*position += n ? 1 : 0;
		return n;
	}
	e = dir_next(i, *position);
	if (!e || e->position >= dir->limit)
		return 0;
	n = put_name(used, room, e->inode, e->name, e->position + 1);
	if (n)
		*position = e->position + 1;
	return n;
}

static void readdir_answered(struct fs_request *r, long status, bool taken)
{
	struct open *dir = open_find(r->cookie);

	if (!taken || status <= 0)
		return;
	dir->offset = r->note;
	inode_was_read(dir->inode);
}

long serve_readdir(struct fs_request *r)
{
	struct open *dir = open_find(r->cookie);
	uint32_t room = (uint32_t)(r->arg[0] < READDIR_ROOM ? r->arg[0] : READDIR_ROOM), used = 0,
		 n;

	if (!dir || dir->flags & O_PATH)
		return -EBADF;
	if (!is_dir(dir->inode))
		return -ENOTDIR;
	if (dir_is_gone(dir->inode))
		return -ENOENT;
	/* Who renames what is listed would otherwise see it again for ever. */
	if (!dir->offset)
		dir->limit = dir->inode->directory.next;
	r->note = dir->offset;
	while ((n = next_name(dir, &r->note, used, room)))
		used += n;
	if (!used) {
		const struct entry *e = dir_next(dir->inode, r->note);

		return r->note < DIR_FIRST || (e && e->position < dir->limit) ? -EINVAL : 0;
	}
	r->reply = names;
	r->reply_bytes = used;
	r->answered = readdir_answered;
	return used;
}

long serve_getpath(struct fs_request *r)
{
	static char path[FS_PATH_MAX];
	struct open *dir = open_find(r->cookie);
	uint64_t bytes = r->arg[0] < sizeof(path) ? r->arg[0] : sizeof(path);

	if (!dir || !is_dir(dir->inode))
		return -ENOTDIR;
	if (dir_is_gone(dir->inode))
		return -ENOENT;
	r->reply = dir_path(dir->inode, path, bytes);
	if (!r->reply)
		return -ERANGE;
	r->reply_bytes = (size_t)(path + bytes - (const char *)r->reply);
	return (long)r->reply_bytes;
}

/* --- the rest --- */

long serve_getfl(struct fs_request *r)
{
	const struct open *file = open_find(r->cookie);

	return file ? (long)file->flags : -EBADF;
}

long serve_setfl(struct fs_request *r)
{
	struct open *file = open_find(r->cookie);

	if (!file || file->flags & O_PATH)
		return -EBADF;
	file->flags = (file->flags & ~(uint32_t)SETTABLE) | ((uint32_t)r->arg[0] & SETTABLE);
	return 0;
}

/* Whatever it is, it never makes anybody wait. */
long serve_poll(struct fs_request *r)
{
	return (long)(r->arg[0] & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM));
}

long serve_sync(struct fs_request *r)
{
	return open_find(r->cookie) ? 0 : -EBADF;
}
