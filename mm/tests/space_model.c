/* The model of the property test of address spaces: see space_model.h. */
#include "mm/tests/space_model.h"

#include <stdlib.h>
#include <string.h>

struct space spaces[SPACES];
u64 random_state;

static struct {
	unsigned int nr_pages;
	struct content content[OBJ_PAGES];
} objects[OBJECTS];

/* xorshift64* (Vigna 2014). */
u64 random_word(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1d;
}

u32 below(u32 n)
{
	return (u32)((random_word() >> 32) * n >> 32);
}

void model_reset(struct space *s)
{
	memset(s, 0, sizeof(*s));
}

bool model_any(const struct space *s, unsigned int from, unsigned int n, bool mapped)
{
	for (unsigned int i = from; i < from + n; i++)
		if ((s->page[i].kind != HOLE) == mapped)
			return true;
	return false;
}

void model_unmap(struct space *s, unsigned int from, unsigned int n)
{
	memset(&s->page[from], 0, n * sizeof(s->page[0]));
}

static bool object_used(unsigned int obj)
{
	for (unsigned int i = 0; i < SPACES; i++)
		for (unsigned int n = 0; n < WINDOW; n++)
			if (spaces[i].page[n].kind == SHARED && spaces[i].page[n].obj == obj)
				return true;
	return false;
}

static unsigned int new_object(unsigned int nr_pages)
{
	static unsigned int obj;

	do
		obj = (obj + 1) % OBJECTS;
	while (object_used(obj));
	memset(&objects[obj], 0, sizeof(objects[obj]));
	objects[obj].nr_pages = nr_pages;
	return obj;
}

void model_map(struct space *s, unsigned int from, unsigned int n, enum kind kind, u8 prot)
{
	unsigned int obj = kind == SHARED ? new_object(n) : 0;

	for (unsigned int i = from; i < from + n; i++)
		s->page[i] = (struct model_page){.kind = kind,
						 .prot = prot,
						 .obj = obj,
						 .origin = kind == ANON ? 0 : (long)from};
}

void model_extend(struct space *s, unsigned int like, unsigned int n)
{
	for (unsigned int i = like + 1; i <= like + n; i++) {
		s->page[i] = s->page[like];
		s->page[i].own = false;
	}
}

unsigned long model_flags(const struct model_page *page)
{
	return page->prot | (page->kind == SHARED ? VMA_SHARED : 0) |
	       (page->advised ? VMA_HUGEPAGE : 0) | (page->hugetlb ? VMA_HUGETLB : 0);
}

bool model_same(const struct space *s, unsigned int n)
{
	const struct model_page *a = &s->page[n], *b = &s->page[n + 1];

	return a->kind == b->kind && model_flags(a) == model_flags(b) && a->obj == b->obj &&
	       a->origin == b->origin;
}

unsigned int model_gap(const struct space *s, unsigned int n)
{
	unsigned int run = 0;

	for (unsigned int i = WINDOW; i-- > 0;) {
		run = s->page[i].kind == HOLE ? run + 1 : 0;
		if (run == n)
			return i;
	}
	return WINDOW;
}

void model_move(struct space *s, unsigned int from, unsigned int n, unsigned int to, bool keep)
{
	for (unsigned int i = 0; i < n; i++) {
		struct model_page *page = &s->page[from + i];

		s->page[to + i] = *page;
		if (page->kind != ANON)
			s->page[to + i].origin += (long)to - (long)from;
		page->own = false;
	}
	if (!keep)
		model_unmap(s, from, n);
}

void model_move_several(struct space *s, unsigned int from, unsigned int n, unsigned int to,
			bool keep)
{
	for (unsigned int i = 0; i < n; i++)
		if (s->page[from + i].kind != HOLE)
			model_move(s, from + i, 1, to + i, keep);
}

struct content file_content(unsigned int i)
{
	u64 word = 0x66696c65 * (u64)(i + 1);

	return (struct content){word, word + 1};
}

bool model_behind_end(const struct space *s, unsigned int n)
{
	const struct model_page *page = &s->page[n];

	return page->kind == SHARED && (long)n - page->origin >= (long)objects[page->obj].nr_pages;
}

struct content model_read(const struct space *s, unsigned int n)
{
	const struct model_page *page = &s->page[n];
	unsigned long index = (unsigned long)((long)n - page->origin);
	struct content content = {0, 0};

	if (page->kind == SHARED)
		return objects[page->obj].content[index];
	if (page->own)
		return page->content;
	if (page->kind == FILE_ && index < FILE_PAGES) {
		content = file_content((unsigned int)index);
		if (index == FILE_PAGES - 1)
			content.last = 0; /* behind the file's end */
	}
	return content;
}

void model_write(struct space *s, unsigned int n, struct content content)
{
	struct model_page *page = &s->page[n];

	if (page->kind == SHARED) {
		objects[page->obj].content[(long)n - page->origin] = content;
	} else {
		page->own = true;
		page->content = content;
	}
}

bool model_allows(const struct space *s, unsigned int n, unsigned long access)
{
	const struct model_page *page = &s->page[n];

	if (page->kind == HOLE)
		return false;
	if (access & FAULT_WRITE)
		return page->prot & VMA_WRITE;
	if (access & FAULT_EXEC)
		return page->prot & VMA_EXEC;
	return page->prot;
}
