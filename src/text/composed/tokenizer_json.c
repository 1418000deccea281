/* tokenizer_json.c: Hugging Face's tokenizer.json: its stages, its added tokens, and the rest. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "io/json.h"
#include "text/composed/bpe.h"
#include "text/composed/tokenizer_json.h"

/* ---- members of any kind ---- */

bool ore_json_has(const ore_json *json, const char *key) {
    ore_json_kind kind = ore_json_kind_of(json, key);
    return kind != ORE_JSON_MISSING && kind != ORE_JSON_NULL;
}

static ore_status copy_elements(ore_json *from, ore_json *to) {
    for (int64_t i = 0; i < ore_json_count(from) && ore_no_error(); i++) {
        int64_t whole;
        double number;
        switch (ore_json_kind_at(from, i)) {
        case ORE_JSON_INT:
            if (ore_json_at_int(from, i, &whole) == ORE_OK)
                ore_json_add_int(to, whole);
            break;
        case ORE_JSON_DOUBLE:
            if (ore_json_at_double(from, i, &number) == ORE_OK)
                ore_json_add_double(to, number);
            break;
        case ORE_JSON_STRING:
            ore_json_add_string(to, ore_json_at_string(from, i));
            break;
        case ORE_JSON_ARRAY:
            copy_elements(ore_json_at_array(from, i), ore_json_add_array(to));
            break;
        case ORE_JSON_OBJECT:
            ore_json_copy(ore_json_at_object(from, i), ore_json_add_object(to));
            break;
        default: /* lists of truths or nulls occur in no tokenizer.json */
            break;
        }
    }
    return ore_error_status();
}

static void copy_member(ore_json *from, ore_json *to, const char *key) {
    int64_t whole;
    double number;
    bool truth;
    switch (ore_json_kind_of(from, key)) {
    case ORE_JSON_NULL:
        ore_json_set_null(to, key);
        break;
    case ORE_JSON_BOOL:
        if (ore_json_get_bool(from, key, &truth) == ORE_OK)
            ore_json_set_bool(to, key, truth);
        break;
    case ORE_JSON_INT:
        if (ore_json_get_int(from, key, &whole) == ORE_OK)
            ore_json_set_int(to, key, whole);
        break;
    case ORE_JSON_DOUBLE:
        if (ore_json_get_double(from, key, &number) == ORE_OK)
            ore_json_set_double(to, key, number);
        break;
    case ORE_JSON_STRING:
        ore_json_set_string(to, key, ore_json_get_string(from, key));
        break;
    case ORE_JSON_ARRAY:
        copy_elements(ore_json_get_array(from, key), ore_json_set_array(to, key));
        break;
    case ORE_JSON_OBJECT:
        ore_json_copy(ore_json_get_object(from, key), ore_json_set_object(to, key));
        break;
    case ORE_JSON_MISSING:
        break;
    }
}

ore_status ore_json_copy(ore_json *from, ore_json *to) {
    for (int64_t i = 0; i < ore_json_count(from) && ore_no_error(); i++) {
        const char *key = ore_json_key(from, i);
        if (key)
            copy_member(from, to, key);
    }
    return ore_error_status();
}

/* ---- stages ---- */

static const char *const role_names[] = {
    [ORE_NORMALIZER] = "normalizer", [ORE_PRE_TOKENIZER] = "pre_tokenizer",
    [ORE_MODEL] = "model",           [ORE_POST_PROCESSOR] = "post_processor",
    [ORE_DECODER] = "decoder",
};

/* The type of a model that does not name it, as files of old versions have it. */
static const char *type_of_model(const ore_json *json) {
    if (ore_json_has(json, "merges"))
        return "BPE";
    if (ore_json_has(json, "continuing_subword_prefix"))
        return "WordPiece";
    return ore_json_kind_of(json, "vocab") == ORE_JSON_ARRAY ? "Unigram" : "WordLevel";
}

ore_stage *ore_stage_load(ore_composed *composed, ore_stage_role role, ore_json *json,
                          const char *path) {
    if (!json)
        return NULL;
    bool unnamed = role == ORE_MODEL && !ore_json_has(json, "type");
    const char *type = unnamed ? type_of_model(json) : ore_json_get_string(json, "type");
    if (!type)
        return NULL;
    const ore_stage_kind *kind = ore_stage_kind_of(role, type);
    if (kind)
        return kind->load(composed, json, path);
    ore_fail(ORE_UNSUPPORTED, "%s: %s \"%.64s\", which Ore lacks", path, role_names[role], type);
    return NULL;
}

void ore_stage_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    ore_json_set_string(json, "type", stage->kind->name);
    if (stage->kind->save)
        stage->kind->save(stage, composed, json);
}

/* ---- added tokens ---- */

/* An added token has the id that the model's vocabulary has for it, or else the next one: the "id"
 * that stands beside it says the same, or does not count, as in Hugging Face's tokenizers. */
static ore_status read_added_token(ore_composed *composed, ore_json *json, int64_t *next) {
    ore_added_token token = {0};
    size_t size;
    const char *content = ore_json_get_bytes(json, "content", &size);
    ore_json_get_bool(json, "single_word", &token.single_word);
    ore_json_get_bool(json, "lstrip", &token.lstrip);
    ore_json_get_bool(json, "rstrip", &token.rstrip);
    ore_json_get_bool(json, "normalized", &token.normalized);
    if (ore_json_get_bool(json, "special", &token.special) != ORE_OK || size == 0)
        return ore_error_status();
    int64_t id = ore_vocab_find_text(&composed->vocab, content, size, composed->byte_level);
    if (id < 0)
        id = (*next)++;
    token.content = (char *)content;
    token.size = size;
    token.id = (int32_t)id;
    return ore_composed_add(composed, &token);
}

static ore_status read_added(ore_composed *composed, ore_json *root) {
    if (!ore_json_has(root, "added_tokens"))
        return ore_error_status();
    ore_json *list = ore_json_get_array(root, "added_tokens");
    int64_t next = composed->vocab.there;
    for (int64_t i = 0; list && i < ore_json_count(list) && ore_no_error(); i++) {
        ore_json *token = ore_json_at_object(list, i);
        if (token)
            read_added_token(composed, token, &next);
    }
    return ore_error_status();
}

static void save_added(const ore_composed *composed, ore_json *root) {
    ore_json *list = ore_json_set_array(root, "added_tokens");
    for (int64_t i = 0; i < composed->added_count && ore_no_error(); i++) {
        const ore_added_token *token = &composed->added[i];
        ore_json *json = ore_json_add_object(list);
        ore_json_set_int(json, "id", token->id);
        ore_json_set_bytes(json, "content", token->content, token->size);
        ore_json_set_bool(json, "single_word", token->single_word);
        ore_json_set_bool(json, "lstrip", token->lstrip);
        ore_json_set_bool(json, "rstrip", token->rstrip);
        ore_json_set_bool(json, "normalized", token->normalized);
        ore_json_set_bool(json, "special", token->special);
    }
}

/* ---- the file ---- */

/* Whether a pre-tokenizer makes letters of bytes. */
static bool is_byte_level(ore_json *json) {
    if (ore_json_kind_of(json, "type") != ORE_JSON_STRING)
        return false;
    const char *type = ore_json_get_string(json, "type");
    if (strcmp(type, "ByteLevel") == 0)
        return true;
    if (strcmp(type, "Sequence") != 0 || ore_json_kind_of(json, "pretokenizers") != ORE_JSON_ARRAY)
        return false;
    ore_json *list = ore_json_get_array(json, "pretokenizers");
    bool found = false;
    for (int64_t i = 0; !found && i < ore_json_count(list); i++)
        found = ore_json_kind_at(list, i) == ORE_JSON_OBJECT &&
                is_byte_level(ore_json_at_object(list, i));
    return found;
}

/* The stage of a role, NULL without an error where the file has none. */
static ore_stage *read_stage(ore_composed *composed, ore_stage_role role, ore_json *root,
                             const char *path) {
    const char *name = role_names[role];
    if (!ore_no_error() || (role != ORE_MODEL && !ore_json_has(root, name)))
        return NULL;
    return ore_stage_load(composed, role, ore_json_get_object(root, name), path);
}

ore_status ore_composed_name_specials(ore_tokenizer *tokenizer) {
    const ore_composed *composed = (const ore_composed *)tokenizer;
    for (int64_t i = 0; i < composed->added_count && ore_no_error(); i++) {
        const ore_added_token *token = &composed->added[i];
        if (token->special && strlen(token->content) == token->size) /* names have no U+0000 */
            ore_tokenizer_add_special(tokenizer, token->content, token->id);
    }
    return ore_error_status();
}

/* Which special token ends texts, no file says: these are the names that published ones have for
 * it. */
ore_status ore_composed_name_separator(ore_tokenizer *tokenizer) {
    static const char *const ends[] = {"<|endoftext|>",
                                       "</s>",
                                       "<|end_of_text|>",
                                       "<eos>",
                                       "<EOT>",
                                       "<|im_end|>",
                                       "<ï½"
                                       "endâofâsentence"
                                       "ï½>",
                                       "[SEP]"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        int64_t id = ore_tokenizer_id(tokenizer, ends[i], strlen(ends[i]));
        if (id >= 0)
            return ore_tokenizer_add_special(tokenizer, "separator", id);
    }
    return ore_error_status();
}

/* Behind ByteLevel texts are letters that stand for bytes, and Ore keeps a vocabulary as those
 * bytes. ORE_UNSUPPORTED where a model other than BPE would see the letters themselves. */
static ore_status check_letters(const ore_composed *composed, ore_json *root, const char *path) {
    if (!ore_no_error() || !composed->byte_level)
        return ore_error_status();
    ore_json *model = ore_json_get_object(root, "model");
    bool fallback = false;
    if (model && ore_json_kind_of(model, "byte_fallback") == ORE_JSON_BOOL)
        ore_json_get_bool(model, "byte_fallback", &fallback);
    if (ore_no_error() && fallback)
        return ore_fail(ORE_UNSUPPORTED,
                        "%s: byte_fallback behind the pre-tokenizer ByteLevel, which Ore lacks",
                        path);
    bool bpe = ore_no_error() && composed->model->kind == &ore_bpe_model_kind.stage;
    for (int64_t id = 0; ore_no_error() && !bpe && id < composed->vocab.count; id++)
        if (composed->vocab.entries[id].plain && !composed->vocab.entries[id].added)
            return ore_fail(ORE_UNSUPPORTED,
                            "%s: the token of id %lld has characters that stand for no bytes, "
                            "behind the pre-tokenizer ByteLevel in a model of type %s",
                            path, (long long)id, composed->model->kind->name);
    return ore_error_status();
}

ore_tokenizer *ore_composed_of_json(ore_json *root, const char *path) {
    ore_composed *composed = ore_composed_new();
    if (!composed)
        return NULL;
    if (ore_json_has(root, "version")) {
        const char *version = ore_json_get_string(root, "version");
        if (version && strcmp(version, "1.0") != 0)
            ore_fail(ORE_UNSUPPORTED, "%s: version \"%.16s\", expected \"1.0\"", path, version);
    }
    if (ore_json_has(root, "pre_tokenizer"))
        composed->byte_level = is_byte_level(ore_json_get_object(root, "pre_tokenizer"));
    composed->model = read_stage(composed, ORE_MODEL, root, path);
    check_letters(composed, root, path);
    read_added(composed, root);
    composed->normalizer = read_stage(composed, ORE_NORMALIZER, root, path);
    composed->pre_tokenizer = read_stage(composed, ORE_PRE_TOKENIZER, root, path);
    composed->post_processor = read_stage(composed, ORE_POST_PROCESSOR, root, path);
    composed->decoder = read_stage(composed, ORE_DECODER, root, path);
    ore_tokenizer *tokenizer = ore_composed_finish(composed);
    if (!tokenizer)
        return NULL;
    ore_composed_name_specials(tokenizer);
    ore_composed_name_separator(tokenizer);
    if (ore_no_error())
        return tokenizer;
    ore_tokenizer_free(tokenizer);
    return NULL;
}

static void save_stage(const ore_composed *composed, ore_json *root, ore_stage_role role,
                       const ore_stage *stage) {
    if (stage)
        ore_stage_save(stage, composed, ore_json_set_object(root, role_names[role]));
    else
        ore_json_set_null(root, role_names[role]);
}

void ore_composed_to_json(const ore_composed *composed, ore_json *root) {
    ore_json_set_string(root, "version", "1.0");
    ore_json_set_null(root, "truncation");
    ore_json_set_null(root, "padding");
    save_added(composed, root);
    save_stage(composed, root, ORE_NORMALIZER, composed->normalizer);
    save_stage(composed, root, ORE_PRE_TOKENIZER, composed->pre_tokenizer);
    save_stage(composed, root, ORE_POST_PROCESSOR, composed->post_processor);
    save_stage(composed, root, ORE_DECODER, composed->decoder);
    save_stage(composed, root, ORE_MODEL, composed->model);
}
