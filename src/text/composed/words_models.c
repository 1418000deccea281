/* words_models.c: the models "WordPiece" (Schuster and Nakajima 2012, as BERT has it): a split
 * is the longest token that it begins with, then the longest that goes on, and so forth; and
 * "WordLevel": a split is a token. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/bpe.h"
#include "text/composed/trie.h"
#include "text/composed/words_models.h"

/* The unknown token of both, which need not be in the vocabulary while no split asks for it. */
static ore_status add_unknown(const char *unknown, int32_t id, const char *text, ore_segment split,
                              ore_token_list *out) {
    enum { SHOWN_BYTES = 40 };
    if (id >= 0)
        return ore_token_list_add(out, id, split.start, split.end);
    int size = (int)(split.end - split.start);
    return ore_fail(ORE_DATA,
                    "tokenizer: no tokens make up \"%.*s\", and the unknown token \"%.32s\" is not "
                    "in the vocabulary",
                    size < SHOWN_BYTES ? size : SHOWN_BYTES, text + split.start, unknown);
}

static int32_t id_of(const ore_composed *composed, const char *text) {
    return (int32_t)ore_vocab_find(&composed->vocab, text, strlen(text));
}

/* ---- WordPiece ---- */

typedef struct wordpiece {
    ore_stage base;
    char *unknown, *prefix;
    int32_t unknown_id;
    int64_t max_characters;
    ore_trie first, further; /* tokens, and those with the prefix, without it */
} wordpiece;

static int64_t characters_of(const ore_composed *composed, const char *text, size_t size) {
    int64_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += composed->byte_level || (text[i] & 0xC0) != 0x80;
    return count;
}

/* Appends the tokens of a split; false, with none of them, where there are none. */
static bool add_pieces(const wordpiece *self, const char *text, ore_segment split,
                       ore_token_list *out) {
    int64_t count = out->count;
    for (size_t at = split.start, bytes; at < split.end; at += bytes) {
        const ore_trie *trie = at == split.start ? &self->first : &self->further;
        int32_t id = ore_trie_longest(trie, text + at, split.end - at, &bytes);
        if (id < 0) {
            out->count = count;
            return false;
        }
        if (ore_token_list_add(out, id, (int64_t)at, (int64_t)(at + bytes)) != ORE_OK)
            return true;
    }
    return true;
}

static ore_status wordpiece_encode(const ore_stage *stage, const ore_composed *composed,
                                   ore_workspace *workspace, int64_t first, int64_t count,
                                   ore_token_list *out) {
    const wordpiece *self = (const wordpiece *)stage;
    const char *text = workspace->flow.text;
    for (int64_t i = first; i < first + count && ore_no_error(); i++) {
        ore_segment split = workspace->flow.splits[i];
        size_t size = split.end - split.start;
        bool longer = characters_of(composed, text + split.start, size) > self->max_characters;
        if (longer || !add_pieces(self, text, split, out))
            add_unknown(self->unknown, self->unknown_id, text, split, out);
    }
    return ore_error_status();
}

static void wordpiece_release(ore_stage *stage) {
    wordpiece *self = (wordpiece *)stage;
    ore_release(self->unknown);
    ore_release(self->prefix);
    ore_trie_release(&self->first);
    ore_trie_release(&self->further);
}

/* The tokens that begin with a prefix, without it. */
static ore_status make_trie(ore_trie *trie, const ore_vocab *vocab, const char *prefix) {
    size_t prefix_size = strlen(prefix), size;
    ore_trie_key *keys = ore_alloc((size_t)vocab->count * sizeof *keys + 1);
    int64_t used = 0;
    for (int64_t id = 0; keys && id < vocab->count; id++) {
        const char *bytes = ore_vocab_at(vocab, id, &size);
        if (size > prefix_size && memcmp(bytes, prefix, prefix_size) == 0)
            keys[used++] = (ore_trie_key){bytes + prefix_size, size - prefix_size, (int32_t)id};
    }
    if (keys)
        ore_trie_init(trie, keys, used);
    ore_release(keys);
    return ore_error_status();
}

ore_wordpiece_options ore_wordpiece_defaults(void) {
    return (ore_wordpiece_options){"[UNK]", "##", 100};
}

ore_stage *ore_wordpiece_new(const ore_composed *composed, const ore_wordpiece_options *options) {
    wordpiece *self =
        ore_no_error() ? ore_stage_new(&ore_wordpiece_model_kind.stage, sizeof *self) : NULL;
    if (!self)
        return NULL;
    self->unknown = ore_copy_text(options->unknown);
    self->prefix = ore_copy_text(options->prefix);
    self->max_characters = options->max_characters;
    self->unknown_id = id_of(composed, options->unknown);
    make_trie(&self->first, &composed->vocab, "");
    if (make_trie(&self->further, &composed->vocab, options->prefix) == ORE_OK)
        return &self->base;
    ore_stage_free(&self->base);
    return NULL;
}

static ore_stage *wordpiece_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)path;
    ore_wordpiece_options options = ore_wordpiece_defaults();
    options.unknown = ore_json_get_string(json, "unk_token");
    options.prefix = ore_json_get_string(json, "continuing_subword_prefix");
    ore_json_get_int(json, "max_input_chars_per_word", &options.max_characters);
    ore_json *vocab = ore_json_get_object(json, "vocab");
    return vocab && ore_vocab_load(composed, vocab) == ORE_OK
               ? ore_wordpiece_new(composed, &options)
               : NULL;
}

static void wordpiece_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    const wordpiece *self = (const wordpiece *)stage;
    ore_json_set_string(json, "unk_token", self->unknown);
    ore_json_set_string(json, "continuing_subword_prefix", self->prefix);
    ore_json_set_int(json, "max_input_chars_per_word", self->max_characters);
    ore_vocab_save(composed, json);
}

const ore_model_kind ore_wordpiece_model_kind = {
    {"WordPiece", wordpiece_load, wordpiece_save, wordpiece_release},
    NULL,
    NULL,
    wordpiece_encode,
    NULL,
    NULL};

/* ---- WordLevel ---- */

typedef struct word_level {
    ore_stage base;
    char *unknown;
    int32_t unknown_id;
} word_level;

static ore_status word_level_encode(const ore_stage *stage, const ore_composed *composed,
                                    ore_workspace *workspace, int64_t first, int64_t count,
                                    ore_token_list *out) {
    const word_level *self = (const word_level *)stage;
    const char *text = workspace->flow.text;
    for (int64_t i = first; i < first + count && ore_no_error(); i++) {
        ore_segment split = workspace->flow.splits[i];
        int64_t id =
            ore_vocab_find_own(&composed->vocab, text + split.start, split.end - split.start);
        if (id >= 0)
            ore_token_list_add(out, id, split.start, split.end);
        else
            add_unknown(self->unknown, self->unknown_id, text, split, out);
    }
    return ore_error_status();
}

static void word_level_release(ore_stage *stage) {
    ore_release(((word_level *)stage)->unknown);
}

static ore_stage *word_level_new(const ore_composed *composed, const char *unknown) {
    word_level *self =
        ore_no_error() ? ore_stage_new(&ore_word_level_model_kind.stage, sizeof *self) : NULL;
    if (!self)
        return NULL;
    self->unknown = ore_copy_text(unknown);
    self->unknown_id = id_of(composed, unknown);
    if (self->unknown)
        return &self->base;
    ore_stage_free(&self->base);
    return NULL;
}

static ore_stage *word_level_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)path;
    const char *unknown = ore_json_get_string(json, "unk_token");
    ore_json *vocab = unknown ? ore_json_get_object(json, "vocab") : NULL;
    return vocab && ore_vocab_load(composed, vocab) == ORE_OK ? word_level_new(composed, unknown)
                                                              : NULL;
}

static void word_level_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    ore_json_set_string(json, "unk_token", ((const word_level *)stage)->unknown);
    ore_vocab_save(composed, json);
}

const ore_model_kind ore_word_level_model_kind = {
    {"WordLevel", word_level_load, word_level_save, word_level_release},
    NULL,
    NULL,
    word_level_encode,
    NULL,
    NULL};
