/* text_tokens.c: a text read through a tokenizer. */
#include "base/memory.h"
#include "text/text.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

enum { CHUNK = 512 }; /* code points read at a time */

typedef struct text_tokens {
    ore_tokens base; /* first: an ore_tokens of this kind is one of these */
    const ore_text *text;
    const ore_tokenizer *tokenizer;
    bool ascii; /* every character takes one byte */
} text_tokens;

static void fail_character(const ore_text *text, const ore_tokenizer *tokenizer,
                           uint32_t code_point, int64_t position) {
    char shown[ORE_UTF8_SHOWN];
    ore_fail(ORE_DATA, "%s: character %s at position %lld is not in the vocabulary of %lld",
             ore_text_name(text), ore_utf8_show(code_point, shown), (long long)position,
             (long long)tokenizer->size);
}

/* Every character was in the vocabulary when the text was opened; one that is not has come
 * since. */
static ore_status fail_changed(const text_tokens *self, const uint32_t *code_points, int64_t start,
                               int64_t count) {
    if (ore_text_check(self->text) != ORE_OK)
        return ore_error_status();
    for (int64_t i = 0; i < count && ore_ok(); i++)
        if (ore_tokenizer_id(self->tokenizer, code_points[i]) < 0)
            fail_character(self->text, self->tokenizer, code_points[i], start + i);
    return ore_error_status();
}

static ore_status text_read(const ore_tokens *tokens, int64_t start, int64_t count, int64_t *ids) {
    const text_tokens *self = (const text_tokens *)tokens;
    const int32_t *id_of = self->tokenizer->ids; /* (length) */
    const int64_t length = self->tokenizer->ids_length;
    uint32_t code_points[CHUNK];
    for (int64_t done = 0; done < count; done += CHUNK) {
        int64_t n = count - done < CHUNK ? count - done : CHUNK, all = 0;
        ore_status status = ore_text_read_unchecked(self->text, start + done, n, code_points);
        if (status != ORE_OK)
            return status;
        for (int64_t i = 0; i < n; i++) {
            int64_t id = code_points[i] < length ? id_of[code_points[i]] : -1;
            all |= id; /* negative once any is */
            ids[done + i] = id;
        }
        if (all < 0)
            return fail_changed(self, code_points, start + done, n);
    }
    return ORE_OK;
}

static ore_status text_check(const ore_tokens *tokens) {
    return ore_text_check(((const text_tokens *)tokens)->text);
}

static int64_t text_bytes(const ore_tokens *tokens, const int64_t *ids, int64_t count) {
    const text_tokens *self = (const text_tokens *)tokens;
    if (self->ascii)
        return count;
    int64_t bytes = 0;
    for (int64_t i = 0; i < count; i++)
        bytes += ore_utf8_bytes(self->tokenizer->code_points[ids[i]]);
    return bytes;
}

static void text_tokens_close(ore_tokens *tokens) {
    ore_release(tokens);
}

/* Raises the error for the first character that the tokenizer lacks; there is one. */
static void fail_unknown(const ore_text *text, const ore_tokenizer *tokenizer) {
    uint32_t code_points[CHUNK];
    int64_t length = ore_text_length(text);
    for (int64_t start = 0; start < length; start += CHUNK) {
        int64_t n = length - start < CHUNK ? length - start : CHUNK;
        if (ore_text_read(text, start, n, code_points) != ORE_OK)
            return;
        for (int64_t i = 0; i < n; i++) {
            if (ore_tokenizer_id(tokenizer, code_points[i]) >= 0)
                continue;
            fail_character(text, tokenizer, code_points[i], start + i);
            return;
        }
    }
}

ore_tokens *ore_tokens_of_text(const ore_text *text, const ore_tokenizer *tokenizer) {
    if (!ore_ok() || !text || !tokenizer)
        return NULL;
    for (int64_t c = -1; (c = ore_text_next_seen(text, (uint32_t)(c + 1))) >= 0;) {
        if (ore_tokenizer_id(tokenizer, (uint32_t)c) < 0) {
            fail_unknown(text, tokenizer);
            return NULL;
        }
    }
    text_tokens *self = ore_alloc(sizeof *self);
    if (!self)
        return NULL;
    *self = (text_tokens){
        .base = {.name = ore_text_name(text),
                 .length = ore_text_length(text),
                 .separator = tokenizer->separator,
                 .read = text_read,
                 .bytes = text_bytes,
                 .check = text_check,
                 .close = text_tokens_close},
        .text = text,
        .tokenizer = tokenizer,
        .ascii = tokenizer->ids_length <= 128,
    };
    return &self->base;
}
