/* bpe_encode.c: the encoding of splits. Texts repeat their words, so each thread remembers those
 * that it has met: short ones in lines of two, the later one first, longer ones beside them. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/bpe_model.h"

/* Few words of a text are longer than 16 bytes or of more than 3 tokens. The tables are small
 * enough to stay in the caches near a core, beside those of the vocabulary. */
enum {
    SHORT_BYTES = 16, /* of a word: two registers */
    SHORT_IDS = 3,
    SHORT_LINES_BITS = 14, /* 64 bytes each: 1 MiB */
    LONG_BYTES = 52,
    LONG_IDS = 16,
    LONG_BITS = 12, /* 128 bytes each: 512 KiB */
};

typedef struct short_word {
    uint64_t low, high; /* the word's bytes, zeros behind them */
    uint8_t size, count;
    int32_t ids[SHORT_IDS];
} short_word;

typedef struct long_word {
    uint64_t hash;
    uint8_t size, count; /* count 0: free */
    int32_t ids[LONG_IDS];
    char bytes[LONG_BYTES];
} long_word;

typedef struct bpe_workspace {
    ore_bpe_parts parts;
    short_word *short_words; /* (1 << SHORT_LINES_BITS, 2); size 0: free */
    long_word *long_words;   /* (1 << LONG_BITS) */
} bpe_workspace;

void ore_bpe_workspace_free(void *workspace) {
    bpe_workspace *w = workspace;
    if (!w)
        return;
    ore_bpe_parts_release(&w->parts);
    ore_release(w->short_words);
    ore_release(w->long_words);
    ore_release(w);
}

void *ore_bpe_workspace_new(const ore_stage *stage) {
    (void)stage;
    bpe_workspace *w = ore_alloc_zero(sizeof *w);
    if (!w)
        return NULL;
    w->short_words = ore_alloc_zero(sizeof(short_word[2]) << SHORT_LINES_BITS);
    w->long_words = ore_alloc_zero(sizeof(long_word) << LONG_BITS);
    if (w->short_words && w->long_words)
        return w;
    ore_bpe_workspace_free(w);
    return NULL;
}

/* ---- what encoding a split needs ---- */

typedef struct encoding {
    const bpe_model *model;
    const ore_composed *composed;
    bpe_workspace *memory;
    const char *start, *end; /* of the flow's text: reads must not pass it */
    ore_token_list *out;
} encoding;

/* Appends the ids of the parts. */
static void take_parts(const encoding *e) {
    const ore_bpe_parts *parts = &e->memory->parts;
    for (int64_t i = 0; i < parts->count; i++)
        e->out->ids[e->out->count + i] = parts->ids[i];
    e->out->count += parts->count;
}

static ore_status split_anew(const encoding *e, const char *text, size_t size) {
    return ore_bpe_split(e->model, e->composed, &e->memory->parts, text, size);
}

/* ---- long words: of more than SHORT_BYTES, or of more ids than SHORT_IDS ---- */

static uint64_t hash_long(const char *text, size_t size) {
    uint64_t h = size;
    for (; size >= 8; text += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, text, 8);
        h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        h ^= h >> 29;
    }
    uint64_t word = 0;
    memcpy(&word, text, size);
    h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

static ore_status encode_long(const encoding *e, const char *text, size_t size) {
    const ore_bpe_parts *parts = &e->memory->parts;
    uint64_t hash = hash_long(text, size);
    long_word *w = &e->memory->long_words[hash >> (64 - LONG_BITS)];
    if (w->hash == hash && w->count && w->size == size && memcmp(w->bytes, text, size) == 0) {
        for (int i = 0; i < w->count; i++)
            e->out->ids[e->out->count + i] = w->ids[i];
        e->out->count += w->count;
        return ORE_OK;
    }
    if (split_anew(e, text, size) != ORE_OK)
        return ore_error_status();
    take_parts(e);
    bool is_short = size <= SHORT_BYTES && parts->count <= SHORT_IDS;
    if (parts->count > LONG_IDS || parts->odd || is_short)
        return ORE_OK;
    *w = (long_word){.hash = hash, .size = (uint8_t)size, .count = (uint8_t)parts->count};
    memcpy(w->bytes, text, size);
    memcpy(w->ids, parts->ids, (size_t)parts->count * sizeof *parts->ids);
    return ORE_OK;
}

/* ---- words of up to SHORT_BYTES ---- */

static inline uint64_t mask_of(size_t bytes) {
    return bytes >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * bytes) - 1;
}

static inline void read_short(const encoding *e, const char *text, size_t size, uint64_t *low,
                              uint64_t *high) {
    *low = *high = 0;
    if ((size_t)(e->end - text) >= SHORT_BYTES) {
        memcpy(low, text, 8);
        memcpy(high, text + 8, 8);
        *low &= mask_of(size);
        *high &= size > 8 ? mask_of(size - 8) : 0;
    } else {
        char bytes[SHORT_BYTES] = {0};
        memcpy(bytes, text, size);
        memcpy(low, bytes, 8);
        memcpy(high, bytes + 8, 8);
    }
}

static inline uint64_t hash_short(uint64_t low, uint64_t high, size_t size) {
    uint64_t h = (low ^ size) * UINT64_C(0x9E3779B97F4A7C15);
    h ^= (h >> 29) ^ (high * UINT64_C(0xC2B2AE3D27D4EB4F));
    return (h * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - SHORT_LINES_BITS);
}

/* A word that its line does not have: takes the place of the older of the two, unless it is a long
 * one by its ids. */
static ore_status learn_short(const encoding *e, const char *text, size_t size, uint64_t low,
                              uint64_t high, short_word *line) {
    int64_t from = e->out->count;
    if (encode_long(e, text, size) != ORE_OK)
        return ore_error_status();
    int64_t count = e->out->count - from;
    if (count > SHORT_IDS || e->memory->parts.odd)
        return ORE_OK;
    line[1] = line[0];
    line[0] = (short_word){low, high, (uint8_t)size, (uint8_t)count, {0}};
    for (int64_t i = 0; i < count; i++)
        line[0].ids[i] = (int32_t)e->out->ids[from + i];
    return ORE_OK;
}

static inline ore_status encode_short(const encoding *e, const char *text, size_t size) {
    uint64_t low, high;
    read_short(e, text, size, &low, &high);
    short_word *line = e->memory->short_words + 2 * hash_short(low, high, size);
    const short_word *w = line;
    if (w->low != low || w->high != high || w->size != size)
        w++;
    if (w->low != low || w->high != high || w->size != size)
        return learn_short(e, text, size, low, high, line);
    int64_t *ids = e->out->ids + e->out->count;
    for (int i = 0; i < SHORT_IDS; i++) /* there is room for all */
        ids[i] = w->ids[i];
    e->out->count += w->count;
    return ORE_OK;
}

/* ---- splits ---- */

static bool is_odd(const bpe_model *model, int64_t id) {
    return model->odd[id / 64] >> id % 64 & 1;
}

/* How many bytes of UTF-8 the letter has that stands for a byte in published vocabularies. */
static size_t letter_bytes(char byte) {
    return byte > 0x20 && byte < 0x7F ? 1 : 2;
}

/* A place in a text, and how many bytes the letters before it have. */
typedef struct letter_place {
    size_t at, letters;
} letter_place;

/* Goes on to the letter that has byte number `letters` of all letters. */
static int64_t seek_letter(letter_place *place, const char *text, size_t size, size_t letters) {
    while (place->at + 1 < size && place->letters + letter_bytes(text[place->at]) <= letters)
        place->letters += letter_bytes(text[place->at++]);
    return (int64_t)place->at;
}

/* Where bytes without a token are left out, Hugging Face's tokenizers count on as if nothing had
 * been: each token's letters stand behind those of the one before. */
static void shift_ranges(const encoding *e, const char *text, size_t size, int64_t from) {
    ore_token_list *out = e->out;
    const int64_t start = text - e->start;
    letter_place place = {0};
    size_t letters = 0;
    for (int64_t i = from; i < out->count; i++) {
        size_t bytes;
        const char *token = ore_vocab_at(&e->composed->vocab, out->ids[i], &bytes);
        out->ranges[i].start = start + seek_letter(&place, text, size, letters);
        for (size_t k = 0; k < bytes; k++)
            letters += letter_bytes(token[k]);
        out->ranges[i].end = start + seek_letter(&place, text, size, letters - 1) + 1;
    }
}

/* The ranges of the tokens from number `from` on, which a piece became. Most consist of their
 * tokens' bytes side by side; where one does not, it is made of its parts anew. */
static ore_status add_ranges(const encoding *e, const char *text, size_t size, int64_t from) {
    ore_token_list *out = e->out;
    const ore_bpe_parts *parts = &e->memory->parts;
    bool odd = e->model->affixed;
    int64_t start = text - e->start, at = start;
    for (int64_t i = from; i < out->count; i++) {
        odd = odd || is_odd(e->model, out->ids[i]);
        out->ranges[i].start = at;
        at += e->composed->vocab.entries[out->ids[i]].size;
        out->ranges[i].end = at;
    }
    if (!odd && e->composed->byte_level && at != start + (int64_t)size)
        shift_ranges(e, text, size, from);
    if (!odd)
        return ORE_OK;
    if (split_anew(e, text, size) != ORE_OK)
        return ore_error_status();
    at = start;
    for (int64_t i = 0; i < parts->count; at += parts->sizes[i++])
        out->ranges[from + i] = (ore_token_range){at, at + parts->sizes[i]};
    return ORE_OK;
}

static ore_status encode_any(const encoding *e, const char *text, size_t size) {
    if (size <= SHORT_BYTES)
        return encode_short(e, text, size);
    if (size <= LONG_BYTES)
        return encode_long(e, text, size);
    if (split_anew(e, text, size) != ORE_OK)
        return ore_error_status();
    take_parts(e);
    return ORE_OK;
}

static ore_status encode_piece(const encoding *e, const char *text, size_t size) {
    int64_t from = e->out->count;
    ore_status status = encode_any(e, text, size);
    return e->out->ranged && status == ORE_OK ? add_ranges(e, text, size, from) : status;
}

/* A long split of a model that knows seams falls into pieces that repeat as words do. */
static ore_status encode_split(const encoding *e, const char *text, size_t size) {
    const bpe_model *model = e->model;
    if (size <= SHORT_BYTES || !model->seams || model->options.ignore_merges)
        return encode_piece(e, text, size);
    size_t start = 0;
    for (size_t at = 1; at < size; at++)
        if (ore_bpe_is_seam(model, e->composed, text, size, at)) {
            if (encode_piece(e, text + start, at - start) != ORE_OK)
                return ore_error_status();
            start = at;
        }
    return encode_piece(e, text + start, size - start);
}

ore_status ore_bpe_encode(const ore_stage *stage, const ore_composed *composed,
                          ore_workspace *workspace, int64_t first, int64_t count,
                          ore_token_list *out) {
    const ore_flow *flow = &workspace->flow;
    const encoding e = {(const bpe_model *)stage, composed, workspace->model, flow->text,
                        flow->text + flow->size,  out};
    const ore_segment *s = flow->splits + first, *end = s + count;
    if (count == 0)
        return ORE_OK;
    /* No part has no bytes; remembered words are copied with what lies behind them. */
    int64_t room = ore_bpe_room(e.model, (int64_t)(end[-1].end - s->start), count);
    if (ore_token_list_reserve(out, room + SHORT_IDS) != ORE_OK)
        return ore_error_status();
    ore_status status = ORE_OK;
    for (; s < end && status == ORE_OK; s++)
        status = encode_split(&e, flow->text + s->start, s->end - s->start);
    return status;
}
