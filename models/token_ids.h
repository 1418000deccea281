/* token_ids.h: a text's ids in one array. */
#ifndef ORE_MODELS_TOKEN_IDS_H
#define ORE_MODELS_TOKEN_IDS_H

#include <ore/text.h>

/* All ids of a text, in an array that the caller frees, which has room for one more; *count becomes
 * how many there are. `special`: with the marks that the tokenizer itself adds. NULL on failure. */
int64_t *token_ids(const ore_tokenizer *tokenizer, const char *text, size_t bytes, bool special,
                   int64_t *count);

#endif
