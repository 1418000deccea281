/* train_data.h: the texts of a run, its tokenizer, and its tokens in parts. */
#ifndef ORE_TOOL_TRAIN_DATA_H
#define ORE_TOOL_TRAIN_DATA_H

#include <ore/text.h>

#include "config/train_options.h"
#include "run/token_cache.h"

typedef struct train_data {
    ore_text *text, *val_text, *vocab_text; /* the others: NULL without --val-data, --vocab */
    ore_tokenizer *tokenizer;
    ore_tokens *tokens, *val_tokens;
    token_note tokens_note, val_tokens_note;
    ore_token_parts *parts;
    char *input; /* the bytes of a text from standard input, or NULL */
    size_t input_bytes;
} train_data;

/* What tells a run's data from others. */
typedef struct data_identity {
    int64_t train_tokens, val_tokens;
    bool digested;         /* false: of a run made before there were digests */
    ore_digest digest;     /* of the text */
    ore_digest val_digest; /* of the one to validate on; of no bytes where there is none */
} data_identity;

data_identity train_data_identity(const train_data *d);
/* ORE_DATA, naming the file and what differs, where the data is not that of the run. */
ore_status train_data_check(const train_data *d, const data_identity *of_run);

typedef struct data_places data_places;
/* Opens the texts of a resolved config where they are now (data_places.h), or, with places NULL,
 * where the config says. The tokenizer is read from `tokenizer_path`, or made from the texts where
 * that is NULL. Needs train_data_close, also after a failure. */
ore_status train_data_open(train_data *d, const train_config *c, const data_places *places,
                           const char *tokenizer_path);
void train_data_close(train_data *d);

/* "names.txt: 45,000 characters, ..." for people, into text; returns text. */
const char *train_data_text(const train_data *d, char *text, size_t bytes);
/* A line for each way in which a text was not read as it stands in its file, and for what is new in
 * the cache of tokens. */
void train_data_print_notes(const train_data *d, FILE *out);
/* "names.txt, validation split: 4,500 tokens", of which it is all, or a part; returns text. */
const char *train_data_part_text(const train_data *d, bool whole, ore_part part, int64_t tokens,
                                 char *text, size_t bytes);
/* Targets that a batch of `rows` holds on average. */
double train_data_batch_tokens(const train_data *d, const train_config *c, int64_t rows);

/* A loader of one part in random batches, of what the model is trained on: sequences or contexts;
 * NULL without an error where the part is empty. */
ore_loader *train_data_random_loader(const train_data *d, const train_config *c, ore_part part,
                                     ore_generator *g);
/* Raises the error for a text of which nothing is left to train on. */
ore_status train_data_fail_empty(const train_data *d, const train_config *c);
/* One pass over a part, every target once. ORE_DATA where the part is empty. */
ore_loader *train_data_pass_loader(const train_data *d, const train_config *c, ore_part part);
/* True if a document of these ids is in the run's text, or in the one it validates on; also with an
 * error, where that cannot be told. */
bool train_data_has_document(const train_data *d, const int64_t *ids, int64_t count);

#endif
