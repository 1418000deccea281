/* encode.h: a text encoded piece by piece. */
#ifndef ORE_TEXT_ENCODE_H
#define ORE_TEXT_ENCODE_H

#include <ore/text.h>

typedef struct ore_encode_job {
    const ore_tokenizer *tokenizer;
    const char *name;   /* the text's, for messages */
    size_t piece_bytes; /* read at a time; more where a token does not fit */
    void *user;
    /* UTF-8 in order: at most `capacity` bytes, of which there are at least 4. Returns how many
     * came, 0 at the end, -1 on failure. */
    int64_t (*read)(void *user, char *bytes, size_t capacity);
    /* Takes the ids, in order. */
    ore_status (*put)(void *user, const int64_t *ids, int64_t count);
} ore_encode_job;

/* The ids do not depend on piece_bytes, nor on how many bytes come at a time. */
ore_status ore_encode(const ore_encode_job *job);

#endif
