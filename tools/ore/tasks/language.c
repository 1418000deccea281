/* language.c: language models as a task of the command: texts, of which each token is predicted
 * from those before it, and text that a model writes. */
#include <stdio.h>

#include "cli/words.h"
#include "tasks/language.h"
#include "tasks/run_tokenizer.h"

const language_data *language_of(const train_data *d) {
    return d->own;
}

static ore_status save(const train_data *d, const char *dir) {
    return run_tokenizer_save(language_of(d)->tokenizer, dir);
}

static ore_status settle(const train_data *d, train_options *t) {
    return run_tokenizer_settle(language_of(d)->tokenizer, t);
}

static void print_files(const train_data *d, FILE *out) {
    const ore_tokenizer *tokenizer = language_of(d)->tokenizer;
    char count[COUNT_BYTES];
    int64_t separator = ore_tokenizer_separator(tokenizer);
    bool of_lines = separator >= 0 && separator == ore_tokenizer_id(tokenizer, "\n", 1);
    fprintf(out, "vocabulary  %s%s\n", counted_text(ore_tokenizer_size(tokenizer), "token", count),
            of_lines ? ", the end of a line among them" : "");
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
    .files = {RUN_TOKENIZER_FILE},
    .kept = {"run-data.txt", "run-val-data.txt"},
    .folder = true,
    .digest = language_digest,
    .own_bytes = sizeof(language_data),
    .open = language_open,
    .close = language_close,
    .save = save,
    .settle = settle,
    .items = language_items,
    .row_items = language_row_items,
    .random_loader = language_random_loader,
    .train_loader = language_train_loader,
    .pass_loader = language_pass_loader,
    .text = language_text,
    .idle = language_idle,
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
