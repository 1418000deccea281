/* bpe.c: the model "BPE": what it consists of, and how it encodes splits. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/composed/bpe_model.h"

ore_bpe_options ore_bpe_defaults(void) {
    return (ore_bpe_options){.unknown = -1};
}

/* ---- making ---- */

/* The union of a merge's tokens; -1 where the vocabulary has none. */
static int64_t union_of(const bpe_model *self, const ore_vocab *vocab, ore_merge merge) {
    char bytes[2 * ORE_TOKEN_BYTES];
    size_t left, right, prefix = strlen(self->prefix);
    const char *a = ore_vocab_at(vocab, merge.left, &left);
    const char *b = ore_vocab_at(vocab, merge.right, &right);
    if (prefix > 0 && right >= prefix && memcmp(b, self->prefix, prefix) == 0) {
        b += prefix;
        right -= prefix;
    }
    memcpy(bytes, a, left);
    memcpy(bytes + left, b, right);
    return ore_vocab_find(vocab, bytes, left + right);
}

static void fill_pairs(bpe_model *self, const ore_vocab *vocab) {
    if (ore_bpe_pairs_init(&self->pairs, self->merge_count) != ORE_OK)
        return;
    for (int64_t i = 0; i < self->merge_count; i++) {
        const ore_merge m = self->merges[i];
        bool there = m.left >= 0 && m.left < vocab->count && m.right >= 0 &&
                     m.right < vocab->count && vocab->entries[m.left].there &&
                     vocab->entries[m.right].there;
        int64_t id = there ? union_of(self, vocab, m) : -1;
        if (id < 0) {
            ore_fail(ORE_DATA, "merge %lld: %s not in the vocabulary", (long long)i,
                     there ? "the union of its tokens is" : "its tokens are");
            return;
        }
        ore_bpe_pairs_put(&self->pairs, m.left, m.right, (int32_t)i, (int32_t)id);
    }
}

/* The tokens of single bytes: of a byte-level vocabulary, or those of byte fallback. */
static void fill_bytes(bpe_model *self, const ore_composed *composed) {
    for (int byte = 0; byte < 256; byte++) {
        char text[8] = {(char)byte};
        size_t size = 1;
        if (!composed->byte_level)
            size = (size_t)snprintf(text, sizeof text, "<0x%02X>", (unsigned)byte);
        bool wanted = composed->byte_level || self->options.byte_fallback;
        self->byte_ids[byte] =
            wanted ? (int32_t)ore_vocab_find_own(&composed->vocab, text, size) : -1;
    }
}

static void note_odd(bpe_model *self, int64_t id) {
    if (id >= 0)
        self->odd[id / 64] |= UINT64_C(1) << id % 64;
}

/* The tokens for characters that have none. */
static ore_status fill_odd(bpe_model *self, const ore_composed *composed) {
    self->odd = ore_alloc_zero((size_t)(composed->vocab.count / 64 + 1) * sizeof *self->odd);
    if (!self->odd)
        return ORE_MEMORY;
    if (self->options.unknown >= composed->vocab.count)
        return ore_fail(ORE_DATA, "the unknown token's id is %d, the vocabulary ends at %lld",
                        self->options.unknown, (long long)composed->vocab.count - 1);
    note_odd(self, self->options.unknown);
    for (int byte = 0; byte < 256 && !composed->byte_level; byte++)
        note_odd(self, self->byte_ids[byte]);
    return ORE_OK;
}

/* A character and its affixes are a token. */
static ore_status check_affixes(const bpe_model *self) {
    size_t bytes = ore_ok() ? strlen(self->prefix) + strlen(self->suffix) : 0;
    return bytes <= ORE_BPE_AFFIX_BYTES
               ? ore_error_status()
               : ore_fail(ORE_DATA,
                          "continuing_subword_prefix and end_of_word_suffix have %zu bytes, "
                          "expected at most %d",
                          bytes, ORE_BPE_AFFIX_BYTES);
}

ore_stage *ore_bpe_new(const ore_composed *composed, const ore_merge *merges, int64_t count,
                       const ore_bpe_options *options) {
    const ore_bpe_options o = options ? *options : ore_bpe_defaults();
    size_t bytes;
    if (!ore_ok() || ore_bytes_of(count, sizeof *merges, &bytes) != ORE_OK)
        return NULL;
    bpe_model *self = ore_stage_new(&ore_bpe_model_kind.stage, sizeof *self);
    if (!self)
        return NULL;
    self->options = o;
    self->prefix = ore_copy_text(o.continuing_prefix ? o.continuing_prefix : "");
    self->suffix = ore_copy_text(o.end_suffix ? o.end_suffix : "");
    self->options.continuing_prefix = self->options.end_suffix = NULL;
    self->merges = ore_alloc(bytes);
    self->merge_count = count;
    check_affixes(self);
    if (ore_ok()) {
        if (bytes > 0)
            memcpy(self->merges, merges, bytes);
        self->affixed = *self->prefix || *self->suffix;
        fill_pairs(self, &composed->vocab);
        fill_bytes(self, composed);
        fill_odd(self, composed);
        ore_bpe_seams_fill(self, composed);
    }
    if (ore_ok())
        return &self->base;
    ore_stage_free(&self->base);
    return NULL;
}

static void bpe_release(ore_stage *stage) {
    bpe_model *self = (bpe_model *)stage;
    ore_bpe_pairs_release(&self->pairs);
    ore_release(self->merges);
    ore_release(self->prefix);
    ore_release(self->suffix);
    ore_release(self->seams);
    ore_release(self->odd);
}

const ore_merge *ore_bpe_merges(const ore_stage *model, int64_t *count) {
    const bpe_model *self = (const bpe_model *)model;
    *count = self->merge_count;
    return self->merges;
}

/* ---- the parts that a split begins as ---- */

static void add_part(ore_bpe_parts *parts, int64_t id, int size) {
    parts->ids[parts->count] = (int32_t)id;
    parts->sizes[parts->count++] = size;
}

static ore_status fail_character(const ore_composed *composed, const char *text, int size) {
    char shown[ORE_UTF8_SHOWN];
    uint32_t code_point;
    const uint8_t *at = (const uint8_t *)text;
    if (composed->byte_level || !ore_utf8_decode(at, at + size, &code_point))
        return ore_fail(ORE_DATA, "byte 0x%02X has no token among %lld", *at,
                        (long long)composed->base.size);
    return ore_fail(ORE_DATA, "character %s has no token among %lld",
                    ore_utf8_show(code_point, shown), (long long)composed->base.size);
}

/* A split while it becomes parts. */
typedef struct beginning {
    const bpe_model *self;
    const ore_composed *composed;
    ore_bpe_parts *parts;
    int waiting; /* bytes of the unknown token that is the next part; 0: there is none */
} beginning;

/* A character with what stands before it and behind it in the vocabulary. */
typedef struct affixed_text {
    const char *text; /* (prefix + size + suffix) */
    int prefix, size, suffix;
} affixed_text;

/* The unknown token comes with the next part that is none, not before the bytes of characters that
 * have no token either: as in Hugging Face's tokenizers, whose ids are in this order. */
static void add_waiting(beginning *b) {
    if (b->waiting > 0)
        add_part(b->parts, b->self->options.unknown, b->waiting);
    b->waiting = 0;
}

static void add_token(beginning *b, int64_t id, int size) {
    add_waiting(b);
    add_part(b->parts, id, size);
}

/* What stands for a character without a token: the bytes of its affixes are part of it. */
static ore_status add_unknown(beginning *b, const affixed_text *c) {
    const bpe_model *self = b->self;
    const int count = c->prefix + c->size + c->suffix;
    bool fallback = self->options.byte_fallback;
    for (int i = 0; i < count && fallback; i++)
        fallback = self->byte_ids[(uint8_t)c->text[i]] >= 0;
    b->parts->odd = true;
    for (int i = 0; i < count && fallback; i++)
        add_part(b->parts, self->byte_ids[(uint8_t)c->text[i]],
                 i >= c->prefix && i < c->prefix + c->size);
    if (fallback)
        return ORE_OK;
    if (self->options.unknown < 0)
        return self->options.drop_unknown
                   ? ORE_OK
                   : fail_character(b->composed, c->text + c->prefix, c->size);
    if (!self->options.fuse_unknown)
        add_waiting(b);
    b->waiting += c->size;
    return ORE_OK;
}

static ore_status begin_characters(beginning *b, const char *text, size_t size) {
    const bpe_model *self = b->self;
    const uint8_t *begin = (const uint8_t *)text, *end = begin + size;
    char bytes[ORE_BPE_AFFIX_BYTES + ORE_UTF8_BYTES_MAX];
    size_t prefix = strlen(self->prefix), suffix = strlen(self->suffix);
    for (const uint8_t *at = begin; at < end;) {
        uint32_t code_point;
        int n = ore_utf8_decode(at, end, &code_point);
        n = n ? n : 1;
        affixed_text c = {(const char *)at, at == begin ? 0 : (int)prefix, n,
                          at + n == end ? (int)suffix : 0};
        int count = c.prefix + n + c.suffix;
        if (count > n) {
            c.text = bytes;
            memcpy(bytes, self->prefix, (size_t)c.prefix);
            memcpy(bytes + c.prefix, at, (size_t)n);
            memcpy(bytes + c.prefix + n, self->suffix, (size_t)c.suffix);
        }
        int64_t id = ore_vocab_find_own(&b->composed->vocab, c.text, (size_t)count);
        if (id >= 0)
            add_token(b, id, n);
        else if (add_unknown(b, &c) != ORE_OK)
            return ore_error_status();
        at += n;
    }
    return ORE_OK;
}

static ore_status begin_bytes(beginning *b, const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        int32_t id = b->self->byte_ids[(uint8_t)text[i]];
        if (id >= 0)
            add_token(b, id, 1);
        else if (add_unknown(b, &(affixed_text){.text = text + i, .size = 1}) != ORE_OK)
            return ore_error_status();
    }
    return ORE_OK;
}

int64_t ore_bpe_room(const bpe_model *self, int64_t bytes, int64_t splits) {
    if (!self->affixed || !self->options.byte_fallback)
        return bytes;
    return bytes * (1 + (int64_t)strlen(self->prefix)) + splits * (int64_t)strlen(self->suffix);
}

ore_status ore_bpe_split(const bpe_model *self, const ore_composed *composed, ore_bpe_parts *parts,
                         const char *text, size_t size) {
    if (ore_bpe_parts_reserve(parts, ore_bpe_room(self, (int64_t)size, 1)) != ORE_OK)
        return ore_error_status();
    parts->count = 0;
    parts->odd = false;
    int64_t whole =
        self->options.ignore_merges ? ore_vocab_find_own(&composed->vocab, text, size) : -1;
    if (whole >= 0) {
        add_part(parts, whole, (int)size);
        return ORE_OK;
    }
    beginning b = {.self = self, .composed = composed, .parts = parts};
    ore_status status = composed->byte_level && !self->affixed ? begin_bytes(&b, text, size)
                                                               : begin_characters(&b, text, size);
    if (status != ORE_OK)
        return status;
    add_waiting(&b);
    return ore_bpe_merge(&self->pairs, parts);
}

void ore_bpe_digest(const ore_stage *stage, ore_digest_stream *stream) {
    const bpe_model *self = (const bpe_model *)stage;
    const ore_bpe_options *o = &self->options;
    const int32_t options[] = {o->ignore_merges, o->byte_fallback, o->fuse_unknown, o->drop_unknown,
                               o->unknown};
    ore_digest_put(stream, options, sizeof options);
    ore_digest_put(stream, self->prefix, strlen(self->prefix) + 1);
    ore_digest_put(stream, self->suffix, strlen(self->suffix) + 1);
    ore_digest_put(stream, self->merges, (size_t)self->merge_count * sizeof *self->merges);
}

const ore_model_kind ore_bpe_model_kind = {
    {"BPE", ore_bpe_load, ore_bpe_save, bpe_release},
    ore_bpe_workspace_new,
    ore_bpe_workspace_free,
    ore_bpe_encode,
    ore_bpe_cut,
    ore_bpe_digest,
};
