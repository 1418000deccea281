/* tokenizer.c: the character tokenizer. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

/* ---- making ---- */

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static ore_status fill_ids(ore_tokenizer *tokenizer) {
    memset(tokenizer->ids, 0xFF, (size_t)tokenizer->ids_length * sizeof(int32_t));
    for (int64_t id = 0; id < tokenizer->size; id++) {
        uint32_t code_point = tokenizer->code_points[id];
        char shown[ORE_UTF8_SHOWN];
        if (tokenizer->ids[code_point] >= 0)
            return ore_fail(ORE_INVALID, "tokenizer: %s is in the vocabulary twice",
                            ore_utf8_show(code_point, shown));
        tokenizer->ids[code_point] = (int32_t)id;
    }
    return ORE_OK;
}

ore_tokenizer *ore_tokenizer_of_vocab(const uint32_t *code_points, int64_t count,
                                      int64_t separator) {
    if (!ore_ok())
        return NULL;
    uint32_t largest = 0;
    for (int64_t i = 0; i < count; i++) {
        if (!ore_utf8_valid(code_points[i])) {
            ore_fail(ORE_INVALID, "tokenizer: U+%04X is no character", (unsigned)code_points[i]);
            return NULL;
        }
        largest = code_points[i] > largest ? code_points[i] : largest;
    }
    if (count < 1 || count > ORE_CHAR_VOCAB_MAX) {
        ore_fail(ORE_INVALID, "tokenizer: %lld characters, expected 1 to %d", (long long)count,
                 ORE_CHAR_VOCAB_MAX);
        return NULL;
    }
    ore_tokenizer *tokenizer = ore_alloc_zero(sizeof *tokenizer);
    if (!tokenizer)
        return NULL;
    *tokenizer =
        (ore_tokenizer){.size = count, .separator = separator, .ids_length = (int64_t)largest + 1};
    tokenizer->code_points = ore_alloc((size_t)count * sizeof(uint32_t));
    tokenizer->ids = ore_alloc((size_t)tokenizer->ids_length * sizeof(int32_t));
    if (tokenizer->code_points && tokenizer->ids) {
        memcpy(tokenizer->code_points, code_points, (size_t)count * sizeof(uint32_t));
        if (fill_ids(tokenizer) == ORE_OK)
            return tokenizer;
    }
    ore_tokenizer_free(tokenizer);
    return NULL;
}

ore_tokenizer *ore_tokenizer_new_alphabet(const uint32_t *code_points, int64_t count,
                                          bool separator) {
    if (!ore_ok())
        return NULL;
    size_t bytes;
    if (count < 0 || ore_bytes_of(count + 1, sizeof(uint32_t), &bytes) != ORE_OK) {
        ore_fail(ORE_INVALID, "tokenizer: %lld characters", (long long)count);
        return NULL;
    }
    uint32_t *vocab = ore_alloc(bytes); /* (1 + count) */
    if (!vocab)
        return NULL;
    int64_t size = 0;
    if (separator)
        vocab[size++] = '\n';
    uint32_t *sorted = vocab + size;
    if (count)
        memcpy(sorted, code_points, (size_t)count * sizeof(uint32_t));
    qsort(sorted, (size_t)count, sizeof(uint32_t), by_value);
    /* Compacts in place: size never overtakes the place that is read. */
    for (int64_t i = 0; i < count; i++) {
        uint32_t code_point = sorted[i];
        bool again = i > 0 && size > separator && code_point == vocab[size - 1];
        if (!again && !(separator && code_point == '\n'))
            vocab[size++] = code_point;
    }
    ore_tokenizer *tokenizer = ore_tokenizer_of_vocab(vocab, size, separator ? 0 : -1);
    ore_release(vocab);
    return tokenizer;
}

ore_tokenizer *ore_tokenizer_new_char(const ore_text *text, bool separator) {
    if (!ore_ok() || !text)
        return NULL;
    int64_t count = ore_text_alphabet(text, NULL, 0);
    uint32_t *code_points = ore_alloc((size_t)count * sizeof(uint32_t));
    if (!code_points)
        return NULL;
    ore_text_alphabet(text, code_points, count);
    ore_tokenizer *tokenizer = ore_tokenizer_new_alphabet(code_points, count, separator);
    ore_release(code_points);
    return tokenizer;
}

void ore_tokenizer_free(ore_tokenizer *tokenizer) {
    if (!tokenizer)
        return;
    ore_release(tokenizer->ids);
    ore_release(tokenizer->code_points);
    ore_release(tokenizer);
}

/* ---- reading ---- */

const char *ore_tokenizer_type(const ore_tokenizer *tokenizer) {
    (void)tokenizer;
    return "char";
}

int64_t ore_tokenizer_size(const ore_tokenizer *tokenizer) {
    return tokenizer->size;
}

int64_t ore_tokenizer_separator(const ore_tokenizer *tokenizer) {
    return tokenizer->separator;
}

int64_t ore_tokenizer_id(const ore_tokenizer *tokenizer, uint32_t code_point) {
    return code_point < tokenizer->ids_length ? tokenizer->ids[code_point] : -1;
}

bool ore_tokenizer_equal(const ore_tokenizer *a, const ore_tokenizer *b) {
    return a->size == b->size && a->separator == b->separator &&
           memcmp(a->code_points, b->code_points, (size_t)a->size * sizeof(uint32_t)) == 0;
}

/* ---- encoding ---- */

int64_t ore_tokenizer_encode(const ore_tokenizer *tokenizer, const char *text, size_t size_bytes,
                             int64_t *ids, int64_t capacity) {
    if (!ore_ok())
        return -1;
    const uint8_t *start = (const uint8_t *)text, *at = start, *end = start + size_bytes;
    int64_t count = 0;
    for (; at < end; count++) {
        uint32_t code_point;
        int n = ore_utf8_decode(at, end, &code_point);
        if (n == 0) {
            ore_fail(ORE_DATA, "encode: byte %lld (0x%02X) of the text is not valid UTF-8",
                     (long long)(at - start), *at);
            return -1;
        }
        int64_t id = ore_tokenizer_id(tokenizer, code_point);
        if (id < 0) {
            char shown[ORE_UTF8_SHOWN];
            ore_fail(
                ORE_DATA, "encode: character %s at position %lld is not in the vocabulary of %lld",
                ore_utf8_show(code_point, shown), (long long)count, (long long)tokenizer->size);
            return -1;
        }
        if (count < capacity)
            ids[count] = id;
        at += n;
    }
    return count;
}

/* ---- decoding ---- */

static ore_status check_id(const ore_tokenizer *tokenizer, int64_t id) {
    if (id >= 0 && id < tokenizer->size)
        return ORE_OK;
    return ore_fail(ORE_INVALID, "decode: id %lld, expected 0 to %lld", (long long)id,
                    (long long)tokenizer->size - 1);
}

int64_t ore_tokenizer_decode(const ore_tokenizer *tokenizer, const int64_t *ids, int64_t count,
                             char *text, size_t capacity_bytes) {
    if (!ore_ok())
        return -1;
    size_t total = 0;
    for (int64_t i = 0; i < count; i++) {
        if (check_id(tokenizer, ids[i]) != ORE_OK)
            return -1;
        char bytes[ORE_UTF8_MOST];
        size_t n = (size_t)ore_utf8_encode(tokenizer->code_points[ids[i]], bytes);
        if (total < capacity_bytes)
            memcpy(text + total, bytes, n < capacity_bytes - total ? n : capacity_bytes - total);
        total += n;
    }
    return (int64_t)total;
}

void ore_decoder_init(ore_decoder *decoder, const ore_tokenizer *tokenizer) {
    *decoder = (ore_decoder){.tokenizer = tokenizer};
}

int ore_decoder_next(ore_decoder *decoder, int64_t id, char *text) {
    text[0] = '\0';
    if (!ore_ok() || check_id(decoder->tokenizer, id) != ORE_OK)
        return -1;
    int n = ore_utf8_encode(decoder->tokenizer->code_points[id], text);
    text[n] = '\0';
    return n;
}
