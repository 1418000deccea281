/* generate.h: text from a model, token by token. */
#ifndef ORE_TOOL_GENERATE_H
#define ORE_TOOL_GENERATE_H

#include <stdio.h>

#include <ore/infer.h>
#include <ore/text.h>

#include "run/train_data.h"
#include "run/train_model.h"

typedef struct generation {
    const model *model; /* in eval mode */
    const ore_tokenizer *tokenizer;
    ore_sampler_options sampler;
    ore_generator *generator;
    FILE *out;
    bool (*stop)(void); /* asked before each token; NULL: never */
    int64_t *context;   /* the last ids, at most block_size of them, or exactly so many */
    int64_t length;
    ore_kv_cache *cache; /* of one sequence; NULL where the family takes no steps */
    int64_t *cached;     /* (block_size): the ids whose keys and values the cache holds */
} generation;

/* `sampler` and `stop` may be set afterwards. Needs generation_free, also after a failure. */
ore_status generation_init(generation *g, const model *m, const ore_tokenizer *tokenizer,
                           ore_generator *generator, FILE *out);
/* What stands before a text: the separator, or else a newline, or else id 0. */
int64_t generation_first(const ore_tokenizer *tokenizer);
void generation_free(generation *g);

/* Writes `tokens` tokens of text that go on after the prompt, as they come. */
ore_status generate_stream(generation *g, const int64_t *prompt, int64_t count, int64_t tokens);
/* Writes one document, a line, that begins with the prompt, as it comes; cut after `tokens`. */
ore_status generate_document(generation *g, const int64_t *prompt, int64_t count, int64_t tokens);
/* Writes `documents` of them that the data does not hold, whole lines at a time; gives up after
 * many in vain. Returns how many were written, -1 on failure. */
int64_t generate_unseen(generation *g, const train_data *data, const int64_t *prompt, int64_t count,
                        int64_t tokens, int64_t documents);

#endif
