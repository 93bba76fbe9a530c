/*
 * pgmodel: runs the checks and compares each verdict with the expected one. tools/pgmodel/run
 * builds and starts it, and makes its output readable.
 *
 *	pgmodel [--full] [--only PREFIX] [--show NAME] [--brief] [--list] [--no-reduction] [--nonce WORD]
 *		[--strategy NAME]
 *
 * --strategy: the scenarios under a strategy that has no rows of its own. It is expected to do what
 * `list` does, under which no scenario is broken.
 *
 * A line for each check: "ok" or "not ok", name, verdict, expected verdict, states, steps, shared
 * locations, restarts, seconds, and what was wrong. Exit: 0 when every verdict was the expected one.
 * The word, if there is one, stands before each such line: the code under test does not know it.
 */
#include "tools/pgmodel/engine.h"
#include "tools/pgmodel/litmus.h"
#include "tools/pgmodel/scenarios.h"

#include <stdio.h>
#include <string.h>

const char *model_variant;

static const char *only = "", *show, *nonce = "", *strategy_name;
static bool full, list, brief; /* brief: no interleavings */
static unsigned int checks, unexpected;

static void check_name(const struct row *row, enum memory_model model, char *buf, size_t n)
{
	snprintf(buf, n, "%s.%s%s%s.%s", row->group, row->name, row->variant ? "." : "",
		 row->variant ? row->variant : "", model == MODEL_SC ? "sc" : "tso");
}

static const char *verdict(bool bad)
{
	return bad ? "broken" : "holds";
}

static void run_check(const struct row *row, enum memory_model model, const char *name)
{
	bool expected = (model == MODEL_SC ? row->sc : row->tso) == BAD;
	struct result r;

	if (list) {
		printf("check\t%s\t%s\t%s\n", name, verdict(expected), row->program->about);
		return;
	}
	model_variant = row->variant;
	explore(row->program, model, &r);
	checks++;
	unexpected += r.violation != expected;
	printf("%s%s\t%s\t%s\t%s\t%llu\t%llu\t%u\t%llu\t%.3f\t%s\n", nonce,
	       r.violation == expected ? "ok" : "not ok", name, verdict(r.violation),
	       verdict(expected), (unsigned long long)r.states, (unsigned long long)r.steps,
	       r.shared, (unsigned long long)r.restarts, r.seconds, r.violation ? r.why : "");
	if (r.violation && !brief && (show || !expected))
		explain(row->program, model, &r);
	fflush(stdout);
}

static bool selected(const struct row *row, const char *name)
{
	if (show)
		return strcmp(name, show) == 0;
	return strncmp(name, only, strlen(only)) == 0 && (full || list || !row->full);
}

static void run_row(const struct row *row)
{
	for (int model = MODEL_SC; model <= MODEL_TSO; model++) {
		char name[100];

		check_name(row, model, name, sizeof(name));
		if (selected(row, name))
			run_check(row, model, name);
	}
}

static void run_rows(const struct row *rows)
{
	for (const struct row *row = rows; row->name; row++) {
		struct row other = *row;

		other.variant = strategy_name;
		if (!strategy_name)
			run_row(row);
		else if (row->variant && strcmp(row->variant, "list") == 0)
			run_row(&other);
	}
}

static int usage(void)
{
	fprintf(stderr, "pgmodel [--full] [--only PREFIX] [--show NAME] [--list] [--no-reduction] "
			"[--nonce WORD] [--strategy NAME]\n");
	return 2;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--full") == 0)
			full = true;
		else if (strcmp(argv[i], "--list") == 0)
			list = true;
		else if (strcmp(argv[i], "--brief") == 0)
			brief = true;
		else if (strcmp(argv[i], "--no-reduction") == 0)
			reduce_private = reduce_locks = reduce_fresh = false;
		else if (strcmp(argv[i], "--only") == 0 && argv[i + 1])
			only = argv[++i];
		else if (strcmp(argv[i], "--show") == 0 && argv[i + 1])
			show = argv[++i];
		else if (strcmp(argv[i], "--nonce") == 0 && argv[i + 1])
			nonce = argv[++i];
		else if (strcmp(argv[i], "--strategy") == 0 && argv[i + 1])
			strategy_name = argv[++i];
		else
			return usage();
	}
	sharing_init();
	memory_image_save();
	run_rows(engine_rows);
	run_rows(publish_rows);
	run_rows(load_rows);
	run_rows(scenario_rows);
	run_rows(shootdown_rows);
	if (!checks && !list) {
		fprintf(stderr, "pgmodel: no check of that name; --list shows them\n");
		return 2;
	}
	if (!list)
		printf("total\t%u checks, %u unexpected\n", checks, unexpected);
	return unexpected ? 1 : 0;
}
