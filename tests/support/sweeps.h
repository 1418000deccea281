/* sweeps.h: what a sweep has left in its folder, for tests. */
#ifndef ORE_TESTS_SUPPORT_SWEEPS_H
#define ORE_TESTS_SUPPORT_SWEEPS_H

#include <stdbool.h>

#include <jansson.h>

/* DIR/sweep.json; the caller's reference. */
json_t *sweep_json(const char *dir);
/* What it says of the runs: of all, and a text and the validation loss of one. */
const json_t *runs_of(const json_t *sweep);
const char *text_of(const json_t *run, const char *key);
double loss_of(const json_t *run);
/* Whether FOLDER/NAME is there. */
bool exists(const char *folder, const char *name);
/* Fails the test unless all runs of both are done, with equal losses and files. */
void assert_same_sweeps(const char *a, const char *b);

#endif
