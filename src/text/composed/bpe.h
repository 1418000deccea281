/* bpe.h: byte pair encoding (Sennrich et al. 2016) over the vocabulary of a composed tokenizer. */
#ifndef ORE_TEXT_BPE_H
#define ORE_TEXT_BPE_H

#include "text/composed/composed.h"

/* Two tokens side by side that become one. */
typedef struct ore_merge {
    int32_t left, right; /* ids */
} ore_merge;

typedef struct ore_bpe_options {
    bool ignore_merges; /* false; true: a split that is a token as a whole is that token */
    bool byte_fallback; /* false; true: a character without a token becomes those of its bytes,
                         * "<0x00>" .. "<0xFF>" */
    bool fuse_unknown;  /* false; true: neighbouring characters without a token are one unknown */
    bool drop_unknown;  /* false; true: where there is no unknown token, a character without a token
                         * is left out, which Hugging Face's tokenizers do, and no error */
    int32_t unknown;    /* -1: none; else the id that stands for a character without a token */
    /* NULL: none. What stands before each part of a split but the first ("##"), and behind the last
     * ("</w>"), in the vocabulary. */
    const char *continuing_prefix, *end_suffix;
} ore_bpe_options;
ore_bpe_options ore_bpe_defaults(void);

/* The model for composed->vocab with merges in the order of their ranks; all is copied. The union
 * of a merge's tokens is the one of both their bytes, but for a continuing_prefix of the second.
 * ORE_DATA where a merge's tokens or their union are not in the vocabulary. */
ore_stage *ore_bpe_new(const ore_composed *composed, const ore_merge *merges, int64_t count,
                       const ore_bpe_options *options);
/* The merges that a vocabulary whose ids are ranks implies: those of tiktoken's rank files, in
 * which a pair is merged if its bytes have a rank. Sets *merges, which the caller releases with
 * ore_release, and returns their number; -1 with an error. */
int64_t ore_bpe_merges_of_ranks(const ore_vocab *vocab, ore_merge **merges);
/* The merges of a BPE model, by rank: for savers. */
const ore_merge *ore_bpe_merges(const ore_stage *model, int64_t *count);

/* Puts the tokens of an object {TEXT: id, ..} into the vocabulary. */
ore_status ore_vocab_load(ore_composed *composed, ore_json *vocab);
/* Writes "vocab", the tokens of the model alone. */
void ore_vocab_save(const ore_composed *composed, ore_json *json);
/* The merge of two tokens as files write them; `number` is for the message of ORE_DATA. */
ore_status ore_merge_of_texts(const ore_composed *composed, const char *left, size_t left_size,
                              const char *right, size_t right_size, int64_t number,
                              ore_merge *merge);

extern const ore_model_kind ore_bpe_model_kind; /* "BPE" */

#endif
