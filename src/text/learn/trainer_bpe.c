/* trainer_bpe.c: byte-level byte-pair encoding. */
#include <string.h>

#include "base/memory.h"
#include "text/composed/bpe.h"
#include "text/composed/decoders.h"
#include "text/composed/split.h"
#include "text/composed/splitters.h"
#include "text/learn/trainer.h"

/* A pattern, and then the mapping of bytes to letters, which only files have. */
static ore_stage *split_by(ore_composed *composed, const char *pattern) {
    const ore_published_pattern *published = ore_published_by_name(pattern);
    ore_json *root = ore_json_object_new();
    ore_json_set_string(root, "type", "Sequence");
    ore_json *parts = ore_json_set_array(root, "pretokenizers");
    ore_json *split = ore_json_add_object(parts), *level = ore_json_add_object(parts);
    ore_json_set_string(split, "type", "Split");
    ore_json *how = ore_json_set_object(split, "pattern");
    ore_json_set_string(how, "Regex", published ? published->texts[0] : pattern);
    ore_json_set_string(split, "behavior", "Isolated");
    ore_json_set_bool(split, "invert", false);
    ore_json_set_string(level, "type", "ByteLevel");
    ore_json_set_bool(level, "add_prefix_space", false);
    ore_json_set_bool(level, "trim_offsets", true);
    ore_json_set_bool(level, "use_regex", false);
    char *text = ore_ok() ? ore_json_text(root, false) : NULL;
    ore_stage *stage = text ? ore_trainer_stage(composed, ORE_PRE_TOKENIZER, text) : NULL;
    ore_string_free(text);
    ore_json_free(root);
    return stage;
}

static ore_status add_stages(const ore_tokenizer_trainer *t, ore_composed *composed) {
    const char *pattern = t->options.pattern;
    bool gpt2 = strcmp(pattern, "gpt2") == 0;
    composed->pre_tokenizer = gpt2 || strcmp(pattern, "none") == 0 ? ore_byte_level_new(false, gpt2)
                                                                   : split_by(composed, pattern);
    return ore_error_status();
}

/* Bytes that GPT-2's vocabulary writes as they are come first there. */
static bool is_letter(int byte) {
    return (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
}

/* Puts the bytes into the vocabulary, and their ids into ids (256). A special token of one letter
 * is that letter. */
static void add_bytes(ore_vocab *vocab, uint32_t *ids) {
    for (int letters = 1; letters >= 0; letters--)
        for (int byte = 0; byte < 256 && ore_ok(); byte++) {
            const char text = (char)byte;
            if (is_letter(byte) != letters)
                continue;
            int64_t id = byte < 0x80 && letters ? ore_vocab_find(vocab, &text, 1) : -1;
            ids[byte] = (uint32_t)(id >= 0 ? id : vocab->count);
            if (id < 0)
                ore_vocab_put(vocab, vocab->count, &text, 1);
        }
}

static void bytes_of(const void *user, const ore_piece *piece, ore_merge_slots *to) {
    const uint32_t *of_byte = user;
    for (size_t i = 0; i < piece->bytes; i++)
        ore_merge_slots_add(to, of_byte[(uint8_t)piece->text[i]]);
}

static ore_status add_model(const ore_tokenizer_trainer *t, ore_composed *c, int64_t count) {
    ore_bpe_options options = ore_bpe_defaults();
    options.drop_unknown = true; /* as tokenizer.json says it; no text has such a character */
    ore_merge *merges = ore_alloc((size_t)count * sizeof *merges);
    for (int64_t i = 0; merges && i < count; i++)
        merges[i] = (ore_merge){(int32_t)t->merges[i].left, (int32_t)t->merges[i].right};
    if (merges) {
        c->model = ore_bpe_new(c, merges, count, &options);
        c->decoder = ore_byte_level_decoder_new();
    }
    ore_release(merges);
    return ore_error_status();
}

static ore_status learn(ore_tokenizer_trainer *t, ore_composed *c, ore_piece_counts *counts) {
    uint32_t ids[256];
    add_bytes(&c->vocab, ids);
    if (!ore_ok() || ore_trainer_merge(t, c, counts, bytes_of, ids, NULL) != ORE_OK)
        return ore_error_status();
    return add_model(t, c, t->merge_count);
}

const ore_trainer_kind ore_bpe_trainer = {
    .add_stages = add_stages, .learn = learn, .add_model = add_model};
