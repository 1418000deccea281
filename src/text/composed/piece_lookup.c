/* piece_lookup.c: the models "SentencePieceChar" and "SentencePieceWord": each character, or each
 * word that begins with U+2581, is a token or unknown. Nothing is merged or parted. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/aligned.h"
#include "text/composed/pieces.h"
#include "text/composed/trie.h"

static const char space[] = "\xE2\x96\x81"; /* U+2581 */
enum { SPACE_BYTES = sizeof space - 1 };

typedef struct lookup {
    ore_stage base;
    ore_pieces pieces;
    ore_trie user;        /* users' symbols, which characters are not taken out of */
    ore_byte_pairs pairs; /* of these */
    int32_t byte_ids[256];
} lookup;

static bool of_words(const lookup *self) {
    return self->base.kind == &ore_piece_words_model_kind.stage;
}

/* How many bytes at a text's start are looked up together. */
static size_t next_piece(const lookup *self, const char *text, size_t size) {
    size_t bytes;
    if (of_words(self)) {
        const char *end = size > 1 ? memmem(text + 1, size - 1, space, SPACE_BYTES) : NULL;
        return end ? (size_t)(end - text) : size;
    }
    if (ore_trie_longest(&self->user, text, size, &bytes) >= 0)
        return bytes;
    int n;
    ore_character_at(text, (int64_t)size, 0, &n);
    return (size_t)n;
}

/* Neighbours that are unknown are one token, unless the tokens of their bytes stand for them. */
static void encode_split(const lookup *self, const ore_composed *composed, const char *text,
                         size_t start, size_t end, ore_token_list *out) {
    size_t unknown = start, at = start;
    while (at < end && ore_no_error()) {
        size_t bytes = next_piece(self, text + at, end - at);
        int64_t id = ore_pieces_find(&self->pieces, composed, text + at, bytes);
        if (unknown < at && (id >= 0 || self->pieces.byte_fallback)) {
            ore_pieces_add_unknown(&self->pieces, self->byte_ids, text, unknown, at, out);
            unknown = at;
        }
        if (id >= 0) {
            ore_token_list_add(out, id, (int64_t)at, (int64_t)(at + bytes));
            unknown = at + bytes;
        }
        at += bytes;
    }
    if (unknown < at && ore_no_error())
        ore_pieces_add_unknown(&self->pieces, self->byte_ids, text, unknown, at, out);
}

static ore_status encode(const ore_stage *stage, const ore_composed *composed,
                         ore_workspace *workspace, int64_t first, int64_t count,
                         ore_token_list *out) {
    const ore_flow *flow = &workspace->flow;
    for (int64_t i = first; i < first + count && ore_no_error(); i++)
        encode_split((const lookup *)stage, composed, flow->text, flow->splits[i].start,
                     flow->splits[i].end, out);
    return ore_error_status();
}

/* ---- places that no token spans ---- */

/* Where the piece before byte `at` begins, if one ends there in any text that goes on so; else
 * `at`. */
static size_t piece_before(const lookup *self, const char *text, size_t size, size_t at) {
    if (of_words(self)) {
        bool begins = size - at >= SPACE_BYTES && memcmp(text + at, space, SPACE_BYTES) == 0;
        size_t from = at;
        while (begins && from >= SPACE_BYTES) {
            from--;
            if (at - from >= SPACE_BYTES && memcmp(text + from, space, SPACE_BYTES) == 0)
                return from;
        }
        return at;
    }
    if (((uint8_t)text[at] & 0xC0) == 0x80 ||
        ore_byte_pairs_have(&self->pairs, (uint8_t)text[at - 1], (uint8_t)text[at]))
        return at;
    return (size_t)ore_character_before(text, (int64_t)at);
}

static size_t cut(const ore_stage *stage, const ore_composed *composed, const char *text,
                  size_t size) {
    const lookup *self = (const lookup *)stage;
    for (size_t at = size; at-- > 1;) {
        size_t from = piece_before(self, text, size, at);
        if (from < at && (self->pieces.byte_fallback ||
                          ore_pieces_find(&self->pieces, composed, text + from, at - from) >= 0))
            return at;
    }
    return 0;
}

/* ---- making ---- */

static void release(ore_stage *stage) {
    lookup *self = (lookup *)stage;
    ore_pieces_release(&self->pieces);
    ore_trie_release(&self->user);
}

static void prepare(lookup *self, const ore_composed *composed) {
    for (int64_t id = 0; id < self->pieces.count; id++) {
        size_t size;
        const char *bytes = ore_vocab_at(&composed->vocab, id, &size);
        if (self->pieces.types[id] == ORE_PIECE_USER)
            ore_byte_pairs_add(&self->pairs, bytes, size);
    }
    ore_byte_tokens(&composed->vocab, self->byte_ids);
    ore_pieces_user_symbols(&self->pieces, composed, &self->user);
}

ore_stage *ore_piece_lookup_new(const ore_composed *composed, ore_pieces *pieces, bool words) {
    const ore_model_kind *kind =
        words ? &ore_piece_words_model_kind : &ore_piece_characters_model_kind;
    lookup *self = ore_no_error() ? ore_stage_new(&kind->stage, sizeof *self) : NULL;
    if (!self) {
        ore_pieces_release(pieces);
        return NULL;
    }
    self->pieces = *pieces;
    *pieces = (ore_pieces){0};
    if (!self->pieces.types)
        ore_fail(ORE_DATA, "tokenizer: %s: tokens without types", kind->stage.name);
    else
        prepare(self, composed);
    if (ore_no_error())
        return &self->base;
    ore_stage_free(&self->base);
    return NULL;
}

const ore_pieces *ore_piece_lookup_pieces(const ore_stage *model) {
    return &((const lookup *)model)->pieces;
}

static ore_stage *load(ore_composed *composed, ore_json *json, const char *path, bool words) {
    ore_pieces pieces;
    ore_pieces_load(&pieces, composed, json, path);
    return ore_piece_lookup_new(composed, &pieces, words);
}

static ore_stage *load_characters(ore_composed *composed, ore_json *json, const char *path) {
    return load(composed, json, path, false);
}

static ore_stage *load_words(ore_composed *composed, ore_json *json, const char *path) {
    return load(composed, json, path, true);
}

static void save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    ore_pieces_save(&((const lookup *)stage)->pieces, composed, json);
}

const ore_model_kind ore_piece_characters_model_kind = {
    .stage = {"SentencePieceChar", load_characters, save, release}, .encode = encode, .cut = cut};
const ore_model_kind ore_piece_words_model_kind = {
    .stage = {"SentencePieceWord", load_words, save, release}, .encode = encode, .cut = cut};
