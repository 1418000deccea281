/* tokenizer.h: what defines a kind of tokenizer, and what all kinds share. A new kind is a file
 * that defines its ore_tokenizer_kind, and a row in tokenizers.def. */
#ifndef ORE_TEXT_TOKENIZER_H
#define ORE_TEXT_TOKENIZER_H

#include <ore/io.h>
#include <ore/text.h>

#include "base/digest.h"

/* How far a text has been encoded, for messages. A kind's `encode` advances it by what it takes. */
typedef struct ore_text_place {
    const char *name;        /* of the text */
    int64_t byte, character; /* of the text, counted from 0 */
    bool inside;             /* of a composed tokenizer: a section goes on here, */
    bool goes_on;            /* and goes on behind the last byte, where `divide` has parted it */
} ore_text_place;

/* Ids that encoding gives, and where each one's text stands. */
typedef struct ore_token_list {
    int64_t *ids;            /* (count) */
    ore_token_range *ranges; /* (count) where `ranged` */
    int64_t count, capacity, range_capacity;
    bool ranged; /* ranges are wanted */
} ore_token_list;

/* Makes room for `more` tokens. */
ore_status ore_token_list_reserve(ore_token_list *list, int64_t more);
/* Appends a token; start and end are not looked at unless ranges are wanted. */
ore_status ore_token_list_add(ore_token_list *list, int64_t id, int64_t start, int64_t end);
/* The same where there is room. */
static inline void ore_token_list_put(ore_token_list *list, int64_t id, int64_t start,
                                      int64_t end) {
    if (list->ranged)
        list->ranges[list->count] = (ore_token_range){start, end};
    list->ids[list->count++] = id;
}
void ore_token_list_release(ore_token_list *list);

typedef struct ore_tokenizer_kind {
    const char *name; /* the "type" of tokenizer.json */
    /* Makes a tokenizer from tokenizer.json, with ore_tokenizer_new and, for the special tokens,
     * ore_tokenizer_read_specials. NULL with ORE_DATA that names the path and what is wrong. */
    ore_tokenizer *(*load)(ore_json *root, const char *path);
    /* Adds to tokenizer.json what `load` reads, but for the type and the special tokens, which are
     * written for it. NULL: nothing. */
    void (*save)(const ore_tokenizer *tokenizer, ore_json *root);
    /* Releases what the tokenizer's struct points to; NULL: nothing. */
    void (*release)(ore_tokenizer *tokenizer);
    /* Encodes the beginning of a piece of text, UTF-8. It takes only so many bytes that no text
     * which may follow could change their ids, so that the ids of a text do not depend on how it
     * is cut into pieces; with `last` nothing follows, and it takes all. The bytes that it
     * leaves are at the start of the next piece. *used, 0 before the call, becomes the number of
     * bytes taken, and `place` advances by these bytes and their characters. Appends the ids to
     * `out`, and where out->ranged the bytes of the whole text that each stands for. ORE_DATA
     * that names the place of a character without a token, or, unless the kind has tokens for
     * single bytes, of a byte that is not UTF-8. */
    ore_status (*encode)(const ore_tokenizer *tokenizer, ore_text_place *place, const char *text,
                         size_t bytes, bool last, size_t *used, ore_token_list *out);
    /* The first place `at`, from <= at < size, where a character begins and such that the text
     * before it and from it on give the ids of the whole: what threads divide a large text by.
     * `size`: there is none. NULL: never any. */
    size_t (*divide)(const ore_tokenizer *tokenizer, const char *text, size_t size, size_t from);
    /* The bytes of a token, 0 <= id < size, and their number, at most ORE_TOKEN_BYTES; they need
     * not be whole characters. `first` says that the token begins the text, or a line to a kind
     * with `lines`: one whose tokens carry the space before a word omits it there. */
    const char *(*bytes)(const ore_tokenizer *tokenizer, int64_t id, bool first, size_t *count);
    /* The same of a token that stands behind the token `before` in a text. NULL: what `bytes` gives
     * for one that does not begin it. */
    const char *(*bytes_behind)(const ore_tokenizer *tokenizer, int64_t id, int64_t before,
                                size_t *count);
    /* The id of the token of exactly these bytes, or -1. */
    int64_t (*find)(const ore_tokenizer *tokenizer, const char *text, size_t bytes);
    /* Puts all that ids depend on into a digest. NULL: what `save` writes. */
    void (*digest)(const ore_tokenizer *tokenizer, ore_digest_stream *stream);
    bool lines; /* decoding begins anew behind each line feed */
    /* Appends the ids that go before and behind a text whose special tokens are wanted, with empty
     * ranges where before->ranged. NULL: there are none. */
    ore_status (*frame)(const ore_tokenizer *tokenizer, ore_token_list *before,
                        ore_token_list *behind);
    /* Writes what it consists of, for people. NULL: nothing. */
    void (*stages)(const ore_tokenizer *tokenizer, char *text, size_t bytes);
    /* Narrows the range of a token to what users are to see of it. NULL: ranges stay. */
    ore_token_range (*trim)(const ore_tokenizer *tokenizer, const char *text, int64_t id,
                            bool first, ore_token_range range);
} ore_tokenizer_kind;

typedef struct ore_special_token {
    char *name;
    int64_t id;
} ore_special_token;

/* The first member of the struct of each kind of tokenizer. */
struct ore_tokenizer {
    const ore_tokenizer_kind *kind;
    int64_t size; /* number of tokens; set by the kind when it makes a tokenizer */
    ore_special_token *specials;
    int64_t special_count, special_capacity;
};

/* A new tokenizer in struct_bytes of memory, all zero but for its kind. */
ore_tokenizer *ore_tokenizer_new(const ore_tokenizer_kind *kind, size_t struct_bytes);
/* Adds a special token: a name that users and programs know it by, and its id. */
ore_status ore_tokenizer_add_special(ore_tokenizer *tokenizer, const char *name, int64_t id);
/* Adds the special tokens of tokenizer.json. ORE_DATA for an id that is not below the tokenizer's
 * size. */
ore_status ore_tokenizer_read_specials(ore_tokenizer *tokenizer, ore_json *root, const char *path);

/* The tokenizer, of any kind, that a parsed tokenizer.json describes; `path` is for messages. */
ore_tokenizer *ore_tokenizer_of_json(ore_json *root, const char *path);

/* All kinds. */
#define TOKENIZER(name) extern const ore_tokenizer_kind ore_##name##_tokenizer_kind;
#include "text/tokenizers.def"
#undef TOKENIZER

#endif
