/* sentencepiece.h: the stages that SentencePiece's files stand for, beside its models
 * (pieces.h). */
#ifndef ORE_TEXT_SENTENCEPIECE_H
#define ORE_TEXT_SENTENCEPIECE_H

#include "text/composed/composed.h"

typedef struct ore_sentencepiece_options {
    bool add_dummy_prefix;         /* true: a space before the text (with `suffix`: behind it) */
    bool remove_extra_whitespaces; /* true: none at its ends, and one in place of several */
    bool escape_whitespaces;       /* true: spaces become U+2581 */
    bool suffix;                   /* false: "treat_whitespace_as_suffix" */
} ore_sentencepiece_options;
ore_sentencepiece_options ore_sentencepiece_defaults(void);

/* The normalizer "SentencePiece". charsmap: a blob as its files have it, or NULL; `where` is for
 * messages. The users' symbols of composed->model, which is there, are left as they are. */
ore_stage *ore_sentencepiece_normalizer_new(const ore_composed *composed,
                                            const ore_sentencepiece_options *options,
                                            const char *charsmap, size_t charsmap_bytes,
                                            const char *where);
/* The decoder "SentencePiece": `unknown` is what an unknown token is written as, " \u2047 "; with
 * `strip` the space that begins a text goes. */
ore_stage *ore_sentencepiece_decoder_new(const char *unknown, bool strip);

#endif
