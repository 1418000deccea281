/* loaders.h: data for tests of loaders, and what batches must hold. */
#ifndef ORE_TESTS_LOADERS_H
#define ORE_TESTS_LOADERS_H

#include <ore/data.h>
#include <ore/text.h>

#define IDS(...) ((const int64_t[]){__VA_ARGS__})

/* Tokens that tell where they stand: numbers[i] = i. Filled by numbers_setup, a set-up of cmocka,
 * which also makes the scratch folder (scratch.h). */
enum { MANY = 4000 };
extern int64_t numbers[MANY];
int numbers_setup(void **state);

/* A text, its characters as tokens, and these in parts. */
typedef struct corpus {
    ore_text *text;
    ore_tokenizer *tokenizer;
    ore_tokens *tokens;
    ore_token_parts *parts;
} corpus;

/* Over a text that is open, which the corpus takes over; over the text of a string. Options may be
 * NULL, the defaults. With documents, the tokenizer has a separator. */
void corpus_on(corpus *c, ore_text *text, const ore_token_parts_options *o);
void corpus_of(corpus *c, const char *s, const ore_token_parts_options *o);
void corpus_free(corpus *c);

/* An int64 tensor of that shape with these values in row-major order. */
void assert_ids(const ore_tensor *t, ore_shape shape, const int64_t *want);
/* The loader's next batch is the end of its pass. */
void assert_end(ore_loader *loader);

#endif
