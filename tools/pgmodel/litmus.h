/* Tables of small programs; each ends with a row without a name. */
#ifndef TOOLS_PGMODEL_LITMUS_H
#define TOOLS_PGMODEL_LITMUS_H

#include "kernel/base/barrier.h"
#include "tools/pgmodel/model.h"

extern const struct row engine_rows[]; /* what x86 allows and forbids: a test of the explorer */
/* The shapes of the protocol, one slot and one root: rows F, E, R, V and rows P, G, N, H. */
extern const struct row publish_rows[], load_rows[];

/* A program of two actors without setup. */
#define PROGRAM2(a, a_run, b, b_run, check, text)                                                  \
	{                                                                                          \
		.about = text, .actors = {{a, a_run}, {b, b_run}}, .finish = check                 \
	}

#endif
