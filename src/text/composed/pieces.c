/* pieces.c: what the models whose tokens have scores share. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "io/json.h"
#include "text/composed/pieces.h"

void ore_pieces_release(ore_pieces *pieces) {
    ore_release(pieces->scores);
    ore_release(pieces->types);
    *pieces = (ore_pieces){0};
}

const ore_pieces *ore_pieces_of(const ore_stage *model) {
    if (model && model->kind == &ore_unigram_model_kind.stage)
        return ore_unigram_pieces(model);
    if (model && model->kind == &ore_piece_merger_model_kind.stage)
        return ore_piece_merger_pieces(model);
    if (model && (model->kind == &ore_piece_characters_model_kind.stage ||
                  model->kind == &ore_piece_words_model_kind.stage))
        return ore_piece_lookup_pieces(model);
    return NULL;
}

bool ore_piece_is_text(uint8_t type) {
    return type == ORE_PIECE_NORMAL || type == ORE_PIECE_USER || type == ORE_PIECE_UNUSED;
}

int64_t ore_pieces_find(const ore_pieces *pieces, const ore_composed *composed, const char *text,
                        size_t size) {
    int64_t id = ore_vocab_find(&composed->vocab, text, size);
    return id >= 0 && id < pieces->count && ore_piece_is_text(pieces->types[id]) ? id : -1;
}

ore_status ore_pieces_user_symbols(const ore_pieces *pieces, const ore_composed *composed,
                                   ore_trie *trie) {
    int64_t count = pieces && pieces->types ? pieces->count : 0, used = 0;
    ore_trie_key *keys = ore_alloc((size_t)count * sizeof *keys + 1);
    for (int64_t id = 0; keys && id < count; id++) {
        size_t size;
        const char *bytes = ore_vocab_at(&composed->vocab, id, &size);
        if (pieces->types[id] == ORE_PIECE_USER && size > 0)
            keys[used++] = (ore_trie_key){bytes, size, (int32_t)id};
    }
    if (keys)
        ore_trie_init(trie, keys, used);
    ore_release(keys);
    return ore_error_status();
}

void ore_byte_pairs_add(ore_byte_pairs *pairs, const char *token, size_t size) {
    for (size_t i = 1; i < size; i++) {
        uint8_t left = (uint8_t)token[i - 1], right = (uint8_t)token[i];
        pairs->bits[left][right / 64] |= (uint64_t)1 << right % 64;
    }
}

void ore_byte_tokens(const ore_vocab *vocab, int32_t ids[256]) {
    for (int byte = 0; byte < 256; byte++) {
        char name[8];
        int size = snprintf(name, sizeof name, "<0x%02X>", (unsigned)byte);
        ids[byte] = (int32_t)ore_vocab_find(vocab, name, (size_t)size);
    }
}

ore_status ore_pieces_add_unknown(const ore_pieces *pieces, const int32_t byte_ids[256],
                                  const char *text, size_t start, size_t end, ore_token_list *out) {
    bool bytes = pieces->byte_fallback;
    for (size_t i = start; bytes && i < end; i++)
        bytes = byte_ids[(uint8_t)text[i]] >= 0;
    if (!bytes && pieces->unknown < 0) {
        uint32_t code_point = 0;
        char shown[ORE_UTF8_SHOWN];
        ore_utf8_decode((const uint8_t *)text + start, (const uint8_t *)text + end, &code_point);
        return ore_fail(ORE_DATA, "tokenizer: %s has no token, and there is none for the unknown",
                        ore_utf8_show(code_point, shown));
    }
    if (!bytes)
        return ore_token_list_add(out, pieces->unknown, (int64_t)start, (int64_t)end);
    for (size_t i = start; i < end && ore_no_error(); i++) {
        bool surface = !pieces->sentencepiece || i + 1 == end;
        ore_token_list_add(out, byte_ids[(uint8_t)text[i]], (int64_t)start,
                           (int64_t)(surface ? end : start));
    }
    return ore_error_status();
}

ore_status ore_pieces_name_controls(ore_tokenizer *tokenizer) {
    const ore_composed *composed = (const ore_composed *)tokenizer;
    const ore_pieces *pieces = ore_pieces_of(composed->model);
    for (int64_t id = 0; pieces && pieces->types && id < pieces->count && ore_no_error(); id++) {
        size_t size;
        char *name = pieces->types[id] == ORE_PIECE_CONTROL
                         ? ore_vocab_text(&composed->vocab, id, composed->byte_level, &size)
                         : NULL;
        if (name)
            ore_tokenizer_add_special(tokenizer, name, id);
        ore_release(name);
    }
    return ore_error_status();
}

/* ---- files ---- */

void ore_pieces_save(const ore_pieces *pieces, const ore_composed *composed, ore_json *json) {
    if (pieces->unknown >= 0)
        ore_json_set_int(json, "unk_id", pieces->unknown);
    else
        ore_json_set_null(json, "unk_id");
    ore_json *list = ore_json_set_array(json, "vocab");
    for (int64_t id = 0; id < pieces->count && ore_no_error(); id++) {
        size_t size;
        char *token = ore_vocab_text(&composed->vocab, id, composed->byte_level, &size);
        if (!token)
            return;
        ore_json *row = ore_json_add_array(list);
        ore_json_add_bytes(row, token, size);
        ore_json_add_double(row, pieces->scores[id]);
        if (pieces->types)
            ore_json_add_int(row, pieces->types[id]);
        ore_release(token);
    }
    ore_json_set_bool(json, "byte_fallback", pieces->byte_fallback);
    if (pieces->sentencepiece)
        ore_json_set_bool(json, "sentencepiece", true);
}

/* Reads row `id`, [token, score] or [token, score, type], into the vocabulary and the arrays. */
static void load_row(ore_pieces *pieces, ore_composed *composed, ore_json *list, int64_t id,
                     const char *path) {
    ore_json *row = ore_json_at_array(list, id);
    size_t size;
    const char *token = row ? ore_json_at_bytes(row, 0, &size) : NULL;
    if (!token || ore_json_at_double(row, 1, &pieces->scores[id]) != ORE_OK ||
        ore_vocab_put_text(&composed->vocab, id, token, size, composed->byte_level) != ORE_OK)
        return;
    int64_t type = ORE_PIECE_NORMAL;
    if (pieces->types && ore_json_at_int(row, 2, &type) == ORE_OK &&
        (type < ORE_PIECE_NORMAL || type > ORE_PIECE_BYTE))
        ore_fail(ORE_DATA, "%s: model.vocab[%lld]: type %lld, expected 1 to 6", path, (long long)id,
                 (long long)type);
    if (pieces->types)
        pieces->types[id] = (uint8_t)type;
    if (!isfinite(pieces->scores[id]))
        ore_fail(ORE_DATA, "%s: model.vocab[%lld]: a score that is no number", path, (long long)id);
}

static void read_flag(ore_json *json, const char *key, bool *flag) {
    if (ore_json_kind_of(json, key) != ORE_JSON_MISSING)
        ore_json_get_bool(json, key, flag);
}

ore_status ore_pieces_load(ore_pieces *pieces, ore_composed *composed, ore_json *json,
                           const char *path) {
    *pieces = (ore_pieces){.unknown = -1};
    int64_t unknown = -1;
    ore_json *list = ore_json_get_array(json, "vocab");
    ore_json_kind kind = ore_json_kind_of(json, "unk_id");
    if (kind != ORE_JSON_MISSING && kind != ORE_JSON_NULL)
        ore_json_get_int(json, "unk_id", &unknown);
    read_flag(json, "byte_fallback", &pieces->byte_fallback);
    read_flag(json, "sentencepiece", &pieces->sentencepiece);
    if (!ore_no_error())
        return ore_error_status();
    pieces->count = ore_json_count(list);
    if (unknown >= pieces->count || unknown < -1)
        return ore_fail(ORE_DATA, "%s: model.unk_id: %lld, the vocabulary has %lld token%s", path,
                        (long long)unknown, (long long)pieces->count, ore_plural(pieces->count));
    pieces->unknown = (int32_t)unknown;
    pieces->scores = ore_alloc_zero((size_t)pieces->count * sizeof *pieces->scores);
    if (pieces->sentencepiece)
        pieces->types = ore_alloc_zero((size_t)pieces->count);
    for (int64_t id = 0; id < pieces->count && ore_no_error(); id++)
        load_row(pieces, composed, list, id, path);
    return ore_error_status();
}
