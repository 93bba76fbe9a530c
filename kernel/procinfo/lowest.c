/* The lowest keys of a set: see lowest.h. */
#include "kernel/procinfo/lowest.h"

void lowest_add(struct lowest *l, u64 key, void *what)
{
	unsigned int at = l->n;

	if (key < l->first || (l->n == l->room && key >= l->keys[l->n - 1]))
		return;
	while (at > 0 && l->keys[at - 1] >= key)
		at--;
	if (at < l->n && l->keys[at] == key)
		return;
	/* The highest falls out when there is no room. */
	if (l->n < l->room)
		l->n++;
	for (unsigned int i = l->n - 1; i > at; i--) {
		l->keys[i] = l->keys[i - 1];
		l->what[i] = l->what[i - 1];
	}
	l->keys[at] = key;
	l->what[at] = what;
}
