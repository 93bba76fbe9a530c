/*
 * The model of the property test of address spaces: an array of pages for each space, which says of
 * each page what is mapped there, with which rights, and what must be read.
 *
 * The pages are a window of an address space, with a mapping that nobody may touch on either side
 * of it, so that what mmap and mremap place themselves comes to lie inside. A private page whose
 * content is its own has `own`; any other one reads as zero, as the file, or as the object.
 */
#ifndef MM_TESTS_SPACE_MODEL_H
#define MM_TESTS_SPACE_MODEL_H

#include "mm/mm.h"

#ifndef WINDOW /* cflags: of a test that needs another one */
#define WINDOW 96u
#endif
#define SPACES     4u
#define CPUS       2u /* that run each space */
#define OBJECTS    (SPACES * WINDOW)
#define FILE_PAGES 4u  /* the last one in part */
#define FILE_TAIL  100 /* bytes of it */
#define OBJ_PAGES  16u /* largest shared mapping */
#define BRK_PAGE   40u

/* Over a border of bottom tables and of the tables above them. */
#define WINDOW_START (GiB(512) * 200 - WINDOW / 2 * PAGE_SIZE)

enum kind { HOLE, ANON, FILE_, SHARED };

/* The first and the last word of a page. */
struct content {
	u64 first, last;
};

struct model_page {
	enum kind kind;
	u8 prot;
	unsigned int obj; /* SHARED */
	long origin;      /* FILE_, SHARED: the page of the window at which its page 0 is */
	bool own;
	bool advised, hugetlb;  /* MADV_HUGEPAGE, MAP_HUGETLB */
	struct content content; /* when own */
};

struct space {
	struct mm_struct *mm; /* NULL: none */
	struct model_page page[WINDOW];
	unsigned long brk;
	bool ragged; /* memory was short once: a mapping may have been split for nothing */
	pte_t tlb[CPUS][WINDOW];
};

extern struct space spaces[SPACES];

static inline unsigned long page_va(unsigned long n)
{
	return WINDOW_START + n * PAGE_SIZE;
}

/* Repeatable random numbers. */
extern u64 random_state;
u64 random_word(void);
u32 below(u32 n);

void model_reset(struct space *s);
bool model_any(const struct space *s, unsigned int from, unsigned int n, bool mapped);
void model_unmap(struct space *s, unsigned int from, unsigned int n);
/* One fresh mapping; SHARED: of a new object. */
void model_map(struct space *s, unsigned int from, unsigned int n, enum kind kind, u8 prot);
/* The pages after `like` are more of the same mapping. */
void model_extend(struct space *s, unsigned int like, unsigned int n);
/* Whether two pages that follow each other are in one mapping. */
bool model_same(const struct space *s, unsigned int n);
/* The highest n pages of the window without a mapping: the first of them, or WINDOW. */
unsigned int model_gap(const struct space *s, unsigned int n);
void model_move(struct space *s, unsigned int from, unsigned int n, unsigned int to, bool keep);

/* The flags of its mapping. */
unsigned long model_flags(const struct model_page *page);

/* The same for several mappings, with what is free between them. */
void model_move_several(struct space *s, unsigned int from, unsigned int n, unsigned int to,
			bool keep);

/* Whether an object's page is behind its end. */
bool model_behind_end(const struct space *s, unsigned int n);
struct content model_read(const struct space *s, unsigned int n);
void model_write(struct space *s, unsigned int n, struct content content);
bool model_allows(const struct space *s, unsigned int n, unsigned long access);

/* The file's page i as it is in memory. */
struct content file_content(unsigned int i);

#endif
