/* bpe_json.c: the model "BPE" in tokenizer.json. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "io/json.h"
#include "text/composed/bpe_model.h"

/* ---- tokens ---- */

ore_status ore_vocab_load(ore_composed *composed, ore_json *vocab) {
    for (int64_t i = 0; ore_ok() && i < ore_json_count(vocab); i++) {
        size_t size;
        const char *text = ore_json_key_bytes(vocab, i, &size);
        int64_t id;
        if (text && ore_json_member_int(vocab, i, &id) == ORE_OK)
            ore_vocab_put_text(&composed->vocab, id, text, size, composed->byte_level);
    }
    return ore_error_status();
}

/* ---- merges: "LEFT RIGHT", or ["LEFT", "RIGHT"] ---- */

ore_status ore_merge_of_texts(const ore_composed *composed, const char *left, size_t left_size,
                              const char *right, size_t right_size, int64_t number,
                              ore_merge *merge) {
    const ore_vocab *vocab = &composed->vocab;
    merge->left = (int32_t)ore_vocab_find_text(vocab, left, left_size, composed->byte_level);
    merge->right = (int32_t)ore_vocab_find_text(vocab, right, right_size, composed->byte_level);
    if (merge->left >= 0 && merge->right >= 0)
        return ORE_OK;
    bool first = merge->left < 0;
    return ore_fail(ORE_DATA, "merge %lld: its token \"%.*s\" is not in the vocabulary",
                    (long long)number, (int)(first ? left_size : right_size), first ? left : right);
}

static ore_status read_merge(const ore_composed *composed, ore_json *merges, int64_t i,
                             ore_merge *merge) {
    size_t size, right_size;
    if (ore_json_kind_at(merges, i) == ORE_JSON_STRING) {
        const char *text = ore_json_at_bytes(merges, i, &size), *space = memchr(text, ' ', size);
        if (!space)
            return ore_fail(ORE_DATA,
                            "merge %lld: \"%.64s\", expected two tokens with a space "
                            "between them",
                            (long long)i, text);
        return ore_merge_of_texts(composed, text, (size_t)(space - text), space + 1,
                                  size - (size_t)(space + 1 - text), i, merge);
    }
    ore_json *pair = ore_json_at_array(merges, i);
    const char *left = pair ? ore_json_at_bytes(pair, 0, &size) : NULL;
    const char *right = left ? ore_json_at_bytes(pair, 1, &right_size) : NULL;
    return right ? ore_merge_of_texts(composed, left, size, right, right_size, i, merge)
                 : ore_error_status();
}

/* ---- the model ---- */

static bool is_there(const ore_json *json, const char *key) {
    ore_json_kind kind = ore_json_kind_of(json, key);
    return kind != ORE_JSON_MISSING && kind != ORE_JSON_NULL;
}

static ore_status read_options(const ore_composed *composed, ore_json *json,
                               ore_bpe_options *options) {
    double dropout = 0;
    if (is_there(json, "dropout"))
        ore_json_get_double(json, "dropout", &dropout);
    if (dropout != 0)
        return ore_fail(ORE_UNSUPPORTED,
                        "dropout %g: it leaves merges out by chance, so that a "
                        "text has no ids of its own; expected 0 or null",
                        dropout);
    if (is_there(json, "fuse_unk"))
        ore_json_get_bool(json, "fuse_unk", &options->fuse_unknown);
    if (is_there(json, "byte_fallback"))
        ore_json_get_bool(json, "byte_fallback", &options->byte_fallback);
    if (is_there(json, "ignore_merges"))
        ore_json_get_bool(json, "ignore_merges", &options->ignore_merges);
    if (is_there(json, "continuing_subword_prefix"))
        options->continuing_prefix = ore_json_get_string(json, "continuing_subword_prefix");
    if (is_there(json, "end_of_word_suffix"))
        options->end_suffix = ore_json_get_string(json, "end_of_word_suffix");
    options->drop_unknown = true;
    size_t size = 0;
    const char *unknown =
        is_there(json, "unk_token") ? ore_json_get_bytes(json, "unk_token", &size) : NULL;
    if (unknown) {
        options->unknown =
            (int32_t)ore_vocab_find_text(&composed->vocab, unknown, size, composed->byte_level);
        if (options->unknown < 0)
            ore_fail(ORE_DATA, "unk_token \"%.64s\" is not in the vocabulary", unknown);
    }
    return ore_error_status();
}

ore_stage *ore_bpe_load(ore_composed *composed, ore_json *json, const char *path) {
    ore_bpe_options options = ore_bpe_defaults();
    ore_json *vocab = ore_json_get_object(json, "vocab");
    ore_json *merges = vocab ? ore_json_get_array(json, "merges") : NULL;
    if (!merges || ore_vocab_load(composed, vocab) != ORE_OK ||
        read_options(composed, json, &options) != ORE_OK) {
        ore_error_locate(path);
        return NULL;
    }
    int64_t count = ore_json_count(merges);
    ore_merge *list = ore_alloc((size_t)(count + 1) * sizeof *list);
    for (int64_t i = 0; ore_ok() && i < count; i++)
        read_merge(composed, merges, i, &list[i]);
    ore_stage *stage = ore_ok() ? ore_bpe_new(composed, list, count, &options) : NULL;
    ore_release(list);
    ore_error_locate(path);
    return stage;
}

void ore_vocab_save(const ore_composed *composed, ore_json *json) {
    ore_json *vocab = ore_json_set_object(json, "vocab");
    for (int64_t id = 0; ore_ok() && id < composed->vocab.count; id++) {
        const ore_vocab_entry entry = composed->vocab.entries[id];
        size_t size;
        char *text = entry.there && !entry.added
                         ? ore_vocab_text(&composed->vocab, id, composed->byte_level, &size)
                         : NULL;
        if (text)
            ore_json_set_int_at(vocab, text, size, id);
        ore_release(text);
    }
}

static void save_merges(const bpe_model *self, const ore_composed *composed, ore_json *json) {
    ore_json *merges = ore_json_set_array(json, "merges");
    for (int64_t i = 0; ore_ok() && i < self->merge_count; i++) {
        ore_json *pair = ore_json_add_array(merges);
        const int32_t ids[] = {self->merges[i].left, self->merges[i].right};
        for (int k = 0; k < 2 && pair; k++) {
            size_t size;
            char *text = ore_vocab_text(&composed->vocab, ids[k], composed->byte_level, &size);
            if (text)
                ore_json_add_bytes(pair, text, size);
            ore_release(text);
        }
    }
}

/* A member that is a text, or null where there is none. */
static void save_text(ore_json *json, const char *key, const char *text, size_t size) {
    if (text && size > 0)
        ore_json_set_bytes(json, key, text, size);
    else
        ore_json_set_null(json, key);
}

void ore_bpe_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    const bpe_model *self = (const bpe_model *)stage;
    const ore_bpe_options *o = &self->options;
    ore_json_set_null(json, "dropout");
    size_t size = 0;
    char *unknown = o->unknown >= 0
                        ? ore_vocab_text(&composed->vocab, o->unknown, composed->byte_level, &size)
                        : NULL;
    save_text(json, "unk_token", unknown, size);
    ore_release(unknown);
    save_text(json, "continuing_subword_prefix", self->prefix, strlen(self->prefix));
    save_text(json, "end_of_word_suffix", self->suffix, strlen(self->suffix));
    ore_json_set_bool(json, "fuse_unk", o->fuse_unknown);
    ore_json_set_bool(json, "byte_fallback", o->byte_fallback);
    ore_json_set_bool(json, "ignore_merges", o->ignore_merges);
    ore_vocab_save(composed, json);
    save_merges(self, composed, json);
}
