/* pieces.c: a text that an encode job reads a few bytes at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/pieces.h"

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
