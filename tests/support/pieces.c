/* pieces.c: a text that an encode job reads a few bytes at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/pieces.h"
#include "text/encode.h"

int64_t give(void *user, char *bytes, size_t capacity) {
    source *s = user;
    size_t n = s->left < capacity ? s->left : capacity;
    n = n < s->at_a_time ? n : s->at_a_time;
    memcpy(bytes, s->text, n);
    s->text += n;
    s->left -= n;
    return (int64_t)n;
}

ore_status take(void *user, const int64_t *ids, int64_t count) {
    source *s = user;
    assert_true(s->count + count <= PIECES_IDS_MAX);
    memcpy(s->ids + s->count, ids, (size_t)count * sizeof *ids);
    s->count += count;
    return ORE_OK;
}

void assert_pieces(const ore_tokenizer *tokenizer, const char *text, size_t bytes,
                   const int64_t *ids, int64_t count, size_t at_a_time, size_t piece) {
    source s = {.text = text, .left = bytes, .at_a_time = at_a_time};
    ore_encode_job job = {.tokenizer = tokenizer,
                          .name = "sample",
                          .piece_bytes = piece,
                          .user = &s,
                          .read = give,
                          .put = take};
    assert_int_equal(ore_encode(&job), ORE_OK);
    assert_int_equal(s.count, count);
    assert_memory_equal(s.ids, ids, (size_t)count * sizeof *ids);
}

void assert_pieces_do_not_matter(const ore_tokenizer *tokenizer, const char *text, size_t bytes,
                                 const int64_t *ids, int64_t count, size_t most) {
    for (size_t piece = 1; piece <= most; piece++)
        for (size_t at_a_time = 1; at_a_time <= most; at_a_time++)
            assert_pieces(tokenizer, text, bytes, ids, count, at_a_time, piece);
}
