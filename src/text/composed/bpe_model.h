/* bpe_model.h: the inside of the model "BPE", which lies in several files: bpe.c has what it
 * consists of, bpe_encode.c the encoding with its memory of words, bpe_seams.c where long splits
 * can be cut, bpe_json.c its form in tokenizer.json. */
#ifndef ORE_TEXT_BPE_MODEL_H
#define ORE_TEXT_BPE_MODEL_H

#include "text/composed/bpe.h"
#include "text/composed/bpe_pairs.h"

enum { ORE_BPE_AFFIX_BYTES = ORE_TOKEN_BYTES - 4 }; /* beside which a character has room */

typedef struct bpe_model {
    ore_stage base;          /* first: an ore_stage of this kind is one of these */
    ore_bpe_options options; /* without its texts, */
    char *prefix, *suffix;   /* which are these; "": none */
    bool affixed;            /* one of them is not "" */
    ore_merge *merges;       /* (merge_count) by rank */
    int64_t merge_count;
    ore_bpe_pairs pairs;
    int32_t byte_ids[256]; /* the tokens of single bytes, -1: none */
    uint64_t *seams;       /* see ore_bpe_is_seam; NULL: splits are never cut */
    /* Where characters without tokens are side by side, their tokens depend on each other. */
    bool unknown_reaches;
    uint64_t *odd; /* (ids / 64 + 1) bits: tokens that stand for other bytes than their own */
} bpe_model;

/* Encodes text as one split, without the memory of words: ids and sizes of its parts. */
ore_status ore_bpe_split(const bpe_model *self, const ore_composed *composed, ore_bpe_parts *parts,
                         const char *text, size_t size);

/* The max number of parts of so many bytes and splits. */
int64_t ore_bpe_room(const bpe_model *self, int64_t bytes, int64_t splits);

/* ---- seams ---- */

/* Where no token spans two characters, no merge joins what stands on their sides. */

/* Notes which characters stand side by side in tokens. */
void ore_bpe_seams_fill(bpe_model *self, const ore_composed *composed);
/* Whether a split is surely cut between two characters, of which `at` points to the second. */
bool ore_bpe_is_seam(const bpe_model *self, const ore_composed *composed, const char *text,
                     size_t size, size_t at);

/* ---- the functions of the kind ---- */

void *ore_bpe_workspace_new(const ore_stage *stage);
void ore_bpe_workspace_free(void *workspace);
ore_status ore_bpe_encode(const ore_stage *stage, const ore_composed *composed,
                          ore_workspace *workspace, int64_t first, int64_t count,
                          ore_token_list *out);
size_t ore_bpe_cut(const ore_stage *stage, const ore_composed *composed, const char *text,
                   size_t size);
ore_stage *ore_bpe_load(ore_composed *composed, ore_json *json, const char *path);
void ore_bpe_save(const ore_stage *stage, const ore_composed *composed, ore_json *json);
void ore_bpe_digest(const ore_stage *stage, ore_digest_stream *stream);

#endif
