/* encode.c: encodes a text piece by piece, with no more memory than one piece takes, and large
 * pieces by several threads. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/encode.h"

/* ---- ids ---- */

ore_status ore_token_list_reserve(ore_token_list *list, int64_t more) {
    void *ids = list->ids, *ranges = list->ranges;
    ore_status status = ore_grow(&ids, &list->capacity, list->count + more, sizeof *list->ids);
    list->ids = ids;
    if (status == ORE_OK && list->ranged)
        status = ore_grow(&ranges, &list->range_capacity, list->count + more, sizeof *list->ranges);
    list->ranges = ranges;
    return status;
}

ore_status ore_token_list_add(ore_token_list *list, int64_t id, int64_t start, int64_t end) {
    if (ore_token_list_reserve(list, 1) != ORE_OK)
        return ore_error_status();
    ore_token_list_put(list, id, start, end);
    return ORE_OK;
}

void ore_token_list_release(ore_token_list *list) {
    ore_release(list->ids);
    ore_release(list->ranges);
    *list = (ore_token_list){.ranged = list->ranged};
}

static ore_status append(ore_token_list *list, const ore_token_list *more) {
    if (ore_token_list_reserve(list, more->count) != ORE_OK)
        return ore_error_status();
    if (more->count > 0)
        memcpy(list->ids + list->count, more->ids, (size_t)more->count * sizeof *list->ids);
    if (more->count > 0 && list->ranged)
        memcpy(list->ranges + list->count, more->ranges,
               (size_t)more->count * sizeof *list->ranges);
    list->count += more->count;
    return ORE_OK;
}

/* ---- a piece by several threads ---- */

/* Bytes of a part: a millisecond's work or more, beside which what a part costs is nothing. */
enum { PART_BYTES = 1 << 18, PARTS_MAX = 64 };

typedef struct division {
    const ore_tokenizer *tokenizer;
    const ore_text_place *place; /* of the text's start */
    const char *text;
    size_t starts[PARTS_MAX + 1]; /* (count + 1) */
    size_t used[PARTS_MAX];
    ore_text_place places[PARTS_MAX]; /* behind each part */
    ore_token_list lists[PARTS_MAX];
    int64_t count;
    bool last;
} division;

static void encode_part(void *argument, int64_t part) {
    division *d = argument;
    const size_t start = d->starts[part];
    ore_text_place place = *d->place;
    place.byte += (int64_t)start;
    place.inside = place.inside || part > 0;
    place.goes_on = part + 1 < d->count;
    d->tokenizer->kind->encode(d->tokenizer, &place, d->text + start, d->starts[part + 1] - start,
                               d->last || part + 1 < d->count, &d->used[part], &d->lists[part]);
    d->places[part] = place;
}

/* Parts of about equal sizes, where the tokenizer says that they do not depend on each other. */
static void divide(division *d, size_t bytes) {
    size_t step = bytes / PARTS_MAX < PART_BYTES ? PART_BYTES : bytes / PARTS_MAX + 1;
    d->count = 0;
    d->starts[0] = 0;
    for (size_t at = step; at < bytes && d->count + 1 < PARTS_MAX; at += step) {
        at = d->tokenizer->kind->divide(d->tokenizer, d->text, bytes, at);
        if (at < bytes)
            d->starts[++d->count] = at;
    }
    d->starts[++d->count] = bytes;
}

/* Encodes what a piece allows, as the kind's `encode` does. */
static ore_status encode_divided(const ore_tokenizer *tokenizer, ore_text_place *place,
                                 const char *text, size_t bytes, bool last, size_t *used,
                                 ore_token_list *out) {
    if (!tokenizer->kind->divide || bytes < 2 * PART_BYTES || ore_num_threads() == 1)
        return tokenizer->kind->encode(tokenizer, place, text, bytes, last, used, out);
    division *d = ore_alloc_zero(sizeof *d);
    if (!d)
        return ORE_MEMORY;
    *d = (division){.tokenizer = tokenizer, .place = place, .text = text, .last = last};
    for (int i = 0; i < PARTS_MAX; i++)
        d->lists[i].ranged = out->ranged;
    divide(d, bytes);
    ore_parallel_for(d->count, encode_part, d);
    for (int64_t i = 0; i < d->count; i++) {
        if (ore_ok())
            append(out, &d->lists[i]);
        ore_token_list_release(&d->lists[i]);
    }
    *used = d->starts[d->count - 1] + d->used[d->count - 1];
    *place = d->places[d->count - 1];
    ore_release(d);
    return ore_error_status();
}

ore_status ore_encode_memory(const ore_tokenizer *tokenizer, const char *name, const char *text,
                             size_t size, ore_token_list *out) {
    ore_text_place place = {.name = name};
    size_t used = 0;
    return size ? encode_divided(tokenizer, &place, text, size, true, &used, out) : ORE_OK;
}

/* ---- piece by piece ---- */

/* Bytes that have been read and not encoded yet, and the ids that they become. */
typedef struct window {
    char *bytes; /* (capacity) */
    size_t held, capacity;
    ore_token_list list;
} window;

static ore_status widen(window *w, size_t capacity) {
    char *bytes = ore_alloc(capacity);
    if (!bytes)
        return ORE_MEMORY;
    if (w->held > 0)
        memcpy(bytes, w->bytes, w->held);
    ore_release(w->bytes);
    w->bytes = bytes;
    w->capacity = capacity;
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
    w->list.count = 0;
    if (encode_divided(job->tokenizer, place, w->bytes, w->held, !*more, &used, &w->list) != ORE_OK)
        return ore_error_status();
    if (w->list.count > 0 && job->put(job->user, w->list.ids, w->list.count) != ORE_OK)
        return ore_error_status();
    w->held -= used;
    memmove(w->bytes, w->bytes + used, w->held);
    return ORE_OK;
}

ore_status ore_encode(const ore_encode_job *job) {
    if (!ore_ok())
        return ore_error_status();
    window w = {0};
    ore_text_place place = {.name = job->name, .byte = job->byte, .inside = job->byte > 0};
    ore_status status =
        widen(&w, job->piece_bytes < ORE_UTF8_BYTES_MAX ? ORE_UTF8_BYTES_MAX : job->piece_bytes);
    for (bool more = true; more && status == ORE_OK;)
        status = encode_piece(job, &w, &place, &more);
    ore_release(w.bytes);
    ore_token_list_release(&w.list);
    return status;
}
