/* language.h: texts for language models, and what such a model writes: the parts of the task that
 * language.c puts together. */
#ifndef ORE_TOOL_LANGUAGE_H
#define ORE_TOOL_LANGUAGE_H

#include <ore/text.h>

#include "run/token_cache.h"
#include "tasks/language_shards.h"
#include "tasks/task.h"

typedef struct language_data {
    ore_text *text, *val_text, *vocab_text; /* the others: NULL without --val-data, --vocab */
    ore_tokenizer *tokenizer;
    ore_tokens *tokens, *val_tokens;
    token_note tokens_note, val_tokens_note;
    ore_token_parts *parts; /* NULL of shards */
    language_shards shards; /* without sources: the data is a text */
    language_shards val_shards;
} language_data;

const language_data *language_of(const train_data *d);

/* ---- data (language_data.c): functions of a run_task ---- */

ore_status language_digest(const char *path, ore_digest *digest);
ore_status language_open(train_data *d, const train_config *c, const char *const path[SOURCES],
                         const char *dir);
void language_close(train_data *d);
int64_t language_items(const train_data *d, ore_part part);
double language_row_items(const train_data *d, const train_config *c);
ore_loader *language_random_loader(const train_data *d, const train_config *c, ore_part part,
                                   ore_generator *g);
ore_loader *language_train_loader(const train_data *d, const train_config *c, ore_generator *g);
ore_loader *language_pass_loader(const train_data *d, const train_config *c, ore_part part);
ore_status language_fail_empty(const train_data *d, const train_config *c);
const char *language_text(const train_data *d, char *text, size_t bytes);
const char *language_idle(const train_data *d, const train_config *c, const char *key);
void language_print_notes(const train_data *d, FILE *out);
/* True if a document of these ids is in the run's text, or in the one it validates on; also with an
 * error, where that cannot be told. */
bool language_has_document(const language_data *d, const int64_t *ids, int64_t count);

/* ---- samples (language_sample.c) ---- */

typedef struct language_sample_config {
    char *prompt;
    int64_t tokens, num;
    double temperature;
    int64_t top_k;
    double top_p;
    int64_t seed;
    int unseen;
} language_sample_config;

enum { LANGUAGE_SAMPLE_ROWS = 8 };
extern const option language_sample_rows[LANGUAGE_SAMPLE_ROWS];
ore_status language_sample(const trained_model *m, const void *config);
ore_status language_show(const trained_model *m, ore_generator *g);

#endif
