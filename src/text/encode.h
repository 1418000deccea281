/* encode.h: encodes a text piece by piece. */
#ifndef ORE_TEXT_ENCODE_H
#define ORE_TEXT_ENCODE_H

#include "text/tokenizer.h"

typedef struct ore_encode_job {
    const ore_tokenizer *tokenizer;
    const char *name;   /* of the text, for messages */
    size_t piece_bytes; /* bytes to read at a time, at least 4; more where a token is longer */
    void *user;
    /* Copies the next bytes of the text, UTF-8, at most `capacity`, which is at least 4. Returns
     * how many; 0 at the end, -1 with an error. */
    int64_t (*read)(void *user, char *bytes, size_t capacity);
    /* Receives the next ids. */
    ore_status (*put)(void *user, const int64_t *ids, int64_t count);
    /* 0; else the text is the rest of a longer one from this byte on, where the tokenizer's kind
     * has said that it may be divided, or a piece in its middle. */
    int64_t byte;
} ore_encode_job;

/* Encodes all of a text. Its ids depend neither on piece_bytes nor on how many bytes `read` gives
 * at a time. */
ore_status ore_encode(const ore_encode_job *job);

/* Encodes a text in memory, of which threads take parts where it is large, and appends its ids, and
 * its ranges where out->ranged. `name` is for messages. */
ore_status ore_encode_memory(const ore_tokenizer *tokenizer, const char *name, const char *text,
                             size_t size, ore_token_list *out);

#endif
