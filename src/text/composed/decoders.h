/* decoders.h: decoders, for readers of other files than tokenizer.json. */
#ifndef ORE_TEXT_DECODERS_H
#define ORE_TEXT_DECODERS_H

#include "text/composed/composed.h"
#include "text/composed/pre_tokenize.h"

ore_stage *ore_byte_level_decoder_new(void);
ore_stage *ore_wordpiece_decoder_new(const char *prefix, bool cleanup);

/* Puts `count` bytes in the place of the bytes at .. at + old - 1 of a token's text. ORE_DATA where
 * it becomes so long that only a hostile file makes it. */
ore_status ore_token_text_put(ore_token_text *text, int64_t at, int64_t old, const char *with,
                              int64_t count);
/* Replaces a text in a token's by another one wherever it stands. */
ore_status ore_token_text_replace(ore_token_text *text, const char *old, const char *with);
/* No space before marks and English endings. */
ore_status ore_token_text_clean_up(ore_token_text *text);

/* The byte that a token such as "<0x41>" stands for; -1: it is no such token. */
int ore_byte_of_token(const char *bytes, size_t size);
/* A "Strip" strips the text as a whole from now on. False where it would have to know which token
 * is the last. */
bool ore_strip_decoder_of_text(ore_stage *stage);

extern const ore_decoder_kind ore_byte_level_decoder, ore_wordpiece_decoder, ore_metaspace_decoder,
    ore_byte_fallback_decoder, ore_fuse_decoder, ore_strip_decoder, ore_replace_decoder,
    ore_sequence_decoder, ore_sentencepiece_decoder, ore_bpe_decoder, ore_ctc_decoder;

#endif
