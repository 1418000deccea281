/* format_gguf.c: the tokenizer inside a GGUF file: the keys "tokenizer.ggml.*" of its metadata. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "io/gguf.h"
#include "text/composed/bpe.h"
#include "text/composed/decoders.h"
#include "text/composed/gguf_patterns.h"
#include "text/composed/normalize.h"
#include "text/composed/pieces.h"
#include "text/composed/post_processors.h"
#include "text/composed/sentencepiece.h"
#include "text/composed/split.h"
#include "text/composed/tokenizer_json.h"
#include "text/composed/words_models.h"

#define KEY(name) "tokenizer.ggml." name
typedef struct reading {
    ore_gguf file;
    ore_composed *composed;
    const char *pattern;          /* that the caller gave; or NULL */
    int64_t count;                /* of tokens */
    const ore_gguf_value *tokens; /* their texts */
    const ore_gguf_value *types;  /* of ore_piece_type; NULL: all are normal */
    bool add_bos, add_eos;
    int64_t bos, eos; /* -1: none */
} reading;

/* ---- what all models share ---- */

static int type_of(const reading *r, int64_t id) {
    return r->types ? (int)ore_gguf_number(r->types, id) : ORE_PIECE_NORMAL;
}

static ore_status read_tokens(reading *r) {
    r->tokens = ore_gguf_get_array(&r->file, KEY("tokens"), ORE_GGUF_STRING, true);
    r->types = ore_gguf_get_array(&r->file, KEY("token_type"), ORE_GGUF_INT32, false);
    if (!ore_no_error())
        return ore_error_status();
    r->count = r->tokens->count;
    if (r->types && r->types->count != r->count)
        return ore_fail(ORE_DATA, "%s: %lld tokens, but %lld types of tokens", r->file.path,
                        (long long)r->count, (long long)r->types->count);
    return ORE_OK;
}

/* Adds the tokens that a text becomes wherever it has them: control tokens and those of users. */
static ore_status add_tokens(reading *r) {
    const uint8_t *at = r->tokens->data;
    for (int64_t id = 0; id < r->count && ore_no_error(); id++) {
        size_t size;
        const char *text = ore_gguf_next_text(&r->file, &at, &size);
        int type = type_of(r, id);
        if (!text || size == 0 || (type != ORE_PIECE_CONTROL && type != ORE_PIECE_USER))
            continue;
        ore_added_token token = {(char *)text, size, (int32_t)id,
                                 .special = type == ORE_PIECE_CONTROL};
        ore_composed_add(r->composed, &token);
    }
    return ore_error_status();
}

/* Puts the tokens into the vocabulary. Those of control and of users are written as they are. */
static ore_status put_tokens(reading *r) {
    const uint8_t *at = r->tokens->data;
    for (int64_t id = 0; id < r->count && ore_no_error(); id++) {
        size_t size;
        const char *text = ore_gguf_next_text(&r->file, &at, &size);
        int type = type_of(r, id);
        bool whole = type == ORE_PIECE_CONTROL || type == ORE_PIECE_USER;
        if (!text)
            break;
        ore_vocab_put_text(&r->composed->vocab, id, text, size, r->composed->byte_level && !whole);
    }
    return ore_error_status();
}

static ore_status read_ends(reading *r, bool add_bos, bool add_eos) {
    r->add_bos = add_bos;
    r->add_eos = add_eos;
    r->bos = r->eos = -1;
    ore_gguf_get_int(&r->file, KEY("bos_token_id"), &r->bos);
    ore_gguf_get_int(&r->file, KEY("eos_token_id"), &r->eos);
    ore_gguf_get_bool(&r->file, KEY("add_bos_token"), &r->add_bos);
    ore_gguf_get_bool(&r->file, KEY("add_eos_token"), &r->add_eos);
    if (ore_no_error() && (r->bos >= r->count || r->eos >= r->count || r->bos < -1 || r->eos < -1))
        ore_fail(ORE_DATA, "%s: begin and end tokens %lld and %lld, of %lld tokens", r->file.path,
                 (long long)r->bos, (long long)r->eos, (long long)r->count);
    return ore_error_status();
}

static void make_frame(reading *r) {
    if (ore_no_error() && (r->add_bos || r->add_eos))
        r->composed->post_processor =
            ore_frame_new(r->composed, r->add_bos ? r->bos : -1, r->add_eos ? r->eos : -1);
}

/* ---- "gpt2": byte-level BPE ---- */

static const ore_gguf_pre *find_pre(const reading *r) {
    const char *name = NULL;
    size_t size = 0;
    if (ore_gguf_get_text(&r->file, KEY("pre"), &name, &size) != ORE_OK)
        return NULL;
    if (!name) {
        ore_fail(ORE_INVALID,
                 "%s: no tokenizer.ggml.pre, as in files from before llama.cpp wrote it: its texts "
                 "are split by a pattern that it does not name; give one (--pattern gpt2, cl100k, "
                 "o200k, or a regular expression)",
                 r->file.path);
        return NULL;
    }
    for (int i = 0; i < ore_gguf_pre_count; i++)
        if (strlen(ore_gguf_pres[i].name) == size && memcmp(ore_gguf_pres[i].name, name, size) == 0)
            return &ore_gguf_pres[i];
    ore_fail(ORE_UNSUPPORTED, "%s: the pre-tokenizer \"%.*s\", which Ore lacks", r->file.path,
             (int)(size < 64 ? size : 64), name);
    return NULL;
}

static ore_status read_merges(reading *r, ore_merge **merges, int64_t *count) {
    const ore_gguf_value *texts =
        ore_gguf_get_array(&r->file, KEY("merges"), ORE_GGUF_STRING, true);
    if (!texts)
        return ore_error_status();
    *count = texts->count;
    *merges = ore_alloc((size_t)texts->count * sizeof **merges + 1);
    const uint8_t *at = texts->data;
    for (int64_t i = 0; *merges && i < texts->count && ore_no_error(); i++) {
        size_t size;
        const char *text = ore_gguf_next_text(&r->file, &at, &size);
        const char *space = text && size > 1 ? memchr(text + 1, ' ', size - 1) : NULL;
        if (text && !space)
            return ore_fail(ORE_DATA, "%s: merge %lld has no space", r->file.path, (long long)i);
        if (text)
            ore_merge_of_texts(r->composed, text, (size_t)(space - text), space + 1,
                               size - (size_t)(space + 1 - text), i, &(*merges)[i]);
    }
    return ore_error_status();
}

static ore_stage *make_splits(const ore_gguf_pre *how) {
    ore_stage *stages[ORE_GGUF_PRE_PATTERNS + 1];
    int64_t count = 0;
    for (int i = 0; i < ORE_GGUF_PRE_PATTERNS && how->patterns[i]; i++)
        stages[count++] = ore_split_named_new(how->patterns[i], how->name);
    stages[count++] = ore_byte_level_new(false, false);
    return ore_pre_tokenizer_sequence_new(stages, count);
}

static void read_gpt2(reading *r) {
    const ore_gguf_pre by_caller = {.name = r->file.path, .patterns = {r->pattern}};
    const ore_gguf_pre *how = r->pattern ? &by_caller : find_pre(r);
    ore_merge *merges = NULL;
    int64_t count = 0;
    r->composed->byte_level = true;
    if (!how || put_tokens(r) != ORE_OK || read_merges(r, &merges, &count) != ORE_OK) {
        ore_release(merges);
        return;
    }
    ore_bpe_options options = ore_bpe_defaults();
    options.ignore_merges = (how->flags & ORE_GGUF_IGNORES_MERGES) != 0;
    options.drop_unknown = true;
    r->composed->model = ore_bpe_new(r->composed, merges, count, &options);
    ore_release(merges);
    r->composed->pre_tokenizer = make_splits(how);
    r->composed->decoder = ore_byte_level_decoder_new();
    add_tokens(r);
    read_ends(r, (how->flags & ORE_GGUF_BEGINS) != 0, false);
    make_frame(r);
}

/* ---- "llama" and "t5": SentencePiece's models ---- */

static ore_status read_pieces(reading *r, ore_pieces *pieces) {
    const ore_gguf_value *scores =
        ore_gguf_get_array(&r->file, KEY("scores"), ORE_GGUF_FLOAT32, true);
    *pieces = (ore_pieces){.count = r->count, .unknown = -1, .sentencepiece = true};
    if (!scores)
        return ore_error_status();
    if (scores->count != r->count)
        return ore_fail(ORE_DATA, "%s: %lld tokens, but %lld scores", r->file.path,
                        (long long)r->count, (long long)scores->count);
    pieces->scores = ore_alloc((size_t)r->count * sizeof *pieces->scores + 1);
    pieces->types = ore_alloc((size_t)r->count + 1);
    for (int64_t id = 0; pieces->types && pieces->scores && id < r->count; id++) {
        int type = type_of(r, id);
        double score = ore_gguf_number(scores, id);
        if (type < ORE_PIECE_NORMAL || type > ORE_PIECE_BYTE || !isfinite(score))
            return ore_fail(ORE_DATA, "%s: token %lld has type %d and score %g", r->file.path,
                            (long long)id, type, score);
        pieces->types[id] = (uint8_t)type;
        pieces->scores[id] = score;
        if (type == ORE_PIECE_UNKNOWN && pieces->unknown < 0)
            pieces->unknown = (int32_t)id;
        pieces->byte_fallback |= type == ORE_PIECE_BYTE;
    }
    return ore_error_status();
}

/* The rules of the text, an array of bytes. */
static const char *read_charsmap(const reading *r, size_t *bytes) {
    const ore_gguf_value *value = ore_gguf_find(&r->file, KEY("precompiled_charsmap"));
    *bytes = 0;
    if (!value)
        return NULL;
    if (!value->array || (value->type != ORE_GGUF_UINT8 && value->type != ORE_GGUF_INT8)) {
        ore_fail(ORE_DATA, "%s: " KEY("precompiled_charsmap") ": expected an array of bytes",
                 r->file.path);
        return NULL;
    }
    *bytes = (size_t)value->count;
    return (const char *)value->data;
}

static void read_sentencepiece(reading *r, bool unigram) {
    static const char unknown[] = " \xE2\x81\x87 "; /* U+2047 between spaces */
    ore_pieces pieces = {0};
    ore_sentencepiece_options options = ore_sentencepiece_defaults();
    ore_composed *composed = r->composed;
    options.remove_extra_whitespaces = unigram;
    ore_gguf_get_bool(&r->file, KEY("add_space_prefix"), &options.add_dummy_prefix);
    ore_gguf_get_bool(&r->file, KEY("remove_extra_whitespaces"), &options.remove_extra_whitespaces);
    if (put_tokens(r) != ORE_OK || read_pieces(r, &pieces) != ORE_OK) {
        ore_pieces_release(&pieces);
        return;
    }
    composed->model =
        unigram ? ore_unigram_new(composed, &pieces) : ore_piece_merger_new(composed, &pieces);
    size_t bytes;
    const char *charsmap = read_charsmap(r, &bytes);
    if (!ore_no_error())
        return;
    composed->normalizer =
        ore_sentencepiece_normalizer_new(composed, &options, charsmap, bytes, r->file.path);
    composed->decoder = ore_sentencepiece_decoder_new(unknown, options.add_dummy_prefix);
    add_tokens(r);
    read_ends(r, !unigram, unigram);
    make_frame(r);
}

/* ---- "bert": WordPiece, whose tokens that begin a word are written behind U+2581 ---- */

static ore_status put_wordpieces(reading *r) {
    static const char begin[] = "\xE2\x96\x81", further[] = "##"; /* U+2581 */
    enum { BEGIN_BYTES = sizeof begin - 1, FURTHER_BYTES = sizeof further - 1 };
    const uint8_t *at = r->tokens->data;
    for (int64_t id = 0; id < r->count && ore_no_error(); id++) {
        size_t size;
        const char *text = ore_gguf_next_text(&r->file, &at, &size);
        char *copy = text ? ore_alloc(size + FURTHER_BYTES + 1) : NULL;
        if (!copy)
            break;
        bool word = size >= BEGIN_BYTES && memcmp(text, begin, BEGIN_BYTES) == 0;
        bool plain = size > 1 && text[0] == '[' && text[size - 1] == ']';
        size_t put = !word && !plain ? FURTHER_BYTES : 0, skip = word ? BEGIN_BYTES : 0;
        memcpy(copy, further, put);
        memcpy(copy + put, text + skip, size - skip);
        ore_vocab_put(&r->composed->vocab, id, copy, size - skip + put);
        ore_release(copy);
    }
    return ore_error_status();
}

static void read_bert(reading *r) {
    ore_composed *composed = r->composed;
    ore_wordpiece_options options = ore_wordpiece_defaults();
    if (put_wordpieces(r) != ORE_OK)
        return;
    composed->model = ore_wordpiece_new(composed, &options);
    composed->normalizer = ore_bert_normalizer_new(true);
    composed->pre_tokenizer = ore_bert_pre_tokenizer_new();
    composed->decoder = ore_wordpiece_decoder_new(options.prefix, true);
    add_tokens(r);
    read_ends(r, true, true);
    ore_gguf_get_int(&r->file, KEY("cls_token_id"), &r->bos);
    ore_gguf_get_int(&r->file, KEY("seperator_token_id"), &r->eos); /* so spelled in files */
    if (r->bos < r->count && r->eos < r->count)
        make_frame(r);
}

/* ---- the file ---- */

static ore_status read_model(reading *r) {
    const char *model = NULL;
    size_t size = 0;
    if (ore_gguf_get_text(&r->file, KEY("model"), &model, &size) != ORE_OK)
        return ore_error_status();
    if (!model)
        return ore_fail(ORE_DATA, "%s: no tokenizer inside: " KEY("model") " is missing",
                        r->file.path);
    static const char *const names[] = {"gpt2", "llama", "t5", "bert"};
    enum { NAMES = sizeof names / sizeof *names };
    int which = 0;
    while (which < NAMES &&
           (strlen(names[which]) != size || memcmp(names[which], model, size) != 0))
        which++;
    if (which == NAMES)
        return ore_fail(ORE_UNSUPPORTED,
                        "%s: the tokenizer \"%.*s\", Ore reads gpt2, llama, t5 and bert",
                        r->file.path, (int)(size < 64 ? size : 64), model);
    if (r->pattern && (which != 0 || ore_gguf_find(&r->file, KEY("pre"))))
        return ore_fail(ORE_INVALID,
                        "%s: a pattern is given, but the file says how it splits texts",
                        r->file.path);
    if (read_tokens(r) != ORE_OK)
        return ore_error_status();
    if (which == 0)
        read_gpt2(r);
    else if (which == 3)
        read_bert(r);
    else
        read_sentencepiece(r, which == 2);
    return ore_error_status();
}

static ore_tokenizer *read(const ore_tokenizer_file *file) {
    reading r = {.composed = ore_composed_new(), .pattern = file->options->pattern, .eos = -1};
    if (!r.composed)
        return NULL;
    if (ore_gguf_open_memory(&r.file, file->bytes, file->size, file->path) == ORE_OK)
        read_model(&r);
    ore_gguf_close(&r.file);
    ore_tokenizer *tokenizer = ore_composed_finish(r.composed);
    if (tokenizer && r.eos >= 0)
        ore_tokenizer_add_special(tokenizer, "separator", r.eos);
    if (tokenizer)
        ore_composed_name_specials(tokenizer);
    return tokenizer;
}

static bool matches(const ore_tokenizer_file *file) {
    return ore_gguf_begins(file->bytes, file->size);
}

const ore_tokenizer_format ore_gguf_format = {
    .name = "a GGUF file", .takes_pattern = true, .matches = matches, .read = read};
