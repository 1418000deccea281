/* tokenizer_char.c: one token for each character of an alphabet, in rising order of their code
 * points. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/tokenizer.h"
#include "base/utf8.h"

typedef struct char_tokenizer {
    ore_tokenizer base;    /* first: an ore_tokenizer of this kind is one of these */
    uint32_t *code_points; /* (size) the character of each id */
    char *bytes;           /* (size, ORE_UTF8_BYTES_MAX) the same as UTF-8 */
    int32_t *ids;          /* (ids_length) the id of each code point; -1: none */
    int64_t ids_length;
} char_tokenizer;

/* ---- making ---- */

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static ore_status fill_tables(char_tokenizer *self) {
    memset(self->ids, 0xFF, (size_t)self->ids_length * sizeof(int32_t));
    for (int64_t id = 0; id < self->base.size; id++) {
        uint32_t code_point = self->code_points[id];
        char shown[ORE_UTF8_SHOWN];
        if (self->ids[code_point] >= 0)
            return ore_fail(ORE_INVALID, "tokenizer: %s is in the vocabulary twice",
                            ore_utf8_show(code_point, shown));
        self->ids[code_point] = (int32_t)id;
        ore_utf8_encode(code_point, self->bytes + id * ORE_UTF8_BYTES_MAX);
    }
    return ORE_OK;
}

static ore_status check_characters(const uint32_t *code_points, int64_t count, uint32_t *largest) {
    *largest = 0;
    for (int64_t i = 0; i < count; i++) {
        if (!ore_utf8_valid(code_points[i]))
            return ore_fail(ORE_INVALID, "tokenizer: U+%04X is no character",
                            (unsigned)code_points[i]);
        *largest = code_points[i] > *largest ? code_points[i] : *largest;
    }
    if (count < 1 || count > ORE_CHAR_VOCAB_MAX)
        return ore_fail(ORE_INVALID, "tokenizer: %lld characters, expected 1 to %d",
                        (long long)count, ORE_CHAR_VOCAB_MAX);
    return ORE_OK;
}

/* A tokenizer whose id i is code_points[i]. ORE_INVALID for an empty list, a number that is no
 * character, and a character that occurs twice. */
static ore_tokenizer *of_vocab(const uint32_t *code_points, int64_t count) {
    uint32_t largest;
    if (!ore_ok() || check_characters(code_points, count, &largest) != ORE_OK)
        return NULL;
    ore_tokenizer *tokenizer = ore_tokenizer_new(&ore_char_tokenizer_kind, sizeof(char_tokenizer));
    if (!tokenizer)
        return NULL;
    char_tokenizer *self = (char_tokenizer *)tokenizer;
    tokenizer->size = count;
    self->ids_length = (int64_t)largest + 1;
    self->code_points = ore_alloc((size_t)count * sizeof(uint32_t));
    self->bytes = ore_alloc((size_t)count * ORE_UTF8_BYTES_MAX);
    self->ids = ore_alloc((size_t)self->ids_length * sizeof(int32_t));
    if (self->code_points && self->bytes && self->ids) {
        memcpy(self->code_points, code_points, (size_t)count * sizeof(uint32_t));
        if (fill_tables(self) == ORE_OK)
            return tokenizer;
    }
    ore_tokenizer_free(tokenizer);
    return NULL;
}

static ore_tokenizer *with_separator(ore_tokenizer *tokenizer, int64_t id) {
    if (!tokenizer || ore_tokenizer_add_special(tokenizer, "separator", id) == ORE_OK)
        return tokenizer;
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
    /* Duplicates are removed in place: an element is written at or before where it was read. */
    for (int64_t i = 0; i < count; i++) {
        uint32_t code_point = sorted[i];
        bool again = i > 0 && size > separator && code_point == vocab[size - 1];
        if (!again && !(separator && code_point == '\n'))
            vocab[size++] = code_point;
    }
    ore_tokenizer *tokenizer = of_vocab(vocab, size);
    ore_release(vocab);
    return separator ? with_separator(tokenizer, 0) : tokenizer;
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

static void char_release(ore_tokenizer *tokenizer) {
    char_tokenizer *self = (char_tokenizer *)tokenizer;
    ore_release(self->ids);
    ore_release(self->bytes);
    ore_release(self->code_points);
}

/* ---- tokenizer.json: "vocab", each token's text by id, U+0000 being "" ---- */

static void char_save(const ore_tokenizer *tokenizer, ore_json *root) {
    const char_tokenizer *self = (const char_tokenizer *)tokenizer;
    ore_json *vocab = ore_json_set_array(root, "vocab");
    for (int64_t id = 0; id < tokenizer->size && ore_ok(); id++) {
        char text[ORE_UTF8_BYTES_MAX + 1] = {0};
        ore_utf8_encode(self->code_points[id], text);
        ore_json_add_string(vocab, text);
    }
}

/* Reads the character vocab[id]. */
static ore_status read_character(const ore_json *vocab, int64_t id, const char *path,
                                 uint32_t *code_point) {
    const char *text = ore_json_at_string(vocab, id);
    if (!text)
        return ore_error_status();
    size_t bytes = strlen(text);
    *code_point = 0;
    if (bytes == 0)
        return ORE_OK;
    const uint8_t *at = (const uint8_t *)text;
    if (ore_utf8_decode(at, at + bytes, code_point) != (int)bytes)
        return ore_fail(ORE_DATA, "%s: vocab[%lld]: \"%.16s\", expected one character", path,
                        (long long)id, text);
    return ORE_OK;
}

/* of_vocab reports a bad vocabulary as a bad argument, ORE_INVALID. Here it came from a file, so
 * the error becomes ORE_DATA with the file's path. */
static void blame_file(const char *path) {
    if (ore_error_status() != ORE_INVALID)
        return;
    ore_error error;
    ore_error_take(&error);
    ore_fail(ORE_DATA, "%.300s: %.600s", path, error.message);
}

static ore_tokenizer *char_load(ore_json *root, const char *path) {
    ore_json *vocab = ore_json_get_array(root, "vocab");
    if (!ore_ok())
        return NULL;
    int64_t count = ore_json_count(vocab);
    uint32_t *code_points = ore_alloc((size_t)count * sizeof(uint32_t));
    for (int64_t id = 0; id < count && ore_ok(); id++)
        read_character(vocab, id, path, &code_points[id]);
    ore_tokenizer *tokenizer = code_points ? of_vocab(code_points, count) : NULL;
    ore_release(code_points);
    blame_file(path);
    if (!tokenizer)
        return NULL;
    if (ore_tokenizer_read_specials(tokenizer, root, path) == ORE_OK) {
        int64_t separator = ore_tokenizer_separator(tokenizer);
        if (separator >= 0 && ((char_tokenizer *)tokenizer)->code_points[separator] != '\n')
            ore_fail(ORE_DATA, "%s: the separator is not \"\\n\"", path);
    }
    return tokenizer;
}

/* ---- encoding and decoding ---- */

static int64_t id_of(const char_tokenizer *self, uint32_t code_point) {
    return code_point < self->ids_length ? self->ids[code_point] : -1;
}

static ore_status fail_character(const ore_tokenizer *tokenizer, const ore_text_place *place,
                                 uint32_t code_point) {
    char shown[ORE_UTF8_SHOWN];
    return ore_fail(ORE_DATA, "%s: character %s at position %lld is not in the vocabulary of %lld",
                    place->name, ore_utf8_show(code_point, shown), (long long)place->character,
                    (long long)tokenizer->size);
}

static ore_status char_encode(const ore_tokenizer *tokenizer, ore_text_place *place,
                              const char *text, size_t bytes, bool last, size_t *used,
                              ore_token_list *out) {
    const char_tokenizer *self = (const char_tokenizer *)tokenizer;
    const uint8_t *start = (const uint8_t *)text, *at = start, *end = start + bytes;
    if (ore_token_list_reserve(out, (int64_t)bytes) != ORE_OK)
        return ore_error_status();
    while (at < end) {
        uint32_t code_point = *at;
        int n = code_point < 0x80 ? 1 : ore_utf8_decode(at, end, &code_point);
        if (n == 0 && !last && ore_utf8_begun(at, end) == end - at)
            break; /* the other bytes of this character are in the next piece */
        if (n == 0)
            return ore_fail(ORE_DATA, "%s: byte %lld (0x%02X) of the text is not valid UTF-8",
                            place->name, (long long)place->byte, *at);
        int64_t id = id_of(self, code_point);
        if (id < 0)
            return fail_character(tokenizer, place, code_point);
        ore_token_list_put(out, id, place->byte, place->byte + n);
        place->character++;
        place->byte += n;
        at += n;
    }
    *used = (size_t)(at - start);
    return ORE_OK;
}

static const char *char_bytes(const ore_tokenizer *tokenizer, int64_t id, bool first,
                              size_t *count) {
    const char_tokenizer *self = (const char_tokenizer *)tokenizer;
    (void)first;
    *count = (size_t)ore_utf8_bytes(self->code_points[id]);
    return self->bytes + id * ORE_UTF8_BYTES_MAX;
}

static int64_t char_find(const ore_tokenizer *tokenizer, const char *text, size_t bytes) {
    const uint8_t *at = (const uint8_t *)text;
    uint32_t code_point;
    int n = bytes ? ore_utf8_decode(at, at + bytes, &code_point) : 0;
    return n > 0 && (size_t)n == bytes ? id_of((const char_tokenizer *)tokenizer, code_point) : -1;
}

const ore_tokenizer_kind ore_char_tokenizer_kind = {.name = "char",
                                                    .load = char_load,
                                                    .save = char_save,
                                                    .release = char_release,
                                                    .encode = char_encode,
                                                    .bytes = char_bytes,
                                                    .find = char_find};
