/* format_sentencepiece.c: SentencePiece's .model files, messages of Protocol Buffers
 * (sentencepiece_model.proto): pieces with scores and types, and what is done to a text before. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "io/protobuf.h"
#include "text/composed/pieces.h"
#include "text/composed/sentencepiece.h"

enum { UNIGRAM = 1, BPE = 2, WORD = 3, CHAR = 4 }; /* TrainerSpec.model_type */

/* A part of the file; NULL where it has none. */
typedef struct bytes {
    const char *at;
    size_t size;
} bytes;

typedef struct reading {
    const char *path;
    ore_composed *composed;
    ore_pieces pieces;
    int64_t scores_capacity, types_capacity;
    int64_t model_type, eos;
    ore_sentencepiece_options options;
    bytes charsmap, unknown_surface, denormalizer;
} reading;

/* ---- pieces ---- */

static ore_status read_piece(reading *r, const char *at, size_t size) {
    ore_protobuf message = ore_protobuf_of(at, size);
    ore_protobuf_field field;
    bytes piece = {NULL, 0};
    float score = 0;
    uint64_t type = ORE_PIECE_NORMAL;
    ore_pieces *p = &r->pieces;
    while (ore_protobuf_next(&message, &field)) {
        if (field.number == 1 && field.wire == ORE_PROTOBUF_BYTES)
            piece = (bytes){field.bytes, field.size};
        else if (field.number == 2 && field.wire == ORE_PROTOBUF_FIXED32)
            score = ore_protobuf_float(&field);
        else if (field.number == 3 && field.wire == ORE_PROTOBUF_VARINT)
            type = field.value;
    }
    long long id = (long long)p->count;
    if (message.damaged || type < ORE_PIECE_NORMAL || type > ORE_PIECE_BYTE || !isfinite(score))
        return ore_fail(ORE_DATA, "%s: piece %lld is damaged", r->path, id);
    if (piece.size == 0)
        return ore_fail(ORE_DATA, "%s: piece %lld is empty", r->path, id);
    void *scores = p->scores, *types = p->types;
    if (ore_grow(&scores, &r->scores_capacity, id + 1, sizeof *p->scores) != ORE_OK)
        return ore_error_status();
    p->scores = scores;
    if (ore_grow(&types, &r->types_capacity, id + 1, sizeof *p->types) != ORE_OK)
        return ore_error_status();
    p->types = types;
    p->scores[id] = (double)score;
    p->types[id] = (uint8_t)type;
    if (type == ORE_PIECE_UNKNOWN && p->unknown >= 0)
        return ore_fail(ORE_DATA, "%s: pieces %d and %lld are both the unknown one", r->path,
                        (int)p->unknown, id);
    if (type == ORE_PIECE_UNKNOWN)
        p->unknown = (int32_t)id;
    if (ore_vocab_find(&r->composed->vocab, piece.at, piece.size) >= 0)
        return ore_fail(ORE_DATA, "%s: piece %lld is there before", r->path, id);
    p->count++;
    return ore_vocab_put(&r->composed->vocab, id, piece.at, piece.size);
}

/* ---- specifications ---- */

static void read_trainer(reading *r, const char *at, size_t size) {
    ore_protobuf message = ore_protobuf_of(at, size);
    ore_protobuf_field field;
    while (ore_protobuf_next(&message, &field))
        switch (field.number) {
        case 3:
            r->model_type = (int64_t)field.value;
            break;
        case 24:
            r->options.suffix = field.value != 0;
            break;
        case 35:
            r->pieces.byte_fallback = field.value != 0;
            break;
        case 42:
            r->eos = (int32_t)field.value;
            break;
        case 44:
            if (field.wire == ORE_PROTOBUF_BYTES)
                r->unknown_surface = (bytes){field.bytes, field.size};
            break;
        default:
            break;
        }
    if (message.damaged)
        ore_fail(ORE_DATA, "%s: trainer_spec is damaged", r->path);
}

/* Both normalizer_spec and denormalizer_spec. */
static void read_normalizer(reading *r, const char *at, size_t size, bytes *charsmap,
                            ore_sentencepiece_options *options) {
    ore_protobuf message = ore_protobuf_of(at, size);
    ore_protobuf_field field;
    while (ore_protobuf_next(&message, &field))
        switch (field.number) {
        case 2:
            if (field.wire == ORE_PROTOBUF_BYTES)
                *charsmap = (bytes){field.bytes, field.size};
            break;
        case 3:
            options->add_dummy_prefix = field.value != 0;
            break;
        case 4:
            options->remove_extra_whitespaces = field.value != 0;
            break;
        case 5:
            options->escape_whitespaces = field.value != 0;
            break;
        default:
            break;
        }
    if (message.damaged)
        ore_fail(ORE_DATA, "%s: normalizer_spec is damaged", r->path);
}

static ore_status read_model(reading *r, const char *at, size_t size) {
    ore_protobuf message = ore_protobuf_of(at, size);
    ore_protobuf_field field;
    ore_sentencepiece_options ignored;
    while (ore_no_error() && ore_protobuf_next(&message, &field)) {
        if (field.wire != ORE_PROTOBUF_BYTES)
            continue;
        if (field.number == 1)
            read_piece(r, field.bytes, field.size);
        else if (field.number == 2)
            read_trainer(r, field.bytes, field.size);
        else if (field.number == 3)
            read_normalizer(r, field.bytes, field.size, &r->charsmap, &r->options);
        else if (field.number == 5)
            read_normalizer(r, field.bytes, field.size, &r->denormalizer, &ignored);
    }
    if (ore_no_error() && message.damaged)
        ore_fail(ORE_DATA, "%s: cut short or damaged", r->path);
    return ore_error_status();
}

/* ---- checks ---- */

static ore_status check(const reading *r) {
    if (r->model_type < UNIGRAM || r->model_type > CHAR)
        return ore_fail(ORE_DATA, "%s: model_type %lld, expected 1 to 4", r->path,
                        (long long)r->model_type);
    if (r->denormalizer.size > 0)
        return ore_fail(ORE_UNSUPPORTED, "%s: denormalizer_spec has rules, which Ore lacks",
                        r->path);
    if (r->pieces.unknown < 0 && !r->pieces.byte_fallback)
        return ore_fail(ORE_DATA, "%s: no piece for the unknown", r->path);
    int32_t ids[256];
    ore_byte_tokens(&r->composed->vocab, ids);
    for (int byte = 0; byte < 256 && r->pieces.byte_fallback; byte++)
        if (ids[byte] < 0 || r->pieces.types[ids[byte]] != ORE_PIECE_BYTE)
            return ore_fail(ORE_DATA, "%s: byte_fallback, but no piece for byte 0x%02X", r->path,
                            (unsigned)byte);
    return ORE_OK;
}

/* ---- making ---- */

/* Control tokens are known by name; no text becomes them. */
static void name_controls(const reading *r, ore_tokenizer *tokenizer) {
    if (r->eos >= 0 && r->eos < tokenizer->size)
        ore_tokenizer_add_special(tokenizer, "separator", r->eos);
    ore_pieces_name_controls(tokenizer);
}

static void make_stages(reading *r) {
    static const char usual_surface[] = " \xE2\x81\x87 "; /* U+2047 between spaces */
    ore_composed *composed = r->composed;
    char surface[64] = "";
    if (r->unknown_surface.size >= sizeof surface) {
        ore_fail(ORE_DATA, "%s: unk_surface of %zu bytes", r->path, r->unknown_surface.size);
        return;
    }
    if (r->unknown_surface.at)
        memcpy(surface, r->unknown_surface.at, r->unknown_surface.size);
    r->pieces.sentencepiece = true;
    if (r->model_type == UNIGRAM)
        composed->model = ore_unigram_new(composed, &r->pieces);
    else if (r->model_type == BPE)
        composed->model = ore_piece_merger_new(composed, &r->pieces);
    else
        composed->model = ore_piece_lookup_new(composed, &r->pieces, r->model_type == WORD);
    if (!composed->model)
        return;
    composed->normalizer = ore_sentencepiece_normalizer_new(composed, &r->options, r->charsmap.at,
                                                            r->charsmap.size, r->path);
    bool strip = r->options.add_dummy_prefix || r->options.remove_extra_whitespaces;
    composed->decoder =
        ore_sentencepiece_decoder_new(r->unknown_surface.at ? surface : usual_surface, strip);
}

static ore_tokenizer *read(const ore_tokenizer_file *file) {
    reading r = {.path = file->path,
                 .composed = ore_composed_new(),
                 .pieces = {.unknown = -1},
                 .model_type = UNIGRAM,
                 .eos = 2,
                 .options = ore_sentencepiece_defaults()};
    if (!r.composed)
        return NULL;
    if (read_model(&r, file->bytes, file->size) == ORE_OK && check(&r) == ORE_OK)
        make_stages(&r);
    ore_pieces_release(&r.pieces);
    ore_tokenizer *tokenizer = ore_composed_finish(r.composed);
    if (tokenizer)
        name_controls(&r, tokenizer);
    return tokenizer;
}

/* It begins with a piece: a text and a score. */
static bool matches(const ore_tokenizer_file *file) {
    ore_protobuf message = ore_protobuf_of(file->bytes, file->size);
    ore_protobuf_field field;
    if (file->json || !ore_protobuf_next(&message, &field) || field.number != 1 ||
        field.wire != ORE_PROTOBUF_BYTES)
        return false;
    ore_protobuf piece = ore_protobuf_of(field.bytes, field.size);
    return ore_protobuf_next(&piece, &field) && field.number == 1 &&
           field.wire == ORE_PROTOBUF_BYTES && field.size > 0 &&
           ore_protobuf_next(&piece, &field) && field.number == 2 &&
           field.wire == ORE_PROTOBUF_FIXED32;
}

const ore_tokenizer_format ore_sentencepiece_format = {
    .name = "a SentencePiece model", .matches = matches, .read = read};
