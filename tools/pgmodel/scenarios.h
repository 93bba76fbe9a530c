/* The scenarios over the real code: a table of rows, a row without a name ends it. */
#ifndef TOOLS_PGMODEL_SCENARIOS_H
#define TOOLS_PGMODEL_SCENARIOS_H

#include "tools/pgmodel/model.h"

extern const struct row scenario_rows[];
extern const struct row shootdown_rows[];

#endif
