/* composed.c: tokenizers that consist of stages. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/composed_encode.h"
#include "text/composed/tokenizer_json.h"

/* ---- making ---- */

ore_composed *ore_composed_new(void) {
    ore_composed *self =
        (ore_composed *)ore_tokenizer_new(&ore_composed_tokenizer_kind, sizeof *self);
    if (self)
        pthread_mutex_init(&self->lock, NULL);
    return self;
}

static void composed_release(ore_tokenizer *tokenizer) {
    ore_composed *self = (ore_composed *)tokenizer;
    for (ore_workspace *w = self->idle, *next; w; w = next) {
        next = w->next;
        ore_workspace_free(self, w);
    }
    ore_stage_free(self->normalizer);
    ore_stage_free(self->pre_tokenizer);
    ore_stage_free(self->model);
    ore_stage_free(self->post_processor);
    ore_stage_free(self->decoder);
    for (int i = 0; i < 2; i++) {
        ore_added_finder_free(self->finders[i]);
        ore_release(self->decoded[i]);
    }
    for (int64_t i = 0; i < self->added_count; i++)
        ore_release(self->added[i].content);
    ore_release(self->added);
    ore_release(self->decoded_bytes);
    ore_vocab_release(&self->vocab);
    pthread_mutex_destroy(&self->lock);
}

ore_status ore_composed_add(ore_composed *self, const ore_added_token *token) {
    void *added = self->added;
    ore_added_token copy = *token;
    if (!ore_ok() ||
        ore_grow(&added, &self->added_capacity, self->added_count + 1, sizeof copy) != ORE_OK)
        return ore_error_status();
    self->added = added;
    bool there =
        token->id >= 0 && token->id < self->vocab.count && self->vocab.entries[token->id].there;
    if (!there && ore_vocab_put(&self->vocab, token->id, token->content, token->size) != ORE_OK)
        return ore_error_status();
    if (!there)
        self->vocab.entries[token->id].added = 1;
    copy.content = ore_copy_bytes(token->content, token->size);
    if (!copy.content)
        return ORE_MEMORY;
    self->added[self->added_count++] = copy;
    return ORE_OK;
}

/* ---- the text of tokens ---- */

/* What the decoder makes of tokens. */
typedef struct decoding {
    ore_composed *self;
    ore_token_text text;
    int64_t used, capacity; /* of self->decoded_bytes */
} decoding;

/* The text of a token of these bytes as the decoder leaves it; without one, tokens have spaces
 * between them. */
static ore_status decode_token(const ore_composed *self, const char *bytes, size_t size, bool first,
                               ore_token_text *text) {
    void *room = text->bytes;
    if (ore_grow(&room, &text->capacity, (int64_t)size + 1, 1) != ORE_OK)
        return ORE_MEMORY;
    text->bytes = room;
    const ore_stage *decoder = self->byte_level ? NULL : self->decoder; /* these are decoded */
    size_t space = !decoder && !self->byte_level && !first;
    text->bytes[0] = ' ';
    if (size > 0)
        memcpy(text->bytes + space, bytes, size);
    text->size = (int64_t)(size + space);
    text->whole = false;
    return decoder ? ((const ore_decoder_kind *)decoder->kind)->apply(decoder, self, first, text)
                   : ORE_OK;
}

static ore_status decode(decoding *d, int64_t id, const char *bytes, size_t size) {
    ore_composed *self = d->self;
    for (int first = 0; first < 2; first++) {
        if (decode_token(self, bytes, size, first, &d->text) != ORE_OK)
            return ore_error_status();
        const int64_t count = d->text.size;
        if (count > ORE_TOKEN_BYTES)
            return ore_fail(ORE_DATA, "token %lld stands for %lld bytes, expected at most %d",
                            (long long)id, (long long)count, ORE_TOKEN_BYTES);
        void *all = self->decoded_bytes;
        if (ore_grow(&all, &d->capacity, d->used + count + 1, 1) != ORE_OK)
            return ore_error_status();
        self->decoded_bytes = all;
        if (count > 0)
            memcpy(self->decoded_bytes + d->used, d->text.bytes, (size_t)count);
        self->decoded[first][id] = (ore_vocab_entry){
            .start = (uint32_t)d->used, .size = (uint32_t)count & 0x1FFFFFFF, .there = 1};
        d->used += count;
    }
    return ORE_OK;
}

static bool is_changed(const ore_composed *self, const ore_added_token *token) {
    return token->normalized && self->normalizer;
}

/* Added tokens that are looked for in normalized text stand for that. */
static ore_status decode_changed(decoding *d) {
    for (int64_t i = 0; i < d->self->added_count && ore_ok(); i++) {
        const ore_added_token *token = &d->self->added[i];
        size_t size = 0;
        char *text = is_changed(d->self, token) ? ore_added_text(d->self, token, &size) : NULL;
        if (text)
            decode(d, token->id, text, size);
        ore_release(text);
    }
    return ore_error_status();
}

static ore_status decode_all(ore_composed *self) {
    decoding d = {.self = self};
    bool needed = !self->byte_level; /* else most tokens are their bytes */
    for (int64_t i = 0; i < self->added_count; i++)
        needed = needed || is_changed(self, &self->added[i]);
    for (int first = 0; first < 2 && needed; first++)
        self->decoded[first] =
            ore_alloc((size_t)(self->base.size + 1) * sizeof *self->decoded[first]);
    for (int64_t id = 0; id < self->base.size && needed && ore_ok(); id++) {
        size_t size;
        const char *bytes = ore_vocab_at(&self->vocab, id, &size);
        decode(&d, id, bytes, size);
    }
    decode_changed(&d);
    ore_release(d.text.bytes);
    return ore_error_status();
}

ore_tokenizer *ore_composed_finish(ore_composed *self) {
    if (!self)
        return NULL;
    self->base.size = self->vocab.count;
    if (ore_ok() && self->base.size == 0)
        ore_fail(ORE_DATA, "the vocabulary is empty");
    /* Published vocabularies leave a few ids out; a damaged file has some that are far away. */
    if (ore_ok() && self->base.size / 4 > self->vocab.there + ORE_VOCAB_GAPS)
        ore_fail(ORE_DATA, "the vocabulary has ids up to %lld for %lld token%s",
                 (long long)self->base.size - 1, (long long)self->vocab.there,
                 ore_plural(self->vocab.there));
    for (int i = 0; i < 2 && ore_ok(); i++)
        self->finders[i] = ore_added_finder_new(self, i);
    if (ore_ok())
        decode_all(self);
    if (ore_ok())
        return &self->base;
    ore_tokenizer_free(&self->base);
    return NULL;
}

/* ---- digest ---- */

static void put_stage(const ore_composed *self, const ore_stage *stage, ore_digest_stream *stream) {
    ore_json *json = stage ? ore_json_object_new() : NULL;
    if (json)
        ore_json_set_string(json, "type", stage->kind->name);
    if (json && stage->kind->save)
        stage->kind->save(stage, self, json);
    char *text = json && ore_ok() ? ore_json_text(json, false) : NULL;
    if (text)
        ore_digest_put(stream, text, strlen(text));
    ore_digest_put(stream, "", 1);
    ore_string_free(text);
    ore_json_free(json);
}

static void put_added(const ore_added_token *t, ore_digest_stream *stream) {
    const int32_t facts[] = {t->id,     t->special, t->normalized,   t->single_word,
                             t->lstrip, t->rstrip,  (int32_t)t->size};
    ore_digest_put(stream, facts, sizeof facts);
    ore_digest_put(stream, t->content, t->size);
}

static void composed_digest(const ore_tokenizer *tokenizer, ore_digest_stream *stream) {
    const ore_composed *self = (const ore_composed *)tokenizer;
    const ore_vocab *vocab = &self->vocab;
    ore_digest_put(stream, "composed", sizeof "composed");
    for (int64_t id = 0; id < vocab->count; id++) {
        size_t size;
        const char *bytes = ore_vocab_at(vocab, id, &size);
        const uint32_t facts[] = {(uint32_t)size, vocab->entries[id].there};
        ore_digest_put(stream, facts, sizeof facts);
        ore_digest_put(stream, bytes, size);
    }
    for (int64_t i = 0; i < self->added_count; i++)
        put_added(&self->added[i], stream);
    put_stage(self, self->normalizer, stream);
    put_stage(self, self->pre_tokenizer, stream);
    const ore_model_kind *model = (const ore_model_kind *)self->model->kind;
    if (model->digest)
        model->digest(self->model, stream);
    else
        put_stage(self, self->model, stream);
    put_stage(self, self->post_processor, stream);
    put_stage(self, self->decoder, stream);
}

/* ---- the kind ---- */

static const char *composed_bytes(const ore_tokenizer *tokenizer, int64_t id, bool first,
                                  size_t *count) {
    const ore_composed *self = (const ore_composed *)tokenizer;
    if (!self->decoded[first])
        return ore_vocab_at(&self->vocab, id, count);
    const ore_vocab_entry *entry = &self->decoded[first][id];
    *count = entry->size;
    return self->decoded_bytes + entry->start;
}

static const char *composed_bytes_behind(const ore_tokenizer *tokenizer, int64_t id, int64_t before,
                                         size_t *count) {
    const ore_composed *self = (const ore_composed *)tokenizer;
    const ore_decoder_kind *kind =
        self->decoder ? (const ore_decoder_kind *)self->decoder->kind : NULL;
    ore_token_role role =
        kind && kind->role ? kind->role(self->decoder, self, before, id) : ORE_TOKEN_WITHIN;
    const char *bytes = composed_bytes(tokenizer, id, role == ORE_TOKEN_BEGINS, count);
    if (role == ORE_TOKEN_GONE)
        *count = 0;
    return bytes;
}

static int64_t composed_find(const ore_tokenizer *tokenizer, const char *text, size_t bytes) {
    return ore_vocab_find(&((const ore_composed *)tokenizer)->vocab, text, bytes);
}

static ore_status composed_frame(const ore_tokenizer *tokenizer, ore_token_list *before,
                                 ore_token_list *behind) {
    const ore_composed *self = (const ore_composed *)tokenizer;
    const ore_stage *stage = self->post_processor;
    return stage
               ? ((const ore_post_processor_kind *)stage->kind)->frame(stage, self, before, behind)
               : ORE_OK;
}

static ore_token_range composed_trim(const ore_tokenizer *tokenizer, const char *text, int64_t id,
                                     bool first, ore_token_range range) {
    const ore_composed *self = (const ore_composed *)tokenizer;
    const ore_stage *stage = self->post_processor;
    const ore_post_processor_kind *kind =
        stage ? (const ore_post_processor_kind *)stage->kind : NULL;
    return kind && kind->trim ? kind->trim(stage, self, text, id, first, range) : range;
}

static void composed_save(const ore_tokenizer *tokenizer, ore_json *root) {
    ore_composed_to_json((const ore_composed *)tokenizer, root);
}

const ore_tokenizer_kind ore_composed_tokenizer_kind = {.name = "composed",
                                                        .save = composed_save,
                                                        .release = composed_release,
                                                        .encode = ore_composed_encode,
                                                        .frame = composed_frame,
                                                        .trim = composed_trim,
                                                        .stages = ore_composed_stages,
                                                        .divide = ore_composed_divide,
                                                        .bytes = composed_bytes,
                                                        .bytes_behind = composed_bytes_behind,
                                                        .find = composed_find,
                                                        .digest = composed_digest};
