/* The text form of a forced schedule: see racerules.h. */
#include "kernel/racerules.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

/* At most six digits: no more is of use, and nothing overflows. NULL: not a number. */
static const char *parse_number(const char *p, u64 *value)
{
	const char *start = p;

	for (*value = 0; is_digit(*p) && p - start < 6; p++)
		*value = *value * 10 + (u64)(*p - '0');
	return p == start || is_digit(*p) ? NULL : p;
}

static const char *parse_place(const char *p, struct race_place *place, const char **complaint)
{
	u64 cpu;

	*place = (struct race_place){.name = p, .cpu = RACE_ANY_CPU, .nth = 1};
	while (is_name(*p))
		p++;
	place->len = (size_t)(p - place->name);
	*complaint = "a race point's name is missing";
	if (!place->len)
		return NULL;
	if (*p == '@') {
		*complaint = "@ wants the number of a CPU";
		p = parse_number(p + 1, &cpu);
		if (!p)
			return NULL;
		place->cpu = (int)cpu;
	}
	if (*p == '/') {
		*complaint = "/ wants a number from 1 on";
		p = parse_number(p + 1, &place->nth);
		if (!p || !place->nth)
			return NULL;
	}
	return p;
}

const char *race_parse_rule(const char *text, struct race_place *at, struct race_place *until,
			    const char **complaint)
{
	const char *p = parse_place(text, at, complaint);

	if (!p)
		return NULL;
	*complaint = "a colon is missing: where to wait, then what to wait for";
	if (*p != ':')
		return NULL;
	p = parse_place(p + 1, until, complaint);
	if (!p)
		return NULL;
	*complaint = "a comma is missing after a rule";
	if (*p && *p != ',')
		return NULL;
	*complaint = "a rule is missing after the comma";
	if (*p == ',' && !p[1])
		return NULL;
	return *p ? p + 1 : p;
}
