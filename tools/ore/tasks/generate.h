/* generate.h: generates text with a model, token by token. */
#ifndef ORE_TOOL_GENERATE_H
#define ORE_TOOL_GENERATE_H

#include <stdio.h>

#include <ore/infer.h>
#include <ore/text.h>

#include "run/train_model.h"
#include "tasks/language.h"

typedef struct generation {
    const model *model; /* in eval mode */
    const ore_tokenizer *tokenizer;
    int64_t separator; /* of the documents that the model writes; -1: it writes running text */
    ore_sampler_options sampler;
    ore_generator *generator;
    FILE *out;
    const int64_t *ends; /* (end_count) tokens that end running text, too, and are not written */
    int end_count;
    bool (*stop)(void); /* asked before each token; NULL: never */
    int64_t *context;   /* the last ids: at most block_size, or exactly so many for contexts */
    int64_t length;
    void *memory;   /* of one sequence; NULL where the family has no step */
    int64_t *known; /* (block_size) the ids that the memory has read, */
    int64_t held;   /* how many */
} generation;

/* The caller may set `sampler`, `ends` and `stop` afterwards. To be released with generation_free,
 * also after a failure. */
ore_status generation_init(generation *g, const model *m, const ore_tokenizer *tokenizer,
                           int64_t separator, ore_generator *generator, FILE *out);
/* The id that a text without a prompt begins with: the separator of documents; where there are
 * none, a newline; where there is no newline either, id 0. */
int64_t generation_first(const ore_tokenizer *tokenizer, int64_t separator);
void generation_free(generation *g);

/* Writes `tokens` tokens of text that follow the prompt, or those up to its end, each when it is
 * drawn. */
ore_status generate_stream(generation *g, const int64_t *prompt, int64_t count, int64_t tokens);
/* Writes one document, which begins with the prompt, as a line, each token when it is drawn; it is
 * cut after `tokens`. */
ore_status generate_document(generation *g, const int64_t *prompt, int64_t count, int64_t tokens);
/* Writes `documents` documents that do not occur in the data, a line each, and gives up after many
 * attempts in vain. Returns how many were written, -1 with an error. */
int64_t generate_unseen(generation *g, const language_data *data, const int64_t *prompt,
                        int64_t count, int64_t tokens, int64_t documents);

#endif
