/* The start list: see list.h. */
#include "user/init/list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX (LIST_ARGS_MAX + 2)
#define BLANKS    " \t\r"

struct line {
	unsigned int nr;
	unsigned int n;
	char *words[WORDS_MAX];
	bool indented, too_long;
};

static int complain(struct start_list *list, const struct line *line, const char *what,
		    const char *word)
{
	snprintf(list->error, sizeof(list->error), "line %u: %s%s%s", line->nr, what,
		 word ? " " : "", word ? word : "");
	return -1;
}

static void cut(struct line *line, char *text)
{
	char *rest = NULL, *word;

	line->n = 0;
	line->too_long = false;
	line->indented = *text && strchr(BLANKS, *text);
	text[strcspn(text, "#")] = 0;
	for (word = strtok_r(text, BLANKS, &rest); word; word = strtok_r(NULL, BLANKS, &rest)) {
		if (line->n == WORDS_MAX) {
			line->too_long = true;
			return;
		}
		line->words[line->n++] = word;
	}
}

/* Unsigned, 0x allowed, K and M behind it. */
static bool number(const char *word, uint64_t *value)
{
	unsigned int shift = 0;
	char *end;

	errno = 0;
	*value = strtoull(word, &end, 0);
	if (end == word || *word == '-' || errno)
		return false;
	if (*end == 'K' || *end == 'M') {
		shift = *end == 'K' ? 10 : 20;
		end++;
	}
	if (*end || *value > UINT64_MAX >> shift)
		return false;
	*value <<= shift;
	return true;
}

/* A flag of a server, without arguments. */
static bool *flag(struct server_line *s, const char *word)
{
	const struct {
		const char *word;
		bool *flag;
	} flags[] = {
		{"root", &s->root}, {"essential", &s->essential}, {"screen", &s->screen},
		{"boot", &s->boot}, {"processes", &s->processes},
	};

	for (unsigned int i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (!strcmp(flags[i].word, word))
			return flags[i].flag;
	return NULL;
}

static int mount_line(struct start_list *list, struct server_line *s, const struct line *line)
{
	struct mount_at *m = &s->mounts[s->nr_mounts];

	if (line->n < 2 || line->n > 3)
		return complain(list, line, "mount wants a path, and perhaps a cookie", NULL);
	if (s->nr_mounts == LIST_MOUNTS_MAX)
		return complain(list, line, "too many mounts", NULL);
	if (line->words[1][0] != '/')
		return complain(list, line, "no absolute path:", line->words[1]);
	*m = (struct mount_at){.path = line->words[1]};
	if (line->n == 3 && !number(line->words[2], &m->cookie))
		return complain(list, line, "no number:", line->words[2]);
	s->nr_mounts++;
	return 0;
}

/* A word and `n` numbers behind it. */
static int number_line(struct start_list *list, const struct line *line, uint64_t *a, uint64_t *b)
{
	if (line->n != (b ? 3u : 2u))
		return complain(list, line,
				b ? "two numbers belong behind" : "a number belongs behind",
				line->words[0]);
	if (!number(line->words[1], a))
		return complain(list, line, "no number:", line->words[1]);
	if (b && !number(line->words[2], b))
		return complain(list, line, "no number:", line->words[2]);
	return 0;
}

static int property_line(struct start_list *list, struct server_line *s, const struct line *line)
{
	const char *word = line->words[0];
	bool *set = flag(s, word);

	if (set) {
		*set = true;
		return line->n == 1 ? 0 : complain(list, line, "nothing belongs behind", word);
	}
	if (!strcmp(word, "mount"))
		return mount_line(list, s, line);
	if (!strcmp(word, "state"))
		return number_line(list, line, &s->state, NULL);
	if (!strcmp(word, "ioports"))
		return number_line(list, line, &s->ioport_first, &s->ioport_count);
	if (!strcmp(word, "irq")) {
		s->irq_wanted = true;
		return number_line(list, line, &s->irq, NULL);
	}
	return complain(list, line, "unknown word", word);
}

static int server_line(struct start_list *list, const struct line *line)
{
	struct server_line *s = &list->servers[list->n];

	if (strcmp(line->words[0], "server"))
		return complain(list, line, "unknown word", line->words[0]);
	if (line->n < 3)
		return complain(list, line, "server wants a name and a program", NULL);
	if (list->n == LIST_SERVERS_MAX)
		return complain(list, line, "too many servers", NULL);
	for (unsigned int i = 0; i < list->n; i++)
		if (!strcmp(list->servers[i].name, line->words[1]))
			return complain(list, line, "a second server", line->words[1]);
	*s = (struct server_line){.name = line->words[1], .argc = line->n - 2};
	for (unsigned int i = 0; i < s->argc; i++)
		s->argv[i] = line->words[i + 2];
	list->n++;
	return 0;
}

static int parse_line(struct start_list *list, const struct line *line)
{
	if (line->too_long)
		return complain(list, line, "too many words", NULL);
	if (!line->n)
		return 0;
	if (!line->indented)
		return server_line(list, line);
	if (!list->n)
		return complain(list, line, "no server above", NULL);
	return property_line(list, &list->servers[list->n - 1], line);
}

int list_parse(struct start_list *list, char *text)
{
	struct line line = {.nr = 0};
	char *next;

	list->n = 0;
	for (; text; text = next) {
		next = strchr(text, '\n');
		if (next)
			*next++ = 0;
		line.nr++;
		cut(&line, text);
		if (parse_line(list, &line))
			return -1;
	}
	return 0;
}
