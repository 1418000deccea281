/* words_models.h: the models "WordPiece" and "WordLevel", over the vocabulary of a composed
 * tokenizer. */
#ifndef ORE_TEXT_WORDS_MODELS_H
#define ORE_TEXT_WORDS_MODELS_H

#include "text/composed/composed.h"

typedef struct ore_wordpiece_options {
    const char *unknown;    /* "[UNK]": the token of a split that no tokens make up */
    const char *prefix;     /* "##": before tokens that go on in a split */
    int64_t max_characters; /* 100: a split of more is unknown */
} ore_wordpiece_options;
ore_wordpiece_options ore_wordpiece_defaults(void);

ore_stage *ore_wordpiece_new(const ore_composed *composed, const ore_wordpiece_options *options);

extern const ore_model_kind ore_wordpiece_model_kind, ore_word_level_model_kind;

#endif
