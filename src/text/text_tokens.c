/* text_tokens.c: a text encoded once, into memory or a token file. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/token_file.h"
#include "text/encode.h"
#include "text/text.h"
#include "text/token_source.h"
#include "text/tokenizer.h"

/* Bytes of text that are encoded at a time: its ids, 8 bytes each, fit an L2 cache of 1 MiB.
 * Threads that divide a text among them get more at a time. */
enum { TEXT_PIECE_BYTES = 1 << 16, TEXT_DIVIDED_BYTES = 1 << 22 };

/* ---- encoding ---- */

/* The flags in a token file's header that say with which options the text was read. */
enum { READING_IGNORES_INVALID = 1, READING_STRIPS_CR = 2 };

ore_token_source ore_token_source_of(const ore_text *text, const ore_tokenizer *tokenizer) {
    ore_text_options o = ore_text_options_of(text);
    uint32_t reading = 0;
    reading |= o.invalid_utf8 == ORE_UTF8_IGNORE ? READING_IGNORES_INVALID : 0;
    reading |= o.strip_cr ? READING_STRIPS_CR : 0;
    return (ore_token_source){.vocabulary = tokenizer->size,
                              .separator = ore_tokenizer_separator(tokenizer),
                              .tokenizer = ore_tokenizer_digest(tokenizer),
                              .text = ore_text_digest(text),
                              .text_bytes = ore_text_source_bytes(text),
                              .reading = reading};
}

/* A conversion of a text to ids in a file or, with `file` NULL, in memory. */
typedef struct conversion {
    const ore_text *text;
    int64_t at;
    ore_token_writer *file;
    uint8_t *packed; /* (capacity) bytes, which hold `count` ids so far */
    int64_t count, capacity;
    int id_bytes;
} conversion;

static int64_t read_text(void *user, char *bytes, size_t capacity) {
    conversion *c = user;
    return ore_text_read(c->text, &c->at, bytes, capacity);
}

static ore_status put_ids(void *user, const int64_t *ids, int64_t count) {
    conversion *c = user;
    if (c->file)
        return ore_token_writer_put(c->file, ids, count);
    void *packed = c->packed;
    ore_status status = ore_grow(&packed, &c->capacity, (c->count + count) * c->id_bytes, 1);
    c->packed = packed;
    if (status == ORE_OK) {
        ore_token_pack(ids, count, c->id_bytes, c->packed + c->count * c->id_bytes);
        c->count += count;
    }
    return status;
}

static ore_status convert(conversion *c, const ore_tokenizer *tokenizer) {
    bool divided = tokenizer->kind->divide && ore_num_threads() > 1;
    const ore_encode_job job = {.tokenizer = tokenizer,
                                .name = ore_text_name(c->text),
                                .piece_bytes = divided ? TEXT_DIVIDED_BYTES : TEXT_PIECE_BYTES,
                                .user = c,
                                .read = read_text,
                                .put = put_ids};
    ore_encode(&job);
    /* All characters were valid when the text was opened: an invalid one means that the file has
     * changed since. */
    if (ore_error_status() == ORE_DATA) {
        ore_error error;
        ore_error_take(&error);
        if (ore_text_check(c->text) == ORE_OK)
            ore_error_raise(&error);
    }
    return ore_error_status();
}

/* ---- tokens ---- */

typedef struct text_tokens {
    ore_tokens base; /* first: an ore_tokens of this kind is one of these */
    const ore_text *text;
    int id_bytes;
    const uint8_t *ids;  /* (length) of id_bytes each */
    uint8_t *packed;     /* owned memory in which the ids are; NULL where they are in a file */
    ore_token_file file; /* the token file in which the ids are, or all zeros */
    char *path;          /* of that file */
    int64_t vocabulary;
    uint16_t *text_bytes; /* (vocabulary) bytes of text that each token stands for; NULL: 1 each */
} text_tokens;

static ore_status text_read(const ore_tokens *tokens, int64_t start, int64_t count, int64_t *ids) {
    const text_tokens *self = (const text_tokens *)tokens;
    ore_token_unpack(self->ids + start * self->id_bytes, count, self->id_bytes, ids);
    return ORE_OK;
}

static ore_status text_check(const ore_tokens *tokens) {
    const text_tokens *self = (const text_tokens *)tokens;
    return self->path && ore_mapping_check(&self->file.mapping, self->path, NULL) != ORE_OK
               ? ore_error_status()
               : ore_text_check(self->text);
}

static int64_t text_bytes(const ore_tokens *tokens, const int64_t *ids, int64_t count) {
    const text_tokens *self = (const text_tokens *)tokens;
    int64_t bytes = 0;
    if (!self->text_bytes)
        return count;
    for (int64_t i = 0; i < count; i++) /* a file that changed after its check may have any id */
        bytes += ids[i] < self->vocabulary ? self->text_bytes[ids[i]] : 0;
    return bytes;
}

static void text_tokens_close(ore_tokens *tokens) {
    text_tokens *self = (text_tokens *)tokens;
    ore_token_file_close(&self->file);
    ore_release(self->path);
    ore_release(self->packed);
    ore_release(self->text_bytes);
    ore_release(self);
}

static ore_status measure_tokens(text_tokens *self, const ore_tokenizer *tokenizer) {
    bool all_one = true;
    self->text_bytes = ore_alloc((size_t)tokenizer->size * sizeof *self->text_bytes);
    for (int64_t id = 0; self->text_bytes && id < tokenizer->size; id++) {
        size_t bytes;
        tokenizer->kind->bytes(tokenizer, id, false, &bytes);
        self->text_bytes[id] = (uint16_t)bytes;
        all_one = all_one && bytes == 1;
    }
    if (all_one) {
        ore_release(self->text_bytes);
        self->text_bytes = NULL;
    }
    return ore_error_status();
}

/* New tokens of a text, whose ids the caller has yet to set. */
static text_tokens *tokens_new(const ore_text *text, const ore_tokenizer *tokenizer) {
    text_tokens *self = ore_alloc_zero(sizeof *self);
    if (!self)
        return NULL;
    self->base = (ore_tokens){.name = ore_text_name(text),
                              .separator = ore_tokenizer_separator(tokenizer),
                              .read = text_read,
                              .bytes = text_bytes,
                              .check = text_check,
                              .close = text_tokens_close};
    self->text = text;
    self->vocabulary = tokenizer->size;
    if (measure_tokens(self, tokenizer) == ORE_OK)
        return self;
    text_tokens_close(&self->base);
    return NULL;
}

ore_tokens *ore_tokens_of_text(const ore_text *text, const ore_tokenizer *tokenizer) {
    if (!ore_ok() || !text || !tokenizer)
        return NULL;
    text_tokens *self = tokens_new(text, tokenizer);
    if (!self)
        return NULL;
    conversion c = {.text = text, .id_bytes = ore_token_id_bytes(tokenizer->size)};
    convert(&c, tokenizer);
    self->ids = self->packed = c.packed;
    self->id_bytes = c.id_bytes;
    self->base.length = c.count;
    if (ore_ok())
        return &self->base;
    text_tokens_close(&self->base);
    return NULL;
}

/* ---- token files ---- */

ore_status ore_token_file_write_from(const char *path, const ore_text *text,
                                     const ore_tokenizer *tokenizer,
                                     const ore_token_source *source) {
    ore_token_writer file;
    conversion c = {.text = text, .file = &file};
    if (ore_token_writer_open(&file, path, source) == ORE_OK && convert(&c, tokenizer) == ORE_OK)
        return ore_token_writer_commit(&file);
    ore_token_writer_abort(&file);
    return ore_error_status();
}

ore_status ore_token_file_write(const char *path, const ore_text *text,
                                const ore_tokenizer *tokenizer) {
    if (!ore_ok() || !text || !tokenizer)
        return ore_error_status();
    ore_token_source source = ore_token_source_of(text, tokenizer);
    return ore_token_file_write_from(path, text, tokenizer, &source);
}

static ore_status fail_source(const char *path, const char *what, ore_digest came,
                              ore_digest expected) {
    char is[ORE_DIGEST_TEXT_BYTES], wanted[ORE_DIGEST_TEXT_BYTES];
    ore_digest_text(came, is);
    ore_digest_text(expected, wanted);
    return ore_fail(ORE_DATA, "%.*s: token file of another %s: its digest is %s, expected %s",
                    ORE_PATH_SHOWN_BYTES, path, what, is, wanted);
}

static ore_status check_source(const char *path, const ore_token_source *of_file,
                               const ore_token_source *expected) {
    if (!ore_digest_equal(of_file->text, expected->text))
        return fail_source(path, "text", of_file->text, expected->text);
    if (!ore_digest_equal(of_file->tokenizer, expected->tokenizer))
        return fail_source(path, "tokenizer", of_file->tokenizer, expected->tokenizer);
    if (of_file->reading != expected->reading)
        return ore_fail(ORE_DATA, "%.*s: token file of the text read with flags %u, expected %u",
                        ORE_PATH_SHOWN_BYTES, path, of_file->reading, expected->reading);
    if (of_file->vocabulary == expected->vocabulary && of_file->separator == expected->separator)
        return ORE_OK;
    return ore_fail(
        ORE_DATA, "%.*s: token file with %lld tokens and separator %lld, expected %lld and %lld",
        ORE_PATH_SHOWN_BYTES, path, (long long)of_file->vocabulary, (long long)of_file->separator,
        (long long)expected->vocabulary, (long long)expected->separator);
}

ore_tokens *ore_tokens_of_file_from(const char *path, const ore_text *text,
                                    const ore_tokenizer *tokenizer,
                                    const ore_token_source *source) {
    text_tokens *self = ore_ok() ? tokens_new(text, tokenizer) : NULL;
    if (!self)
        return NULL;
    self->path = ore_copy_text(path);
    if (self->path && ore_token_file_open(&self->file, path) == ORE_OK &&
        check_source(path, &self->file.source, source) == ORE_OK) {
        self->ids = self->file.ids;
        self->id_bytes = self->file.id_bytes;
        self->base.length = self->file.count;
        return &self->base;
    }
    text_tokens_close(&self->base);
    return NULL;
}

ore_tokens *ore_tokens_of_file(const char *path, const ore_text *text,
                               const ore_tokenizer *tokenizer) {
    if (!ore_ok() || !text || !tokenizer)
        return NULL;
    ore_token_source source = ore_token_source_of(text, tokenizer);
    return ore_tokens_of_file_from(path, text, tokenizer, &source);
}
