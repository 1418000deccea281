/* language.c: language models as a task of the command: texts, of which each token is predicted
 * from those before it, and text that a model writes. */
#include <stdio.h>

#include "cli/words.h"
#include "tasks/language.h"

const language_data *language_of(const train_data *d) {
    return d->own;
}

static ore_status save(const train_data *d, const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    if (rundir_path(dir, "tokenizer.json", path) == ORE_OK)
        ore_tokenizer_save(language_of(d)->tokenizer, path);
    return ore_error_status();
}

/* Rows of the token table: those of the tokenizer unless more are asked for. */
static ore_status settle(const train_data *d, train_options *t) {
    char what[128], count[COUNT_BYTES];
    int64_t size = ore_tokenizer_size(language_of(d)->tokenizer);
    snprintf(what, sizeof what, "the tokenizer has %s", counted_text(size, "token", count));
    return train_data_settle_size(t, "vocab_size", size, true, what);
}

static void print_files(const train_data *d, FILE *out) {
    const ore_tokenizer *tokenizer = language_of(d)->tokenizer;
    char count[COUNT_BYTES];
    fprintf(out, "vocabulary  %s%s\n", counted_text(ore_tokenizer_size(tokenizer), "token", count),
            ore_tokenizer_separator(tokenizer) >= 0 ? ", the end of a line among them" : "");
}

static const char *step_text(const train_config *c, char *text, size_t bytes) {
    snprintf(text, bytes, "%lld x %lld", (long long)(c->batch_size * c->accumulate),
             (long long)train_block_size(c));
    return text;
}

static void print_evaluation(const ore_evaluation *e, FILE *out) {
    fprintf(out, "loss %.6f\nperplexity %.6f\nbits per byte %.6f\n", e->loss, e->perplexity,
            e->bits_per_byte);
}

const run_task run_task_language = {
    .model = &task_language,
    .files = {"tokenizer.json"},
    .kept = {"run-data.txt", "run-val-data.txt"},
    .digest = language_digest,
    .own_bytes = sizeof(language_data),
    .open = language_open,
    .close = language_close,
    .save = save,
    .settle = settle,
    .items = language_items,
    .batch_items = language_batch_items,
    .random_loader = language_random_loader,
    .pass_loader = language_pass_loader,
    .text = language_text,
    .print_notes = language_print_notes,
    .print_files = print_files,
    .step_text = step_text,
    .fail_empty = language_fail_empty,
    .print_evaluation = print_evaluation,
    .sample_about = "Writes text as the model draws it. A model trained on lines writes whole "
                    "lines, each a sample; any other goes on from the prompt.",
    .more = "more of it",
    .sample_rows = language_sample_rows,
    .sample_row_count = LANGUAGE_SAMPLE_ROWS,
    .sample_bytes = sizeof(language_sample_config),
    .sample = language_sample,
    .show = language_show};
