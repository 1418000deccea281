/* cmd_eval.c: `ore eval`. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <ore/train.h>

#include "command.h"
#include "run_open.h"
#include "train_data.h"

typedef struct eval_config {
    char *data;
    int best;
    int64_t threads;
} eval_config;

static const option rows[] = {
    {"Evaluation", "data", OPTION_TEXT, offsetof(eval_config, data), "", "FILE", OPTION_UNSAVED,
     "evaluate on the validation split of this text, cut as the run's was; none: the run's own"},
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

static ore_tensor *forward(void *user, ore_tensor *x) {
    return gpt_forward(user, x);
}

static ore_status evaluate(opened_run *run, const train_data *data, ore_evaluation *e) {
    const train_config *c = &run->options.config;
    ore_loader_options o = ore_loader_defaults();
    if (ore_dataset_tokens(data->dataset, ORE_PART_VAL) == 0)
        return ore_fail(ORE_DATA, "%s: no validation split: the run has --val-fraction 0",
                        ore_text_name(data->text));
    o.part = ORE_PART_VAL;
    o.batch_size = c->batch_size;
    o.block_size = c->block_size;
    ore_loader *loader = ore_window_loader_new(data->dataset, &o);
    if (loader)
        ore_evaluate_loader(&run->model.module, forward, NULL, &run->model, loader, 0, e);
    ore_loader_free(loader);
    return ore_error_status();
}

/* The run's own data, or `file` in its place. */
static ore_status open_data(opened_run *run, train_data *data, const char *file) {
    options *o = &run->options.options;
    if (*file)
        options_replace(o, "data", file);
    if (*file)
        options_replace(o, "val_data", "");
    return train_data_open(data, &run->options.config, run->tokenizer_path);
}

static ore_status eval_run(opened_run *run, const void *config) {
    const eval_config *c = config;
    train_data data = {0};
    ore_evaluation e;
    if (open_data(run, &data, c->data) == ORE_OK && evaluate(run, &data, &e) == ORE_OK)
        printf("loss %.6f\nperplexity %.6f\nbits per byte %.6f\n", e.loss, e.perplexity,
               e.bits_per_byte);
    train_data_close(&data);
    return ore_error_status();
}

static int run(int argc, char **argv) {
    eval_config c = {0};
    const run_reader reader = {
        rows, ROWS, &c, &c.best, &c.threads, "ore eval DIR [--data FILE] [--best]", eval_run};
    return run_reader_run(&reader, argc, argv);
}

const command command_eval = {
    .name = "eval",
    .summary = "Measure a trained model",
    .usage = "ore eval DIR [--data FILE] [--best]",
    .about = "Prints the run's loss (nats per token), perplexity and bits per byte over the whole\n"
             "validation split, in windows of the block size laid end to end, every token\n"
             "predicted once.",
    .run = run,
    .rows = eval_rows,
};
