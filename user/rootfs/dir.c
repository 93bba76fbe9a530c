/*
 * Names in directories: see tree.h.
 *
 * All names of the tree are in one hash table, by directory and name. Each directory has them by position too,
 * for who reads it: an array that only grows at its end, and is pressed together when more than half of it are
 * gaps.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/rootfs/pool.h"
#include "user/rootfs/tree.h"

#define FIRST_BUCKETS 1024
#define FIRST_SLOTS   8

static struct entry **buckets;
static uint32_t nr_buckets; /* a power of two; 0: no table yet */
static uint32_t nr_entries;

/* --- the hash table --- */

/* FNV-1a, from a beginning that is the directory's own. */
static uint32_t hash_of(const struct inode *dir, const char *name, uint32_t length)
{
	uint32_t hash = 0x811c9dc5 ^ (uint32_t)dir->ino * 0x9e3779b1;

	while (length--)
		hash = (hash ^ (uint8_t)*name++) * 0x01000193;
	return hash ^ hash >> 15;
}

static struct entry **bucket(uint32_t hash)
{
	return &buckets[hash & (nr_buckets - 1)];
}

static void hang(struct entry *e)
{
	struct entry **b = bucket(e->hash);

	e->next = *b;
	*b = e;
}

/* Twice as many buckets. Without memory for them it stays as it is, and gets slower. */
static void grow_table(void)
{
	uint32_t old_nr = nr_buckets, nr = old_nr ? old_nr * 2 : FIRST_BUCKETS;
	struct entry **old = buckets, **new = calloc(nr, sizeof(*new)), *e;

	if (!new)
		return;
	buckets = new;
	nr_buckets = nr;
	for (uint32_t i = 0; i < old_nr; i++) {
		while ((e = old[i])) {
			old[i] = e->next;
			hang(e);
		}
	}
	free(old);
}

struct entry *dir_find(const struct inode *dir, const char *name, uint32_t length)
{
	uint32_t hash = hash_of(dir, name, length);
	struct entry *e;

	for (e = nr_buckets ? *bucket(hash) : NULL; e; e = e->next)
		if (e->hash == hash && e->dir == dir && e->length == length &&
		    !memcmp(e->name, name, length))
			return e;
	return NULL;
}

static void take_off(struct entry *e)
{
	struct entry **link = bucket(e->hash);

	while (*link != e)
		link = &(*link)->next;
	*link = e->next;
}

/* --- by position --- */

/* The index of the first slot at `position` or behind it. */
static uint32_t find_slot(const struct directory *d, uint64_t position)
{
	uint32_t low = 0, high = d->nr_slots;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (d->slots[middle].position < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void press(struct directory *d)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < d->nr_slots; i++)
		if (d->slots[i].entry)
			d->slots[n++] = d->slots[i];
	d->nr_slots = n;
}

/* For one more. 0 or -ENOSPC. */
static long make_slot(struct directory *d)
{
	uint32_t room = d->room ? d->room * 2 : FIRST_SLOTS;
	struct slot *slots;

	if (d->nr_slots < d->room)
		return 0;
	if (!pool_charge((room - d->room) * sizeof(*slots)))
		return -ENOSPC;
	slots = realloc(d->slots, room * sizeof(*slots));
	if (!slots) {
		pool_release((room - d->room) * sizeof(*slots));
		return -ENOSPC;
	}
	d->slots = slots;
	d->room = room;
	return 0;
}

static void leave_slot(struct directory *d, uint64_t position)
{
	d->slots[find_slot(d, position)].entry = NULL;
	d->nr_names--;
	if (d->nr_slots > FIRST_SLOTS && d->nr_names < d->nr_slots / 2)
		press(d);
}

struct entry *dir_next(const struct inode *dir, uint64_t position)
{
	const struct directory *d = &dir->directory;
	uint32_t i = find_slot(d, position);

	while (i < d->nr_slots && !d->slots[i].entry)
		i++;
	return i < d->nr_slots ? d->slots[i].entry : NULL;
}

/* --- a name and what it names --- */

/* e->inode has the name now. */
static void tie(struct entry *e)
{
	struct inode *i = e->inode, *old;

	if (!is_dir(i)) {
		i->nlink++;
		return;
	}
	old = i->directory.parent;
	e->dir->nlink++;
	i->directory.name = e;
	i->directory.parent = e->dir;
	inode_get(e->dir);
	inode_put(old);
}

static void untie(struct entry *e)
{
	struct inode *i = e->inode;

	if (!is_dir(i)) {
		i->nlink--;
		return;
	}
	e->dir->nlink--;
	i->directory.name = NULL;
}

/* It has lost a name for good. */
static void lose_name(struct inode *i)
{
	if (is_dir(i))
		i->nlink = 0;
	inode_touch(i, TIME_CHANGE);
	inode_put(i);
}

/* --- entries --- */

static uint64_t entry_bytes(uint32_t length)
{
	return sizeof(struct entry) + length + 1;
}

/* In the directory, but it names nothing yet. NULL: -ENOSPC. */
static struct entry *entry_new(struct inode *dir, const char *name, uint32_t length)
{
	struct directory *d = &dir->directory;
	struct entry *e;

	if (nr_entries >= nr_buckets)
		grow_table();
	if (!nr_buckets || make_slot(d) || !pool_charge(entry_bytes(length)))
		return NULL;
	e = malloc(entry_bytes(length));
	if (!e) {
		pool_release(entry_bytes(length));
		return NULL;
	}
	*e = (struct entry){.dir = dir, .length = (uint8_t)length, .position = d->next++};
	e->hash = hash_of(dir, name, length);
	memcpy(e->name, name, length);
	e->name[length] = 0;
	d->slots[d->nr_slots++] = (struct slot){e->position, e};
	d->nr_names++;
	nr_entries++;
	hang(e);
	return e;
}

static void entry_free(struct entry *e)
{
	leave_slot(&e->dir->directory, e->position);
	take_off(e);
	pool_release(entry_bytes(e->length));
	nr_entries--;
	free(e);
}

long dir_add(struct inode *dir, const char *name, uint32_t length, struct inode *inode)
{
	struct entry *e = entry_new(dir, name, length);

	if (!e)
		return -ENOSPC;
	e->inode = inode;
	tie(e);
	inode_touch(dir, TIME_MODIFY | TIME_CHANGE);
	return 0;
}

void dir_remove(struct entry *e)
{
	struct inode *i = e->inode;

	inode_touch(e->dir, TIME_MODIFY | TIME_CHANGE);
	inode_get(i);
	untie(e);
	entry_free(e);
	lose_name(i);
}

/* What `e` has named, with a reference; it names `inode` now. */
static struct inode *rename_to(struct entry *e, struct inode *inode)
{
	struct inode *old = e->inode;

	if (old) {
		inode_get(old);
		untie(e);
	}
	e->inode = inode;
	tie(e);
	inode_touch(e->dir, TIME_MODIFY | TIME_CHANGE);
	return old;
}

long dir_move(struct entry *e, struct inode *dir, const char *name, uint32_t length,
	      struct entry *over)
{
	struct inode *i = e->inode, *victim;

	if (!over)
		over = entry_new(dir, name, length);
	if (!over)
		return -ENOSPC;
	inode_touch(e->dir, TIME_MODIFY | TIME_CHANGE);
	inode_get(i);
	untie(e);
	entry_free(e);
	victim = rename_to(over, i);
	if (victim)
		lose_name(victim);
	inode_touch(i, TIME_CHANGE);
	inode_put(i);
	return 0;
}

void dir_exchange(struct entry *a, struct entry *b)
{
	struct inode *i = a->inode, *j = b->inode;

	inode_get(i);
	inode_get(j);
	untie(a);
	untie(b);
	a->inode = j;
	b->inode = i;
	tie(a);
	tie(b);
	inode_touch(a->dir, TIME_MODIFY | TIME_CHANGE);
	inode_touch(b->dir, TIME_MODIFY | TIME_CHANGE);
	inode_touch(i, TIME_CHANGE);
	inode_touch(j, TIME_CHANGE);
	inode_put(i);
	inode_put(j);
}

/* --- where a directory is --- */

bool dir_is_inside(const struct inode *dir, const struct inode *other)
{
	while (dir != other && dir->directory.parent != dir)
		dir = dir->directory.parent;
	return dir == other;
}

char *dir_path(const struct inode *dir, char *buffer, uint64_t bytes)
{
	char *at = buffer + bytes;

	if (bytes < 2)
		return NULL;
	*--at = 0;
	if (dir == tree_root)
		*--at = '/';
	for (; dir != tree_root; dir = dir->directory.parent) {
		const struct entry *e = dir->directory.name;

		if (at - buffer < e->length + 1)
			return NULL;
		at -= e->length;
		memcpy(at, e->name, e->length);
		*--at = '/';
	}
	return at;
}
