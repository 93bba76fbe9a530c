/* Program files: see execfile.h. */
#include "kernel/execfile.h"

#include "kernel/base/errno.h"
#include "kernel/base/string.h"
#include "kernel/cpio.h"
#include "kernel/file/fs.h"
#include "kernel/file/path.h"
#include "kernel/initramfs.h"
#include "kernel/ipc/memory.h"
#include "mm/memobj.h"
#include "mm/mm.h"

static void set_file(struct exec_file *f, struct memobj *contents, u64 size)
{
	if (contents)
		memobj_get(contents);
	*f = (struct exec_file){.contents = contents, .size = contents ? size : 0};
}

static long open_in_archive(struct exec_file *f, const char *path)
{
	const struct initramfs_file *file = initramfs_lookup(path);

	if (!file)
		return -ENOENT;
	if ((file->mode & CPIO_TYPE_MASK) != CPIO_REGULAR || !(file->mode & 0111))
		return -EACCES;
	set_file(f, file->contents, file->size);
	return 0;
}

static long open_by_message(struct exec_file *f, u64 dirfd, const char *path, bool nofollow)
{
	struct ipc_data *d;
	struct path_call p;
	long ret = path_begin_kernel(&p, dirfd, path);

	d = &p.call.data;
	if (!ret)
		ret = path_send(&p, FS_MAP, nofollow_if(nofollow),
				VMA_READ | VMA_EXEC | FS_MAP_EXEC, 0, 0);
	if (!ret) {
		struct memory_handle *h = d->nr_got ? memory_of(d->got[0]) : NULL;

		/* An empty file has no pages to give. */
		if (d->nr_got && !h)
			ret = -EIO;
		else
			set_file(f, h ? h->memobj : NULL, p.call.reply[0]);
	}
	path_end(&p);
	return ret > 0 ? -EIO : ret;
}

static bool has_root(void)
{
	struct connection *root = fs_get_root();

	if (root)
		object_put(&root->object);
	return root;
}

long execfile_open(struct exec_file *f, u64 dirfd, const char *path, bool nofollow)
{
	bool from_root = *path == '/' || (*path && (int)dirfd == AT_FDCWD);

	if (from_root && !has_root())
		return open_in_archive(f, path);
	return open_by_message(f, dirfd, path, nofollow);
}

void execfile_close(struct exec_file *f)
{
	if (f->contents)
		memobj_put(f->contents);
}

/* The file's page `index` becomes f->page. 0; -ENOMEM, -EIO. */
static int look_at(struct exec_file *f, u64 index)
{
	struct page *page;
	int ret = memobj_page(f->contents, index, &page);

	if (ret)
		return ret == -ENOMEM ? -ENOMEM : -EIO;
	f->page = page_address(page);
	f->index = index;
	return 0;
}

int execfile_read(void *file, u64 offset, void *dst, size_t n)
{
	struct exec_file *f = file;
	u8 *to = dst;

	while (n) {
		u64 index = offset >> PAGE_SHIFT, in_page = offset & ~PAGE_MASK;
		size_t part = MIN(n, PAGE_SIZE - in_page);

		if (f->page && likely(f->index == index)) {
			memcpy(to, f->page + in_page, part);
			to += part;
			offset += part;
			n -= part;
		} else {
			int ret = look_at(f, index);

			if (ret)
				return ret;
		}
	}
	return 0;
}
