/*
 * What must hold inside all address spaces of the property test at any time. Each call fails the
 * test when it does not.
 */
#ifndef MM_TESTS_SPACE_CHECK_H
#define MM_TESTS_SPACE_CHECK_H

/*
 * Mappings: list, tree and gaps agree, and are the model's. Page tables: counts, rights, contents,
 * resident pages. Pages: each has as many references as there are entries and objects with it.
 */
void check_spaces(void);

/* Entries of huge pages that were looked at. */
unsigned long huge_pages_seen(void);

/* The zero page and the file are as they were. No space may be left. */
void check_constant_pages(void);

#endif
