/* tokenizer.c: what tokenizers of every kind share: special tokens, files, encoding, decoding. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/tokenizer_json.h"
#include "text/encode.h"
#include "text/tokenizer.h"
#include "base/utf8.h"

static const ore_tokenizer_kind *const kinds[] = {
#define TOKENIZER(name) &ore_##name##_tokenizer_kind,
#include "text/tokenizers.def"
#undef TOKENIZER
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* ---- making ---- */

ore_tokenizer *ore_tokenizer_new(const ore_tokenizer_kind *kind, size_t struct_bytes) {
    ore_tokenizer *tokenizer = ore_alloc_zero(struct_bytes);
    if (tokenizer)
        tokenizer->kind = kind;
    return tokenizer;
}

ore_status ore_tokenizer_add_special(ore_tokenizer *tokenizer, const char *name, int64_t id) {
    void *specials = tokenizer->specials;
    char *copy = ore_copy_text(name);
    if (!copy || ore_grow(&specials, &tokenizer->special_capacity, tokenizer->special_count + 1,
                          sizeof(ore_special_token)) != ORE_OK) {
        ore_release(copy);
        return ore_error_status();
    }
    tokenizer->specials = specials;
    tokenizer->specials[tokenizer->special_count++] = (ore_special_token){copy, id};
    return ORE_OK;
}

void ore_tokenizer_free(ore_tokenizer *tokenizer) {
    if (!tokenizer)
        return;
    if (tokenizer->kind->release)
        tokenizer->kind->release(tokenizer);
    for (int64_t i = 0; i < tokenizer->special_count; i++)
        ore_release(tokenizer->specials[i].name);
    ore_release(tokenizer->specials);
    ore_release(tokenizer);
}

/* ---- tokenizer.json ---- */

static ore_json *to_json(const ore_tokenizer *tokenizer) {
    ore_json *root = ore_json_object_new();
    if (tokenizer->kind == &ore_composed_tokenizer_kind) { /* other programs read these */
        tokenizer->kind->save(tokenizer, root);
        return root;
    }
    ore_json_set_string(root, "type", tokenizer->kind->name);
    ore_json *specials = ore_json_set_object(root, "special_tokens");
    for (int64_t i = 0; i < tokenizer->special_count; i++)
        ore_json_set_int(specials, tokenizer->specials[i].name, tokenizer->specials[i].id);
    if (tokenizer->kind->save)
        tokenizer->kind->save(tokenizer, root);
    return root;
}

ore_status ore_tokenizer_save(const ore_tokenizer *tokenizer, const char *path) {
    if (!ore_ok())
        return ore_error_status();
    ore_json *root = to_json(tokenizer);
    ore_status status = ore_ok() ? ore_json_write(root, path) : ore_error_status();
    ore_json_free(root);
    return status;
}

ore_status ore_tokenizer_read_specials(ore_tokenizer *tokenizer, ore_json *root, const char *path) {
    ore_json *specials = ore_json_get_object(root, "special_tokens");
    for (int64_t i = 0; ore_ok() && i < ore_json_count(specials); i++) {
        const char *name = ore_json_key(specials, i);
        int64_t id = -1;
        if (ore_json_get_int(specials, name, &id) != ORE_OK)
            break;
        if (id < 0 || id >= tokenizer->size)
            ore_fail(ORE_DATA, "%s: %.64s %lld, the vocabulary has %lld token%s", path, name,
                     (long long)id, (long long)tokenizer->size, ore_plural(tokenizer->size));
        else
            ore_tokenizer_add_special(tokenizer, name, id);
    }
    return ore_error_status();
}

/* The kind that the file names; NULL with ORE_DATA where there is no such kind. */
static const ore_tokenizer_kind *read_kind(ore_json *root, const char *path) {
    const char *type = ore_json_get_string(root, "type");
    char names[256] = "";
    size_t used = 0;
    for (int i = 0; type && i < KINDS; i++) {
        if (strcmp(type, kinds[i]->name) == 0)
            return kinds[i];
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s\"%s\"", i ? " or " : "",
                                     kinds[i]->name);
    }
    if (type)
        ore_fail(ORE_DATA, "%s: type \"%.32s\", expected %s", path, type, names);
    return NULL;
}

static void check_tokens(const ore_tokenizer *tokenizer, const char *path) {
    for (int64_t id = 0; id < tokenizer->size; id++) {
        size_t bytes;
        tokenizer->kind->bytes(tokenizer, id, false, &bytes);
        if (bytes > ORE_TOKEN_BYTES) {
            ore_fail(ORE_DATA, "%s: token %lld has %zu bytes, expected at most %d", path,
                     (long long)id, bytes, ORE_TOKEN_BYTES);
            return;
        }
    }
}

ore_tokenizer *ore_tokenizer_of_json(ore_json *root, const char *path) {
    if (ore_json_kind_of(root, "model") == ORE_JSON_OBJECT)
        return ore_composed_of_json(root, path);
    const ore_tokenizer_kind *kind = read_kind(root, path);
    ore_tokenizer *tokenizer = kind ? kind->load(root, path) : NULL;
    if (tokenizer)
        check_tokens(tokenizer, path);
    if (ore_ok())
        return tokenizer;
    ore_tokenizer_free(tokenizer);
    return NULL;
}

/* ---- properties ---- */

const char *ore_tokenizer_type(const ore_tokenizer *tokenizer) {
    return tokenizer->kind->name;
}

const char *ore_tokenizer_stages(const ore_tokenizer *tokenizer, char *text, size_t bytes) {
    text[0] = '\0';
    if (tokenizer->kind->stages)
        tokenizer->kind->stages(tokenizer, text, bytes);
    return text;
}

int64_t ore_tokenizer_size(const ore_tokenizer *tokenizer) {
    return tokenizer->size;
}

int64_t ore_tokenizer_special(const ore_tokenizer *tokenizer, const char *name) {
    for (int64_t i = 0; i < tokenizer->special_count; i++)
        if (strcmp(tokenizer->specials[i].name, name) == 0)
            return tokenizer->specials[i].id;
    return -1;
}

int64_t ore_tokenizer_separator(const ore_tokenizer *tokenizer) {
    return ore_tokenizer_special(tokenizer, "separator");
}

int64_t ore_tokenizer_id(const ore_tokenizer *tokenizer, const char *text, size_t bytes) {
    return tokenizer->kind->find(tokenizer, text, bytes);
}

ore_digest ore_tokenizer_digest(const ore_tokenizer *tokenizer) {
    ore_digest digest = {0};
    if (!ore_ok())
        return digest;
    if (tokenizer->kind->digest) {
        ore_digest_stream stream;
        if (ore_digest_begin(&stream) == ORE_OK)
            tokenizer->kind->digest(tokenizer, &stream);
        digest = ore_digest_end(&stream);
        return ore_ok() ? digest : (ore_digest){0};
    }
    ore_json *root = to_json(tokenizer);
    char *text = ore_ok() ? ore_json_text(root, false) : NULL;
    if (text)
        digest = ore_digest_of(text, strlen(text));
    ore_string_free(text);
    ore_json_free(root);
    return digest;
}

bool ore_tokenizer_equal(const ore_tokenizer *a, const ore_tokenizer *b) {
    return ore_digest_equal(ore_tokenizer_digest(a), ore_tokenizer_digest(b)) && ore_ok();
}

/* ---- encoding ---- */

ore_encode_options ore_encode_defaults(void) {
    return (ore_encode_options){.add_special = false};
}

static ore_status frame(const ore_tokenizer *tokenizer, ore_token_list *before,
                        ore_token_list *behind) {
    return tokenizer->kind->frame ? tokenizer->kind->frame(tokenizer, before, behind) : ORE_OK;
}

/* Copies a list behind the `count` elements that are done, as far as there is room. */
static int64_t copy_list(const ore_token_list *list, int64_t count, int64_t *ids,
                         ore_token_range *ranges, int64_t capacity) {
    int64_t room = capacity > count ? capacity - count : 0;
    size_t n = (size_t)(list->count < room ? list->count : room);
    if (n > 0)
        memcpy(ids + count, list->ids, n * sizeof *ids);
    if (n > 0 && ranges)
        memcpy(ranges + count, list->ranges, n * sizeof *ranges);
    return count + list->count;
}

int64_t ore_tokenizer_encode_with(const ore_tokenizer *tokenizer, const ore_encode_options *options,
                                  const char *text, size_t size_bytes, int64_t *ids,
                                  ore_token_range *ranges, int64_t capacity) {
    const ore_encode_options o = options ? *options : ore_encode_defaults();
    ore_token_list list = {.ranged = ranges != NULL}, before = list, behind = list;
    int64_t count = -1;
    if (ore_ok() && ore_encode_memory(tokenizer, "encode", text, size_bytes, &list) == ORE_OK &&
        (!o.add_special || frame(tokenizer, &before, &behind) == ORE_OK)) {
        if (ranges && tokenizer->kind->trim)
            for (int64_t i = 0; i < list.count; i++)
                list.ranges[i] =
                    tokenizer->kind->trim(tokenizer, text, list.ids[i], i == 0, list.ranges[i]);
        count = copy_list(&before, 0, ids, ranges, capacity);
        count = copy_list(&list, count, ids, ranges, capacity);
        count = copy_list(&behind, count, ids, ranges, capacity);
    }
    ore_token_list_release(&before);
    ore_token_list_release(&list);
    ore_token_list_release(&behind);
    return count;
}

int64_t ore_tokenizer_encode(const ore_tokenizer *tokenizer, const char *text, size_t size_bytes,
                             int64_t *ids, int64_t capacity) {
    return ore_tokenizer_encode_with(tokenizer, NULL, text, size_bytes, ids, NULL, capacity);
}

/* ---- decoding ---- */

static ore_status check_id(const ore_tokenizer *tokenizer, int64_t id) {
    if (id >= 0 && id < tokenizer->size)
        return ORE_OK;
    return ore_fail(ORE_INVALID, "decode: id %lld, expected 0 to %lld", (long long)id,
                    (long long)tokenizer->size - 1);
}

const char *ore_tokenizer_bytes(const ore_tokenizer *tokenizer, int64_t id, size_t *count) {
    *count = 0;
    if (!ore_ok() || check_id(tokenizer, id) != ORE_OK)
        return NULL;
    return tokenizer->kind->bytes(tokenizer, id, false, count);
}

/* Whether what follows a token begins a line, to a kind that begins anew there. */
static bool ends_line(const ore_tokenizer *tokenizer, const char *bytes, size_t count) {
    return tokenizer->kind->lines && count > 0 && bytes[count - 1] == '\n';
}

/* What a token stands for; `before`: the one before it, which counts unless it is the first. */
static const char *decoded(const ore_tokenizer *tokenizer, int64_t id, bool first, int64_t before,
                           size_t *count) {
    const ore_tokenizer_kind *kind = tokenizer->kind;
    return first || !kind->bytes_behind ? kind->bytes(tokenizer, id, first, count)
                                        : kind->bytes_behind(tokenizer, id, before, count);
}

int64_t ore_tokenizer_decode(const ore_tokenizer *tokenizer, const int64_t *ids, int64_t count,
                             char *text, size_t capacity_bytes) {
    if (!ore_ok())
        return -1;
    size_t total = 0;
    bool first = true;
    for (int64_t i = 0; i < count; i++) {
        if (check_id(tokenizer, ids[i]) != ORE_OK)
            return -1;
        size_t n;
        const char *bytes = decoded(tokenizer, ids[i], first, i > 0 ? ids[i - 1] : -1, &n);
        if (total < capacity_bytes)
            memcpy(text + total, bytes, n < capacity_bytes - total ? n : capacity_bytes - total);
        total += n;
        first = ends_line(tokenizer, bytes, n);
    }
    return (int64_t)total;
}

/* ---- decoding one id at a time ---- */

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */
enum { REPLACEMENT_BYTES = sizeof replacement - 1 };
_Static_assert((ORE_TOKEN_BYTES + ORE_UTF8_BYTES_MAX) * REPLACEMENT_BYTES < ORE_PIECE_BYTES,
               "a piece has room for a token of which no byte is UTF-8");

void ore_decoder_init(ore_decoder *decoder, const ore_tokenizer *tokenizer) {
    *decoder = (ore_decoder){.tokenizer = tokenizer};
}

/* Appends the characters of `size` bytes to text, U+FFFD for invalid ones. Bytes at the end that
 * begin a character whose other bytes may still come are kept in the decoder, unless this is the
 * `last`. */
static int take_characters(ore_decoder *decoder, const uint8_t *at, size_t size, bool last,
                           char *text) {
    const uint8_t *end = at + size;
    int used = 0;
    decoder->held_bytes = 0;
    while (at < end) {
        uint32_t code_point;
        int n = ore_utf8_decode(at, end, &code_point), begun = n ? 0 : ore_utf8_begun(at, end);
        if (begun == end - at && !last) {
            memcpy(decoder->held, at, (size_t)begun);
            decoder->held_bytes = begun;
            break;
        }
        memcpy(text + used, n ? (const char *)at : replacement,
               (size_t)(n ? n : REPLACEMENT_BYTES));
        used += n ? n : REPLACEMENT_BYTES;
        at += n ? n : begun ? begun : 1;
    }
    text[used] = '\0';
    return used;
}

int ore_decoder_next(ore_decoder *decoder, int64_t id, char *text) {
    uint8_t bytes[ORE_UTF8_BYTES_MAX + ORE_TOKEN_BYTES];
    const ore_tokenizer *tokenizer = decoder->tokenizer;
    text[0] = '\0';
    if (!ore_ok() || check_id(tokenizer, id) != ORE_OK)
        return -1;
    size_t held = (size_t)decoder->held_bytes, n;
    const char *token = decoded(tokenizer, id, !decoder->started, decoder->before, &n);
    decoder->started = !ends_line(tokenizer, token, n);
    decoder->before = id;
    memcpy(bytes, decoder->held, held);
    memcpy(bytes + held, token, n);
    return take_characters(decoder, bytes, held + n, false, text);
}

int ore_decoder_end(ore_decoder *decoder, char *text) {
    uint8_t bytes[ORE_UTF8_BYTES_MAX];
    size_t held = (size_t)decoder->held_bytes;
    memcpy(bytes, decoder->held, held);
    decoder->started = false;
    return take_characters(decoder, bytes, held, true, text);
}
