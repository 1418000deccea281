/* format_vocab.c: GPT-2's vocab.json and merges.txt, of which one leads to the other. */
#include <stdio.h>
#include <string.h>

#include <ore/files.h>

#include "base/error.h"
#include "base/mapping.h"
#include "base/memory.h"
#include "text/composed/bpe.h"
#include "text/composed/decoders.h"
#include "text/composed/split.h"
#include "text/composed/tokenizer_json.h"

/* ---- which file it is ---- */

static bool begins_with(const ore_tokenizer_file *file, const char *text) {
    return file->size >= strlen(text) && memcmp(file->bytes, text, strlen(text)) == 0;
}

static const char *ending(const char *path, const char *text) {
    size_t size = strlen(path), wanted = strlen(text);
    return size >= wanted && strcmp(path + size - wanted, text) == 0 ? path + size - wanted : NULL;
}

static bool is_merges(const ore_tokenizer_file *file) {
    return !file->json && (begins_with(file, "#version:") || ending(file->path, "merges.txt"));
}

/* {"TEXT": id, ..} and nothing else. */
static bool is_vocab(const ore_tokenizer_file *file) {
    if (!file->json || ore_json_count(file->json) == 0)
        return false;
    const char *key = ore_json_key(file->json, 0);
    return key && ore_json_kind_of(file->json, key) == ORE_JSON_INT;
}

static bool vocab_matches(const ore_tokenizer_file *file) {
    return is_merges(file) || is_vocab(file);
}

/* The other file's path: "x.vocab.json" for "x.merges.txt"; "vocab.json" in the same folder for a
 * name that does not end so. */
static char *other_path(const char *path, const char *own, const char *other) {
    const char *slash = strrchr(path, '/'), *end = ending(path, own);
    size_t kept = end ? (size_t)(end - path) : slash ? (size_t)(slash + 1 - path) : 0;
    char *text = ore_alloc(kept + strlen(other) + 1);
    if (!text)
        return NULL;
    memcpy(text, path, kept);
    memcpy(text + kept, other, strlen(other) + 1);
    return text;
}

/* ---- reading ---- */

typedef struct reading {
    ore_composed *composed;
    ore_merge *merges; /* (count) */
    int64_t count, capacity;
} reading;

static ore_status read_merge(reading *r, const char *line, size_t size) {
    const char *space = memchr(line, ' ', size);
    if (!space)
        return ore_fail(ORE_DATA,
                        "merge %lld: \"%.*s\", expected two tokens with a space between "
                        "them",
                        (long long)r->count, (int)(size < 64 ? size : 64), line);
    if (size >= 4 && memcmp(line + size - 4, "</w>", 4) == 0)
        return ore_fail(ORE_UNSUPPORTED,
                        "merge %lld: the vocabulary marks the ends of words by "
                        "</w>: how its texts are split only a tokenizer.json says",
                        (long long)r->count);
    void *merges = r->merges;
    if (ore_grow(&merges, &r->capacity, r->count + 1, sizeof *r->merges) != ORE_OK)
        return ORE_MEMORY;
    r->merges = merges;
    size_t left = (size_t)(space - line);
    ore_status status = ore_merge_of_texts(r->composed, line, left, space + 1, size - left - 1,
                                           r->count, &r->merges[r->count]);
    r->count += status == ORE_OK;
    return status;
}

/* A merge a line, by rank; the first line may be a comment. */
static ore_status read_merges(reading *r, const char *path) {
    ore_mapping mapping = {0};
    if (ore_mapping_open(&mapping, path) != ORE_OK)
        return ore_error_status();
    const char *text = (const char *)mapping.bytes, *end = text + mapping.size;
    for (const char *line = text; line < end && ore_ok();) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t size = (size_t)((stop ? stop : end) - line), whole = size;
        size -= size > 0 && line[size - 1] == '\r';
        bool comment = line == text && size >= 9 && memcmp(line, "#version:", 9) == 0;
        if (size > 0 && !comment)
            read_merge(r, line, size);
        line += whole + 1;
    }
    ore_mapping_check(&mapping, path, NULL);
    ore_mapping_close(&mapping);
    if (!ore_ok())
        ore_error_locate(path);
    return ore_error_status();
}

static ore_status check_bytes(const ore_vocab *vocab, const char *path) {
    for (int byte = 0; byte < 256; byte++) {
        const char bytes[] = {(char)byte};
        if (ore_vocab_find(vocab, bytes, 1) < 0)
            return ore_fail(ORE_UNSUPPORTED,
                            "%s: byte 0x%02X has no token: this is no byte-level "
                            "vocabulary such as GPT-2's; what its texts go through "
                            "only a tokenizer.json says",
                            path, (unsigned)byte);
    }
    return ORE_OK;
}

static ore_status check_there(const char *path, const char *other) {
    return ore_path_kind_of(other) != ORE_PATH_MISSING
               ? ORE_OK
               : ore_fail(ORE_DATA, "%s: there is no %s, which belongs to it", path, other);
}

static ore_tokenizer *read_both(ore_json *vocab, const char *vocab_path, const char *merges_path) {
    ore_composed *self = ore_composed_new();
    if (!self)
        return NULL;
    reading r = {.composed = self};
    ore_bpe_options options = ore_bpe_defaults();
    options.drop_unknown = true; /* as what tokenizer.json has reads: all bytes have tokens */
    self->byte_level = true;
    if (ore_vocab_load(self, vocab) != ORE_OK)
        ore_error_locate(vocab_path);
    else if (check_bytes(&self->vocab, vocab_path) == ORE_OK &&
             check_there(vocab_path, merges_path) == ORE_OK &&
             read_merges(&r, merges_path) == ORE_OK) {
        self->model = ore_bpe_new(self, r.merges, r.count, &options);
        ore_error_locate(merges_path);
        if (ore_ok())
            self->pre_tokenizer = ore_byte_level_new(false, true);
        self->decoder = ore_no_error() ? ore_byte_level_decoder_new() : NULL;
    }
    ore_release(r.merges);
    ore_tokenizer *tokenizer = ore_composed_finish(self);
    if (tokenizer)
        ore_composed_name_separator(tokenizer);
    return tokenizer;
}

static ore_tokenizer *vocab_read(const ore_tokenizer_file *file) {
    bool merges = is_merges(file);
    char *other = merges ? other_path(file->path, "merges.txt", "vocab.json")
                         : other_path(file->path, "vocab.json", "merges.txt");
    ore_json *vocab =
        other && merges && check_there(file->path, other) == ORE_OK ? ore_json_load(other) : NULL;
    ore_tokenizer *tokenizer = NULL;
    if (ore_ok())
        tokenizer =
            merges ? read_both(vocab, other, file->path) : read_both(file->json, file->path, other);
    ore_json_free(vocab);
    ore_release(other);
    return tokenizer;
}

const ore_tokenizer_format ore_vocab_format = {
    .name = "a vocabulary with merges", .matches = vocab_matches, .read = vocab_read};
