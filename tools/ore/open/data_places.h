/* data_places.h: where the data of a run is, even after the run or the data has been moved. The
 * config of a run has absolute paths; its folder has a relative link to each source, or, of data
 * that came from standard input, a copy. */
#ifndef ORE_TOOL_DATA_PLACES_H
#define ORE_TOOL_DATA_PLACES_H

#include "tasks/task.h"

/* The places that a config names. */
ore_status data_places_of(data_places *p, const train_config *c);
/* Finds the data of the run in `dir`: at the path that --resume was given, whose digest must be
 * that of the run's data; else at the config's path or where the link leads, whichever has that
 * digest. of_run: the identity of the run's data, or NULL if it has no checkpoint that says it.
 * ORE_DATA if the data is in neither place; `resumed` says whether the message may advise an
 * option. */
ore_status data_places_find(data_places *p, const train_options *t, const char *dir,
                            const data_identity *of_run, bool resumed);
/* After data could not be read as it was by the run: if it is because the data has changed, the
 * error says that. */
void data_places_explain(const data_places *p, const train_data *d, const data_identity *of_run);
/* Makes or corrects the run's links, and its copy of standard input. */
ore_status data_places_keep(const data_places *p, const char *dir, const train_data *d);
/* Writes the places into the config. *changed becomes whether any of them is another than
 * before. */
ore_status data_places_settle(const data_places *p, train_options *t, bool *changed);
/* For a new run that replaces the one in `dir`: ORE_DATA if its data is a file that that run
 * keeps. */
ore_status data_places_check_replaced(const train_options *t, const char *dir);

#endif
