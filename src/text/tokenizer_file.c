/* tokenizer_file.c: tokenizer.json. */
#include <string.h>

#include <ore/io.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

ore_status ore_tokenizer_save(const ore_tokenizer *tokenizer, const char *path) {
    if (!ore_ok())
        return ore_error_status();
    ore_json *root = ore_json_object_new();
    ore_json_set_string(root, "type", ore_tokenizer_type(tokenizer));
    ore_json *special = ore_json_set_object(root, "special_tokens");
    if (tokenizer->separator >= 0)
        ore_json_set_int(special, "separator", tokenizer->separator);
    ore_json *vocab = ore_json_set_array(root, "vocab");
    for (int64_t id = 0; id < tokenizer->size && ore_ok(); id++) {
        char text[ORE_UTF8_MOST + 1] = {0};
        ore_utf8_encode(tokenizer->code_points[id], text);
        ore_json_add_string(vocab, text);
    }
    ore_status status = ore_ok() ? ore_json_write(root, path) : ore_error_status();
    ore_json_free(root);
    return status;
}

/* vocab[id]'s code point, the empty text being U+0000. */
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

static ore_tokenizer *read_tokenizer(ore_json *root, const char *path) {
    const char *type = ore_json_get_string(root, "type");
    if (type && strcmp(type, "char") != 0)
        ore_fail(ORE_DATA, "%s: type \"%.32s\", expected \"char\"", path, type);
    int64_t separator = -1;
    ore_json *special = ore_json_get_object(root, "special_tokens");
    if (special && ore_json_kind_of(special, "separator") != ORE_JSON_MISSING)
        ore_json_get_int(special, "separator", &separator);
    ore_json *vocab = ore_json_get_array(root, "vocab");
    if (!ore_ok())
        return NULL;
    int64_t count = ore_json_count(vocab);
    if (separator < -1 || separator >= count) {
        ore_fail(ORE_DATA, "%s: separator %lld, the vocabulary has %lld token%s", path,
                 (long long)separator, (long long)count, ore_plural(count));
        return NULL;
    }
    uint32_t *code_points = ore_alloc((size_t)count * sizeof(uint32_t));
    if (!code_points)
        return NULL;
    ore_tokenizer *tokenizer = NULL;
    for (int64_t id = 0; id < count && ore_ok(); id++)
        read_character(vocab, id, path, &code_points[id]);
    if (ore_ok() && separator >= 0 && code_points[separator] != '\n')
        ore_fail(ORE_DATA, "%s: the separator is not \"\\n\"", path);
    if (ore_ok())
        tokenizer = ore_tokenizer_of_vocab(code_points, count, separator);
    ore_release(code_points);
    return tokenizer;
}

ore_tokenizer *ore_tokenizer_load(const char *path) {
    if (!ore_ok())
        return NULL;
    ore_json *root = ore_json_load(path);
    if (!root)
        return NULL;
    ore_tokenizer *tokenizer = read_tokenizer(root, path);
    ore_json_free(root);
    /* What a vocabulary cannot be is said of it as an argument; here it is a file's fault. */
    if (!tokenizer && ore_error_status() == ORE_INVALID) {
        ore_error error;
        ore_error_take(&error);
        ore_fail(ORE_DATA, "%.300s: %.600s", path, error.message);
    }
    return tokenizer;
}
