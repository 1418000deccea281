/* data_places.h: where the data of a run is, also after the run or it has moved. A run's config
 * names it by absolute paths. Its folder has a link to each, relative to the folder, or,
 * of what came from standard input, a copy. */
#ifndef ORE_TOOL_DATA_PLACES_H
#define ORE_TOOL_DATA_PLACES_H

#include "tasks/task.h"

/* Those of a config. */
ore_status data_places_of(data_places *p, const train_config *c);
/* Those of the run in `dir`: what --resume was asked for, which needs a digest of the run's data to
 * be compared with; else the config's path or the link's, whichever leads to a file with the
 * digest. of_run: NULL where the run has no checkpoint that tells. ORE_DATA: a text is in neither
 * place; `resumed` says whether an option can name another. */
ore_status data_places_find(data_places *p, const train_options *t, const char *dir,
                            const data_identity *of_run, bool resumed);
/* After texts could not be read as the run's were: says so where they are no longer the same. */
void data_places_explain(const data_places *p, const train_data *d, const data_identity *of_run);
/* Makes the run's links and its copy of standard input what they should be. */
ore_status data_places_keep(const data_places *p, const char *dir, const train_data *d);
/* Puts into the config the places that are not those it has. *changed: whether there are any. */
ore_status data_places_settle(const data_places *p, train_options *t, bool *changed);
/* ORE_DATA where a text is one that the run in `dir` keeps, which a new run would replace. */
ore_status data_places_check_replaced(const train_options *t, const char *dir);

#endif
