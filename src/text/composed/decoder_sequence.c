/* decoder_sequence.c: the decoders "Replace", "Sequence" and "SentencePiece". */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/decoders.h"
#include "text/composed/pieces.h"
#include "text/composed/replace.h"
#include "text/composed/sentencepiece.h"
#include "text/composed/stage_list.h"
#include "text/composed/tokenizer_json.h"

/* ---- Replace: as the normalizer of this name, token by token ---- */

static ore_status replace_apply(const ore_stage *stage, const ore_composed *composed, bool first,
                                ore_token_text *text) {
    (void)composed, (void)first;
    const ore_replace_stage *self = (const ore_replace_stage *)stage;
    if (text->whole)
        return ORE_OK;
    ore_aligned changed = {0};
    if (ore_aligned_set(&changed, text->bytes, (size_t)text->size, 0, false) == ORE_OK &&
        ore_replacement_apply(&self->what, &changed) == ORE_OK)
        ore_token_text_put(text, 0, text->size, changed.bytes, changed.size);
    ore_aligned_release(&changed);
    return ore_error_status();
}

static ore_stage *replace_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed;
    return ore_replace_stage_load(&ore_replace_decoder.stage, json, path);
}

/* Whether no match can reach over several tokens. */
static bool replaces_in_tokens(const ore_stage *stage) {
    const char *literal = ((const ore_replace_stage *)stage)->what.literal;
    int characters = 0;
    for (const char *at = literal; at && *at; at++)
        characters += (*at & 0xC0) != 0x80;
    return characters == 1;
}

const ore_decoder_kind ore_replace_decoder = {
    .stage = {"Replace", replace_load, ore_replace_stage_save, ore_replace_stage_release},
    .apply = replace_apply};

/* ---- Sequence ---- */

static ore_status sequence_apply(const ore_stage *stage, const ore_composed *composed, bool first,
                                 ore_token_text *text) {
    const ore_stage_list *self = (const ore_stage_list *)stage;
    for (int64_t i = 0; i < self->count && ore_no_error(); i++)
        ((const ore_decoder_kind *)self->stages[i]->kind)
            ->apply(self->stages[i], composed, first, text);
    return ore_error_status();
}

/* Behind Fuse there is one token, the text. ORE_UNSUPPORTED for what would have to wait for its
 * end. */
static ore_status check_fused(ore_stage *stage, const char *path) {
    bool can = stage->kind == &ore_fuse_decoder.stage ||
               (stage->kind == &ore_strip_decoder.stage && ore_strip_decoder_of_text(stage)) ||
               (stage->kind == &ore_replace_decoder.stage && replaces_in_tokens(stage));
    return can ? ORE_OK
               : ore_fail(ORE_UNSUPPORTED,
                          "%s: the decoder %s behind Fuse needs the whole text, and Ore decodes "
                          "token by token",
                          path, stage->kind->name);
}

static ore_stage *sequence_load(ore_composed *composed, ore_json *json, const char *path) {
    ore_stage *stage = ore_stage_list_load(&ore_sequence_decoder.stage, ORE_DECODER, composed, json,
                                           "decoders", path);
    const ore_stage_list *list = (const ore_stage_list *)stage;
    bool fused = false;
    for (int64_t i = 0; list && ore_no_error() && i < list->count; i++) {
        if (((const ore_decoder_kind *)list->stages[i]->kind)->role)
            ore_fail(
                ORE_UNSUPPORTED,
                "%s: the decoder %s within a Sequence, where Ore does not know the token before",
                path, list->stages[i]->kind->name);
        else if (fused)
            check_fused(list->stages[i], path);
        fused |= list->stages[i]->kind == &ore_fuse_decoder.stage;
    }
    if (ore_no_error())
        return stage;
    ore_stage_free(stage);
    return NULL;
}

static void sequence_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    ore_stage_list_save(stage, composed, json, "decoders");
}

const ore_decoder_kind ore_sequence_decoder = {
    .stage = {"Sequence", sequence_load, sequence_save, ore_stage_list_release},
    .apply = sequence_apply};

/* ---- SentencePiece ---- */

typedef struct sentencepiece_stage {
    ore_stage base;
    char *unknown;
    bool strip;
} sentencepiece_stage;

static ore_status set_text(ore_token_text *text, const char *bytes, size_t count) {
    void *room = text->bytes;
    if (ore_grow(&room, &text->capacity, (int64_t)count + 1, 1) != ORE_OK)
        return ore_error_status();
    text->bytes = room;
    memcpy(text->bytes, bytes, count);
    text->size = (int64_t)count;
    return ORE_OK;
}

static ore_status sentencepiece_apply(const ore_stage *stage, const ore_composed *composed,
                                      bool first, ore_token_text *text) {
    static const char space[] = "\xE2\x96\x81"; /* U+2581 */
    enum { SPACE_BYTES = sizeof space - 1 };
    const sentencepiece_stage *self = (const sentencepiece_stage *)stage;
    const ore_pieces *pieces = ore_pieces_of(composed->model);
    int64_t id = ore_vocab_find(&composed->vocab, text->bytes, (size_t)text->size);
    if (!pieces || !pieces->types || id < 0 || id >= pieces->count)
        return ORE_OK;
    int byte = ore_byte_of_token(text->bytes, (size_t)text->size);
    char of_byte = (char)byte;
    switch (pieces->types[id]) {
    case ORE_PIECE_CONTROL: /* no text */
        text->size = 0;
        return ORE_OK;
    case ORE_PIECE_UNKNOWN:
        return set_text(text, self->unknown, strlen(self->unknown));
    case ORE_PIECE_BYTE:
        text->whole = true;
        return byte >= 0 ? set_text(text, &of_byte, 1) : ORE_OK;
    default:
        break;
    }
    int64_t to = 0, at = 0;
    if (self->strip && first && text->size >= SPACE_BYTES &&
        memcmp(text->bytes, space, SPACE_BYTES) == 0)
        at = SPACE_BYTES;
    while (at < text->size) {
        bool is_space =
            text->size - at >= SPACE_BYTES && memcmp(text->bytes + at, space, SPACE_BYTES) == 0;
        text->bytes[to++] = is_space ? ' ' : text->bytes[at];
        at += is_space ? SPACE_BYTES : 1;
    }
    text->size = to;
    return ORE_OK;
}

ore_stage *ore_sentencepiece_decoder_new(const char *unknown, bool strip) {
    sentencepiece_stage *self = ore_stage_new(&ore_sentencepiece_decoder.stage, sizeof *self);
    if (!self)
        return NULL;
    self->unknown = ore_copy_text(unknown);
    self->strip = strip;
    if (self->unknown)
        return &self->base;
    ore_stage_free(&self->base);
    return NULL;
}

static ore_stage *sentencepiece_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)path;
    bool strip = true;
    const char *unknown = ore_json_get_string(json, "unk_surface");
    return unknown && ore_json_get_bool(json, "strip", &strip) == ORE_OK
               ? ore_sentencepiece_decoder_new(unknown, strip)
               : NULL;
}

static void sentencepiece_save(const ore_stage *stage, const ore_composed *composed,
                               ore_json *json) {
    (void)composed;
    ore_json_set_string(json, "unk_surface", ((const sentencepiece_stage *)stage)->unknown);
    ore_json_set_bool(json, "strip", ((const sentencepiece_stage *)stage)->strip);
}

static void sentencepiece_release(ore_stage *stage) {
    ore_release(((sentencepiece_stage *)stage)->unknown);
}

const ore_decoder_kind ore_sentencepiece_decoder = {
    .stage = {"SentencePiece", sentencepiece_load, sentencepiece_save, sentencepiece_release},
    .apply = sentencepiece_apply};
