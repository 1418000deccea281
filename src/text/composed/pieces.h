/* pieces.h: the models of SentencePiece, "Unigram", its byte pair encoding, and those that look up
 * characters or words, and what they share. */
#ifndef ORE_TEXT_PIECES_H
#define ORE_TEXT_PIECES_H

#include "text/composed/composed.h"
#include "text/composed/trie.h"

/* What a token is to SentencePiece; the numbers are those of its files, and of GGUF files. */
typedef enum ore_piece_type {
    ORE_PIECE_NORMAL = 1,
    ORE_PIECE_UNKNOWN = 2, /* stands for what has no token */
    ORE_PIECE_CONTROL = 3, /* "<s>", which no text becomes */
    ORE_PIECE_USER = 4,    /* a user's: wherever the text has it, it is this token */
    ORE_PIECE_UNUSED = 5,  /* is parted again after it was made */
    ORE_PIECE_BYTE = 6,    /* "<0x41>": a byte of a character without a token */
} ore_piece_type;

typedef struct ore_pieces {
    int64_t count;
    double *scores;  /* (count) by id */
    uint8_t *types;  /* (count) of ore_piece_type; NULL: all are normal */
    int32_t unknown; /* -1: none */
    bool byte_fallback;
    /* As SentencePiece does it: sums of float32; types are respected; of the tokens of a
     * character's bytes only the last stands for it. Otherwise as Hugging Face's tokenizers. */
    bool sentencepiece;
} ore_pieces;

/* All take the arrays over, also on failure. The vocabulary of `composed` has the tokens. */
ore_stage *ore_unigram_new(const ore_composed *composed, ore_pieces *pieces);
ore_stage *ore_piece_merger_new(const ore_composed *composed, ore_pieces *pieces);
ore_stage *ore_piece_lookup_new(const ore_composed *composed, ore_pieces *pieces, bool words);
void ore_pieces_release(ore_pieces *pieces);
/* Those of any of these models; NULL for another model, or none. */
const ore_pieces *ore_pieces_of(const ore_stage *model);
/* "pieces" of tokenizer.json, beside the model's type: scores and types by id. */
void ore_pieces_save(const ore_pieces *pieces, const ore_composed *composed, ore_json *json);
ore_status ore_pieces_load(ore_pieces *pieces, ore_composed *composed, ore_json *json,
                           const char *path);

/* Adds the control tokens of a finished tokenizer's model to its special ones, by what they are
 * written as. */
ore_status ore_pieces_name_controls(ore_tokenizer *tokenizer);

/* ---- what these models know of their vocabulary ---- */

/* Whether texts may become tokens of this type as they stand, which the others' texts do not. */
bool ore_piece_is_text(uint8_t type);
/* The id of such a token by its text; -1: there is none. The pieces have types. */
int64_t ore_pieces_find(const ore_pieces *pieces, const ore_composed *composed, const char *text,
                        size_t size);
/* A trie of the users' symbols. */
ore_status ore_pieces_user_symbols(const ore_pieces *pieces, const ore_composed *composed,
                                   ore_trie *trie);

/* Pairs of bytes that stand side by side in a token: where a text has none of them, and the
 * character before is a token, no token spans the place, nor do two unknown ones become one. */
typedef struct ore_byte_pairs {
    uint64_t bits[256][4];
} ore_byte_pairs;
void ore_byte_pairs_add(ore_byte_pairs *pairs, const char *token, size_t size);
static inline bool ore_byte_pairs_have(const ore_byte_pairs *pairs, uint8_t left, uint8_t right) {
    return pairs->bits[left][right / 64] >> right % 64 & 1;
}

/* The ids of the tokens "<0x00>" .. "<0xFF>"; -1 where the vocabulary has none. */
void ore_byte_tokens(const ore_vocab *vocab, int32_t ids[256]);
/* Appends the tokens of text[start .. end), which has no token of its own: those of its bytes,
 * where there is one for each, or else the unknown one. ORE_DATA where there is neither. */
ore_status ore_pieces_add_unknown(const ore_pieces *pieces, const int32_t byte_ids[256],
                                  const char *text, size_t start, size_t end, ore_token_list *out);

const ore_pieces *ore_unigram_pieces(const ore_stage *model);
const ore_pieces *ore_piece_merger_pieces(const ore_stage *model);
const ore_pieces *ore_piece_lookup_pieces(const ore_stage *model);

extern const ore_model_kind ore_unigram_model_kind;          /* "Unigram" */
extern const ore_model_kind ore_piece_merger_model_kind;     /* "SentencePieceBPE" */
extern const ore_model_kind ore_piece_characters_model_kind; /* "SentencePieceChar" */
extern const ore_model_kind ore_piece_words_model_kind;      /* "SentencePieceWord" */

#endif
