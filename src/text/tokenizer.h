/* tokenizer.h: what a kind of tokenizer is, and what all of them share. A new kind is a file with
 * its constant, and a row in tokenizers.def. */
#ifndef ORE_TEXT_TOKENIZER_H
#define ORE_TEXT_TOKENIZER_H

#include <ore/io.h>
#include <ore/text.h>

/* How far a text has been encoded, for messages: kinds move it on as they take bytes. */
typedef struct ore_text_place {
    const char *name;        /* the text's */
    int64_t byte, character; /* from 0 */
} ore_text_place;

typedef struct ore_tokenizer_kind {
    const char *name; /* the "type" of tokenizer.json */
    /* A tokenizer from tokenizer.json, ORE_DATA naming the path and what is wrong in it. It starts
     * with ore_tokenizer_new and reads special tokens by ore_tokenizer_read_specials. */
    ore_tokenizer *(*load)(ore_json *root, const char *path);
    /* Adds to tokenizer.json what load reads besides type and special tokens; NULL: nothing. */
    void (*save)(const ore_tokenizer *tokenizer, ore_json *root);
    /* Releases what the tokenizer's struct points to; NULL: nothing. */
    void (*release)(ore_tokenizer *tokenizer);
    /* Encodes UTF-8 from its start as far as what may follow cannot change the ids: all of it where
     * `last`, else perhaps less, so that the ids do not depend on how a text was cut into pieces.
     * *used, 0 before the call, is the bytes taken; those left come again with more behind them.
     * `ids` has room for bytes + 1. Returns how many there are, or -1 with ORE_DATA that names the
     * place of what has no token, which a byte that is not UTF-8 has only where a kind has tokens
     * for bytes. `place` moves by the bytes and the characters taken; a kind that has a token for
     * everything may leave it. */
    int64_t (*encode)(const ore_tokenizer *tokenizer, ore_text_place *place, const char *text,
                      size_t bytes, bool last, size_t *used, int64_t *ids);
    /* The bytes of a token that is there, which need not be whole characters, and their number: at
     * most ORE_TOKEN_BYTES. `first`: nothing stands before it, which a kind that writes a space
     * before a word looks at. */
    const char *(*bytes)(const ore_tokenizer *tokenizer, int64_t id, bool first, size_t *count);
    /* The id of the token of exactly these bytes, or -1. */
    int64_t (*find)(const ore_tokenizer *tokenizer, const char *text, size_t bytes);
} ore_tokenizer_kind;

typedef struct ore_special_token {
    char *name;
    int64_t id;
} ore_special_token;

/* What a kind's struct starts with. */
struct ore_tokenizer {
    const ore_tokenizer_kind *kind;
    int64_t size; /* tokens; set by the kind once it knows */
    ore_special_token *specials;
    int64_t special_count, special_capacity;
};

/* A tokenizer of struct_bytes, zero but for its kind. */
ore_tokenizer *ore_tokenizer_new(const ore_tokenizer_kind *kind, size_t struct_bytes);
ore_status ore_tokenizer_add_special(ore_tokenizer *tokenizer, const char *name, int64_t id);
/* Those of tokenizer.json, whose ids must be below the tokenizer's size. */
ore_status ore_tokenizer_read_specials(ore_tokenizer *tokenizer, ore_json *root, const char *path);

/* What tokenizer.json describes, of any kind; `path` is for messages. */
ore_tokenizer *ore_tokenizer_of_json(ore_json *root, const char *path);

/* The kinds there are. */
#define TOKENIZER(name) extern const ore_tokenizer_kind ore_##name##_tokenizer_kind;
#include "text/tokenizers.def"
#undef TOKENIZER

#endif
