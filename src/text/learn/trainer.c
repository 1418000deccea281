/* trainer.c: tokenizers learned from texts. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/tokenizer_json.h"
#include "text/encode.h"
#include "text/learn/counting.h"
#include "text/learn/trainer.h"

enum { READ_BYTES = 1 << 22 }; /* of a text at a time: enough for threads to divide among them */

static const ore_trainer_kind *const kinds[] = {[ORE_VOCAB_BPE] = &ore_bpe_trainer,
                                                [ORE_VOCAB_WORDPIECE] = &ore_wordpiece_trainer,
                                                [ORE_VOCAB_UNIGRAM] = &ore_unigram_trainer};
enum { KINDS = sizeof kinds / sizeof *kinds };

ore_tokenizer_trainer_options ore_tokenizer_trainer_defaults(void) {
    return (ore_tokenizer_trainer_options){
        .model = ORE_VOCAB_BPE, .vocab_size = 8192, .min_frequency = 2, .pattern = "gpt2"};
}

/* ---- options ---- */

static ore_status check_special(const ore_tokenizer_trainer_options *o, int64_t i) {
    const char *text = o->special_tokens[i];
    size_t bytes = text ? strlen(text) : 0;
    if (bytes == 0 || bytes > ORE_TOKEN_BYTES)
        return ore_fail(ORE_INVALID,
                        "tokenizer: special token %lld has %zu bytes, expected 1 to %d",
                        (long long)i, bytes, ORE_TOKEN_BYTES);
    char byte[ORE_TOKEN_BYTES];
    if (o->model == ORE_VOCAB_BPE && bytes > 1 && ore_byte_level_read(text, bytes, byte) == 1)
        return ore_fail(ORE_INVALID,
                        "tokenizer: special token \"%s\" is the letter that files write for the "
                        "byte 0x%02X",
                        text, (unsigned)(uint8_t)byte[0]);
    for (int64_t k = 0; k < i; k++)
        if (strcmp(text, o->special_tokens[k]) == 0)
            return ore_fail(ORE_INVALID, "tokenizer: special token \"%.64s\" is there twice", text);
    return ORE_OK;
}

static ore_status check(const ore_tokenizer_trainer_options *o) {
    if ((unsigned)o->model >= KINDS)
        return ore_fail(ORE_INVALID, "tokenizer: model %d, expected 0 to %d", (int)o->model,
                        KINDS - 1);
    if (o->special_count < 0 || (o->special_count > 0 && !o->special_tokens))
        return ore_fail(ORE_INVALID, "tokenizer: special_count %lld%s, expected at least 0%s",
                        (long long)o->special_count, o->special_count > 0 ? " without texts" : "",
                        o->special_count > 0 ? ", with as many texts" : "");
    int64_t least = o->special_count + (o->model == ORE_VOCAB_BPE ? 256 : 1);
    if (o->vocab_size < least || o->vocab_size > ORE_VOCAB_MAX)
        return ore_fail(ORE_INVALID, "tokenizer: vocab_size %lld, expected %lld to %d%s",
                        (long long)o->vocab_size, (long long)least, ORE_VOCAB_MAX,
                        o->model == ORE_VOCAB_BPE ? ": the special tokens, the 256 bytes, merges"
                                                  : "");
    if (o->min_frequency < 0 || o->alphabet_size < 0)
        return ore_fail(ORE_INVALID,
                        "tokenizer: min_frequency %lld, alphabet_size %lld, expected at least 0",
                        (long long)o->min_frequency, (long long)o->alphabet_size);
    for (int64_t i = 0; i < o->special_count; i++)
        if (check_special(o, i) != ORE_OK)
            return ore_error_status();
    return ORE_OK;
}

static bool has_special(const ore_tokenizer_trainer_options *o, const char *text) {
    for (int64_t i = 0; i < o->special_count; i++)
        if (strcmp(o->special_tokens[i], text) == 0)
            return true;
    return false;
}

/* Copies the special tokens, with the unknown one first where it is missing. */
static ore_status copy_specials(ore_tokenizer_trainer *t, const ore_tokenizer_trainer_options *o) {
    const char *unknown = kinds[o->model]->unknown;
    bool missing = unknown && !has_special(o, unknown);
    t->specials = ore_alloc_zero((size_t)(o->special_count + 1) * sizeof *t->specials);
    t->options.special_count = 0;
    if (t->specials && missing)
        t->specials[t->options.special_count++] = ore_copy_text(unknown);
    for (int64_t i = 0; t->specials && i < o->special_count; i++)
        t->specials[t->options.special_count++] = ore_copy_text(o->special_tokens[i]);
    t->options.special_tokens = (const char *const *)t->specials;
    return ore_error_status();
}

/* ---- making ---- */

ore_stage *ore_trainer_stage(ore_composed *composed, ore_stage_role role, const char *json) {
    ore_json *root = ore_json_parse(json, strlen(json), "tokenizer");
    ore_stage *stage = root ? ore_stage_load(composed, role, root, "tokenizer") : NULL;
    ore_json_free(root);
    return stage;
}

/* A tokenizer with the special tokens, and with the stages before the model. */
static ore_composed *begin(const ore_tokenizer_trainer *t) {
    ore_composed *c = ore_composed_new();
    if (!c)
        return NULL;
    c->byte_level = t->options.model == ORE_VOCAB_BPE;
    for (int64_t i = 0; i < t->options.special_count && ore_ok(); i++) {
        char *text = t->specials[i];
        ore_added_token token = {
            .content = text, .size = strlen(text), .id = (int32_t)i, .special = true};
        if (ore_vocab_put(&c->vocab, i, text, token.size) != ORE_OK)
            break;
        c->vocab.entries[i].plain = 1;
        ore_composed_add(c, &token);
    }
    if (ore_ok() && kinds[t->options.model]->add_stages(t, c) == ORE_OK)
        return c;
    ore_tokenizer_free(&c->base);
    return NULL;
}

/* What counts pieces is a tokenizer whose model does that. */
static ore_composed *begin_reader(const ore_tokenizer_trainer *t) {
    ore_composed *c = begin(t);
    if (!c)
        return NULL;
    if (c->vocab.count == 0) /* no tokenizer is without any token */
        ore_vocab_put(&c->vocab, 0, "", 0);
    c->model = ore_counting_new();
    return (ore_composed *)ore_composed_finish(c);
}

ore_tokenizer_trainer *ore_tokenizer_trainer_new(const ore_tokenizer_trainer_options *options) {
    ore_tokenizer_trainer_options o = options ? *options : ore_tokenizer_trainer_defaults();
    if (!ore_ok() || check(&o) != ORE_OK)
        return NULL;
    ore_tokenizer_trainer *t = ore_alloc_zero(sizeof *t);
    if (!t)
        return NULL;
    t->options = o;
    char *pattern = ore_copy_text(o.pattern ? o.pattern : "gpt2");
    t->options.pattern = pattern;
    if (pattern && copy_specials(t, &o) == ORE_OK)
        t->reader = begin_reader(t);
    if (ore_ok())
        return t;
    ore_tokenizer_trainer_free(t);
    return NULL;
}

void ore_tokenizer_trainer_free(ore_tokenizer_trainer *t) {
    if (!t)
        return;
    ore_tokenizer_free(t->reader ? &t->reader->base : NULL);
    for (int64_t i = 0; t->specials && i < t->options.special_count; i++)
        ore_release(t->specials[i]);
    ore_release(t->specials);
    ore_release((char *)t->options.pattern);
    ore_release(t->merges);
    ore_release(t);
}

/* ---- counting ---- */

static ore_status no_ids(void *user, const int64_t *ids, int64_t count) {
    (void)user, (void)ids, (void)count;
    return ORE_OK;
}

typedef struct source {
    const ore_text *text; /* NULL: bytes in memory */
    const char *bytes;
    size_t left;
    int64_t at, total;
} source;

static int64_t read_source(void *user, char *bytes, size_t capacity) {
    source *s = user;
    int64_t n = 0;
    if (s->text)
        n = ore_text_read(s->text, &s->at, bytes, capacity);
    else {
        n = (int64_t)(s->left < capacity ? s->left : capacity);
        if (n > 0)
            memcpy(bytes, s->bytes, (size_t)n);
        s->bytes += n;
        s->left -= (size_t)n;
    }
    s->total += n > 0 ? n : 0;
    return n;
}

static ore_status add_source(ore_tokenizer_trainer *t, source *s, const char *name) {
    const ore_encode_job job = {.tokenizer = &t->reader->base,
                                .name = name,
                                .piece_bytes = READ_BYTES,
                                .user = s,
                                .read = read_source,
                                .put = no_ids};
    double start = ore_clock_s();
    ore_status status = ore_encode(&job);
    t->facts.bytes += s->total;
    t->facts.counting_s += ore_clock_s() - start;
    return status;
}

ore_status ore_tokenizer_trainer_add(ore_tokenizer_trainer *t, const ore_text *text) {
    source s = {.text = text};
    if (!ore_ok() || !t || !text)
        return ore_error_status();
    return add_source(t, &s, ore_text_name(text));
}

ore_status ore_tokenizer_trainer_add_memory(ore_tokenizer_trainer *t, const char *text,
                                            size_t bytes) {
    source s = {.bytes = text, .left = bytes};
    if (!ore_ok() || !t)
        return ore_error_status();
    return add_source(t, &s, "tokenizer");
}

/* ---- merges: BPE and WordPiece ---- */

/* *first becomes how many tokens all texts have. */
static ore_status lay_out(const ore_piece *const *pieces, int64_t count, ore_first_tokens tokens_of,
                          const void *user, int64_t ids, ore_merge_input *in, int64_t *first) {
    int64_t room = 1;
    for (int64_t i = 0; i < count; i++)
        room += (int64_t)pieces[i]->bytes + 1;
    if (room >= UINT32_MAX)
        return ore_fail(ORE_MEMORY,
                        "tokenizer: different pieces of more than 4 GiB; a pattern that "
                        "splits texts into words makes them fewer");
    if (ore_merge_slots_init(&in->slots, room, ids) != ORE_OK)
        return ore_error_status();
    ore_merge_slots_add(&in->slots, ORE_MERGE_BREAK);
    *first = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t before = in->slots.size;
        tokens_of(user, pieces[i], &in->slots);
        *first += (in->slots.size - before) * pieces[i]->count;
        ore_merge_slots_add(&in->slots, ORE_MERGE_BREAK);
        if (ore_run_index_add(&in->runs, in->slots.size, pieces[i]->count) != ORE_OK)
            return ore_error_status();
    }
    return ore_run_index_finish(&in->runs);
}

ore_status ore_trainer_merge(ore_tokenizer_trainer *t, ore_composed *c, ore_piece_counts *counts,
                             ore_first_tokens tokens_of, const void *user, const char *inner_mark) {
    const ore_merge_options options = {.vocab_size = t->options.vocab_size,
                                       .min_frequency = t->options.min_frequency,
                                       .max_parts = ORE_TOKEN_BYTES,
                                       .inner_mark = inner_mark,
                                       .stop = t->options.stop,
                                       .user = t->options.user};
    ore_merge_input in = {0};
    const ore_piece **pieces = ore_piece_counts_sorted(counts);
    if (pieces)
        lay_out(pieces, counts->count, tokens_of, user, options.vocab_size, &in,
                &t->facts.first_tokens);
    ore_release(pieces);
    ore_piece_counts_release(counts);
    ore_memory_trim(); /* what the pieces took is for the merges */
    if (ore_ok()) {
        t->first_size = c->vocab.count;
        t->facts.tokens = t->facts.first_tokens;
        ore_learn_merges(&in, &options, &c->vocab, &t->merges, &t->merge_count);
        for (int64_t i = 0; i < t->merge_count; i++)
            t->facts.tokens -= t->merges[i].count;
    }
    ore_merge_slots_release(&in.slots);
    ore_run_index_release(&in.runs);
    return ore_error_status();
}

/* ---- learning ---- */

ore_tokenizer *ore_tokenizer_trainer_finish(ore_tokenizer_trainer *t) {
    if (!ore_ok() || !t)
        return NULL;
    double start = ore_clock_s();
    ore_piece_counts *counts = ore_counting_counts(t->reader->model);
    if (!counts)
        return NULL;
    if (counts->count == 0) {
        ore_fail(ORE_DATA, "tokenizer: there is no text to learn from");
        return NULL;
    }
    t->facts.pieces = counts->total;
    t->facts.different_pieces = counts->count;
    t->facts.first_tokens = t->facts.tokens = 0;
    ore_release(t->merges);
    t->merges = NULL;
    t->merge_count = 0;
    ore_composed *c = begin(t);
    if (c)
        kinds[t->options.model]->learn(t, c, counts);
    ore_tokenizer *tokenizer = ore_composed_finish(c);
    if (tokenizer)
        ore_composed_name_specials(tokenizer);
    t->facts.learning_s = ore_clock_s() - start;
    if (ore_ok())
        return tokenizer;
    ore_tokenizer_free(tokenizer);
    return NULL;
}

ore_tokenizer_trainer_facts ore_tokenizer_trainer_facts_of(const ore_tokenizer_trainer *t) {
    return t->facts;
}

int64_t ore_tokenizer_trainer_tokens(const ore_tokenizer_trainer *t, int64_t vocab_size) {
    int64_t merges = vocab_size - t->first_size, tokens = t->facts.first_tokens;
    if (t->facts.first_tokens == 0 || merges < 0 || merges > t->merge_count)
        return -1;
    for (int64_t i = 0; i < merges; i++)
        tokens -= t->merges[i].count;
    return tokens;
}

ore_tokenizer *ore_tokenizer_trainer_smaller(const ore_tokenizer_trainer *t,
                                             const ore_tokenizer *learned, int64_t vocab_size) {
    const ore_trainer_kind *kind = kinds[t->options.model];
    const ore_vocab *vocab = &((const ore_composed *)learned)->vocab;
    int64_t merges = 0;
    if (ore_ok() && (!kind->add_model || t->first_size == 0 || vocab_size < t->first_size ||
                     vocab_size > vocab->count))
        ore_fail(ORE_INVALID, "tokenizer: vocab_size %lld, expected %lld to %lld%s",
                 (long long)vocab_size, (long long)t->first_size, (long long)vocab->count,
                 kind->add_model ? "" : ", and not unigram, whose sizes have different tokens");
    ore_composed *c = ore_ok() ? begin(t) : NULL;
    for (int64_t id = c ? c->vocab.count : 0; id < vocab_size && ore_ok(); id++) {
        size_t bytes;
        const char *text = ore_vocab_at(vocab, id, &bytes);
        ore_vocab_put(&c->vocab, id, text, bytes);
    }
    while (merges < t->merge_count && t->merges[merges].made < vocab_size)
        merges++;
    if (ore_ok())
        kind->add_model(t, c, merges);
    return ore_composed_finish(c);
}
