/* run.h: small training runs in a folder of the test's own. */
#ifndef ORE_TEST_RUN_H
#define ORE_TEST_RUN_H

#include "support/child.h"

/* A model and a schedule that take a fraction of a second. */
#define TINY                                                                                       \
    "--n-layer 1 --n-head 2 --n-embd 8 --block-size 16 --batch-size 4 --eval-interval 10 "         \
    "--eval-batches 2 --warmup-steps 5 --dropout 0.1 "

/* cmocka setup and teardown: the folder; gnuplot is out of sight, for speed. */
int run_setup(void **state);
int run_teardown(void **state);
/* For the rest of the test gnuplot is where the caller's PATH has it. */
void run_show_gnuplot(void);
/* "FOLDER/name"; the last 64 answers stay valid. */
const char *run_path(const char *name);
/* Runs `ore` with words made by a format. */
void run_oref(child_result *result, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, which must succeed without a word on standard error. */
void run_well(child_result *result, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The command must fail with this status and exactly this line on standard error. */
void expect_failure(child_result *result, int status, const char *line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The command must have said this. */
void expect_said(const child_result *result, const char *text);
/* The number behind this name at the beginning of a line of what it said. */
double said_number(const child_result *result, const char *name);
/* The next commands read this from their standard input. */
void set_input(const char *text);
/* The same, of what is at a path. */
void set_input_file(const char *path);
/* The calling thread sleeps. */
void pause_us(long us);
/* Runs these words, "train ..", with --out `out`; kills it, after first_us and then later and
 * later, and resumes until the run is at its end. */
void train_with_kills(const char *words, const char *out, long first_us);
/* A run of a text made up of a few words, at run_path("text.txt"). */
const char *text_file(void);
/* Two files must be equal, byte by byte. */
void assert_same_file(const char *a, const char *b);
/* What training made of two finished runs must be equal: weights, best ones, optimizer, state,
 * metrics; not config.json, whose paths may differ. */
void assert_same_training(const char *a, const char *b);
/* The same, config.json and tokenizer.json too. */
void assert_same_run(const char *a, const char *b);

#endif
