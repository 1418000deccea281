/* encode.c: encodes a text piece by piece, with no more memory than one piece takes. */
#include <string.h>

#include "base/memory.h"
#include "text/encode.h"
#include "text/tokenizer.h"
#include "base/utf8.h"

/* Bytes that have been read and not encoded yet, and a buffer for the ids that they can become. */
typedef struct window {
    char *bytes;  /* (capacity) */
    int64_t *ids; /* (capacity + 1) */
    size_t held, capacity;
} window;

static ore_status widen(window *w, size_t capacity) {
    char *bytes = ore_alloc(capacity);
    int64_t *ids = ore_alloc((capacity + 1) * sizeof *ids);
    if (!bytes || !ids) {
        ore_release(bytes);
        ore_release(ids);
        return ore_error_status();
    }
    if (w->held > 0)
        memcpy(bytes, w->bytes, w->held);
    ore_release(w->bytes);
    ore_release(w->ids);
    *w = (window){bytes, ids, w->held, capacity};
    return ORE_OK;
}

/* Reads the next bytes, encodes as many as the tokenizer takes, and keeps the rest for the next
 * piece. *more becomes false at the end of the text. */
static ore_status encode_piece(const ore_encode_job *job, window *w, ore_text_place *place,
                               bool *more) {
    if (w->capacity - w->held < ORE_UTF8_BYTES_MAX && widen(w, 2 * w->capacity) != ORE_OK)
        return ore_error_status();
    int64_t got = job->read(job->user, w->bytes + w->held, w->capacity - w->held);
    if (got < 0)
        return ore_error_status();
    w->held += (size_t)got;
    *more = got > 0;
    if (w->held == 0)
        return ORE_OK;
    size_t used = 0;
    const ore_tokenizer *tokenizer = job->tokenizer;
    int64_t count =
        tokenizer->kind->encode(tokenizer, place, w->bytes, w->held, !*more, &used, w->ids);
    if (count < 0 || job->put(job->user, w->ids, count) != ORE_OK)
        return ore_error_status();
    w->held -= used;
    memmove(w->bytes, w->bytes + used, w->held);
    return ORE_OK;
}

ore_status ore_encode(const ore_encode_job *job) {
    if (!ore_ok())
        return ore_error_status();
    window w = {0};
    ore_text_place place = {.name = job->name};
    ore_status status =
        widen(&w, job->piece_bytes < ORE_UTF8_BYTES_MAX ? ORE_UTF8_BYTES_MAX : job->piece_bytes);
    for (bool more = true; more && status == ORE_OK;)
        status = encode_piece(job, &w, &place, &more);
    ore_release(w.bytes);
    ore_release(w.ids);
    return status;
}
