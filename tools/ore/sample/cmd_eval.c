/* cmd_eval.c: `ore eval`. */
#include <stddef.h>
#include <string.h>

#include "cli/command.h"
#include "run/run_open.h"

typedef struct eval_config {
    char *data, *split;
    int best;
    int64_t threads;
} eval_config;

static const option rows[] = {
    {"Evaluation", "data", OPTION_TEXT, offsetof(eval_config, data), "", "FILE", OPTION_UNSAVED,
     "evaluate on this text, or, with -, on standard input; none: the run's own"},
    {"Evaluation", "split", OPTION_CHOICE, offsetof(eval_config, split), "auto",
     "train|validation|test", OPTION_UNSAVED,
     "which part of the text, cut as the run's was; auto: validation, or with --data the whole "
     "file"},
    {"Evaluation", "best", OPTION_BOOL, offsetof(eval_config, best), "false", "", OPTION_UNSAVED,
     "the weights of the least validation loss, not the last ones"},
    {"Evaluation", "threads", OPTION_INT, offsetof(eval_config, threads), "auto", "[1, 256]",
     OPTION_UNSAVED, "threads; results do not depend on it; auto: all cores"},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static const option *eval_rows(int *count) {
    *count = ROWS;
    return rows;
}

/* "auto" is that of validation. */
static ore_part part_of(const char *name) {
    for (int part = 0; part < ORE_PART_COUNT; part++)
        if (strcmp(ore_part_name((ore_part)part), name) == 0)
            return (ore_part)part;
    return ORE_PART_VAL;
}

static ore_status eval_run(opened_run *run, const void *config) {
    const eval_config *c = config;
    ore_evaluation e;
    const measured_text m = {.file = c->data,
                             .whole = *c->data && strcmp(c->split, "auto") == 0,
                             .part = part_of(c->split)};
    if (opened_run_evaluate(run, &m, stdout, &e) == ORE_OK)
        printf("loss %.6f\nperplexity %.6f\nbits per byte %.6f\n", e.loss, e.perplexity,
               e.bits_per_byte);
    return ore_error_status();
}

static int run(int argc, char **argv) {
    eval_config c = {0};
    const run_reader reader = {rows,       ROWS,
                               &c,         &c.best,
                               &c.threads, "ore eval DIR [--data FILE] [--split PART] [--best]",
                               eval_run};
    return run_reader_run(&reader, argc, argv);
}

const command command_eval = {
    .name = "eval",
    .summary = "Measure a trained model",
    .usage = "ore eval DIR [--data FILE] [--split PART] [--best]",
    .about = "Prints the run's loss (nats per token), perplexity and bits per byte over the whole\n"
             "validation split (or another one), or over the whole of another file, every token\n"
             "predicted once: in windows of the block size laid end to end, or, by models of a\n"
             "context of one length, each after the tokens before it.",
    .run = run,
    .rows = eval_rows,
};
