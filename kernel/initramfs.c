/*
 * The table of boot files: see kernel/initramfs.h.
 *
 * Two passes over the archive: the first checks it and counts, so that one block of memory holds
 * every entry; the second fills it. Of two entries with one name the later
 * wins, and a name without data of a file with several names (nlink > 1) takes the data of the
 * other one: both as Linux's init/initramfs.c does.
 */
#include "kernel/initramfs.h"

#include "kernel/base/errno.h"
#include "kernel/base/printk.h"
#include "kernel/base/string.h"
#include "kernel/cpio.h"
#include "mm/buddy.h"
#include "mm/memobj.h"

#define NR_BUCKETS 64

static struct {
	struct initramfs_file *buckets[NR_BUCKETS];
	struct initramfs_file *files;
	struct initramfs_file *
		*named;        /* [nr_names]: those that have their names, in the archive's order */
	unsigned int nr_files; /* entries in files[], those that lost their name included */
	unsigned int nr_names;
	u64 nr_pages;       /* with contents */
	struct page *block; /* files[], then named[] */
	unsigned int order;
} table;

/* A name as the table has it. */
static const char *canonical(const char *path)
{
	for (;;) {
		if (path[0] == '/')
			path++;
		else if (path[0] == '.' && path[1] == '/')
			path += 2;
		else
			return path;
	}
}

/* FNV-1a, 32 bits. */
static struct initramfs_file **bucket(const char *name)
{
	u32 hash = 0x811c9dc5;

	for (; *name; name++)
		hash = (hash ^ (u8)*name) * 0x01000193;
	return &table.buckets[(hash ^ hash >> 16) % NR_BUCKETS];
}

static u64 pages_for(u64 bytes)
{
	return ALIGN_UP(bytes, PAGE_SIZE) >> PAGE_SHIFT;
}

/* First pass. Adds up what the table will need. */
static int count(const void *archive, size_t bytes, u64 *files, u64 *pages)
{
	struct cpio_reader reader = cpio_open(archive, bytes);
	struct cpio_entry e;
	int err;

	for (*files = *pages = 0; (err = cpio_next(&reader, &e)) == 1; (*files)++)
		*pages += pages_for(e.size);
	if (err < 0)
		printk("initramfs: byte %zu of %zu: %s\n", reader.offset, bytes, reader.why);
	return err;
}

static int alloc_table(u64 files)
{
	u64 bytes = files * (sizeof(*table.files) + sizeof(*table.named));
	unsigned int order = 0;

	while (order < MAX_ORDER && PAGE_SIZE << order < bytes)
		order++;
	table.block = PAGE_SIZE << order < bytes ? NULL : alloc_pages(order, GFP_ZERO);
	if (!table.block) {
		printk("initramfs: no memory for a table of %llu files\n",
		       (unsigned long long)files);
		return -ENOMEM;
	}
	table.order = order;
	table.files = page_address(table.block);
	table.named = (struct initramfs_file **)(table.files + files);
	return 0;
}

static struct initramfs_file *find(const char *name)
{
	struct initramfs_file *f;

	for (f = *bucket(name); f; f = f->next)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

static void unlink_name(struct initramfs_file *old)
{
	struct initramfs_file **link = bucket(old->name);

	while (*link != old)
		link = &(*link)->next;
	*link = old->next;
	table.nr_names--;
}

/* What a later entry replaces keeps its data: another name may share it. */
static void insert(struct initramfs_file *f)
{
	struct initramfs_file *old = find(f->name);
	struct initramfs_file **head = bucket(f->name);

	if (old)
		unlink_name(old);
	f->next = *head;
	*head = f;
	table.nr_names++;
}

/* One page of the contents. */
static int copy_page_of(struct initramfs_file *f, u64 index)
{
	struct page *page = alloc_page(GFP_KERNEL);
	u64 n = MIN(f->size - index * PAGE_SIZE, PAGE_SIZE);
	u8 *to;

	if (!page)
		return -ENOMEM;
	to = page_address(page);
	memcpy(to, (const u8 *)f->data + index * PAGE_SIZE, n);
	memset(to + n, 0, PAGE_SIZE - n);
	if (memobj_add_page(f->contents, index, page)) {
		free_page(page);
		return -ENOMEM;
	}
	table.nr_pages++;
	return 0;
}

static int copy_contents(struct initramfs_file *f)
{
	if (!f->size)
		return 0;
	f->contents = memobj_create(pages_for(f->size));
	if (!f->contents)
		return -ENOMEM;
	for (u64 i = 0; i < pages_for(f->size); i++)
		if (copy_page_of(f, i))
			return -ENOMEM;
	return 0;
}

/* Second pass. The archive was found good by the first. */
static int fill(const void *archive, size_t bytes, u64 files)
{
	struct cpio_reader reader = cpio_open(archive, bytes);
	struct initramfs_file *f;
	struct cpio_entry e;

	while (cpio_next(&reader, &e) == 1) {
		ASSERT(table.nr_files < files);
		f = &table.files[table.nr_files++];
		f->name = canonical(e.name);
		f->data = e.data;
		f->size = e.size;
		f->mode = e.mode;
		f->ino = e.ino;
		f->nlink = e.nlink;
		f->dev_major = e.dev_major;
		f->dev_minor = e.dev_minor;
		f->uid = e.uid;
		f->gid = e.gid;
		f->mtime = e.mtime;
		f->rdev_major = e.rdev_major;
		f->rdev_minor = e.rdev_minor;
		if (copy_contents(f))
			return -ENOMEM;
		insert(f);
	}
	return 0;
}

static bool same_file(const struct initramfs_file *a, const struct initramfs_file *b)
{
	return a->ino == b->ino && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor;
}

/* The archiver stores the data of a file with several names under one of them only. */
static void share_data(struct initramfs_file *f)
{
	const struct initramfs_file *g;

	for (g = table.files; g < table.files + table.nr_files; g++) {
		if (g->size == 0 || g->nlink < 2 || !same_file(f, g))
			continue;
		f->data = g->data;
		f->size = g->size;
		f->contents = g->contents;
		return;
	}
}

static void link_names(void)
{
	struct initramfs_file *f;

	for (f = table.files; f < table.files + table.nr_files; f++)
		if (f->nlink > 1 && f->size == 0 && (f->mode & CPIO_TYPE_MASK) == CPIO_REGULAR)
			share_data(f);
}

static void number_names(void)
{
	struct initramfs_file *f;
	unsigned int n = 0;

	for (f = table.files; f < table.files + table.nr_files; f++)
		if (find(f->name) == f)
			table.named[n++] = f;
	ASSERT_MSG(n == table.nr_names, "%u of %u names", n, table.nr_names);
}

/* Only before link_names(): each object has one owner. */
static void release(void)
{
	struct initramfs_file *f;

	for (f = table.files; f < table.files + table.nr_files; f++)
		if (f->contents)
			memobj_put(f->contents);
	free_pages(table.block, table.order);
	memset(&table, 0, sizeof(table));
}

int initramfs_init(const void *archive, size_t bytes)
{
	u64 files, pages;
	int err;

	ASSERT_MSG(!table.block, "second call: the table has %u files", table.nr_files);
	err = count(archive, bytes, &files, &pages);
	if (err)
		return err;
	err = alloc_table(files);
	if (err)
		return err;
	err = fill(archive, bytes, files);
	if (err) {
		printk("initramfs: no memory after %llu of %llu pages\n",
		       (unsigned long long)table.nr_pages, (unsigned long long)pages);
		release();
		return err;
	}
	link_names();
	number_names();
	return 0;
}

const struct initramfs_file *initramfs_lookup(const char *path)
{
	return find(canonical(path));
}

const struct initramfs_file *initramfs_file(unsigned long index)
{
	return index < table.nr_names ? table.named[index] : NULL;
}

unsigned int initramfs_count(void)
{
	return table.nr_names;
}

u64 initramfs_pages(void)
{
	return table.nr_pages;
}
